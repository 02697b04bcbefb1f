//! What is wrong with a module's answer.

use crate::error::{Error, Kind};

/// Why a result is not taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not what a worker writes, or contradicts itself.
    Malformed(String),
    /// There is more of something than any dataset needs.
    TooMuch {
        /// Of what, in the plural.
        what: &'static str,
        /// How many there are.
        found: u64,
        /// How many there may be.
        limit: u64,
    },
    /// What is fine cannot be stored.
    Storage {
        /// Name of the table.
        table: String,
        /// Why not.
        cause: String,
    },
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl Fault {
    pub(super) fn malformed(why: impl Into<String>) -> Self {
        Self::Malformed(why.into())
    }

    /// What there is of an answer cannot be read, or there is no more of it.
    pub(super) fn unreadable(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::UnexpectedEof => Self::malformed("it ends early"),
            _ => Self::malformed(format!("it cannot be read: {error}")),
        }
    }

    /// Names the module.
    pub(super) fn of_module(self, id: &str) -> Error {
        const HINT: &str = "report this to the module's author; nothing was registered";
        match self {
            Self::Malformed(why) => {
                Error::new(Kind::PluginCrashed, format!("module `{id}` returned a malformed result"))
                    .cause(why)
                    .hint(HINT)
            }
            Self::TooMuch { what, found, limit } => {
                Error::new(Kind::Limit, format!("the result of module `{id}` is too large"))
                    .cause(format!("{found} {what}, the limit is {limit}"))
                    .hint(HINT)
            }
            Self::Storage { table, cause } => {
                Error::new(Kind::Storage, format!("table `{table}` of module `{id}` cannot be stored"))
                    .cause(cause)
            }
        }
    }
}

/// Refuses more than `limit` of something.
pub(super) fn at_most(what: &'static str, found: usize, limit: usize) -> Result<()> {
    if found <= limit {
        return Ok(());
    }
    Err(Fault::TooMuch { what, found: found as u64, limit: limit as u64 })
}

/// A name as a message shows it, whatever it holds.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name.chars().take(60).flat_map(char::escape_debug).collect();
    if name.chars().nth(60).is_some() {
        shown.push('…');
    }
    shown
}
