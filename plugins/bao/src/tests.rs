//! Whole derivations without a host.
mod catalogue;
mod damages;
mod files;
mod grids;
mod known;
mod oracle;
mod rotations;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use plugin_api::{Column, Derived, Fault, Finding, Input, Inputs, ModuleError, Parameters};
use serde_json::{Value, json};

pub(super) const DR2_MEAN: &str = include_str!("../bundled/desi_dr2_mean.txt");
pub(super) const DR2_COVARIANCE: &str = include_str!("../bundled/desi_dr2_covariance.txt");

/// BOSS DR12 consensus, BAO only: Alam et al. 2017, arXiv:1607.03155, D_M (r_fid/r_d) and H (r_d/r_fid).
pub(super) const DR12_MEAN: &str = "\
0.38 1512.39 DM_over_rs
0.38 81.2087 bao_Hz_rs
0.51 1975.22 DM_over_rs
0.51 90.9029 bao_Hz_rs
0.61 2306.68 DM_over_rs
0.61 98.9647 bao_Hz_rs
";
/// Its covariance, from the same release.
pub(super) const DR12_COVARIANCE: &str = "\
624.707 23.729 325.332 8.34963 157.386 3.57778
23.729 5.60873 11.6429 2.33996 6.39263 0.968056
325.332 11.6429 905.777 29.3392 515.271 14.1013
8.34963 2.33996 29.3392 5.42327 16.1422 2.85334
157.386 6.39263 515.271 16.1422 1375.12 40.4327
3.57778 0.968056 14.1013 2.85334 40.4327 6.25936
";

pub(super) fn parameters(values: Value) -> Parameters {
    let Value::Object(values) = values else { panic!("an object") };
    Parameters::new(values)
}

/// Derives from texts by role.
pub(super) fn run(files: &[(&str, &str)], values: Value) -> Result<Derived<'static>, ModuleError> {
    let inputs =
        files.iter().map(|&(role, text)| Input { role, name: "file.txt", bytes: text.as_bytes() }).collect();
    super::derive(&Inputs::new(inputs), &parameters(values))
}

pub(super) fn vector(mean: &str, covariance: &str, values: Value) -> Result<Derived<'static>, ModuleError> {
    run(&[("mean", mean), ("covariance", covariance)], values)
}

/// The columns of a table, by name.
pub(super) fn columns(derived: Derived<'static>, table: &str) -> BTreeMap<String, Column> {
    let table = derived.tables.into_iter().find(|candidate| candidate.name() == table).unwrap();
    let names: Vec<String> = table.fields().iter().map(|field| field.name.clone()).collect();
    names.into_iter().zip(table.into_batches().next().unwrap().unwrap()).collect()
}

pub(super) fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

pub(super) fn fault(result: Result<Derived<'static>, ModuleError>) -> Fault {
    match result {
        Err(ModuleError::BadInput(fault) | ModuleError::BadParameter(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

/// A matrix text with one change.
pub(super) fn changed(matrix: &str, change: impl Fn(usize, usize, f64) -> f64) -> String {
    let lines = cosmology::text::number_lines("covariance", matrix).unwrap();
    let rows = lines.iter().enumerate().map(|(row, line)| {
        let fields = line
            .values
            .iter()
            .enumerate()
            .map(|(column, &value)| format!("{:e}", change(row, column, value)));
        fields.collect::<Vec<_>>().join(" ")
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The lines of a vector without its comments.
pub(super) fn measurement_lines(mean: &str) -> Vec<&str> {
    mean.lines().filter(|line| !line.starts_with('#')).collect()
}

pub(super) fn defaults() -> Value {
    json!({})
}

/// Text of a published file below `cosmology` in the folder that `HOST_TEST_DATA` names, or in `../shared/data` beside
/// the workspace. When the folder is not on this machine a line says what was not tested, and the test fails where
/// `HOST_TEST_ALL` demands everything.
pub(super) fn published(path: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        PathBuf::from(variable("HOST_TEST_DATA").unwrap_or_else(|| beside.to_owned())).join("cosmology");
    if !folder.is_dir() {
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let message = format!("NOT TESTED: {test} needs the published files in `{}`", folder.display());
        assert!(variable("HOST_TEST_ALL").is_none(), "{message}");
        // Not a macro, whose output is shown only when a test fails.
        writeln!(std::io::stderr(), "{message}").unwrap();
        return None;
    }
    Some(std::fs::read_to_string(folder.join(path)).unwrap())
}

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
