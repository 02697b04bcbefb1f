//! The reader of manifests, which are bytes from outside.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::manifest::Manifest;
use super::repository::{id, time_of};
use crate::digest::Digest;
use crate::registry::sealed;

const ID: &str = "20260131T080000123Z-0123abcd";

fn file(path: &str) -> Value {
    let content = json!({"sha256": Digest::of(b"x"), "bytes": 1, "inode": 7, "changed_nanoseconds": 5});
    json!({"path": path, "mode": 0o644, "file": content})
}

fn folder(path: &str) -> Value {
    json!({"path": path, "mode": 0o755})
}

fn document(entries: &[Value]) -> Value {
    let files = entries.iter().filter(|entry| entry.get("file").is_some()).count();
    json!({
        "schema": "host.backup-snapshot/1", "id": ID, "created": "2026-01-31T08:00:00.123Z", "host": "0.1.0",
        "tag": null, "origin": "/data", "parts": ["derived"], "damage": [], "entries": entries,
        "counts": {"files": files, "folders": entries.len() - files, "bytes": files},
    })
}

/// What the reader says of a manifest that is sealed as it must be.
fn read(document: &Value) -> Result<Manifest, String> {
    Manifest::parse(&sealed::pretty(&sealed::seal(document)), ID)
}

#[test]
fn what_was_written_is_read() {
    let manifest = read(&document(&[folder("derived"), folder("derived/a"), file("derived/a/b")])).unwrap();
    assert_eq!(Manifest::parse(&manifest.to_bytes(), ID).unwrap(), manifest);
    assert_eq!((manifest.counts.files, manifest.counts.folders, manifest.counts.bytes), (1, 2, 1));
    assert!(Manifest::parse(&manifest.to_bytes(), "20260131T080000123Z-00000000").is_err());
}

#[test]
fn nothing_in_it_leads_elsewhere() {
    for path in [
        "../x",
        "/etc/passwd",
        "derived/../../x",
        "derived/./x",
        "derived//x",
        "derived/",
        "",
        "elsewhere/x",
        "derived/a\\..\\x",
        "derived/a\0b",
        "Derived/x",
        "C:/x",
    ] {
        assert!(read(&document(&[folder("derived"), file(path)])).is_err(), "{path}");
    }
    let long = format!("derived/{}", "x".repeat(3000));
    assert!(read(&document(&[folder("derived"), file(&long)])).unwrap_err().contains("limit"));
}

#[test]
fn nothing_but_files_and_folders_each_once_and_in_a_folder() {
    let mut link = folder("derived/link");
    link["target"] = json!("/etc");
    let mut privileged = file("derived/a");
    privileged["mode"] = json!(0o4755);
    let refused = [
        vec![folder("derived"), link],
        vec![folder("derived"), privileged],
        vec![file("derived")],
        vec![file("derived/a")],
        vec![folder("derived"), file("derived/a"), file("derived/a")],
        vec![folder("derived"), file("derived/a"), file("derived/a/b")],
        vec![folder("derived"), file("derived/b"), file("derived/a")],
    ];
    for entries in refused {
        assert!(read(&document(&entries)).is_err(), "{entries:?}");
    }
    let mut lying = document(&[folder("derived")]);
    lying["counts"]["files"] = json!(3);
    assert!(read(&lying).unwrap_err().contains("states"));
    let mut newer = document(&[]);
    newer["schema"] = json!("host.backup-snapshot/2");
    assert!(read(&newer).unwrap_err().contains("host.backup-snapshot/2"));
}

#[test]
fn ids_tell_the_time_and_nothing_else_is_one() {
    let created = "2026-01-31T08:00:00.123Z".parse().unwrap();
    let made = id(created, &Digest::of(b"x"));
    assert_eq!(time_of(&made), Some(created));
    for wrong in [
        "",
        "latest",
        "../x",
        "20260131T080000123Z",
        "20260131T080000123Z-0123abcg",
        "20261331T080000123Z-0123abcd",
        "2026é131T080000123Z-0123abcd",
        "20260131X080000123Z-0123abcd",
    ] {
        assert_eq!(time_of(wrong), None, "{wrong}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        drop(Manifest::parse(&bytes, ID));
    }

    #[test]
    fn what_is_read_lies_below_its_part(paths in prop::collection::btree_set("(derived|logs|[.]{1,2}|/|a)(/(a|b|[.]{1,2}|-|é)?){0,4}", 0..6)) {
        let paths: BTreeSet<String> = paths;
        let entries: Vec<Value> = paths.iter().map(|path| folder(path)).collect();
        if let Ok(manifest) = read(&document(&entries)) {
            for entry in &manifest.entries {
                let path = std::path::Path::new(entry.path.as_str());
                let plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                prop_assert!(plain && path.starts_with(entry.path.part().name()), "{path:?}");
            }
        }
    }

    #[test]
    fn any_text_is_an_id_or_not(text in "\\PC{0,40}") {
        prop_assert_eq!(time_of(&text).is_some(), time_of(&text).is_some_and(|created| text.starts_with(&id(created, &Digest::ZERO)[..19])));
    }

    #[test]
    fn every_flipped_bit_shows(place in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut bytes = sealed::pretty(&sealed::seal(document(&[folder("derived"), file("derived/a")])));
        let place = place.index(bytes.len());
        bytes[place] ^= 1_u8 << bit;
        prop_assert!(Manifest::parse(&bytes, ID).is_err());
    }
}
