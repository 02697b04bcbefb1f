//! What goes and what stays.

use serde_json::{Value, json};

use super::super::testing::{Fixture, content, name, recipe_of};
use super::super::{By, Limits, Registration, Retiring};
use crate::digest::Digest;
use crate::error::Kind;

fn limits(before: &str, keep_last: usize) -> Limits {
    Limits { before: before.parse().unwrap(), keep_last, retired: false }
}

fn by(now: &str) -> By<'_> {
    By { actor: "test", now }
}

/// Registers content on a day, made of a file with some digest.
fn register(fixture: &Fixture, dataset: &str, number: u64, day: &str, input: Option<Digest>) {
    let content = content(number);
    let inputs: Vec<Value> =
        input.iter().map(|digest| json!({"sha256": digest, "raw_sha256": digest})).collect();
    fixture
        .registry
        .register(
            &Registration {
                name: &name(dataset),
                recipe: recipe_of(number),
                version: content.version,
                files: &content.files,
                provenance: json!({"recipe": {"inputs": inputs, "number": number}}),
                execution: Value::Null,
                actor: "test",
                now: format!("{day}T00:00:00Z"),
            },
            None,
        )
        .unwrap();
}

/// Numbers of the contents that go.
fn going(fixture: &Fixture, limits: &Limits) -> Vec<u64> {
    let fates = fixture.registry.collect(limits, true, by("2026-06-01T00:00:00Z")).unwrap();
    let gone = |number: &u64| {
        fates.iter().any(|fate| fate.kept.is_none() && fate.version == Some(content(*number).version))
    };
    (0..20).filter(gone).collect()
}

#[test]
fn the_age_counts_from_when_a_version_was_last_current() {
    let fixture = Fixture::new();
    for (number, day) in [(1, "2026-01-01"), (2, "2026-02-01"), (3, "2026-03-01"), (4, "2026-04-01")] {
        register(&fixture, "set", number, day, None);
    }
    for (before, keep_last, expected) in [
        ("2026-01-31T00:00:00Z", 1, &[][..]),
        ("2026-02-01T00:00:00Z", 1, &[1]),
        ("2026-03-15T00:00:00Z", 1, &[1, 2]),
        ("2026-12-01T00:00:00Z", 0, &[1, 2, 3]),
        ("2026-12-01T00:00:00Z", 3, &[1]),
        ("2026-12-01T00:00:00Z", 9, &[]),
    ] {
        assert_eq!(going(&fixture, &limits(before, keep_last)), expected, "{before} {keep_last}");
    }
    // The first is current again, so the fourth is out of use since then.
    fixture.select("set", 1, 1).unwrap();
    assert_eq!(going(&fixture, &limits("2026-12-01T00:00:00Z", 1)), [2, 3, 4]);
}

#[test]
fn what_another_version_was_made_of_stays_and_so_does_what_was_retired_lately() {
    let fixture = Fixture::new();
    for (number, day) in [(1, "2026-01-01"), (2, "2026-01-02"), (3, "2026-01-03"), (4, "2026-01-04")] {
        register(&fixture, "parent", number, day, None);
    }
    let table = content(2).files[0].sha256();
    register(&fixture, "child", 11, "2026-01-05", Some(table));
    let parent = name("parent");
    let retiring = Retiring {
        name: &parent,
        version: content(3).version,
        reason: Some("why"),
        actor: "test",
        now: "2026-05-01T00:00:00Z".to_owned(),
    };
    assert!(fixture.registry.retire(&retiring).unwrap());
    let before = limits("2026-04-01T00:00:00Z", 1);
    assert_eq!(going(&fixture, &before), [1]);
    assert_eq!(going(&fixture, &Limits { retired: true, ..before }), [1, 3]);
    let young = limits("2026-01-01T00:00:00Z", 1);
    assert_eq!(going(&fixture, &Limits { retired: true, ..young }), [3]);
}

#[test]
fn what_was_removed_is_not_missed_and_can_be_registered_again() {
    let fixture = Fixture::new();
    for (number, day) in [(1, "2026-01-01"), (2, "2026-01-02")] {
        register(&fixture, "set", number, day, None);
    }
    let before = limits("2026-04-01T00:00:00Z", 1);
    let removed = |fixture: &Fixture| {
        fixture.registry.removal(&name("set"), &content(1).version).unwrap().map(|removal| removal.at)
    };
    fixture.registry.collect(&before, false, by("2026-06-01T00:00:00Z")).unwrap();
    fixture.assert_clean();
    assert_eq!(removed(&fixture).as_deref(), Some("2026-06-01T00:00:00Z"));
    assert_eq!(fixture.select("set", 1, 1).unwrap_err().kind, Kind::Usage);
    assert_eq!(fixture.registry.collect(&before, false, by("now")).unwrap().len(), 1, "nothing twice");
    register(&fixture, "set", 3, "2026-06-02", None);
    assert!(removed(&fixture).is_some(), "later records carry it on");
    register(&fixture, "set", 1, "2026-06-03", None);
    assert_eq!(removed(&fixture), None);
    fixture.assert_clean();
    fixture.registry.collect(&limits("2027-01-01T00:00:00Z", 1), false, by("now")).unwrap();
    fixture.assert_clean();
}

#[test]
fn nothing_goes_while_a_newest_record_is_lost_and_another_version_passes_for_the_current_one() {
    let fixture = Fixture::new();
    register(&fixture, "set", 1, "2026-01-01", None);
    register(&fixture, "set", 2, "2026-01-02", None);
    fixture.select("set", 1, 1).unwrap();
    let before = limits("2027-01-01T00:00:00Z", 1);
    assert_eq!(going(&fixture, &before), [2]);
    fs_err::remove_file(fixture.path("registry/derived/set/00000003.json")).unwrap();
    assert!(going(&fixture, &before).is_empty());
    fs_err::remove_dir_all(fixture.path("registry/derived/set")).unwrap();
    assert!(going(&fixture, &before).is_empty());
}

#[test]
fn what_a_dataset_with_a_damaged_record_may_have_been_made_of_stays() {
    let fixture = Fixture::new();
    register(&fixture, "parent", 1, "2026-01-01", None);
    register(&fixture, "parent", 2, "2026-01-02", None);
    register(&fixture, "child", 11, "2026-01-03", Some(content(1).files[0].sha256()));
    register(&fixture, "other", 3, "2026-01-01", None);
    register(&fixture, "other", 4, "2026-01-02", None);
    let before = limits("2027-01-01T00:00:00Z", 1);
    assert_eq!(going(&fixture, &before), [3]);
    // Nobody can read what was made of it.
    fs_err::remove_file(fixture.file("other", 3, "dataset.json")).unwrap();
    assert!(going(&fixture, &before).is_empty());
    super::super::testing::flip(&fixture.path("registry/derived/child/00000001.json"), 40, 1);
    assert!(going(&fixture, &before).is_empty());
}

#[test]
fn nothing_goes_of_a_dataset_with_a_damaged_record() {
    let fixture = Fixture::new();
    for (number, day) in [(1, "2026-01-01"), (2, "2026-01-02"), (3, "2026-01-03")] {
        register(&fixture, "set", number, day, None);
    }
    super::super::testing::flip(&fixture.path("registry/derived/set/00000002.json"), 40, 1);
    let fates = fixture.registry.collect(&limits("2027-01-01T00:00:00Z", 1), false, by("now")).unwrap();
    assert!(fates.iter().all(|fate| fate.kept.is_some()), "{fates:?}");
    assert!(fates[0].kept.as_deref().unwrap().contains("host check"));
}
