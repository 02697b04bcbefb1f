//! Removing old versions, which nothing but this does.
//!
//! A removal is a record like any other: it names the version that is current and stays so, and says which versions are
//! removed; every later record carries that on. The record comes first and the folders go after it: a process that is
//! killed in between leaves an intent that tells the next writer which folders are to go.

mod judge;

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::Registry;
use super::super::audit::Tail;
use super::super::mend::By;
use super::super::name::DatasetName;
use super::super::record::{Record, Removal};
use super::plan::Plan;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext};

/// What may be removed.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Only what is out of use since before then.
    pub before: Timestamp,
    /// So many versions of each dataset stay, the newest ones.
    pub keep_last: usize,
    /// Whether retired versions go whatever their age.
    pub retired: bool,
}

/// What becomes of one version, or of something in quarantine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fate {
    /// The dataset; nothing for what is in quarantine.
    pub name: Option<DatasetName>,
    /// The version.
    pub version: Option<Digest>,
    /// Where it is or was, relative to the data root.
    pub path: String,
    /// Size of its files.
    pub bytes: u64,
    /// Since when it is out of use, RFC 3339.
    pub since: Option<String>,
    /// Why it stays; nothing if it goes.
    pub kept: Option<String>,
}

impl Registry {
    /// Removes old versions and what lies in quarantine for long, or only says what would go. Never removed are the current
    /// version of a dataset and one that another version was made of; so no version at all while a record is missing or
    /// damaged. Durable when it returns.
    ///
    /// # Errors
    /// [`Kind::Locked`](crate::error::Kind::Locked), [`Kind::Maintenance`](crate::error::Kind::Maintenance) or
    /// [`Kind::Storage`](crate::error::Kind::Storage). What was removed before stays so.
    pub fn collect(&self, limits: &Limits, only_say: bool, by: By<'_>) -> Result<Vec<Fate>> {
        if only_say {
            let _shared = self.hold_still()?;
            return self.fates(limits);
        }
        // Nobody registers what was made of a version while it goes.
        let (_lock, mut tail) = self.begin_writing()?;
        let fates = self.fates(limits)?;
        let mut going: BTreeMap<&DatasetName, Vec<&Fate>> = BTreeMap::new();
        for fate in fates.iter().filter(|fate| fate.kept.is_none()) {
            match &fate.name {
                Some(name) => going.entry(name).or_default().push(fate),
                None => self.remove_quarantined(fate, &mut tail, by)?,
            }
        }
        for (name, fates) in going {
            self.remove_versions(name, &fates, &mut tail, by)?;
        }
        Ok(fates)
    }

    /// When and by whom a version was removed, if it was.
    ///
    /// # Errors
    /// [`Kind::Corrupt`](crate::error::Kind::Corrupt) if the newest record is damaged.
    pub fn removal(&self, name: &DatasetName, version: &Digest) -> Result<Option<Removal>> {
        Ok(self.current(name)?.and_then(|mut current| current.removed.remove(version)))
    }

    fn remove_versions(
        &self,
        name: &DatasetName,
        fates: &[&Fate],
        tail: &mut Tail,
        by: By<'_>,
    ) -> Result<()> {
        let Some(current) = self.current(name)? else { return Ok(()) };
        let place = self.place_after(name, current.sequence, Some(&current))?;
        let mut record = Record { sequence: place.sequence, previous: place.previous, ..current };
        let versions: Vec<Digest> = fates.iter().filter_map(|fate| fate.version).collect();
        for version in &versions {
            record.removed.insert(*version, Removal { at: by.now.to_owned(), actor: by.actor.to_owned() });
        }
        let mut plan = Plan::with_record("gc", record, by, None)?;
        let before =
            fates.iter().map(|fate| json!({"path": fate.path, "bytes": fate.bytes, "since": fate.since}));
        let details = &mut plan.intent.action.details;
        details["before"] = before.collect();
        details["after"] = "removed".into();
        details["removed"] = versions.iter().map(|version| Value::from(version.to_string())).collect();
        plan.intent.removes.clone_from(&versions);
        plan.intent.publish(&self.root)?;
        self.publish_record(&plan)?;
        for version in &versions {
            discard(&self.root.version(name, version), &self.root.derived())?;
        }
        self.close(plan, tail).map(drop)
    }

    fn remove_quarantined(&self, fate: &Fate, tail: &mut Tail, by: By<'_>) -> Result<()> {
        let details = json!({"before": {"path": fate.path, "bytes": fate.bytes, "since": fate.since}, "after": "removed"});
        let log = self.audit();
        log.append(tail, &by.action("gc", &fate.path, details))?;
        log.publish_head(tail)?;
        let path = self.root.path().join(&fate.path);
        discard(&path, path.parent().unwrap_or(&path))
    }
}

/// Lets something disappear, if it is there.
pub(in crate::registry) fn discard(path: &Path, bin: &Path) -> Result<()> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    durable::discard(path, bin).storage("remove what is out of use")
}
