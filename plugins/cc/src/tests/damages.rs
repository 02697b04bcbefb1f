//! What is refused, and what is pointed out.

use plugin_api::Severity;
use serde_json::json;

use super::{COMPONENTS, TABLE, both, codes, fault, run, texts};

#[test]
fn every_sum_of_components_is_taken_but_not_both_estimates_of_the_model() {
    for systematics in ["imf", "stlib", "mod", "mod_ooo", "imf+stlib+mod_ooo", "none"] {
        both(TABLE, json!({"systematics": systematics})).unwrap();
    }
    for (systematics, message) in [
        ("imf+mod+mod_ooo", "`mod` and `mod_ooo` are two estimates of the same error"),
        ("imf+sps", "unknown component `sps`"),
        ("imf+imf", "`imf` stands there twice"),
        ("", "unknown component ``"),
        ("imf+none", "unknown component `none`"),
    ] {
        let refusal = fault(both(TABLE, json!({"systematics": systematics})));
        assert_eq!(refusal.subject, "systematics");
        assert!(refusal.message.contains(message), "{}", refusal.message);
    }
}

#[test]
fn terms_are_neither_missing_nor_counted_twice() {
    let matrix = "101 5\n5 146\n";
    let table = "0.5 90 10\n1.0 125 12\n";
    let files = [("table", table), ("components", COMPONENTS), ("covariance", matrix)];
    assert_eq!(fault(run(&files, json!({}))).subject, "components");
    let files = [("table", table), ("covariance", matrix)];
    assert_eq!(fault(run(&files, json!({"systematics": "imf"}))).subject, "systematics");
    let files = [("table", table)];
    assert_eq!(fault(run(&files, json!({"systematics": "imf"}))).subject, "components");
    let found = |values| codes(&run(&files, values).unwrap().findings).join(" ");
    assert_eq!(found(json!({})), "systematics.missing");
    assert_eq!(found(json!({"systematics": "none"})), "");
}

#[test]
fn odd_points_are_pointed_out() {
    let told = || json!({"systematics": "none", "d4000_redshifts": "all"});
    for (table, expected) in [
        ("0.5 9000 1000\n", vec!["value.implausible"]),
        ("0.5 30 5\n", vec!["value.implausible"]),
        ("0.5 90 95\n", vec!["uncertainty.scale"]),
        ("0.5 90 0.01\n", vec!["uncertainty.scale"]),
        ("0.5 90 10 8.0 8.0\n", vec!["uncertainty.shares"]),
        ("0.5 90 11.3 8.0 8.0\n", vec![]),
        // Moresco et al. 2012 with BC03 and with MaStro.
        ("0.1791 75 4\n0.1791 81 5\n", vec!["points.same-galaxies"]),
        // Borghi et al. 2022 and Jiao et al. 2023.
        ("0.75 98.8 33.6\n0.8 113.1 25.22\n", vec!["points.same-galaxies"]),
    ] {
        let derived = run(&[("table", table)], told()).unwrap();
        assert_eq!(codes(&derived.findings), expected, "{table}");
    }
}

#[test]
fn two_points_at_one_redshift_have_two_names() {
    let table = "0.75 98.8 33.6\n0.75 105 10.76\n";
    let derived = run(&[("table", table)], json!({"systematics": "none"})).unwrap();
    assert_eq!(texts(derived, "row_id"), ["H_z0.75", "H_z0.75_2"]);
}

#[test]
fn a_given_covariance_is_held_against_the_errors() {
    let table = "0.5 90 10\n1.0 125 12\n";
    let found = |matrix: &str| {
        let derived = run(&[("table", table), ("covariance", matrix)], json!({})).unwrap();
        codes(&derived.findings).join(" ")
    };
    assert_eq!(found("101 5\n5 146\n"), "");
    // Standard deviations for variances, a negative variance, another order, another unit.
    assert_eq!(found("10 0\n0 12\n"), "covariance.diagonal covariance.diagonal");
    assert_eq!(found("-101 5\n5 146\n"), "covariance.diagonal");
    assert_eq!(found("146 5\n5 101\n"), "covariance.diagonal");
    assert_eq!(found("1010000 5\n5 1460000\n"), "covariance.scale covariance.scale");
    let shape = fault(run(&[("table", table), ("covariance", "1 0 0\n0 1 0\n0 0 1\n")], json!({})));
    assert!(shape.message.contains("3 rows × 3 columns for 2 measurements"));
    let broken = fault(run(&[("table", table), ("covariance", "101 nan\n5 146\n")], json!({})));
    assert_eq!((broken.line, broken.column), (Some(1), Some(2)));
}

#[test]
fn components_with_another_digit_are_pointed_out() {
    let other = COMPONENTS.replacen("5.40", "5.04", 1);
    let derived = run(&[("table", TABLE), ("components", &other)], json!({})).unwrap();
    assert_eq!(codes(&derived.findings), ["components.unpublished"]);
    assert_eq!(
        (&derived.metadata["release"], &derived.metadata["systematics"]["source"]),
        (&json!(null), &json!(null))
    );
}

#[test]
fn systematics_beside_a_covariance_are_refused_also_when_they_are_none() {
    let files = [("table", "0.5 90 10\n1.0 125 12\n"), ("covariance", "101 5\n5 146\n")];
    assert_eq!(fault(run(&files, json!({"systematics": "none"}))).subject, "systematics");
    let unused = both(TABLE, json!({"systematics": "none"})).unwrap();
    assert!(unused.metadata["systematics"]["components"].as_str().unwrap().contains("given and not used"));
}

#[test]
fn a_file_whose_columns_changed_places_is_refused_in_one_word() {
    let swapped = "0.07 19.6 69\n0.12 26.2 68.6\n0.2 29.6 72.9\n";
    let findings = run(&[("table", swapped)], json!({"systematics": "none"})).unwrap().findings;
    assert_eq!(codes(&findings), ["value.implausible"]);
    assert_eq!(findings[0].severity, Severity::Error);
    assert_eq!(findings[0].place, "input `table`, line 1");
}
