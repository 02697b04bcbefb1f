//! What is forgotten, what is freed, and what never is.

use libtest_mimic::Trial;
use serde_json::Value;
use tests::Sandbox;

use super::{create, prepared, saved};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("backup::the_newest_is_never_forgotten_and_what_it_needs_never_freed", &[], forget),
        trial("backup::a_snapshot_of_the_configuration_is_none_of_the_datasets", &[], partial),
        trial("backup::the_snapshots_of_two_data_roots_are_not_taken_for_each_other", &[], shared),
    ]
}

fn partial() {
    let sandbox = prepared();
    let _ = sandbox.run(["backup", "init"]).success();
    let configuration = || {
        let created = sandbox.json(["backup", "create", "--include", "config,logs"]);
        created.pointer("/data/id").and_then(Value::as_str).unwrap().to_owned()
    };
    configuration();
    let (_, health) = sandbox.run_json(["health"]);
    assert!(health.to_string().contains("there is no snapshot yet"), "{health:#}");
    let whole = create(&sandbox);
    let newest = configuration();
    assert_eq!(kept(&sandbox, &["--keep-last", "1"]), [newest, whole.clone()]);
    let shown = sandbox.json(["backup", "show"]);
    assert_eq!(shown.pointer("/data/id"), Some(&Value::from(whole)));
}

fn shared() {
    let (one, first) = saved();
    let other = prepared();
    let repository = one.path("home/.pbuf/backup");
    let repository = repository.to_str().unwrap();
    let created = other.json(["backup", "create", "--repository", repository]);
    let second = created.pointer("/data/id").and_then(Value::as_str).unwrap().to_owned();
    assert_eq!(kept(&one, &["--keep-last", "1"]), [second.clone(), first.clone()]);
    let shown = one.json(["backup", "show"]);
    assert_eq!(shown.pointer("/data/id"), Some(&Value::from(first.clone())));
    let neither = Sandbox::new();
    let _ = neither
        .run(["backup", "show", "--repository", repository])
        .failure(2, &["several other data roots", &first, &second]);
}

/// What `forget` keeps.
fn kept(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let answer = sandbox.json(["backup", "forget"].iter().chain(arguments));
    let snapshots = answer.pointer("/data/snapshots").and_then(Value::as_array).unwrap().clone();
    let kept = snapshots.iter().filter(|judged| !judged["reasons"].as_array().unwrap().is_empty());
    kept.map(|judged| judged["id"].as_str().unwrap().to_owned()).collect()
}

fn forget() {
    let (sandbox, first) = saved();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "later"]).success();
    let second = create(&sandbox);
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "last"]).success();
    let third = create(&sandbox);
    let kept = |arguments: &[&str]| kept(&sandbox, arguments);
    let ids = || {
        let listed = sandbox.json(["backup", "list"]);
        let rows = listed.pointer("/data/snapshots").and_then(Value::as_array).unwrap().clone();
        rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(kept(&["--keep-last", "2", "--dry-run"]), [third.clone(), second.clone()]);
    assert_eq!(ids(), [third.clone(), second.clone(), first.clone()], "a dry run changes nothing");
    // All of one day, unless midnight passed meanwhile.
    assert!(kept(&["--dry-run"]).contains(&third));
    assert_eq!(kept(&["--keep-last", "2"]), [third.clone(), second.clone()]);
    assert_eq!(ids(), [third.clone(), second.clone()]);
    let freed = sandbox.json(["backup", "prune", "--dry-run"]);
    let objects = |answer: &Value| answer.pointer("/data/removed_objects").and_then(Value::as_u64).unwrap();
    assert!(objects(&freed) > 0, "the audit log of the first snapshot alone: {freed:#}");
    let again = sandbox.json(["backup", "prune"]);
    assert_eq!(objects(&freed), objects(&again));
    assert_eq!(objects(&sandbox.json(["backup", "prune"])), 0);
    assert_eq!(kept(&["--keep-last", "0"]), [third.as_str()]);
    let _ = sandbox.run(["backup", "prune"]).success();
    let _ = sandbox.run(["backup", "verify", &third]).success();
    let _ = sandbox.run(["backup", "drill"]).success();
    let checked = sandbox.json(["backup", "check"]);
    assert_eq!(
        checked.pointer("/data/findings").and_then(Value::as_array).map(Vec::len),
        Some(0),
        "{checked:#}"
    );
}
