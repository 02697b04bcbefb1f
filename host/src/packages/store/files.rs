//! The files of a version: unpacked where nobody looks, and held against those that are there.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use fs_err as fs;
use semver::Version;

use super::{InstalledVersion, PACKAGE, Store, signature_of};
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::archive::Package;

/// Unpacks a package into a folder that nobody else looks at.
pub(in crate::packages) fn stage(
    store: &Store,
    package: &Package,
    bytes: &[u8],
    signature: Option<&str>,
) -> Result<StagedDirectory> {
    let unpack = || {
        durable::create_directories(&store.root)?;
        let staged = StagedDirectory::create(&store.root)?;
        staged.keep(Path::new(PACKAGE), bytes)?;
        if let Some(signature) = signature {
            staged.keep(&signature_of(Path::new(PACKAGE)), signature.as_bytes())?;
        }
        let manifest = package.manifest.to_toml().map_err(std::io::Error::other)?;
        staged.keep(Path::new("plugin.toml"), manifest.as_bytes())?;
        for (path, content) in &package.files {
            staged.keep(Path::new(path), content)?;
        }
        Ok(staged)
    };
    unpack().storage("unpack a package")
}

/// Refuses a version that is installed with other bytes.
pub(in crate::packages) fn refuse_other_bytes(
    id: &str,
    version: &Version,
    known: &InstalledVersion,
    package_sha256: &Digest,
) -> Result<()> {
    if known.package_sha256 == *package_sha256 {
        return Ok(());
    }
    Err(Error::new(Kind::Untrusted, format!("`{id}` {version} is installed already, with other bytes"))
        .cause(format!("the installed package has sha256 {}", known.package_sha256))
        .cause(format!("this one has sha256 {package_sha256}"))
        .hint("a version never changes: ask its author for one with another number")
        .hint(format!("to replace it all the same, type `host plugin remove {id}@{version}` first")))
}

/// Whether two folders hold the same files with the same bytes, but for one of that name in the folders themselves.
pub(super) fn is_same_tree(one: &Path, other: &Path, except: Option<&OsStr>) -> bool {
    let names = |folder: &Path| -> std::io::Result<Vec<OsString>> {
        let mut names =
            fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name())).collect::<std::io::Result<Vec<_>>>()?;
        names.retain(|name| Some(&**name) != except);
        names.sort();
        Ok(names)
    };
    let (Ok(mine), Ok(theirs)) = (names(one), names(other)) else { return false };
    mine == theirs
        && mine.iter().all(|name| {
            let (one, other) = (one.join(name), other.join(name));
            let kinds = [&one, &other].map(|path| path.symlink_metadata().map(|data| data.file_type()));
            match kinds {
                [Ok(mine), Ok(theirs)] if mine != theirs => false,
                [Ok(kind), Ok(_)] if kind.is_dir() => is_same_tree(&one, &other, None),
                [Ok(kind), Ok(_)] if kind.is_file() => {
                    matches!((fs::read(one), fs::read(other)), (Ok(mine), Ok(theirs)) if mine == theirs)
                }
                _ => false,
            }
        })
}
