//! What a snapshot holds, and its reader, which trusts nothing that it reads.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::path::{Part, SavedPath};
use crate::digest::Digest;
use crate::registry::sealed;

/// The schema of manifests this host writes and reads.
pub(super) const MANIFEST_SCHEMA: &str = "host.backup-snapshot/1";

/// No manifest is larger; a larger file is damage and is not read into memory.
pub(super) const LARGEST_MANIFEST: u64 = 512 * 1024 * 1024;

/// Bits that a file or folder may have; nothing that runs as somebody else comes out of a backup.
const PERMISSIONS: u32 = 0o777;

/// One snapshot. On disk it also carries `sha256`, the digest of everything else in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The schema.
    pub schema: String,
    /// The name of its file, beginning with the time: snapshots sort by age.
    pub id: String,
    /// When everything was as it is here; RFC 3339, UTC.
    pub created: String,
    /// Version of the host that made it.
    pub host: String,
    /// What its maker called it.
    pub tag: Option<String>,
    /// The data root.
    pub origin: String,
    /// What was to be saved.
    pub parts: BTreeSet<Part>,
    /// How much it holds.
    pub counts: Counts,
    /// What was damaged when it was saved, or could not be saved.
    pub damage: Vec<Damage>,
    /// Everything in it, in the order of the paths; a folder comes before what is in it.
    pub entries: Vec<Entry>,
    /// The seal. Nothing while it is in memory.
    #[serde(default, skip_serializing)]
    sha256: Option<Digest>,
}

/// How much a snapshot holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// Files.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Size of all files as they were.
    pub bytes: u64,
}

/// Something that is not sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// Where.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

/// A file or a folder. Nothing else is ever saved or restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where.
    pub path: SavedPath,
    /// Permissions, nine bits.
    pub mode: u32,
    /// What a file holds; nothing for a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<Content>,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// Digest of the bytes, and name of their object.
    pub sha256: Digest,
    /// How many bytes.
    pub bytes: u64,
    /// The number of the file in its file system: whether it is the same one next time.
    pub inode: u64,
    /// When it was last changed, nanoseconds since 1970 by the clock of its file system.
    pub changed_nanoseconds: i64,
}

impl Manifest {
    #[expect(clippy::too_many_arguments, reason = "the fields of the document, each once")]
    pub(super) fn new(
        id: String,
        created: String,
        tag: Option<String>,
        origin: String,
        parts: BTreeSet<Part>,
        damage: Vec<Damage>,
        entries: Vec<Entry>,
        counts: Counts,
    ) -> Self {
        let (schema, host) = (MANIFEST_SCHEMA.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
        Self { schema, id, created, host, tag, origin, parts, counts, damage, entries, sha256: None }
    }

    /// The bytes of its file.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        sealed::pretty(&sealed::seal(self))
    }

    /// Reads the bytes of the file named after `id`.
    ///
    /// # Errors
    /// Says in words what is wrong.
    pub fn parse(bytes: &[u8], id: &str) -> Result<Self, String> {
        let value = sealed::unseal(bytes, sealed::pretty).map_err(|fault| fault.to_string())?;
        match value.get("schema").and_then(serde_json::Value::as_str) {
            Some(MANIFEST_SCHEMA) => {}
            found => {
                let found = found.unwrap_or("none");
                return Err(format!("its schema is `{found}`, this host reads `{MANIFEST_SCHEMA}`"));
            }
        }
        let mut manifest =
            Self::deserialize(value).map_err(|error| format!("it cannot be parsed: {error}"))?;
        manifest.sha256 = None;
        if manifest.id != id {
            return Err(format!("it is snapshot `{}`", manifest.id.escape_debug()));
        }
        manifest.refuse_nonsense()?;
        Ok(manifest)
    }

    /// Whether datasets come out of it, with the records that tell of them.
    #[must_use]
    pub fn has_datasets(&self) -> bool {
        [Part::Derived, Part::Registry].iter().all(|part| self.parts.contains(part))
    }

    /// The objects it names.
    pub(super) fn objects(&self) -> impl Iterator<Item = &Content> {
        self.entries.iter().filter_map(|entry| entry.file.as_ref())
    }

    /// How much it holds of each part.
    #[must_use]
    pub fn sizes(&self) -> BTreeMap<Part, Counts> {
        let mut sizes = BTreeMap::new();
        for entry in &self.entries {
            let counts: &mut Counts = sizes.entry(entry.path.part()).or_default();
            counts.add(entry);
        }
        sizes
    }

    fn refuse_nonsense(&self) -> Result<(), String> {
        let mut folders = BTreeSet::new();
        let mut last: Option<&SavedPath> = None;
        for Entry { path, mode, file } in &self.entries {
            let shown = path.as_str().escape_debug();
            // In order and once each, so that no entry can be put in the place of another.
            if last.is_some_and(|last| last >= path) {
                return Err(format!("`{shown}` is out of order, or there twice"));
            }
            last = Some(path);
            if mode & !PERMISSIONS != 0 {
                return Err(format!("`{shown}` has the mode {mode:o}"));
            }
            if path.parent().is_some_and(|parent| !folders.contains(parent)) {
                return Err(format!("`{shown}` is in no folder"));
            }
            if path.parent().is_none() && file.is_some() {
                return Err(format!("`{shown}` is a file"));
            }
            if file.is_none() {
                folders.insert(path.as_str());
            }
        }
        let counts = Counts::of(&self.entries);
        if counts == self.counts {
            Ok(())
        } else {
            Err(format!("it states {:?} and has {counts:?}", self.counts))
        }
    }
}

impl Counts {
    /// Of so many entries.
    pub(super) fn of<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut counts = Self::default();
        entries.into_iter().for_each(|entry| counts.add(entry));
        counts
    }

    fn add(&mut self, entry: &Entry) {
        match entry.file {
            None => self.folders += 1,
            Some(file) => {
                self.files += 1;
                self.bytes = self.bytes.saturating_add(file.bytes);
            }
        }
    }
}
