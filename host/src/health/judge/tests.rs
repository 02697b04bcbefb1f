use std::path::Path;

use super::*;
use crate::certification::{Certification, Verdict};
use crate::health::{Datasets, Disk, Memory, Place};
use crate::journal::{Counts, RunId, RunSummary, State, Trigger};
use crate::modules::discover::SearchOrigin;
use crate::modules::standing::{Standing, Status as Runs};
use crate::trust::keys::KeyRing;
use crate::trust::{Policy, TrustLevel};

pub(crate) const LIMITS: Limits =
    Limits { memory_percent: 85.0, disk_warning_percent: 80.0, disk_percent: 90.0, cpu_percent: 90.0 };

pub(crate) fn module(id: &str, status: Runs) -> Standing {
    Standing {
        status,
        origin: SearchOrigin::Flag,
        id: Some(id.to_owned()),
        version: Some("1.2.3".to_owned()),
        other_versions: Vec::new(),
        enabled: None,
        trust: (status == Runs::Usable).then_some(TrustLevel::Locked),
        signer: None,
        api: Some("1.2".to_owned()),
        title: Some(format!("Derives {id}")),
        sha256: None,
        path: format!("/modules/lib{id}.so").into(),
        reason: (status != Runs::Usable).then(|| "it is another file".to_owned()),
    }
}

/// A data root with all that belongs to it, and nothing else.
pub(crate) fn place(root: &Path) -> Place {
    Place {
        registry_directory: root.join("registry"),
        log_directory: root.join("logs"),
        data_root: root.to_owned(),
        backup_repository: None,
        backup_identity: None,
        registry_enabled: true,
        search_path: Vec::new(),
        policy: Policy {
            minimum: TrustLevel::Unsigned,
            demand_lock: false,
            lock: None,
            keys: KeyRing::default(),
        },
        limits: LIMITS,
    }
}

/// All is well.
pub(crate) fn well() -> Observed {
    Observed {
        time: "2026-01-02T03:04:05.678Z".to_owned(),
        uptime_seconds: Some(60),
        overdue_seconds: None,
        memory: Some(Memory { total_bytes: 100 << 30, available_bytes: 15 << 30 }),
        disk: Some(Disk { total_bytes: 100 << 30, free_bytes: 20 << 30 }),
        cpu_percent: Some(90.0),
        load: Some([0.5, 0.4, 0.3]),
        data_root: "/data".into(),
        registry: RegistryState::Ready,
        registry_problem: None,
        maintenance: Ok(None),
        datasets: Datasets { registered: 3, retired: 1, damaged: Vec::new() },
        audit: Ok(17),
        backup: None,
        jobs: Vec::new(),
        certification: None,
        modules: vec![module("one", Runs::Usable), module("other", Runs::Shadowed)],
        log_file_sizes: BTreeMap::from([("host.log".to_owned(), 12)]),
        last_runs: Vec::new(),
        broken_off_runs: Vec::new(),
    }
}

fn alerts(seen: &Observed) -> (Status, Vec<String>) {
    let health = judge(seen, &LIMITS);
    for alert in &health.alerts {
        assert!(alert.action.contains('`'), "an alert says what to type: {alert:?}");
        assert_eq!(health.checks[&*alert.check].status, alert.severity);
    }
    (health.status, health.alerts.into_iter().map(|alert| alert.check).collect())
}

#[test]
fn a_job_that_failed_is_told_until_it_was_done_well() {
    use crate::schedule::{Done, Period, StepDone, Trigger};
    let done = |exit_code| {
        let step = StepDone {
            command: "check --quick".to_owned(),
            exit_code: Some(exit_code),
            seconds: 0.1,
            error: None,
            left_out: None,
        };
        let left_out = StepDone { exit_code: None, left_out: Some("no place".to_owned()), ..step.clone() };
        let time = well().time;
        let (started, ended) = (time.clone(), time);
        Done { due: None, trigger: Trigger::Service, started, ended, steps: vec![left_out, step] }
    };
    for (code, expected) in [(0, Status::Healthy), (3, Status::Degraded)] {
        let seen = Observed { jobs: vec![(Period::Daily, done(code))], ..well() };
        let (status, alerts) = alerts(&seen);
        assert_eq!((status, alerts.len()), (expected, usize::from(code != 0)));
    }
}

#[test]
fn a_certification_counts_until_it_is_over_and_nobody_must_have_one() {
    let certified = |verdict, until: Option<&str>| {
        let valid_until = until.map(str::to_owned);
        alerts(&Observed {
            certification: Some(Certification { verdict, valid_until, problem: None }),
            ..well()
        })
        .1
    };
    assert!(!judge(&well(), &LIMITS).checks.contains_key("certification"));
    assert_eq!(certified(Some(Verdict::Certified), Some("2026-01-02T03:04:05.679Z")), [""; 0]);
    assert_eq!(certified(Some(Verdict::Certified), Some("2026-01-02T03:04:05.678Z")), ["certification"]);
    assert_eq!(certified(Some(Verdict::NotCertified), None), ["certification"]);
}

#[test]
fn maintenance_is_told_and_a_damaged_state_is_critical() {
    let state = crate::registry::Maintenance::new(true, "smoke", "tester".to_owned(), "now".to_owned());
    let told = |maintenance| judge(&Observed { maintenance, ..well() }, &LIMITS).alerts.remove(0);
    let halted = told(Ok(Some(state.unwrap())));
    assert_eq!(halted.cause, "the data root is halted since now by tester: smoke");
    assert_eq!(halted.action, "type `host resume` when it is over");
    let damaged = told(Err("it was edited".to_owned()));
    assert_eq!(damaged.severity, CheckStatus::Critical);
    assert!(damaged.action.contains("host maintenance off"), "{damaged:?}");
}

#[test]
fn at_the_limits_all_is_well() {
    assert_eq!(alerts(&well()), (Status::Healthy, Vec::new()));
}

#[test]
fn memory_at_86_percent_is_an_alert() {
    let mut seen = well();
    seen.memory = Some(Memory { total_bytes: 100 << 30, available_bytes: 14 << 30 });
    assert_eq!(alerts(&seen), (Status::Degraded, vec!["memory".to_owned()]));
    let health = judge(&seen, &LIMITS);
    assert_eq!(health.alerts[0].cause, "86.0 % of the memory is in use, 14.0 GiB are left");
    assert_eq!(health.system_resources.memory_percent, Some(86.0));
    assert_eq!(health.system_resources.memory_available_gb, Some(14.0));
}

#[test]
fn the_disk_warns_and_then_nothing_can_be_relied_on() {
    let with = |free: u64| Observed {
        disk: Some(Disk { total_bytes: 100 << 30, free_bytes: free << 30 }),
        ..well()
    };
    assert_eq!(alerts(&with(19)), (Status::Degraded, vec!["disk".to_owned()]));
    assert_eq!(alerts(&with(10)), (Status::Degraded, vec!["disk".to_owned()]));
    assert_eq!(alerts(&with(9)), (Status::Unhealthy, vec!["disk".to_owned()]));
}

#[test]
fn a_busy_processor_is_a_warning_only() {
    let seen = Observed { cpu_percent: Some(90.1), ..well() };
    assert_eq!(alerts(&seen), (Status::Degraded, vec!["cpu".to_owned()]));
}

#[test]
fn what_is_damaged_comes_before_what_is_worth_a_look() {
    let mut seen = Observed { cpu_percent: Some(99.0), audit: Err("line 3: edited".to_owned()), ..well() };
    seen.datasets.damaged =
        vec![("one".to_owned(), "gone".to_owned()), ("two".to_owned(), "gone".to_owned())];
    seen.modules.push(module("third", Runs::Changed));
    assert_eq!(
        alerts(&seen),
        (Status::Unhealthy, ["datasets", "audit_log", "modules", "cpu"].map(str::to_owned).to_vec())
    );
    assert_eq!(judge(&seen, &LIMITS).alerts[0].cause, "`one` is damaged: gone, and 1 more");
}

#[test]
fn every_state_of_the_registry_has_its_verdict() {
    for (registry, status) in [
        (RegistryState::Ready, Status::Healthy),
        (RegistryState::ReadOnly, Status::Healthy),
        (RegistryState::Missing, Status::Degraded),
        (RegistryState::NotWritable, Status::Unhealthy),
        (RegistryState::Unreadable, Status::Unhealthy),
    ] {
        let seen = Observed { registry, ..well() };
        assert_eq!(alerts(&seen).0, status, "{registry}");
    }
}

#[test]
fn what_a_system_does_not_tell_is_null_and_no_alert() {
    let seen = Observed { memory: None, disk: None, cpu_percent: None, load: None, ..well() };
    assert_eq!(alerts(&seen), (Status::Healthy, Vec::new()));
    let health = serde_json::to_value(judge(&seen, &LIMITS)).unwrap();
    assert!(health["system_resources"].as_object().unwrap().values().all(serde_json::Value::is_null));
    assert_eq!(health["checks"]["memory"]["status"], "unknown");
    assert_eq!(health["available_modules"][0]["trust"], "locked");
    assert_eq!(health["available_modules"].as_array().unwrap().len(), 1);
}

#[test]
fn without_modules_nothing_can_be_prepared() {
    let seen = Observed { modules: Vec::new(), ..well() };
    assert_eq!(alerts(&seen), (Status::Degraded, vec!["modules".to_owned()]));
}

#[test]
fn one_check_can_be_asked_for_alone() {
    let seen = Observed { cpu_percent: Some(99.0), audit: Err("line 3: edited".to_owned()), ..well() };
    let only = |name| judge(&seen, &LIMITS).only(name);
    assert_eq!(only("audit_log").unwrap().status, Status::Unhealthy);
    assert_eq!(only("cpu").unwrap().alerts.len(), 1);
    assert_eq!(only("memory").unwrap().status, Status::Healthy);
    assert!(only("nothing").is_none());
}

/// The row said only how the newest run had ended, and nobody what to type.
#[test]
fn a_run_that_was_broken_off_is_named_with_both_ways_out() {
    let killed = RunSummary {
        id: RunId::new(),
        state: State::Interrupted,
        command: "prepare".to_owned(),
        actor: "tester".to_owned(),
        trigger: Trigger::Cli,
        resumes: None,
        started_at: well().time,
        ended_at: None,
        seconds: 1.0,
        exit_code: None,
        datasets: Counts::default(),
        error: None,
        host: String::new(),
    };
    let other = RunSummary { id: RunId::new(), state: State::Completed, ..killed.clone() };
    let seen = Observed { last_runs: vec![other], broken_off_runs: vec![killed.clone()], ..well() };
    let health = judge(&seen, &LIMITS);
    let id = &killed.id;
    assert_eq!(health.checks["runs"].observed, format!("1 interrupted, the newest {id}"));
    for words in [format!("`host run resume {id}`"), format!("`host run cancel {id}`")] {
        assert!(health.alerts[0].action.contains(&words), "{:?}", health.alerts);
    }
    assert_eq!(alerts(&Observed { broken_off_runs: Vec::new(), ..seen }).1, [""; 0]);
}
