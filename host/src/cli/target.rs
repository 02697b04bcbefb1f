//! What a user names: a registered dataset, one of its versions, or a folder that holds a dataset.

use std::path::{Path, PathBuf};

use crate::cli::Context;
use crate::dataset::{DOCUMENT_FILE, Dataset, DatasetDocument, decode};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::registry::{DatasetName, Record, Registry};

/// A dataset that was found.
#[derive(Debug)]
pub(super) struct Target {
    /// As the user named it.
    pub(super) label: String,
    /// Where its files are.
    pub(super) path: PathBuf,
    /// How it was registered; absent for a folder.
    pub(super) record: Option<Record>,
}

impl Target {
    /// Finds `NAME`, `NAME@VERSION` with the first digits of a version, or a folder.
    ///
    /// # Errors
    /// [`Kind::Usage`] when no such dataset or version is registered, [`Kind::BadInput`] when a folder holds none.
    pub(super) fn find(text: &str, context: &Context) -> Result<Self> {
        let label = text.to_owned();
        if text.contains('/') || Path::new(text).join(DOCUMENT_FILE).is_file() {
            let path = PathBuf::from(text);
            if !path.join(DOCUMENT_FILE).is_file() {
                return Err(Error::new(
                    Kind::BadInput,
                    format!("there is no dataset in `{}`", path.display()),
                )
                .hint("name a registered dataset, or a folder with a `dataset.json`"));
            }
            return Ok(Self { label, path, record: None });
        }
        let (record, path) = context.version(text)?;
        Ok(Self { label, path, record: Some(record) })
    }

    /// The version it was registered as.
    pub(super) fn version(&self) -> Option<&Digest> {
        self.record.as_ref().map(|record| &record.version)
    }

    /// The name for files made from it.
    pub(super) fn name(&self) -> String {
        match &self.record {
            Some(record) => record.name.to_string(),
            None => self.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        }
    }

    /// Reads and verifies it.
    ///
    /// # Errors
    /// As [`decode`].
    pub(super) fn read(&self, context: &Context) -> Result<(DatasetDocument, Dataset)> {
        decode(&self.path, self.version(), context.settings.chunk_rows())
    }
}

/// The record that `NAME` or `NAME@VERSION` stands for. A name alone stands for no retired version; a version that is named
/// is given with a warning.
pub(super) fn version(text: &str, registry: &Registry) -> Result<Record> {
    if !text.contains('@') {
        return registry.require(&DatasetName::new(text)?);
    }
    let record = registry.named(text)?;
    if let Some(retirement) = registry.retirement(&record.name, &record.version)? {
        tracing::warn!("{}", retirement.error(&record.name, &record.version));
    }
    Ok(record)
}
