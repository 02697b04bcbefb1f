//! Derived bases against independently published and independently computed values.

use serde_json::json;

use super::{DR2_COVARIANCE, DR2_MEAN, DR12_COVARIANCE, DR12_MEAN, columns, fault, vector};

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    ((found - expected) / expected).abs() <= tolerance
}

/// D_V/r_d and F_AP of the DR12 consensus as the collaboration published them beside D_M and H (Alam et al. 2017,
/// arXiv:1607.03155, files `BAO_consensus_results_dV_FAP` and `BAO_consensus_covtot_dV_FAP`), six digits printed.
#[test]
fn dr12_gives_the_published_dv_and_fap() {
    const PUBLISHED: [f64; 6] = [9.98071, 0.409_682, 12.6687, 0.598_924, 14.4966, 0.761_459];
    const VARIANCES: [f64; 6] =
        [0.012_951_3, 0.000_253_436, 0.016_608_6, 0.000_435_929, 0.022_518_9, 0.000_725_809];
    let derived = vector(DR12_MEAN, DR12_COVARIANCE, json!({"derive": "dv_fap"})).unwrap();
    let matrix = derived.matrices.iter().find(|matrix| matrix.name == "derived_covariance").unwrap().clone();
    let columns = columns(derived, "derived");
    let quantities = columns["quantity"].as_text().unwrap();
    assert_eq!(quantities[..2], ["DV_over_rs", "F_AP"]);
    assert_eq!(
        columns["derived_from"].as_text().unwrap()[0],
        "LOWZ+CMASS_DM_over_rs_z0.38 LOWZ+CMASS_Hz_rs_z0.38"
    );
    let values = columns["observable"].as_f64().unwrap();
    for index in 0..6 {
        assert!(close(values[index], PUBLISHED[index], 3e-6), "{index}: {}", values[index]);
        let sigma = matrix.values[index * 7].sqrt();
        assert!(close(sigma, VARIANCES[index].sqrt(), 3e-6), "{index}: {sigma}");
        assert!(close(columns["uncertainty"].as_f64().unwrap()[index], sigma, 1e-15));
    }
    // Correlation of D_V at z = 0.38 and 0.51.
    let correlation = matrix.values[2] / (matrix.values[0] * matrix.values[14]).sqrt();
    assert!(close(correlation, 0.006_827_37 / (VARIANCES[0] * VARIANCES[2]).sqrt(), 3e-6));
}

/// D_M/r_d and D_H/r_d of the first two bins, as eBOSS published them in 2020 (Alam et al. 2021, arXiv:2007.08991,
/// file `sdss_DR12_LRG_BAO_DMDH`), seven digits printed.
#[test]
fn dr12_gives_the_published_ratios() {
    const PUBLISHED: [f64; 4] = [10.23406, 24.98058, 13.36595, 22.31656];
    const VARIANCES: [f64; 4] = [2.860_520e-2, 5.307_187e-1, 4.147_534e-2, 3.268_589e-1];
    let derived = vector(DR12_MEAN, DR12_COVARIANCE, json!({"derive": "ratios"})).unwrap();
    let matrix = derived.matrices.iter().find(|matrix| matrix.name == "derived_covariance").unwrap().clone();
    let columns = columns(derived, "derived");
    assert_eq!(columns["quantity"].as_text().unwrap()[..2], ["DM_over_rs", "DH_over_rs"]);
    for index in 0..4 {
        assert!(close(columns["observable"].as_f64().unwrap()[index], PUBLISHED[index], 1e-6));
        assert!(close(matrix.values[index * 7], VARIANCES[index], 1e-6));
    }
    // H and D_H move against each other: the sign of the correlation flips.
    assert!(matrix.values[1] < 0.0 && close(matrix.values[1], -4.939_281e-2, 1e-6));
}

/// z, D_V/r_d and its error, F_AP and its error, correlation: computed from the published vector by other means.
#[test]
fn desi_dr2_gives_dv_and_fap_to_twelve_digits() {
    #[rustfmt::skip]
    const ORACLE: [[f64; 6]; 6] = [
        [0.51, 12.720_996_319_912_192, 0.100_337_440_467_662, 0.621_489_153_635_531_4, 0.017_109_146_023_236_738, 0.049_200_734_593_716_586],
        [0.706, 16.050_642_668_808_05, 0.112_647_069_508_813_98, 0.891_821_101_717_178_2, 0.020_776_150_259_281_742, -0.018_488_562_037_710_25],
        [0.934, 19.721_345_272_433_57, 0.101_006_342_831_728_93, 1.223_005_193_169_959, 0.019_160_171_222_185_246, 0.050_898_794_072_117_03],
        [1.321, 24.253_109_611_888_764, 0.182_071_542_708_385_7, 1.947_010_028_353_124_2, 0.045_142_816_833_266_96, 0.191_176_088_872_589_22],
        [1.484, 26.064_712_078_456_704, 0.402_079_574_164_662_56, 2.380_580_595_069_752_3, 0.135_882_207_502_663_3, 0.044_754_608_870_380_76],
        [2.33, 31.268_667_108_606_38, 0.256_559_340_649_141_04, 4.517_032_688_082_611, 0.096_939_095_633_536_67, 0.574_700_782_267_343_2],
    ];
    let derived = vector(DR2_MEAN, DR2_COVARIANCE, json!({"derive": "dv_fap"})).unwrap();
    assert_eq!(derived.output, "gaussian_and_derived");
    let matrix = derived.matrices.iter().find(|matrix| matrix.name == "derived_covariance").unwrap().clone();
    let columns = columns(derived, "derived");
    let column = |name: &str| columns[name].as_f64().unwrap();
    // The first row is the isotropic measurement of the bright galaxies, kept.
    assert_eq!(column("observable")[0].to_bits(), 7.941_676_39_f64.to_bits());
    for (pair, [z, dv, dv_error, fap, fap_error, correlation]) in ORACLE.into_iter().enumerate() {
        let index = 1 + 2 * pair;
        assert_eq!(column("z")[index].to_bits(), z.to_bits());
        for (found, expected) in [
            (column("observable")[index], dv),
            (column("uncertainty")[index], dv_error),
            (column("observable")[index + 1], fap),
            (column("uncertainty")[index + 1], fap_error),
        ] {
            assert!(close(found, expected, 1e-12), "z = {z}: {found} {expected}");
        }
        let covariance = matrix.values[index * 13 + index + 1];
        let found = covariance / (column("uncertainty")[index] * column("uncertainty")[index + 1]);
        assert!((found - correlation).abs() < 1e-12, "z = {z}: {found}");
    }
}

#[test]
fn every_convention_leads_to_the_same_ratio() {
    // D_V/r_d = 1/0.336 × 1.027369826, from r_s/D_V in the EH98 definition.
    let derived =
        super::run(&[("mean", "0.106 0.336 0.015 rs_over_DV")], json!({"derive": "ratios"})).unwrap();
    let found = columns(derived, "derived");
    assert!(close(found["observable"].as_f64().unwrap()[0], 1.027_369_826 / 0.336, 1e-15));
    assert!(close(found["uncertainty"].as_f64().unwrap()[0], 1.027_369_826 / 0.336 * (0.015 / 0.336), 1e-14));
    // D_A/r_d = D_M/r_d / (1+z).
    let derived =
        vector("0.5 9.0 DA_over_rs\n0.5 22 DH_over_rs\n", "0.01 0\n0 0.04\n", json!({"derive": "ratios"}))
            .unwrap();
    let found = columns(derived, "derived");
    assert_eq!(found["quantity"].as_text().unwrap()[0], "DM_over_rs");
    assert!(close(found["observable"].as_f64().unwrap()[0], 13.5, 1e-15));
    assert!(close(found["uncertainty"].as_f64().unwrap()[0], 0.15, 1e-14));
}

#[test]
fn what_cannot_be_combined_is_refused() {
    let fault_of = |mean: &str| fault(vector(mean, "0.01 0\n0 0.04\n", json!({"derive": "dv_fap"}))).message;
    assert!(fault_of("0.3 8 DV_over_rs\n0.5 13.5 DM_over_rs\n").contains("no redshift has both"));
    let twice =
        vector("0.5 9 DA_over_rs\n0.5 13.5 DM_over_rs\n", "0.01 0\n0 0.04\n", json!({"derive": "ratios"}));
    assert!(fault(twice).message.contains("would be derived twice"));
}
