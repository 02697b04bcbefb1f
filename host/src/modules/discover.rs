//! Finds modules along the search path. A broken or foreign file is listed as what it is and hides nothing.

use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::manifest::{self, Embedded};

/// Largest library that is looked at.
const LIBRARY_LIMIT_BYTES: u64 = 512 << 20;

/// Why a directory is in the search path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchOrigin {
    /// `--plugin-dir`.
    Flag,
    /// `PBUF_PLUGIN_PATH` or `plugins.directories` of the configuration.
    Configuration,
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
    /// Not a usable module, and why.
    Broken(String),
}

impl Candidate {
    /// sha256 of the library, when it is a module and can still be read.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        match &self.state {
            State::Module { .. } => Digest::of_file(&self.path).ok().map(|(digest, _)| digest),
            State::Broken(_) => None,
        }
    }
}

/// A module that was chosen, with the very bytes that will be hashed, sealed and loaded.
#[derive(Debug)]
pub struct Found {
    /// The file, for messages.
    pub path: PathBuf,
    /// What it says of itself.
    pub embedded: Embedded,
    /// The file's bytes.
    pub bytes: Vec<u8>,
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
        let libraries = match libraries_in(&directory.path) {
            Ok(libraries) => libraries,
            // A directory that nobody asked for by name may be absent.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !directory.origin.explicit() => {
                continue;
            }
            Err(error) => {
                candidates.push(Candidate {
                    path: directory.path.clone(),
                    state: State::Broken(error.to_string()),
                });
                continue;
            }
        };
        for library in libraries {
            let mut state = look_at(&library);
            if let State::Module { embedded, shadowed_by, .. } = &mut state {
                *shadowed_by = candidates.iter().find_map(|earlier| match &earlier.state {
                    State::Module { embedded: other, shadowed_by: None, .. }
                        if other.descriptor.id == embedded.descriptor.id =>
                    {
                        Some(earlier.path.clone())
                    }
                    _ => None,
                });
            }
            candidates.push(Candidate { path: library, state });
        }
    }
    candidates
}

impl SearchOrigin {
    fn explicit(self) -> bool {
        matches!(self, Self::Flag | Self::Configuration)
    }
}

/// Finds a module by id, or by path when `id` names a file.
///
/// # Errors
/// [`Kind::Usage`] when there is none, or when one directory holds two.
pub fn find(path: &[SearchDirectory], id: &str) -> Result<Found> {
    if id.contains('/') {
        return take(Path::new(id)).map_err(|why| {
            let kind = if Path::new(id).is_file() { Kind::Incompatible } else { Kind::Usage };
            Error::new(kind, format!("`{id}` cannot be used")).cause(why)
        });
    }
    let candidates = scan(path);
    if let Some(conflict) = same_directory_twice(&candidates, id) {
        return Err(conflict);
    }
    let mut known = Vec::new();
    let mut broken = Vec::new();
    for candidate in candidates {
        match candidate.state {
            State::Module { shadowed_by: Some(_), .. } => {}
            State::Module { embedded, .. } if embedded.descriptor.id == id => {
                let taken = take(&candidate.path);
                let same = taken.and_then(|found| {
                    let same = found.embedded.descriptor.id == id;
                    same.then_some(found).ok_or_else(|| "it became another module meanwhile".to_owned())
                });
                return same.map_err(|why| {
                    let path = candidate.path.display();
                    Error::new(Kind::Incompatible, format!("`{path}` cannot be used")).cause(why)
                });
            }
            State::Broken(why) if !candidate.path.is_file() => {
                // A directory that somebody named: perhaps another module than they meant is about to run.
                tracing::warn!("`{}` of the search path cannot be used: {why}", candidate.path.display());
                broken.push(format!("`{}`: {why}", candidate.path.display()));
            }
            State::Module { embedded, .. } => known.push(embedded.descriptor.id.clone()),
            State::Broken(why) => broken.push(format!("`{}`: {why}", candidate.path.display())),
        }
    }
    Err(not_found(path, id, &known, broken))
}

fn not_found(path: &[SearchDirectory], id: &str, known: &[String], broken: Vec<String>) -> Error {
    let mut error = Error::new(Kind::Usage, format!("no module `{id}` in the search path"));
    error.causes.extend(broken.into_iter().map(|broken| format!("unusable: {broken}")));
    if let Some(near) = crate::text::nearest(id, known.iter().map(String::as_str)) {
        error = error.hint(format!("did you mean `--plugin {near}`?"));
    }
    let searched: Vec<String> =
        path.iter().map(|directory| format!("`{}`", directory.path.display())).collect();
    error
        .hint(format!("searched {}", searched.join(", ")))
        .hint("to add a directory, give `--plugin-dir DIR`; to see what is there, run `host plugin list`")
}

fn same_directory_twice(candidates: &[Candidate], id: &str) -> Option<Error> {
    candidates.iter().find_map(|candidate| match &candidate.state {
        State::Module { embedded, shadowed_by: Some(other), .. }
            if embedded.descriptor.id == id && candidate.path.parent() == other.parent() =>
        {
            Some(
                Error::new(Kind::Usage, format!("two files in one directory are module `{id}`"))
                    .cause(format!("`{}` and `{}`", other.display(), candidate.path.display()))
                    .hint("remove one, or name the file: `--plugin PATH`"),
            )
        }
        _ => None,
    })
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
    let library = match open_library(path) {
        Ok(library) => library,
        Err(error) => return State::Broken(error.to_string()),
    };
    match manifest::peek(library) {
        Ok(embedded) => State::Module { embedded: Box::new(embedded), shadowed_by: None },
        Err(fault) => State::Broken(fault.to_string()),
    }
}

/// Reads the whole file once; what it says of itself is said by these very bytes.
fn take(path: &Path) -> std::result::Result<Found, String> {
    let mut bytes = Vec::new();
    open_library(path)
        .and_then(|library| library.take(LIBRARY_LIMIT_BYTES).read_to_end(&mut bytes))
        .map_err(|error| error.to_string())?;
    let embedded = manifest::read(&bytes).map_err(|fault| fault.to_string())?;
    Ok(Found { path: path.to_owned(), embedded, bytes })
}

fn open_library(path: &Path) -> std::io::Result<fs::File> {
    let metadata = fs::metadata(path)?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("not a regular file"));
    }
    let length = metadata.len();
    if length > LIBRARY_LIMIT_BYTES {
        return Err(std::io::Error::other(format!("{length} bytes, the limit is {LIBRARY_LIMIT_BYTES}")));
    }
    fs::File::open(path)
}
