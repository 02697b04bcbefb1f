//! Modules that tests build: each in a target directory of its own, out of the host's search path.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{repository, target};

/// Folder with the module that misbehaves on request.
#[must_use]
pub fn hostile() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("tests/modules/hostile"), "hostile"))
}

/// Folder with the third-party example.
#[must_use]
pub fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("examples/third-party-module"), "example"))
}

/// Builds a crate or workspace with the versions that the repository locks, and returns the folder of its libraries.
#[must_use]
pub fn build(source: &Path, name: &str) -> PathBuf {
    let lock = source.join("Cargo.lock");
    if !lock.is_file() {
        std::fs::copy(repository().join("Cargo.lock"), &lock).unwrap();
    }
    let directory = target().join("fixtures").join(name);
    let status = Command::new(env!("CARGO"))
        .current_dir(source)
        .args(["build", "--quiet", "--target-dir"])
        .arg(&directory)
        .env_remove("RUSTFLAGS")
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .status()
        .unwrap();
    assert!(status.success(), "`{}` does not build", source.display());
    directory.join("debug")
}
