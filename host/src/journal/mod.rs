//! The journal: what ran, when, for whom, and how it ended. One file of JSON lines for each run, below `runs/` in the
//! folder of the logs.
//!
//! A run is one `host prepare`, whatever started it; its datasets are steps of it. [`Journal::begin`] makes it durable
//! that it began before it does anything; [`Run::append`] tells what happens; [`Run::end`] writes the last line.
//!
//! Invariants:
//! * a run has exactly one START, its first line, and exactly one END; what follows an END does not count, but for the word of whoever gives
//!   an interrupted run up;
//! * the file is locked by its process from before the START is in it until the process is gone, so a lock tells a run
//!   that lives from one that was killed, and no process number has to be believed; a file without a START is no run;
//! * a run that was killed is ended by whoever looks next and may write, once even when several look: they take turns
//!   under `runs/.lock`, and none of them ends a run whose process lives;
//! * what the journal cannot write is worth a warning: the registry alone says what is durable;
//! * no credential is written.

mod broken_off;
mod cancel;
mod end;
mod event;
mod id;
mod interrupt;
mod read;
mod record;
mod request;
mod run;
mod settle;

use std::path::{Path, PathBuf};

pub use cancel::{Cancelled, Ending};
pub use end::{End, State};
pub use event::{
    DatasetFinished, DatasetOutcome, Event, Line, RUN_SCHEMA, RunError, StageSeconds, Start, Trigger,
};
pub use id::RunId;
pub use read::Filter;
pub use record::{Counts, Current, FinishedDataset, RunRecord, RunSummary};
pub use request::Request;
pub use run::{Beginning, Run};

/// What the file of a run ends with.
const EXTENSION: &str = "jsonl";

/// What the file of a run that a service has answered for ends with.
pub const WAITING_EXTENSION: &str = "json";

/// All runs of one folder of logs.
#[derive(Debug, Clone)]
pub struct Journal {
    folder: PathBuf,
}

impl Journal {
    /// That of a folder of logs, which need not exist.
    #[must_use]
    pub fn of(log_directory: &Path) -> Self {
        Self { folder: log_directory.join("runs") }
    }

    /// The folder with a file for each run.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a run.
    #[must_use]
    pub fn file(&self, id: &RunId) -> PathBuf {
        self.folder.join(format!("{id}.{EXTENSION}"))
    }

    /// The folder with a file for each run that a service has answered for and that is not over.
    #[must_use]
    pub fn waiting_folder(&self) -> PathBuf {
        self.folder.join("waiting")
    }

    /// The file there of a run.
    #[must_use]
    pub fn waiting_file(&self, id: &RunId) -> PathBuf {
        self.waiting_folder().join(format!("{id}.{WAITING_EXTENSION}"))
    }
}

#[cfg(test)]
mod tests;
