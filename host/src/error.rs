//! One error for the whole host: what failed, why, and what to type next. The exit code follows from its kind.

use std::fmt;
use std::io;

use serde::Serialize;

/// Result of everything in the host that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it is. Its exit code never changes meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A bug, or something nobody thought of.
    Internal,
    /// The command line makes no sense.
    Usage,
    /// The work finished and its verdict is negative.
    CheckFailed,
    /// The same recipe gave other bytes.
    NotReproducible,
    /// Of several datasets some succeeded and some failed.
    Partial,
    /// The data root does not exist.
    NoDataRoot,
    /// Another process holds the lock.
    Locked,
    /// A digest, owner or mode is not what it must be.
    Untrusted,
    /// The module was built for another version of the interface.
    Incompatible,
    /// The module panicked, died, or answered nonsense.
    PluginCrashed,
    /// A limit of time, memory or size was reached.
    Limit,
    /// An input or parameter is unreadable or malformed.
    BadInput,
    /// The configuration is invalid.
    BadConfig,
    /// The data root cannot be read or written.
    Storage,
    /// What the registry holds is damaged.
    Corrupt,
    /// The host is in maintenance.
    Maintenance,
    /// A server cannot be reached, does not have the file, or ends every attempt early.
    Network,
    /// Stopped by the user.
    Interrupted,
}

impl Kind {
    /// Every kind, in the order of the exit codes.
    pub const ALL: [Self; 18] = [
        Self::Internal,
        Self::Usage,
        Self::CheckFailed,
        Self::NotReproducible,
        Self::Partial,
        Self::NoDataRoot,
        Self::Locked,
        Self::Untrusted,
        Self::Incompatible,
        Self::PluginCrashed,
        Self::Limit,
        Self::BadInput,
        Self::BadConfig,
        Self::Storage,
        Self::Corrupt,
        Self::Maintenance,
        Self::Network,
        Self::Interrupted,
    ];

    /// The process's exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::CheckFailed | Self::NotReproducible => 3,
            Self::Partial => 4,
            Self::NoDataRoot => 10,
            Self::Locked => 11,
            Self::Untrusted => 12,
            Self::Incompatible => 13,
            Self::PluginCrashed => 14,
            Self::Limit => 15,
            Self::BadInput => 16,
            Self::BadConfig => 17,
            Self::Storage => 18,
            Self::Corrupt => 19,
            Self::Maintenance => 20,
            Self::Network => 21,
            Self::Interrupted => 130,
        }
    }
}

/// What failed, why, and what to type next.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Error {
    /// Decides the exit code.
    #[serde(rename = "code")]
    pub kind: Kind,
    /// A lower-case fragment without a full stop.
    pub message: String,
    /// What led to it, outermost first.
    pub causes: Vec<String>,
    /// What to type.
    pub hints: Vec<String>,
    /// More for programs, such as the verdict of a validation; printed with `--json` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<Box<serde_json::Value>>,
}

impl Error {
    /// An error of the given kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new(), details: None }
    }

    /// The data root cannot be read or written; `error` should name the path (use `fs_err`).
    #[must_use]
    pub fn storage(message: impl Into<String>, error: &io::Error) -> Self {
        Self::new(Kind::Storage, message).cause(chain(error))
    }

    /// Adds what led to it.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds details for programs.
    #[must_use]
    pub fn details(mut self, details: serde_json::Value) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    /// Adds what to type.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)?;
        for cause in &self.causes {
            write!(formatter, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Whether a failure means that the system, or a limit that somebody set, gives no more: memory, descriptors, processes,
/// room in a file. Nothing is wrong with what was asked for.
#[must_use]
pub fn is_scarcity(error: &std::io::Error) -> bool {
    use rustix::io::Errno;

    let scarce =
        [Errno::MFILE, Errno::NFILE, Errno::AGAIN, Errno::NOMEM, Errno::FBIG, Errno::NOSPC, Errno::NOBUFS];
    Errno::from_io_error(error).is_some_and(|errno| scarce.contains(&errno))
}

/// What to do about [`is_scarcity`].
pub(crate) const SCARCITY_HINT: &str =
    "raise the limits of the system (`ulimit -a` shows them), or end other programs";

/// The texts of an error and of all its sources.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        source = inner.source();
    }
    text
}

/// Turns an `io::Error` that already names its path into an [`Error`] of kind [`Kind::Storage`].
pub trait StorageContext<T> {
    /// Says what was being done.
    ///
    /// # Errors
    /// The same failure, with its context.
    fn storage(self, doing: &str) -> Result<T>;
}

impl<T> StorageContext<T> for io::Result<T> {
    fn storage(self, doing: &str) -> Result<T> {
        self.map_err(|error| Error::storage(format!("cannot {doing}"), &error))
    }
}
