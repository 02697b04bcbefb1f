//! Chi-squared of the released data at two cosmologies, against values computed with other programs (Cobaya's own
//! classes, or numpy): to 1e-8.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use cosmology::background::FlatLambdaCdm;
use cosmology::matrix::SquareMatrix;
use plugin_api::{Derived, Input};
use serde_json::{Value, json};

use super::{Files, Release, data, defaults};
use crate::layout;
use crate::pictures::distance_moduli;
use crate::sample::Sample;

fn oracle(entry: &str) -> Option<(Value, Value)> {
    let text = std::fs::read_to_string(data()?.join("oracle.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    Some((document["cosmologies"].clone(), document["public"][entry].clone()))
}

/// Chi-squared with a free offset, and that offset.
fn marginalised(residual: &[f64], precision: &SquareMatrix) -> (f64, f64) {
    let (mut rr, mut r1, mut one) = (0.0, 0.0, 0.0);
    for (row, elements) in precision.rows().enumerate() {
        let weighted: f64 = elements.iter().zip(residual).map(|(element, residual)| element * residual).sum();
        rr += weighted * residual[row];
        r1 += weighted;
        one += elements.iter().sum::<f64>();
    }
    (rr - r1 * r1 / one, r1 / one)
}

fn precision(derived: &Derived<'_>) -> SquareMatrix {
    let matrix = |name: &str| {
        let matrix = derived.matrices.iter().find(|matrix| matrix.name == name)?;
        SquareMatrix::from_values(matrix.size, matrix.values.clone())
    };
    let covariance = matrix("covariance").unwrap();
    if derived.metadata["covariance_structure"]["structure"] == "diagonal" {
        let weights: Vec<f64> = covariance.diagonal_values().iter().map(|variance| 1.0 / variance).collect();
        return SquareMatrix::diagonal(&weights);
    }
    matrix("precision").unwrap_or_else(|| covariance.inverted().unwrap())
}

/// The selected supernovae: read from the file again, so that the theory needs nothing of the result but its values.
fn selected(files: &Files, parameters: &Value) -> Sample {
    let sample = layout::read(&Input { role: "table", name: "", bytes: files.table.as_bytes() }).unwrap();
    let settings = crate::settings::Settings::read(&super::parameters(parameters.clone())).unwrap();
    let rows = crate::selection::select(&sample, &settings).unwrap().rows;
    sample.selected(&rows)
}

fn assert_close(found: f64, expected: &Value, relative: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < relative, "{what}: {found} instead of {expected}");
}

/// Where the oracle fixes M it is -19.253, and Cepheid distances stand for the theory of calibrators.
fn check(entry: &str, files: &Files, parameters: &Value) {
    let Some((cosmologies, expected)) = oracle(entry) else { return };
    let derived = files.derive(parameters.clone()).unwrap();
    let precision = precision(&derived);
    let sample = selected(files, parameters);
    let calibrators = parameters["calibrators"] == "include";
    let table = derived.tables.into_iter().next().unwrap();
    let place = table.fields().iter().position(|field| field.name == "observable").unwrap();
    let columns = table.into_batches().next().unwrap().unwrap();
    let observed = columns[place].as_f64().unwrap();
    if let Some(rows) = expected["n"].as_u64() {
        assert_eq!(observed.len() as u64, rows, "{entry}");
    }
    for name in ["A", "B"] {
        let number = |key: &str| cosmologies[name][key].as_f64().unwrap();
        let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: number("H0"), omega_matter: number("Om") };
        let theory = distance_moduli(&sample, &cosmology, calibrators);
        let residual: Vec<f64> =
            observed.iter().zip(&theory).map(|(observed, theory)| observed - theory).collect();
        let what = format!("{entry}, cosmology {name}");
        let expected = &expected[name];
        if calibrators {
            let fixed: Vec<f64> = residual.iter().map(|residual| residual + 19.253).collect();
            let (marginal, offset) = marginalised(&fixed, &precision);
            let weight: f64 = precision.values().iter().sum();
            assert_close(marginal + offset * offset * weight, &expected["chi2_fixedM"], 1e-8, &what);
            continue;
        }
        let (chi2, offset) = marginalised(&residual, &precision);
        let key = ["minus2lnL", "chi2_marg"].into_iter().find(|key| expected.get(key).is_some()).unwrap();
        assert_close(chi2, &expected[key], 1e-8, &what);
        for key in ["M_best", "offset"] {
            if expected.get(key).is_some() {
                // An offset near zero is a difference of numbers near 40.
                assert!((offset - expected[key].as_f64().unwrap()).abs() < 1e-8, "{what}: {offset}");
            }
        }
    }
}

fn check_release(entry: &str, release: &str, parameters: &Value) {
    if let Some(files) = Release::named(release).files() {
        check(entry, &files, parameters);
    }
}

#[test]
fn pantheon_plus_with_diagonal_errors() {
    check_release("sn.pantheonplus_DIAG_zHD>0.01", "pantheonplus", &json!({"z_min": 0.01}));
    let without = json!({"z_min": 0.01, "calibrators": "exclude"});
    check_release("sn.pantheonplus_DIAG_nocalib", "pantheonplus", &without);
    let with = json!({"z_min": 0.01, "calibrators": "include"});
    check_release("sn.pantheonplus_shoes_DIAG", "pantheonplus", &with);
}

#[test]
fn releases_with_their_covariance() {
    check_release("sn.union3", "union3", &defaults());
    check_release("sn.jla_binned31", "jla_binned", &defaults());
    check_release("sn.pantheon2018_binned40", "pantheon2018_binned", &defaults());
    check_release("sn.union2_nosys", "union2", &defaults());
}

#[test]
fn des_with_errors_or_with_the_published_inverse() {
    check_release("sn.desy5_STAT_diag", "des_y5", &defaults());
    check_release("sn.des_dovekie_STATONLY", "des_dovekie_statonly", &defaults());
}

/// The stand-in for the covariance of Pantheon+ that the oracle was computed with: survey zero points, smooth functions
/// of redshift, and supernovae in several surveys, on the genuine errors, printed with eight decimals.
#[expect(clippy::cast_precision_loss, reason = "survey numbers are small")]
fn stand_in_covariance(sample: &Sample) -> String {
    let size = sample.len();
    let surveys: Vec<u64> =
        sample.surveys.as_ref().unwrap().iter().map(|survey| survey.parse().unwrap()).collect();
    let smooth: Vec<[f64; 4]> = sample
        .z
        .iter()
        .map(|z| {
            let phase = std::f64::consts::PI * z.ln_1p() / f64::ln(3.3);
            let mode = |k: f64, amplitude: f64| amplitude * (k * phase).cos();
            [mode(0.0, 0.006), mode(1.0, 0.004), mode(2.0, 0.003), mode(3.0, 0.002)]
        })
        .collect();
    let mut text = format!("{size}\n");
    for row in 0..size {
        for column in 0..size {
            let zero_point = 0.004 + 0.001 * (surveys[row] % 7) as f64;
            let common = if surveys[row] == surveys[column] { zero_point * zero_point } else { 0.0 };
            let modes: f64 = smooth[row].iter().zip(&smooth[column]).map(|(left, right)| left * right).sum();
            let mut element = common + modes;
            if row == column {
                let error = sample.error.as_ref().unwrap()[row];
                element = (error * error).max(1.5 * element + 0.004);
            } else if sample.names[row] == sample.names[column] {
                element += 0.05 * 0.05;
            }
            let _ = writeln!(text, "{element:.8}");
        }
    }
    text
}

#[test]
fn pantheon_plus_with_a_full_covariance() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    let covariance = stand_in_covariance(&selected(&files, &defaults())).into_bytes();
    let files = Files { covariance: Some(covariance), ..files };
    check("sn.pantheonplus_SYNTHETIC_cov", &files, &json!({"z_min": 0.01}));
    check("sn.pantheonplus_shoes_SYNTHETIC_cov", &files, &json!({"z_min": 0.01, "calibrators": "include"}));
}

/// A stand-in for a cut of DES-Dovekie: rows of an inverse are not those of the covariance.
#[test]
fn a_cut_of_an_inverse_is_a_cut_of_its_covariance() {
    let table = "Index,IDSURVEY,zHD,zHEL,MU,MUERR\n0,1,0.03,0.03,35.7,0.7\n1,1,0.1,0.1,38.4,0.6\n2,2,0.5,0.5,42.3,0.8\n";
    // The inverse of [[0.5, 0.2, 0.1], [0.2, 0.4, 0.2], [0.1, 0.2, 0.6]] by its adjugate; the determinant is 0.08.
    let inverse = "2.5 -1.25 0\n-1.25 3.625 -1\n0 -1 2\n";
    let parameters = json!({"z_min": 0.05, "covariance_kind": "inverse"});
    let derived = super::derive(table, Some(inverse.as_bytes()), parameters).unwrap();
    let matrices: BTreeMap<&str, &[f64]> =
        derived.matrices.iter().map(|matrix| (matrix.name.as_str(), matrix.values.as_slice())).collect();
    for (found, expected) in matrices["covariance"].iter().zip([0.4, 0.2, 0.2, 0.6]) {
        assert!((found - expected).abs() < 1e-14, "{found}");
    }
    // Of [[0.4, 0.2], [0.2, 0.6]]; a row of the published inverse has 3.625 here.
    for (found, expected) in matrices["precision"].iter().zip([3.0, -1.0, -1.0, 2.0]) {
        assert!((found - expected).abs() < 1e-13, "{found}");
    }
}
