//! Reads and writes the archive of a package. Everything ambiguous is refused.
//!
//! The archive is walked here, header by header, and never unpacked by a library: links, devices, dialects and names
//! with a second meaning are refused before anything is written anywhere.

use std::collections::BTreeMap;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules;
use crate::packages::manifest::{FILE_NAME, MANIFEST_LIMIT_BYTES, PackageManifest};
use crate::text;
use frame::Unpacked;
use header::BLOCK_BYTES;

pub use frame::UNPACKED_LIMIT_BYTES;

mod frame;
mod header;
pub mod names;

/// File name extension of a package.
pub const EXTENSION: &str = "hostplugin";

/// Most bytes of a package.
pub const PACKAGE_LIMIT_BYTES: u64 = 64 << 20;

/// Most files of a package.
pub const ENTRY_LIMIT: usize = 64;

/// Endings of libraries, which stand nowhere but under `lib/` and in the manifest, and of what lies beside an installed
/// package.
const LIBRARY_ENDINGS: [&str; 3] = ["so", "dylib", "dll"];
const PACKAGE_ENDINGS: [&str; 2] = [EXTENSION, super::signature::EXTENSION];

/// A package that was read whole and holds exactly what its manifest says.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    /// What it holds.
    pub manifest: PackageManifest,
    /// Digest of the package's own bytes.
    pub sha256: Digest,
    /// Every file but `plugin.toml`, by its path in the package.
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// Reads a package.
    ///
    /// # Errors
    /// [`Kind::Untrusted`] for what no honest package holds and for digests that differ, [`Kind::Limit`] for what is too
    /// large, [`Kind::BadInput`] for what is no package or a damaged one.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let mut archive = Unpacked::open(bytes)?;
        let manifest = first_entry(&mut archive)?;
        let mut seen = names::Seen::default();
        seen.add(FILE_NAME).map_err(|why| refuse(FILE_NAME, &why))?;
        let mut files = BTreeMap::new();
        while let Some((path, content)) = next_entry(&mut archive, UNPACKED_LIMIT_BYTES)? {
            seen.add(&path).map_err(|why| refuse(&path, &why))?;
            check_place(&manifest, &path)?;
            files.insert(path, content);
            if files.len() >= ENTRY_LIMIT {
                return Err(too_many());
            }
        }
        let package = Self { manifest, sha256: Digest::of(bytes), files };
        package.check_libraries()?;
        Ok(package)
    }

    /// The library for a target.
    #[must_use]
    pub fn library(&self, target: &str) -> Option<&[u8]> {
        self.files.get(&self.manifest.libraries.get(target)?.path).map(Vec::as_slice)
    }

    fn check_libraries(&self) -> Result<()> {
        self.manifest
            .libraries
            .keys()
            .try_for_each(|triple| check_library(&self.manifest, triple, &self.files))
    }
}

/// Reads no more of a package than its `plugin.toml`; nothing else of it is looked at.
///
/// # Errors
/// As [`Package::read`].
pub fn read_manifest(bytes: &[u8]) -> Result<PackageManifest> {
    first_entry(&mut Unpacked::open(bytes)?)
}

/// Writes a package; the same files give the same bytes.
///
/// # Errors
/// When the files are not those of the manifest, or [`Package::read`] would refuse the package.
pub fn write(manifest: &PackageManifest, files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let text = manifest.to_toml()?;
    let mut archive = Vec::new();
    let entries = files.iter().map(|(path, content)| (path.as_str(), content.as_slice()));
    for (path, content) in [(FILE_NAME, text.as_bytes())].into_iter().chain(entries) {
        archive.extend(header::write(path, content.len() as u64)?);
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK_BYTES, 0);
    let packed = frame::pack(&archive)?;
    // Nothing leaves that nobody could install.
    let read = Package::read(&packed)?;
    if read.manifest != *manifest || read.files != *files {
        return Err(Error::new(Kind::Internal, "the package does not hold what was packed"));
    }
    Ok(packed)
}

/// Reads `plugin.toml`, which comes first so that it can be read alone.
fn first_entry(archive: &mut Unpacked<'_>) -> Result<PackageManifest> {
    let missing = || untrusted(format!("the package does not begin with `{FILE_NAME}`"));
    let (path, content) = next_entry(archive, MANIFEST_LIMIT_BYTES)?.ok_or_else(missing)?;
    if path != FILE_NAME {
        return Err(missing().cause(format!("`{path}` comes first")));
    }
    let text = String::from_utf8(content).map_err(|_| refuse(FILE_NAME, "is not UTF-8"))?;
    PackageManifest::parse(&text)
}

/// The next file, whose name is plain; `None` at the end of the archive.
fn next_entry(archive: &mut Unpacked<'_>, limit: u64) -> Result<Option<(String, Vec<u8>)>> {
    let mut block = [0; BLOCK_BYTES];
    if !archive.fill(&mut block)? {
        return Err(untrusted("the archive in the package has no end".to_owned()));
    }
    if block == [0; BLOCK_BYTES] {
        let second = archive.fill(&mut block)? && block == [0; BLOCK_BYTES];
        if !second || archive.fill(&mut block)? {
            return Err(untrusted("the archive in the package goes on after its end".to_owned()));
        }
        return Ok(None);
    }
    let entry = header::read(&block)?;
    names::check(&entry.path).map_err(|why| refuse(&entry.path.escape_debug().to_string(), why))?;
    if entry.bytes > limit {
        return Err(too_large(&format!("`{}` in the package is", entry.path), entry.bytes, limit));
    }
    if entry.bytes > archive.left() {
        return Err(refuse(&entry.path, "is larger than the rest of the archive"));
    }
    let content = archive.content(entry.bytes)?;
    let used = content.len() % BLOCK_BYTES;
    if used > 0 {
        let padding = block.get_mut(used..).unwrap_or_default();
        if !archive.fill(padding)? || padding.iter().any(|byte| *byte != 0) {
            return Err(refuse(&entry.path, "has bytes hidden behind its end"));
        }
    }
    Ok(Some((entry.path, content)))
}

/// Whether a file may stand where it stands: libraries are listed, and nothing takes the place of what an installation
/// keeps beside the files.
fn check_place(manifest: &PackageManifest, path: &str) -> Result<()> {
    if manifest.libraries.values().any(|library| library.path == path) {
        return Ok(());
    }
    let lower = path.to_ascii_lowercase();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    let is_library = lower.starts_with("lib/") || lower.contains(".so.") || LIBRARY_ENDINGS.contains(&ending);
    if is_library {
        return Err(refuse(path, &format!("is a library that `{FILE_NAME}` does not list")));
    }
    if PACKAGE_ENDINGS.contains(&ending) {
        return Err(refuse(path, "is a package or signature inside a package"));
    }
    Ok(())
}

/// Whether a library is there, is the one that was listed, and says of itself what the manifest says of it.
fn check_library(manifest: &PackageManifest, triple: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<()> {
    let Some(listed) = manifest.libraries.get(triple) else { return Ok(()) };
    let path = listed.path.as_str();
    let Some(content) = files.get(path) else {
        return Err(refuse(path, &format!("is listed in `{FILE_NAME}`, but not there")));
    };
    if content.len() as u64 != listed.bytes {
        let why = format!("has {} bytes, `{FILE_NAME}` says {}", content.len(), listed.bytes);
        return Err(refuse(path, &why));
    }
    let found = Digest::of(content);
    if found != listed.sha256 {
        return Err(refuse(path, &format!("has sha256 {found}, `{FILE_NAME}` says {}", listed.sha256)));
    }
    let embedded = modules::manifest::read(content)
        .map_err(|fault| refuse(path, "is not a module").cause(fault.to_string()))?;
    let version = manifest.version.to_string();
    for (what, found, said) in [
        ("id", &embedded.descriptor.id, &manifest.id),
        ("version", &embedded.manifest.version, &version),
        ("plugin-api", &embedded.manifest.api, &manifest.api),
        ("target", &embedded.manifest.target, &triple.to_owned()),
    ] {
        if found != said {
            let found = found.escape_debug();
            return Err(refuse(path, &format!("says {what} `{found}`, `{FILE_NAME}` says `{said}`")));
        }
    }
    Ok(())
}

/// For an entry that no honest package holds. `shown` is its name, escaped.
fn refuse(shown: &str, why: &str) -> Error {
    untrusted(format!("`{shown}` in the package {why}"))
}

fn untrusted(message: String) -> Error {
    Error::new(Kind::Untrusted, message)
        .hint("`host plugin pack` writes no such package: do not install it, and ask its author for another")
}

fn too_many() -> Error {
    Error::new(Kind::Limit, format!("the package holds more than {ENTRY_LIMIT} files"))
        .hint("ask its author for a package made with `host plugin pack`")
}

fn too_large(what: &str, found: u64, limit: u64) -> Error {
    Error::new(Kind::Limit, format!("{what} too large"))
        .cause(format!("{}, the limit is {}", text::bytes(found), text::bytes(limit)))
        .hint(
            "ask its author for a smaller package; set `strip = true` in the profile that builds the library",
        )
}

fn damaged(why: &str) -> Error {
    Error::new(Kind::BadInput, "the package is damaged")
        .cause(why.to_owned())
        .hint("download it again, and compare its sha256 with what its author published")
}

fn not_a_package(why: &str) -> Error {
    Error::new(Kind::BadInput, "this is no package")
        .cause(why.to_owned())
        .hint(format!("give a file `ID-VERSION.{EXTENSION}` that `host plugin pack` wrote"))
}

#[cfg(test)]
mod tests;
