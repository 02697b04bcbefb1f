//! `host doctor`: each thing that can be wrong is broken once, named, and put right where nobody has to decide.

use std::fs::{File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("doctor::a_healthy_host_is_said_to_be_well", &[], well),
        trial("doctor::what_needs_nobodys_decision_is_named_and_put_right", &[], fixed),
        trial("doctor::what_somebody_must_decide_is_named_with_what_to_type", &[], named),
        trial("doctor::looking_changes_nothing", &[], untouched),
    ]
}

/// A sandbox where nothing is wrong: limits that no machine reaches, one dataset, a token, a user's configuration.
fn healthy() -> Sandbox {
    let sandbox = Sandbox::new();
    let limits = r#"{"alerts": {"memory_percent": 100, "disk_warning_percent": 100, "disk_percent": 100, "cpu_percent": 100}}"#;
    sandbox.write("pbuf.json", limits);
    for (name, text) in
        [("data_preparation_config.json", "{}"), ("serve-token", "0123456789abcdef0123456789abcdef")]
    {
        chmod(&sandbox.write(&format!("../home/.pbuf/{name}"), text), 0o600);
    }
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let _ = sandbox.run(["list"]).success();
    sandbox
}

fn chmod(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Says that a file was last written so long ago, or will be.
fn written(path: &Path, time: SystemTime) {
    File::options().append(true).open(path).unwrap().set_modified(time).unwrap();
}

/// A file of a folder below, whose name ends so.
fn file_in(folder: &Path, end: &str) -> PathBuf {
    let files = tree(folder).into_keys().map(|file| folder.join(file));
    files.into_iter().find(|file| file.to_string_lossy().ends_with(end)).unwrap()
}

fn well() {
    let sandbox = healthy();
    let said = sandbox.run(["doctor"]).success().stdout;
    for area in ["configuration", "registry", "modes", "token", "modules", "health"] {
        assert!(said.contains(&format!("well    {area}\n")), "{said}");
    }
    assert!(!said.contains("wrong") && !said.contains("fixed"), "{said}");
    let said = sandbox.run(["doctor", "--fix"]).success().stdout;
    assert!(!said.contains("fixed"), "there was nothing to do: {said}");
}

/// What breaks something, and what is said of it: the area, and a part of what was found.
type Break = (&'static str, &'static str, fn(&Sandbox));

const FIXABLE: [Break; 14] = [
    ("registry", "its mode is 0666", |sandbox| {
        chmod(&file_in(&sandbox.data_root().join("derived"), "dataset.json"), 0o666);
    }),
    ("registry", "its mode is 0777", |sandbox| chmod(&sandbox.data_root().join("registry"), 0o777)),
    ("registry", "audit/.head.json.tmp-1-1", |sandbox| {
        sandbox.write("../data/registry/audit/.head.json.tmp-1-1", "half");
    }),
    ("registry", "it is empty: a registration was interrupted", |sandbox| {
        std::fs::create_dir(sandbox.data_root().join("derived/moon")).unwrap();
    }),
    ("folders", "logs/errors` is missing", |sandbox| {
        std::fs::remove_dir_all(sandbox.data_root().join("logs/errors")).unwrap();
    }),
    ("modes", "data` is 0777", |sandbox| chmod(&sandbox.data_root(), 0o777)),
    ("modes", "jsonl` is 0666", |sandbox| {
        chmod(&file_in(&sandbox.data_root().join("logs/runs"), ".jsonl"), 0o666);
    }),
    ("modes", "data_preparation_config.json` is 0644", |sandbox| {
        chmod(&sandbox.path("home/.pbuf/data_preparation_config.json"), 0o644);
    }),
    ("modes", "serve-token` is 0640", |sandbox| chmod(&sandbox.path("home/.pbuf/serve-token"), 0o640)),
    ("modes", "webhook` is 0644", |sandbox| {
        let setting = r#"{"alerts": {"webhook": {"file": "webhook"}}}"#;
        sandbox.write("../home/.pbuf/data_preparation_config.json", setting);
        chmod(&sandbox.path("home/.pbuf/data_preparation_config.json"), 0o600);
        chmod(&sandbox.write("../home/.pbuf/webhook", "http://127.0.0.1:1/hook"), 0o644);
    }),
    ("modes", "identity` is 0644", |sandbox| {
        let setting = r#"{"backup": {"identity": {"file": "identity"}}}"#;
        sandbox.write("../home/.pbuf/data_preparation_config.json", setting);
        chmod(&sandbox.path("home/.pbuf/data_preparation_config.json"), 0o600);
        let _ = sandbox
            .run(["backup", "key", "--output", sandbox.path("home/.pbuf/identity").to_str().unwrap()])
            .success();
        chmod(&sandbox.path("home/.pbuf/identity"), 0o644);
    }),
    ("modes", "backup` is 0777", |sandbox| {
        let _ = sandbox.run(["backup", "init"]).success();
        let _ = sandbox.run(["backup", "create"]).success();
        chmod(&sandbox.path("home/.pbuf/backup"), 0o777);
    }),
    ("leftovers", ".x.tmp-1-1", |sandbox| {
        let leftover = sandbox.write("../data/raw/.x.tmp-1-1", "half");
        written(&leftover, SystemTime::now() - Duration::from_hours(48));
    }),
    ("registry", "format.json", |sandbox| chmod(&sandbox.data_root().join("registry/format.json"), 0o620)),
];

/// The finding of an area that says so.
fn demand(sandbox: &Sandbox, area: &str, found: &str) -> Value {
    let (code, said) = sandbox.run_json(["doctor"]);
    assert_eq!(code, Some(3), "{said:#}");
    let findings = said.pointer("/data/findings").and_then(Value::as_array).unwrap();
    let finding = findings.iter().find(|finding| {
        finding["area"] == area && finding["found"].as_str().is_some_and(|text| text.contains(found))
    });
    let finding = finding.unwrap_or_else(|| panic!("{area}: {found}: {said:#}"));
    for field in ["why", "action"] {
        assert!(finding[field].as_str().is_some_and(|text| text.len() > 10), "{finding:#}");
    }
    finding.clone()
}

fn fixed() {
    for (area, found, break_it) in FIXABLE {
        let sandbox = healthy();
        break_it(&sandbox);
        let finding = demand(&sandbox, area, found);
        assert_eq!(finding["fixable"], true, "{finding:#}");
        let said = sandbox.run(["doctor", "--fix"]).success().stdout;
        assert!(said.contains("fixed   "), "{area}: {found}: {said}");
        let said = sandbox.run(["doctor"]).success().stdout;
        assert!(!said.contains("wrong"), "{area}: {found}: {said}");
        let _ = sandbox.run(["check"]).success();
        let log = sandbox.run(["audit", "list"]).success().stdout;
        assert!(log.contains("repair"), "{log}");
    }
}

fn named() {
    let broken: [Break; 9] = [
        ("clock", "the audit log was last written at 2", |sandbox| {
            let head = sandbox.data_root().join("registry/audit/head.json");
            written(&head, SystemTime::now() + Duration::from_hours(48));
        }),
        ("token", "serve-token", |sandbox| {
            sandbox.write("../home/.pbuf/serve-token", "short");
        }),
        ("keys", "trusted-keys.json", |sandbox| {
            sandbox.write("../home/.pbuf/trusted-keys.json", "no keys");
        }),
        ("lock file", "modules are not what is locked", |sandbox| {
            let _ = sandbox.run(["plugin", "lock"]).success();
            let text = std::fs::read_to_string(sandbox.path("work/plugins.lock")).unwrap();
            let others = text.replace("version = \"", "version = \"9");
            assert_ne!(others, text);
            sandbox.write("plugins.lock", others);
        }),
        ("registry", "dataset.json", |sandbox| {
            let document = file_in(&sandbox.data_root().join("derived"), "dataset.json");
            File::options().write(true).open(document).unwrap().set_len(10).unwrap();
        }),
        ("folders", "raw` is no folder", |sandbox| {
            std::fs::remove_dir(sandbox.data_root().join("raw")).unwrap();
            sandbox.write("../data/raw", "in the way");
        }),
        ("health", "audit_log", |sandbox| {
            let log = sandbox.data_root().join("registry/audit/audit.jsonl");
            let text = std::fs::read_to_string(&log).unwrap();
            sandbox.write("../data/registry/audit/audit.jsonl", text.replacen("register", "registar", 1));
        }),
        ("health", "maintenance: the data root is in maintenance since", |sandbox| {
            let _ = sandbox.run(["maintenance", "on", "--reason", "a new disk"]).success();
        }),
        ("configuration", "unknown", |sandbox| {
            sandbox.write("pbuf.json", r#"{"processing": {"worker": 1}}"#);
        }),
    ];
    for (area, found, break_it) in broken {
        let sandbox = healthy();
        break_it(&sandbox);
        let finding = demand(&sandbox, area, found);
        assert_eq!(finding["fixable"], false, "{finding:#}");
        let _ = sandbox.run(["doctor", "--fix"]).failure(3, &["wrong"]);
    }
    let sandbox = healthy();
    let mut command = sandbox.command(["doctor"]);
    let misspelt = Outcome::of(command.env("PBUF_SERVE_TOKEN_FIL", "x")).failure(3, &["1 thing is wrong"]);
    assert!(misspelt.stdout.contains("configuration: ") && misspelt.stdout.contains("PBUF_SERVE_TOKEN_FIL"));
}

fn untouched() {
    let sandbox = healthy();
    for (_, _, break_it) in FIXABLE {
        break_it(&sandbox);
    }
    let before = tree(&sandbox.path(""));
    let _ = sandbox.run(["doctor"]).failure(3, &["things are wrong", "`host doctor --fix` puts"]);
    let logs = |path: &PathBuf| !path.to_string_lossy().contains("/logs/");
    let only_files = |mut files: std::collections::BTreeMap<PathBuf, Vec<u8>>| {
        files.retain(|path, _| logs(path));
        files
    };
    assert_eq!(only_files(tree(&sandbox.path(""))), only_files(before));
    let said = sandbox.run(["doctor", "--fix"]).success().stdout;
    assert!(said.matches("fixed   ").count() >= 10, "{said}");
}
