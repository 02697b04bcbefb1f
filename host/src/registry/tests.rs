#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

mod collect;
mod model;
mod retire;

use std::process::Command;

use serde_json::json;

use super::testing::{Fixture, content, name, provenance, recipe_of, register};
use super::*;
use crate::dataset::EncodedFile;
use crate::durable;

#[test]
fn registers_and_finds_again() {
    let fixture = Fixture::new();
    let outcome = fixture.register("set", 1, 1).unwrap();
    let Outcome::Registered { record, content_known: false, quarantined: None } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!((record.sequence, record.previous), (1, None));
    let registry = &fixture.registry;
    assert_eq!(registry.lookup(&name("set"), &recipe_of(1)).unwrap().as_ref(), Some(&record));
    assert_eq!(registry.current(&name("set")).unwrap().as_ref(), Some(&record));
    assert_eq!(registry.record(&name("set"), 1).unwrap(), record);
    assert_eq!(registry.lookup(&name("set"), &recipe_of(2)).unwrap(), None);
    assert_eq!(registry.lookup(&name("other"), &recipe_of(1)).unwrap(), None);
    assert_eq!(registry.names().unwrap(), [name("set")]);
    registry.verify_version(&name("set"), &record.version).unwrap();
    let stored = fs_err::read(fixture.file("set", 1, "provenance.json")).unwrap();
    assert_eq!(Digest::of(&stored), record.provenance_sha256);
    fixture.assert_clean();
}

#[test]
fn the_same_again_changes_nothing() {
    let fixture = Fixture::new();
    let first = fixture.register("set", 1, 1).unwrap();
    let before = fixture.files();
    let audit = fs_err::read(fixture.registry.audit().path()).unwrap();
    let again = fixture.register("set", 1, 1).unwrap();
    assert_eq!(again, Outcome::Unchanged { record: first.record().clone() });
    assert_eq!(fixture.files(), before);
    assert_eq!(fs_err::read(fixture.registry.audit().path()).unwrap(), audit);
}

#[test]
fn another_recipe_with_the_same_content_shares_the_folder() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    let outcome = fixture.register("set", 2, 1).unwrap();
    assert!(
        matches!(outcome, Outcome::Registered { content_known: true, quarantined: None, .. }),
        "{outcome:?}"
    );
    assert_eq!(outcome.record().sequence, 2);
    fixture.assert_clean();
}

#[test]
fn a_known_recipe_becomes_current_again() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    fixture.register("set", 2, 2).unwrap();
    let outcome = fixture.select("set", 1, 1).unwrap();
    assert_eq!((outcome.record().sequence, outcome.record().version), (3, content(1).version));
    assert_eq!(outcome.record().previous, Some(content(2).version));
    assert_eq!(outcome.record().provenance, provenance(1));
    assert!(matches!(fixture.select("set", 1, 1).unwrap(), Outcome::Unchanged { .. }));
    assert_eq!(fixture.registry.history(&name("set")).unwrap().len(), 3);
    assert_eq!(fixture.select("set", 1, 2).unwrap_err().kind, Kind::Usage);
    assert_eq!(fixture.select("set", 9, 1).unwrap_err().kind, Kind::Usage);
    fixture.assert_clean();
}

#[test]
fn a_recipe_with_other_content_is_refused() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    let error = fixture.register("set", 1, 2).unwrap_err();
    assert_eq!(error.kind, Kind::CheckFailed);
    assert!(error.causes[0].contains(&content(2).version.short()), "{error}");
    assert_eq!(fixture.registry.history(&name("set")).unwrap().len(), 1);
    fixture.assert_clean();
}

#[test]
fn files_that_do_not_fit_the_document_are_refused() {
    let fixture = Fixture::new();
    let good = content(1);
    let attempt = |files: Vec<EncodedFile>, version| {
        let registration = Registration {
            name: &name("set"),
            recipe: recipe_of(1),
            version,
            files: &files,
            provenance: json!({}),
            execution: json!({}),
            actor: "test",
            now: String::new(),
        };
        fixture.registry.register(&registration, None).unwrap_err().kind
    };
    let version = good.version;
    let mut damaged = good.files.clone();
    damaged[0] = EncodedFile::new(damaged[0].name().to_owned(), [&*damaged[0].to_bytes(), &[0]].concat());
    let mut extra = good.files.clone();
    extra.push(EncodedFile::new("extra".to_owned(), Vec::new()));
    let mut twice = good.files.clone();
    twice.push(twice[0].clone());
    for files in [damaged, extra, twice, good.files[1..].to_vec(), good.files[..2].to_vec()] {
        assert_eq!(attempt(files, version), Kind::Internal);
    }
    assert_eq!(attempt(good.files, Digest::ZERO), Kind::Internal);
    assert!(fixture.registry.names().unwrap().is_empty());
    fixture.assert_clean();
}

#[test]
fn damaged_content_is_no_hit_and_put_right_by_registering_again() {
    let fixture = Fixture::new();
    let first = fixture.register("set", 1, 1).unwrap();
    fs_err::write(fixture.file("set", 1, "m.npy"), b"").unwrap();
    assert_eq!(fixture.registry.lookup(&name("set"), &recipe_of(1)).unwrap(), None);
    let error = fixture.registry.verify_version(&name("set"), &content(1).version).unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt);
    assert!(error.to_string().contains("m.npy"), "{error}");
    let outcome = fixture.register("set", 1, 1).unwrap();
    let Outcome::Repaired { record, quarantined: Some(quarantined) } = outcome else { panic!("{outcome:?}") };
    assert_eq!(record, *first.record());
    assert!(quarantined.join("m.npy").exists());
    let report = fixture.check();
    assert!(!report.failed(), "{report:?}");
    assert_eq!(report.items.len(), 1, "the folder that was set aside: {report:?}");
    assert_eq!(report.items[0].kind, ItemKind::Quarantined);
}

#[test]
fn edited_provenance_is_put_back() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    fixture.register("other", 1, 1).unwrap();
    let path = fixture.file("set", 1, "provenance.json");
    let before = fs_err::read(&path).unwrap();
    fs_err::write(&path, b"{}\n").unwrap();
    assert!(fixture.check().failed());
    let outcome = fixture.register("set", 1, 1).unwrap();
    assert!(matches!(outcome, Outcome::Repaired { quarantined: None, .. }), "{outcome:?}");
    assert_eq!(fs_err::read(&path).unwrap(), before);
    fixture.assert_clean();
}

#[test]
fn a_damaged_current_record_is_an_error_and_registering_goes_on() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    fixture.register("set", 2, 2).unwrap();
    super::testing::flip(&fixture.path("registry/derived/set/00000002.json"), 200, 3);
    assert_eq!(fixture.registry.current(&name("set")).unwrap_err().kind, Kind::Corrupt);
    assert_eq!(fixture.registry.history(&name("set")).unwrap_err().kind, Kind::Corrupt);
    let outcome = fixture.register("set", 2, 2).unwrap();
    assert_eq!(
        (outcome.record().sequence, outcome.record().previous),
        (3, Some(content(2).version)),
        "as the log tells"
    );
    assert!(fixture.check().failed(), "the damaged record is still named");
}

#[test]
fn an_unknown_name_gets_the_nearest() {
    let fixture = Fixture::new();
    fixture.register("dataset", 1, 1).unwrap();
    let error = fixture.registry.require(&name("datsaet")).unwrap_err();
    assert_eq!(error.hints, ["did you mean `dataset`?"]);
    assert_eq!(fixture.registry.require(&name("x")).unwrap_err().hints.len(), 1);
}

#[test]
fn nothing_is_written_through_a_link() {
    let fixture = Fixture::new();
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), fixture.path("derived/set")).unwrap();
    assert_eq!(fixture.register("set", 1, 1).unwrap_err().kind, Kind::Storage);
    assert_eq!(fs_err::read_dir(outside.path()).unwrap().count(), 0);
    assert!(fixture.registry.names().unwrap().is_empty());
}

/// A process died after the record was published: it happened, so its audit line is added by the next writer.
#[test]
fn a_registration_that_happened_is_finished() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    let log = fixture.registry.audit();
    let (lines, head) = (fs_err::read(log.path()).unwrap(), fs_err::read(log.head_path()).unwrap());
    fixture.register("set", 2, 2).unwrap();
    let entry = log.entries().unwrap().nth(1).unwrap().unwrap();
    let record = fs_err::read(fixture.path("registry/derived/set/00000002.json")).unwrap();
    let action = audit::Action {
        time: entry.time,
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        details: entry.details,
    };
    let planned = recover::Planned { sequence: 2, sha256: Digest::of(&record) };
    let intent = recover::Intent::new(action, name("set"), content(2).version, Some(planned));
    let complete = fs_err::read(log.path()).unwrap();
    // Before the line, in the middle of it, after it.
    for cut in [lines.len(), lines.len() + 20, complete.len()] {
        fs_err::write(log.path(), &complete[..cut]).unwrap();
        fs_err::write(log.head_path(), &head).unwrap();
        intent.publish(fixture.registry.root()).unwrap();
        fs_err::write(fixture.path("registry/derived/set/.00000002.json.tmp-1-1"), b"").unwrap();
        let report = fixture.check();
        assert!(!report.failed(), "{report:#?}");
        assert!(!report.items.is_empty());
        assert!(matches!(fixture.register("set", 2, 2).unwrap(), Outcome::Unchanged { .. }));
        fixture.assert_clean();
        assert_eq!(log.verify().unwrap().lines, 2);
    }
}

/// A process died before the record was published: it did not happen, and what it left goes.
#[test]
fn a_registration_that_did_not_happen_is_dropped() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    let planned = recover::Planned { sequence: 1, sha256: Digest::ZERO };
    let action = audit::Action {
        time: String::new(),
        actor: "test".to_owned(),
        action: "register".to_owned(),
        subject: "new".to_owned(),
        details: json!({"sequence": 1, "record_sha256": Digest::ZERO}),
    };
    let intent = recover::Intent::new(action, name("new"), content(2).version, Some(planned));
    intent.publish(fixture.registry.root()).unwrap();
    for directory in ["derived/new", "registry/derived/new", "derived/.staging-1-1"] {
        durable::create_directories(&fixture.path(directory)).unwrap();
    }
    fs_err::write(fixture.path("registry/audit/.pending.json.tmp-1-1"), b"").unwrap();
    let report = fixture.check();
    assert!(!report.failed(), "{report:#?}");
    assert_eq!(fixture.registry.names().unwrap(), [name("set")]);
    fixture.register("set", 1, 1).unwrap();
    fixture.assert_clean();
    assert!(!fixture.path("derived/new").exists() && !fixture.path("registry/derived/new").exists());
}

/// A process died between content and record: the folder is adopted, with the provenance of the run that finished.
#[test]
fn an_orphan_is_adopted() {
    let fixture = Fixture::new();
    fixture.register("set", 1, 1).unwrap();
    fs_err::rename(fixture.path("derived/set"), fixture.path("derived/new")).unwrap();
    fixture.register("set", 1, 1).unwrap();
    assert_eq!(
        fixture.found(),
        [(ItemKind::Orphan, format!("derived/new/{}", content(1).version))],
        "a warning, no damage"
    );
    let outcome = fixture.register("new", 2, 1).unwrap();
    assert!(matches!(outcome, Outcome::Registered { content_known: true, .. }), "{outcome:?}");
    fixture.assert_clean();
}

#[test]
fn threads_lose_nothing() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let registry = &fixture.registry;
            scope.spawn(move || register_many(registry, thread));
        }
        for _ in 0..10 {
            let report = fixture.check();
            assert!(!report.failed(), "{report:#?}");
            index::list(fixture.registry.root()).unwrap();
        }
    });
    assert_many(&fixture, 4);
}

#[test]
fn processes_lose_nothing() {
    let fixture = Fixture::new();
    let spawn = |process: u64| {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "registry::tests::child_process", "--nocapture"])
            .env(CHILD, format!("{process}:{}", fixture.registry.root().path().display()))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let children: Vec<_> = (0..4).map(spawn).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    assert_many(&fixture, 4);
}

/// Does the work of one process for [`processes_lose_nothing`]; does nothing as a test of its own.
#[test]
fn child_process() {
    if let Ok(work) = std::env::var(CHILD) {
        let (process, path) = work.split_once(':').unwrap();
        let registry = Registry::open(DataRoot::create(path).unwrap());
        register_many(&registry, process.parse().unwrap());
    }
}

const CHILD: &str = "HOST_TEST_REGISTRY_CHILD";

/// Registrations of each thread or process: one set of its own, one shared with the others.
const EACH: u64 = 8;

fn register_many(registry: &Registry, who: u64) {
    for number in 0..EACH {
        register(registry, &format!("own-{who}"), number, number).unwrap();
        register(registry, "shared", 100 * who + number, 100 * who + number).unwrap();
        register(registry, "same", number, number).unwrap();
    }
}

fn assert_many(fixture: &Fixture, workers: u64) {
    fixture.assert_clean();
    for worker in 0..workers {
        let history = fixture.registry.history(&name(&format!("own-{worker}"))).unwrap();
        assert_eq!(history.len() as u64, EACH);
    }
    let shared = fixture.registry.history(&name("shared")).unwrap();
    assert_eq!(shared.len() as u64, workers * EACH);
    let rows = index::list(fixture.registry.root()).unwrap();
    assert_eq!(rows.len() as u64, workers + 2);
}
