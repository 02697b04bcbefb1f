//! `host registry repair`.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Sandbox, copy_folder, fixture, tree};

use super::{HARMS, Harm, current, damage, derived, flip, prepared, versions, write};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("repair::each_kind_of_damage_comes_back_from_a_snapshot", &[], each_kind),
        trial("repair::nothing_is_done_that_nobody_asked_for", &[], asked),
        trial("repair::without_a_snapshot_it_says_what_to_type_and_keeps_everything", &[], without),
        trial("repair::other_bytes_are_never_put_back", &[], other_bytes),
        trial("repair::records_come_back", &[], records),
        trial("repair::orphans_are_adopted_or_set_aside", &[], orphans),
        trial("repair::what_can_be_made_again_is_made_again", &[], made_again),
    ]
}

fn saved() -> Sandbox {
    let sandbox = prepared();
    let _ = sandbox.run(["backup", "init"]).success();
    let _ = sandbox.run(["backup", "create"]).success();
    sandbox
}

const REPAIR: [&str; 4] = ["registry", "repair", "--from-backup", "--yes"];

fn assert_whole(sandbox: &Sandbox, what: &str) {
    assert_eq!(damage(sandbox), [] as [Value; 0], "{what}");
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
}

/// What the audit log tells of every repair: subject, before, after.
fn told(sandbox: &Sandbox) -> Vec<Value> {
    let list = sandbox.json(["audit", "list"]);
    let entries = list.pointer("/data/entries").and_then(Value::as_array).unwrap().clone();
    let words = ["repair", "repair-record", "repair-format", "repair-mode", "adopt", "quarantine"];
    let told = entries.into_iter().filter(|entry| words.contains(&entry["action"].as_str().unwrap()));
    let told: Vec<Value> = told.collect();
    for entry in &told {
        assert!(!entry["details"]["before"].is_null() && !entry["details"]["after"].is_null(), "{entry:#}");
    }
    told
}

fn each_kind() {
    for (kind, harm) in HARMS {
        let sandbox = saved();
        let (before, was_current) = (derived(&sandbox), current(&sandbox));
        for version in versions(&sandbox) {
            harm(&sandbox.data_root().join(version));
        }
        let found = damage(&sandbox);
        assert!(found.iter().any(|item| item["kind"] == kind), "{kind}: {found:#?}");
        let outcome = sandbox.run(REPAIR).success();
        assert!(outcome.stdout.contains("repaired, 0 failed, 0 left as they are\n"), "{kind}: {outcome:?}");
        assert_whole(&sandbox, kind);
        assert_eq!(derived(&sandbox), before, "{kind}: other bytes");
        assert_eq!(current(&sandbox), was_current, "{kind}: another version is current");
        assert_eq!(told(&sandbox).len(), 3, "{kind}");
        assert_eq!(sandbox.run(REPAIR).success().stdout, "nothing to repair\n", "{kind}");
    }
}

fn asked() {
    let sandbox = saved();
    for version in versions(&sandbox) {
        flip(&sandbox.data_root().join(version).join("data.parquet"));
    }
    let before = tree(&sandbox.data_root());
    let plan = sandbox.run(["registry", "repair", "--from-backup", "--dry-run"]).success().stdout;
    assert!(plan.contains("would be done") && plan.contains("the content of snapshot"), "{plan}");
    let _ = sandbox.run(["registry", "repair", "--from-backup"]).failure(2, &["--yes"]);
    assert!(tree(&sandbox.data_root()) == before, "a plan changed something");
    let id = sandbox
        .json(["backup", "list"])
        .pointer("/data/snapshots/0/id")
        .unwrap()
        .as_str()
        .unwrap()
        .to_owned();
    let _ = sandbox
        .run(["registry", "repair", "--from-backup", "2001", "--yes"])
        .failure(2, &["no snapshot `2001`"]);
    let (code, report) = sandbox.run_json(["registry", "repair", "--from-backup", &id, "--yes"]);
    assert_eq!((code, &report["data"]["carried_out"]), (Some(0), &Value::Bool(true)), "{report:#}");
    assert_whole(&sandbox, "a snapshot by name");
}

fn without() {
    for (kind, harm) in HARMS {
        // The record alone is enough for this one.
        if kind == "provenance-edited" {
            continue;
        }
        let sandbox = prepared();
        for version in versions(&sandbox) {
            harm(&sandbox.data_root().join(version));
        }
        let before = derived(&sandbox);
        let outcome = sandbox
            .run(["registry", "repair", "--yes"])
            .failure(19, &["3 damaged things", "host check --json | host prepare --from -"]);
        assert!(outcome.stdout.contains("3 left as they are"), "{kind}: {outcome:?}");
        assert_eq!(derived(&sandbox), before, "{kind}");
        let _ = sandbox.run(REPAIR).failure(10, &["there is no backup repository"]);
    }
    let sandbox = prepared();
    let before = derived(&sandbox);
    for version in versions(&sandbox) {
        flip(&sandbox.data_root().join(version).join("provenance.json"));
    }
    let _ = sandbox.run(["registry", "repair", "--yes"]).success();
    assert_eq!(derived(&sandbox), before);
    assert_whole(&sandbox, "provenance");
}

/// The objects of a repository are exchanged for others, and damaged.
fn other_bytes() {
    for swap in [true, false] {
        let sandbox = saved();
        let all = versions(&sandbox);
        let repository = sandbox.path("home/.pbuf/backup");
        let objects: Vec<PathBuf> = tree(&repository)
            .into_keys()
            .filter(|path| path.starts_with("objects"))
            .map(|path| repository.join(path))
            .collect();
        let [first, ..] = objects.as_slice() else { panic!("no objects") };
        let foreign = std::fs::read(first).unwrap();
        for object in &objects {
            if swap {
                write(object, &foreign);
            } else {
                flip(object);
            }
        }
        for version in &all {
            flip(&sandbox.data_root().join(version).join("data.parquet"));
        }
        let before = derived(&sandbox);
        let outcome = sandbox.run(REPAIR).failure(19, &["3 damaged things"]);
        assert!(outcome.stdout.contains("no snapshot has"), "{outcome:?}");
        assert_eq!(derived(&sandbox), before, "what is damaged stays where it is");
    }
}

fn records() {
    let harms: [Harm; 4] = [
        ("record-missing", |path| std::fs::remove_file(path).unwrap()),
        ("record-edited", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            write(path, text.replace("light_curve", "light_curse").as_bytes());
        }),
        ("record-unparsable", |path| write(path, b"{")),
        ("record-edited", |path| {
            let text = std::fs::read_to_string(path).unwrap();
            write(path, text.replace('\n', "\r\n").as_bytes());
        }),
    ];
    for (case, (kind, harm)) in harms.into_iter().enumerate() {
        for number in ["00000001", "00000002"] {
            let sandbox = saved();
            let (before, was_current) =
                (tree(&sandbox.data_root().join("registry/derived")), current(&sandbox));
            let path = sandbox.data_root().join(format!("registry/derived/one/{number}.json"));
            harm(&path);
            assert!(
                damage(&sandbox).iter().any(|item| item["kind"] == kind),
                "{kind}: {:?}",
                damage(&sandbox)
            );
            if case == 3 {
                // The values are all there: no snapshot is needed.
                let _ = sandbox.run(["registry", "repair", "--yes"]).success();
            } else {
                let _ = sandbox.run(["registry", "repair", "--yes"]).failure(19, &["--from-backup"]);
                let _ = sandbox.run(REPAIR).success();
            }
            assert_whole(&sandbox, kind);
            assert_eq!(current(&sandbox), was_current, "{kind}");
            assert!(tree(&sandbox.data_root().join("registry/derived")) == before, "{kind} {number}");
            assert!(!told(&sandbox).is_empty(), "{kind}");
        }
    }
}

/// A version that was prepared elsewhere, without its record.
fn foreign(sandbox: &Sandbox, name: &str, magnitude: &str) -> PathBuf {
    let elsewhere = Sandbox::new().with_plugins(fixture::example());
    let parameter = format!("reference_magnitude={magnitude}");
    let _ = elsewhere
        .run(["prepare", "--plugin", "light_curve", "--name", name, "--param", &parameter])
        .success();
    let [version] = versions(&elsewhere).try_into().unwrap();
    let target = sandbox.data_root().join(&version);
    std::fs::create_dir_all(target.parent().unwrap()).unwrap();
    copy_folder(&elsewhere.data_root().join(&version), &target);
    version
}

fn orphans() {
    let sandbox = prepared();
    let was_current = current(&sandbox);
    let (known, unknown) = (foreign(&sandbox, "one", "13"), foreign(&sandbox, "moon", "14"));
    let broken = foreign(&sandbox, "one", "15");
    flip(&sandbox.data_root().join(&broken).join("data.parquet"));
    let lying = foreign(&sandbox, "one", "16");
    let provenance = sandbox.data_root().join(&lying).join("provenance.json");
    let text = std::fs::read_to_string(&provenance).unwrap();
    write(&provenance, text.replace("\"one\"", "\"two\"").as_bytes());
    let before = derived(&sandbox);
    let outcome = sandbox.run(["registry", "repair", "--yes"]).success();
    assert!(outcome.stdout.contains("4 repaired, 0 failed"), "{outcome:?}");
    assert_whole(&sandbox, "orphans");
    for (path, digest) in &before {
        let stays = [&broken, &lying].iter().all(|gone| !Path::new("derived").join(path).starts_with(gone));
        assert_eq!(derived(&sandbox).get(path), Some(digest).filter(|_| stays), "{}", path.display());
    }
    let aside = tree(&sandbox.data_root().join("derived")).into_keys();
    assert_eq!(
        aside
            .filter(
                |path| path.to_string_lossy().starts_with(".quarantine-") && path.ends_with("dataset.json")
            )
            .count(),
        2
    );
    let mut now_current = current(&sandbox);
    let digest = |version: &Path| version.file_name().unwrap().to_str().unwrap().to_owned();
    let place = now_current.iter().position(|(name, _)| name == "moon").unwrap();
    assert_eq!(now_current.remove(place).1, digest(&unknown).as_str(), "the only one there is");
    assert_eq!(now_current, was_current, "what was current stays so");
    let exact = format!("one@{}", &digest(&known)[..12]);
    let _ = sandbox.run(["validate", &exact]).success();
    assert_eq!(told(&sandbox).len(), 4);
    assert_eq!(sandbox.run(["registry", "repair", "--yes"]).success().stdout, "nothing to repair\n");
}

fn made_again() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = prepared();
    let _ = sandbox.run(["list"]).success();
    let root = sandbox.data_root();
    let before = derived(&sandbox);
    let version = root.join(&versions(&sandbox)[0]);
    write(&version.join("notes.txt"), b"mine");
    write(&root.join("registry/notes.txt"), b"mine");
    std::fs::remove_file(root.join("registry/format.json")).unwrap();
    std::fs::set_permissions(root.join("registry/derived/one"), std::fs::Permissions::from_mode(0o777))
        .unwrap();
    write(&root.join("registry/index.sqlite"), b"no database");
    assert_eq!(damage(&sandbox).len(), 3);
    let outcome = sandbox.run(["registry", "repair", "--yes"]).success();
    assert!(outcome.stdout.contains("5 repaired, 0 failed, 0 left"), "{outcome:?}");
    assert_whole(&sandbox, "made again");
    assert_eq!(derived(&sandbox), before);
    let kept = tree(&root)
        .into_iter()
        .filter(|(path, bytes)| path.to_string_lossy().contains(".quarantine-") && bytes == b"mine");
    assert_eq!(kept.count(), 2, "nothing is deleted");
    assert_eq!(told(&sandbox).len(), 4);

    // The log is evidence.
    let log = root.join("registry/audit/audit.jsonl");
    flip(&log);
    let bytes = std::fs::read(&log).unwrap();
    let _ = sandbox.run(["registry", "repair", "--yes"]).failure(19, &["host backup restore"]);
    assert_eq!(std::fs::read(&log).unwrap(), bytes);
}
