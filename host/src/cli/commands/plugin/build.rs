//! Builds the library of a crate, for verbs that take the folder of one.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::error::{Error, Kind, Result};

/// Builds the crate in a folder and returns its library. What cargo has to say goes to standard error.
pub(super) fn library(folder: &Path) -> Result<PathBuf> {
    let manifest = folder.join("Cargo.toml");
    if !manifest.is_file() {
        return Err(Error::new(Kind::Usage, format!("`{}` is no folder of a crate", folder.display()))
            .cause("there is no `Cargo.toml` in it")
            .hint("give the path of a library, or of a crate's folder; `host plugin new NAME` writes one"));
    }
    let mut cargo = Command::new("cargo")
        .current_dir(folder)
        .args(["build", "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Error::new(Kind::Usage, "cannot run `cargo`, which builds a crate")
                .cause(error.to_string())
                .hint("install Rust from https://rustup.rs, or give the path of a built library")
        })?;
    let mut libraries = Vec::new();
    let manifest = fs_err::canonicalize(&manifest).unwrap_or(manifest);
    for line in cargo.stdout.take().map(BufReader::new).into_iter().flat_map(BufRead::lines) {
        let line = line.map_err(|error| Error::storage("cannot read what cargo says", &error))?;
        // Whatever a build script prints is no message.
        let Ok(message) = serde_json::from_str::<Value>(&line) else { continue };
        libraries.extend(libraries_of(&message, &manifest));
    }
    let status = cargo.wait().map_err(|error| Error::storage("cannot wait for cargo", &error))?;
    if !status.success() {
        return Err(Error::new(
            Kind::CheckFailed,
            format!("the crate in `{}` does not build", folder.display()),
        )
        .cause(format!("`cargo build` ended with {status}"))
        .hint("cargo says above what is wrong"));
    }
    match libraries.as_slice() {
        [library] => Ok(library.clone()),
        [] => Err(Error::new(Kind::Usage, format!("the crate in `{}` makes no library", folder.display()))
            .hint("write `crate-type = [\"cdylib\"]` below `[lib]` in its `Cargo.toml`")),
        _ => Err(Error::new(
            Kind::Usage,
            format!("the crate in `{}` makes several libraries", folder.display()),
        )
        .hint("give the path of one of them")),
    }
}

/// The dynamic libraries that a message of cargo announces for a crate.
fn libraries_of(message: &Value, manifest: &Path) -> Vec<PathBuf> {
    let is = |key: &str, text: &str| message[key] == text;
    let made_here = message["manifest_path"].as_str().is_some_and(|path| Path::new(path) == manifest);
    let kinds = message["target"]["kind"].as_array().map_or(&[][..], Vec::as_slice);
    if !is("reason", "compiler-artifact") || !made_here || !kinds.iter().any(|kind| kind == "cdylib") {
        return Vec::new();
    }
    let files = message["filenames"].as_array().map_or(&[][..], Vec::as_slice);
    let libraries = files.iter().filter_map(Value::as_str).map(PathBuf::from);
    libraries
        .filter(|file| file.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_the_dynamic_libraries_of_this_crate_are_taken() {
        let manifest = Path::new("/work/a/Cargo.toml");
        let name = format!("/t/debug/liba{}", std::env::consts::DLL_SUFFIX);
        let message = |reason: &str, manifest: &str, kind: &str| {
            json!({ "reason": reason, "manifest_path": manifest, "target": { "kind": [kind] },
                    "filenames": [name, "/t/debug/liba.d"] })
        };
        let of = |message: Value| libraries_of(&message, manifest);
        assert_eq!(of(message("compiler-artifact", "/work/a/Cargo.toml", "cdylib")), [PathBuf::from(&name)]);
        assert!(of(message("compiler-artifact", "/work/b/Cargo.toml", "cdylib")).is_empty());
        assert!(of(message("compiler-artifact", "/work/a/Cargo.toml", "rlib")).is_empty());
        assert!(of(message("build-finished", "/work/a/Cargo.toml", "cdylib")).is_empty());
    }
}
