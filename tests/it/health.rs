//! Whether all is well, and what is measured: the verbs, and the files of `examples/deploy` that stand on them.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::needs::Need;
use tests::{Outcome, Sandbox, repository};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("health::what_is_well_and_what_is_not_is_told_with_what_to_type", &[], verdicts),
        trial("health::damage_that_a_check_found_is_told_until_a_check_finds_none", &[], damage_found),
        trial("health::the_json_has_every_field_that_was_asked_for", &[], fields),
        trial("health::metrics_are_as_documented", &[], families),
        trial("health::metrics_are_valid_and_count_what_was_prepared", &[], exposition),
        trial("health::rules_and_dashboard_name_what_is_exposed", &[], deploy),
        trial("health::promtool_accepts_metrics_and_rules", &[Need::Promtool], promtool),
    ]
}

/// A sandbox with limits that no machine reaches, so that only what a test did is wrong.
fn calm() -> Sandbox {
    let sandbox = Sandbox::new();
    let limits = r#"{"alerts": {"memory_percent": 100, "disk_warning_percent": 100, "disk_percent": 100, "cpu_percent": 100}}"#;
    sandbox.write("pbuf.json", limits);
    sandbox
}

fn verdicts() {
    let sandbox = calm();
    let _ = sandbox.run(["health"]).failure(10, &["there is no data root"]);
    std::fs::create_dir(sandbox.data_root()).unwrap();
    let fresh = sandbox.run(["health"]).success();
    assert!(
        fresh.stdout.starts_with("degraded\nwarning: registry: there is no data root"),
        "{}",
        fresh.stdout
    );
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let well = sandbox.run(["health"]).success();
    assert!(well.stdout.starts_with("healthy\n"), "{}", well.stdout);
    let mut busy = sandbox.command(["health", "--check", "memory"]);
    let busy = Outcome::of(busy.env("PBUF_ALERTS_MEMORY_PERCENT", "0")).success().stdout;
    assert!(
        busy.starts_with("degraded\nwarning: memory: ") && busy.contains("type `host run list`"),
        "{busy}"
    );

    let log = sandbox.data_root().join("registry/audit/audit.jsonl");
    let text = std::fs::read_to_string(&log).unwrap();
    sandbox.write("../data/registry/audit/audit.jsonl", text.replacen("register", "registar", 1));
    let ill = sandbox.run(["health"]).failure(3, &["hint: type `host audit verify`"]);
    assert!(ill.stdout.starts_with("unhealthy\ncritical: audit_log: "), "{}", ill.stdout);
    let _ = sandbox.run(["health", "--check", "disk"]).success();
    let _ = sandbox.run(["health", "--check", "disc"]).failure(2, &["did you mean `--check disk`?"]);
}

/// Looking at the health reads no data; what `host check` read must not be forgotten by it.
fn damage_found() {
    let sandbox = calm();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let folder = sandbox.data_root().join("derived");
    let table = tests::tree(&folder).into_keys().find(|path| path.ends_with("data.parquet")).unwrap();
    let table = folder.join(table);
    let whole = std::fs::read(&table).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    let write = |bytes: &[u8]| {
        #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
        std::fs::write(&table, bytes).unwrap();
    };
    let demand = |code, damaged: &str| {
        let health = sandbox.run(["health", "--check", "datasets"]);
        assert_eq!(health.code, Some(code), "{health:?}");
        assert!(health.stdout.contains(&format!("{damaged} damaged")), "{health:?}");
        let status = sandbox.run(["status"]).stdout;
        assert!(status.contains(&format!("{damaged} damaged")), "{status}");
        let metrics = sandbox.run(["metrics"]).success().stdout;
        assert!(metrics.contains(&format!("host_datasets{{state=\"damaged\"}} {damaged}\n")), "{metrics}");
    };
    write(&flipped);
    let _ = sandbox.run(["check"]).failure(19, &[]);
    demand(3, "1");
    let said = sandbox.run(["health", "--check", "datasets"]);
    assert!(said.stdout.contains("found by `host check` at 2"), "{said:?}");
    write(&whole);
    let _ = sandbox.run(["check", "--quick"]).success();
    demand(3, "1");
    let _ = sandbox.run(["check"]).success();
    demand(0, "0");
}

fn fields() {
    let sandbox = calm();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let health = sandbox.json(["health"]);
    let data = &health["data"];
    assert_eq!(data["status"], "healthy");
    assert!(data["timestamp"].as_str().unwrap().ends_with('Z'));
    assert_eq!(data["version"], env!("CARGO_PKG_VERSION"));
    let module = &data["available_modules"].as_array().unwrap()[0];
    assert!(module["name"].is_string() && module["version"].is_string() && module["trust"].is_string());
    for (field, at_most) in [("memory_percent", 100.0), ("disk_percent", 100.0), ("cpu_percent", 100.0)] {
        let value = data["system_resources"][field].as_f64().unwrap();
        assert!((0.0..=at_most).contains(&value), "{field}: {value}");
    }
    assert!(data["system_resources"]["memory_available_gb"].as_f64().unwrap() > 0.0);
    assert!(data["system_resources"]["disk_free_gb"].as_f64().unwrap() > 0.0);
    assert_eq!(data["framework_status"]["registry"], "ready");
    assert_eq!(data["framework_status"]["datasets"], 1);
    for check in ["registry", "datasets", "audit_log", "modules", "runs", "memory", "disk", "cpu"] {
        assert_eq!(data["checks"][check]["status"], "ok", "{check}: {data}");
    }
    assert!(data["log_file_sizes"].is_object() && data["alerts"] == Value::Array(Vec::new()));
    let status = sandbox.json(["status"]);
    assert_eq!(status["data"]["framework_status"]["datasets"], 1);
}

fn families() {
    let families = host::metrics::FAMILIES.iter().map(|family| {
        let kind = format!("{:?}", family.kind).to_lowercase();
        format!("{} {kind} {{{}}}\n    {}", family.name, family.labels.join(","), family.help)
    });
    let text = families.collect::<Vec<_>>().join("\n");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("tests/it/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!("metrics", text));
}

/// The lines of a text in the exposition format: name, labels as they stand, value. Fails on anything else.
fn parsed(text: &str) -> Vec<(String, String, f64)> {
    let mut typed = BTreeSet::new();
    let mut samples = Vec::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(["gauge", "counter", "histogram"].contains(&kind), "{line}");
            assert!(typed.insert(name.to_owned()), "{name} has two types");
            continue;
        }
        if line.starts_with("# HELP ") {
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
        let labels = labels.strip_suffix('}').unwrap();
        assert!(labels.is_empty() || labels.ends_with('"'), "{line}");
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        assert!(typed.contains(name) || base.is_some_and(|base| typed.contains(base)), "{line}");
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
        samples.push((name.to_owned(), labels.to_owned(), value));
    }
    let series: BTreeSet<_> = samples.iter().map(|(name, labels, _)| (name, labels)).collect();
    assert_eq!(series.len(), samples.len(), "a series stands there twice");
    samples
}

fn exposition() {
    let sandbox = calm();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let samples = parsed(&sandbox.run(["metrics"]).success().stdout);
    let value = |name: &str, labels: &str| {
        let found = samples.iter().find(|sample| sample.0 == name && sample.1 == labels);
        found.unwrap_or_else(|| panic!("{name}{{{labels}}} is not in {samples:?}")).2
    };
    let is = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
    is(value("host_datasets", "state=\"current\""), 1.0);
    is(value("host_audit_chain_valid", ""), 1.0);
    let listed = sandbox.json(["list"]);
    let dataset = &listed["data"]["datasets"][0];
    let label = format!("dataset=\"{}\"", dataset["name"].as_str().unwrap());
    is(value("host_dataset_rows", &label), dataset["rows"].as_f64().unwrap());
    is(value("host_dataset_bytes", &label), dataset["bytes"].as_f64().unwrap());
    for (name, ..) in &samples {
        let known = host::metrics::FAMILIES.iter().any(|family| name.starts_with(family.name));
        assert!(known, "{name} is documented nowhere");
    }
}

/// Every name of a number in a text.
fn names(text: &str) -> BTreeSet<String> {
    let word = |letter: char| !(letter.is_ascii_lowercase() || letter == '_');
    let names = text.split(word).filter(|word| word.starts_with("host_") || word.starts_with("http_"));
    let plain = |name: &str| {
        let suffixes = ["_bucket", "_sum", "_count"];
        suffixes.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name).to_owned()
    };
    names.map(plain).collect()
}

fn deploy() {
    let folder = repository().join("examples/deploy");
    let known: BTreeSet<String> =
        host::metrics::FAMILIES.iter().map(|family| family.name.to_owned()).collect();
    for file in ["alerts.yml", "grafana-dashboard.json"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let named = names(&text);
        assert!(named.len() > 5, "{file}: {named:?}");
        for name in named {
            assert!(known.contains(&name), "{file}: {name} is exposed nowhere");
        }
    }
    let dashboard = std::fs::read_to_string(folder.join("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert!(ids.len() == panels.len() && panels.iter().all(|panel| !panel["targets"][0]["expr"].is_null()));
}

fn promtool() {
    let sandbox = calm();
    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let metrics = sandbox.write("metrics.txt", &sandbox.run(["metrics"]).success().stdout);
    let file = std::fs::File::open(metrics).unwrap();
    let checked =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::from(file)).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let rules = repository().join("examples/deploy/alerts.yml");
    let checked = Command::new("promtool").args(["check", "rules"]).arg(rules).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}
