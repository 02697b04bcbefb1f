//! Known releases: recognised by their numbers, whatever the text around them.

use serde_json::{Value, json};

use super::{
    DR2_COVARIANCE, DR2_MEAN, DR12_COVARIANCE, DR12_MEAN, changed, codes, columns, defaults, fault,
    measurement_lines, run, vector,
};

#[test]
fn the_bundled_vector_is_the_release_to_the_last_digit() {
    for release in ["auto", "desi_dr2"] {
        let derived = vector(DR2_MEAN, DR2_COVARIANCE, json!({"release": release})).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.output, "gaussian");
        assert_eq!(derived.metadata["release"], "desi_dr2");
        assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
        assert_eq!(derived.metadata["corrections"], json!([]));
        assert_eq!(derived.metadata["fiducial_rd_mpc"], Value::Null);
        assert_eq!(derived.metadata["covariance_structure"]["structure"], "block-diagonal");
    }
}

/// The trap of DESI DR2: D_H comes before D_M for the Lyman alpha forest, and nowhere else.
#[test]
fn rows_stay_in_the_published_order() {
    let columns = columns(vector(DR2_MEAN, DR2_COVARIANCE, defaults()).unwrap(), "data");
    let ids = columns["row_id"].as_text().unwrap();
    assert_eq!(ids[0], "BGS_DV_over_rs_z0.295");
    assert_eq!(
        ids[9..],
        ["QSO_DM_over_rs_z1.484", "QSO_DH_over_rs_z1.484", "Lya_DH_over_rs_z2.33", "Lya_DM_over_rs_z2.33"]
    );
    let values = columns["observable"].as_f64().unwrap();
    assert_eq!(values[11].to_bits(), 8.631_545_674_846_294_f64.to_bits());
    assert_eq!(values[12].to_bits(), 38.988_973_961_958_784_f64.to_bits());
    assert!(columns["unit"].as_text().unwrap().iter().all(|unit| unit == "1"));
}

#[test]
fn line_ends_comments_number_formats_and_missing_tracers_do_not_matter() {
    let mut mean = String::from("\u{feff}# downloaded\r\n\r\n");
    for line in measurement_lines(DR2_MEAN) {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [z, value] = [fields[0], fields[1]].map(|field| field.parse::<f64>().unwrap());
        let line = format!("{z:e}\t{value:.20} bao_{}\r\n", fields[2]);
        mean.push_str(&line);
    }
    let covariance = changed(DR2_COVARIANCE, |_, _, value| value) + "\n\n";
    let derived = vector(&mean, &covariance, defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    let columns = columns(derived, "data");
    assert_eq!(columns["row_id"].as_text().unwrap()[11], "Lya_DH_over_rs_z2.33");
    assert_eq!(columns["native_label"].as_text().unwrap()[11], "bao_DH_over_rs");
}

#[test]
fn a_recognised_release_brings_its_convention_and_changes_no_number() {
    for values in [json!({}), json!({"fiducial_rd_mpc": 147.78})] {
        let derived = vector(DR12_MEAN, DR12_COVARIANCE, values).unwrap();
        assert_eq!(codes(&derived.findings), [""; 0]);
        assert_eq!(derived.metadata["release"], "sdss_dr12_consensus_bao");
        assert_eq!(derived.metadata["fiducial_rd_mpc"], 147.78);
        let columns = columns(derived, "data");
        assert_eq!(columns["quantity"].as_text().unwrap()[1], "Hz_rs");
        assert_eq!(columns["native_label"].as_text().unwrap()[1], "bao_Hz_rs");
        assert_eq!(columns["unit"].as_text().unwrap()[..2], ["Mpc", "km/s/Mpc"]);
        assert_eq!(columns["observable"].as_f64().unwrap()[0].to_bits(), 1512.39_f64.to_bits());
    }
    let fault = fault(vector(DR12_MEAN, DR12_COVARIANCE, json!({"fiducial_rd_mpc": 147.0})));
    assert_eq!(fault.message, "`147` contradicts `sdss_dr12_consensus_bao`, which states 147.78");
}

#[test]
fn unknown_data_needs_the_convention_said() {
    let mean = DR12_MEAN.replace("1512.39", "1512.4");
    let covariance = DR12_COVARIANCE.replace("624.707", "624.7");
    assert!(fault(vector(&mean, &covariance, defaults())).hint.unwrap().contains("fiducial_rd_mpc"));
    let derived =
        vector(&mean, &covariance, json!({"fiducial_rd_mpc": 147.78, "tracer": "LOWZ+CMASS"})).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], Value::Null);
    assert_eq!(derived.metadata["resembles"], "sdss_dr12_consensus_bao");
    assert_eq!(derived.metadata["conflicts"][0]["with"], json!(["sdss_dr12_consensus_bao"]));
    assert_eq!(columns(derived, "data")["row_id"].as_text().unwrap()[0], "LOWZ+CMASS_DM_over_rs_z0.38");
}

/// Beutler et al. 2011, arXiv:1106.3366: r_s/D_V(0.106) = 0.336 ± 0.015.
#[test]
fn a_measurement_with_its_error_needs_no_covariance() {
    let derived = run(&[("mean", "0.106 0.336 0.015 rs_over_DV")], defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "sixdf_2011");
    assert_eq!(derived.metadata["rd_convention"]["rd_rescale"], 1.027_369_826);
    assert_eq!(derived.metadata["covariance_structure"]["published_as"], "errors without correlations");
    assert!((derived.matrices[0].values[0] - 0.015 * 0.015).abs() < 1e-18);
    let columns = columns(derived, "data");
    assert_eq!(columns["uncertainty"].as_f64().unwrap()[0].to_bits(), 0.015_f64.to_bits());
    let derived = run(&[("mean", "0.106 0.336 0.016 rs_over_DV")], defaults()).unwrap();
    assert_eq!(codes(&derived.findings), ["release.error"]);
}

/// Kazin et al. 2014, arXiv:1401.0358: the file has neither label nor fiducial, and its matrix is the inverse.
#[test]
fn a_file_without_labels_and_with_an_inverse_covariance_is_read() {
    let mean = "# z_eff Dv (r_s^fid/r_s)\n  0.44  1716\n  0.60  2221\n  0.73  2516\n";
    let weights = "2.17898878e-4 -1.11633321e-4 0.46982851e-4\n-1.11633321e-4 1.70712004e-4 -0.71847155e-4\n\
                   0.46982851e-4 -0.71847155e-4 1.65283175e-4\n";
    let derived = vector(mean, weights, defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "wigglez_recon");
    assert_eq!(derived.metadata["fiducial_rd_mpc"], 148.6);
    let names: Vec<&str> = derived.matrices.iter().map(|matrix| matrix.name.as_str()).collect();
    assert_eq!(names, ["covariance", "precision"]);
    // Published errors: 83, 101 and 86 Mpc.
    for (index, error) in [83.0, 101.0, 86.0].into_iter().enumerate() {
        assert!((derived.matrices[0].values[index * 4].sqrt() - error).abs() < 0.5);
    }
    let reversed = "0.73 2516\n0.60 2221\n0.44 1716\n";
    assert_eq!(codes(&vector(reversed, weights, defaults()).unwrap().findings), ["covariance.row-order"]);
    let unknown = vector(mean, weights, json!({"release": "none"}));
    assert!(fault(unknown).message.contains("does not say what it measures"));
    let told = json!({"release": "none", "quantity": "DV_over_rs", "covariance_kind": "inverse", "fiducial_rd_mpc": 148.6});
    assert_eq!(
        columns(vector(mean, weights, told).unwrap(), "data")["row_id"].as_text().unwrap()[0],
        "unspecified_DV_over_rs_z0.44"
    );
}

#[test]
fn rows_told_apart_by_parameters_or_release_are_no_duplicates() {
    let covariance = "0.028 -0.03\n-0.03 0.18\n";
    let quantities = json!({"quantity": "DM_over_rs,DH_over_rs"});
    let derived = vector("0.51 13.59\n0.51 21.86\n", covariance, quantities).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(
        columns(derived, "data")["row_id"].as_text().unwrap()[..],
        ["unspecified_DM_over_rs_z0.51", "unspecified_DH_over_rs_z0.51"]
    );
    let two = "0.93 21.71 DM_over_rs\n0.93 21.58 DM_over_rs\n";
    let derived = vector(two, covariance, json!({"tracer": "LRG,ELG"})).unwrap();
    assert_eq!(
        columns(derived, "data")["row_id"].as_text().unwrap()[..],
        ["LRG_DM_over_rs_z0.93", "ELG_DM_over_rs_z0.93"]
    );
    let bare: Vec<String> = measurement_lines(DR2_MEAN)
        .iter()
        .map(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" "))
        .collect();
    let derived = vector(&bare.join("\n"), DR2_COVARIANCE, defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    assert_eq!(derived.metadata["release"], "desi_dr2");
}

#[test]
fn errors_that_are_not_the_diagonal_are_found() {
    let mean = "0.5 13.5 0.2 DM_over_rs\n0.5 22.0 0.4 DH_over_rs\n";
    let derived = vector(mean, "0.04 -0.01\n-0.01 0.16\n", defaults()).unwrap();
    assert_eq!(codes(&derived.findings), [""; 0]);
    let derived = vector(mean, "0.2 -0.01\n-0.01 0.4\n", defaults()).unwrap();
    assert_eq!(codes(&derived.findings), ["covariance.diagonal", "covariance.diagonal"]);
}
