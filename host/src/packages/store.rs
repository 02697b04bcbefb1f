//! The installed modules: `ID/receipt.json`, and a folder for each version side by side.
//!
//! ```text
//! ID/receipt.json                     which version is current, which were before, whether it is enabled
//! ID/VERSION/package.hostplugin       as it came; its signature is verified again at every run
//! ID/VERSION/package.hostplugin.minisig
//! ID/VERSION/plugin.toml, lib/…, …    unpacked
//! history.jsonl, history.head.json    who installed, switched and removed what: a chain of digests
//! .lock                               held by the one process that writes
//! .pending.json                       a change that is not in the history yet
//! ```
//!
//! Invariants:
//! * the receipt is replaced by rename, so a switch is atomic and a killed process changes nothing;
//! * a version's files are there before a receipt names them; afterwards they are only replaced as a whole, by those of
//!   the same package with another signature, in one step where the file system can exchange two names;
//! * every change that took place is one line of the history, whenever the process died;
//! * readers need no lock. What is no version of ours is never removed, and no link is followed: it is refused, and
//!   goes away when its module is removed or its version installed again.

mod change;
mod files;
mod receipt;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;
use semver::Version;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::manifest::is_module_id;
use crate::packages::signature;
use crate::registry::audit::AuditLog;
use crate::trust;

pub use change::{Change, Switch};
pub(super) use files::{refuse_other_bytes, stage};
pub use receipt::{InstalledVersion, RECEIPT_SCHEMA, Receipt, ReceiptLibrary};

/// The target that this host was built for.
pub const TARGET: &str = plugin_api::export::build::TARGET;

/// Name of the package in a version's folder.
const PACKAGE: &str = "package.hostplugin";

/// More than this no receipt has.
const RECEIPT_LIMIT_BYTES: u64 = 4 << 20;

/// The installed modules of a user.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

/// Where the library of an installed module is, and what it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledLibrary {
    /// Id of the module.
    pub id: String,
    /// Version.
    pub version: Version,
    /// The library for this target.
    pub library: PathBuf,
    /// Digest that the receipt states.
    pub library_sha256: Digest,
    /// The same for every target of the package.
    pub libraries: BTreeMap<String, Digest>,
    /// The package.
    pub package: PathBuf,
    /// Digest of the package that the receipt states.
    pub package_sha256: Digest,
    /// Its signature, if a trusted key had signed it when it was installed.
    pub signature: Option<PathBuf>,
    /// Where the package came from.
    pub source: String,
    /// Whether somebody allowed it although no trusted key had signed it.
    pub allowed_unsigned: bool,
}

impl InstalledLibrary {
    /// What is there is not what was installed, and how it differs.
    #[must_use]
    pub fn changed(&self, cause: impl Into<String>) -> Error {
        let Self { id, version, .. } = self;
        Error::new(Kind::Untrusted, format!("installed module `{id}` is not what was installed"))
            .cause(cause)
            .hint(format!("to put it back, run `host plugin remove {id}@{version}`"))
            .hint("then install it again: `host plugin install PACKAGE`")
    }
}

impl Store {
    /// The store in that folder; nothing is read or made yet.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every module by id, with its receipt or what is wrong with it. A store that does not exist has none.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub fn modules(&self) -> io::Result<Vec<(String, Result<Receipt>)>> {
        let receipts = self.folders()?.into_iter().filter_map(|id| {
            let receipt = self.receipt(&id).transpose()?;
            Some((id, receipt))
        });
        Ok(receipts.collect())
    }

    /// Names of the folders in which modules are, and of links in place of one.
    fn folders(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.root) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut folders = Vec::new();
        for entry in entries {
            let entry = entry?;
            let kind = entry.file_type()?;
            if let Some(name) = entry.file_name().to_str().filter(|name| !name.starts_with('.'))
                && (kind.is_dir() || kind.is_symlink())
            {
                folders.push(name.to_owned());
            }
        }
        folders.sort();
        Ok(folders)
    }

    /// The receipt of a module; nothing if it is not installed.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] when it is damaged, [`Kind::Untrusted`] when others may write it or a link leads to it.
    pub fn receipt(&self, id: &str) -> Result<Option<Receipt>> {
        if !is_module_id(id) {
            return Ok(None);
        }
        refuse_link(&self.folder(id), &format!("module `{id}`"), || {
            format!("type `host plugin remove {id}`")
        })?;
        let path = self.receipt_path(id);
        if matches!(path.symlink_metadata(), Err(error) if error.kind() == io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = trust::path::read(&path, RECEIPT_LIMIT_BYTES)?;
        Receipt::parse(id, &bytes).map(Some).map_err(|why| {
            Error::new(Kind::Corrupt, format!("the receipt of module `{id}` is damaged"))
                .cause(format!("`{}`: {why}", path.display()))
                .hint(format!("type `host plugin remove {id}`, then install it again"))
        })
    }

    /// The same for a module that must be installed.
    ///
    /// # Errors
    /// [`Kind::Usage`] with what is installed; else as [`Store::receipt`].
    pub fn require(&self, id: &str) -> Result<Receipt> {
        if let Some(receipt) = self.receipt(id)? {
            return Ok(receipt);
        }
        let modules = self.modules().unwrap_or_default();
        let installed: Vec<String> = modules.into_iter().map(|(id, _)| id).collect();
        let error = Error::new(Kind::Usage, format!("no module `{id}` is installed"));
        let error = match crate::text::nearest(id, installed.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error,
        };
        Err(if installed.is_empty() {
            error.hint("nothing is installed; type `host plugin install FILE|DIR|URL`")
        } else {
            error.hint(format!("installed are: {}", installed.join(", ")))
        })
    }

    /// Where the library of a version is.
    ///
    /// # Errors
    /// [`Kind::Usage`] when that version is not installed, [`Kind::Incompatible`] when it has no library for this host,
    /// [`Kind::Untrusted`] when a link leads to it.
    pub fn library(&self, receipt: &Receipt, version: &Version) -> Result<InstalledLibrary> {
        let id = &receipt.id;
        let installed = receipt.require(version)?;
        let Some(library) = installed.libraries.get(TARGET) else {
            let targets: Vec<&str> = installed.libraries.keys().map(String::as_str).collect();
            return Err(Error::new(
                Kind::Incompatible,
                format!("`{id}` {version} holds no library for `{TARGET}`"),
            )
            .cause(format!("it holds one for: {}", targets.join(", ")))
            .hint("install a package that was built for this system"));
        };
        let folder = self.version_folder(id, version);
        refuse_link(&folder, &format!("version {version} of `{id}`"), || {
            format!("type `host plugin remove {id}@{version}`, or install it again")
        })?;
        let package = folder.join(PACKAGE);
        Ok(InstalledLibrary {
            id: id.clone(),
            version: version.clone(),
            library: folder.join(&library.path),
            library_sha256: library.sha256,
            libraries: installed.digests(),
            // A signature that is stated and gone is a fault, which whoever verifies it shall see.
            signature: installed.signer.as_ref().map(|_| signature_of(&package)),
            package,
            package_sha256: installed.package_sha256,
            source: installed.source.clone(),
            allowed_unsigned: installed.allowed_unsigned,
        })
    }

    /// The record of every change.
    #[must_use]
    pub fn history(&self) -> AuditLog {
        AuditLog::of_files(self.root.join("history.jsonl"), self.root.join("history.head.json"))
    }

    /// The folder of a module.
    fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// The receipt of a module, whether it is there or not.
    #[must_use]
    pub fn receipt_path(&self, id: &str) -> PathBuf {
        self.folder(id).join("receipt.json")
    }

    /// The folder of a version.
    #[must_use]
    pub fn version_folder(&self, id: &str, version: &Version) -> PathBuf {
        self.folder(id).join(version.to_string())
    }
}

/// The store makes no links, so whoever made one wants something else to be taken for what was installed.
fn refuse_link(place: &Path, what: &str, hint: impl Fn() -> String) -> Result<()> {
    if !place.is_symlink() {
        return Ok(());
    }
    Err(Error::new(Kind::Untrusted, format!("a link is in place of {what}"))
        .cause(format!("`{}` is a link, and installing makes none", place.display()))
        .hint(format!("{}: the link goes away, and what it leads to stays", hint())))
}

/// Where the signature of a package lies.
pub(super) fn signature_of(package: &Path) -> PathBuf {
    let mut name = package.as_os_str().to_owned();
    name.push(".");
    name.push(signature::EXTENSION);
    PathBuf::from(name)
}
