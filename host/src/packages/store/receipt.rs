//! The receipt of a module: which versions are there, which is current, where each came from.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use semver::Version;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::trust::keys::Signer;

/// Schema of a receipt.
pub const RECEIPT_SCHEMA: &str = "host.plugin-receipt/1";

/// The receipt of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Always [`RECEIPT_SCHEMA`].
    pub schema: String,
    /// Id of the module.
    pub id: String,
    /// Whether it is found.
    pub enabled: bool,
    /// The version that is found.
    pub current: Version,
    /// Versions that were current before and are still there, newest last.
    pub previous: Vec<Version>,
    /// Every version that is there.
    pub versions: BTreeMap<Version, InstalledVersion>,
}

/// One version of a module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstalledVersion {
    /// The package that it came from: a path or an address.
    pub source: String,
    /// Digest of the package.
    pub package_sha256: Digest,
    /// Size of the package.
    pub package_bytes: u64,
    /// Who had signed it when it was installed.
    pub signer: Option<Signer>,
    /// Whether somebody allowed it although nobody had signed it.
    pub allowed_unsigned: bool,
    /// RFC 3339.
    pub installed_at: String,
    /// Its libraries by target triple.
    pub libraries: BTreeMap<String, ReceiptLibrary>,
}

/// A library of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptLibrary {
    /// Where it is in the version's folder.
    pub path: String,
    /// Its digest.
    pub sha256: Digest,
}

impl InstalledVersion {
    /// Digest of its library for each target.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        self.libraries.iter().map(|(target, library)| (target.clone(), library.sha256)).collect()
    }
}

impl Receipt {
    /// The receipt of a module with its first version.
    #[must_use]
    pub fn new(id: &str, version: Version, installed: InstalledVersion) -> Self {
        Self {
            schema: RECEIPT_SCHEMA.to_owned(),
            id: id.to_owned(),
            enabled: true,
            current: version.clone(),
            previous: Vec::new(),
            versions: BTreeMap::from([(version, installed)]),
        }
    }

    /// Reads the receipt of module `id`.
    pub(super) fn parse(id: &str, bytes: &[u8]) -> std::result::Result<Self, String> {
        let receipt: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if receipt.schema != RECEIPT_SCHEMA {
            return Err(format!("its schema is `{}`, not `{RECEIPT_SCHEMA}`", receipt.schema.escape_debug()));
        }
        if receipt.id != id {
            return Err(format!("it is that of `{}`", receipt.id.escape_debug()));
        }
        let named = || receipt.previous.iter().chain([&receipt.current]);
        if let Some(missing) = named().find(|version| !receipt.versions.contains_key(version)) {
            return Err(format!("it names version {missing}, which it does not describe"));
        }
        let libraries = || receipt.versions.values().flat_map(|version| version.libraries.values());
        if let Some(library) = libraries().find(|library| !is_plain_path(&library.path)) {
            return Err(format!("`{}` leads elsewhere", library.path.escape_debug()));
        }
        Ok(receipt)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// A version that must be there.
    ///
    /// # Errors
    /// [`Kind::Usage`] with those that are.
    pub fn require(&self, version: &Version) -> Result<&InstalledVersion> {
        self.versions.get(version).ok_or_else(|| {
            let id = &self.id;
            let there: Vec<String> = self.versions.keys().rev().map(Version::to_string).collect();
            Error::new(Kind::Usage, format!("version {version} of `{id}` is not installed"))
                .hint(format!("installed versions of `{id}`: {}", there.join(", ")))
        })
    }

    /// What is installed as the current version.
    #[must_use]
    pub fn installed(&self) -> Option<&InstalledVersion> {
        self.versions.get(&self.current)
    }

    /// Makes a version that is there the current one; what was current can be switched back to.
    pub(super) fn switch_to(&mut self, version: &Version) {
        self.previous.retain(|previous| previous != version && *previous != self.current);
        if *version != self.current {
            let before = std::mem::replace(&mut self.current, version.clone());
            self.previous.push(before);
        }
    }

    /// Switches to the version before; what was current stays installed.
    pub(super) fn switch_back(&mut self) -> Option<Version> {
        let before = self.previous.pop()?;
        Some(std::mem::replace(&mut self.current, before))
    }

    /// Forgets a version. Gives back whether another one is left to be current.
    pub(super) fn forget(&mut self, version: &Version) -> bool {
        self.versions.remove(version);
        self.previous.retain(|previous| previous != version);
        if *version != self.current {
            return true;
        }
        match self.previous.pop().or_else(|| self.versions.keys().next_back().cloned()) {
            Some(next) => {
                self.current = next;
                true
            }
            None => false,
        }
    }
}

fn is_plain_path(path: &str) -> bool {
    !path.is_empty()
        && Path::new(path).components().all(|component| matches!(component, Component::Normal(_)))
}
