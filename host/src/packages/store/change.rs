//! Changes of the store, one at a time: under its lock, with a line in its history for each that took place.

use std::path::{Path, PathBuf};

use fs_err as fs;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files::{is_same_tree, refuse_other_bytes};
use super::receipt::{InstalledVersion, Receipt};
use super::{PACKAGE, Store, signature_of};
use crate::clock::now;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::archive::Package;
use crate::registry::audit::Action;
use crate::registry::{DEFAULT_WAIT, Lock};

/// The right to change the store. Whatever a killed process left is put in order first.
#[derive(Debug)]
pub struct Change<'s> {
    store: &'s Store,
    actor: &'s str,
    _lock: Lock,
}

/// What a change did to the current version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switch {
    /// The version that was current.
    pub from: Option<Version>,
    /// The one that is; nothing when the module is gone.
    pub to: Option<Version>,
    /// Whether nothing had to be done.
    pub unchanged: bool,
}

/// A change that is about to take place, or has and is not in the history yet.
#[derive(Debug, Serialize, Deserialize)]
struct Intent {
    id: String,
    /// The receipt afterwards; nothing when the module is to be gone.
    receipt_sha256: Option<Digest>,
    action: Action,
}

impl<'s> Change<'s> {
    /// Waits until no other process changes the store, which is made if it is not there.
    ///
    /// # Errors
    /// [`Kind::Locked`] with who holds it, [`Kind::Storage`].
    pub fn begin(store: &'s Store, actor: &'s str) -> Result<Self> {
        durable::create_directories(&store.root).storage("make the store of installed modules")?;
        let lock = Lock::on(&store.root.join(".lock"), "the store of installed modules", DEFAULT_WAIT)?;
        let change = Self { store, actor, _lock: lock };
        change.settle()?;
        Ok(change)
    }

    /// Brings a staged version to its place and makes it current. Gives back what its receipt says of it too.
    ///
    /// # Errors
    /// [`Kind::Untrusted`] when the same version is installed with other bytes; else as [`Change::begin`].
    pub fn install(
        &self,
        package: &Package,
        staged: StagedDirectory,
        installed: InstalledVersion,
    ) -> Result<(Switch, InstalledVersion)> {
        let (id, version) = (&package.manifest.id, &package.manifest.version);
        let before = self.store.receipt(id)?;
        let target = self.store.version_folder(id, version);
        let known = before.as_ref().and_then(|receipt| receipt.versions.get(version));
        if let Some(known) = known {
            refuse_other_bytes(id, version, known, &installed.package_sha256)?;
        }
        let details = json!({
            "package_sha256": installed.package_sha256,
            "source": installed.source,
            "signer": installed.signer,
            "allowed_unsigned": installed.allowed_unsigned,
            "libraries": installed.libraries,
            "before": before.as_ref().map(|receipt| &receipt.current),
        });
        // Damaged files of the same version are replaced by installing it again.
        // Where the receipt states no signature none is read, so that of before may lie there.
        let stale = signature_of(Path::new(PACKAGE)).into_os_string();
        let except = installed.signer.is_none().then_some(&*stale);
        let intact = known.is_some() && !target.is_symlink() && is_same_tree(staged.path(), &target, except);
        if !intact {
            place(staged, &target)?;
        }
        let mut receipt = match &before {
            Some(receipt) => receipt.clone(),
            None => Receipt::new(id, version.clone(), installed.clone()),
        };
        let entry = receipt.versions.entry(version.clone()).or_insert_with(|| installed.clone());
        if (entry.signer.as_ref(), entry.allowed_unsigned)
            != (installed.signer.as_ref(), installed.allowed_unsigned)
            || entry.source != installed.source
        {
            *entry = installed;
        }
        let installed = entry.clone();
        receipt.switch_to(version);
        let from = before.as_ref().map(|receipt| receipt.current.clone());
        let unchanged = intact && before.as_ref() == Some(&receipt);
        if !unchanged {
            self.publish(&receipt, "install", details)?;
        }
        Ok((Switch { from, to: Some(version.clone()), unchanged }, installed))
    }

    /// Switches to the version that was current before.
    ///
    /// # Errors
    /// [`Kind::Usage`] when none was; else as [`Change::begin`].
    pub fn roll_back(&self, id: &str, expected: &Version) -> Result<Switch> {
        let mut receipt = self.store.require(id)?;
        if receipt.previous.last() != Some(expected) {
            return Err(Error::new(Kind::Locked, format!("another process changed `{id}` meanwhile"))
                .hint("type the same again"));
        }
        let from = receipt.switch_back();
        self.publish(&receipt, "rollback", json!({"before": from}))?;
        Ok(Switch { from, to: Some(receipt.current), unchanged: false })
    }

    /// Lets a module be found, or not.
    ///
    /// # Errors
    /// [`Kind::Usage`] when it is not installed; else as [`Change::begin`].
    pub fn set_enabled(&self, id: &str, enabled: bool) -> Result<Switch> {
        let mut receipt = self.store.require(id)?;
        let unchanged = receipt.enabled == enabled;
        receipt.enabled = enabled;
        if !unchanged {
            self.publish(&receipt, if enabled { "enable" } else { "disable" }, json!({}))?;
        }
        let version = Some(receipt.current);
        Ok(Switch { from: version.clone(), to: version, unchanged })
    }

    /// Removes one version. If it was current the one before it is now; if none is left the module is gone.
    ///
    /// # Errors
    /// [`Kind::Usage`] when it is not installed; else as [`Change::begin`].
    pub fn remove_version(&self, id: &str, version: &Version) -> Result<Switch> {
        let mut receipt = self.store.require(id)?;
        receipt.require(version)?;
        let from = receipt.current.clone();
        if !receipt.forget(version) {
            return self.remove(id);
        }
        self.publish(&receipt, "remove-version", json!({"version": version, "before": from}))?;
        self.clear(&self.store.version_folder(id, version))?;
        Ok(Switch { from: Some(from), to: Some(receipt.current), unchanged: false })
    }

    /// Removes a module, also one whose receipt is damaged.
    ///
    /// # Errors
    /// [`Kind::Usage`] when it is not installed; else as [`Change::begin`].
    pub fn remove(&self, id: &str) -> Result<Switch> {
        let receipt = self.store.require(id);
        let (from, subject) = match &receipt {
            Ok(receipt) => (Some(receipt.current.clone()), format!("{id} {}", receipt.current)),
            Err(error) if error.kind == Kind::Usage => return Err(error.clone()),
            Err(_) => (None, id.to_owned()),
        };
        let versions = receipt.map(|receipt| receipt.versions).unwrap_or_default();
        let versions: Vec<&Version> = versions.keys().collect();
        let action = self.action("remove", subject, json!({ "versions": versions }));
        let intent = Intent { id: id.to_owned(), receipt_sha256: None, action };
        self.intend(&intent)?;
        self.clear(&self.store.folder(id))?;
        self.finish(&intent)?;
        Ok(Switch { from, to: None, unchanged: false })
    }

    /// Replaces a receipt, and tells the history.
    fn publish(&self, receipt: &Receipt, what: &str, details: Value) -> Result<()> {
        let bytes = receipt.to_bytes();
        let action = self.action(what, format!("{} {}", receipt.id, receipt.current), details);
        let intent = Intent { id: receipt.id.clone(), receipt_sha256: Some(Digest::of(&bytes)), action };
        self.intend(&intent)?;
        durable::publish(&self.store.receipt_path(&receipt.id), &bytes).storage("write a receipt")?;
        self.finish(&intent)
    }

    fn action(&self, what: &str, subject: String, details: Value) -> Action {
        Action { time: now(), actor: self.actor.to_owned(), action: what.to_owned(), subject, details }
    }

    fn pending(&self) -> PathBuf {
        self.store.root.join(".pending.json")
    }

    fn intend(&self, intent: &Intent) -> Result<()> {
        let bytes = serde_json::to_vec(intent).unwrap_or_default();
        durable::publish(&self.pending(), &bytes).storage("note a change of the store")
    }

    fn finish(&self, intent: &Intent) -> Result<()> {
        self.store.history().append_once(&intent.action)?;
        durable::remove(&self.pending()).storage("note a change of the store")
    }

    /// Puts in order what a killed process left.
    fn settle(&self) -> Result<()> {
        durable::sweep(&self.store.root).storage("sweep the store of installed modules")?;
        if let Ok(bytes) = fs::read(self.pending())
            && let Ok(intent) = serde_json::from_slice::<Intent>(&bytes)
        {
            let took_place = match intent.receipt_sha256 {
                Some(sha256) => fs::read(self.store.receipt_path(&intent.id))
                    .is_ok_and(|receipt| Digest::of(&receipt) == sha256),
                None => self.store.folder(&intent.id).symlink_metadata().is_err(),
            };
            if took_place {
                self.finish(&intent)?;
            }
        }
        durable::remove(&self.pending()).storage("note a change of the store")?;
        for id in self.store.folders().storage("list the installed modules")? {
            // What a link leads to is none of ours.
            if self.store.folder(&id).is_symlink() {
                continue;
            }
            durable::sweep(&self.store.folder(&id)).storage("sweep the store of installed modules")?;
            self.remove_orphans(&id)?;
        }
        Ok(())
    }

    /// Removes versions that no receipt names: their installation never came to its end, or their removal.
    fn remove_orphans(&self, id: &str) -> Result<()> {
        let versions = match self.store.receipt(id) {
            Ok(receipt) => receipt.map(|receipt| receipt.versions).unwrap_or_default(),
            // Nobody knows what it named.
            Err(_) => return Ok(()),
        };
        let folder = self.store.folder(id);
        for entry in fs::read_dir(&folder).storage("list the installed versions")? {
            let entry = entry.storage("list the installed versions")?;
            let version = entry.file_name().to_str().and_then(|name| name.parse::<Version>().ok());
            let orphan = version.is_some_and(|version| !versions.contains_key(&version));
            let is_folder = entry.file_type().storage("list the installed versions")?.is_dir();
            if orphan && is_folder && entry.path().join(PACKAGE).is_file() {
                self.clear(&entry.path())?;
            }
        }
        if versions.is_empty() {
            // Only an empty folder goes away.
            drop(fs::remove_dir(&folder));
        }
        Ok(())
    }

    /// Lets a folder, or a link in its place, disappear as a whole; nothing if there is none.
    fn clear(&self, folder: &Path) -> Result<()> {
        if folder.symlink_metadata().is_err() {
            return Ok(());
        }
        durable::discard(folder, &self.store.root).storage("remove a module")
    }
}

/// Brings staged files to their place, whatever is there.
fn place(staged: StagedDirectory, target: &Path) -> Result<()> {
    let placed = if target.symlink_metadata().is_ok() {
        staged.replace(target)
    } else {
        target.parent().map_or(Ok(()), durable::create_directories).and_then(|()| staged.commit(target))
    };
    placed.storage("install a module")
}
