//! What recurs: done once when it is due, made up for after downtime, told when it fails.

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, fixture, wait_until};

use crate::alerts::{CALM, Hook};
use crate::serve::Service;
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("schedule::a_job_is_done_on_demand_and_noted", &[], on_demand),
        trial("schedule::what_was_due_during_downtime_is_made_up_for_once", &[], made_up_for),
        trial("schedule::nothing_is_done_when_nobody_asked_for_it", &[], nothing),
        trial("schedule::a_verb_that_fails_keeps_no_other_from_being_done", &[], failing),
        trial("schedule::a_service_that_ends_leaves_the_job_due", &[], interrupted),
        trial("schedule::every_verb_of_every_job_is_one", &[], verbs),
    ]
}

const JOBS: [&str; 4] = ["daily", "weekly", "monthly", "quarterly"];

/// One dataset, and a place for snapshots.
fn prepared() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "star"]).success();
    let _ = sandbox.run(["backup", "init"]).success();
    sandbox
}

fn note(sandbox: &Sandbox, job: &str) -> Vec<Value> {
    let path = sandbox.data_root().join(format!("logs/schedule/{job}.jsonl"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

fn done(sandbox: &Sandbox, job: &str) -> Vec<Value> {
    note(sandbox, job).into_iter().filter(|line| line["event"] == "done").collect()
}

/// Somebody kept the timetable, long ago.
fn kept_long_ago(sandbox: &Sandbox, jobs: &[&str]) {
    for job in jobs {
        let line = json!({"event": "known", "since": "2020-01-01T00:00:00.000Z"});
        let file = sandbox.data_root().join(format!("logs/schedule/{job}.jsonl"));
        let _ = sandbox.write(file.to_str().unwrap(), format!("{line}\n"));
    }
}

fn on_demand() {
    let sandbox = prepared();
    let shown = sandbox.json(["schedule", "show", "daily"]);
    assert_eq!(shown.pointer("/data/commands/0/command"), Some(&json!("backup create")));
    let outcome = sandbox.run(["schedule", "run", "daily"]).success();
    assert!(outcome.stdout.contains("host backup create") && outcome.stdout.contains("ok"), "{outcome:?}");
    let listed = sandbox.json(["schedule", "list"]);
    let last = listed.pointer("/data/jobs/0/last").unwrap();
    assert_eq!((&last["trigger"], &last["due"]), (&json!("command"), &Value::Null));
    let steps = last["steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["exit_code"] == 0), "{steps:?}");
    let snapshots = sandbox.json(["backup", "list"]);
    assert_eq!(snapshots.pointer("/data/snapshots").and_then(Value::as_array).map(Vec::len), Some(1));
    let reports = std::fs::read_dir(sandbox.data_root().join("logs/reports")).unwrap().count();
    assert_eq!(reports, 3);
    assert_eq!(done(&sandbox, "daily").len(), 1);
    let health = sandbox.json(["health", "--check", "schedule"]);
    assert_eq!(health.pointer("/data/checks/schedule/status"), Some(&json!("ok")));
}

fn made_up_for() {
    let sandbox = prepared();
    kept_long_ago(&sandbox, &["daily", "weekly"]);
    let variables = [("PBUF_SCHEDULE_ENABLED", "true")];
    let service = Service::start(&sandbox, &[], &variables);
    wait_until("both jobs are done", || {
        ["daily", "weekly"].iter().all(|job| !done(&sandbox, job).is_empty())
    });
    service.end();
    // It was due some thousand times.
    for job in ["daily", "weekly"] {
        let done = done(&sandbox, job);
        assert_eq!((done.len(), &done[0]["trigger"]), (1, &json!("service")), "{job}");
        assert!(done[0]["due"].is_string(), "{done:?}");
    }
    // Those that nobody kept before are due the next time.
    for job in ["monthly", "quarterly"] {
        assert!(done(&sandbox, job).is_empty(), "{job}");
    }
    let service = Service::start(&sandbox, &[], &variables);
    let listed = sandbox.json(["schedule", "list"]);
    assert_eq!(listed.pointer("/data/jobs/0/last/trigger"), Some(&json!("service")));
    service.end();
    assert_eq!(done(&sandbox, "daily").len(), 1, "it is done once");
}

fn nothing() {
    let sandbox = prepared();
    kept_long_ago(&sandbox, &JOBS);
    for (flags, variables) in [
        (&[][..], &[][..]),
        (&["--read-only"][..], &[("PBUF_SCHEDULE_ENABLED", "true")][..]),
        (
            &[][..],
            &[
                ("PBUF_SCHEDULE_ENABLED", "true"),
                ("PBUF_SCHEDULE_DAILY", "off"),
                ("PBUF_SCHEDULE_WEEKLY", "off"),
                ("PBUF_SCHEDULE_MONTHLY", "off"),
                ("PBUF_SCHEDULE_QUARTERLY", "off"),
            ][..],
        ),
    ] {
        let service = Service::start(&sandbox, flags, variables);
        assert_eq!(service.get("/livez").status, 200);
        service.end();
        assert!(JOBS.iter().all(|job| done(&sandbox, job).is_empty()), "{flags:?} {variables:?}");
    }
    let _ = sandbox.run(["maintenance", "on", "--reason", "moving"]).success();
    let service = Service::start(&sandbox, &[], &[("PBUF_SCHEDULE_ENABLED", "true")]);
    assert_eq!(service.get("/livez").status, 200);
    service.end();
    assert!(JOBS.iter().all(|job| done(&sandbox, job).is_empty()));
    let mut wrong = sandbox.command(["schedule", "list"]);
    wrong.env("PBUF_SCHEDULE_WEEKLY", "someday 03:00");
    let _ = Outcome::of(&mut wrong).failure(17, &["PBUF_SCHEDULE_WEEKLY", "`sunday 03:00`"]);
}

fn failing() {
    let sandbox = prepared();
    let hook = Hook::start();
    let log = sandbox.data_root().join("registry/audit/audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    let _ = sandbox.write(log.to_str().unwrap(), text.replacen("register", "forgotten", 1));
    let mut command = sandbox.command(["schedule", "run", "daily"]);
    command.envs(CALM).env("PBUF_ALERTS_WEBHOOK", hook.named(&sandbox));
    let outcome = Outcome::of(&mut command).failure(4, &["3 of 6 verbs failed", "backup create"]);
    assert!(outcome.stdout.contains("host audit verify"), "{outcome:?}");
    let done = done(&sandbox, "daily");
    let codes: Vec<&Value> =
        done[0]["steps"].as_array().unwrap().iter().map(|step| &step["exit_code"]).collect();
    // A snapshot, and both checks, name the damage; the reports are written.
    assert_eq!(codes, [19, 19, 19, 0, 0, 0], "{done:?}");
    let message = hook.next();
    assert!(message["text"].as_str().unwrap().contains("host audit verify"), "{message}");
    let health = sandbox.run(["health", "--json", "--check", "schedule"]);
    assert!(health.stdout.contains("the daily job failed: `host backup create`"), "{health:?}");
}

fn interrupted() {
    let sandbox = prepared();
    kept_long_ago(&sandbox, &["daily"]);
    // The snapshot cannot begin while the repository is held.
    let lock = sandbox.path("home/.pbuf/backup/.create.lock");
    let held = std::fs::File::open(sandbox.write(lock.to_str().unwrap(), "")).unwrap();
    held.lock().unwrap();
    let service = Service::start(&sandbox, &[], &[("PBUF_SCHEDULE_ENABLED", "true")]);
    wait_until("the job is being done", || {
        let listed = sandbox.json(["schedule", "list"]);
        listed.pointer("/data/jobs/0/running") == Some(&json!(true))
    });
    service.end();
    drop(held);
    assert!(done(&sandbox, "daily").is_empty());
    let service = Service::start(&sandbox, &[], &[("PBUF_SCHEDULE_ENABLED", "true")]);
    wait_until("it is done by the next service", || !done(&sandbox, "daily").is_empty());
    service.end();
    assert_eq!(done(&sandbox, "daily").len(), 1);
}

/// Whatever a job types is understood: only `--help` is asked for.
fn verbs() {
    let sandbox = prepared();
    for job in JOBS {
        let shown = sandbox.json(["schedule", "show", job]);
        for verb in shown.pointer("/data/commands").and_then(Value::as_array).unwrap() {
            let arguments: Vec<&str> = verb["command"].as_str().unwrap().split(' ').collect();
            let outcome = sandbox.run(arguments.iter().copied().chain(["--help"]));
            let _ = outcome.success();
        }
    }
}
