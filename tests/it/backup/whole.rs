//! The whole way, as an operator goes it.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, tree};

use super::{content, create, prepared, saved, write};
use crate::matrix::{Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("backup::what_is_saved_comes_back_and_lives_on", &[], whole_way),
        trial("backup::one_file_and_a_hundred_come_back", &[], round_trips),
        trial("backup::what_is_unchanged_is_neither_read_nor_stored_again", &[], incremental),
        trial("backup::configuration_modules_keys_and_logs_come_back", &[], other_parts),
        trial("backup::a_target_that_is_not_empty_is_kept_unless_told", &[], onto_a_data_root),
        trial("backup::a_restore_ends_no_maintenance_and_the_audit_log_tells_of_it", &[], in_maintenance),
        trial("backup::datasets_and_records_are_never_restored_apart", &[], elsewhere),
        trial("backup::what_makes_no_sense_is_refused_with_what_to_type", &[], refusals),
    ]
}

fn modes(root: &Path) -> Vec<(String, u32)> {
    let paths = content(root).into_keys();
    let mode = |path: &Path| root.join(path).metadata().unwrap().permissions().mode();
    paths.map(|path| (path.display().to_string(), mode(&path))).collect()
}

fn whole_way() {
    let sandbox = prepared();
    let _ = sandbox.run(["backup", "create"]).failure(10, &["no backup repository", "host backup init"]);
    let made = sandbox.run(["backup", "init"]).success().stdout;
    assert!(made.starts_with("made "), "{made}");
    assert!(sandbox.run(["backup", "init"]).success().stdout.starts_with("unchanged "));
    let _ = sandbox.run(["backup", "verify"]).failure(2, &["no snapshot", "host backup create"]);
    let said = sandbox.run(["backup", "create", "--tag", "first"]).success().stdout;
    assert!(said.starts_with("created "), "{said}");

    let listed = sandbox.run(["backup", "list"]).success().stdout;
    assert!(listed.contains("first") && listed.contains("no drill yet"), "{listed}");
    let shown = sandbox.run(["backup", "show", "--files"]).success().stdout;
    for text in ["tag       first", "registry/audit/audit.jsonl", "dataset.json"] {
        assert!(shown.contains(text), "{text} is not in {shown}");
    }
    let checked = sandbox.json(["backup", "check"]);
    assert_eq!(checked.pointer("/data/read_objects"), checked.pointer("/data/objects"), "{checked:#}");
    assert_eq!(
        checked.pointer("/data/findings").and_then(Value::as_array).map(Vec::len),
        Some(0),
        "{checked:#}"
    );
    let _ = sandbox.run(["backup", "verify", "latest"]).success();
    let quick = sandbox.json(["backup", "check", "--quick"]);
    assert_eq!(quick.pointer("/data/read_objects"), Some(&Value::from(0)));
    let parts: u64 = (1..=3)
        .map(|part| {
            let checked = sandbox.json(["backup", "check", "--read-data-subset", &format!("{part}/3")]);
            checked.pointer("/data/read_objects").and_then(Value::as_u64).unwrap()
        })
        .sum();
    assert_eq!(Some(parts), checked.pointer("/data/objects").and_then(Value::as_u64));

    let (code, drilled) = sandbox.run_json(["backup", "drill"]);
    assert_eq!(code, Some(0), "{drilled:#}");
    assert_eq!(drilled.pointer("/data/datasets"), Some(&Value::from(2)));
    assert_eq!(drilled.pointer("/data/audit_lines"), Some(&Value::from(3)));
    let listed = sandbox.json(["backup", "list"]);
    assert_eq!(listed.pointer("/data/last_drill/ok"), Some(&Value::from(true)), "{listed:#}");
    let left = std::fs::read_dir(sandbox.data_root().join("cache/drills")).unwrap().count();
    assert_eq!(left, 0, "the scratch folder is gone");

    let restored = sandbox.path("restored");
    let target = restored.to_str().unwrap();
    let _ = sandbox.run(["backup", "restore", "latest", "--target", target]).success();
    assert_eq!(content(&restored), content(&sandbox.data_root()));
    assert_eq!(modes(&restored), modes(&sandbox.data_root()));
    assert!(!sandbox.path(".restored.restoring").exists());
    let on_restored: [&[&str]; 4] = [
        &["check"],
        &["audit", "verify"],
        &["path", "one"],
        &["prepare", "--plugin", "light_curve", "--name", "later"],
    ];
    for verb in on_restored {
        let _ = sandbox.run(verb.iter().chain(&["--data-root", target])).success();
    }
    let history =
        tree(&sandbox.path("home/.pbuf/backup")).remove(Path::new("history/history.jsonl")).unwrap();
    let history = String::from_utf8(history).unwrap();
    for action in ["backup-create", "backup-drill", "backup-restore"] {
        assert!(history.contains(action), "{action} is not in {history}");
    }
}

/// Digests and modes are what they were, and a drill agrees.
fn round_trips() {
    let mut cases = Cases::of("I1", "restore");
    for files in [1, 100] {
        cases.run(&files.to_string(), || {
            let sandbox = Sandbox::new().with_plugins(tests::fixture::example());
            for number in
                (0..).take_while(|number| *number == 0 || content(&sandbox.data_root()).len() < files)
            {
                let name = format!("dataset-{number}");
                let arguments = ["prepare", "--plugin", "light_curve", "--isolation", "in-process", "--name"];
                let _ = sandbox.run(arguments.iter().chain(&[name.as_str()])).success();
            }
            let _ = sandbox.run(["backup", "init"]).success();
            create(&sandbox);
            let restored = sandbox.path("restored");
            let target = restored.to_str().unwrap();
            let _ = sandbox.run(["backup", "restore", "latest", "--target", target]).success();
            let (before, after) = (content(&sandbox.data_root()), content(&restored));
            demand(Wrong::Lost, before.keys().eq(after.keys()), || format!("{:?}", after.keys()))?;
            demand(Wrong::Torn, before == after, || "other bytes".to_owned())?;
            demand(Wrong::Torn, modes(&restored) == modes(&sandbox.data_root()), || "modes".to_owned())?;
            let drilled = sandbox.run(["backup", "drill"]);
            demand(Wrong::Torn, drilled.code == Some(0), || format!("{drilled:?}"))
        });
    }
    cases.finish(2);
}

fn incremental() {
    let (sandbox, first) = saved();
    let number =
        |answer: &Value, key: &str| answer.pointer(&format!("/data/{key}")).and_then(Value::as_u64).unwrap();
    let second = sandbox.json(["backup", "create"]);
    assert_eq!(number(&second, "new_objects"), 0, "{second:#}");
    // What changed within a tick of the clock before a snapshot is read once more; that passes.
    let unread = (0..100).find(|_| number(&sandbox.json(["backup", "create"]), "read_files") == 0);
    assert!(unread.is_some(), "unchanged files are read again and again");
    let full = sandbox.json(["backup", "create", "--full"]);
    assert_eq!(
        number(&full, "read_files"),
        full.pointer("/data/counts/files").and_then(Value::as_u64).unwrap()
    );
    assert_eq!(number(&full, "new_objects"), 0);
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "third"]).success();
    let third = sandbox.json(["backup", "create"]);
    assert!(number(&third, "new_objects") > 0);
    assert!(
        number(&third, "read_files") < third.pointer("/data/counts/files").and_then(Value::as_u64).unwrap()
    );
    // An older one is still what it was.
    let target = sandbox.path("old");
    let _ = sandbox.run(["backup", "restore", &first, "--target", target.to_str().unwrap()]).success();
    let names: Vec<_> = std::fs::read_dir(target.join("derived")).unwrap().collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

fn other_parts() {
    let sandbox = prepared();
    let home = sandbox.path("home/.pbuf");
    std::fs::create_dir_all(home.join("plugins/installed/some")).unwrap();
    write(&home.join("data_preparation_config.json"), b"{\"validation\": {\"level\": \"strict\"}}\n");
    write(&home.join("trusted-keys.json"), br#"{"schema":"host.trusted-keys/1","keys":[]}"#);
    write(&home.join("plugins/installed/some/receipt.json"), b"{}");
    let _ = sandbox.run(["backup", "init"]).success();
    let created = sandbox.json(["backup", "create", "--include", "config,trust,plugins,logs:1d"]);
    assert_eq!(created["ok"], Value::from(true), "{created:#}");
    let target = sandbox.path("restored");
    let _ = sandbox.run(["backup", "restore", "--target", target.to_str().unwrap()]).success();
    let files = tree(&target);
    for (saved, original) in [
        ("config/user.json", "data_preparation_config.json"),
        ("trust/trusted-keys.json", "trusted-keys.json"),
        ("plugins/some/receipt.json", "plugins/installed/some/receipt.json"),
    ] {
        assert_eq!(files[Path::new(saved)], std::fs::read(home.join(original)).unwrap(), "{saved}");
    }
    assert!(files.keys().any(|path| path.starts_with("logs/runs")), "{:?}", files.keys());
    assert!(!files.keys().any(|path| path.starts_with("derived")));
    let config = target.join("config/user.json");
    let _ = sandbox.run(["config", "validate", config.to_str().unwrap()]).success();
    let _ = sandbox.run(["backup", "drill"]).success();
}

fn onto_a_data_root() {
    let (sandbox, _) = saved();
    let root = sandbox.data_root();
    let before = content(&root);
    let target = root.to_str().unwrap().to_owned();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "later"]).success();
    let restore = ["backup", "restore", "--target", &target];
    let _ = sandbox.run(restore).failure(2, &["is not empty", "--yes"]);
    assert_ne!(content(&root), before);
    let damaged = before.keys().find(|path| path.ends_with("data.parquet")).unwrap();
    std::fs::remove_file(root.join(damaged)).unwrap();
    let _ = sandbox.run(["check"]).failure(19, &[]);

    let only = sandbox.json(restore.iter().chain(&["--yes", "--only", "derived", "--delta"]));
    assert_eq!(only["ok"], Value::from(true), "{only:#}");
    let (files, kept) = (only.pointer("/data/counts/files"), only.pointer("/data/kept_files"));
    assert_eq!(kept.and_then(Value::as_u64).unwrap() + 1, files.and_then(Value::as_u64).unwrap(), "{only:#}");
    // The records of what came later stay, and now name what is not there: that is said.
    let _ = sandbox.run(["check"]).failure(19, &[]);
    let _ = sandbox.run(restore.iter().chain(&["--yes"])).success();
    let but_the_log = |mut files: BTreeMap<PathBuf, Vec<u8>>| {
        files.retain(|path, _| !path.starts_with("registry/audit"));
        files
    };
    assert_eq!(but_the_log(content(&root)), but_the_log(before));
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
    assert!(root.join("raw").is_dir(), "what is not in the snapshot stays");
}

/// The last line of the audit log.
fn last_line(sandbox: &Sandbox) -> Value {
    let listed = sandbox.json(["audit", "list"]);
    listed.pointer("/data/entries").and_then(Value::as_array).and_then(|lines| lines.last()).unwrap().clone()
}

fn in_maintenance() {
    let (sandbox, id) = saved();
    let root = sandbox.data_root();
    let prepare = ["prepare", "--plugin", "light_curve", "--name", "later"];
    let restore = |more: &[&str]| {
        let arguments = ["backup", "restore", &id, "--yes", "--target", root.to_str().unwrap()];
        let _ = sandbox.run(arguments.iter().chain(more)).success();
        let _ = sandbox.run(["audit", "verify"]).success();
    };
    let states: [(&[&str], &[&str]); 2] = [
        (&["maintenance", "on", "--reason", "a new disk"], &["maintenance", "off"]),
        (&["halt", "--reason", "a fire"], &["resume"]),
    ];
    for (begin, end) in states {
        let _ = sandbox.run(prepare).success();
        let _ = sandbox.run(begin).success();
        let cut = last_line(&sandbox);
        restore(&[]);
        let line = last_line(&sandbox);
        assert_eq!(
            (&line["action"], &line["details"]["snapshot"]),
            (&"backup-restore".into(), &id.as_str().into())
        );
        let head = &line["details"]["before"]["head"];
        assert_eq!((&head["line_sha256"], &head["sequence"]), (&cut["sha256"], &cut["sequence"]), "{line:#}");
        assert_eq!(line["details"]["before"]["intact"], Value::from(true));
        let _ = sandbox.run(prepare).failure(20, &[begin[begin.len() - 1]]);
        let _ = sandbox.run(["check"]).success();
        let _ = sandbox.run(end).success();
    }
    // Who kept the head sees that it is gone, and is told why; of a snapshot whose log goes on, nothing is missing.
    let cut = last_line(&sandbox)["sha256"].as_str().unwrap().to_owned();
    let _ = sandbox.run(["audit", "verify", "--against", &cut]).success();
    let said = sandbox.run(["audit", "verify", "--against", &id]).success().stdout;
    assert!(said.contains("nothing up to it was rewritten"), "{said}");
    restore(&[]);
    let _ = sandbox.run(["audit", "verify", "--against", &cut]).failure(19, &["a restore replaced the log"]);
    let _ = sandbox.run(["audit", "verify", "--against", "latest"]).success();
    std::fs::remove_dir_all(root.join("registry/audit")).unwrap();
    let _ = sandbox.run(["audit", "verify"]).failure(19, &["is registered and no line tells of it"]);
    let (_, health) = sandbox.run_json(["health", "--check", "audit_log"]);
    assert_eq!(health.pointer("/data/status"), Some(&Value::from("unhealthy")), "{health:#}");
    restore(&[]);
    // Nor does one begin that was on when the snapshot was made.
    let _ = sandbox.run(["maintenance", "on", "--reason", "why"]).success();
    let during = create(&sandbox);
    let _ = sandbox.run(["maintenance", "off"]).success();
    let _ =
        sandbox.run(["backup", "restore", &during, "--yes", "--target", root.to_str().unwrap()]).success();
    let _ = sandbox.run(prepare).success();
    // Of a restore that leaves the log where it is, the log tells as well.
    restore(&["--only", "derived"]);
    let line = last_line(&sandbox);
    assert_eq!(
        (&line["action"], &line["details"]["parts"][0]),
        (&"backup-restore".into(), &"derived".into())
    );
}

fn elsewhere() {
    let (sandbox, _) = saved();
    let records = sandbox.path("records");
    let root = sandbox.data_root();
    tests::copy_folder(&root.join("registry"), &records);
    std::fs::remove_dir_all(root.join("registry")).unwrap();
    let before = tree(&root.join("derived"));
    let restore = |more: &[&str]| {
        let arguments = ["backup", "restore", "--yes", "--target", root.to_str().unwrap()];
        let mut command = sandbox.command(arguments.iter().chain(more));
        command.env("PBUF_REGISTRY_BASE_DIR", &records);
        Outcome::of(&mut command)
    };
    for parts in [&[][..], &["--only", "derived"], &["--only", "logs,registry"]] {
        let _ = restore(parts).failure(2, &["lies elsewhere", "registry.base_directory"]);
    }
    assert!(tree(&root.join("derived")) == before && !root.join("registry").exists());
    let _ = restore(&["--only", "logs"]).success();
}

fn refusals() {
    let (sandbox, id) = saved();
    let _ = sandbox.run(["backup", "show", "20010101"]).failure(2, &["no snapshot", "host backup list"]);
    create(&sandbox);
    let _ = sandbox.run(["backup", "show", "20"]).failure(2, &["several snapshots"]);
    let _ = sandbox.run(["backup", "show", &id[..24]]).success();
    let _ = sandbox.run(["backup", "create", "--include", "everything"]).failure(2, &["expected one of"]);
    let _ = sandbox.run(["backup", "create", "--include", "derived:7d"]).failure(2, &["only `logs`"]);
    let _ = sandbox.run(["backup", "check", "--read-data-subset", "8/7"]).failure(2, &["such as"]);
    let target = sandbox.path("restored");
    let target = target.to_str().unwrap();
    let _ = sandbox
        .run(["backup", "restore", "--target", target, "--only", "raw"])
        .failure(2, &["none of these parts", "derived"]);
    let work = sandbox.write("notes/text", "mine");
    let folder = work.parent().unwrap().to_str().unwrap();
    let _ = sandbox.run(["backup", "init", "--repository", folder]).failure(2, &["not empty", "text"]);
    let inside = sandbox.data_root().join("derived/backup");
    let inside = inside.to_str().unwrap();
    let _ = sandbox.run(["backup", "init", "--repository", inside]).success();
    let _ =
        sandbox.run(["backup", "create", "--repository", inside]).failure(2, &["lies in what it is to hold"]);
    std::fs::remove_dir_all(inside).unwrap();
    let format = sandbox.path("home/.pbuf/backup/format.json");
    write(&format, br#"{"schema":"host.backup/2"}"#);
    let _ = sandbox.run(["backup", "list"]).failure(13, &["host.backup/2"]);
    let empty = Sandbox::new();
    let _ = empty.run(["backup", "create"]).failure(10, &["no data root"]);
}
