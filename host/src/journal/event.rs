//! The lines of a run's file. Field names are stable: within `host.run/1` they are only added to.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::end::End;
use super::id::RunId;
use super::request::Request;
use crate::error::{Error, Kind};

/// Schema id in the first line of every run.
pub const RUN_SCHEMA: &str = "host.run/1";

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// RFC 3339, UTC.
    pub time: String,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened in a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// It began: the first line, always.
    Start(Box<Start>),
    /// What it is about is known.
    Planned {
        /// How many datasets it will prepare.
        datasets: usize,
    },
    /// Work on a dataset began.
    DatasetStarted {
        /// As the user named it.
        dataset: String,
    },
    /// A stage of a dataset is done.
    Stage {
        /// As the user named it.
        dataset: String,
        /// `plan`, `ingest`, `derive`, `validate`, `register` or `registry`.
        stage: String,
        /// Wall time.
        seconds: f64,
    },
    /// How far the module is; at most one a second for each dataset.
    Progress {
        /// As the user named it.
        dataset: String,
        /// Between 0 and 1.
        fraction: f64,
        /// What is being done, in the words of the module.
        doing: String,
    },
    /// A message.
    Log {
        /// `error`, `warn` or `info`.
        level: String,
        /// Which dataset it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dataset: Option<String>,
        /// The text.
        message: String,
    },
    /// A dataset is registered, known already, or failed.
    DatasetFinished(Box<DatasetFinished>),
    /// Somebody wants it to stop.
    CancelRequested {
        /// Who.
        actor: String,
    },
    /// It is over: the last line, and the only one of its kind.
    End(End),
    /// Written by a newer host.
    #[serde(other)]
    Unknown,
}

/// How a run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// [`RUN_SCHEMA`].
    pub schema: String,
    /// Which run.
    pub id: RunId,
    /// The verb, such as `prepare`.
    pub command: String,
    /// What was asked for.
    pub request: Request,
    /// Who asked for it.
    pub actor: String,
    /// What made it run.
    pub trigger: Trigger,
    /// The run that it goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<RunId>,
    /// Process id, in the namespace of `place`.
    pub process: u32,
    /// Which boot of which machine, and which namespace of processes: where `process` means something.
    pub place: String,
    /// Version of the host.
    pub host: String,
}

/// What makes a run start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Trigger {
    /// A command line.
    Cli,
    /// The service.
    Http,
}

/// What became of a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetOutcome {
    /// The module ran and the result is registered.
    Prepared,
    /// The recipe was known; nothing was derived.
    Cached,
    /// It was refused, or the module failed.
    Failed,
    /// An earlier failure stopped the batch before it.
    NotStarted,
}

/// What became of a dataset, and what it took. What is not known is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetFinished {
    /// As the user named it.
    pub dataset: String,
    /// What became of it.
    pub outcome: DatasetOutcome,
    /// Wall time of all stages.
    pub seconds: f64,
    /// Id of the module, or the path that was given in place of it.
    pub module: String,
    /// Name it is registered under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version of the module.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module_version: Option<String>,
    /// sha256 of its content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Wall time of each stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSeconds>,
    /// Rows of all its tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// Bytes of its inputs, as they lie in files and stores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_bytes: Option<u64>,
    /// Bytes of its files, when it was registered anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_bytes: Option<u64>,
    /// Most memory the host has had resident so far in this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_peak_memory_bytes: Option<u64>,
    /// Most memory the worker has had resident, also for earlier datasets that it served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_peak_memory_bytes: Option<u64>,
    /// What the module thinks of the data, between 0 and 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_score: Option<f64>,
    /// Checks of the validation that found something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<u64>,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<RunError>,
}

/// Wall time of one stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StageSeconds {
    /// `plan`, `ingest`, `derive`, `validate`, `register` or `registry`.
    pub stage: String,
    /// Wall time.
    pub seconds: f64,
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunError {
    /// Such as `bad-input`.
    pub code: String,
    /// The message and what led to it.
    pub message: String,
}

impl RunError {
    /// Whether the one who asked is told by it, and not the one who runs the host: a command or an input that makes no
    /// sense, a module that may not run, a run that somebody stopped.
    #[must_use]
    pub fn is_of_the_request(&self) -> bool {
        [Kind::Usage, Kind::BadInput, Kind::Untrusted, Kind::Interrupted]
            .into_iter()
            .any(|kind| code(kind) == self.code)
    }

    /// Whether no dataset was meant: the command makes no sense.
    #[must_use]
    pub fn is_of_the_command(&self) -> bool {
        code(Kind::Usage) == self.code
    }
}

impl From<&Error> for RunError {
    fn from(error: &Error) -> Self {
        Self { code: code(error.kind), message: error.to_string() }
    }
}

/// The word for a kind of failure, as in `--json`.
fn code(kind: Kind) -> String {
    match serde_json::to_value(kind) {
        Ok(Value::String(code)) => code,
        _ => "internal".to_owned(),
    }
}
