//! Whole derivations without a host.
mod composites;
mod damages;
mod files;
mod oracle;
mod releases;
mod selections;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Once;

use plugin_api::{Column, Derived, Fault, Finding, Input, Inputs, ModuleError, Parameters};
use serde_json::{Value, json};

pub(super) const UNION3_TABLE: &str = include_str!("../bundled/union3_table.txt");
pub(super) const UNION3_COVARIANCE: &str = include_str!("../bundled/union3_covariance.txt");

/// The published files of a release: folder and names of table and covariance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release {
    pub(super) name: &'static str,
    pub(super) rows: usize,
    table: &'static str,
    covariance: Option<&'static str>,
}

pub(super) const RELEASES: [Release; 8] = [
    release("pantheonplus", 1701, "pantheonplus/Pantheon+SH0ES.dat", None),
    release("union3", 22, "union3/lcparam_full.txt", Some("union3/mag_covmat.txt")),
    release("des_y5", 1829, "desy5/DES-SN5YR_HD.csv", None),
    release("des_dovekie_statonly", 1820, "des_dovekie/DES-Dovekie_HD.csv", Some("des_dovekie/STATONLY.npz")),
    release("pantheon2018", 1048, "pantheon2018_full1048_nocov/lcparam_full_long_zhel.txt", None),
    release(
        "pantheon2018_binned",
        40,
        "pantheon2018_binned40/lcparam_DS17f.txt",
        Some("pantheon2018_binned40/sys_DS17f.txt"),
    ),
    release(
        "jla_binned",
        31,
        "jla_binned31/jla_binned_distances_31nodes_v1.txt",
        Some("jla_binned31/cov_jla_binned_distances_31nodes_v1.txt"),
    ),
    release("union2", 557, "union2/sn_z_mu_dmu_union2.txt", Some("union2/sn_covmat_nosys_union2.txt")),
];

const fn release(
    name: &'static str,
    rows: usize,
    table: &'static str,
    covariance: Option<&'static str>,
) -> Release {
    Release { name, rows, table, covariance }
}

/// The files of a release, read.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) table: String,
    pub(super) covariance: Option<Vec<u8>>,
}

impl Release {
    pub(super) fn named(name: &str) -> Self {
        RELEASES.into_iter().find(|release| release.name == name).unwrap()
    }

    /// `None` as for [`data`].
    pub(super) fn files(self) -> Option<Files> {
        let folder = data()?.join("sn");
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        let table = String::from_utf8(read(self.table)).unwrap();
        Some(Files { table, covariance: self.covariance.map(read) })
    }
}

impl Files {
    pub(super) fn derive(&self, values: Value) -> Result<Derived<'static>, ModuleError> {
        derive(&self.table, self.covariance.as_deref(), values)
    }

    /// The lines of the table that hold supernovae, behind a heading of so many lines.
    pub(super) fn with_rows(&self, heading: usize, change: impl FnOnce(&mut Vec<String>)) -> Self {
        let lines: Vec<&str> = self.table.lines().collect();
        let mut rows: Vec<String> = lines[heading..].iter().map(|line| (*line).to_owned()).collect();
        change(&mut rows);
        let head: Vec<String> = lines[..heading].iter().map(|line| (*line).to_owned()).collect();
        Self { table: [head, rows].concat().join("\n") + "\n", covariance: self.covariance.clone() }
    }
}

/// Folder of the published releases: `HOST_TEST_DATA`, or `../shared/data` beside the workspace. `None` when it is not
/// on this machine, which is said; when `HOST_TEST_ALL` is set, the test fails instead.
pub(super) fn data() -> Option<PathBuf> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        PathBuf::from(variable("HOST_TEST_DATA").unwrap_or_else(|| beside.to_owned())).join("cosmology");
    if folder.join("oracle.json").is_file() {
        return Some(folder);
    }
    let message = format!("no published files in `{}`; set HOST_TEST_DATA", folder.display());
    assert!(variable("HOST_TEST_ALL").is_none(), "{message}");
    SAID.call_once(|| {
        // Not by `eprintln!`, which the test runner hides.
        let _ = writeln!(std::io::stderr(), "tests of published files show nothing here: {message}");
    });
    None
}

/// Whether it was said that files are missing.
static SAID: Once = Once::new();

#[expect(clippy::disallowed_methods, reason = "a test's own switches, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(super) fn parameters(values: Value) -> Parameters {
    let Value::Object(values) = values else { panic!("an object") };
    Parameters::new(values)
}

/// Derives from bytes by role.
pub(super) fn run(files: &[(&str, &[u8])], values: Value) -> Result<Derived<'static>, ModuleError> {
    let inputs = files.iter().map(|&(role, bytes)| Input { role, name: "file.txt", bytes }).collect();
    super::derive(&Inputs::new(inputs), &parameters(values))
}

pub(super) fn derive(
    table: &str,
    covariance: Option<&[u8]>,
    values: Value,
) -> Result<Derived<'static>, ModuleError> {
    let mut files = vec![("table", table.as_bytes())];
    files.extend(covariance.map(|covariance| ("covariance", covariance)));
    run(&files, values)
}

pub(super) fn columns(derived: Derived<'static>) -> BTreeMap<String, Column> {
    let table = derived.tables.into_iter().next().unwrap();
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

pub(super) fn defaults() -> Value {
    json!({})
}
