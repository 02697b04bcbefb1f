//! What a module's catalogue says of a published dataset: the file `catalogue.json` beside its `module.json`.
//!
//! The host reads the same file to list and fetch datasets; here it gives a recognised release its name, papers,
//! licence and conflicts, so that none of them is written down twice.

use std::collections::BTreeMap;

use plugin_api::{Citation, Derived, ModuleError};
use serde::Deserialize;
use serde_json::{Value, json};

/// The public datasets of one module.
#[derive(Debug, Deserialize)]
pub struct Catalogue {
    datasets: BTreeMap<String, Publication>,
}

/// A published dataset.
#[derive(Debug, Deserialize)]
pub struct Publication {
    /// One line.
    pub title: String,
    /// Papers to cite when using it.
    #[serde(default)]
    pub citation: Vec<Citation>,
    /// Licence of the data.
    #[serde(default)]
    pub licence: String,
    /// Published files by role: `url` or `bundled`, `sha256`, `bytes`.
    #[serde(default)]
    pub inputs: Value,
    /// Datasets that hold some of the same information: objects with `with` and `reason`.
    #[serde(default)]
    pub conflicts: Vec<Value>,
    /// What a user should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl Catalogue {
    /// Reads an embedded catalogue.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] when the module carries a damaged one.
    pub fn parse(text: &str) -> Result<Self, ModuleError> {
        serde_json::from_str(text)
            .map_err(|error| ModuleError::internal(format!("the embedded catalogue is damaged: {error}")))
    }

    /// The dataset of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Publication> {
        self.datasets.get(name)
    }

    /// All names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.datasets.keys().map(String::as_str)
    }

    /// Notes that a result is the published dataset `name`: title, papers, licence, files, conflicts, notes. Without a
    /// name, that it is none that is known.
    #[must_use]
    pub fn describe<'a>(&self, derived: Derived<'a>, name: Option<&str>) -> Derived<'a> {
        let derived = derived.note("release", json!(name));
        let Some(publication) = name.and_then(|name| self.get(name)) else { return derived };
        derived
            .note("title", json!(publication.title))
            .note("citations", json!(publication.citation))
            .note("data_licence", json!(publication.licence))
            .note("published_files", publication.inputs.clone())
            .note("conflicts", json!(publication.conflicts))
            .note("notes", json!(publication.notes))
    }
}
