//! A derivation in a process of its own.
//!
//! The worker is the host's executable, started again with one end of a socket as its standard input. It receives the
//! module, the inputs and an empty result file as descriptors, limits itself, loads the module, writes Arrow IPC into
//! the result file and sends DONE.
//!
//! Invariant: without a DONE frame the derivation has failed, whatever the exit code. Everything that comes from a
//! worker is treated as hostile.

pub mod child;
pub mod frames;
pub mod parent;

/// Name of the hidden verb.
pub const VERB: &str = "worker";
