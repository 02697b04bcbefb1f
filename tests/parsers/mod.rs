//! What must hold for any bytes that are given to a reader of the host: one function for each reader.
//!
//! The fuzzer (`fuzz/`) looks for bytes that break it; `found.rs` replays what was found before. Each function panics
//! when a promise is broken: a panic of the reader itself is one.

mod backup;
mod elf;
mod frames;
mod module;
mod package;
mod result;
mod text;

/// A reader and everything that must hold of it.
pub type Check = fn(&[u8]);

/// Readers by the name of their fuzz target.
pub const ALL: &[(&str, Check)] = &[
    ("manifest_section", module::manifest_section),
    ("package", package::package),
    ("plugin_lock", package::plugin_lock),
    ("plugin_toml", package::plugin_toml),
    ("worker_frames", frames::worker_frames),
    ("arrow_ipc", result::arrow_ipc),
    ("backup_manifest", backup::manifest),
    ("named_table", text::named_table),
    ("covariance_text", text::covariance_text),
];

/// Most bytes of an input whose reader is expected to answer within a second.
pub const INPUT_LIMIT_BYTES: usize = 1 << 20;

/// Runs the reader of a fuzz target.
///
/// # Panics
/// When a promise is broken, or when there is no such target.
pub fn check(target: &str, bytes: &[u8]) {
    let (_, check) = ALL.iter().find(|(name, _)| *name == target).expect("a target of the list");
    check(bytes);
}

/// An error says something, and does not repeat its input at length.
fn assert_readable(error: &str) {
    assert!(!error.trim().is_empty(), "an error without a text");
    assert!(error.len() <= 4096, "an error of {} bytes: {}…", error.len(), &error[..100.min(error.len())]);
}

/// Message, causes and hints together.
fn assert_error(error: &host::error::Error, kinds: &[host::error::Kind]) {
    assert!(kinds.contains(&error.kind), "{error:?}");
    assert_readable(&format!("{} {}", error.message, error.causes.join(" ")));
}
