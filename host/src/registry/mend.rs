//! Single repairs of what the registry keeps. Each is told in the audit log, with what was there before and what is there
//! after; what was there is set aside and never deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::audit::{Action, RecordLine, Tail};
use super::commit::{QUARANTINE_PREFIX, free_place};
use super::content::{self, Depth, PROVENANCE};
use super::item::{ItemKind, read_document};
use super::name::DatasetName;
use super::record::{self, Record};
use super::{DataRoot, Registry, root};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// What the audit log tells of records and versions.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Digests of records, by dataset and number. There are several where a record was lost and another got its number:
    /// the last one counts.
    pub records: BTreeMap<(DatasetName, u64), Vec<Digest>>,
    /// Versions that were registered.
    pub versions: BTreeSet<(DatasetName, Digest)>,
}

impl Evidence {
    /// The digest that a record must have.
    #[must_use]
    pub fn record(&self, name: &DatasetName, sequence: u64) -> Option<Digest> {
        self.records.get(&(name.clone(), sequence))?.last().copied()
    }

    /// The datasets of which a record is missing or is not the one that was written.
    pub(super) fn incomplete(&self, root: &DataRoot) -> BTreeSet<DatasetName> {
        let lost = self.records.iter().filter(|((name, sequence), digests)| {
            let found = record::digest_of(root, name, *sequence);
            !matches!(digests.as_slice(), [only] if Some(*only) == found)
        });
        lost.map(|((name, _), _)| name.clone()).collect()
    }
}

/// Who repairs, and when.
#[derive(Debug, Clone, Copy)]
pub struct By<'a> {
    /// Who or what.
    pub actor: &'a str,
    /// RFC 3339.
    pub now: &'a str,
}

impl By<'_> {
    pub(super) fn action(self, action: &str, subject: &str, details: Value) -> Action {
        Action {
            time: self.now.to_owned(),
            actor: self.actor.to_owned(),
            action: action.to_owned(),
            subject: subject.to_owned(),
            details,
        }
    }
}

impl Registry {
    /// Finishes or drops what a killed writer began.
    ///
    /// # Errors
    /// [`Kind::Locked`], [`Kind::Maintenance`] or [`Kind::Storage`].
    pub fn settle(&self) -> Result<()> {
        self.begin_writing().map(drop)
    }

    /// Moves something into quarantine and says where it is. The log tells of it first: whoever is killed in between does
    /// it once more.
    ///
    /// # Errors
    /// [`Kind::Locked`], [`Kind::Maintenance`] or [`Kind::Storage`].
    pub fn set_aside(&self, path: &Path, why: &str, by: By<'_>) -> Result<PathBuf> {
        let (_lock, mut tail) = self.begin_writing()?;
        let place = self.tell_of_quarantine(path, why, by, &mut tail)?;
        durable::rename(path, &place).storage("move something into quarantine")?;
        Ok(place)
    }

    /// Says in the log that something goes into quarantine, and where it will be.
    pub(super) fn tell_of_quarantine(
        &self,
        path: &Path,
        why: &str,
        by: By<'_>,
        tail: &mut Tail,
    ) -> Result<PathBuf> {
        let place = quarantine_of(&self.root, path);
        let (from, to) = (self.root.relative(path).display(), self.root.relative(&place).display());
        let details = json!({"reason": why, "before": from.to_string(), "after": to.to_string()});
        let action = by.action("quarantine", &from.to_string(), details);
        self.audit().append(tail, &action)?;
        self.audit().publish_head(tail)?;
        Ok(place)
    }

    /// The digest that a record must have, as the audit log tells it.
    ///
    /// # Errors
    /// The audit log cannot be read.
    pub fn logged_record(&self, name: &DatasetName, sequence: u64) -> Result<Option<Digest>> {
        Ok(self.evidence()?.record(name, sequence))
    }

    /// What the sound lines of the audit log tell of records and versions.
    ///
    /// # Errors
    /// The audit log cannot be read.
    pub fn evidence(&self) -> Result<Evidence> {
        let mut evidence = Evidence::default();
        self.audit().verify_with(|entry| {
            if let Some(RecordLine { name, sequence, version, record, .. }) = RecordLine::of(&entry) {
                let digests = evidence.records.entry((name.clone(), sequence)).or_default();
                if !digests.contains(&record) {
                    digests.push(record);
                }
                evidence.versions.insert((name, version));
            }
        })?;
        Ok(evidence)
    }

    /// Whether every byte of a version but its provenance is what was registered.
    #[must_use]
    pub fn has_content(&self, name: &DatasetName, version: &Digest) -> bool {
        content::inspect(&self.root.version(name, version), version, Depth::Digests).content_intact()
    }

    /// The bytes of a record that was only written in another way, if they have the digest that the audit log tells.
    ///
    /// # Errors
    /// The audit log cannot be read.
    pub fn respelt_record(&self, name: &DatasetName, sequence: u64) -> Result<Option<Vec<u8>>> {
        let Ok(bytes) = read_document(ItemKind::RecordMissing, &self.root.record(name, sequence)) else {
            return Ok(None);
        };
        let Some(respelt) = record::respelt(&bytes) else { return Ok(None) };
        let logged = self.logged_record(name, sequence)?;
        Ok(Some(respelt).filter(|bytes| logged == Some(Digest::of(bytes))))
    }

    /// Writes the mark of the data root again.
    ///
    /// # Errors
    /// As [`Registry::set_aside`].
    pub fn mend_format(&self, before: &str, by: By<'_>) -> Result<()> {
        let (_lock, mut tail) = self.begin_writing()?;
        let details = json!({"before": before, "after": root::FORMAT_NAME});
        self.audit().append(&mut tail, &by.action("repair-format", "data root", details))?;
        self.audit().publish_head(&mut tail)?;
        self.root.write_format()
    }

    /// Gives a file or folder its usual mode.
    ///
    /// # Errors
    /// As [`Registry::set_aside`].
    pub fn mend_mode(&self, path: &Path, before: &str, by: By<'_>) -> Result<()> {
        let (_lock, mut tail) = self.begin_writing()?;
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        let details = json!({"before": before, "after": format!("its mode is {mode:04o}")});
        let subject = self.root.relative(path).display().to_string();
        self.audit().append(&mut tail, &by.action("repair-mode", &subject, details))?;
        self.audit().publish_head(&mut tail)?;
        durable::set_mode(path, mode).storage("change a mode")
    }

    /// What an unregistered version says of itself, if all of it holds: content, provenance, name.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] with what does not hold.
    pub fn adoptable(&self, name: &DatasetName, version: &Digest) -> Result<Record> {
        let directory = self.root.version(name, version);
        let refuse = |why: &str| {
            let message = format!("version {} of `{name}` cannot be adopted", version.short());
            Error::new(Kind::Corrupt, message).cause(why)
        };
        let inspection = content::inspect(&directory, version, Depth::Digests);
        if let Some(fault) = inspection.faults.first() {
            return Err(refuse(&fault.message));
        }
        let path = directory.join(PROVENANCE);
        let bytes = read_document(ItemKind::FileMissing, &path).map_err(|fault| refuse(&fault.message))?;
        let provenance: Value = serde_json::from_slice(&bytes).map_err(|error| refuse(&error.to_string()))?;
        let text = |pointer: &str| provenance.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let holds = text("/name") == name.as_str() && text("/version") == version.to_string();
        let recipe: Option<Digest> = text("/recipe/id").parse().ok();
        match recipe {
            Some(recipe) if holds && record::provenance_bytes(&provenance) == bytes => {
                Ok(Record::unregistered(name.clone(), *version, recipe, provenance))
            }
            _ => Err(refuse("its `provenance.json` is not that of this version")),
        }
    }
}

/// A free place for something that is set aside, on the same file system.
fn quarantine_of(root: &DataRoot, path: &Path) -> PathBuf {
    let parent = if path.starts_with(root.derived()) { root.derived() } else { root.registry() };
    let below = path.strip_prefix(&parent).unwrap_or(path);
    let plain =
        |letter: char| if letter.is_ascii_alphanumeric() || "._".contains(letter) { letter } else { '-' };
    // Digests are shortened, so that the name stays one that every file system takes.
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy().into_owned());
    let parts = parts.map(|part| part.parse::<Digest>().map_or(part, |digest| digest.short()));
    let name: String = parts.collect::<Vec<_>>().join("-").chars().map(plain).take(150).collect();
    free_place(&parent, &format!("{QUARANTINE_PREFIX}{name}"))
}
