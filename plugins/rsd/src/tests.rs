//! Whole derivations without a host.
mod corrections;
mod damages;
mod files;
mod known;
mod oracle;
mod releases;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use plugin_api::{Column, Derived, Fault, Finding, Input, Inputs, ModuleError, Parameters};
use serde_json::{Value, json};

pub(super) const GOLD: &str = include_str!("../bundled/growth_gold2018.txt");
pub(super) const WIGGLEZ: &str = include_str!("../bundled/wigglez_block.txt");
pub(super) const QUASARS: &str = include_str!("../bundled/sdss_quasar_block.txt");

pub(super) fn parameters(values: Value) -> Parameters {
    let Value::Object(values) = values else { panic!("an object") };
    Parameters::new(values)
}

/// The list of Kazantzidis and Perivolaropoulos among the published files.
pub(super) const TABLE_II: &str = "rsd/growth_tableII/Growth_tableII.txt";

/// Derives from texts by role.
pub(super) fn run(files: &[(&str, &str)], values: Value) -> Result<Derived<'static>, ModuleError> {
    let inputs =
        files.iter().map(|&(role, text)| Input { role, name: "file.txt", bytes: text.as_bytes() }).collect();
    super::derive(&Inputs::new(inputs), &parameters(values))
}

/// The bundled dataset, with one text changed.
pub(super) fn gold(changed: (&str, &str), values: Value) -> Result<Derived<'static>, ModuleError> {
    let mut files =
        BTreeMap::from([("table", GOLD), ("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)]);
    files.insert(changed.0, changed.1);
    run(&files.into_iter().collect::<Vec<_>>(), values)
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

/// Lines of a table without its comments.
pub(super) fn measurement_lines(table: &str) -> Vec<&str> {
    table.lines().filter(|line| !line.starts_with('#')).collect()
}

/// Redshift, value and error of the bundled table, as Gold-2018 was published.
pub(super) fn three_columns() -> String {
    let line = |line: &str| line.split_whitespace().take(3).collect::<Vec<_>>().join(" ");
    measurement_lines(GOLD).into_iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The full covariance of Gold-2018 as text, each element as `change` leaves it.
pub(super) fn full_covariance(change: impl Fn(usize, usize, f64) -> f64) -> String {
    let matrix = gold(("table", GOLD), json!({})).unwrap().matrices.remove(0);
    let row = |row: usize| {
        let fields = (0..matrix.size)
            .map(|column| format!("{:e}", change(row, column, matrix.values[row * matrix.size + column])));
        fields.collect::<Vec<_>>().join(" ")
    };
    (0..matrix.size).map(row).collect::<Vec<_>>().join("\n")
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
