//! Whole derivations without a host.
mod damages;
mod known;
mod lists;
mod oracle;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Once;

use plugin_api::{Column, Derived, Fault, Finding, Input, Inputs, ModuleError, Parameters};
use serde_json::Value;

pub(super) const TABLE: &str = include_str!("../bundled/moresco2020_table.txt");
pub(super) const COMPONENTS: &str = include_str!("../bundled/moresco2020_components.txt");

/// Derives from texts by role.
pub(super) fn run(files: &[(&str, &str)], values: Value) -> Result<Derived<'static>, ModuleError> {
    let Value::Object(values) = values else { panic!("an object") };
    let inputs =
        files.iter().map(|&(role, text)| Input { role, name: "file.txt", bytes: text.as_bytes() }).collect();
    crate::dataset::derive(&Inputs::new(inputs), &Parameters::new(values))
}

/// Table and components.
pub(super) fn both(table: &str, values: Value) -> Result<Derived<'static>, ModuleError> {
    run(&[("table", table), ("components", COMPONENTS)], values)
}

pub(super) fn columns(derived: Derived<'static>) -> BTreeMap<String, Column> {
    let table = derived.tables.into_iter().next().unwrap();
    let names: Vec<String> = table.fields().iter().map(|field| field.name.clone()).collect();
    names.into_iter().zip(table.into_batches().next().unwrap().unwrap()).collect()
}

pub(super) fn texts(derived: Derived<'static>, column: &str) -> Vec<String> {
    columns(derived)[column].as_text().unwrap().to_vec()
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

/// A published file below `cosmology` in the folder that `HOST_TEST_DATA` names, or in `../shared/data` beside the
/// workspace. `None` when the folder is not on this machine, which is said; when `HOST_TEST_ALL` is set, the test fails.
pub(super) fn published(path: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        PathBuf::from(variable("HOST_TEST_DATA").unwrap_or_else(|| beside.to_owned())).join("cosmology");
    if !folder.is_dir() {
        let message = format!("no published files in `{}`; set HOST_TEST_DATA", folder.display());
        assert!(variable("HOST_TEST_ALL").is_none(), "{message}");
        SAID.call_once(|| {
            // Not by `eprintln!`, which the test runner hides.
            let _ = writeln!(std::io::stderr(), "tests of published files show nothing here: {message}");
        });
        return None;
    }
    Some(std::fs::read_to_string(folder.join(path)).unwrap())
}

/// Whether it was said that files are missing.
static SAID: Once = Once::new();

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
