//! What an operator can have wrong: things that were found, why they matter, what to type, and what can be put right
//! without anybody's decision.
//!
//! Whatever another part of the host knows how to judge is asked there; what stands here is what nobody else looks at:
//! modes, folders, leftovers and the clock.
//!
//! Invariants: looking changes nothing; a [`Repair`] makes nothing that was not there but folders, and removes nothing
//! but what a dead process left; what a repair came to is seen by looking again.

mod clock;
mod folders;
mod leftovers;
mod modes;
mod repair;

use std::path::PathBuf;

use serde::Serialize;

pub use clock::clock;
pub use folders::folders;
pub use leftovers::leftovers;
pub use modes::{Demand, Modes};
pub use repair::{Repair, repair};

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// What was looked at, in a word.
    pub area: &'static str,
    /// What was found, and where.
    pub found: String,
    /// Why it matters.
    pub why: String,
    /// What to type.
    pub action: String,
    /// Whether `--fix` can put it right.
    pub fixable: bool,
    /// Whether it is only to be known, and nothing is wrong.
    #[serde(skip)]
    pub notice: bool,
    /// How.
    #[serde(skip)]
    pub repair: Option<Repair>,
}

impl Finding {
    /// One that somebody has to decide about.
    pub fn new(
        area: &'static str,
        found: impl Into<String>,
        why: impl Into<String>,
        action: impl Into<String>,
    ) -> Self {
        let (found, why, action) = (found.into(), why.into(), action.into());
        Self { area, found, why, action, fixable: false, notice: false, repair: None }
    }

    /// The same as something that is only to be known.
    #[must_use]
    pub fn noticed(self) -> Self {
        Self { notice: true, ..self }
    }

    /// The same with what puts it right.
    #[must_use]
    pub fn fixed_by(self, repair: Repair) -> Self {
        Self { fixable: true, repair: Some(repair), ..self }
    }
}

/// Where the files of a host lie.
#[derive(Debug, Clone)]
pub struct Files {
    /// Raw and derived data.
    pub data_root: PathBuf,
    /// Records, audit log and index.
    pub registry_directory: PathBuf,
    /// Logs.
    pub log_directory: PathBuf,
    /// What may be thrown away.
    pub cache_directory: PathBuf,
}
