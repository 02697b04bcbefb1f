//! The library of a crate: built by cargo, and found by what cargo says it made.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// A line of `cargo build --message-format=json`, as far as it matters here.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    manifest_path: PathBuf,
    #[serde(default)]
    target: Target,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Default, Deserialize)]
struct Target {
    #[serde(default)]
    crate_types: Vec<String>,
}

/// How a crate is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// As its author works on it.
    Development,
    /// As others get it.
    Release,
}

impl Profile {
    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Development => &["build"],
            Self::Release => &["build", "--release"],
        }
    }
}

/// Builds a crate and returns its library. What cargo says goes to standard error.
///
/// # Errors
/// [`Kind::Usage`] where there is no cargo, [`Kind::BadInput`] when the crate does not build or makes no library that can
/// be loaded.
pub fn library_of_crate(folder: &Path, profile: Profile) -> Result<PathBuf> {
    let shown = folder.display();
    let manifest = fs_err::canonicalize(folder.join("Cargo.toml")).map_err(|error| {
        Error::new(Kind::BadInput, format!("the folder `{shown}` holds no crate"))
            .cause(error.to_string())
            .hint("give the folder with the module's `Cargo.toml`, or a library that is built already")
            .hint("to begin a new module, run `host plugin new NAME`")
    })?;
    let no_cargo = |error: std::io::Error| {
        Error::new(Kind::Usage, "cannot run `cargo`, which builds the crate")
            .cause(error.to_string())
            .hint("install Rust, or give a library that is built already")
    };
    let mut cargo = Command::new("cargo");
    cargo.args(profile.arguments()).arg("--message-format=json-render-diagnostics");
    cargo.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut running = cargo.spawn().map_err(no_cargo)?;
    let mut libraries = Vec::new();
    for line in running.stdout.take().into_iter().flat_map(|output| BufReader::new(output).lines()) {
        // Lines that are no messages come from build scripts.
        let Ok(message) = serde_json::from_str::<Message>(&line.map_err(no_cargo)?) else { continue };
        let is_module = message.target.crate_types.iter().any(|kind| kind == "cdylib");
        if message.reason == "compiler-artifact" && is_module && same(&message.manifest_path, &manifest) {
            libraries.extend(message.filenames.into_iter().filter(|file| is_library(file)));
        }
    }
    if !running.wait().map_err(no_cargo)?.success() {
        return Err(Error::new(Kind::BadInput, format!("the crate in `{shown}` does not build")).hint(
            format!("run `cargo {}` in `{shown}` and mend what it says", profile.arguments().join(" ")),
        ));
    }
    match <[PathBuf; 1]>::try_from(libraries) {
        Ok([library]) => Ok(library),
        Err(_) => Err(Error::new(Kind::BadInput, format!("the crate in `{shown}` makes no module"))
            .cause("it has no library of type `cdylib`")
            .hint("write `crate-type = [\"cdylib\"]` under `[lib]` of its `Cargo.toml`")),
    }
}

fn same(path: &Path, canonical: &Path) -> bool {
    fs_err::canonicalize(path).is_ok_and(|path| path == canonical)
}

fn is_library(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION)
}
