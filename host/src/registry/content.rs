//! The folder of one version: which files belong to it, and whether they are still what they were.
//!
//! `dataset.json` lists every other content file with its size and digest, and its own digest is the version, so the
//! name of the folder vouches for everything in it but `provenance.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::Deserialize;

use super::item::{Fault, ItemKind, read_document};
use super::record;
use crate::digest::Digest;

/// The document that lists the content.
pub(super) const DOCUMENT: &str = "dataset.json";
/// The one file in the folder that is not content.
pub(super) const PROVENANCE: &str = "provenance.json";

/// What the registry reads of a `dataset.json`.
#[derive(Debug, Deserialize)]
struct Document {
    #[serde(default)]
    tables: Vec<Listed>,
    #[serde(default)]
    matrices: Vec<Listed>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    file: String,
    sha256: Digest,
    bytes: u64,
}

/// Size and digest that a file must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Expected {
    pub(super) sha256: Digest,
    pub(super) bytes: u64,
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// Presence and size of every file, digest of the documents.
    Sizes,
    /// Digest of every file.
    Digests,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    pub(super) faults: Vec<Fault>,
    /// Content files that are there.
    pub(super) files: u64,
    /// Their size.
    pub(super) bytes: u64,
    /// Digest of `provenance.json`, if it can be read.
    pub(super) provenance: Option<Digest>,
}

/// The files that a `dataset.json` lists.
pub(super) fn listed(document: &[u8]) -> Result<BTreeMap<String, Expected>, String> {
    let document: Document = serde_json::from_slice(document).map_err(|error| error.to_string())?;
    let mut files = BTreeMap::new();
    for Listed { file, sha256, bytes } in document.tables.into_iter().chain(document.matrices) {
        let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', '\0']);
        if !plain || file == DOCUMENT || file == PROVENANCE {
            return Err(format!("`{}` cannot be the name of a content file", file.escape_debug()));
        }
        if let Some(file) = files.insert(file.clone(), Expected { sha256, bytes }).map(|_| file) {
            return Err(format!("`{file}` is listed twice"));
        }
    }
    Ok(files)
}

/// The digest of every file that a `dataset.json` lists, if it can be read.
pub(crate) fn digests_listed(document: &[u8]) -> Option<BTreeMap<String, Digest>> {
    let files = listed(document).ok()?;
    Some(files.into_iter().map(|(name, expected)| (name, expected.sha256)).collect())
}

/// Compares a folder with its version. The faults come in the order of the file names.
pub(super) fn inspect(directory: &Path, version: &Digest, depth: Depth) -> Inspection {
    let mut inspection = Inspection::default();
    match directory.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => {}
        Ok(_) => {
            inspection.faults.push(Fault::new(ItemKind::VersionMissing, directory, "it is not a folder"));
            return inspection;
        }
        Err(error) => {
            inspection.faults.push(Fault::reading(ItemKind::VersionMissing, directory, &error));
            return inspection;
        }
    }
    inspection.look_into(directory, version, depth);
    inspection.faults.sort_by(|one, other| one.path.cmp(&other.path));
    inspection
}

impl Inspection {
    /// Whether everything but the provenance is what was registered. What somebody put beside it does no harm to it.
    pub(super) fn content_intact(&self) -> bool {
        let is_provenance = |path: &Path| path.file_name().is_some_and(|name| name == PROVENANCE);
        self.faults.iter().filter(|fault| fault.is_loss()).all(|fault| is_provenance(&fault.path))
    }

    /// The first file that is not what was registered.
    pub(super) fn into_damage(self) -> Option<Fault> {
        self.faults.into_iter().find(Fault::is_loss)
    }

    fn look_into(&mut self, directory: &Path, version: &Digest, depth: Depth) {
        match read_document(ItemKind::FileMissing, &directory.join(PROVENANCE)) {
            Ok(bytes) => self.provenance = Some(Digest::of(&bytes)),
            Err(fault) => self.faults.push(fault),
        }
        let path = directory.join(DOCUMENT);
        let document = match read_document(ItemKind::FileMissing, &path) {
            Ok(document) => document,
            Err(fault) => return self.faults.push(fault),
        };
        let found = Digest::of(&document);
        if found != *version {
            let message =
                format!("its sha256 is {found}, which is not the version its folder is named after");
            return self.faults.push(Fault::new(ItemKind::DocumentEdited, path, message));
        }
        let expected = match listed(&document) {
            Ok(expected) => expected,
            Err(message) => {
                let message = format!("it does not list its files: {message}");
                return self.faults.push(Fault::new(ItemKind::DocumentEdited, path, message));
            }
        };
        self.count(u64::try_from(document.len()).unwrap_or(u64::MAX));
        for (file, expected) in &expected {
            match compare(&directory.join(file), expected, depth) {
                Ok(()) => self.count(expected.bytes),
                Err(fault) => self.faults.push(fault),
            }
        }
        let known: BTreeSet<&str> =
            expected.keys().map(String::as_str).chain([DOCUMENT, PROVENANCE]).collect();
        match record::entries(directory) {
            Ok(entries) => {
                for entry in entries.iter().filter(|entry| !known.contains(entry.as_str())) {
                    self.faults.push(extra(directory, entry));
                }
            }
            Err(error) => self.faults.push(Fault::reading(ItemKind::VersionMissing, directory, &error)),
        }
    }

    fn count(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// Something that is not listed: a leftover of a killed process, or something that does not belong here.
pub(super) fn extra(directory: &Path, entry: &str) -> Fault {
    let path = directory.join(entry);
    if crate::durable::is_leftover(entry) {
        Fault::new(ItemKind::Leftover, path, "a killed process left it")
    } else {
        Fault::new(ItemKind::FileExtra, path, "nothing here was registered under this name")
    }
}

/// Compares one file with what it must be.
fn compare(path: &Path, expected: &Expected, depth: Depth) -> Result<(), Fault> {
    let unreadable = |error: io::Error| Fault::reading(ItemKind::FileMissing, path, &error);
    let metadata = fs_err::symlink_metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Fault::new(ItemKind::FileMissing, path, "it is not a regular file"));
    }
    let (found, bytes) = (metadata.len(), expected.bytes);
    if found < bytes {
        let message = format!("it has {found} bytes of {bytes}");
        return Err(Fault::new(ItemKind::FileTruncated, path, message));
    }
    if found > bytes {
        let message = format!("it has {found} bytes, {bytes} were written");
        return Err(Fault::new(ItemKind::DigestMismatch, path, message));
    }
    if depth == Depth::Digests {
        let (digest, _) = Digest::of_file(path).map_err(unreadable)?;
        if digest != expected.sha256 {
            let message = format!("its sha256 is {digest}, {} was written", expected.sha256);
            return Err(Fault::new(ItemKind::DigestMismatch, path, message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_the_files_of_tables_and_matrices() {
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let document = json!({
            "title": "ignored",
            "tables": [{"name": "data", "file": "data.parquet", "rows": 1, "sha256": one, "bytes": 1}],
            "matrices": [{"file": "covariance.npy", "sha256": two, "bytes": 2}],
        });
        let files = listed(document.to_string().as_bytes()).unwrap();
        assert_eq!(files["data.parquet"], Expected { sha256: one, bytes: 1 });
        assert_eq!(files["covariance.npy"], Expected { sha256: two, bytes: 2 });
    }

    #[test]
    fn refuses_names_that_lead_elsewhere() {
        for file in ["", ".hidden", "..", "../x", "/etc/passwd", "a/b", "dataset.json", "provenance.json"] {
            let document = json!({"tables": [{"file": file, "sha256": Digest::ZERO, "bytes": 0}]});
            assert!(listed(document.to_string().as_bytes()).is_err(), "{file}");
        }
        let table = json!({"file": "a", "sha256": Digest::ZERO, "bytes": 0});
        let twice = json!({"tables": [table], "matrices": [table]});
        assert!(listed(twice.to_string().as_bytes()).unwrap_err().contains("twice"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_parsed_or_refused(bytes in any::<Vec<u8>>()) {
            drop(listed(&bytes));
        }
    }
}
