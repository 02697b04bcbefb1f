#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::packages::archive::Package;
use crate::packages::manifest::{PackageManifest, PackagedLibrary};

/// A package as it stands in memory; the store does not ask whether its library is one.
fn package(version: &str, content: &[u8]) -> Package {
    let path = format!("lib/{TARGET}/libm.so");
    let library =
        PackagedLibrary { path: path.clone(), sha256: Digest::of(content), bytes: content.len() as u64 };
    let manifest = PackageManifest {
        schema: "host.plugin/1".to_owned(),
        id: "m".to_owned(),
        version: version.parse().unwrap(),
        api: "2.0".to_owned(),
        title: "a module".to_owned(),
        licence: String::new(),
        libraries: BTreeMap::from([(TARGET.to_owned(), library)]),
    };
    Package { manifest, sha256: Digest::of(content), files: BTreeMap::from([(path, content.to_vec())]) }
}

fn entry(package: &Package) -> InstalledVersion {
    let libraries = package.manifest.libraries.iter().map(|(target, library)| {
        (target.clone(), ReceiptLibrary { path: library.path.clone(), sha256: library.sha256 })
    });
    InstalledVersion {
        source: "/somewhere/m.hostplugin".to_owned(),
        package_sha256: package.sha256,
        package_bytes: 3,
        signer: None,
        allowed_unsigned: true,
        installed_at: "2026-01-01T00:00:00Z".to_owned(),
        libraries: libraries.collect(),
    }
}

fn install(store: &Store, version: &str, content: &[u8]) -> Result<Switch> {
    let package = package(version, content);
    let staged = stage(store, &package, content, None)?;
    let (switch, _) = Change::begin(store, "tester")?.install(&package, staged, entry(&package))?;
    Ok(switch)
}

/// The current library of the module.
fn current(store: &Store) -> InstalledLibrary {
    let receipt = store.require("m").unwrap();
    store.library(&receipt, &receipt.current).unwrap()
}

fn store() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::new(&directory.path().join("store"));
    (directory, store)
}

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

/// What the history tells, after the chain was followed.
fn told(store: &Store) -> Vec<String> {
    let history = store.history();
    assert!(history.verify().unwrap().intact());
    let entries = history.entries().unwrap().map(Result::unwrap);
    entries.map(|entry| format!("{} {}", entry.action, entry.subject)).collect()
}

fn names(store: &Store) -> Vec<String> {
    let entries = fs::read_dir(store.root()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_life_of_installing_switching_and_removing_is_told_line_by_line() {
    let (_directory, store) = store();
    assert!(store.modules().unwrap().is_empty());
    install(&store, "0.1.0", b"one").unwrap();
    let switch = install(&store, "0.2.0", b"two").unwrap();
    assert_eq!((switch.from, switch.to), (Some(version("0.1.0")), Some(version("0.2.0"))));
    assert!(install(&store, "0.2.0", b"two").unwrap().unchanged, "the same bytes change nothing");

    let change = Change::begin(&store, "tester").unwrap();
    assert!(change.roll_back("m", &version("0.2.0")).is_err(), "it is not the version before");
    assert_eq!(change.roll_back("m", &version("0.1.0")).unwrap().to, Some(version("0.1.0")));
    change.set_enabled("m", false).unwrap();
    assert!(change.set_enabled("m", false).unwrap().unchanged);
    drop(change);
    assert!(!store.require("m").unwrap().enabled);

    let change = Change::begin(&store, "tester").unwrap();
    change.set_enabled("m", true).unwrap();
    let switch = change.remove_version("m", &version("0.1.0")).unwrap();
    assert_eq!(switch.to, Some(version("0.2.0")), "the one that is left is current");
    assert!(!store.version_folder("m", &version("0.1.0")).exists());
    assert_eq!(change.remove_version("m", &version("0.2.0")).unwrap().to, None);
    assert!(store.receipt("m").unwrap().is_none());
    drop(change);
    assert_eq!(names(&store), [".lock", "history.head.json", "history.jsonl"]);
    assert_eq!(
        told(&store),
        [
            "install m 0.1.0",
            "install m 0.2.0",
            "rollback m 0.1.0",
            "disable m 0.1.0",
            "enable m 0.1.0",
            "remove-version m 0.2.0",
            "remove m 0.2.0",
        ]
    );
}

#[test]
fn what_is_installed_is_read_only_and_where_the_receipt_says() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    let library = current(&store);
    assert_eq!(fs::read(&library.library).unwrap(), b"one");
    assert_eq!(library.library_sha256, Digest::of(b"one"));
    for file in [&library.library, &library.package] {
        assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o444);
    }
    assert_eq!(library.signature, None, "nobody signed it");
}

#[test]
fn other_bytes_of_an_installed_version_are_refused() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    let error = install(&store, "0.1.0", b"two").unwrap_err();
    assert_eq!(error.kind, Kind::Untrusted);
    assert!(error.hints.iter().any(|hint| hint.contains("plugin remove m@0.1.0")), "{error:?}");
    assert_eq!(current(&store).library_sha256, Digest::of(b"one"));
    Change::begin(&store, "tester").unwrap();
    assert_eq!(names(&store), [".lock", "history.head.json", "history.jsonl", "m"], "nothing is left behind");
}

#[test]
fn installing_the_same_bytes_again_mends_damaged_files() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    let library = current(&store).library;
    fs::set_permissions(&library, PermissionsExt::from_mode(0o644)).unwrap();
    fs::write(&library, b"bad").unwrap();
    install(&store, "0.1.0", b"one").unwrap();
    assert_eq!(fs::read(&library).unwrap(), b"one");
}

/// The process died between a version's files and the receipt that names them.
#[test]
fn files_that_no_receipt_names_are_taken_away_and_others_are_left_alone() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    for (id, number) in [("m", "0.2.0"), ("other", "0.1.0")] {
        let orphan = store.version_folder(id, &version(number));
        fs::create_dir_all(&orphan).unwrap();
        fs::write(orphan.join("package.hostplugin"), b"x").unwrap();
    }
    let own = store.root().join("notes/0.1.0");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("text"), b"x").unwrap();
    Change::begin(&store, "tester").unwrap();
    assert!(!store.version_folder("m", &version("0.2.0")).exists());
    assert!(!store.root().join("other").exists());
    assert!(store.version_folder("m", &version("0.1.0")).exists());
    assert!(own.join("text").exists(), "what is none of ours stays");
}

/// It blocked every later change: it was followed when it was read, and could not be renamed when it was to go away.
#[test]
fn a_link_in_place_of_a_version_or_a_module_is_refused_and_goes_away_unfollowed() {
    let (directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    install(&store, "0.2.0", b"two").unwrap();
    let own = directory.path().join("own");
    let replace_by_link = |place: &Path| {
        fs::rename(place, &own).unwrap();
        std::os::unix::fs::symlink(&own, place).unwrap();
    };
    let refused = |error: Error, hint: &str| {
        assert_eq!(error.kind, Kind::Untrusted, "{error}");
        assert!(
            error.message.contains("a link is in place of") && error.hints[0].contains(hint),
            "{error:?}"
        );
    };
    let whole_then_gone = || {
        assert_eq!(fs::read(own.join(PACKAGE)).unwrap(), b"two", "what the link led to stays");
        fs::remove_dir_all(&own).unwrap();
    };
    let place = store.version_folder("m", &version("0.2.0"));
    // The same version again puts it right, and so does removing it.
    replace_by_link(&place);
    let receipt = store.require("m").unwrap();
    refused(store.library(&receipt, &version("0.2.0")).unwrap_err(), "host plugin remove m@0.2.0");
    install(&store, "0.2.0", b"two").unwrap();
    assert_eq!(fs::read(current(&store).library).unwrap(), b"two");
    whole_then_gone();
    replace_by_link(&place);
    let switch = Change::begin(&store, "tester").unwrap().remove_version("m", &version("0.2.0")).unwrap();
    assert_eq!(switch.to, Some(version("0.1.0")));
    assert!(place.symlink_metadata().is_err());
    whole_then_gone();
    // A version that no receipt names.
    std::os::unix::fs::symlink(&own, &place).unwrap();
    install(&store, "0.2.0", b"two").unwrap();
    assert!(!place.is_symlink());
    // A whole module.
    replace_by_link(&store.folder("m"));
    refused(store.receipt("m").unwrap_err(), "host plugin remove m");
    assert!(matches!(&store.modules().unwrap()[..], [(id, Err(_))] if id == "m"));
    let change = Change::begin(&store, "tester").unwrap();
    assert!(own.join("receipt.json").exists(), "nothing beyond the link is swept");
    change.remove("m").unwrap();
    assert!(store.folder("m").symlink_metadata().is_err() && own.join("receipt.json").exists());
}

/// The process died after the switch and before the line that tells of it.
#[test]
fn a_switch_that_the_history_does_not_tell_of_is_told_by_the_next_writer() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    let before: Vec<(PathBuf, Vec<u8>)> = ["history.jsonl", "history.head.json"]
        .map(|name| store.root().join(name))
        .map(|path| (path.clone(), fs::read(path).unwrap()))
        .into();
    install(&store, "0.2.0", b"two").unwrap();
    let history = store.history();
    let last = history.entries().unwrap().last().unwrap().unwrap();
    let receipt = Digest::of(&fs::read(store.receipt_path("m")).unwrap());
    let pending = |sha256: Option<Digest>| {
        serde_json::json!({"id": "m", "receipt_sha256": sha256, "action": {
            "time": last.time, "actor": last.actor, "action": last.action, "subject": last.subject,
            "details": last.details,
        }})
        .to_string()
    };
    // Written, and the note of it is still there: told once.
    fs::write(store.root().join(".pending.json"), pending(Some(receipt))).unwrap();
    Change::begin(&store, "tester").unwrap();
    assert_eq!(told(&store), ["install m 0.1.0", "install m 0.2.0"]);
    // Not written.
    for (path, bytes) in &before {
        fs::write(path, bytes).unwrap();
    }
    fs::write(store.root().join(".pending.json"), pending(Some(receipt))).unwrap();
    Change::begin(&store, "tester").unwrap();
    assert_eq!(told(&store), ["install m 0.1.0", "install m 0.2.0"]);
    // Never took place: not told.
    for (path, bytes) in &before {
        fs::write(path, bytes).unwrap();
    }
    for other in [None, Some(Digest::ZERO)] {
        fs::write(store.root().join(".pending.json"), pending(other)).unwrap();
        Change::begin(&store, "tester").unwrap();
        assert_eq!(told(&store), ["install m 0.1.0"]);
        assert!(!store.root().join(".pending.json").exists());
    }
}

#[test]
fn a_damaged_receipt_hides_no_other_and_can_be_removed() {
    let (_directory, store) = store();
    install(&store, "0.1.0", b"one").unwrap();
    let damaged = store.receipt_path("broken");
    fs::create_dir_all(damaged.parent().unwrap()).unwrap();
    let good = fs::read_to_string(store.receipt_path("m")).unwrap();
    for (text, why) in [
        ("{", "EOF"),
        (&*good, "it is that of `m`"),
        (&good.replace("\"m\"", "\"broken\"").replace("lib/", "../"), "leads elsewhere"),
        (
            &good.replace("\"m\"", "\"broken\"").replace("\"current\": \"0.1.0\"", "\"current\": \"9.0.0\""),
            "9.0.0",
        ),
        (&good.replace("receipt/1", "receipt/2"), "receipt/2"),
    ] {
        fs::write(&damaged, text).unwrap();
        let error = store.receipt("broken").unwrap_err();
        assert_eq!(error.kind, Kind::Corrupt);
        assert!(error.causes[0].contains(why), "{error}");
    }
    let modules = store.modules().unwrap();
    assert!(modules[0].1.is_err() && modules[1].1.is_ok());
    Change::begin(&store, "tester").unwrap().remove("broken").unwrap();
    assert_eq!(store.modules().unwrap().len(), 1);
}

#[test]
fn who_is_not_installed_is_named_with_the_nearest() {
    let (_directory, store) = store();
    assert!(store.require("m").unwrap_err().hints[0].contains("host plugin install"));
    install(&store, "0.1.0", b"one").unwrap();
    assert!(store.require("n").unwrap_err().hints[0].contains("`m`"));
    // A folder without a receipt is no module.
    fs::create_dir(store.root().join("notes")).unwrap();
    let error = store.require("n").unwrap_err();
    assert_eq!(error.hints[1], "installed are: m");
    assert!(store.require("../m").unwrap_err().kind == Kind::Usage);
    let receipt = store.require("m").unwrap();
    let error = store.library(&receipt, &version("3.0.0")).unwrap_err();
    assert!(error.hints[0].contains("0.1.0"), "{error:?}");
}
