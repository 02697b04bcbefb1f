//! How far a module is vouched for, and the rule that decides whether it may run.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::discover::Found;
use crate::packages::archive::{PACKAGE_LIMIT_BYTES, read_manifest};
use crate::packages::signature::SIGNATURE_LIMIT_BYTES;
use crate::packages::store::InstalledLibrary;
use crate::trust::keys::{KeyRing, Signer};
use crate::trust::lock::{LOCK_FILE, LockFile};
use crate::trust::path;

/// How far a module is vouched for; each level is worth more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum TrustLevel {
    /// By nobody.
    Unsigned,
    /// The lock file pins its digest.
    Locked,
    /// A trusted key signed the package that it came in.
    Signed,
    /// Both.
    LockedSigned,
}

/// What a module must satisfy to run.
#[derive(Debug, Clone)]
pub struct Policy {
    /// What it must be worth at least.
    pub minimum: TrustLevel,
    /// Whether the lock file must list it, whatever it is worth otherwise.
    pub demand_lock: bool,
    /// The project's lock file.
    pub lock: Option<LockFile>,
    /// The keys whose signatures count.
    pub keys: KeyRing,
}

/// A module that may run, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admitted {
    /// How far it is vouched for.
    pub level: TrustLevel,
    /// Whose signature it bears.
    pub signer: Option<Signer>,
}

impl Admitted {
    /// What a record's execution or an audit line says, in words; those of earlier versions say nothing.
    #[must_use]
    pub fn recorded_in(value: &Value) -> String {
        let admitted = value.get("trust").and_then(|trust| Self::deserialize(trust).ok());
        admitted.map_or_else(|| "not recorded".to_owned(), |admitted| admitted.to_string())
    }
}

impl Policy {
    /// Whether the module may run: digest, signature, lock.
    ///
    /// # Errors
    /// [`Kind::Untrusted`] with what differs and what to type.
    pub fn admit(&self, found: &Found) -> Result<Admitted> {
        let id = &found.embedded.descriptor.id;
        let locked = self.demand_locked_bytes(found)?;
        let signer = match &found.installed {
            Some(installed) => self.demand_receipt(found, installed)?,
            None => None,
        };
        if let (Some(lock), Some(installed), true) = (&self.lock, &found.installed, locked) {
            demand_locked_package(lock, id, installed, signer.as_ref())?;
        }
        let level = match (locked, signer.is_some()) {
            (false, false) => TrustLevel::Unsigned,
            (true, false) => TrustLevel::Locked,
            (false, true) => TrustLevel::Signed,
            (true, true) => TrustLevel::LockedSigned,
        };
        if level < self.minimum {
            return Err(self.too_little(id, level));
        }
        Ok(Admitted { level, signer })
    }

    /// Whether the lock file lists the module; what it lists must be this library.
    fn demand_locked_bytes(&self, found: &Found) -> Result<bool> {
        let id = &found.embedded.descriptor.id;
        let manifest = &found.embedded.manifest;
        let Some((lock, locked)) = self.lock.as_ref().and_then(|lock| Some((lock, lock.modules.get(id)?)))
        else {
            return if self.demand_lock { Err(self.not_listed(id)) } else { Ok(false) };
        };
        let (version, target) = (&locked.version, &manifest.target);
        if locked.pins(&manifest.version, target, &found.sha256) {
            return Ok(true);
        }
        let pinned = if let Some(pinned) = locked.libraries.get(target) {
            format!("version {version} with sha256 {pinned} for {target}")
        } else {
            let targets: Vec<&str> = locked.libraries.keys().map(String::as_str).collect();
            format!("version {version} for {} only", targets.join(", "))
        };
        Err(mismatch(id, lock, &pinned).cause(format!(
            "`{}` is version {} with sha256 {} for {target}",
            found.path.display(),
            manifest.version,
            found.sha256
        )))
    }

    /// What was installed must be there unchanged; whose signature it bears, if any. The signature is verified again, with
    /// the keys as they are now.
    fn demand_receipt(&self, found: &Found, installed: &InstalledLibrary) -> Result<Option<Signer>> {
        let (id, library) = (&found.embedded.descriptor.id, &found.sha256);
        let demand = |path: &Path, digest: &Digest, stated: &Digest| {
            let path = path.display();
            let why = || format!("`{path}` has sha256 {digest}; its receipt says sha256 {stated}");
            if digest == stated { Ok(()) } else { Err(installed.changed(why())) }
        };
        demand(&found.path, library, &installed.library_sha256)?;
        let Some(signature) = &installed.signature else { return Ok(None) };
        let kept = |path: &Path, limit_bytes| {
            path::read(path, limit_bytes).map_err(|error| match error.kind {
                Kind::BadInput => installed.changed(format!("`{}` cannot be read; {error}", path.display())),
                _ => error,
            })
        };
        let signature = kept(signature, SIGNATURE_LIMIT_BYTES)?;
        let signature = String::from_utf8_lossy(&signature);
        // Somebody vouched for it knowing that no trusted key does; a key that was removed since is another matter.
        if installed.allowed_unsigned && !self.keys.knows_signer(&signature) {
            return Ok(None);
        }
        let package = kept(&installed.package, PACKAGE_LIMIT_BYTES)?;
        demand(&installed.package, &Digest::of(&package), &installed.package_sha256)?;
        let signer = self.keys.verify(id, &package, &signature)?;
        let signed = read_manifest(&package)?;
        let is_signed = signed.id == *id
            && signed.version == installed.version
            && signed.libraries.get(&found.embedded.manifest.target).map(|library| library.sha256)
                == Some(*library);
        if !is_signed {
            return Err(installed.changed(format!(
                "`{}` is signed, and does not list this library; `{}` has sha256 {library}",
                installed.package.display(),
                found.path.display()
            )));
        }
        // Whoever locks the module takes the other targets from the receipt.
        if signed.digests() != installed.libraries {
            return Err(installed.changed(format!(
                "`{}` is signed, and lists other libraries than its receipt",
                installed.package.display()
            )));
        }
        Ok(Some(signer))
    }

    fn not_listed(&self, id: &str) -> Error {
        let where_looked = match &self.lock {
            Some(lock) => format!("`{}` does not list it", lock.path.display()),
            None => format!("there is no `{LOCK_FILE}` in this folder or above it"),
        };
        Error::new(Kind::Untrusted, format!("module `{id}` is not locked, and `--locked` demands it"))
            .cause(where_looked)
            .hint(format!("if it is the one you want, run `host plugin lock {id}`"))
    }

    fn too_little(&self, id: &str, level: TrustLevel) -> Error {
        let minimum = self.minimum;
        let error = Error::new(Kind::Untrusted, format!("module `{id}` is {level}, and must be {minimum}"))
            .cause(format!("the setting `plugins.trust` or the flag `--trust` demands at least {minimum}"));
        let needs_lock = matches!(minimum, TrustLevel::Locked | TrustLevel::LockedSigned);
        let lock = format!("to pin it as it is now, run `host plugin lock {id}`");
        let error = if needs_lock && level != TrustLevel::Locked { error.hint(lock) } else { error };
        let signed = "to have it signed, install a package of a trusted key: `host plugin install PACKAGE`";
        let error = if level < TrustLevel::Signed && minimum >= TrustLevel::Signed {
            error.hint(signed)
        } else {
            error
        };
        error.hint("run `host config show --origin` to see who set it")
    }
}

/// The same library in another package is another origin than the one that was locked.
fn demand_locked_package(
    lock: &LockFile,
    id: &str,
    installed: &InstalledLibrary,
    signer: Option<&Signer>,
) -> Result<()> {
    let Some(locked) = lock.modules.get(id) else { return Ok(()) };
    if let Some(pinned) = locked.package_sha256.filter(|pinned| *pinned != installed.package_sha256) {
        return Err(mismatch(id, lock, &format!("the package with sha256 {pinned}"))
            .cause(format!("it was installed from one with sha256 {}", installed.package_sha256)));
    }
    let signed_by = signer.map(|signer| signer.key_id.as_str());
    if let Some(pinned) = locked.signer.as_deref().filter(|pinned| Some(*pinned) != signed_by) {
        let found =
            signed_by.map_or_else(|| "it is unsigned".to_owned(), |key| format!("key {key} signed it"));
        return Err(mismatch(id, lock, &format!("a package signed by key {pinned}")).cause(found));
    }
    Ok(())
}

fn mismatch(id: &str, lock: &LockFile, pinned: &str) -> Error {
    Error::new(Kind::Untrusted, format!("module `{id}` does not match the lock file"))
        .cause(format!("`{}` pins {pinned}", lock.path.display()))
        .hint(format!("if you changed it on purpose, run `host plugin lock --upgrade {id}`"))
        .hint(format!(
            "if not, put the pinned one back; to see what differs, run `host plugin lock --check {id}`"
        ))
}

impl fmt::Display for TrustLevel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Unsigned => "unsigned",
            Self::Locked => "locked",
            Self::Signed => "signed",
            Self::LockedSigned => "locked-signed",
        })
    }
}

impl fmt::Display for Admitted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.signer {
            Some(signer) => write!(formatter, "{} by {} ({})", self.level, signer.name, signer.key_id),
            None => write!(formatter, "{}", self.level),
        }
    }
}

#[cfg(test)]
mod tests;
