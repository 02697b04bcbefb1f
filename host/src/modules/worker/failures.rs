//! What the user is told when a worker fails.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use plugin_api::ModuleError;
use rustix::process::Signal;

use crate::error::{Error, Kind};
use crate::modules::worker::folder::FILE_LIMIT;
use crate::modules::worker::process::{End, NoFrame, THREAD_LIMIT, Terms};
use crate::platform::{Confinement, ConfinementLevel, Limits};

/// Why there is no answer.
#[derive(Debug)]
pub(in crate::modules) enum Failure {
    Module(ModuleError),
    Refused(String),
    Unconfined(Confinement),
    OutOfMemory,
    TooLargeResult,
    NoFrame(NoFrame),
}

impl From<NoFrame> for Failure {
    fn from(reason: NoFrame) -> Self {
        Self::NoFrame(reason)
    }
}

impl Failure {
    /// What the user is told. A worker that is kept has not ended.
    pub(in crate::modules) fn error(
        self,
        id: &str,
        terms: &Terms,
        end: Option<&End>,
        time_was_up: bool,
    ) -> Error {
        let limits = &terms.limits;
        let printed = end.map(|end| end.printed.as_str()).unwrap_or_default();
        match self {
            Self::Module(ModuleError::Cancelled) if !time_was_up => {
                crashed(id, "stopped as if it had been cancelled, which it was not", "")
            }
            Self::Module(error) => module_error(id, limits, error),
            // The module is loaded by now and may say so itself.
            Self::Refused(message) => refused(id, &message),
            Self::Unconfined(confinement) => unconfined(id, terms.minimum_confinement, &confinement),
            Self::OutOfMemory => out_of_memory_error(id, limits),
            Self::TooLargeResult => {
                let limit = crate::text::bytes(limits.memory_bytes);
                let what = format!("module `{id}` returns more than its memory limit of {limit}");
                Error::new(Kind::Limit, what).hint("to allow more, give `--max-memory SIZE`")
            }
            Self::NoFrame(NoFrame::TimeIsUp) => timed_out(id, limits),
            Self::NoFrame(NoFrame::TooManyThreads) => too_many(id, "starts", THREAD_LIMIT, "threads"),
            Self::NoFrame(NoFrame::TooManyFiles) => too_many(id, "keeps", FILE_LIMIT, "temporary files"),
            Self::NoFrame(NoFrame::TooLargeFiles) => too_large_files(id, limits),
            Self::NoFrame(NoFrame::Garbage(error)) => {
                crashed(id, "sent a malformed answer", printed).cause(error.to_string())
            }
            Self::NoFrame(NoFrame::Silence(error)) => {
                let silence = end.map(|end| silence(id, limits, end));
                let mut silence = silence.unwrap_or_else(|| crashed(id, "went silent", ""));
                silence.causes.extend(error.map(|error| error.to_string()));
                silence
            }
        }
    }
}

/// The error for a worker that ended without an answer.
fn silence(id: &str, limits: &Limits, end: &End) -> Error {
    let out_of_memory = end.printed.contains("memory allocation of");
    let status = end.status.as_ref().ok();
    let signal = status.and_then(ExitStatusExt::signal);
    if out_of_memory || signal == Some(Signal::XFSZ.as_raw()) {
        return out_of_memory_error(id, limits);
    }
    let how = match (signal, status.and_then(ExitStatus::code)) {
        _ if !end.left_by_itself => "closed its connection to the host without returning a result".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}{}", signal_name(signal)),
        (None, Some(code)) => format!("ended with exit code {code} without returning a result"),
        (None, None) => "ended without returning a result".to_owned(),
    };
    crashed(id, &how, &end.printed)
}

fn out_of_memory_error(id: &str, limits: &Limits) -> Error {
    let limit = crate::text::bytes(limits.memory_bytes);
    Error::new(Kind::Limit, format!("module `{id}` needs more memory than its limit of {limit}"))
        .hint("to allow more, give `--max-memory SIZE`")
}

pub(super) fn crashed(id: &str, how: &str, printed: &str) -> Error {
    let mut error = Error::new(Kind::PluginCrashed, format!("module `{id}` {how}"));
    let printed = printed.trim();
    if !printed.is_empty() {
        let lines: Vec<&str> = printed.lines().take(5).collect();
        error = error.cause(format!("it printed: {}", lines.join(" | ")));
    }
    error.hint("report this to the module's author; nothing was registered")
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        5 => " (SIGTRAP)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        31 => " (SIGSYS)",
        _ => "",
    }
}

fn timed_out(id: &str, limits: &Limits) -> Error {
    let seconds = Duration::from_millis(limits.timeout_milliseconds).as_secs_f64();
    Error::new(Kind::Limit, format!("module `{id}` did not finish within {seconds} s"))
        .hint("to allow more, give `--timeout SECONDS`")
}

fn too_many(id: &str, does: &str, limit: usize, what: &str) -> Error {
    Error::new(Kind::Limit, format!("module `{id}` {does} more than {limit} {what}"))
        .hint("report this to the module's author; nothing was registered")
}

fn too_large_files(id: &str, limits: &Limits) -> Error {
    let limit = crate::text::bytes(limits.memory_bytes);
    let what = format!("module `{id}` writes more into temporary files than its memory limit of {limit}");
    Error::new(Kind::Limit, what).hint("to allow more, give `--max-memory SIZE`")
}

/// A module was not loaded because what would confine it is less than what was asked for.
#[must_use]
pub fn unconfined(id: &str, demanded: ConfinementLevel, found: &Confinement) -> Error {
    let (demanded, level, missing) = (demanded.name(), found.level.name(), found.missing.join(", "));
    Error::new(Kind::Untrusted, format!("module `{id}` was not loaded: its confinement would be {level}"))
        .cause(format!("`processing.confinement` demands {demanded}"))
        .cause(format!("missing here: {missing}"))
        .hint("run `host config show --origin` to see who demands it")
        .hint(format!("to run it all the same, set `PBUF_PROCESSING_CONFINEMENT={level}`"))
}

/// Nobody reads more than this of what a module says.
const MESSAGE_LIMIT_CHARACTERS: usize = 2000;

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MESSAGE_LIMIT_CHARACTERS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

fn refused(id: &str, message: &str) -> Error {
    let named = message.contains(&format!("`{id}`"));
    let message = if named { message.to_owned() } else { format!("the worker of module `{id}`: {message}") };
    Error::new(Kind::Incompatible, shortened(message))
        .hint(format!("run `host plugin info {id}` to see what it was built for"))
}

/// Translates what a module said. It is cancelled only when its time is up.
#[must_use]
pub fn module_error(id: &str, limits: &Limits, error: ModuleError) -> Error {
    match error {
        ModuleError::Cancelled => timed_out(id, limits),
        ModuleError::BadInput(ref fault) | ModuleError::BadParameter(ref fault) => {
            let hint = fault.hint.clone();
            Error::new(Kind::BadInput, shortened(error.to_string()))
                .hint(hint.map_or_else(|| format!("`host plugin info {id}` says what it expects"), shortened))
        }
        ModuleError::LimitExceeded { .. } => {
            Error::new(Kind::Limit, shortened(format!("module `{id}`: {error}")))
        }
        ModuleError::Panic { message, location } => {
            Error::new(Kind::PluginCrashed, shortened(format!("module `{id}` panicked: {message}")))
                .cause(shortened(format!("at {location}")))
                .hint("report this to the module's author; nothing was registered")
        }
        other => Error::new(Kind::PluginCrashed, shortened(format!("module `{id}` failed: {other}")))
            .hint("report this to the module's author; nothing was registered"),
    }
}
