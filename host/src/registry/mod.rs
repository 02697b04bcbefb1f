//! The registry: which versions of which datasets exist, how each came about, and what was done in which order.
//!
//! The files are the truth (`derived/`, `registry/derived/`, `registry/audit/`); `registry/index.sqlite` is made from
//! them and can be thrown away.
//!
//! Invariants:
//! * what is published never changes: a version is named by the digest of its content, a record is written once;
//! * a retired version stays what it is and where it is; only whoever names it is given it;
//! * a version is removed by [`Registry::collect`] alone, which says so in a record, and what was current stays so;
//! * a record names only content that is durable, and the audit log names every record;
//! * one process writes at a time, under `registry/.lock`; readers need no lock;
//! * a process may be killed at any system call: what it reported as done is there, everything else is finished or
//!   dropped by the next writer, and until then [`check`] tells it from damage.

pub mod audit;
pub mod check;
mod commit;
mod content;
pub mod index;
mod item;
mod lock;
mod maintenance;
mod mend;
mod name;
mod named;
mod reason;
mod record;
mod recover;
mod root;
pub(crate) mod sealed;
mod told;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use commit::{Fate, Limits, Outcome, PutBack, PuttingBack, Registration, Retiring, Selection};
pub use item::{ItemKind, ItemSeverity};
pub use lock::DEFAULT_WAIT;
pub(crate) use lock::Lock;
pub(crate) use maintenance::FILE as MAINTENANCE_FILE;
pub use maintenance::Maintenance;
pub use mend::{By, Evidence};
pub use name::DatasetName;
pub use record::{RECORD_SCHEMA, Record, Removal, Retirement};
pub use root::DataRoot;

pub(crate) use content::digests_listed;

use content::Depth;
use item::ItemKind::RecordMissing;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};

/// The registry of one data root. Opening it reads and writes nothing.
#[derive(Debug, Clone)]
pub struct Registry {
    root: DataRoot,
    wait: Duration,
}

impl Registry {
    /// The registry of `root`; writers wait for each other up to [`DEFAULT_WAIT`].
    #[must_use]
    pub fn open(root: DataRoot) -> Self {
        Self { root, wait: DEFAULT_WAIT }
    }

    /// The same with another longest wait for the lock.
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Where it lies.
    #[must_use]
    pub fn root(&self) -> &DataRoot {
        &self.root
    }

    /// The audit log.
    #[must_use]
    pub fn audit(&self) -> audit::AuditLog {
        audit::AuditLog::new(&self.root.audit())
    }

    /// The folder of one version.
    #[must_use]
    pub fn version_directory(&self, name: &DatasetName, version: &Digest) -> PathBuf {
        self.root.version(name, version)
    }

    /// The newest record of a recipe whose content is there: a cache hit. Looks at the presence and size of every file
    /// and at the digest of `dataset.json`; [`Registry::verify_version`] looks at every byte.
    ///
    /// What is damaged is no hit, so deriving again puts it right.
    ///
    /// # Errors
    /// The records cannot be listed.
    pub fn lookup(&self, name: &DatasetName, recipe: &Digest) -> Result<Option<Record>> {
        let sequences = record::sequences(&self.root, name).storage("list the records")?;
        let newest_first = sequences.into_iter().rev();
        for record in record::mentioning(&self.root, name, newest_first, &[*recipe]) {
            if record.recipe != *recipe {
                continue;
            }
            let directory = self.root.version(name, &record.version);
            if !directory.exists()
                && self.removal(name, &record.version).is_ok_and(|removal| removal.is_some())
            {
                continue;
            }
            match content::inspect(&directory, &record.version, Depth::Sizes).into_damage() {
                None => return Ok(Some(record)),
                Some(fault) => {
                    let path = fault.path.display();
                    tracing::warn!(path = %path, "a damaged version is no cache hit: {}", fault.message);
                }
            }
        }
        Ok(None)
    }

    /// The record that says which version of a dataset is current; nothing if the dataset is unknown.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if that record is damaged: an older version is never passed off as the current one.
    pub fn current(&self, name: &DatasetName) -> Result<Option<Record>> {
        let sequences = record::sequences(&self.root, name).storage("list the records")?;
        sequences.last().map(|sequence| self.record(name, *sequence)).transpose()
    }

    /// The same for a dataset that must be there and not be retired.
    ///
    /// # Errors
    /// [`Kind::Usage`] if it is unknown, with the nearest name, or retired, with the reason; [`Kind::Corrupt`] if its
    /// newest record is damaged.
    pub fn require(&self, name: &DatasetName) -> Result<Record> {
        let record = self.require_even_retired(name)?;
        match record.retired.get(&record.version) {
            None => Ok(record),
            Some(retirement) => {
                let version = record.version.short();
                Err(retirement
                    .error(name, &record.version)
                    .hint(format!("name the version to have it all the same: `{name}@{version}`"))
                    .hint(format!("type `host retire {name} --undo` to take the retirement back")))
            }
        }
    }

    /// The same, whether it is retired or not.
    ///
    /// # Errors
    /// As [`Registry::require`], but for retirement.
    pub fn require_even_retired(&self, name: &DatasetName) -> Result<Record> {
        if let Some(record) = self.current(name)? {
            return Ok(record);
        }
        let error = Error::new(Kind::Usage, format!("no dataset `{name}` is registered"));
        let names = self.names()?;
        Err(match crate::text::nearest(name.as_str(), names.iter().map(DatasetName::as_str)) {
            Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
            None => error.hint("run `host list` to see what there is"),
        })
    }

    /// Why a version must not be used, if it is retired.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if the newest record is damaged.
    pub fn retirement(&self, name: &DatasetName, version: &Digest) -> Result<Option<Retirement>> {
        Ok(self.current(name)?.and_then(|mut current| current.retired.remove(version)))
    }

    /// Whether a record is the one that says which version of its dataset is current, and durably so.
    ///
    /// # Errors
    /// The records cannot be listed.
    pub fn is_current(&self, record: &Record) -> Result<bool> {
        // While an intent is pending, what a killed process left may not be durable: a writer has to look after it.
        if recover::Intent::path(&self.root).exists() {
            return Ok(false);
        }
        let sequences = record::sequences(&self.root, &record.name).storage("list the records")?;
        Ok(sequences.last() == Some(&record.sequence))
    }

    /// The newest readable record of a version.
    ///
    /// # Errors
    /// The records cannot be listed.
    pub fn newest_of(&self, name: &DatasetName, version: &Digest) -> Result<Option<Record>> {
        let sequences = record::sequences(&self.root, name).storage("list the records")?;
        let mut records = record::mentioning(&self.root, name, sequences.into_iter().rev(), &[*version]);
        Ok(records.find(|record| record.version == *version))
    }

    /// Whether every byte of a version is what a record says, its provenance included.
    #[must_use]
    pub fn is_whole(&self, record: &Record) -> bool {
        let directory = self.root.version(&record.name, &record.version);
        let inspection = content::inspect(&directory, &record.version, Depth::Digests);
        inspection.provenance == Some(record.provenance_sha256) && inspection.into_damage().is_none()
    }

    /// Every record of a dataset, oldest first.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] at the first damaged one.
    pub fn history(&self, name: &DatasetName) -> Result<Vec<Record>> {
        let sequences = record::sequences(&self.root, name).storage("list the records")?;
        sequences.into_iter().map(|sequence| self.record(name, sequence)).collect()
    }

    /// One record.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is missing or damaged.
    pub fn record(&self, name: &DatasetName, sequence: u64) -> Result<Record> {
        record::read(&self.root, name, sequence).map_err(|fault| {
            let what = if fault.kind == RecordMissing { "missing" } else { "damaged" };
            fault.into_error(format!("record {sequence} of `{name}` is {what}"))
        })
    }

    /// The names of all datasets, in order.
    ///
    /// # Errors
    /// The folders cannot be listed.
    pub fn names(&self) -> Result<Vec<DatasetName>> {
        let mut names = Vec::new();
        for name in record::names(&self.root).storage("list the datasets")? {
            // A registration that was killed may leave an empty folder.
            if !record::sequences(&self.root, &name).storage("list the records")?.is_empty() {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// Reads every byte of a version again and compares it with what was registered.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] that names the first damaged, missing or extra file.
    pub fn verify_version(&self, name: &DatasetName, version: &Digest) -> Result<()> {
        let directory = self.root.version(name, version);
        let mut faults = content::inspect(&directory, version, Depth::Digests).faults.into_iter();
        match faults.find(|fault| fault.kind != ItemKind::Leftover) {
            None => Ok(()),
            Some(fault) => {
                Err(fault.into_error(format!("version {} of `{name}` is damaged", version.short())))
            }
        }
    }

    /// Finishes or drops what a killed writer began, and removes what it left at this path and beside it.
    ///
    /// # Errors
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub fn tidy(&self, leftover: &Path) -> Result<()> {
        DataRoot::create_with(self.root.path(), self.root.registry())?;
        let _lock = Lock::exclusive(&self.root, self.wait)?;
        recover::recover(&self.root, &self.audit())?;
        if let Some(folder) = leftover.parent() {
            crate::durable::sweep(folder).storage("remove leftovers")?;
        }
        // Only an empty folder can be removed; that a full one cannot is what is wanted.
        drop(fs_err::remove_dir(leftover));
        Ok(())
    }

    /// Keeps writers out while it lives, for whoever must see everything as it is at one moment; nothing where nobody has
    /// ever written.
    ///
    /// # Errors
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub(crate) fn hold_still(&self) -> Result<Option<Lock>> {
        Lock::shared(&self.root, self.wait)
    }

    /// Begins what writes: alone, after what a killed writer left is put right, and not in maintenance.
    fn begin_writing(&self) -> Result<(Lock, audit::Tail)> {
        let lock = Lock::exclusive(&self.root, self.wait)?;
        let tail = recover::recover(&self.root, &self.audit())?;
        self.demand_writable()?;
        Ok((lock, tail))
    }

    /// Logs what some other part of the host did.
    ///
    /// # Errors
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub fn log(&self, action: &audit::Action) -> Result<()> {
        let _lock = Lock::exclusive(&self.root, self.wait)?;
        self.append(action)
    }

    /// The same for whoever holds the lock.
    fn append(&self, action: &audit::Action) -> Result<()> {
        let log = self.audit();
        let mut tail = recover::recover(&self.root, &log)?;
        log.append(&mut tail, action)?;
        log.publish_head(&mut tail)
    }
}

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
