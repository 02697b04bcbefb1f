//! Who vouches for a package: a trusted key, the project's lock file, or only whoever installs it.

use crate::error::{Error, Kind, Result};
use crate::packages::signature;
use crate::packages::store::InstalledVersion;
use crate::trust::keys::Signer;
use crate::trust::lock::LockedModule;
use crate::trust::{Policy, TrustLevel};

use super::{Opened, Vouched};

/// What a package must satisfy to be installed.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'r> {
    /// The settings, and what flags demand beyond them.
    pub policy: &'r Policy,
    /// Whether somebody vouches for packages that nobody signed.
    pub allow_unsigned: bool,
    /// The version that this one takes the place of without being asked for by name: its key must be the same.
    pub successor_of: Option<&'r InstalledVersion>,
    /// Whether another trusted key may have signed the successor.
    pub allow_other_key: bool,
}

impl Vouched {
    /// Looks for somebody who vouches for the package.
    ///
    /// # Errors
    /// [`Kind::Untrusted`] with what is missing or differs, and what to type.
    pub fn new(opened: Opened, rules: &Rules<'_>) -> Result<Self> {
        let signer = signer(&opened, rules)?;
        check_lock(&opened, rules.policy, signer.as_ref())?;
        if let Some(before) = rules.successor_of {
            check_succession(&opened, before, signer.as_ref(), rules)?;
        }
        Ok(Self { opened, signer })
    }
}

/// Whose signature counts for the package; nothing when none does and that is allowed.
fn signer(opened: &Opened, rules: &Rules<'_>) -> Result<Option<Signer>> {
    let (id, version) = (opened.id(), opened.version());
    let refusal = match &opened.fetched.signature {
        Some(text) => match rules.policy.keys.verify(id, &opened.fetched.bytes, text) {
            Ok(signer) => return Ok(Some(signer)),
            // A signature that a trusted key did not make is worth as little as none; one that it is said to have made
            // and that does not fit says that somebody changed something.
            Err(error) if is_forged(rules.policy, text) => return Err(error),
            Err(error) => error,
        },
        None => Error::new(Kind::Untrusted, format!("`{id}` {version} is not signed")).cause(format!(
            "there is no `{}.{}`",
            opened.fetched.place,
            signature::EXTENSION
        )),
    };
    if rules.policy.minimum >= TrustLevel::Signed {
        let error = if rules.allow_unsigned {
            refusal.cause("`plugins.trust` demands a signature by a trusted key, so `--allow-unsigned` counts for nothing")
        } else {
            refusal.cause("`plugins.trust` demands a signature by a trusted key")
        };
        return Err(error
            .hint("if you know the author's key, type `host trust add`, then install it again")
            .hint("`host config show --origin` says who set `plugins.trust`"));
    }
    if rules.allow_unsigned {
        return Ok(None);
    }
    Err(refusal
        .hint("if you know the author's key, type `host trust add`, then install it again")
        .hint("if you vouch for these bytes yourself, give `--allow-unsigned`"))
}

/// Whether the signature says that it was made by a key whose signatures count.
fn is_forged(policy: &Policy, text: &str) -> bool {
    signature::key_id_of(text).is_ok_and(|id| policy.keys.keys().any(|key| key.key_id == id))
}

/// The lock file says to the byte what a project uses.
fn check_lock(opened: &Opened, policy: &Policy, signer: Option<&Signer>) -> Result<()> {
    let (id, version) = (opened.id(), opened.version());
    let Some(lock) = &policy.lock else {
        if !policy.demand_lock && policy.minimum != TrustLevel::LockedSigned {
            return Ok(());
        }
        return Err(Error::new(Kind::Untrusted, format!("no lock file lists `{id}`"))
            .cause("there is no `plugins.lock` in this folder or above it")
            .hint("go to the project's folder, or write the file with `host plugin lock`"));
    };
    let path = lock.path.display();
    let Some(locked) = lock.modules.get(id) else {
        if !policy.demand_lock {
            return Ok(());
        }
        return Err(Error::new(Kind::Untrusted, format!("`{path}` does not list `{id}`"))
            .hint("install it without `--locked`, then type `host plugin lock` to list it"));
    };
    let Some(difference) = difference(opened, locked, signer) else { return Ok(()) };
    Err(Error::new(Kind::Untrusted, format!("`{id}` {version} is not what `{path}` lists"))
        .cause(difference)
        .hint("to use what the project uses, install the package that the file names")
        .hint("to go over to this one, install it outside the project, then type `host plugin lock` there"))
}

/// How the package differs from what is locked.
fn difference(opened: &Opened, locked: &LockedModule, signer: Option<&Signer>) -> Option<String> {
    let package = &opened.package;
    let version = opened.version().to_string();
    if version != locked.version {
        return Some(format!("the file lists version {}", locked.version));
    }
    if let Some(sha256) = locked.package_sha256.filter(|sha256| *sha256 != package.sha256) {
        return Some(format!(
            "the file lists a package with sha256 {sha256}, this one has {}",
            package.sha256
        ));
    }
    for (target, sha256) in &locked.libraries {
        let Some(found) = package.manifest.libraries.get(target) else {
            return Some(format!("the file lists a library for `{target}`, this package has none"));
        };
        if found.sha256 != *sha256 {
            return Some(format!(
                "the file lists a library for `{target}` with sha256 {sha256}, this one has {}",
                found.sha256
            ));
        }
    }
    let key = signer.map(|signer| &signer.key_id);
    match &locked.signer {
        Some(locked) if key != Some(locked) => Some(format!(
            "the file lists a signature by key {locked}, this one is {}",
            key.map_or_else(|| "unsigned".to_owned(), |key| format!("by {key}"))
        )),
        _ => None,
    }
}

/// Whoever signed the first version signs the next.
fn check_succession(
    opened: &Opened,
    before: &InstalledVersion,
    signer: Option<&Signer>,
    rules: &Rules<'_>,
) -> Result<()> {
    let (id, version) = (opened.id(), opened.version());
    match (&before.signer, signer) {
        (Some(before), Some(now)) if before.key_id != now.key_id && !rules.allow_other_key => {
            Err(Error::new(Kind::Untrusted, format!("`{id}` {version} is signed by another key than before"))
                .cause(format!("the installed version is signed by `{}`, key {}", before.name, before.key_id))
                .cause(format!("this one is signed by `{}`, key {}", now.name, now.key_id))
                .hint("if you know that its author has changed, give `--allow-other-key`"))
        }
        _ => Ok(()),
    }
}
