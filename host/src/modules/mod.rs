//! Modules: found without running them, checked, loaded, run in a worker.

pub mod compatibility;
pub mod discover;
pub mod library;
pub mod manifest;
pub mod standing;
pub mod suite;
pub mod worker;
