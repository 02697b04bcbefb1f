//! Modules as they travel: packed, signed, installed side by side, switched and taken back.
//!
//! A package `ID-VERSION.hostplugin` is a tar archive compressed with zstd: `plugin.toml` first, then a library for each
//! target, licence and documentation. Its signature lies beside it, `ID-VERSION.hostplugin.minisig`.
//!
//! Invariant: a package is read whole and checked whole in memory before anything is written.

pub mod archive;
pub mod build;
pub mod install;
pub mod manifest;
pub mod pack;
pub mod signature;
pub mod source;
pub mod store;
