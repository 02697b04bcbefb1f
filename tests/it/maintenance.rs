//! Maintenance and halt: nothing is written until somebody says so, and whoever wants to write is told why.

use std::process::{Child, Stdio};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, tree, wait_until};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("maintenance::every_verb_that_writes_is_refused_and_the_rest_goes_on", &[], bound),
        trial("maintenance::halt_ends_what_runs_and_resume_takes_it_back", &[], halted),
        trial("audit::what_is_exported_is_what_was_written", &[], exported),
        trial("maintenance::halt_now_kills_what_does_not_listen", &[], killed),
    ]
}

const PREPARE: [&str; 5] = ["prepare", "--plugin", "light_curve", "--name", "star"];
const REASON: &str = "a new disk";

fn prepared() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example()).with_plugins(fixture::hostile());
    let _ = sandbox.run(PREPARE).success();
    sandbox
}

fn bound() {
    let sandbox = prepared();
    let _ = sandbox.run(["maintenance", "on"]).failure(2, &["--reason <TEXT>"]);
    let _ = sandbox.run(["maintenance", "on", "--reason", " "]).failure(2, &["the reason is empty"]);
    assert!(sandbox.run(["maintenance", "status"]).success().stdout.starts_with("not in maintenance"));
    let said = sandbox.run(["maintenance", "on", "--reason", REASON]).success().stdout;
    assert!(said.contains("by tester: a new disk") && said.contains("`host maintenance off`"), "{said}");

    let derived = tree(&sandbox.data_root().join("derived"));
    let runs = tree(&sandbox.data_root().join("logs/runs"));
    let writing: [&[&str]; 10] = [
        &PREPARE,
        &["prepare", "--plugin", "light_curve", "--name", "moon"],
        &["fetch", "anything"],
        &["retire", "star", "--reason", "old"],
        &["registry", "rebuild"],
        &["run", "resume", "last"],
        &["plugin", "install", "x.hostplugin"],
        &["plugin", "rollback", "light_curve"],
        &["plugin", "disable", "light_curve"],
        &["trust", "remove", "anybody"],
    ];
    for verb in writing {
        let told = [
            "nothing may be written",
            "in maintenance since 20",
            "by tester: a new disk",
            "host maintenance off",
        ];
        let _ = sandbox.run(verb).failure(20, &told);
    }
    let reading: [&[&str]; 9] = [
        &["list"],
        &["show", "star"],
        &["check"],
        &["audit", "verify"],
        &["export", "star", "--format", "csv", "--output", "out"],
        &["reproduce", "star"],
        &["run", "list"],
        &["plugin", "list"],
        &["prepare", "--plugin", "light_curve", "--name", "moon", "--dry-run"],
    ];
    for verb in reading {
        let _ = sandbox.run(verb).success();
    }
    assert_eq!(tree(&sandbox.data_root().join("derived")), derived);
    assert_eq!(tree(&sandbox.data_root().join("logs/runs")), runs, "what was refused is no run");
    let health = sandbox.run(["health", "--check", "maintenance"]).success().stdout;
    assert!(health.starts_with("degraded\nwarning: maintenance: ") && health.contains(REASON), "{health}");

    let _ = sandbox.run(["resume"]).failure(2, &["not halted", "host maintenance off"]);
    let said = sandbox.run(["maintenance", "off"]).success().stdout;
    assert!(said.starts_with("over: it was in maintenance since "), "{said}");
    let _ = sandbox.run(["maintenance", "off"]).success();
    let _ = sandbox.run(["retire", "star", "--reason", "old"]).success();
    let log = sandbox.run(["audit", "list"]).success().stdout;
    for word in ["maintenance-on", "maintenance-off"] {
        assert_eq!(log.matches(word).count(), 1, "{log}");
    }
    let _ = sandbox.run(["audit", "verify"]).success();
    let _ =
        Sandbox::new().run(["maintenance", "on", "--reason", REASON]).failure(10, &["there is no data root"]);
}

fn running(sandbox: &Sandbox) -> Vec<Value> {
    let answer = sandbox.json(["run", "list", "--state", "running"]);
    answer.pointer("/data/runs").and_then(Value::as_array).unwrap().clone()
}

/// A run that does not end by itself, and does what it does.
fn endless(sandbox: &Sandbox) -> Child {
    let arguments = ["prepare", "--plugin", "hostile", "--name", "endless", "--param", "deed=loop"];
    let child = sandbox.command(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("it begins", || running(sandbox).first().is_some_and(|run| run["datasets"]["running"] == 1));
    child
}

fn halted() {
    let sandbox = prepared();
    let mut child = endless(&sandbox);
    let halted = sandbox.json(["halt", "--reason", "smoke"]);
    assert_eq!(halted["data"]["runs"][0]["state"], "cancelled", "{halted:#}");
    assert!(!child.wait().unwrap().success());
    assert!(running(&sandbox).is_empty());
    let _ = sandbox.run(PREPARE).failure(20, &["halted since ", "by tester: smoke", "host resume"]);
    let _ = sandbox.run(["maintenance", "off"]).failure(2, &["host resume"]);
    let _ = sandbox.run(["maintenance", "on", "--reason", REASON]).failure(2, &["host resume"]);
    let said = sandbox.run(["resume"]).success().stdout;
    assert!(said.starts_with("over: it was halted since "), "{said}");
    let _ = sandbox.run(PREPARE).success();
    let log = sandbox.run(["audit", "list"]).success().stdout;
    assert!(log.contains("halt") && log.contains("resume"), "{log}");
    let _ = sandbox.run(["check"]).success();
}

/// The log for other programs: the very lines, fewer when fewer are asked for, and no formulas.
fn exported() {
    let sandbox = prepared();
    let mut command = sandbox.command(["maintenance", "on", "--reason", "=HYPERLINK(\"x\")"]);
    let _ = Outcome::of(command.env("USER", "=cmd|' /C calc'!A0")).success();
    let log = sandbox.data_root().join("registry/audit/audit.jsonl");
    let lines = std::fs::read_to_string(&log).unwrap();
    assert_eq!(sandbox.run(["audit", "export"]).success().stdout, lines);
    let last = format!("{}\n", lines.lines().next_back().unwrap());
    assert_eq!(sandbox.run(["audit", "export", "--action", "maintenance-on"]).success().stdout, last);
    assert_eq!(sandbox.run(["audit", "export", "--since", "1h"]).success().stdout, lines);
    assert_eq!(
        sandbox.run(["audit", "export", "--actor", "nobody", "--since", "2999-01-01"]).success().stdout,
        ""
    );
    let table = sandbox.run(["audit", "export", "--format", "csv"]).success().stdout;
    assert_eq!(table.lines().count(), lines.lines().count() + 1);
    assert!(table.contains(",'=cmd|") && !table.contains(",=cmd|"), "{table}");
    sandbox.write("../data/registry/audit/audit.jsonl", lines.replacen("register", "registar", 1));
    let broken = sandbox.run(["audit", "export"]).failure(19, &["the audit log is broken at line 1"]);
    assert_eq!(broken.stdout, last, "what can be trusted by itself is there");
}

fn killed() {
    let sandbox = prepared();
    let mut child = endless(&sandbox);
    let said = sandbox.run(["halt", "--now"]).success().stdout;
    assert!(said.contains("by tester: halted by hand"), "{said}");
    let status = child.wait().unwrap();
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(9), "{status}");
    assert!(running(&sandbox).is_empty());
    let _ = sandbox.run(["resume"]).success();
    let _ = sandbox.run(["check"]).success();
}
