//! A derivation in a process of its own.
//!
//! The worker is the host's executable, started again with one end of a socket as its standard input. It receives the
//! module as a descriptor, confines itself and loads it; then, once or several times, it receives inputs and an empty
//! result file as descriptors, writes its answer segment by segment into the result file, and sends DONE.
//!
//! Invariant: without a DONE frame the derivation has failed, whatever the exit code. Everything that comes from a
//! worker is treated as hostile.

mod answer;
pub mod child;
mod failures;
mod folder;
pub mod frames;
mod kept;
pub mod parent;
mod printed;
mod process;
mod result;

pub(in crate::modules) use failures::Failure;
pub(in crate::modules) use process::Process;

/// Name of the hidden verb.
pub const VERB: &str = "worker";
