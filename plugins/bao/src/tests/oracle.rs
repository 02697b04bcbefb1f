//! The theory against independently computed chi-squared of the published vectors.

use cosmology::background::FlatLambdaCdm;
use cosmology::measurements::prediction::Theory;
use cosmology::measurements::reader::{Duplicate, Layout, read};
use cosmology::measurements::vector::{Source, Vector};
use plugin_api::Input;
use serde_json::Value;

use super::{parameters, published};
use crate::gaussian::ROLES;
use crate::releases::Known;
use crate::settings::Settings;

const VECTORS: [(&str, &str, &str); 17] = [
    ("desi_dr2_all", "bao/desi_dr2/desi_gaussian_bao_ALL_GCcomb", "desi_dr2"),
    ("desi_dr2_bgs", "bao/desi_dr2/desi_gaussian_bao_BGS_BRIGHT-21.35_GCcomb", "desi_dr2_bgs"),
    ("desi_dr2_lrg1", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.4-0.6", "desi_dr2_lrg1"),
    ("desi_dr2_lrg2", "bao/desi_dr2/desi_gaussian_bao_LRG_GCcomb_z0.6-0.8", "desi_dr2_lrg2"),
    (
        "desi_dr2_lrg3pluselg1",
        "bao/desi_dr2/desi_gaussian_bao_LRG+ELG_LOPnotqso_GCcomb",
        "desi_dr2_lrg3_elg1",
    ),
    ("desi_dr2_elg2", "bao/desi_dr2/desi_gaussian_bao_ELG_LOPnotqso_GCcomb_z1.1-1.6", "desi_dr2_elg2"),
    ("desi_dr2_qso", "bao/desi_dr2/desi_gaussian_bao_QSO_GCcomb", "desi_dr2_qso"),
    ("desi_dr2_lya", "bao/desi_dr2/desi_gaussian_bao_Lya_GCcomb", "desi_dr2_lya"),
    ("desi_dr1_all", "bao/desi_dr1/desi_2024_gaussian_bao_ALL_GCcomb", "desi_dr1"),
    (
        "sdss_dr12_consensus_bao",
        "bao/sdss_dr12_consensus/sdss_DR12Consensus_bao.dat bao/sdss_dr12_consensus/BAO_consensus_covtot_dM_Hz.txt",
        "sdss_dr12_consensus_bao",
    ),
    (
        "sdss_dr12_consensus_final",
        "bao/sdss_dr12_consensus/sdss_DR12Consensus_final.dat \
         bao/sdss_dr12_consensus/final_consensus_covtot_dM_Hz_fsig.txt",
        "sdss_dr12_consensus_final",
    ),
    (
        "sdss_dr12_lrg_bao_dmdh",
        "bao/sdss_dr16_bao/sdss_DR12_LRG_BAO_DMDH.dat bao/sdss_dr16_bao/sdss_DR12_LRG_BAO_DMDH_covtot.txt",
        "sdss_dr12_lrg_bao",
    ),
    (
        "sdss_dr16_lrg_bao_dmdh",
        "bao/sdss_dr16_bao/sdss_DR16_LRG_BAO_DMDH.dat bao/sdss_dr16_bao/sdss_DR16_LRG_BAO_DMDH_covtot.txt",
        "sdss_dr16_lrg_bao",
    ),
    (
        "sdss_dr16_qso_bao_dmdh",
        "bao/sdss_dr16_bao/sdss_DR16_QSO_BAO_DMDH.txt bao/sdss_dr16_bao/sdss_DR16_QSO_BAO_DMDH_covtot.txt",
        "sdss_dr16_qso_bao",
    ),
    (
        "sdss_dr16_baoplus_lrg",
        "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8.dat \
         rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8_covtot.txt",
        "sdss_dr16_lrg_bao_plus",
    ),
    (
        "sdss_dr16_baoplus_qso",
        "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8.dat \
         rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8_covtot.txt",
        "sdss_dr16_qso_bao_plus",
    ),
    (
        "wigglez_recon_DV",
        "bao/wigglez_recon_DV/wigglez_bao.txt bao/wigglez_recon_DV/wigglez_bao_weight.txt",
        "wigglez_recon",
    ),
];

/// The two cosmologies of the oracle.
fn theories(oracle: &Value) -> [(&'static str, Theory); 2] {
    ["A", "B"].map(|name| {
        let number = |key: &str| oracle["cosmologies"][name][key].as_f64().unwrap();
        let background = FlatLambdaCdm { hubble_constant_km_s_mpc: number("H0"), omega_matter: number("Om") };
        (name, Theory { background, sound_horizon_drag_mpc: number("rd"), sigma8: number("s8") })
    })
}

fn chi_squared(vector: &Vector<'_>, theory: &Theory) -> f64 {
    let predictions = theory.predictions(&vector.measurements, &vector.conventions);
    let residuals: Vec<f64> =
        vector.measurements.iter().zip(predictions).map(|(row, prediction)| row.value - prediction).collect();
    let precision = vector.covariance.inverted().unwrap();
    let row = |index: usize| -> f64 {
        (0..residuals.len()).map(|other| precision.get(index, other) * residuals[other]).sum()
    };
    (0..residuals.len()).map(|index| residuals[index] * row(index)).sum()
}

#[test]
fn chi_squared_of_every_published_vector_is_that_of_the_oracle() {
    let Some(text) = published("oracle.json") else { return };
    let oracle: Value = serde_json::from_str(&text).unwrap();
    let known = Known::read().unwrap();
    let settings = Settings::read(&parameters(serde_json::json!({}))).unwrap();
    for (entry, files, release) in VECTORS {
        let (mean, covariance) = match files.split_once(' ') {
            Some((mean, covariance)) => (mean.to_owned(), covariance.to_owned()),
            None => (format!("{files}_mean.txt"), format!("{files}_cov.txt")),
        };
        let bytes = published(&covariance).unwrap().into_bytes();
        let rows = read(ROLES.values, &published(&mean).unwrap(), Layout::Values).unwrap();
        let source = Source {
            roles: ROLES,
            rows,
            covariance: Some(Input { role: ROLES.covariance, name: "covariance.txt", bytes: &bytes }),
            duplicate: Duplicate::SameQuantity,
        };
        let vector = Vector::settle(source, &settings.vector, &known.vectors).unwrap();
        assert_eq!(vector.release.unwrap().name, release);
        assert!(vector.complete && vector.findings.is_empty(), "{entry}: {:?}", vector.findings);
        for (name, theory) in theories(&oracle) {
            let expected = &oracle["public"][format!("bao.{entry}")][name];
            let expected = expected["minus2lnL"].as_f64().or(expected["chi2"].as_f64()).unwrap();
            let found = chi_squared(&vector, &theory);
            assert!((found / expected - 1.0).abs() < 1e-8, "{entry} {name}: {found} instead of {expected}");
        }
    }
}
