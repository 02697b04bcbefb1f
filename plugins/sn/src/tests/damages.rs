//! What is wrong is refused, with its place; what only looks wrong is not.

use std::fmt::Write as _;

use plugin_api::Severity;
use serde_json::json;

use super::{Release, UNION3_COVARIANCE, UNION3_TABLE, codes, defaults, derive, fault, run};

/// Forty supernovae with errors that fall with redshift, and their covariance.
fn sample() -> (String, Vec<f64>) {
    let mut table = String::from("name z mu dmu\n");
    let mut covariance = vec![0.0; 1600];
    for row in 0..40_u8 {
        let z = 0.02 + 0.01 * f64::from(row);
        let error = 0.4 - 0.007 * f64::from(row);
        let _ = writeln!(table, "sn{row} {z} {} {error}", crate::sample::rough_modulus(z));
        for column in 0..40 {
            covariance[40 * usize::from(row) + column] = 1e-4;
        }
        covariance[41 * usize::from(row)] = error * error;
    }
    (table, covariance)
}

fn text(covariance: &[f64]) -> Vec<u8> {
    let rows = covariance.chunks(40).map(|row| {
        let fields: Vec<String> = row.iter().map(f64::to_string).collect();
        fields.join(" ")
    });
    rows.collect::<Vec<_>>().join("\n").into_bytes()
}

#[test]
fn sound_data_that_nobody_knows_has_no_findings() {
    let (table, covariance) = sample();
    let derived = derive(&table, Some(&text(&covariance)), defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], json!(null));
}

#[test]
fn an_unknown_table_in_another_order_than_its_covariance_is_found_by_its_errors() {
    let (table, covariance) = sample();
    let mut rows: Vec<&str> = table.lines().skip(1).collect();
    rows.reverse();
    let reversed = format!("name z mu dmu\n{}\n", rows.join("\n"));
    let findings = derive(&reversed, Some(&text(&covariance)), defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["covariance.row-order"]);
    assert_eq!(findings[0].place, "input `table`, line 2");
    rows.reverse();
    rows.swap(3, 30);
    let swapped = format!("name z mu dmu\n{}\n", rows.join("\n"));
    let findings = derive(&swapped, Some(&text(&covariance)), defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["covariance.diagonal", "covariance.diagonal"]);
    assert_eq!(findings[0].place, "input `table`, line 5");
}

#[test]
fn standard_deviations_and_negative_variances_are_found_with_their_line() {
    let (table, covariance) = sample();
    let mut deviations = covariance.clone();
    for row in 0..40 {
        deviations[41 * row] = covariance[41 * row].sqrt();
    }
    let findings = derive(&table, Some(&text(&deviations)), defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["covariance.scale"]);
    for variance in [-1e-3, 0.0] {
        let mut negative = covariance.clone();
        negative[41 * 2] = variance;
        let findings = derive(&table, Some(&text(&negative)), defaults()).unwrap().findings;
        assert_eq!(codes(&findings), ["covariance.negative-variance"]);
        assert_eq!(findings[0].place, "input `covariance`, line 3");
    }
}

#[test]
fn errors_are_never_added_to_a_covariance_that_holds_them() {
    let (table, covariance) = sample();
    let added = fault(derive(&table, Some(&text(&covariance)), json!({"systematics": "added"})));
    assert_eq!(added.subject, "systematics");
    let Some(files) = Release::named("des_dovekie_statonly").files() else { return };
    let added = fault(files.derive(json!({"systematics": "added"})));
    assert!(added.message.contains("holds the statistical errors already"), "{}", added.message);
}

/// The genuine covariance of Pantheon+ is about half the printed errors squared (they count peculiar velocities and
/// intrinsic scatter in another way), and rounded to eight decimals differently in its two halves.
#[test]
fn a_covariance_that_is_smaller_than_the_printed_errors_and_rounded_is_sound() {
    let (table, covariance) = sample();
    let mut half: Vec<f64> = covariance.iter().map(|element| 0.49 * element).collect();
    half[1] += 1e-8;
    for row in 0..40 {
        // Scatter of 20 % from row to row.
        half[41 * row] *= [0.8, 1.0, 1.2, 0.9, 1.1][row % 5];
    }
    let derived = derive(&table, Some(&text(&half)), defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["corrections"][0]["pairs"], 1);
    assert_eq!(derived.matrices[0].values[1].to_bits(), derived.matrices[0].values[40].to_bits());
}

#[test]
fn a_systematic_part_that_is_taken_for_the_whole_is_noticed() {
    let (table, covariance) = sample();
    let small: Vec<f64> = covariance.iter().map(|element| 0.1 * element).collect();
    let findings = derive(&table, Some(&text(&small)), json!({"systematics": "total"})).unwrap().findings;
    assert_eq!(codes(&findings), ["covariance.scale"]);
    let added = derive(&table, Some(&text(&small)), json!({"systematics": "added"})).unwrap();
    assert_eq!(codes(&added.findings), [""; 0]);
    assert!((added.matrices[0].values[0] - 1.1 * 0.16).abs() < 1e-15);
    let none = derive(&table, Some(&text(&small)), json!({"systematics": "none"})).unwrap();
    assert!((none.matrices[0].values[0] - 0.16).abs() < 1e-15);
    assert_eq!(none.matrices[0].values[1].to_bits(), 0);
}

#[test]
fn a_damaged_table_is_refused_with_line_and_field() {
    for (from, to, line, column, message) in [
        (
            "0.150000",
            "nan",
            Some(6),
            Some(2),
            "not a finite number: found `nan`, expected a number in column `zcmb`",
        ),
        ("0.150000  39", "-0.15  39", Some(6), Some(3), "a redshift of -0.15, expected more than 0"),
        ("39.147691", "3914769.1", Some(6), Some(4), "3914769.1 is no magnitude"),
        ("39.147691", "1e999", Some(6), Some(4), "too large"),
        ("39.147691  0", "39.147691  0.1", Some(4), Some(5), "an error of 0, expected a positive number"),
        ("bin02", "bin01", Some(6), None, "`bin01` stands in line 5 already"),
        ("bin02", "bin,2", Some(6), Some(1), "`bin,2` is no name of a supernova"),
        ("39.147691  0", "39.147691", Some(6), None, "4 fields in this line for 5 columns"),
        (
            "zhel ",
            "zobs ",
            None,
            None,
            "a table of another layout, with the columns name, zcmb, zobs, mb, dmb",
        ),
        ("zhel ", "zcmb ", Some(3), None, "the heading names the column `zcmb` twice"),
    ] {
        assert!(UNION3_TABLE.contains(from), "{from}");
        let table = UNION3_TABLE.replacen(from, to, 1);
        let fault = fault(derive(&table, Some(UNION3_COVARIANCE.as_bytes()), defaults()));
        assert_eq!((fault.line, fault.column), (line, column), "{to}: {}", fault.message);
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
    let fault = fault(derive("VARNAMES: CID zHD MU\nSN: 1 0.1 38\n", None, defaults()));
    assert!(fault.hint.unwrap().starts_with("these are read: Pantheon+"), "{}", fault.message);
}

#[test]
fn a_damaged_covariance_is_refused() {
    let rows: Vec<&str> = UNION3_COVARIANCE.lines().skip(1).collect();
    let cut = format!("22\n{}\n", rows[..7].join("\n"));
    for (covariance, line, message) in [
        (cut.as_str(), Some(8), "154 numbers for 22 × 22, which are 484"),
        ("21\n1\n", Some(1), "21 × 21 for 22 rows"),
        ("<!DOCTYPE html>", None, "an HTML or XML page, no matrix"),
        ("PK\u{3}\u{4}", None, "no npz archive"),
        ("", Some(1), "0 numbers for 22 × 22"),
    ] {
        let fault = fault(derive(UNION3_TABLE, Some(covariance.as_bytes()), defaults()));
        assert_eq!((fault.subject.as_str(), fault.line), ("covariance", line), "{}", fault.message);
        assert!(fault.message.starts_with(message), "{}", fault.message);
    }
    let inverse = json!({"covariance_kind": "inverse", "release": "none"});
    let mut bad = UNION3_COVARIANCE.replace("0.0086044441289678", "-0.0086044441289678");
    let refused = fault(derive(UNION3_TABLE, Some(bad.as_bytes()), inverse.clone()));
    assert!(refused.message.contains("not positive definite: the first 1 row "), "{}", refused.message);
    bad = UNION3_COVARIANCE.replacen("0.0078396482652654", "0.5", 1);
    let refused = fault(derive(UNION3_TABLE, Some(bad.as_bytes()), inverse));
    assert!(refused.message.contains("(2, 1) and (1, 2) differ"), "{}", refused.message);
}

#[test]
fn a_magnitude_that_is_far_from_all_others_is_noticed_unless_its_error_says_so() {
    let (table, covariance) = sample();
    let far = table.replacen("sn7 0.09000000000000001 3", "sn7 0.09000000000000001 4", 1);
    assert_ne!(far, table);
    let findings = derive(&far, Some(&text(&covariance)), defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["value.implausible"]);
    assert_eq!(findings[0].place, "input `table`, line 9");
    // Contaminants of DES have errors up to 449.6 mag.
    let Some(files) = Release::named("des_y5").files() else { return };
    let derived = files.derive(defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    let largest = derived.matrices[0].values.iter().copied().fold(0.0, f64::max).sqrt();
    assert!(largest > 400.0, "{largest}");
}

#[test]
fn what_is_missing_is_asked_for() {
    let without = fault(derive(UNION3_TABLE, None, defaults()));
    assert_eq!(without.message, "this input is missing, and the table has no errors");
    let total = fault(derive("z mu dmu\n0.1 38 0.1\n", None, json!({"systematics": "total"})));
    assert!(total.message.contains("no covariance"), "{}", total.message);
    let unknown = fault(derive("z mu dmu\n0.1 38 0.1\n", None, json!({"release": "union4"})));
    assert!(unknown.hint.unwrap().contains("union3"));
}

#[test]
fn no_damaged_byte_makes_it_panic() {
    let damaged = |text: &str, index: usize, bit: u8| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[index] ^= 1 << bit;
        bytes
    };
    for bit in 0..8 {
        for index in (usize::from(bit)..UNION3_TABLE.len()).step_by(11) {
            let table = damaged(UNION3_TABLE, index, bit);
            let _ = run(&[("table", &table), ("covariance", UNION3_COVARIANCE.as_bytes())], defaults());
            let _ = run(&[("table", &table[..index])], defaults());
        }
        for index in (usize::from(bit)..UNION3_COVARIANCE.len()).step_by(211) {
            let covariance = damaged(UNION3_COVARIANCE, index, bit);
            let _ = derive(UNION3_TABLE, Some(&covariance), json!({"covariance_kind": "inverse"}));
            let _ = derive(UNION3_TABLE, Some(&covariance[..index]), defaults());
        }
    }
}

/// A text with one number a line behind the size.
fn matrix_text(values: &[f64]) -> String {
    let lines: Vec<String> = values.iter().map(f64::to_string).collect();
    format!("{}\n{}\n", values.len().isqrt(), lines.join("\n"))
}

fn inverse_of(covariance: &[f64]) -> Vec<f64> {
    let matrix = cosmology::matrix::SquareMatrix::from_values(40, covariance.to_vec()).unwrap();
    matrix.inverted().unwrap().into_values()
}

#[test]
fn a_covariance_taken_for_its_inverse_and_an_inverse_taken_for_a_covariance_are_told_as_such() {
    let (table, covariance) = sample();
    let inverse = inverse_of(&covariance);
    let told = json!({"covariance_kind": "inverse"});
    let found = |values: &[f64], parameters| {
        let findings = derive(&table, Some(matrix_text(values).as_bytes()), parameters).unwrap().findings;
        assert_eq!(codes(&findings), ["covariance.scale"]);
        assert_eq!(findings[0].severity, Severity::Error);
        findings[0].message.clone()
    };
    assert_eq!(found(&inverse, defaults()), "the file holds the inverse of a covariance");
    assert_eq!(found(&covariance, told.clone()), "the file holds the covariance, not its inverse");
    let right = derive(&table, Some(matrix_text(&inverse).as_bytes()), told).unwrap();
    assert_eq!(codes(&right.findings), [""; 0]);
}

#[test]
fn a_total_covariance_is_not_taken_for_the_systematic_part() {
    let (_, covariance) = sample();
    let mut table = String::from("#name zcmb zhel dz mb dmb\n");
    let mut total = covariance.clone();
    for row in 0..40_u8 {
        let z = 0.02 + 0.01 * f64::from(row);
        let (error, magnitude) = (0.4 - 0.007 * f64::from(row), crate::sample::rough_modulus(z) - 19.0);
        let _ = writeln!(table, "sn{row} {z} {} 0 {magnitude} {error}", z + 1e-3);
        // Systematic errors come on top, so that no variance is that of the table.
        total[41 * usize::from(row)] += 0.02 * error * error;
    }
    let run = |parameters| derive(&table, Some(matrix_text(&total).as_bytes()), parameters);
    let refused = fault(run(defaults()));
    assert_eq!(refused.subject, "systematics");
    assert!(refused.hint.unwrap().contains("--param systematics=total"));
    assert_eq!(codes(&run(json!({"systematics": "total"})).unwrap().findings), [""; 0]);
    // Who says it is taken at his word.
    assert!(run(json!({"systematics": "added"})).is_ok());
}

#[test]
fn a_systematic_part_is_an_error_unless_it_was_asked_for() {
    let (table, covariance) = sample();
    let small: Vec<f64> = covariance.iter().map(|element| 0.1 * element).collect();
    let severity = |parameters| {
        let findings = derive(&table, Some(matrix_text(&small).as_bytes()), parameters).unwrap().findings;
        assert_eq!(codes(&findings), ["covariance.scale"]);
        findings[0].severity
    };
    assert_eq!(severity(defaults()), Severity::Error);
    assert_eq!(severity(json!({"systematics": "total"})), Severity::Warning);
}

/// Some lines of Pantheon+ with the columns that are needed.
fn pantheon_plus(heading: &str) -> String {
    let mut table = format!("{heading}\n");
    for row in 0..3_u8 {
        let z = 0.02 + 0.01 * f64::from(row);
        let magnitude = crate::sample::rough_modulus(z) - 19.25;
        let calibrator = if row == 0 { "1 33" } else { "0 -9.0" };
        let _ =
            writeln!(table, "sn{row} 51 {z} {z} {z} {magnitude} 0.1 {calibrator} 0 {}", magnitude + 19.25);
    }
    table
}

const PANTHEON_PLUS: &str =
    "CID IDSURVEY zHD zCMB zHEL m_b_corr m_b_corr_err_DIAG IS_CALIBRATOR CEPH_DIST USED_IN_SH0ES_HF MU_SH0ES";

#[test]
fn a_column_of_moduli_called_magnitudes_is_refused() {
    assert!(derive(&pantheon_plus(PANTHEON_PLUS), None, defaults()).is_ok());
    let swapped =
        PANTHEON_PLUS.replace("m_b_corr ", "MU ").replace("MU_SH0ES", "m_b_corr").replace("MU ", "MU_SH0ES ");
    let refused = fault(derive(&pantheon_plus(&swapped), None, defaults()));
    assert_eq!((refused.line, refused.column), (Some(2), Some(11)));
    assert!(refused.message.contains("size of a modulus, not of a magnitude"), "{}", refused.message);
}

#[test]
fn a_calibrator_without_a_cepheid_distance_is_refused() {
    let table = pantheon_plus(PANTHEON_PLUS).replace("1 33", "1 -9.0");
    let refused = fault(derive(&table, None, json!({"calibrators": "include"})));
    assert_eq!((refused.line, refused.column), (Some(2), Some(9)));
    assert!(refused.message.contains("no Cepheid distance"), "{}", refused.message);
    let none = pantheon_plus(PANTHEON_PLUS).replace("1 33", "0 -9.0");
    assert_eq!(fault(derive(&none, None, json!({"calibrators": "include"}))).subject, "calibrators");
}

#[test]
fn a_parameter_without_effect_is_refused() {
    let (table, covariance) = sample();
    for (parameters, subject) in [
        (json!({"covariance_kind": "inverse"}), "covariance_kind"),
        (json!({"exclude_ids": ","}), "exclude_ids"),
        (json!({"exclude_ids": ""}), "exclude_ids"),
        (json!({"alpha": 0.14, "beta": 3.1}), "alpha"),
        (json!({"sigma_int": 0.1}), "sigma_int"),
        (json!({"calibrators": "exclude"}), "calibrators"),
    ] {
        let refused = fault(derive(&table, None, parameters));
        assert_eq!(refused.subject, subject);
        assert!(refused.hint.is_some(), "{subject}");
    }
    let array = [b"\x93NUMPY\x01\x00".as_slice(), text(&covariance).as_slice()].concat();
    assert!(fault(derive(&table, Some(&array), defaults())).hint.unwrap().contains("numpy.savez"));
}
