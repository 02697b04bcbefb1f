//! Whole derivations without a host.
mod bundled;
mod columns;
mod damage;
mod forms;
mod golden;
mod oracle;
mod rows;
mod settings;
mod statistics;
mod strict;
mod synthetic;
mod table;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Once;

use plugin_api::{Context, DerivationModule, Derived, Input, Inputs, ModuleError, Parameters};
use serde_json::Value;

use crate::cleaning::{LARGEST_VOLUME, Recording};
use crate::neighbours::Months;
use crate::settings::Settings;
use crate::{BARS, Futures};

/// Derives from the bytes of bars.
pub(crate) fn derive<'a>(bytes: &'a [u8], values: &Value) -> Result<Derived<'a>, ModuleError> {
    let inputs = Inputs::new(vec![Input { role: BARS, name: "bars.dbn", bytes }]);
    let parameters = Parameters::new(values.as_object().unwrap().clone());
    Futures.derive(&inputs, &parameters, &Context::detached())
}

/// Reads the bytes of bars.
pub(crate) fn read(bytes: &[u8]) -> Result<Recording, ModuleError> {
    crate::read(&Input { role: BARS, name: "bars.dbn", bytes }, LARGEST_VOLUME, &Context::detached())
}

/// Reads a month without neighbours.
pub(crate) fn month(bytes: &[u8]) -> Months {
    Months::new(None, read(bytes).unwrap(), None).unwrap()
}

/// Settings as a user writes them.
pub(crate) fn settings(values: &Value) -> Settings {
    Settings::read(&Parameters::new(values.as_object().unwrap().clone())).unwrap()
}

/// A file below `futures` in the folder that `HOST_TEST_DATA` names, or in `../shared/data` beside the workspace. `None`
/// when the folder is not on this machine, which is said; when `HOST_TEST_ALL` is set, the test fails.
pub(crate) fn published(path: &str) -> Option<Vec<u8>> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");
    let folder =
        PathBuf::from(variable("HOST_TEST_DATA").unwrap_or_else(|| beside.to_owned())).join("futures");
    if !folder.is_dir() {
        let message = format!("no bars in `{}`; set HOST_TEST_DATA", folder.display());
        assert!(variable("HOST_TEST_ALL").is_none(), "{message}");
        SAID.call_once(|| {
            // Not by `eprintln!`, which the test runner hides.
            let _ = writeln!(std::io::stderr(), "tests of published files show nothing here: {message}");
        });
        return None;
    }
    Some(std::fs::read(folder.join(path)).unwrap())
}

/// Whether it was said that files are missing.
static SAID: Once = Once::new();

#[expect(clippy::disallowed_methods, reason = "a test's own switch, none of the host's variables")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
