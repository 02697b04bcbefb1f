#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use super::super::By;
use super::super::audit::Action;
use super::super::content::PROVENANCE;
use super::super::testing::{Fixture, content, flip, name};
use super::*;
use crate::dataset::EncodedFile;

/// Two datasets, one of them with two versions and three records.
fn fixture() -> Fixture {
    let fixture = Fixture::new();
    fixture.register("one", 1, 1).unwrap();
    fixture.register("two", 1, 1).unwrap();
    fixture.register("two", 2, 2).unwrap();
    fixture.select("two", 1, 1).unwrap();
    fixture
}

#[test]
fn counts_what_is_right() {
    let report = fixture().check();
    assert!(!report.failed());
    assert_eq!(report.items, []);
    assert_eq!((report.datasets, report.records, report.audit_lines, report.files), (2, 4, 4, 9));
    let size = |number| content(number).files.iter().map(EncodedFile::length).sum::<u64>();
    assert_eq!(report.bytes, 2 * size(1) + size(2));
}

#[test]
fn an_untouched_data_root_is_clean() {
    let fixture = Fixture::new();
    fixture.assert_clean();
}

#[test]
fn a_data_root_that_was_not_finished_is_no_damage() {
    let fixture = Fixture::new();
    fs_err::remove_file(fixture.path("registry/format.json")).unwrap();
    assert_eq!(fixture.found(), [(ItemKind::Interrupted, "registry/format.json".to_owned())]);
    assert!(!fixture.check().failed());
}

/// A damage, and what `check` must say of it.
type Case = (fn(&Fixture), ItemKind, &'static str);

/// Does each damage to a fresh data root and demands that it is named, at that path and as that kind.
#[track_caller]
fn assert_named(cases: &[Case]) {
    let version = content(2).version.to_string();
    for (damage, kind, path) in cases {
        let fixture = fixture();
        damage(&fixture);
        assert!(fixture.check().failed(), "{kind:?} {path}");
        let found = fixture.found();
        let expected = (*kind, path.replace("VERSION", &version));
        assert!(found.contains(&expected), "{expected:?} is not in {found:#?}");
        assert!(!found.iter().any(|(kind, _)| *kind == ItemKind::Orphan), "{found:#?}");
    }
}

fn write(path: &Path, bytes: &[u8]) {
    fs_err::write(path, bytes).unwrap();
}

fn remove(path: &Path) {
    if path.is_dir() { fs_err::remove_dir_all(path).unwrap() } else { fs_err::remove_file(path).unwrap() }
}

fn record(fixture: &Fixture, sequence: u64) -> PathBuf {
    fixture.registry.root().record(&name("two"), sequence)
}

#[test]
fn a_lost_newest_record_is_not_forgotten_with_the_next_one() {
    let fixture = fixture();
    fixture.register("two", 3, 3).unwrap();
    let lost = fs_err::read(record(&fixture, 4)).unwrap();
    remove(&record(&fixture, 4));
    fixture.register("two", 5, 5).unwrap();
    assert!(!record(&fixture, 4).exists() && record(&fixture, 5).exists());
    let missing = [(ItemKind::RecordMissing, "registry/derived/two/00000004.json".to_owned())];
    assert_eq!(fixture.found(), missing);
    write(&record(&fixture, 4), &lost);
    fixture.assert_clean();
    // Also when no other one is left.
    for sequence in 1..=5 {
        remove(&record(&fixture, sequence));
    }
    fixture.register("two", 1, 1).unwrap();
    assert!(record(&fixture, 6).exists());
}

#[test]
fn a_lost_record_is_still_named_when_an_earlier_host_gave_its_number_away() {
    let fixture = fixture();
    let log = fixture.registry.audit();
    let last = log.entries().unwrap().last().unwrap().unwrap();
    let mut details = last.details;
    details["record_sha256"] = content(1).version.to_string().into();
    let (time, actor, action, subject) = (last.time, last.actor, last.action, last.subject);
    fixture.registry.log(&Action { time, actor, action, subject, details }).unwrap();
    let lost = "another record had this number and is lost";
    assert!(fixture.check().items.iter().any(|item| item.message == lost), "{:?}", fixture.found());
}

#[test]
fn a_version_that_is_collected_between_listing_and_reading_is_no_damage() {
    let fixture = fixture();
    let root = fixture.registry.root();
    let (name, version) = (name("two"), content(2).version);
    let read = |findings: &mut Findings<'_>| {
        let known = BTreeSet::new();
        check_version(root, &name, &version, Some(&known), Depth::Digests, findings);
    };
    let limits = crate::registry::Limits { before: jiff::Timestamp::now(), keep_last: 1, retired: false };
    fixture.registry.collect(&limits, false, By { actor: "test", now: "now" }).unwrap();
    assert!(!root.version(&name, &version).exists());
    let mut findings = Findings::new(root);
    read(&mut findings);
    assert_eq!(findings.sorted(), []);
    // Without the record of the removal it is damage.
    remove(&record(&fixture, 4));
    let mut findings = Findings::new(root);
    read(&mut findings);
    assert_eq!(findings.sorted().len(), 1);
}

#[test]
fn damage_to_content_is_named() {
    assert_named(&[
        (|f| remove(&f.file("two", 2, "m.npy")), ItemKind::FileMissing, "derived/two/VERSION/m.npy"),
        (|f| write(&f.file("two", 2, "m.npy"), b"1"), ItemKind::FileTruncated, "derived/two/VERSION/m.npy"),
        (
            |f| write(&f.file("two", 2, "m.npy"), &[9; 8]),
            ItemKind::DigestMismatch,
            "derived/two/VERSION/m.npy",
        ),
        (
            |f| write(&f.file("two", 2, "m.npy"), &[2; 9]),
            ItemKind::DigestMismatch,
            "derived/two/VERSION/m.npy",
        ),
        (|f| write(&f.file("two", 2, "x"), b""), ItemKind::FileExtra, "derived/two/VERSION/x"),
        (
            |f| remove(&f.file("two", 2, "dataset.json")),
            ItemKind::FileMissing,
            "derived/two/VERSION/dataset.json",
        ),
        (
            |f| flip(&f.file("two", 2, "dataset.json"), 9, 1),
            ItemKind::DocumentEdited,
            "derived/two/VERSION/dataset.json",
        ),
        (
            |f| flip(&f.file("two", 2, PROVENANCE), 9, 1),
            ItemKind::ProvenanceEdited,
            "derived/two/VERSION/provenance.json",
        ),
        (
            |f| remove(&f.file("two", 2, PROVENANCE)),
            ItemKind::FileMissing,
            "derived/two/VERSION/provenance.json",
        ),
        (|f| remove(&f.file("two", 2, "")), ItemKind::VersionMissing, "derived/two/VERSION"),
        (|f| remove(&f.path("derived/two")), ItemKind::VersionMissing, "derived/two/VERSION"),
        (|f| write(&f.path("derived/stray"), b""), ItemKind::FileExtra, "derived/stray"),
        (|f| write(&f.path("derived/two/stray"), b""), ItemKind::FileExtra, "derived/two/stray"),
    ]);
}

#[test]
fn damage_to_records_is_named() {
    assert_named(&[
        (|f| remove(&record(f, 2)), ItemKind::RecordMissing, "registry/derived/two/00000002.json"),
        (|f| remove(&record(f, 3)), ItemKind::RecordMissing, "registry/derived/two/00000003.json"),
        (
            |f| remove(&f.path("registry/derived/two")),
            ItemKind::RecordMissing,
            "registry/derived/two/00000001.json",
        ),
        (|f| write(&record(f, 2), b"{"), ItemKind::RecordUnparsable, "registry/derived/two/00000002.json"),
        (|f| write(&record(f, 2), b"{}\n"), ItemKind::RecordEdited, "registry/derived/two/00000002.json"),
        (
            |f| drop(fs_err::copy(record(f, 1), record(f, 2))),
            ItemKind::RecordEdited,
            "registry/derived/two/00000002.json",
        ),
        (
            |f| drop(fs_err::copy(record(f, 3), record(f, 4))),
            ItemKind::RecordEdited,
            "registry/derived/two/00000004.json",
        ),
        (
            |f| drop(fs_err::copy(record(f, 3), record(f, 99_999_999))),
            ItemKind::RecordEdited,
            "registry/derived/two/99999999.json",
        ),
    ]);
}

#[test]
fn damage_to_the_rest_of_the_registry_is_named() {
    assert_named(&[
        (|f| write(&f.path("registry/stray"), b""), ItemKind::FileExtra, "registry/stray"),
        (|f| remove(&f.path("registry/format.json")), ItemKind::Format, "registry/format.json"),
        (
            |f| remove(&f.path("registry/audit/audit.jsonl")),
            ItemKind::AuditBroken,
            "registry/audit/audit.jsonl",
        ),
        (|f| remove(&f.path("registry/audit/head.json")), ItemKind::AuditBroken, "registry/audit/head.json"),
        (
            |f| write(&f.path("registry/audit/pending.json"), b"{"),
            ItemKind::AuditBroken,
            "registry/audit/pending.json",
        ),
    ]);
}

#[test]
fn a_record_made_anew_does_not_fit_the_audit_log() {
    let fixture = fixture();
    let mut record = fixture.registry.record(&name("two"), 2).unwrap();
    record.registered_at = "1999-01-01T00:00:00Z".to_owned();
    record.previous = None;
    fs_err::write(fixture.path("registry/derived/two/00000002.json"), record.to_bytes()).unwrap();
    let path = "registry/derived/two/00000002.json".to_owned();
    assert_eq!(fixture.found(), [(ItemKind::RecordEdited, path.clone()), (ItemKind::DanglingPrevious, path)]);
    record.sequence = 4;
    fs_err::write(fixture.path("registry/derived/two/00000004.json"), record.to_bytes()).unwrap();
    let unlogged = (ItemKind::RecordUnlogged, "registry/derived/two/00000004.json".to_owned());
    assert!(fixture.found().contains(&unlogged));
}

#[test]
fn harmless_things_are_told_and_do_not_fail() {
    let fixture = fixture();
    fs_err::set_permissions(fixture.file("two", 2, "m.npy"), Permissions::from_mode(0o666)).unwrap();
    fs_err::create_dir(fixture.path("derived/empty")).unwrap();
    fs_err::create_dir(fixture.path("derived/.staging-1-1")).unwrap();
    fs_err::write(fixture.path("registry/derived/two/.00000009.json.tmp-1-1"), b"").unwrap();
    let report = fixture.check();
    assert!(!report.failed(), "{report:#?}");
    let kinds: Vec<_> = report.items.iter().map(|item| item.kind).collect();
    assert_eq!(kinds, [ItemKind::Mode, ItemKind::Leftover, ItemKind::Leftover, ItemKind::Leftover]);
    assert_eq!(report.count(ItemSeverity::Note), 3);
}

#[test]
fn without_reading_data_sizes_and_documents_are_compared() {
    let fixture = fixture();
    fs_err::write(fixture.file("two", 2, "m.npy"), [9; 8]).unwrap();
    assert!(!check(fixture.registry.root(), false).unwrap().failed());
    assert!(check(fixture.registry.root(), true).unwrap().failed());
    fs_err::write(fixture.file("two", 2, "m.npy"), [9; 7]).unwrap();
    assert!(check(fixture.registry.root(), false).unwrap().failed());
}

#[test]
fn the_report_is_the_same_each_time() {
    let fixture = fixture();
    for file in ["m.npy", "dataset.json", "data.parquet"] {
        fs_err::remove_file(fixture.file("two", 1, file)).unwrap();
    }
    flip(&fixture.path("registry/derived/one/00000001.json"), 50, 2);
    assert_eq!(fixture.check(), fixture.check());
}

/// Changes the bytes of one file, demands that `check` names it, and puts them back.
fn assert_change_is_named(change: fn(&mut Vec<u8>, usize, u8)) {
    let fixture = fixture();
    // The lock says nothing that anybody relies on.
    let files: Vec<_> = fixture.files().into_iter().filter(|path| !path.ends_with(".lock")).collect();
    let cases = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0..8_u8);
    let mut runner =
        TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) });
    let outcome = runner.run(&cases, |(file, place, bit)| {
        let path = file.get(&files);
        let good = fs_err::read(path).unwrap();
        let mut bytes = good.clone();
        change(&mut bytes, place.index(good.len()), bit);
        fs_err::write(path, bytes).unwrap();
        let report = fixture.check();
        fs_err::write(path, good).unwrap();
        prop_assert!(report.failed());
        let shown = fixture.registry.root().relative(path).display().to_string();
        prop_assert!(report.items.iter().any(|item| item.path == shown), "{} is not in {:#?}", shown, report);
        Ok(())
    });
    outcome.unwrap();
    fixture.assert_clean();
}

#[test]
fn every_flipped_bit_is_named() {
    assert_change_is_named(|bytes, place, bit| bytes[place] ^= 1 << bit);
}

#[test]
fn every_cut_file_is_named() {
    assert_change_is_named(|bytes, place, _| bytes.truncate(place));
}
