//! How a run is, and how it ended.

use serde::{Deserialize, Serialize};

use super::event::RunError;
use crate::error::{Error, Kind};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Its process lives. Never written; what a run without an end is while its file is locked.
    Running,
    /// Everything that was asked for is there.
    Completed,
    /// Some datasets are, some failed.
    PartlyFailed,
    /// It failed.
    Failed,
    /// Somebody stopped it: with `host run cancel`, with Ctrl-C, or by telling its process to end.
    Cancelled,
    /// Its process went away without a word: killed, or the power was lost.
    Interrupted,
}

impl State {
    /// The word for it, as in the file of a run and in flags.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Completed => "completed",
            Self::PartlyFailed => "partly-failed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The last line of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct End {
    /// How it ended; never [`State::Running`].
    pub state: State,
    /// Exit code of the command; absent where nobody saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// When the run was last heard of, where another process wrote this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seen: Option<String>,
    /// Why it failed as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

impl End {
    /// The end of a command that finished, given the failure that it stands for.
    #[must_use]
    pub fn of(failure: Option<&Error>) -> Self {
        let state = match failure.map(|error| error.kind) {
            None => State::Completed,
            Some(Kind::Partial) => State::PartlyFailed,
            Some(_) => State::Failed,
        };
        let exit_code = Some(failure.map_or(0, |error| error.kind.exit_code()));
        Self { state, exit_code, last_seen: None, error: failure.map(RunError::from) }
    }
}
