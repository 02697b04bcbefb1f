//! Retired versions: refused by name, given by version, never resurrected in passing.

use super::super::testing::{Fixture, content, name};
use super::super::{By, Limits, Registry, Retiring, index};
use crate::error::{Kind, Result};

/// Retires content number `number` of `set`, or takes that back.
fn retire(registry: &Registry, number: u64, reason: Option<&str>) -> Result<bool> {
    let (name, version) = (name("set"), content(number).version);
    let now = "2026-01-03T00:00:00Z".to_owned();
    registry.retire(&Retiring { name: &name, version, reason, actor: "test", now })
}

/// The reason in the index, as it is and made anew.
fn listed(registry: &Registry) -> Option<String> {
    let row = || index::list(registry.root()).unwrap().into_iter().next().unwrap().retired;
    let before = row();
    index::rebuild(registry.root()).unwrap();
    assert_eq!(row(), before);
    before
}

#[test]
fn a_retired_version_is_given_to_nobody_by_name_and_comes_back_on_demand() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    fixture.register("set", 1, 1).unwrap();
    assert_eq!(listed(registry), None);
    assert!(retire(registry, 1, Some(" wrong roll ")).unwrap());
    assert!(!retire(registry, 1, Some("wrong roll")).unwrap(), "the same again changes nothing");
    let error = registry.require(&name("set")).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert!(error.to_string().contains("of `set` is retired: wrong roll"), "{error}");
    assert_eq!(registry.require_even_retired(&name("set")).unwrap().version, content(1).version);
    assert_eq!(listed(registry).as_deref(), Some("wrong roll"));
    fixture.assert_clean();

    for recipe in [1, 2] {
        let error = fixture.register("set", recipe, 1).unwrap_err();
        assert!(error.to_string().contains("wrong roll"), "recipe {recipe} gives the same: {error}");
    }
    assert!(retire(registry, 1, None).unwrap() && !retire(registry, 1, None).unwrap());
    assert_eq!((registry.require(&name("set")).unwrap().sequence, listed(registry)), (3, None));
    fixture.register("set", 2, 1).unwrap();
    let actions: Vec<_> = registry.audit().entries().unwrap().map(|entry| entry.unwrap().action).collect();
    assert_eq!(actions, ["register", "retire", "restore", "register"]);
    fixture.assert_clean();
}

#[test]
fn an_older_version_is_retired_beside_the_current_one_and_stays_so() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    fixture.register("set", 1, 1).unwrap();
    fixture.register("set", 2, 2).unwrap();
    assert!(retire(registry, 1, Some("wrong roll")).unwrap());
    assert_eq!(registry.require(&name("set")).unwrap().version, content(2).version);
    assert_eq!(listed(registry), None);
    fixture.register("set", 3, 3).unwrap();
    assert!(registry.retirement(&name("set"), &content(1).version).unwrap().is_some());
    assert!(fixture.select("set", 1, 1).unwrap_err().to_string().contains("wrong roll"));
    assert_eq!(registry.require(&name("set")).unwrap().version, content(3).version);
    fixture.select("set", 2, 2).unwrap();
    fixture.assert_clean();
}

#[test]
fn what_cannot_be_retired_is_refused() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    assert_eq!(retire(registry, 1, Some("x")).unwrap_err().kind, Kind::Usage);
    fixture.register("set", 1, 1).unwrap();
    assert_eq!(retire(registry, 2, Some("x")).unwrap_err().kind, Kind::Usage);
    assert_eq!(retire(registry, 1, Some("  ")).unwrap_err().kind, Kind::Usage);
    assert_eq!(retire(registry, 1, Some(&"x".repeat(1001))).unwrap_err().kind, Kind::Limit);
    assert_eq!(registry.history(&name("set")).unwrap().len(), 1);
    fixture.assert_clean();
}

/// Each of these acts was then told as the registration, with its time and its actor.
#[test]
fn what_was_done_to_a_version_changed_when_and_by_whom_it_was_registered() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    for number in [1, 2, 3] {
        fixture.register("set", number, number).unwrap();
    }
    let registered = || {
        let record = registry.require_even_retired(&name("set")).unwrap();
        let row = index::list(registry.root()).unwrap().remove(0);
        assert_eq!(row.registered_at.as_ref(), Some(&record.registered_at));
        (record.version, record.registered_at, record.actor)
    };
    let before = registered();
    for (number, reason) in [(3, Some("why")), (3, None), (1, Some("why"))] {
        let (name, now) = (name("set"), "2027-01-01T00:00:00Z".to_owned());
        let version = content(number).version;
        let retiring = Retiring { name: &name, version, reason, actor: "other", now };
        assert!(registry.retire(&retiring).unwrap());
        assert_eq!(registered(), before, "{number} {reason:?}");
    }
    let by = By { actor: "other", now: "2027-01-02T00:00:00Z" };
    let all = Limits { before: by.now.parse().unwrap(), keep_last: 1, retired: true };
    let fates = registry.collect(&all, false, by).unwrap();
    assert!(fates.iter().any(|fate| fate.kept.is_none()), "something goes");
    assert_eq!(registered(), before, "gc");
    assert_eq!(registry.half_adopted(&name("set")).unwrap(), None);
    // The log tells who did it when.
    let last = registry.audit().entries().unwrap().last().unwrap().unwrap();
    assert_eq!((last.time.as_str(), last.actor.as_str()), (by.now, by.actor));
    fixture.assert_clean();
}
