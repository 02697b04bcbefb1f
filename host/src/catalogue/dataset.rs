//! One dataset that can be named, and the job that prepares it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plugin_api::{BundledDataset, Citation, Descriptor};
use serde::Serialize;
use serde_json::Value;

use super::document::{Entry, Input};
use super::remote::RemoteFile;
use crate::raw::RawStore;
use crate::stages::parameters::Given;
use crate::stages::plan::{InputPath, Job, JobInput};

/// Where a dataset is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// In the user's datasets manifest.
    Manifest,
    /// In the catalogue of its module.
    Catalogue,
    /// Among the bundled datasets of its module.
    Bundled,
}

/// A dataset that can be prepared.
#[derive(Debug, Clone)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Id of its module, or path of the module's library.
    pub module: String,
    /// Where it is described.
    pub origin: Origin,
    pub(super) entry: Entry,
    pub(super) folder: Option<PathBuf>,
    pub(super) described: Option<Arc<Described>>,
}

/// What a module says of itself, without its files.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) version: String,
    pub(super) descriptor: Descriptor,
}

impl Dataset {
    /// What prepares it, with fetched files from `raw`.
    #[must_use]
    pub fn job(&self, raw: &RawStore) -> Job {
        let inputs = self.entry.inputs.iter().map(|(role, input)| {
            let input = match input {
                Input::Path { path, sha256, bytes } => JobInput::File(InputPath {
                    path: path.clone(),
                    confined_to: self.folder.clone(),
                    sha256: *sha256,
                    bytes: *bytes,
                    fetched_for: None,
                }),
                Input::Remote(file) => JobInput::File(InputPath {
                    path: raw.path(file),
                    confined_to: None,
                    sha256: Some(file.sha256),
                    bytes: Some(file.bytes),
                    fetched_for: Some(self.name.clone()),
                }),
                Input::Object(object) => JobInput::Object(object.clone()),
                Input::Bundled { file, sha256, .. } => {
                    JobInput::Bundled { file: file.clone(), sha256: *sha256 }
                }
            };
            (role.clone(), input)
        });
        Job {
            module: self.module.clone(),
            name: Some(self.name.clone()),
            inputs: inputs.collect(),
            parameters: self.given(),
            title: self.entry.title.clone(),
            citations: self.entry.citation.clone(),
            licence: self.entry.licence.clone(),
            puts_back: None,
        }
    }

    pub(super) fn given(&self) -> Vec<(String, Given)> {
        let parameters = self.entry.parameters.iter();
        parameters.map(|(name, value)| (name.clone(), Given::Json(value.clone()))).collect()
    }

    /// Its inputs by role.
    pub fn inputs(&self) -> impl Iterator<Item = (&str, &Input)> {
        self.entry.inputs.iter().map(|(role, input)| (role.as_str(), input))
    }

    /// The files of it that are fetched, by role.
    pub fn remote_files(&self) -> impl Iterator<Item = (&str, &RemoteFile)> {
        self.inputs().filter_map(|(role, input)| match input {
            Input::Remote(file) => Some((role, file)),
            Input::Path { .. } | Input::Object(_) | Input::Bundled { .. } => None,
        })
    }

    /// Whether a file of the user's is there.
    pub(super) fn has_path(&self, path: &Path) -> bool {
        self.folder.as_ref().is_some_and(|folder| folder.join(path).is_file())
    }

    /// One line; empty when nobody gave one.
    #[must_use]
    pub fn title(&self) -> &str {
        self.entry.title.as_deref().unwrap_or_default()
    }

    /// Parameters it is prepared with.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entry.parameters.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Papers to cite when using it.
    #[must_use]
    pub fn citations(&self) -> &[Citation] {
        &self.entry.citation
    }

    /// Licence of the data.
    #[must_use]
    pub fn licence(&self) -> &str {
        self.entry.licence.as_deref().unwrap_or_default()
    }

    /// What a user should know.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.entry.notes
    }
}

pub(super) fn bundled_entry(dataset: &BundledDataset) -> Entry {
    let inputs = dataset.inputs.iter().map(|(role, file)| {
        let (file, sha256) = (file.file.clone(), file.sha256.parse().ok());
        (role.clone(), Input::Bundled { file, sha256, bytes: None })
    });
    Entry {
        inputs: inputs.collect(),
        parameters: dataset.parameters.clone(),
        title: Some(dataset.title.clone()),
        citation: dataset.citations.clone(),
        licence: Some(dataset.licence.clone()),
        ..Entry::default()
    }
}

/// An entry without inputs means what its module knows, with what it says itself on top.
pub(super) fn completed(own: Entry, known: &Entry) -> Entry {
    let mut parameters = known.parameters.clone();
    parameters.extend(own.parameters);
    Entry {
        inputs: known.inputs.clone(),
        parameters,
        title: own.title.or_else(|| known.title.clone()),
        citation: if own.citation.is_empty() { known.citation.clone() } else { own.citation },
        licence: own.licence.or_else(|| known.licence.clone()),
        notes: if own.notes.is_empty() { known.notes.clone() } else { own.notes },
        module: own.module,
        conflicts: own.conflicts,
    }
}
