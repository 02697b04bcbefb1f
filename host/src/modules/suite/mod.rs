//! The conformance suite over a library, each check in a process of its own.
//!
//! Purpose: what a module's author tests with `cargo test` an operator can test of a library, whatever it is written in.
//! The suite itself is that of `plugin_api::conformance`; here is how it reaches a library, and the process around it.
//!
//! The process is a worker's: started, confined, bounded and ended in the same way.
//!
//! Invariant: a check that crashes, hangs or answers nonsense is a failed check, never a failure of the host.

pub mod child;
pub mod parent;
mod subject;

use serde::{Deserialize, Serialize};

/// Second word of the hidden verb.
pub const VERB: &str = "check";

/// What a process is asked, once it is confined and has said so as a worker does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Request {
    /// Name of the check.
    check: String,
}

/// What it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case")]
enum Answer {
    /// The library cannot be loaded.
    Refused { message: String },
    /// The check is done.
    Done {
        /// What is wrong, a sentence each.
        faults: Vec<String>,
        /// Names of the examples that it was tried on.
        examples: Vec<String>,
    },
}
