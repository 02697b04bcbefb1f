//! Whole derivations without a host.
mod base_files;
mod chains;
mod damages;
mod derived;
mod files;
mod published;

use std::collections::BTreeMap;
use std::path::PathBuf;

use plugin_api::{
    Column, Context, Derived, Fault, Finding, Input, Inputs, ModuleError, Parameters, Severity,
};
use serde_json::{Value, json};

pub(super) const LCDM: &str = include_str!("../bundled/planck2018_distance_priors_lcdm.txt");
pub(super) const LCDM_INVERSE: &str =
    include_str!("../bundled/planck2018_distance_priors_lcdm_inverse_covariance.txt");
pub(super) const LCDM_TABLE: &str = include_str!("../bundled/planck2018_distance_priors_lcdm_table.csv");
pub(super) const DESI: &str = include_str!("../bundled/desi_dr2_cmb_compression.txt");

/// Best fit and covariance of base ΛCDM to Planck 2018 TT,TE,EE lite, as MontePython ships them (MIT licence), the four
/// parameters in use and one more.
pub(super) const BEST_FIT: &str = "\
#          omega_b,        omega_cdm,      100*theta_s,              n_s,               H0
 2.236644e-02\t 1.199579e-01\t 1.041872e+00\t 9.653697e-01\t 6.740085e+01\t
";
/// See [`BEST_FIT`].
pub(super) const BASE_COVARIANCE: &str = "\
#          omega_b,        omega_cdm,      100*theta_s,              n_s,               H0
 2.221267e-08\t-1.192267e-07\t 1.094801e-08\t 2.953536e-07\t 6.585717e-05\t
-1.192267e-07\t 1.900631e-06\t-1.134661e-07\t-4.395071e-06\t-8.161508e-04\t
 1.094801e-08\t-1.134661e-07\t 8.625076e-08\t 3.672300e-07\t 7.874528e-05\t
 2.953536e-07\t-4.395071e-06\t 3.672300e-07\t 1.902137e-05\t 1.940230e-03\t
 6.585717e-05\t-8.161508e-04\t 7.874528e-05\t 1.940230e-03\t 3.738303e-01\t
";

/// Derives from texts by role.
pub(super) fn run(files: &[(&str, &str)], values: Value) -> Result<Derived<'static>, ModuleError> {
    let inputs =
        files.iter().map(|&(role, text)| Input { role, name: "file.txt", bytes: text.as_bytes() }).collect();
    let Value::Object(values) = values else { panic!("an object") };
    super::derive(&Inputs::new(inputs), &Parameters::new(values), &Context::detached())
}

pub(super) fn priors(priors: &str, covariance: &str) -> Result<Derived<'static>, ModuleError> {
    run(&[("priors", priors), ("covariance", covariance)], json!({}))
}

pub(super) fn base(
    parameters: &str,
    covariance: &str,
    values: Value,
) -> Result<Derived<'static>, ModuleError> {
    run(&[("parameters", parameters), ("covariance", covariance)], values)
}

/// The numbers of a column of `data`.
pub(super) fn numbers(derived: Derived<'static>, column: &str) -> Vec<f64> {
    columns(derived)[column].as_f64().unwrap().to_vec()
}

pub(super) fn columns(derived: Derived<'static>) -> BTreeMap<String, Column> {
    let table = derived.tables.into_iter().next().unwrap();
    let names: Vec<String> = table.fields().iter().map(|field| field.name.clone()).collect();
    names.into_iter().zip(table.into_batches().next().unwrap().unwrap()).collect()
}

pub(super) fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The errors among the findings, as `code: message`.
pub(super) fn errors(derived: &Derived<'_>) -> Vec<String> {
    let errors = derived.findings.iter().filter(|finding| finding.severity == Severity::Error);
    errors.map(|finding| format!("{}: {}", finding.code, finding.message)).collect()
}

pub(super) fn fault(result: Result<Derived<'static>, ModuleError>) -> Fault {
    match result {
        Err(ModuleError::BadInput(fault) | ModuleError::BadParameter(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
pub(super) fn assert_close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() <= tolerance, "{found} instead of {expected} ± {tolerance}");
}

/// `r' C⁻¹ r` by elimination.
pub(super) fn chi_squared(residuals: &[f64], covariance: &[f64]) -> f64 {
    let size = residuals.len();
    let mut rows: Vec<Vec<f64>> =
        covariance.chunks(size).zip(residuals).map(|(row, r)| [row, &[*r]].concat()).collect();
    for pivot in 0..size {
        for row in 0..size {
            if row != pivot {
                let factor = rows[row][pivot] / rows[pivot][pivot];
                let pivot_row = rows[pivot].clone();
                for (element, pivot_element) in rows[row].iter_mut().zip(pivot_row) {
                    *element -= factor * pivot_element;
                }
            }
        }
    }
    (0..size).map(|row| residuals[row] * rows[row][size] / rows[row][row]).sum()
}

/// A published file below `cosmology/cmb` in the folder that `HOST_TEST_DATA` names, or in `../shared/data` beside the
/// workspace; `None` when the folder is not on this machine, unless `HOST_TEST_ALL` demands it.
pub(super) fn published(path: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        PathBuf::from(variable("HOST_TEST_DATA").unwrap_or_else(|| beside.to_owned())).join("cosmology/cmb");
    if !folder.is_dir() {
        assert!(variable("HOST_TEST_ALL").is_none(), "no published files in `{}`", folder.display());
        return None;
    }
    Some(std::fs::read_to_string(folder.join(path)).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
