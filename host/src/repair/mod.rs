//! Puts right what `check` found: each thing with what makes it whole again, or with the reason why nothing does.
//!
//! Invariants:
//! * only bytes of the very digest that was registered are put in the place of others;
//! * nothing is deleted: what is damaged, and what nobody registered, is moved into quarantine;
//! * what is current stays so;
//! * each step is a whole in itself and is found again by the next `check` if it was not done: a process that is killed is
//!   followed by another that does the rest.

mod plan;

use std::path::PathBuf;

use serde::Serialize;

use crate::backup::Saved;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::registry::{By, DatasetName, ItemKind, ItemSeverity, PuttingBack, Registry, index};

pub use plan::plan;

/// What is done about something. In this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// What a killed writer began is finished or dropped.
    Settle,
    /// The mark of the data root is written again.
    Format,
    /// A record is put back.
    Record,
    /// The content of a version is put back.
    Content,
    /// The provenance of a version is written again, as its record holds it.
    Provenance,
    /// A version that no record names gets one.
    Adopt,
    /// The version that was current before an adoption becomes so again.
    FinishAdoption,
    /// Something is moved into quarantine.
    Quarantine,
    /// A file or folder gets its usual mode.
    Mode,
    /// The index is made again.
    Index,
    /// Nothing can be done here.
    Nothing,
}

/// One thing that is wrong, and what is done about it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Step {
    /// What is done.
    pub deed: Deed,
    /// What is wrong.
    pub kind: ItemKind,
    /// How bad that is.
    pub severity: ItemSeverity,
    /// Where, relative to the data root.
    pub path: String,
    /// The dataset concerned.
    pub name: Option<DatasetName>,
    /// The version concerned.
    pub version: Option<Digest>,
    /// What was found there.
    pub before: String,
    /// What is there afterwards, or why nothing can be done and what to type.
    pub after: String,
    /// Whether it was done; nothing before.
    pub done: Option<bool>,
    /// Why it was not.
    pub error: Option<Error>,
}

impl Step {
    /// Whether something stays damaged.
    #[must_use]
    pub fn leaves_damage(&self) -> bool {
        self.severity == ItemSeverity::Damage && (self.deed == Deed::Nothing || self.done == Some(false))
    }
}

/// Carries out a plan. A step that fails keeps none of the others from being done.
pub fn carry_out(registry: &Registry, saved: Option<&Saved>, steps: &mut [Step], by: By<'_>) {
    for step in steps.iter_mut().filter(|step| step.deed != Deed::Nothing) {
        match one(registry, saved, step, by) {
            Ok(()) => step.done = Some(true),
            Err(error) => {
                step.done = Some(false);
                step.error = Some(error);
            }
        }
    }
}

fn one(registry: &Registry, saved: Option<&Saved>, step: &Step, by: By<'_>) -> Result<()> {
    let root = registry.root();
    let path: PathBuf = root.path().join(&step.path);
    let version = || step.name.as_ref().zip(step.version).ok_or_else(|| incomplete(step));
    match step.deed {
        Deed::Nothing => Ok(()),
        Deed::Settle => registry.settle(),
        Deed::Format => registry.mend_format(&step.before, by),
        Deed::Record => record(registry, saved, step, by),
        Deed::Content => {
            let (name, version) = version()?;
            let found =
                saved.map(|saved| saved.version(name, &version, &root.derived())).transpose()?.flatten();
            let (staged, id) = found.ok_or_else(|| incomplete(step))?;
            let putting = PuttingBack { name, version, by };
            registry.put_back(putting, Some(staged), &format!("snapshot {id}")).map(drop)
        }
        Deed::Provenance => {
            let (name, version) = version()?;
            let putting = PuttingBack { name, version, by };
            registry.put_back(putting, None, "its record").map(drop)
        }
        Deed::Adopt => {
            let (name, version) = version()?;
            registry.adopt(name, &version, by)
        }
        Deed::FinishAdoption => match &step.name {
            Some(name) => registry.finish_adoption(name, by),
            None => Err(incomplete(step)),
        },
        // It went with the folder that it lay in.
        Deed::Quarantine if path.symlink_metadata().is_err() => Ok(()),
        Deed::Quarantine => registry.set_aside(&path, &step.before, by).map(drop),
        Deed::Mode => registry.mend_mode(&path, &step.before, by),
        Deed::Index => index::rebuild(root).map(drop),
    }
}

fn record(registry: &Registry, saved: Option<&Saved>, step: &Step, by: By<'_>) -> Result<()> {
    let (name, sequence) =
        step.name.as_ref().zip(plan::sequence(&step.path)).ok_or_else(|| incomplete(step))?;
    if let Some(bytes) = registry.respelt_record(name, sequence)? {
        return registry.put_record(name, sequence, &bytes, "itself, as it was written", by);
    }
    let logged = registry.logged_record(name, sequence)?.zip(saved);
    let found = logged.map(|(sha256, saved)| saved.document(&plan::saved_record(name, sequence), &sha256));
    let (bytes, id) = found.transpose()?.flatten().ok_or_else(|| incomplete(step))?;
    registry.put_record(name, sequence, &bytes, &format!("snapshot {id}"), by)
}

/// Something changed since the plan was made.
fn incomplete(step: &Step) -> Error {
    Error::new(Kind::Corrupt, format!("`{}` is not as it was when the plan was made", step.path))
        .hint("type the same again")
}
