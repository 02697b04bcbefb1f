use std::collections::BTreeMap;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::durable;
use crate::modules::manifest::{Embedded, Manifest};
use crate::packages::manifest::{PackageManifest, PackagedLibrary};
use crate::packages::signature::{KeyFiles, SecretKey};
use crate::platform::SealedFile;
use crate::trust::keys::TrustedKey;
use crate::trust::lock::LockedModule;

const TARGET: &str = plugin_api::export::build::TARGET;
const LIBRARY: &[u8] = b"the library";

/// A module as discovery finds it; nothing here looks into its bytes.
fn found(installed: Option<InstalledLibrary>) -> Found {
    let manifest = Manifest {
        abi: None,
        schema: "host.manifest/1".to_owned(),
        version: "0.1.0".to_owned(),
        api: "1.1".to_owned(),
        api_minimum: "1.0".to_owned(),
        target: TARGET.to_owned(),
        target_features: String::new(),
        panic: "unwind".to_owned(),
        rustc: String::new(),
    };
    let descriptor =
        include_str!("../../../../tests/modules/versioned/module.json").replace("MODULE_ID", "sample");
    let embedded =
        Embedded { manifest, descriptor: serde_json::from_str(&descriptor).unwrap(), files: BTreeMap::new() };
    let library = SealedFile::from_bytes("module", LIBRARY).unwrap();
    Found {
        path: PathBuf::from("/modules/libsample.so"),
        embedded,
        sha256: Digest::of(LIBRARY),
        library,
        installed,
    }
}

fn locked() -> LockedModule {
    LockedModule {
        version: "0.1.0".to_owned(),
        source: None,
        package_sha256: None,
        signer: None,
        libraries: BTreeMap::from([(TARGET.to_owned(), Digest::of(LIBRARY))]),
    }
}

fn lock(module: LockedModule) -> LockFile {
    let modules = BTreeMap::from([("sample".to_owned(), module)]);
    LockFile { path: PathBuf::from("/project/plugins.lock"), modules }
}

fn policy(minimum: TrustLevel, lock: Option<LockFile>) -> Policy {
    Policy { minimum, demand_lock: false, lock, keys: KeyRing::default() }
}

fn refused(policy: &Policy, found: &Found, texts: &[&str]) {
    let error = policy.admit(found).unwrap_err();
    assert_eq!(error.kind, Kind::Untrusted, "{error}");
    let said = format!("{error}\n{}", error.hints.join("\n"));
    assert!(texts.iter().all(|text| said.contains(text)) && !error.hints.is_empty(), "{said}");
}

/// An installed, signed module.
struct Installed {
    folder: TempDir,
    secret: SecretKey,
    keys: KeyRing,
    library: InstalledLibrary,
}

impl Installed {
    fn new() -> Self {
        Self::with(Digest::of(LIBRARY))
    }

    /// One whose package lists a library with that digest.
    fn with(listed: Digest) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let files = KeyFiles::generate(None).unwrap();
        let mut keys = KeyRing::default();
        keys.add(TrustedKey {
            name: "author".to_owned(),
            key_id: files.public.id(),
            public_key: files.public.text().to_owned(),
            modules: Vec::new(),
            added_at: String::new(),
        })
        .unwrap();
        let secret = SecretKey::parse(&files.secret_file, None).unwrap();
        let (package, signature) = (folder.path().join("package"), folder.path().join("package.minisig"));
        let bytes = package_bytes(listed);
        durable::publish(&package, &bytes).unwrap();
        durable::publish(&signature, secret.sign(&bytes, "sample 0.1.0").unwrap().as_bytes()).unwrap();
        let library = InstalledLibrary {
            id: "sample".to_owned(),
            version: semver::Version::new(0, 1, 0),
            library: folder.path().join("libsample.so"),
            library_sha256: Digest::of(LIBRARY),
            libraries: BTreeMap::from([(TARGET.to_owned(), listed)]),
            package,
            package_sha256: Digest::of(&bytes),
            signature: Some(signature),
            source: "/somewhere".to_owned(),
            allowed_unsigned: false,
        };
        Self { folder, secret, keys, library }
    }

    fn found(&self) -> Found {
        found(Some(self.library.clone()))
    }

    fn policy(&self, minimum: TrustLevel, lock: Option<LockFile>) -> Policy {
        Policy { minimum, demand_lock: false, lock, keys: self.keys.clone() }
    }
}

/// Only `plugin.toml`, which is all that is read at a run.
fn package_bytes(listed: Digest) -> Vec<u8> {
    let library = PackagedLibrary {
        path: format!("lib/{TARGET}/libsample.so"),
        sha256: listed,
        bytes: LIBRARY.len() as u64,
    };
    let manifest = PackageManifest {
        schema: "host.plugin/1".to_owned(),
        id: "sample".to_owned(),
        version: semver::Version::new(0, 1, 0),
        api: "1.1".to_owned(),
        title: "A sample".to_owned(),
        licence: String::new(),
        libraries: BTreeMap::from([(TARGET.to_owned(), library)]),
    };
    let text = manifest.to_toml().unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("plugin.toml").unwrap();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_entry_type(tar::EntryType::Regular);
    header.set_cksum();
    let mut archive = header.as_bytes().to_vec();
    archive.extend(text.as_bytes());
    archive.resize(archive.len().next_multiple_of(512) + 1024, 0);
    zstd::bulk::compress(&archive, 3).unwrap()
}

#[test]
fn the_levels_are_in_order_and_each_is_reached() {
    let installed = Installed::new();
    let table = [
        (found(None), None, TrustLevel::Unsigned, "unsigned"),
        (found(None), Some(lock(locked())), TrustLevel::Locked, "locked"),
        (installed.found(), None, TrustLevel::Signed, "signed by author ("),
        (installed.found(), Some(lock(locked())), TrustLevel::LockedSigned, "locked-signed by author ("),
    ];
    let all = [TrustLevel::Unsigned, TrustLevel::Locked, TrustLevel::Signed, TrustLevel::LockedSigned];
    for (found, lock, level, shown) in table {
        for minimum in all {
            let policy = installed.policy(minimum, lock.clone());
            match policy.admit(&found) {
                Ok(admitted) => {
                    assert_eq!(admitted.level, level);
                    assert!(level >= minimum && admitted.to_string().starts_with(shown), "{admitted}");
                    assert_eq!(
                        Admitted::recorded_in(&serde_json::json!({"trust": admitted})),
                        admitted.to_string()
                    );
                }
                Err(error) => {
                    assert!(level < minimum, "{error}");
                    let said = format!("module `sample` is {level}, and must be {minimum}");
                    assert_eq!((error.kind, error.message), (Kind::Untrusted, said));
                    assert!(error.hints.len() > 1, "{:?}", error.hints);
                }
            }
        }
    }
}

#[test]
fn a_locked_module_that_changed_is_refused_at_every_level() {
    for minimum in [TrustLevel::Unsigned, TrustLevel::LockedSigned] {
        let mut other = locked();
        other.libraries.insert(TARGET.to_owned(), Digest::ZERO);
        let hint = "host plugin lock --upgrade sample";
        let now = Digest::of(LIBRARY).to_string();
        let texts = ["does not match the lock file", &Digest::ZERO.to_string(), now.as_str(), hint];
        refused(&policy(minimum, Some(lock(other))), &found(None), &texts);
        let older = LockedModule { version: "0.0.9".to_owned(), ..locked() };
        refused(
            &policy(minimum, Some(lock(older))),
            &found(None),
            &["pins version 0.0.9", "is version 0.1.0", hint],
        );
        let elsewhere = BTreeMap::from([("riscv64-unknown-none".to_owned(), Digest::of(LIBRARY))]);
        let elsewhere = LockedModule { libraries: elsewhere, ..locked() };
        refused(
            &policy(minimum, Some(lock(elsewhere))),
            &found(None),
            &["for riscv64-unknown-none only", hint],
        );
    }
}

#[test]
fn a_lock_can_be_demanded() {
    let demanding = |lock| Policy { demand_lock: true, ..policy(TrustLevel::Unsigned, lock) };
    refused(&demanding(None), &found(None), &["there is no `plugins.lock`", "host plugin lock sample"]);
    let empty = LockFile { path: PathBuf::from("/project/plugins.lock"), modules: BTreeMap::new() };
    refused(&demanding(Some(empty)), &found(None), &["`/project/plugins.lock` does not list it"]);
    let admitted = demanding(Some(lock(locked()))).admit(&found(None)).unwrap();
    assert_eq!(admitted.level, TrustLevel::Locked);
}

#[test]
fn a_locked_package_is_that_package_with_that_signature() {
    let installed = Installed::new();
    let key = installed.keys.keys().next().unwrap().key_id.clone();
    let (package_sha256, signer) = (Some(installed.library.package_sha256), Some(key));
    let policy = |module| installed.policy(TrustLevel::Unsigned, Some(lock(module)));
    let exact = LockedModule { package_sha256, signer, ..locked() };
    let admitted = policy(exact.clone()).admit(&installed.found()).unwrap();
    assert_eq!(admitted.level, TrustLevel::LockedSigned);
    let other = LockedModule { package_sha256: Some(Digest::ZERO), ..exact.clone() };
    refused(&policy(other), &installed.found(), &["pins the package with sha256 0000"]);
    let other = LockedModule { signer: Some("0123456789ABCDEF".to_owned()), ..exact.clone() };
    refused(&policy(other), &installed.found(), &["signed by key 0123456789ABCDEF"]);
    // Taking the signature away does not help.
    let unsigned = InstalledLibrary { signature: None, ..installed.library.clone() };
    refused(&policy(exact), &found(Some(unsigned)), &["it is unsigned"]);
}

#[test]
fn what_was_installed_must_be_there_unchanged() {
    let installed = Installed::new();
    let policy = installed.policy(TrustLevel::Unsigned, None);
    let changed = InstalledLibrary { library_sha256: Digest::ZERO, ..installed.library.clone() };
    let hint = "host plugin install PACKAGE";
    refused(
        &policy,
        &found(Some(changed)),
        &["is not what was installed", "its receipt says sha256 0000", hint],
    );
    let changed = InstalledLibrary { package_sha256: Digest::ZERO, ..installed.library.clone() };
    refused(&policy, &found(Some(changed)), &["is not what was installed", "package` has sha256", hint]);
    let gone =
        InstalledLibrary { package: installed.folder.path().join("gone"), ..installed.library.clone() };
    refused(&policy, &found(Some(gone)), &["gone` cannot be read", hint]);
    let gone = InstalledLibrary {
        signature: Some(installed.folder.path().join("gone")),
        ..installed.library.clone()
    };
    refused(&policy, &found(Some(gone)), &["gone` cannot be read", hint]);
}

#[test]
fn a_signed_package_that_does_not_list_the_library_vouches_for_nothing() {
    let installed = Installed::with(Digest::ZERO);
    let policy = installed.policy(TrustLevel::Unsigned, None);
    refused(&policy, &installed.found(), &["is signed, and does not list this library"]);
    let mut installed = Installed::new();
    installed.library.libraries.insert("riscv64-unknown-none".to_owned(), Digest::ZERO);
    let policy = installed.policy(TrustLevel::Unsigned, None);
    refused(&policy, &installed.found(), &["is signed, and lists other libraries than its receipt"]);
}

#[test]
fn a_key_that_was_removed_counts_no_longer_at_once() {
    let mut installed = Installed::new();
    let before = installed.policy(TrustLevel::Signed, None);
    assert!(before.admit(&installed.found()).is_ok());
    installed.keys.remove("author").unwrap();
    let after = installed.policy(TrustLevel::Unsigned, None);
    refused(&after, &installed.found(), &["no trusted key signed module `sample`", "host trust add"]);
    // Whoever allowed it without a signature did not count on the key.
    installed.library.allowed_unsigned = true;
    assert_eq!(after.admit(&installed.found()).unwrap().level, TrustLevel::Unsigned);
    assert_eq!(before.admit(&installed.found()).unwrap().level, TrustLevel::Signed);
}

#[test]
fn a_forged_signature_is_worth_less_than_none() {
    let mut installed = Installed::new();
    installed.library.allowed_unsigned = true;
    let signature = installed.secret.sign(b"something else", "sample 0.1.0").unwrap();
    durable::publish(installed.library.signature.as_ref().unwrap(), signature.as_bytes()).unwrap();
    let policy = installed.policy(TrustLevel::Unsigned, None);
    refused(&policy, &installed.found(), &["the signature of module `sample` does not fit its package"]);
}

#[test]
fn others_may_not_write_what_vouches_for_a_module() {
    use std::os::unix::fs::PermissionsExt;

    let installed = Installed::new();
    let policy = installed.policy(TrustLevel::Unsigned, None);
    for file in [&installed.library.package, installed.library.signature.as_ref().unwrap()] {
        fs_err::set_permissions(file, PermissionsExt::from_mode(0o666)).unwrap();
        refused(&policy, &installed.found(), &["everybody may write the file", "chmod go-w"]);
        fs_err::set_permissions(file, PermissionsExt::from_mode(0o644)).unwrap();
    }
    assert!(policy.admit(&installed.found()).is_ok());
}
