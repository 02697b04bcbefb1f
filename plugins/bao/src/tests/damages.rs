//! Damaged inputs, each of which another program has accepted. Nothing here may pass unnoticed.

use plugin_api::Severity;
use serde_json::json;

use super::{
    DR2_COVARIANCE, DR2_MEAN, DR12_COVARIANCE, DR12_MEAN, changed, codes, defaults, fault, measurement_lines,
    run, vector,
};

/// The codes of the errors among the findings.
fn errors(mean: &str, covariance: &str) -> Vec<String> {
    let findings = vector(mean, covariance, defaults()).unwrap().findings;
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| finding.code.clone()).collect()
}

fn reversed(mean: &str) -> String {
    let mut lines = measurement_lines(mean);
    lines.reverse();
    lines.join("\n")
}

#[test]
fn a_reversed_mean_is_named_with_the_first_wrong_row() {
    let derived = vector(&reversed(DR2_MEAN), DR2_COVARIANCE, defaults()).unwrap();
    let finding = &derived.findings[0];
    assert_eq!((finding.code.as_str(), finding.severity), ("covariance.row-order", Severity::Error));
    assert_eq!(finding.place, "input `mean`, line 1");
    assert_eq!(
        finding.message,
        "the covariance is that of `desi_dr2`; row 1 of the mean must be DV_over_rs at z = 0.295, found DM_over_rs \
         at z = 2.33"
    );
    assert!(finding.hint.as_deref().unwrap().contains("--param release=none"));
    // Without the release the pattern of the blocks still tells.
    let derived = vector(&reversed(DR2_MEAN), DR2_COVARIANCE, json!({"release": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.row-order"]);
}

#[test]
fn a_mean_sorted_by_quantity_is_found() {
    let mut lines = measurement_lines(DR2_MEAN);
    lines.sort_by_key(|line| line.split_whitespace().nth(2));
    let codes = errors(&lines.join("\n"), DR2_COVARIANCE);
    assert_eq!(codes, ["covariance.row-order", "covariance.row-order"]);
}

/// Two rows of one redshift exchanged: no pattern shows it, the known release does.
#[test]
fn exchanged_rows_of_one_tracer_are_found() {
    let mut lines = measurement_lines(DR2_MEAN);
    lines.swap(11, 12);
    assert_eq!(errors(&lines.join("\n"), DR2_COVARIANCE), ["covariance.row-order"]);
}

#[test]
fn a_dense_covariance_gives_no_pattern_but_the_release_is_known() {
    let findings = vector(&reversed(DR12_MEAN), DR12_COVARIANCE, defaults()).unwrap().findings;
    assert_eq!(findings[0].code, "covariance.row-order");
    assert!(findings[0].message.contains("must be DM_over_rs at z = 0.38, found Hz_rs at z = 0.61"));
}

/// No block and no release tells, but the errors are then a third of a value here and a thousandth there.
#[test]
fn a_reversed_dense_mean_of_unknown_numbers_is_found() {
    let unknown = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        format!("{} {} {}", fields[0], fields[1].parse::<f64>().unwrap() * 1.001, fields[2])
    };
    let mean: Vec<String> = DR12_MEAN.lines().map(unknown).collect();
    let covariance = changed(DR12_COVARIANCE, |_, _, value| 1.002 * value);
    let found = |mean: &str| vector(mean, &covariance, json!({"fiducial_rd_mpc": 147.78})).unwrap().findings;
    assert_eq!(codes(&found(&mean.join("\n"))), [""; 0]);

    let findings = found(&reversed(&mean.join("\n")));
    let scale = "covariance.scale";
    assert_eq!(codes(&findings), [scale, scale, scale, "covariance.row-order"]);
    assert!(findings[..3].iter().all(|finding| finding.severity == Severity::Warning));
    let order = &findings[3];
    assert_eq!((order.severity, order.place.as_str()), (Severity::Error, "input `mean`, line 5"));
    assert_eq!(
        order.message,
        "the error of Hz_rs at z = 0.38 (line 5) is 4.57e-1 of its value, but the error of DM_over_rs at z = 0.61 \
         (line 2) is 1.03e-3 of its value: published joint vectors do not spread so far"
    );
    assert!(order.hint.as_deref().unwrap().contains("in the order of the covariance"));
    let mut sorted = mean.clone();
    sorted.sort_by_key(|line| line.split_whitespace().nth(2).map(str::to_owned));
    assert!(codes(&found(&sorted.join("\n"))).contains(&"covariance.row-order"));
}

#[test]
fn a_changed_covariance_of_a_known_mean_is_found_with_its_rows() {
    let flipped =
        changed(DR2_COVARIANCE, |row, column, value| if (row, column) == (1, 2) { -value } else { value });
    let findings = vector(DR2_MEAN, &flipped, defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["release.covariance"]);
    assert!(findings[0].message.ends_with("differing rows are 2"), "{}", findings[0].message);

    let strong = |row: usize, column: usize, value: f64| {
        if row.min(column) == 1 && row != column { 5.0 * value } else { value }
    };
    assert_eq!(errors(DR2_MEAN, &changed(DR2_COVARIANCE, strong)), ["release.covariance"]);

    let sigma =
        changed(DR2_COVARIANCE, |row, column, value| if row == column { value.sqrt() } else { value });
    let findings = vector(DR2_MEAN, &sigma, defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["release.covariance"]);
    assert!(findings[0].message.contains("no row of the covariance is the published one"));
}

/// The matrix still reaches the host, which reports the element.
#[test]
fn a_negative_variance_is_found_and_does_not_become_nan() {
    let negative =
        changed(DR2_COVARIANCE, |row, column, value| if (row, column) == (4, 4) { -value } else { value });
    let derived = vector(DR2_MEAN, &negative, json!({"release": "none"})).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.negative-variance"]);
    assert_eq!(derived.findings[0].place, "matrix `covariance`, element (5, 5)");
    assert!(derived.matrices[0].values[4 * 13 + 4] < 0.0);
    let columns = super::columns(derived, "data");
    assert!(columns["uncertainty"].as_f64().unwrap()[4].abs() < f64::MIN_POSITIVE);
}

#[test]
fn a_measurement_given_twice_is_refused() {
    let mut lines = measurement_lines(DR2_MEAN);
    lines[12] = lines[11];
    let fault = fault(vector(&lines.join("\n"), DR2_COVARIANCE, defaults()));
    assert_eq!((fault.subject.as_str(), fault.line), ("mean", Some(13)));
    assert_eq!(fault.message, "DH_over_rs at z = 2.33 stands in line 12 already");
}

#[test]
fn a_measurement_given_twice_by_parameters_is_refused_with_both_lines() {
    let refused = |mean: &str, values: serde_json::Value| {
        let fault = fault(vector(mean, "0.04 0\n0 0.04\n", values));
        assert_eq!((fault.subject.as_str(), fault.line), ("mean", Some(3)));
        fault.message
    };
    let bare = "# c\n0.51 13.59\n0.51 13.61\n";
    let expected = "DM_over_rs at z = 0.51 stands in line 2 already";
    assert_eq!(refused(bare, json!({"quantity": "DM_over_rs"})), expected);
    assert_eq!(refused(bare, json!({"quantity": "DM_over_rs,DM_over_rs", "tracer": "LRG"})), expected);
    let labelled = "# c\n0.51 13.59 DM_over_rs\n0.51 13.61 DM_over_rs\n";
    assert_eq!(refused(labelled, json!({"tracer": "LRG,LRG"})), expected);
    let unsaid = fault(vector(bare, "0.04 0\n0 0.04\n", defaults()));
    assert_eq!((unsaid.line, unsaid.message.as_str()), (Some(2), "the line does not say what it measures"));
    // The release says what all rows are, and then two of them are one.
    let twice = vector(
        "0.44 1716\n0.44 1716\n0.73 2516\n",
        "1 0 0\n0 1 0\n0 0 1\n",
        json!({"release": "wigglez_recon"}),
    );
    assert_eq!(fault(twice).message, "DV_over_rs at z = 0.44 stands in line 1 already");
}

#[test]
fn a_covariance_of_another_size_is_refused() {
    let smaller: Vec<String> = changed(DR2_COVARIANCE, |_, _, value| value)
        .lines()
        .take(12)
        .map(|line| line.rsplit_once(' ').unwrap().0.to_owned())
        .collect();
    let fault = fault(vector(DR2_MEAN, &smaller.join("\n"), defaults()));
    assert_eq!(
        (fault.subject.as_str(), fault.message.as_str()),
        ("covariance", "12 rows × 12 columns for 13 measurements")
    );
}

#[test]
fn a_value_that_is_no_number_is_refused_with_line_and_field() {
    for bad in ["nan", "inf", "1e999", "13,58758434", "0x1p3"] {
        let mean = DR2_MEAN.replace("13.58758434", bad);
        let fault = fault(vector(&mean, DR2_COVARIANCE, defaults()));
        assert_eq!((fault.line, fault.column), (Some(6), Some(2)), "{bad}");
        assert!(fault.message.contains(bad));
    }
    let fault = fault(vector(DR2_MEAN, &DR2_COVARIANCE.replace("1.83928040e-01", "NaN"), defaults()));
    assert_eq!((fault.subject.as_str(), fault.line, fault.column), ("covariance", Some(5), Some(3)));
}

#[test]
fn a_distance_in_mpc_under_the_label_of_a_ratio_is_refused() {
    let mean = DR2_MEAN.replace("13.58758434", "1998.59");
    let fault = fault(vector(&mean, DR2_COVARIANCE, defaults()));
    assert_eq!((fault.line, fault.column), (Some(6), Some(2)));
    assert!(fault.message.contains("can only be a value in Mpc"), "{}", fault.message);
    assert!(fault.hint.unwrap().contains("fiducial_rd_mpc"));
}

#[test]
fn a_fiducial_for_values_that_are_ratios_is_refused() {
    let fault =
        fault(vector(DR2_MEAN, DR2_COVARIANCE, json!({"fiducial_rd_mpc": 147.78, "release": "none"})));
    assert!(fault.message.contains("is a ratio to r_d already"), "{}", fault.message);
    for (fiducial, hint) in [(1.0, "leave the parameter out"), (99.9, "not in Mpc/h")] {
        let fault = super::fault(vector(DR2_MEAN, DR2_COVARIANCE, json!({"fiducial_rd_mpc": fiducial})));
        assert!(fault.subject == "fiducial_rd_mpc" && fault.hint.unwrap().contains(hint));
    }
}

#[test]
fn one_edited_digit_of_a_known_release_is_found() {
    let mean = DR2_MEAN.replace("17.35069094", "17.35069095");
    let findings = vector(&mean, DR2_COVARIANCE, defaults()).unwrap().findings;
    assert_eq!(codes(&findings), ["release.mean"]);
    assert_eq!(findings[0].place, "input `mean`, line 8");
    assert!(findings[0].message.contains("17.35069095 is not its value of DM_over_rs at z = 0.706"));
    assert_eq!(codes(&vector(&mean, DR2_COVARIANCE, json!({"release": "none"})).unwrap().findings), [""; 0]);

    let covariance = DR2_COVARIANCE.replace("1.83928040e-01", "1.83928041e-01");
    assert_eq!(errors(DR2_MEAN, &covariance), ["release.covariance"]);
}

#[test]
fn inputs_that_do_not_make_a_dataset_are_refused() {
    assert_eq!(fault(run(&[], defaults())).subject, "mean");
    assert_eq!(fault(run(&[("covariance", DR2_COVARIANCE)], defaults())).subject, "mean");
    let missing = fault(run(&[("mean", DR2_MEAN)], defaults()));
    assert_eq!(missing.subject, "covariance");
    assert!(missing.message.contains("no column of errors"));
    let mixed = fault(run(&[("mean", DR2_MEAN), ("grid", "1 2\n2 3\n")], defaults()));
    assert!(mixed.message.contains("cannot be combined with `grid`"));
    assert_eq!(fault(vector("", DR2_COVARIANCE, defaults())).message, "there is no measurement in it");
    let html = fault(vector("<!DOCTYPE html>\n<html>", DR2_COVARIANCE, defaults()));
    assert_eq!((html.line, html.column), (Some(1), Some(1)));
}

#[test]
fn nonsense_parameters_are_refused() {
    for (values, subject) in [
        (json!({"rd_rescale": 0.0068}), "rd_rescale"),
        (json!({"rd_rescale": 1.02, "fiducial_rd_mpc": 147.78}), "rd_rescale"),
        (json!({"rd_rescale": -1.0}), "rd_rescale"),
        (json!({"quantity": "DM_over_rs"}), "quantity"),
        (json!({"tracer": "LRG"}), "tracer"),
        (json!({"covariance_kind": "inverse"}), "covariance_kind"),
        (json!({"derive": "everything"}), "derive"),
        (json!({"release": "desi_dr3"}), "release"),
        (json!({"release": "sdss_dr7_mgs"}), "release"),
        (json!({"grid_redshift": 0.5}), "grid_redshift"),
    ] {
        assert_eq!(fault(vector(DR2_MEAN, DR2_COVARIANCE, values.clone())).subject, subject, "{values}");
    }
}
