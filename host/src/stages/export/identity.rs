//! What travels with the numbers into every format: where they come from, their units, whom to cite.

use std::collections::BTreeMap;

use plugin_api::{Citation, Finding, OutputContract};
use serde::Serialize;
use serde_json::Value as Json;

use super::{OutputFile, Source};
use crate::dataset::ModuleIdentity;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};

/// Identity, conventions, units and citations of an exported dataset.
#[derive(Serialize)]
pub(super) struct Identity<'a> {
    schema: &'static str,
    name: &'a str,
    version: &'a Digest,
    title: &'a str,
    module: &'a ModuleIdentity,
    output: &'a str,
    citations: &'a [Citation],
    licence: &'a str,
    metadata: &'a BTreeMap<String, Json>,
    pub(super) units: BTreeMap<&'a str, BTreeMap<&'a str, &'a str>>,
    contract: &'a OutputContract,
    findings: &'a [Finding],
    /// What a reader of this format must know of how values are written.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

impl<'a> Identity<'a> {
    pub(super) fn of(source: &Source<'a>, notes: Vec<String>) -> Self {
        let document = source.document;
        let units = document.contract.tables.iter().map(|table| {
            let units =
                table.columns.iter().filter_map(|column| Some((&*column.name, column.unit.as_deref()?)));
            (&*table.name, units.collect())
        });
        Self {
            schema: "host.export/1",
            name: source.name,
            version: source.version,
            title: &document.title,
            module: &document.module,
            output: &document.output,
            citations: &document.citations,
            licence: &document.licence,
            metadata: &document.metadata,
            units: units.collect(),
            contract: &document.contract,
            findings: &document.findings,
            notes,
        }
    }

    pub(super) fn compact(&self) -> Result<String> {
        serde_json::to_string(self).map_err(unwritable)
    }

    fn pretty(&self) -> Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(unwritable)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn unwritable(error: serde_json::Error) -> Error {
    Error::new(Kind::Internal, "cannot write the metadata of an export").cause(error.to_string())
}

/// `NAME_metadata.json`, beside formats that hold nothing but numbers.
pub(super) fn file(source: &Source) -> Result<OutputFile> {
    let bytes = Identity::of(source, Vec::new()).pretty()?;
    Ok(OutputFile { name: format!("{}_metadata.json", source.name), bytes })
}
