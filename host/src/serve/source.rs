//! What the service answers with, made by the verbs of the command line.

use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use jiff::civil::Date;

use super::Answer;
use crate::error::Result;
use crate::journal::{Journal, Request, RunId};
use crate::registry::Registry;
use crate::schedule::{Program, Surroundings};

/// What is asked for. The names are checked: nothing in them is a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// `host list --all --json`.
    Datasets,
    /// `host show NAME --json`.
    Dataset(String),
    /// How a dataset came about, and what was current before.
    Lineage(String),
    /// `host plugin list --json`.
    Plugins,
    /// A part of `host audit list --json`.
    Audit {
        /// The entry after which it begins.
        after: u64,
        /// The most entries.
        limit: u64,
    },
    /// `host report NAME`, or `host report daily --json` and the like.
    Report(String),
}

/// Who answers.
pub trait Source: fmt::Debug + Send + Sync {
    /// The registry that is served.
    ///
    /// # Errors
    /// There is none, or a newer host made it.
    fn registry(&self) -> Result<Registry>;

    /// Every file and folder that the answer may depend on: when none has changed, it has not.
    fn watched(&self, question: &Question) -> Vec<PathBuf>;

    /// What ran, and runs.
    fn journal(&self) -> Journal;

    /// Who is recorded as having asked, but for from where.
    fn actor(&self) -> String;

    /// Folders that inputs may lie in; a path that is not written in full counts from the first.
    fn input_directories(&self) -> Vec<PathBuf>;

    /// The command that does what somebody asked for, as the run of that id.
    fn prepare(&self, id: &RunId, request: &Request, actor: &str) -> Command;

    /// The program that does the verbs of a job that was due on that day, and what they depend on.
    ///
    /// # Errors
    /// The host's own program cannot be found.
    fn upkeep(&self, date: Date) -> Result<(Program, Surroundings)>;

    /// Answers; may block.
    ///
    /// # Errors
    /// As the verb. [`Usage`](crate::error::Kind::Usage) means that there is no such thing.
    fn answer(&self, question: &Question) -> Result<Answer>;
}
