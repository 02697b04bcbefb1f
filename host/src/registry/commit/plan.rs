//! What a registration finds, and what it is therefore going to write. Nothing is written here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::super::Registry;
use super::super::item::LARGEST_DOCUMENT;
use super::super::mend::By;
use super::super::name::DatasetName;
use super::super::record::{self, RECORD_SCHEMA, Record, Removal, provenance_bytes};
use super::super::recover::{Intent, Planned};
use super::super::root::DataRoot;
use super::{Registration, Selection};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};

/// What the records of a dataset say about a registration. Records never change, so it stays true and can be extended.
#[derive(Default)]
pub(super) struct Known {
    /// Up to which record it goes.
    pub(super) highest: u64,
    /// Digests of every `provenance.json` that belongs to the version.
    pub(super) provenances: BTreeSet<Digest>,
    /// The recipe's newest record.
    pub(super) recipe: Option<Record>,
    /// The highest record if it can be read; for others to follow, the newest that can.
    pub(super) newest: Option<Record>,
}

impl Known {
    /// Adds what the records say that were published since.
    pub(super) fn extend(
        &mut self,
        root: &DataRoot,
        name: &DatasetName,
        recipe: &Digest,
        version: &Digest,
    ) -> Result<()> {
        let sequences = record::sequences(root, name).storage("list the records")?;
        let before = self.highest;
        let newer: Vec<u64> = sequences.iter().copied().filter(|sequence| *sequence > before).collect();
        for record in record::mentioning(root, name, newer.iter().copied(), &[*recipe, *version]) {
            if record.version == *version {
                self.provenances.insert(record.provenance_sha256);
            }
            if record.recipe == *recipe {
                self.recipe = Some(record);
            }
        }
        if let Some(highest) = newer.last() {
            self.highest = *highest;
            self.newest =
                sequences.iter().rev().find_map(|sequence| record::read(root, name, *sequence).ok());
        }
        Ok(())
    }

    /// The current record; nothing if it cannot be read.
    pub(super) fn current(&self) -> Option<&Record> {
        self.newest.as_ref().filter(|record| record.sequence == self.highest)
    }

    /// What is removed, without the version that is there again.
    fn removed_but(&self, version: &Digest) -> BTreeMap<Digest, Removal> {
        let mut removed = self.newest.as_ref().map(|record| record.removed.clone()).unwrap_or_default();
        removed.remove(version);
        removed
    }

    /// What is retired comes back on demand only, whatever gives it.
    fn refuse_retired(&self, name: &DatasetName, version: &Digest) -> Result<()> {
        match self.newest.as_ref().and_then(|newest| newest.retired.get(version)) {
            None => Ok(()),
            Some(retirement) => Err(retirement
                .error(name, version)
                .hint("pass `--force` to take the retirement back and register it again")),
        }
    }

    /// A recipe determines its content, which must not be retired.
    pub(super) fn refuse_other_content(&self, registration: &Registration<'_>) -> Result<()> {
        match &self.recipe {
            Some(record) if record.version != registration.version => {
                let (name, recipe) = (registration.name, registration.recipe.short());
                Err(Error::new(Kind::CheckFailed, format!("the same recipe gave other content for `{name}`"))
                    .cause(format!(
                        "recipe {recipe} gave version {} on {} and gives version {} now",
                        record.version.short(),
                        record.registered_at,
                        registration.version.short()
                    ))
                    .hint(
                        "report it to the author of the module: its result depends on more than its inputs",
                    ))
            }
            _ => self.refuse_retired(registration.name, &registration.version),
        }
    }
}

/// Where the next record of a dataset goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) sequence: u64,
    /// The version of the record before.
    pub(super) previous: Option<Digest>,
}

impl Registry {
    /// Where the record after the one with the highest number goes, 0 if there is none: after every other one that the
    /// audit log tells of, too, so that one that is lost can come back under its number. `newest` is the newest that can
    /// be read. The caller keeps other writers out.
    pub(super) fn place_after(
        &self,
        name: &DatasetName,
        highest: u64,
        newest: Option<&Record>,
    ) -> Result<Place> {
        // The name of a new dataset stands nowhere in the log, which would be read as a whole.
        let is_new = highest == 0 && !self.root.dataset(name).exists();
        let told = if is_new { None } else { self.audit().last_of(name).storage("read the audit log")? };
        Ok(match told.filter(|told| told.sequence >= highest) {
            Some(told) => Place { sequence: told.sequence.saturating_add(1), previous: Some(told.version) },
            None => {
                Place { sequence: highest.saturating_add(1), previous: newest.map(|record| record.version) }
            }
        })
    }
}

/// What is going to be written.
pub(super) struct Plan {
    pub(super) intent: Intent,
    /// The record that is current afterwards.
    pub(super) record: Record,
    /// Its bytes, unless it is there already.
    pub(super) bytes: Option<Vec<u8>>,
}

impl Plan {
    pub(super) fn register(
        known: &Known,
        place: Place,
        registration: &Registration<'_>,
        quarantined: Option<&str>,
    ) -> Result<Self> {
        let record = Record {
            schema: RECORD_SCHEMA.to_owned(),
            sequence: place.sequence,
            name: registration.name.clone(),
            version: registration.version,
            recipe: registration.recipe,
            registered_at: registration.now.clone(),
            actor: registration.actor.to_owned(),
            previous: place.previous,
            provenance_sha256: Digest::of(&provenance_bytes(&registration.provenance)),
            provenance: registration.provenance.clone(),
            execution: registration.execution.clone(),
            retired: known.newest.as_ref().map(|record| record.retired.clone()).unwrap_or_default(),
            removed: known.removed_but(&registration.version),
        };
        let by = By { actor: registration.actor, now: &registration.now };
        Self::with_record("register", record, by, quarantined)
    }

    pub(super) fn select(
        known: &Known,
        place: Place,
        chosen: Record,
        selection: &Selection<'_>,
    ) -> Result<Self> {
        known.refuse_retired(selection.name, &selection.version)?;
        let record = Record {
            sequence: place.sequence,
            retired: known.newest.as_ref().map(|record| record.retired.clone()).unwrap_or_default(),
            removed: known.removed_but(&selection.version),
            registered_at: selection.now.clone(),
            actor: selection.actor.to_owned(),
            previous: place.previous,
            ..chosen
        };
        let by = By { actor: selection.actor, now: &selection.now };
        Self::with_record("select", record, by, None)
    }

    /// A record, and the line that says who wrote it when; those in the record say it of the registration.
    pub(super) fn with_record(
        action: &str,
        record: Record,
        by: By<'_>,
        quarantined: Option<&str>,
    ) -> Result<Self> {
        let bytes = record.to_bytes();
        limit("the record", bytes.len())?;
        let planned = Planned { sequence: record.sequence, sha256: Digest::of(&bytes) };
        let mut details = json!({
            "sequence": record.sequence,
            "version": record.version,
            "recipe": record.recipe,
            "previous": record.previous,
            "record_sha256": planned.sha256,
            "provenance_sha256": record.provenance_sha256,
            "before": {"current": record.previous},
            "after": {"current": record.version},
        });
        // Who vouched for the module that ran.
        if let Some(trust) = record.execution.get("trust") {
            details["trust"] = trust.clone();
        }
        if let Some(quarantined) = quarantined {
            details["quarantined"] = Value::String(quarantined.to_owned());
        }
        let action = by.action(action, record.name.as_str(), details);
        let intent = Intent::new(action, record.name.clone(), record.version, Some(planned));
        Ok(Self { intent, record, bytes: Some(bytes) })
    }

    /// The content of a record's version is put back, `from` somewhere; `damage` says what was there.
    pub(super) fn repair(
        record: &Record,
        by: By<'_>,
        from: &str,
        damage: &str,
        quarantined: Option<&str>,
    ) -> Self {
        let details = json!({
            "version": record.version,
            "from": from,
            "quarantined": quarantined,
            "before": damage,
            "after": "as it was registered",
        });
        let action = by.action("repair", record.name.as_str(), details);
        let mut intent = Intent::new(action, record.name.clone(), record.version, None);
        intent.provenance = Some(record.provenance_sha256);
        Self { intent, record: record.clone(), bytes: None }
    }
}

/// No document is larger than a reader takes.
pub(super) fn limit(what: &str, length: usize) -> Result<()> {
    if u64::try_from(length).is_ok_and(|length| length <= LARGEST_DOCUMENT) {
        return Ok(());
    }
    let error = Error::new(Kind::Limit, format!("{what} would have {length} bytes"));
    Err(error.cause(format!("the limit is {LARGEST_DOCUMENT}")))
}
