//! Putting back: the content of a version that a record names, where it is damaged or gone. Nothing becomes current by it,
//! and only the very bytes that were registered are ever put there.

use std::path::PathBuf;

use super::super::content::{self, Depth, PROVENANCE};
use super::super::mend::By;
use super::super::name::DatasetName;
use super::super::record::{self, Record, provenance_bytes};
use super::super::{DataRoot, Registry};
use super::plan::Plan;
use super::{DERIVED_AGAIN, OTHER_PROVENANCE, free_quarantine, make_own_directory, stage};
use crate::dataset::EncodedFile;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};

/// What is to be put back.
#[derive(Debug, Clone, Copy)]
pub struct PuttingBack<'a> {
    /// The dataset.
    pub name: &'a DatasetName,
    /// The version.
    pub version: Digest,
    /// Who does it, and when.
    pub by: By<'a>,
}

/// What was put back. Durable.
#[derive(Debug, Clone, PartialEq)]
pub struct PutBack {
    /// Whether anything was damaged.
    pub changed: bool,
    /// Where the damaged folder was moved to.
    pub quarantined: Option<PathBuf>,
}

impl Registry {
    /// Puts content back that was derived again. `staged` holds the files which are not in memory.
    ///
    /// # Errors
    /// As [`Registry::put_back`].
    pub fn put_back_derived(
        &self,
        putting: PuttingBack<'_>,
        files: &[EncodedFile],
        staged: Option<StagedDirectory>,
    ) -> Result<PutBack> {
        let staged = stage(&self.root, putting.name, files, staged)?;
        self.put_back(putting, Some(staged), DERIVED_AGAIN)
    }

    /// Puts content back; `from` says where it comes from. Without a folder only the provenance is put right, which the
    /// record holds.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if no readable record names the version, or the content is needed and there is none;
    /// [`Kind::CheckFailed`] if it is not what was registered; [`Kind::Locked`], [`Kind::Maintenance`] or
    /// [`Kind::Storage`]. What is damaged is then where it was.
    pub fn put_back(
        &self,
        putting: PuttingBack<'_>,
        staged: Option<StagedDirectory>,
        from: &str,
    ) -> Result<PutBack> {
        let PuttingBack { name, version, by } = putting;
        let (_lock, mut tail) = self.begin_writing()?;
        let records = records_of(&self.root, name, &version)?;
        let Some(oldest) = records.first() else {
            let message = format!("no readable record names version {} of `{name}`", version.short());
            return Err(Error::new(Kind::Corrupt, message)
                .hint("put the record back first: `host registry repair --from-backup`"));
        };
        if let Some(removal) = self.removal(name, &version)? {
            return Err(removal.error(name, &version));
        }
        let target = self.root.version(name, &version);
        let inspection = content::inspect(&target, &version, Depth::Digests);
        let intact = inspection.content_intact();
        // A version keeps the provenance it has, as long as it is that of one of its registrations.
        let kept = records.iter().find(|record| inspection.provenance == Some(record.provenance_sha256));
        if intact && kept.is_some() {
            return Ok(PutBack { changed: false, quarantined: None });
        }
        let staged = if intact { None } else { Some(sound(staged, name, &version)?) };
        let record = kept.unwrap_or(oldest);
        let damage = inspection.into_damage().map_or(OTHER_PROVENANCE.to_owned(), |fault| self.told(&fault));
        let quarantine = (!intact && target.symlink_metadata().is_ok())
            .then(|| free_quarantine(&self.root, name, &version));
        let shown = quarantine.as_deref().map(|path| self.root.relative(path).display().to_string());
        let plan = Plan::repair(record, by, from, &damage, shown.as_deref());
        plan.intent.publish(&self.root)?;
        make_own_directory(&self.root.dataset(name))?;
        let provenance = provenance_bytes(&record.provenance);
        match staged {
            Some(staged) => {
                staged.write(PROVENANCE, &[&provenance]).storage("write the provenance")?;
                if let Some(quarantine) = &quarantine {
                    durable::rename(&target, quarantine).storage("set a damaged version aside")?;
                }
                staged.commit(&target).storage("put the version back")?;
            }
            None => {
                durable::publish(&target.join(PROVENANCE), &provenance).storage("write the provenance")?;
            }
        }
        self.finish(plan, &mut tail)?;
        Ok(PutBack { changed: true, quarantined: quarantine })
    }
}

/// The readable records of a version, oldest first.
fn records_of(root: &DataRoot, name: &DatasetName, version: &Digest) -> Result<Vec<Record>> {
    let sequences = record::sequences(root, name).storage("list the records")?;
    let records = record::mentioning(root, name, sequences.into_iter(), &[*version]);
    Ok(records.filter(|record| record.version == *version).collect())
}

/// The folder, if every byte in it is what was registered.
fn sound(staged: Option<StagedDirectory>, name: &DatasetName, version: &Digest) -> Result<StagedDirectory> {
    let shown = format!("version {} of `{name}`", version.short());
    let Some(staged) = staged else {
        return Err(Error::new(
            Kind::Corrupt,
            format!("{shown} is damaged, and nothing is there to replace it"),
        )
        .hint("derive it again: `host check --json | host prepare --from -`"));
    };
    let inspection = content::inspect(staged.path(), version, Depth::Digests);
    if inspection.content_intact() {
        return Ok(staged);
    }
    let fault = inspection.into_damage().map_or_else(String::new, |fault| fault.message);
    Err(Error::new(Kind::CheckFailed, format!("what would replace {shown} is not what was registered"))
        .cause(fault))
}
