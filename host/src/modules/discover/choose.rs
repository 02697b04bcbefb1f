//! Chooses the module that somebody named: by id, by id and installed version, or by the path of its library.

use std::path::Path;

use semver::Version;

use super::{
    Candidate, Found, LIBRARY_LIMIT_BYTES, SearchDirectory, SearchOrigin, State, open_library, scan,
};
use crate::error::{Error, Kind, Result, SCARCITY_HINT, is_scarcity};
use crate::modules::manifest;
use crate::packages::store::{InstalledLibrary, Store};
use crate::platform::SealedFile;

/// Finds a module by id, by `ID@VERSION` among those that are installed, or by path when `id` names a file.
///
/// # Errors
/// [`Kind::Usage`] when there is none, or when one directory holds two; [`Kind::Untrusted`] when somebody else may have
/// put it there.
pub fn find(path: &[SearchDirectory], id: &str) -> Result<Found> {
    if id.contains('/') {
        refuse_inside_the_store(path, id)?;
        return take(Path::new(id)).map_err(|error| {
            if error.kind == Kind::Untrusted {
                return error;
            }
            let kind = if Path::new(id).is_file() { Kind::Incompatible } else { Kind::Usage };
            let mut refused = Error::new(kind, format!("`{id}` cannot be used"));
            refused.causes = error.causes;
            refused.hint("give the id of a module, or the path of its library")
        });
    }
    if let Some((id, version)) = id.split_once('@') {
        return find_version(path, id, version);
    }
    let candidates = scan(path);
    if let Some(conflict) = same_directory_twice(&candidates, id) {
        return Err(conflict);
    }
    let mut known = Vec::new();
    let mut unusable = Vec::new();
    let mut disabled = Vec::new();
    for candidate in candidates {
        let shown = candidate.path.display();
        match &candidate.state {
            State::Module { shadowed_by: Some(_), .. } => {}
            State::Module { embedded, .. } if embedded.descriptor.id == id => {
                let found = candidate.take()?;
                if found.embedded.descriptor.id == id {
                    return Ok(found);
                }
                return Err(Error::new(Kind::Incompatible, format!("`{shown}` cannot be used"))
                    .cause("it became another module meanwhile")
                    .hint("run `host plugin list` to see what there is"));
            }
            State::Module { embedded, .. } => known.push(embedded.descriptor.id.clone()),
            State::Disabled(embedded) if embedded.descriptor.id == id => disabled.push(candidate),
            State::Disabled(_) => {}
            // Whoever asks for it by name must not get another one instead.
            State::Untrusted(error) if candidate.is_named(id) => return Err(error.clone()),
            State::Broken(why) if candidate.installed_id.as_deref() == Some(id) => {
                return Err(Error::new(Kind::Untrusted, format!("installed module `{id}` cannot be used"))
                    .cause(format!("`{shown}`: {why}"))
                    .hint(format!("run `host plugin remove {id}`, then install it again")));
            }
            State::Untrusted(error) => unusable.push(format!("`{shown}`: {error}")),
            State::Broken(why) if !candidate.path.is_file() => {
                // A directory that somebody named: perhaps another module than they meant is about to run.
                tracing::warn!("`{shown}` of the search path cannot be used: {why}");
                unusable.push(format!("`{shown}`: {why}"));
            }
            State::Broken(why) => unusable.push(format!("`{shown}`: {why}")),
        }
    }
    if !disabled.is_empty() {
        let others = disabled.iter().filter(|candidate| candidate.installed.is_none());
        return Err(others.fold(is_disabled(id), |error, other| {
            let other = other.path.display();
            error
                .cause(format!("`{other}` is the same module, and does not stand in for it"))
                .hint(format!("to use that file all the same, name it: `--plugin {other}`"))
        }));
    }
    Err(not_found(path, id, &known, unusable))
}

impl Candidate {
    /// Whether it passes for that module, as far as can be told without reading it.
    fn is_named(&self, id: &str) -> bool {
        let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
        let file = format!("{prefix}{}{suffix}", id.replace('-', "_"));
        self.path.file_name().is_some_and(|name| *name == *file) || self.installed_id.as_deref() == Some(id)
    }
}

/// Finds one version of an installed module, whether it is the current one or not.
fn find_version(path: &[SearchDirectory], id: &str, version: &str) -> Result<Found> {
    let version: Version = version.parse().map_err(|error: semver::Error| {
        Error::new(Kind::Usage, format!("`{}` is no version", version.escape_debug()))
            .cause(error.to_string())
            .hint("versions look like `1.2.0`; run `host plugin list` to see those that are installed")
    })?;
    let store = path.iter().find(|directory| directory.origin == SearchOrigin::Installed);
    let store = store.map(|directory| Store::new(&directory.path)).ok_or_else(|| {
        Error::new(Kind::Usage, format!("no module `{id}` is installed"))
            .hint("versions are chosen among installed modules: type `host plugin install FILE|DIR|URL`")
    })?;
    let receipt = store.require(id)?;
    if !receipt.enabled {
        return Err(is_disabled(id));
    }
    take_installed(&store.library(&receipt, &version)?)
}

/// Reads an installed module whole.
///
/// # Errors
/// As [`find`].
pub fn take_installed(installed: &InstalledLibrary) -> Result<Found> {
    let found = take(&installed.library).map_err(|error| match error.kind {
        Kind::Untrusted => error,
        _ => error.hint(format!(
            "to put it back, type `host plugin remove {}@{}`, then install it again",
            installed.id, installed.version
        )),
    })?;
    let (id, version) = (&found.embedded.descriptor.id, &found.embedded.manifest.version);
    if *id != installed.id || *version != installed.version.to_string() {
        let InstalledLibrary { id: wanted, version: expected, .. } = installed;
        let shown = found.path.display();
        return Err(installed.changed(format!("`{shown}` is `{id}` {version}, not `{wanted}` {expected}")));
    }
    Ok(Found { installed: Some(installed.clone()), ..found })
}

/// What is installed is named by its id: then its receipt, its signature and whether it is enabled are looked at too.
fn refuse_inside_the_store(path: &[SearchDirectory], library: &str) -> Result<()> {
    let Ok(library) = fs_err::canonicalize(library) else { return Ok(()) };
    let store = path.iter().filter(|directory| directory.origin == SearchOrigin::Installed);
    let mut roots = store.filter_map(|directory| fs_err::canonicalize(&directory.path).ok());
    let Some(inside) = roots.find_map(|root| library.strip_prefix(root).ok().map(Path::to_owned)) else {
        return Ok(());
    };
    let mut names = inside.iter().map(|name| name.to_string_lossy());
    let (id, version) = (names.next().unwrap_or_default(), names.next().unwrap_or_default());
    Err(Error::new(Kind::Untrusted, format!("`{}` is a file of an installed module", library.display()))
        .cause("by its path it would run without its receipt and its signature")
        .hint(format!("give its id and version in place of the path: `--plugin {id}@{version}`")))
}

fn is_disabled(id: &str) -> Error {
    Error::new(Kind::Usage, format!("module `{id}` is disabled"))
        .hint(format!("to use it again, type `host plugin enable {id}`"))
}

fn not_found(path: &[SearchDirectory], id: &str, known: &[String], unusable: Vec<String>) -> Error {
    let mut error = Error::new(Kind::Usage, format!("no module `{id}` in the search path"));
    error.causes.extend(unusable.into_iter().map(|unusable| format!("unusable: {unusable}")));
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

/// Copies the whole file once; what it says of itself is said by these very bytes.
pub(super) fn take(path: &Path) -> Result<Found> {
    let refused = |why: String| {
        Error::new(Kind::Incompatible, format!("`{}` cannot be used", path.display())).cause(why)
    };
    let sealed = SealedFile::copy_of("module", open_library(path)?, LIBRARY_LIMIT_BYTES);
    let (library, sha256) = sealed
        .map_err(|error| {
            let refused = refused(error.to_string());
            if is_scarcity(&error) {
                Error { kind: Kind::Limit, ..refused }.hint(SCARCITY_HINT)
            } else {
                refused
            }
        })?
        .ok_or_else(|| refused(format!("it has more than {LIBRARY_LIMIT_BYTES} bytes")))?;
    let bytes = library.map().map_err(|error| refused(error.to_string()))?;
    let embedded = manifest::read(&bytes).map_err(|fault| refused(fault.to_string()))?;
    Ok(Found { path: path.to_owned(), embedded, sha256, library, installed: None })
}
