//! How a dataset came about: what it was made of, by what, and what was current before.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::Answer;
use super::openapi::Envelope;
use crate::dataset::read_document;
use crate::digest::Digest;
use crate::error::Result;
use crate::registry::{Record, Registry};

/// How one version of a dataset came about.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Lineage {
    /// The dataset.
    name: String,
    /// Digest of the content.
    #[schema(value_type = String)]
    version: Digest,
    /// Digest of everything the content was made from.
    #[schema(value_type = String)]
    recipe: Digest,
    /// What derived it: id, version and digest of the library.
    #[schema(value_type = Object)]
    module: Value,
    /// The parameters it was given.
    #[schema(value_type = Object)]
    parameters: Value,
    /// What it was derived from.
    inputs: Vec<Ingredient>,
    /// Every registration of the dataset, oldest first.
    history: Vec<Step>,
}

/// One input.
#[derive(Debug, Serialize, ToSchema)]
struct Ingredient {
    /// What the module takes it for.
    role: String,
    /// Name of the file.
    file: String,
    /// Digest of its bytes as they lay there.
    sha256: String,
    /// Registered datasets one of whose files has these very bytes.
    datasets: Vec<String>,
}

/// One registration.
#[derive(Debug, Serialize, ToSchema)]
struct Step {
    /// Counts from 1.
    sequence: u64,
    /// The version that became current.
    #[schema(value_type = String)]
    version: Digest,
    /// What it was made from.
    #[schema(value_type = String)]
    recipe: Digest,
    /// RFC 3339.
    registered_at: String,
    /// Who or what registered it.
    actor: String,
    /// Why this version must not be used, if it is retired now.
    retired: Option<String>,
}

/// The lineage of one record, as an answer.
///
/// # Errors
/// [`Kind::Corrupt`](crate::error::Kind::Corrupt) when a record of the dataset is damaged; the records cannot be listed.
pub fn answer(record: &Record, registry: &Registry) -> Result<Answer> {
    Ok(Answer::json(Envelope::of("host.lineage/1", Lineage::of(record, registry)?).to_json()?))
}

impl Lineage {
    fn of(record: &Record, registry: &Registry) -> Result<Self> {
        let history = registry.history(&record.name)?;
        let retired = history.last().map(|newest| newest.retired.clone()).unwrap_or_default();
        let part =
            |key: &str| record.provenance.pointer(&format!("/recipe/{key}")).cloned().unwrap_or_default();
        let made = Made::by(registry)?;
        let inputs = part("inputs");
        let inputs = inputs.as_array().into_iter().flatten().map(|input| {
            let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
            let sha256 = text("raw_sha256");
            Ingredient { role: text("role"), file: text("file"), datasets: made.with(&sha256), sha256 }
        });
        Ok(Self {
            name: record.name.to_string(),
            version: record.version,
            recipe: record.recipe,
            module: part("module"),
            parameters: part("parameters"),
            inputs: inputs.collect(),
            history: history
                .into_iter()
                .map(|step| Step {
                    retired: retired.get(&step.version).map(|retirement| retirement.reason.clone()),
                    sequence: step.sequence,
                    version: step.version,
                    recipe: step.recipe,
                    registered_at: step.registered_at,
                    actor: step.actor,
                })
                .collect(),
        })
    }
}

/// Which datasets have which files.
struct Made(Vec<(String, String)>);

impl Made {
    fn by(registry: &Registry) -> Result<Self> {
        let mut files = Vec::new();
        for name in registry.names()? {
            // A damaged one is for `check` to name.
            let Ok(Some(record)) = registry.current(&name) else { continue };
            let folder = registry.version_directory(&name, &record.version);
            let Ok(document) = read_document(&folder, Some(&record.version)) else { continue };
            let tables = document.tables.iter().map(|table| table.sha256);
            let digests = tables.chain(document.matrices.iter().map(|matrix| matrix.sha256));
            files.extend(digests.map(|sha256| (sha256.to_string(), name.to_string())));
        }
        Ok(Self(files))
    }

    fn with(&self, sha256: &str) -> Vec<String> {
        self.0.iter().filter(|(digest, _)| digest == sha256).map(|(_, name)| name.clone()).collect()
    }
}
