use std::collections::BTreeSet;

use super::*;
use crate::health::testing::{LIMITS, module, well};
use crate::health::{Memory, Observed, judge};
use crate::journal::{Beginning, End, Journal, Request, Trigger};

pub(crate) fn row(name: &str) -> Row {
    Row {
        name: name.to_owned(),
        sequence: 1,
        version: None,
        recipe: None,
        registered_at: Some("2026-01-02T03:04:05.500Z".to_owned()),
        title: None,
        module_id: Some("one".to_owned()),
        module_version: None,
        output: None,
        rows: Some(12),
        bytes: Some(3456),
        quality_score: Some(0.75),
        retired: None,
        damage: None,
    }
}

fn text(observed: Observed, datasets: &[Row]) -> String {
    let seen = Seen { health: judge(&observed, &LIMITS), observed, limits: LIMITS };
    exposition(&Measured { seen: &seen, datasets, tally: &Tally::default(), service: None })
}

#[test]
fn what_was_seen_is_what_is_exposed() {
    let mut observed = well();
    observed.memory = Some(Memory { total_bytes: 100 << 30, available_bytes: 14 << 30 });
    observed.modules.push(module("third", standing::Status::Changed));
    let retired = Row { retired: Some("old".to_owned()), quality_score: None, ..row("second") };
    let text = text(observed, &[row("first"), retired]);
    for line in [
        "host_health_status{status=\"degraded\"} 1",
        "host_check_status{check=\"memory\"} 1",
        "host_check_status{check=\"disk\"} 0",
        "host_alerts_active{alert=\"memory\",severity=\"warning\"} 1",
        "host_datasets{state=\"current\"} 1",
        "host_datasets{state=\"retired\"} 1",
        "host_dataset_quality_ratio{dataset=\"first\"} 0.75",
        "host_dataset_last_success_timestamp_seconds{dataset=\"first\"} 1767323045.5",
        "host_plugins{trust=\"locked\"} 1",
        "host_plugins_refused{reason=\"changed\"} 1",
        "host_memory_available_bytes 15032385536",
        "host_audit_lines 17",
        "host_log_bytes{file=\"host.log\"} 12",
        "host_metrics_left_out 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
    assert!(!text.contains("quality_ratio{dataset=\"second\"}"), "no quality is no number");
}

#[test]
fn runs_are_added_up_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::of(folder.path());
    let mut tally = Tally::default();
    let text = |tally: &Tally| {
        let mut out = Exposition::default();
        tally.write(&mut out);
        out.text()
    };
    let run = journal
        .begin(Beginning {
            id: None,
            command: "prepare",
            request: Request::default(),
            actor: "somebody".to_owned(),
            trigger: Trigger::Cli,
            resumes: None,
        })
        .unwrap();
    tally.look(&journal).unwrap();
    assert!(text(&tally).contains("host_runs_active 1") && !text(&tally).contains("host_runs_total"));
    let line = r#"{"event":"dataset-finished","dataset":"a","outcome":"prepared","seconds":0.2,"module":"/x/one",
        "stages":[{"stage":"derive","seconds":0.1}],"rows":5,"read_bytes":70,"worker_peak_memory_bytes":900}"#;
    run.append(serde_json::from_str(line).unwrap());
    let failed = r#"{"event":"dataset-finished","dataset":"b","outcome":"failed","seconds":0.2,"module":"one",
        "error":{"code":"bad-input","message":"no"}}"#;
    run.append(serde_json::from_str(failed).unwrap());
    run.end(End::of(None));
    for _ in 0..2 {
        tally.look(&journal).unwrap();
        for line in [
            "host_runs_total{outcome=\"completed\"} 1",
            "host_runs_active 0",
            "host_datasets_processed_total{plugin=\"one\",outcome=\"failed\"} 1",
            "host_stage_duration_seconds_bucket{plugin=\"one\",stage=\"derive\",le=\"0.1\"} 1",
            "host_errors_total{plugin=\"one\",error_code=\"bad-input\"} 1",
            "host_records_processed_total{plugin=\"one\"} 5",
            "host_run_peak_memory_bytes{plugin=\"one\"} 900",
            "host_cache_requests_total{result=\"miss\"} 1",
        ] {
            assert!(text(&tally).lines().any(|found| found == line), "{line} is not in\n{}", text(&tally));
        }
    }
}

#[test]
fn answers_are_counted_by_route() {
    let http = Http::default();
    http.record("/livez", "GET", 200, 0.001);
    http.record("/livez", "GET", 200, 0.3);
    let mut out = Exposition::default();
    http.write(&mut out);
    let text = out.text();
    assert!(text.contains("http_requests_total{route=\"/livez\",method=\"GET\",code=\"200\"} 2"), "{text}");
    assert!(text.contains("http_request_duration_seconds_bucket{route=\"/livez\",le=\"0.001\"} 1"), "{text}");
}

#[test]
fn what_was_not_measured_is_absent() {
    let text = text(Observed { memory: None, disk: None, cpu_percent: None, load: None, ..well() }, &[]);
    for absent in ["host_memory", "host_disk", "host_cpu", "host_load", "host_dataset_rows"] {
        assert!(!text.contains(absent), "{absent}");
    }
}

#[test]
fn every_family_is_named_once_by_the_rules_of_prometheus() {
    let mut names = BTreeSet::new();
    for family in FAMILIES {
        assert!(names.insert(family.name), "{}", family.name);
        let plain = |text: &str| text.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
        assert!(plain(family.name) && family.labels.iter().all(|label| plain(label)), "{family:?}");
        assert_eq!(family.name.ends_with("_total"), family.kind == Type::Counter, "{family:?}");
        assert!(family.help.ends_with('.') && !family.help.contains(['\n', '\\']), "{family:?}");
    }
}
