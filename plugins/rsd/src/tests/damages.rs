//! Damaged inputs, each of which another program has accepted. Nothing here may pass unnoticed.

use plugin_api::Severity;
use serde_json::json;

use super::{
    GOLD, QUASARS, WIGGLEZ, codes, fault, full_covariance, gold, measurement_lines, published, run,
    three_columns,
};

/// The codes of the errors that the bundled table has with a full covariance.
fn errors(table: &str, covariance: &str) -> Vec<String> {
    let findings = run(&[("table", table), ("covariance", covariance)], json!({})).unwrap().findings;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code.clone()).collect()
}

/// The published 22 × 22 matrix of SimpleMC: the block of WiggleZ is gone, and a header says `21 21`.
#[test]
fn a_full_covariance_that_lost_a_block_is_refused() {
    let wigglez = |index: usize| (12..=14).contains(&index);
    let lost = full_covariance(
        |row, column, value| {
            if row != column && wigglez(row) && wigglez(column) { 0.0 } else { value }
        },
    );
    assert_eq!(errors(GOLD, &lost), ["covariance.block"]);
    let findings = run(&[("table", GOLD), ("covariance", &lost)], json!({})).unwrap().findings;
    assert_eq!(findings[0].place, "matrix `covariance`, element (13, 14)");
    assert!(
        findings[0].message.contains("WiggleZ at z = 0.44 and 0.6 have a published covariance of 0.00257")
    );
    let headed = format!("21 21\n{lost}");
    let refused = fault(run(&[("table", GOLD), ("covariance", &headed)], json!({})));
    assert_eq!((refused.subject.as_str(), refused.line), ("covariance", Some(2)));
    let derived = run(&[("table", GOLD), ("covariance", &lost)], json!({"release": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
}

#[test]
fn a_known_compilation_without_its_blocks_is_refused() {
    let derived = run(&[("table", GOLD)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.block"; 2]);
    assert!(derived.findings.iter().all(|finding| finding.severity == Severity::Error));
    let derived = run(&[("table", GOLD), ("wigglez_block", WIGGLEZ)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.block"]);
    assert!(derived.findings[0].hint.as_deref().unwrap().contains("--input sdss_quasar_block=PATH"));
}

#[test]
fn a_block_that_is_not_that_of_its_rows_is_refused_with_its_place() {
    for (role, text, line) in [
        ("wigglez_block", "5.184e-3 2.54e-3 0\n2.54e-3 3.969e-3 2.57e-3\n0 2.57e-3 6.4e-3\n", 1),
        ("wigglez_block", "0.08 0.01 0\n0.01 0.063 0.01\n0 0.01 0.072\n", 1),
        ("wigglez_block", "0.0064 0.00257 0\n0.00257 -0.003969 0.00254\n0 0.00254 0.005184\n", 2),
    ] {
        let refused = fault(gold((role, text), json!({})));
        assert_eq!((refused.subject.as_str(), refused.line), (role, Some(line)), "{text}");
    }
    let swapped = fault(gold(("wigglez_block", QUASARS), json!({})));
    assert!(swapped.message.contains("4 rows × 4 columns for 3 measurements"), "{}", swapped.message);
    let both = fault(run(
        &[("table", GOLD), ("wigglez_block", WIGGLEZ), ("covariance", &full_covariance(|_, _, value| value))],
        json!({}),
    ));
    assert_eq!(
        (both.subject.as_str(), both.message.as_str()),
        ("wigglez_block", "cannot be combined with `covariance`")
    );
    let edited = gold(("wigglez_block", &WIGGLEZ.replace("0.002570", "0.003570")), json!({})).unwrap();
    assert_eq!(codes(&edited.findings), ["covariance.block"]);
}

#[test]
fn rows_in_another_order_than_the_covariance_are_found() {
    let covariance = full_covariance(|_, _, value| value);
    let mut lines = measurement_lines(GOLD);
    lines.reverse();
    let found = errors(&lines.join("\n"), &covariance);
    assert!(found.iter().any(|code| code == "covariance.diagonal"), "{found:?}");
    assert!(found.iter().any(|code| code == "covariance.block"), "{found:?}");
    // One exchange of rows with almost the same error.
    let mut lines = measurement_lines(GOLD);
    lines.swap(12, 5);
    assert!(!errors(&lines.join("\n"), &covariance).is_empty());
    // Blocks are placed by redshift and error, so their rows may stand anywhere.
    let mut lines = measurement_lines(GOLD);
    lines.reverse();
    let derived = gold(("table", &lines.join("\n")), json!({})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.matrices[0].values[9 * 22 + 8].to_bits(), 0.002_57_f64.to_bits());
}

#[test]
fn errors_in_place_of_variances_and_negative_variances_are_found() {
    let sigma = full_covariance(|row, column, value| if row == column { value.sqrt() } else { value });
    assert!(errors(GOLD, &sigma).iter().filter(|code| *code == "covariance.diagonal").count() >= 20);
    let negative = full_covariance(|row, column, value| if row == 3 && column == 3 { -value } else { value });
    assert!(errors(GOLD, &negative).iter().any(|code| code == "covariance.negative-variance"));
}

#[test]
fn a_matrix_of_another_size_is_refused() {
    let covariance = full_covariance(|_, _, value| value);
    let mut lines = measurement_lines(GOLD);
    lines.pop();
    let refused = fault(run(&[("table", &lines.join("\n")), ("covariance", &covariance)], json!({})));
    assert_eq!(
        (refused.subject.as_str(), refused.message.as_str()),
        ("covariance", "22 rows × 22 columns for 21 measurements")
    );
}

#[test]
fn a_wrong_number_is_refused_with_line_and_field() {
    for (from, to, line, column) in [
        ("0.490   0.145", "nan     0.145", 8, 2),
        ("0.490   0.145", "-0.490  0.145", 8, 2),
        ("0.490   0.145", "0,490   0.145", 8, 2),
        ("0.490   0.145", "0.490   -0.14", 8, 3),
        ("0.490   0.145   0.31 ", "0.490   0.145   31   ", 8, 4),
    ] {
        assert!(GOLD.contains(from), "{from}");
        let refused = fault(gold(("table", &GOLD.replace(from, to)), json!({})));
        assert_eq!((refused.line, refused.column), (Some(line), Some(column)), "{to}");
    }
    let html = fault(gold(("wigglez_block", "<!DOCTYPE html>\n<html>"), json!({})));
    assert_eq!((html.subject.as_str(), html.line), ("wigglez_block", Some(1)));
}

/// The same line twice, and a value that no theory of gravity has.
#[test]
fn duplicates_and_impossible_growth_are_found() {
    let twice = format!("{GOLD}0.10 0.370 0.130 0.3 f_sigma8 SDSS-veloc\n");
    let refused = fault(gold(("table", &twice), json!({})));
    assert_eq!(
        (refused.line, refused.message.as_str()),
        (Some(26), "f_sigma8 at z = 0.1 stands in line 7 already")
    );
    for value in ["4.90 ", "49.0 "] {
        let derived = gold(("table", &GOLD.replace("0.490", value)), json!({})).unwrap();
        assert_eq!(codes(&derived.findings), ["release.mean", "value.implausible"]);
        assert!(derived.findings.iter().all(|finding| finding.severity == Severity::Error));
    }
}

#[test]
fn an_edited_digit_of_a_known_release_is_found() {
    let edited = GOLD.replace("0.3512", "0.3513");
    for values in [json!({}), json!({"release": "growth_gold2018"})] {
        let derived = gold(("table", &edited), values).unwrap();
        assert_eq!(codes(&derived.findings), ["release.mean"]);
        assert_eq!(derived.findings[0].place, "input `table`, line 12");
    }
    let edited = GOLD.replace("0.0583", "0.0584");
    assert_eq!(codes(&gold(("table", &edited), json!({})).unwrap().findings), ["release.error"]);
}

#[test]
fn reference_cosmologies_must_be_those_of_the_rows() {
    let (table, references) = (three_columns(), measurement_lines(GOLD).join("\n"));
    let blocks = [("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)];
    let run = |table: &str, references: &str| {
        run(&[("table", table), ("reference_cosmologies", references), blocks[0], blocks[1]], json!({}))
    };
    assert_eq!(codes(&run(&table, &references).unwrap().findings), [""; 0]);
    let mut shuffled = measurement_lines(GOLD);
    shuffled.swap(3, 4);
    let refused = fault(run(&table, &shuffled.join("\n")));
    assert_eq!((refused.subject.as_str(), refused.line), ("reference_cosmologies", Some(4)));
    assert!(fault(run(&table, &table)).message.contains("no density of matter in this line"));
    assert!(
        fault(run(&references, &references)).message.contains("the table states reference densities itself")
    );
    assert!(fault(run(&table, &shuffled[1..].join("\n"))).message.contains("21 rows for 22 rows"));
}

#[test]
fn a_vector_of_distances_alone_is_not_growth() {
    let refused = fault(run(&[("table", "0.5 13.5 DM_over_rs\n"), ("covariance", "0.1\n")], json!({})));
    assert_eq!(refused.message, "there is no measurement of f sigma8 in it");
    assert_eq!(fault(run(&[], json!({}))).subject, "table");
    assert_eq!(fault(run(&[("table", "0.5 0.4\n")], json!({}))).subject, "covariance");
}

/// Joint vectors go through the checks of distances as well.
#[test]
fn a_joint_vector_in_another_order_is_found() {
    let read = |file: &str| published(&format!("rsd/sdss_dr16_baoplus/{file}"));
    let Some(table) = read("sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8.dat") else { return };
    let covariance = read("sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8_covtot.txt").unwrap();
    assert_eq!(errors(&table, &covariance), [""; 0]);
    let mut lines: Vec<&str> = table.lines().collect();
    lines.reverse();
    assert_eq!(errors(&lines.join("\n"), &covariance), ["covariance.row-order"]);
}
