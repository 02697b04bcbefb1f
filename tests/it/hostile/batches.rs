//! Batches with modules that misbehave: the other datasets are done.

use serde_json::{Value, json};
use tests::fixture;

use super::bench::Bench;
use super::{SLACK, deeds};

/// Every kind in one batch, each followed by a dataset that is sound, two at a time.
pub(super) fn all_at_once() {
    let bench = Bench::new(fixture::hostile());
    let mut datasets = serde_json::Map::new();
    let mut names = Vec::new();
    for (index, deed) in deeds::all().enumerate() {
        let (bad, good) = (format!("bad-{index:02}-{}", deed.name), format!("good-{index:02}"));
        let mut entry = json!({ "module": "hostile", "parameters": { "deed": deed.name } });
        if let Some(input) = bench.input(deed) {
            entry["inputs"] = json!({ "bytes": { "path": input } });
        }
        datasets.insert(bad.clone(), entry);
        datasets.insert(good.clone(), json!({ "module": "light_curve" }));
        names.extend([bad, good]);
    }
    let manifest = json!({ "schema": "host.datasets/1", "datasets": datasets }).to_string();
    let manifest = bench.sandbox.write("datasets.json", manifest);
    let before = bench.registered();
    // It is that of the sound ones, too: a slow machine needs more than a moment for them.
    let timeout_seconds = 10.0;
    let timeout = timeout_seconds.to_string();
    let mut arguments =
        vec!["prepare", "--json", "--jobs", "2", "--timeout", &timeout, "--max-memory", "512MiB"];
    arguments.extend(["--manifest", manifest.to_str().unwrap()]);
    arguments.extend(names.iter().map(String::as_str));
    let outcome = bench.run(&arguments);
    assert_eq!(outcome.code, Some(4), "{outcome:?}");
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    let results = report["data"]["datasets"].as_array().unwrap();
    assert_eq!(results.len(), names.len());
    for result in results {
        if result["name"].as_str().unwrap().starts_with("good-") {
            assert_eq!(result["status"], "prepared", "{result:#}");
            continue;
        }
        assert_eq!(result["status"], "failed", "{result:#}");
        let code = result["error"]["code"].as_str().unwrap();
        assert!(
            ["plugin-crashed", "limit", "check-failed", "bad-input", "incompatible"].contains(&code),
            "{result:#}"
        );
        assert!(result["seconds"].as_f64().unwrap() < timeout_seconds + SLACK.as_secs_f64(), "{result:#}");
    }
    let mut after = bench.registered();
    after.retain(|path, _| !path.to_string_lossy().contains("good-"));
    let touched: Vec<_> = before.keys().filter(|path| before.get(*path) != after.get(*path)).collect();
    // Nothing but the log of what was registered goes on.
    assert!(touched.iter().all(|path| path.starts_with("registry/audit")), "{touched:?}");
    assert!(after.keys().all(|path| !path.to_string_lossy().contains("bad-")), "{:?}", after.keys());
    bench.assert_clean("a batch of everything");
    Bench::assert_nothing_filled();
    let _ = bench.run(&["check"]).success();
    let _ = bench.run(&["audit", "verify"]).success();
}

pub(super) fn one_of_two() {
    let bench = Bench::new(fixture::hostile());
    for (isolation, worst, code) in [("process", "abort", 14), ("in-process", "panic", 14)] {
        let entry = |name: &str, deed: &str| {
            format!(r#""{name}": {{ "module": "hostile", "parameters": {{ "deed": "{deed}" }} }}"#)
        };
        let (bad, good) = (format!("bad-{isolation}"), format!("good-{isolation}"));
        let entries = [entry(&bad, worst), entry(&good, "behave")].join(", ");
        let text = format!(r#"{{ "schema": "host.datasets/1", "datasets": {{ {entries} }} }}"#);
        let manifest = bench.sandbox.write("datasets.json", text);
        let prepare = |more: &[&str]| {
            let mut arguments = vec!["prepare", "--json", "--isolation", isolation, "--manifest"];
            arguments.push(manifest.to_str().unwrap());
            arguments.extend(more);
            let outcome = bench.run(&arguments);
            (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
        };
        for jobs in ["1", "2"] {
            let (exit, report) = prepare(&["--jobs", jobs, &bad, &good]);
            assert_eq!(exit, Some(4), "{report:#}");
            assert_eq!(report.pointer("/data/datasets/0/status").unwrap(), "failed");
            assert_eq!(report.pointer("/data/datasets/0/error/code").unwrap(), "plugin-crashed");
            assert_eq!(
                report.pointer("/data/datasets/1/status").unwrap(),
                if jobs == "1" { "prepared" } else { "cached" }
            );
        }
        let (exit, report) = prepare(&[&bad]);
        assert_eq!(exit, Some(code), "{report:#}");
        let _ = bench.run(&["show", &good]).success();
        let _ = bench.run(&["show", &bad]).failure(2, &[&bad]);
    }
    bench.assert_clean("a batch");
    let _ = bench.run(&["check"]).success();
}
