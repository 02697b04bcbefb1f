//! Modules that tests build: each in a target directory of its own, out of the host's search path.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{repository, target};

mod c_modules;
mod toolchains;
mod versions;

pub use c_modules::{c_example, c_module, c_module_without_its_library, other_clock};
pub use toolchains::{Toolchain, arrow_and_allocator, built_otherwise};

/// Folder with the module that misbehaves on request.
#[must_use]
pub fn hostile() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("tests/modules/hostile"), "hostile"))
}

/// The same module, built so that a panic ends the process at once.
#[must_use]
pub fn hostile_that_aborts() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let source = repository().join("tests/modules/hostile");
        build_with(&source, "hostile-abort", &[("CARGO_PROFILE_DEV_PANIC", "abort")])
    })
}

/// Folder with the module that tries what it is not allowed.
#[must_use]
pub fn prober() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build(&repository().join("tests/modules/prober"), "prober"))
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
    build_with(source, name, &[])
}

/// The same with additional variables for cargo.
fn build_with(source: &Path, name: &str, variables: &[(&str, &str)]) -> PathBuf {
    build_by(source, name, variables, &[])
}

/// The same with additional arguments for cargo.
fn build_by(source: &Path, name: &str, variables: &[(&str, &str)], arguments: &[&str]) -> PathBuf {
    let lock = source.join("Cargo.lock");
    if !lock.is_file() {
        std::fs::copy(repository().join("Cargo.lock"), &lock).unwrap();
    }
    let directory = target().join("fixtures").join(name);
    let built = Command::new(env!("CARGO"))
        .current_dir(source)
        .args(["build", "--quiet", "--target-dir"])
        .arg(&directory)
        .args(arguments)
        .env_remove("RUSTFLAGS")
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "`{}` does not build:\n{said}", source.display());
    directory.join("debug")
}

/// Folder with one module for each released or imagined version of the interface; see `fixture/versions.rs`.
#[must_use]
pub fn api_versions() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(versions::build)
}
