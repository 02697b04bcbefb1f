//! `index.json`: what packages a folder holds, so that it can be served by any server of files.

use std::path::Path;

use fs_err as fs;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{Offer, Place, Said, read_file, unreadable};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::packages::archive::{self, PACKAGE_LIMIT_BYTES};
use crate::packages::store::signature_of;

/// Name of the file.
pub const INDEX_FILE: &str = "index.json";

/// Schema of the file.
pub const INDEX_SCHEMA: &str = "host.plugin-index/1";

/// Larger indexes are not read.
pub(super) const LIMIT_BYTES: u64 = 16 << 20;

/// What packages a folder holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    /// Always [`INDEX_SCHEMA`].
    pub schema: String,
    /// By id and version.
    pub packages: Vec<IndexEntry>,
}

/// One package of an index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IndexEntry {
    /// Id of the module.
    pub id: String,
    /// Its version.
    pub version: Version,
    /// Version of the interface it was built with.
    pub api: String,
    /// Name of the package's file beside the index.
    pub file: String,
    /// Digest of the package.
    pub sha256: Digest,
    /// Size of the package.
    pub bytes: u64,
    /// Name of the signature's file beside the index, if there is one.
    pub signature: Option<String>,
}

impl Index {
    /// Looks at the packages of a folder. One that cannot be read is left out with a warning.
    ///
    /// # Errors
    /// The folder cannot be listed, or two packages are the same version of a module.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let mut packages: Vec<IndexEntry> = Vec::new();
        for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            if path.extension().is_none_or(|extension| extension != archive::EXTENSION) {
                continue;
            }
            match entry_of(&path) {
                Ok(entry) => packages.push(entry),
                Err(error) => tracing::warn!("`{}` is left out: {error}", path.display()),
            }
        }
        packages.sort_by(|one, other| {
            (&one.id, &one.version, &one.file).cmp(&(&other.id, &other.version, &other.file))
        });
        let twice = packages
            .windows(2)
            .find(|pair| (&pair[0].id, &pair[0].version) == (&pair[1].id, &pair[1].version));
        if let Some([one, other]) = twice {
            return Err(Error::new(
                Kind::BadInput,
                format!("two packages in `{}` are `{}` {}", folder.display(), one.id, one.version),
            )
            .cause(format!("`{}` and `{}`", one.file, other.file))
            .hint("remove one of them"));
        }
        Ok(Self { schema: INDEX_SCHEMA.to_owned(), packages })
    }

    /// Reads an index.
    pub(super) fn parse(place: &Place, bytes: &[u8]) -> Result<Self> {
        let malformed = |why: String| {
            Error::new(Kind::BadInput, format!("`{place}` is no index of packages")).cause(why).hint(
                "look whether the address is right; whoever serves it makes the file with `host plugin index DIR`",
            )
        };
        let index: Self = serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        if index.schema != INDEX_SCHEMA {
            let found = index.schema.escape_debug();
            return Err(malformed(format!("its schema is `{found}`, this host reads `{INDEX_SCHEMA}`")));
        }
        match index.packages.iter().find(|package| !is_package_name(&package.file)) {
            Some(package) => {
                Err(malformed(format!("`{}` is no name of a package", package.file.escape_debug())))
            }
            None => Ok(index),
        }
    }

    /// The packages as they can be had from beside the index.
    pub(super) fn offers(self, index: &Place) -> Result<Vec<Offer>> {
        let offer = |package: IndexEntry| {
            let place = index.beside(&package.file)?;
            let said = Said { id: package.id, version: package.version, sha256: package.sha256 };
            Ok(Offer { place, said: Some(said) })
        };
        self.packages.into_iter().map(offer).collect()
    }
}

fn entry_of(path: &Path) -> Result<IndexEntry> {
    let bytes = read_file(path, PACKAGE_LIMIT_BYTES)?.unwrap_or_default();
    let manifest = archive::read_manifest(&bytes)?;
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = name(path);
    if !is_package_name(&file) {
        return Err(Error::new(Kind::BadInput, format!("`{}` cannot be served", file.escape_debug())));
    }
    let signature = signature_of(path);
    Ok(IndexEntry {
        id: manifest.id,
        version: manifest.version,
        api: manifest.api,
        file,
        sha256: Digest::of(&bytes),
        bytes: bytes.len() as u64,
        signature: signature.is_file().then(|| name(&signature)),
    })
}

/// Whether it names a package beside the index, and means the same in a path and in an address.
fn is_package_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    !name.starts_with('.')
        && name.bytes().all(plain)
        && Path::new(name).extension().is_some_and(|extension| extension == archive::EXTENSION)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(file: &str) -> String {
        let sha256 = Digest::ZERO;
        format!(
            r#"{{"schema": "{INDEX_SCHEMA}", "packages": [{{"id": "m", "version": "1.0.0", "api": "2.0",
                "file": "{file}", "sha256": "{sha256}", "bytes": 3, "signature": null}}]}}"#
        )
    }

    #[test]
    fn an_index_leads_nowhere_but_beside_itself() {
        let place = Place::new("https://example.org/modules/index.json").unwrap();
        let offers =
            Index::parse(&place, index("m-1.0.0.hostplugin").as_bytes()).unwrap().offers(&place).unwrap();
        assert_eq!(offers[0].place.to_string(), "https://example.org/modules/m-1.0.0.hostplugin");
        for file in [
            "../m.hostplugin",
            "/m.hostplugin",
            "https://e.org/m.hostplugin",
            "m.so",
            ".hostplugin",
            "a%2f.hostplugin",
        ] {
            let error = Index::parse(&place, index(file).as_bytes()).unwrap_err();
            assert_eq!(error.kind, Kind::BadInput, "{file}");
        }
    }

    #[test]
    fn another_schema_is_named() {
        let place = Place::new("https://example.org/index.json").unwrap();
        let later = index("m.hostplugin").replace("index/1", "index/2");
        let error = Index::parse(&place, later.as_bytes()).unwrap_err();
        assert!(error.causes[0].contains("host.plugin-index/2"), "{error}");
    }
}
