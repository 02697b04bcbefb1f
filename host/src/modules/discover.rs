//! Finds modules along the search path. A broken or foreign file is listed as what it is and hides nothing.
//!
//! Where installed modules are kept, their receipts say which library is looked at; elsewhere every library is.

mod choose;

use std::path::{Path, PathBuf};

use fs_err as fs;
use semver::Version;
use serde::Serialize;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::manifest::{self, Embedded};
use crate::packages::store::{InstalledLibrary, Receipt, Store};
use crate::platform::SealedFile;
use crate::trust;

pub use choose::{find, take_installed};

/// Largest library that is looked at.
const LIBRARY_LIMIT_BYTES: u64 = 512 << 20;

/// Why a directory is in the search path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SearchOrigin {
    /// `--plugin-dir`.
    Flag,
    /// `PBUF_PLUGIN_PATH` or `plugins.directories` of the configuration.
    Configuration,
    /// Where installed modules are kept.
    Installed,
    /// The user's own directory.
    User,
    /// Where the host's executable is.
    Executable,
}

/// One directory of the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchDirectory {
    /// The directory.
    pub path: PathBuf,
    /// Why it is searched.
    pub origin: SearchOrigin,
}

/// One file of the search path.
#[derive(Debug)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// Why the directory it is in is searched.
    pub origin: SearchOrigin,
    /// The module that its place in the store says it is.
    pub installed_id: Option<String>,
    /// How it was installed, if it was.
    pub installed: Option<InstalledLibrary>,
    /// Its other installed versions, newest first.
    pub other_versions: Vec<Version>,
    /// What it is.
    pub state: State,
}

/// What a file of the search path is.
#[derive(Debug)]
pub enum State {
    /// A module.
    Module {
        /// What it says of itself.
        embedded: Box<Embedded>,
        /// A file earlier in the path with the same id, which is used instead.
        shadowed_by: Option<PathBuf>,
    },
    /// An installed module that is not to be found by its id, or another file of the same id.
    Disabled(Box<Embedded>),
    /// Somebody else may have put it there, and how.
    Untrusted(Error),
    /// Not a usable module, and why.
    Broken(String),
}

impl Candidate {
    fn new(path: PathBuf, origin: SearchOrigin, state: State) -> Self {
        Self { path, origin, installed_id: None, installed: None, other_versions: Vec::new(), state }
    }

    /// sha256 of the library, when it is a module and can still be read.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match &self.state {
            State::Module { .. } | State::Disabled(_) => {
                Digest::of_file(&self.path).ok().map(|(digest, _)| digest)
            }
            State::Untrusted(_) | State::Broken(_) => None,
        }
    }
}

/// A module that was chosen, with the very bytes that were hashed and will be loaded.
#[derive(Debug)]
pub struct Found {
    /// The file, for messages.
    pub path: PathBuf,
    /// What it says of itself.
    pub embedded: Embedded,
    /// The file's bytes, in a copy that nobody can change.
    pub library: SealedFile,
    /// Of those bytes.
    pub sha256: Digest,
    /// How it was installed, if it was.
    pub installed: Option<InstalledLibrary>,
}

impl Candidate {
    /// Reads the module whole, as [`find`] does when it is chosen.
    ///
    /// # Errors
    /// As [`find`].
    pub fn take(&self) -> Result<Found> {
        let found = choose::take(&self.path)?;
        Ok(Found { installed: self.installed.clone(), ..found })
    }
}

/// Looks at every library file of the search path, in order.
#[must_use]
pub fn scan(path: &[SearchDirectory]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    let mut seen_directories = Vec::new();
    for directory in path {
        let canonical = fs::canonicalize(&directory.path).unwrap_or_else(|_| directory.path.clone());
        if seen_directories.contains(&canonical) {
            continue;
        }
        seen_directories.push(canonical);
        let origin = directory.origin;
        let found = match origin {
            SearchOrigin::Installed => installed_in(&directory.path),
            _ => libraries_in(&directory.path).map(|libraries| {
                libraries
                    .into_iter()
                    .map(|path| Candidate::new(path.clone(), origin, look_at(&path)))
                    .collect()
            }),
        };
        let found = match found {
            Ok(found) => found,
            // A directory that nobody asked for by name may be absent.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !origin.explicit() => {
                continue;
            }
            Err(error) => {
                let state = State::Broken(error.to_string());
                candidates.push(Candidate::new(directory.path.clone(), origin, state));
                continue;
            }
        };
        for mut candidate in found {
            if let State::Module { embedded, shadowed_by, .. } = &mut candidate.state {
                *shadowed_by = candidates.iter().find_map(|earlier| match &earlier.state {
                    State::Module { embedded: other, shadowed_by: None, .. }
                        if other.descriptor.id == embedded.descriptor.id =>
                    {
                        Some(earlier.path.clone())
                    }
                    _ => None,
                });
            }
            candidates.push(candidate);
        }
    }
    disable(&mut candidates);
    candidates
}

/// Whoever disables an installed module wants its id not to run: no other file stands in for it, wherever it lies.
fn disable(candidates: &mut [Candidate]) {
    let disabled = candidates.iter().filter_map(|candidate| match &candidate.state {
        State::Disabled(embedded) => Some(embedded.descriptor.id.clone()),
        _ => None,
    });
    let disabled: Vec<String> = disabled.collect();
    for candidate in candidates {
        if let State::Module { embedded, .. } = &candidate.state
            && disabled.contains(&embedded.descriptor.id)
        {
            candidate.state = State::Disabled(embedded.clone());
        }
    }
}

impl SearchOrigin {
    fn explicit(self) -> bool {
        matches!(self, Self::Flag | Self::Configuration)
    }
}

/// The current version of every installed module.
fn installed_in(root: &Path) -> std::io::Result<Vec<Candidate>> {
    let store = Store::new(root);
    let modules = store.modules()?.into_iter().map(|(id, receipt)| match receipt {
        Ok(receipt) => installed(&store, &receipt),
        Err(error) => unusable(&id, store.receipt_path(&id), error),
    });
    Ok(modules.collect())
}

/// An installed module that cannot be used, and why.
fn unusable(id: &str, path: PathBuf, error: Error) -> Candidate {
    let state = match error.kind {
        Kind::Untrusted => State::Untrusted(error),
        _ => State::Broken(error.to_string()),
    };
    Candidate { installed_id: Some(id.to_owned()), ..Candidate::new(path, SearchOrigin::Installed, state) }
}

fn installed(store: &Store, receipt: &Receipt) -> Candidate {
    let (id, current) = (&receipt.id, &receipt.current);
    let library = match store.library(receipt, current) {
        Ok(library) => library,
        Err(error) => return unusable(id, store.version_folder(id, current), error),
    };
    let state = match look_at(&library.library) {
        State::Module { embedded, .. }
            if embedded.descriptor.id != *id || embedded.manifest.version != current.to_string() =>
        {
            let (id, version) = (embedded.descriptor.id.clone(), embedded.manifest.version.clone());
            State::Broken(format!(
                "the receipt says `{}` {current}, the library is `{id}` {version}",
                receipt.id
            ))
        }
        State::Module { embedded, .. } if !receipt.enabled => State::Disabled(embedded),
        state => state,
    };
    let others = receipt.versions.keys().rev().filter(|version| *version != current);
    Candidate {
        path: library.library.clone(),
        origin: SearchOrigin::Installed,
        installed_id: Some(id.clone()),
        other_versions: others.cloned().collect(),
        installed: Some(library),
        state,
    }
}

fn libraries_in(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut libraries = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_library =
            path.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION);
        if is_library {
            libraries.push(path);
        }
    }
    libraries.sort();
    Ok(libraries)
}

/// Reads no more of the file than what it says of itself.
fn look_at(path: &Path) -> State {
    // What is no file at all is nobody's attack.
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return State::Broken("not a regular file".to_owned()),
        Err(error) => return State::Broken(error.to_string()),
    }
    let library = match open_library(path) {
        Ok(library) => library,
        Err(error) if error.kind == Kind::Untrusted => return State::Untrusted(error),
        Err(error) => return State::Broken(error.to_string()),
    };
    match manifest::peek(library) {
        Ok(embedded) => State::Module { embedded: Box::new(embedded), shadowed_by: None },
        Err(fault) => State::Broken(fault.to_string()),
    }
}

/// Opens a library that only trusted users can have put there.
fn open_library(path: &Path) -> Result<std::fs::File> {
    let library = trust::path::open(path)?;
    let refused = |why: String| {
        Error::new(Kind::Incompatible, format!("`{}` cannot be used", path.display())).cause(why)
    };
    let length = library.metadata().map_err(|error| refused(error.to_string()))?.len();
    if length > LIBRARY_LIMIT_BYTES {
        return Err(refused(format!("{length} bytes, the limit is {LIBRARY_LIMIT_BYTES}")));
    }
    Ok(library)
}
