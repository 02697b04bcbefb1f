//! Registering: the one way content becomes a version, and a version becomes current.
//!
//! Order: stage the content → lock → recover → intent → content folder appears → record → audit line → intent removed →
//! head of the audit log. Staging comes before the lock, so that one large dataset does not hold up the others; its
//! folder is locked by itself.

mod adopt;
mod collect;
mod plan;
mod put_back;
mod put_record;
mod retire;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::audit::Tail;
use super::content::{self, DOCUMENT, Depth, Expected, PROVENANCE};
use super::item::Fault;
use super::mend::By;
use super::name::DatasetName;
use super::record::{Record, provenance_bytes};
use super::recover::Intent;
use super::{DataRoot, Registry};
use crate::dataset::EncodedFile;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};

pub(super) use collect::discard;
pub use collect::{Fate, Limits};
use plan::{Known, Plan};
pub use put_back::{PutBack, PuttingBack};
pub use retire::Retiring;

/// Content to be registered.
#[derive(Debug, Clone)]
pub struct Registration<'a> {
    /// The dataset it is a version of.
    pub name: &'a DatasetName,
    /// Digest of everything it was made from.
    pub recipe: Digest,
    /// Digest of `dataset.json`.
    pub version: Digest,
    /// Every content file: `dataset.json` and what it lists.
    pub files: &'a [EncodedFile],
    /// What it came from: nothing that differs from one run or machine to the next.
    pub provenance: Value,
    /// How it ran: times, paths, process, machine. Kept in the record only.
    pub execution: Value,
    /// Who or what registers it.
    pub actor: &'a str,
    /// RFC 3339.
    pub now: String,
}

/// A version that is to become current again.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// The dataset.
    pub name: &'a DatasetName,
    /// The recipe as a record has it.
    pub recipe: Digest,
    /// The version as the same record has it.
    pub version: Digest,
    /// Who or what selects it.
    pub actor: &'a str,
    /// RFC 3339.
    pub now: String,
}

/// What a registration came to. Everything in it is durable.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// There is a new record, and its version is the current one.
    Registered {
        /// The new record.
        record: Record,
        /// Whether the content was there already, under another recipe or from an interrupted registration.
        content_known: bool,
        /// Where a damaged folder of the same version was moved to.
        quarantined: Option<PathBuf>,
    },
    /// The current version has this recipe and this content already.
    Unchanged {
        /// The record that says so.
        record: Record,
    },
    /// The same, but its folder was damaged and has been put back.
    Repaired {
        /// The record it belongs to.
        record: Record,
        /// Where the damaged folder was moved to.
        quarantined: Option<PathBuf>,
    },
}

impl Outcome {
    /// The record that is current now.
    #[must_use]
    pub fn record(&self) -> &Record {
        match self {
            Self::Registered { record, .. } | Self::Unchanged { record } | Self::Repaired { record, .. } => {
                record
            }
        }
    }
}

impl Registry {
    /// Registers content under a name and makes it the current version. Everything is durable when this returns.
    ///
    /// The same content under the same recipe changes nothing; a damaged folder of the same version is set aside and
    /// replaced.
    ///
    /// `staged` is the folder that holds the files which are not in memory; without it all must be.
    ///
    /// # Errors
    /// [`Kind::CheckFailed`] if the recipe is known with other content, [`Kind::Internal`] if the files do not fit
    /// `dataset.json`, [`Kind::Limit`], [`Kind::Locked`] or [`Kind::Storage`]. The registry is then as it was, or a
    /// repetition finds the work done.
    pub fn register(
        &self,
        registration: &Registration<'_>,
        staged: Option<StagedDirectory>,
    ) -> Result<Outcome> {
        check_content(registration)?;
        let Registration { name, recipe, version, .. } = *registration;
        let mut known = Known::default();
        known.extend(&self.root, name, &recipe, &version)?;
        known.refuse_other_content(registration)?;
        let target = self.root.version(name, &version);
        let there = content::inspect(&target, &version, Depth::Digests).content_intact();
        let mut prepared = staged;
        let staged =
            if there { None } else { Some(stage(&self.root, name, registration.files, prepared.take())?) };

        let (_lock, mut tail) = self.begin_writing()?;
        known.extend(&self.root, name, &recipe, &version)?;
        known.refuse_other_content(registration)?;
        // Without a staged folder every byte was compared a moment ago, so a glance is enough.
        let depth = if staged.is_some() { Depth::Digests } else { Depth::Sizes };
        let inspection = content::inspect(&target, &version, depth);
        let intact = inspection.content_intact();
        let provenance_fits = inspection.provenance.is_some_and(|found| known.provenances.contains(&found));
        let damage = inspection.into_damage().map(|fault| self.told(&fault));
        let same = known.current().filter(|record| record.recipe == recipe && record.version == version);
        if let Some(record) = same.filter(|_| intact && provenance_fits) {
            return Ok(Outcome::Unchanged { record: record.clone() });
        }

        let quarantine = (!intact && target.symlink_metadata().is_ok())
            .then(|| free_quarantine(&self.root, name, &version));
        let shown = quarantine.as_deref().map(|path| self.root.relative(path).display().to_string());
        let provenance = same.map_or(&registration.provenance, |record| &record.provenance);
        let plan = if let Some(record) = same {
            let (by, damage) = (By { actor: registration.actor, now: &registration.now }, damage.as_deref());
            Plan::repair(record, by, DERIVED_AGAIN, damage.unwrap_or(OTHER_PROVENANCE), shown.as_deref())
        } else {
            let place = self.place_after(name, known.highest, known.newest.as_ref())?;
            Plan::register(&known, place, registration, shown.as_deref())?
        };
        plan.intent.publish(&self.root)?;
        make_own_directory(&self.root.dataset(name))?;
        let bytes = provenance_bytes(provenance);
        if !intact {
            let staged = match staged {
                Some(staged) => staged,
                None => stage(&self.root, name, registration.files, prepared.take())?,
            };
            staged.write(PROVENANCE, &[&bytes]).storage("write the provenance")?;
            if let Some(quarantine) = &quarantine {
                durable::rename(&target, quarantine).storage("set a damaged version aside")?;
            }
            staged.commit(&target).storage("publish the version")?;
        } else if !provenance_fits {
            durable::publish(&target.join(PROVENANCE), &bytes).storage("write the provenance")?;
        }
        let new = plan.bytes.is_some();
        let record = self.finish(plan, &mut tail)?;
        Ok(if new {
            Outcome::Registered { record, content_known: intact, quarantined: quarantine }
        } else {
            Outcome::Repaired { record, quarantined: quarantine }
        })
    }

    /// Makes a version current again that a known recipe stands for.
    ///
    /// # Errors
    /// [`Kind::Usage`] if no record has this recipe and version, [`Kind::Corrupt`] if the version is damaged,
    /// [`Kind::Locked`] or [`Kind::Storage`].
    pub fn select(&self, selection: &Selection<'_>) -> Result<Outcome> {
        let Selection { name, recipe, version, .. } = *selection;
        let (_lock, mut tail) = self.begin_writing()?;
        let mut known = Known::default();
        known.extend(&self.root, name, &recipe, &version)?;
        let Some(chosen) = known.recipe.as_ref().filter(|record| record.version == version) else {
            let message = format!("no record of `{name}` has version {}", version.short());
            return Err(Error::new(Kind::Usage, message)
                .cause(format!("with recipe {}", recipe.short()))
                .hint(format!("run `host show {name}` to see its versions")));
        };
        if let Some(record) = known.current().filter(|record| record.version == version) {
            return Ok(Outcome::Unchanged { record: record.clone() });
        }
        if let Some(removal) = self.removal(name, &version)? {
            return Err(removal.error(name, &version));
        }
        let inspection = content::inspect(&self.root.version(name, &version), &version, Depth::Sizes);
        if let Some(fault) = inspection.into_damage() {
            return Err(fault.into_error(format!("version {} of `{name}` is damaged", version.short())));
        }
        let chosen = chosen.clone();
        let place = self.place_after(name, known.highest, known.newest.as_ref())?;
        let plan = Plan::select(&known, place, chosen, selection)?;
        plan.intent.publish(&self.root)?;
        let record = self.finish(plan, &mut tail)?;
        Ok(Outcome::Registered { record, content_known: true, quarantined: None })
    }

    /// A fault as the audit log tells it.
    fn told(&self, fault: &Fault) -> String {
        format!("`{}`: {}", self.root.relative(&fault.path).display(), fault.message)
    }

    /// Record, audit line, end of the intent, head.
    fn finish(&self, plan: Plan, tail: &mut Tail) -> Result<Record> {
        self.publish_record(&plan)?;
        self.close(plan, tail)
    }

    /// Makes the record of a plan durable, if it has one.
    fn publish_record(&self, plan: &Plan) -> Result<()> {
        let Some(bytes) = &plan.bytes else { return Ok(()) };
        make_own_directory(&self.root.records_of(&plan.record.name))?;
        let path = self.root.record(&plan.record.name, plan.record.sequence);
        durable::publish_new(&path, bytes).storage("write the record")
    }

    /// Audit line, end of the intent, head.
    fn close(&self, plan: Plan, tail: &mut Tail) -> Result<Record> {
        let Plan { intent, record, .. } = plan;
        let log = self.audit();
        log.append(tail, &intent.action)?;
        durable::remove(&Intent::path(&self.root)).storage("finish the registration")?;
        // Makes the removal durable as well: the two files share a folder.
        log.publish_head(tail)?;
        Ok(record)
    }
}

/// Writes the content into a folder that nobody sees yet, unless it stands there already.
fn stage(
    root: &DataRoot,
    name: &DatasetName,
    files: &[EncodedFile],
    prepared: Option<StagedDirectory>,
) -> Result<StagedDirectory> {
    let staged = match prepared {
        Some(staged) => staged,
        None => StagedDirectory::create(&root.derived()).storage("stage the version")?,
    };
    for file in files {
        match file.parts() {
            Some(parts) => staged.write(file.name(), &parts).storage("write the version")?,
            None if staged.path().join(file.name()).is_file() => {}
            None => {
                let message = format!("the file `{}` of `{name}` is nowhere", file.name());
                return Err(Error::new(Kind::Internal, message));
            }
        }
    }
    Ok(staged)
}

/// Makes the folder of a dataset. One that is a link would lead the writing elsewhere.
fn make_own_directory(directory: &Path) -> Result<()> {
    if directory.is_symlink() {
        let message = format!("`{}` is a symbolic link", directory.display());
        let error = Error::new(Kind::Storage, message);
        return Err(error.hint("replace it by the folder it leads to: nothing is written through a link"));
    }
    durable::create_directories(directory).storage("make the folder of the dataset")
}

/// The files must be `dataset.json` and what it lists, or `check` would call damaged what was just registered.
fn check_content(registration: &Registration<'_>) -> Result<()> {
    let unfit = |cause: String| {
        let message = format!("the files of `{}` do not fit its `{DOCUMENT}`", registration.name);
        Error::new(Kind::Internal, message).cause(cause)
    };
    let mut files = BTreeMap::new();
    let mut document = None;
    for file in registration.files {
        let expected = Expected { sha256: file.sha256(), bytes: file.length() };
        if file.name() == DOCUMENT {
            document = Some(file);
        } else if files.insert(file.name().to_owned(), expected).is_some() {
            return Err(unfit(format!("`{}` is there twice", file.name())));
        }
    }
    let document = document.ok_or_else(|| unfit("it is not among them".to_owned()))?;
    plan::limit("`dataset.json`", usize::try_from(document.length()).unwrap_or(usize::MAX))?;
    plan::limit("the provenance", provenance_bytes(&registration.provenance).len())?;
    if document.sha256() != registration.version {
        return Err(unfit("its digest is not the version".to_owned()));
    }
    let listed = content::listed(&document.to_bytes()).map_err(unfit)?;
    let names: BTreeSet<&String> = listed.keys().chain(files.keys()).collect();
    match names.into_iter().find(|name| listed.get(*name) != files.get(*name)) {
        None => Ok(()),
        Some(name) => Err(unfit(format!("`{name}` is not the file it lists"))),
    }
}

/// A free place for a damaged folder.
fn free_quarantine(root: &DataRoot, name: &DatasetName, version: &Digest) -> PathBuf {
    free_place(&root.derived(), &format!("{QUARANTINE_PREFIX}{name}-{}", version.short()))
}

/// A free name in a folder.
pub(super) fn free_place(folder: &Path, beginning: &str) -> PathBuf {
    let place = |number: u64| folder.join(format!("{beginning}-{number}"));
    let mut number = 1;
    while place(number).symlink_metadata().is_ok() {
        number += 1;
    }
    place(number)
}

/// Where content came from that a module made once more.
const DERIVED_AGAIN: &str = "derived again";

/// What the audit log says of a version with the provenance of another.
const OTHER_PROVENANCE: &str = "the provenance is not that of any registration";

/// What the name of a folder that was set aside starts with.
pub(super) const QUARANTINE_PREFIX: &str = ".quarantine-";
