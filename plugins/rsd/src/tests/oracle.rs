//! Chi-squared of the published data against independent computations.

use cosmology::background::FlatLambdaCdm;
use cosmology::growth::{f_sigma8, growth_factor, growth_rate};
use cosmology::matrix::SquareMatrix;
use cosmology::measurements::prediction::Theory;
use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::reader::{Duplicate, Row};
use cosmology::measurements::vector::{Source, Vector};
use plugin_api::{Derived, Input, Inputs};
use serde_json::{Value, json};

use super::{GOLD, columns, gold, parameters, published, run};
use crate::alcock_paczynski::{hubble_times_angular_distance_km_s, predictions};
use crate::settings::Settings;
use crate::table::{ROLES, rows};

fn oracle() -> Option<Value> {
    Some(serde_json::from_str(&published("oracle.json")?).unwrap())
}

fn theory(oracle: &Value, name: &str) -> Theory {
    let number = |key: &str| oracle["cosmologies"][name][key].as_f64().unwrap();
    let background = FlatLambdaCdm { hubble_constant_km_s_mpc: number("H0"), omega_matter: number("Om") };
    Theory { background, sound_horizon_drag_mpc: number("rd"), sigma8: number("s8") }
}

fn matrix(derived: &Derived<'_>, name: &str) -> SquareMatrix {
    let found = derived.matrices.iter().find(|matrix| matrix.name == name).unwrap();
    let mut matrix = SquareMatrix::zeros(found.size);
    for (index, &value) in found.values.iter().enumerate() {
        matrix.set(index / found.size, index % found.size, value);
    }
    matrix
}

fn chi_squared(residuals: &[f64], covariance: &SquareMatrix) -> f64 {
    let precision = covariance.inverted().unwrap();
    let row = |index: usize| -> f64 {
        (0..residuals.len()).map(|other| precision.get(index, other) * residuals[other]).sum()
    };
    (0..residuals.len()).map(|index| residuals[index] * row(index)).sum()
}

/// Rows and measurements of the bundled compilation.
fn compilation() -> (Vec<Row>, Vector<'static>) {
    let inputs = Inputs::new(vec![Input { role: "table", name: "table.txt", bytes: GOLD.as_bytes() }]);
    let settings = Settings::read(&parameters(json!({}))).unwrap();
    let rows = rows(&inputs, &settings).unwrap();
    let source =
        Source { roles: ROLES, rows: rows.clone(), covariance: None, duplicate: Duplicate::SameValue };
    (rows, Vector::settle(source, &settings.vector, &[]).unwrap())
}

#[track_caller]
fn assert_close(found: f64, expected: &Value) {
    let expected = expected.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-8, "{found} instead of {expected}");
}

/// All variants, the wrong ones as well: they show what a mistake would cost.
#[test]
fn gold_2018_has_the_chi_squared_of_the_oracle() {
    let Some(oracle) = oracle() else { return };
    for name in ["A", "B"] {
        let expected = &oracle["public"]["rsd.gold2018"][name];
        let theory = theory(&oracle, name);
        let omega = theory.background.omega_matter;
        let values = json!({"alcock_paczynski": "apply", "target_omega_matter": omega});
        let derived = gold(("table", GOLD), values).unwrap();
        let (covariance, corrected) =
            (matrix(&derived, "covariance"), matrix(&derived, "corrected_covariance"));
        let data = columns(gold(("table", GOLD), json!({})).unwrap(), "data");
        let scaled = columns(derived, "corrected");
        let (z, raw) = (data["z"].as_f64().unwrap(), data["observable"].as_f64().unwrap());
        let products = data["reference_hubble_times_angular_distance_km_s"].as_f64().unwrap();
        let growth: Vec<f64> = z.iter().map(|&z| theory.ratio(Quantity::Growth, z)).collect();

        let (rows, vector) = compilation();
        let stated = predictions(&theory, &rows, &vector.measurements, &vector.conventions);
        let residuals: Vec<f64> = raw.iter().zip(stated).map(|(value, stated)| value - stated).collect();
        assert_close(chi_squared(&residuals, &covariance), &expected["chi2_AP"]);

        let plain: Vec<f64> = raw.iter().zip(&growth).map(|(value, theory)| value - theory).collect();
        assert_close(chi_squared(&plain, &covariance), &expected["chi2_noAP"]);
        let in_reference: Vec<f64> = (0..z.len())
            .map(|index| {
                let product = hubble_times_angular_distance_km_s(omega, z[index]);
                raw[index] - growth[index] * products[index] / product
            })
            .collect();
        assert_close(chi_squared(&in_reference, &covariance), &expected["chi2_AP"]);
        let values = scaled["observable"].as_f64().unwrap();
        let brought: Vec<f64> = values.iter().zip(&growth).map(|(value, theory)| value - theory).collect();
        assert_close(chi_squared(&brought, &corrected), &expected["chi2_AP_scaled_data_and_cov"]);
        assert_close(
            chi_squared(&brought, &covariance),
            &expected["chi2_AP_scaled_data_unscaled_cov(WRONG)"],
        );
        let errors: Vec<f64> = (0..z.len()).map(|index| covariance.get(index, index)).collect();
        assert_close(
            chi_squared(&in_reference, &SquareMatrix::diagonal(&errors)),
            &expected["chi2_AP_diag_only(WRONG)"],
        );
    }
}

#[test]
fn joint_vectors_have_the_chi_squared_of_the_oracle() {
    let Some(oracle) = oracle() else { return };
    for (entry, table, covariance) in [
        (
            "bao.sdss_dr12_consensus_final",
            "bao/sdss_dr12_consensus/sdss_DR12Consensus_final.dat",
            "bao/sdss_dr12_consensus/final_consensus_covtot_dM_Hz_fsig.txt",
        ),
        (
            "bao.sdss_dr16_baoplus_lrg",
            "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8.dat",
            "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_LRG_FSBAO_DMDHfs8_covtot.txt",
        ),
        (
            "bao.sdss_dr16_baoplus_qso",
            "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8.dat",
            "rsd/sdss_dr16_baoplus/sdss_DR16_BAOplus_QSO_FSBAO_DMDHfs8_covtot.txt",
        ),
    ] {
        let (table, covariance) = (published(table).unwrap(), published(covariance).unwrap());
        let derived = run(&[("table", &table), ("covariance", &covariance)], json!({})).unwrap();
        assert!(derived.findings.is_empty(), "{entry}: {:?}", derived.findings);
        let fiducial = derived.metadata["fiducial_rd_mpc"].as_f64().unwrap_or(1.0);
        let covariance = matrix(&derived, "covariance");
        let columns = columns(derived, "data");
        let labels = columns["quantity"].as_text().unwrap();
        let (z, values) = (columns["z"].as_f64().unwrap(), columns["observable"].as_f64().unwrap());
        for name in ["A", "B"] {
            let theory = theory(&oracle, name);
            let predicted = |index: usize| {
                let quantity = Quantity::from_label(&labels[index]).unwrap();
                let ratio = theory.ratio(quantity, z[index]);
                match quantity {
                    Quantity::Growth => ratio,
                    Quantity::HubbleTimesRuler => ratio / fiducial,
                    _ => ratio * fiducial,
                }
            };
            let residuals: Vec<f64> = (0..z.len()).map(|index| values[index] - predicted(index)).collect();
            assert_close(chi_squared(&residuals, &covariance), &oracle["public"][entry][name]["minus2lnL"]);
        }
    }
}

/// Closed forms: without a cosmological constant f = 1 and D = 1/(1+z).
#[test]
fn growth_has_its_closed_form_in_a_universe_of_matter() {
    let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: 70.0, omega_matter: 1.0 };
    for z in [0.02_f64, 0.5, 1.944] {
        assert!((growth_rate(&cosmology, z) - 1.0).abs() < 1e-12);
        assert!((growth_factor(&cosmology, z) * (1.0 + z) - 1.0).abs() < 1e-12);
        assert!((f_sigma8(&cosmology, 0.8, z) * (1.0 + z) / 0.8 - 1.0).abs() < 1e-12);
    }
}
