//! Reports on the work of the host, and the log files that others read.

use std::collections::BTreeSet;
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("reports::each_tells_what_was_done_in_every_form", &[], forms),
        trial("reports::with_a_mistyped_data_root_all_was_well_and_nothing_was_done", &[], elsewhere),
        trial("reports::a_deployment_has_the_fields_that_were_asked_for", &[], deployment),
        trial("reports::a_dataset_of_such_a_name_is_still_reached", &[], same_name),
        trial("reports::log_files_tell_what_was_done_and_what_went_wrong", &[], log_files),
        trial("reports::the_console_speaks_json_when_asked", &[], json_console),
    ]
}

const PREPARE: [&str; 3] = ["prepare", "--plugin", "light_curve"];

fn worked() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(PREPARE).success();
    let _ = sandbox.run(PREPARE).success();
    let input = sandbox.write("broken.csv", "this is no light curve\n");
    let broken = format!("table={}", input.display());
    let _ = sandbox.run([&PREPARE[..], &["--name", "broken", "--input", &broken]].concat()).failure(16, &[]);
    sandbox
}

/// What was done on one day: a day may end meanwhile.
fn worked_today() -> (Sandbox, String) {
    loop {
        let sandbox = worked();
        let runs = sandbox.json(["run", "list"]);
        let days = runs.pointer("/data/runs").and_then(Value::as_array).unwrap().iter();
        let days: BTreeSet<&str> = days.map(|run| &run["started_at"].as_str().unwrap()[..10]).collect();
        if let [day] = Vec::from_iter(days)[..] {
            return (sandbox, day.to_owned());
        }
    }
}

fn forms() {
    let (sandbox, day) = worked_today();
    for kind in ["daily", "weekly", "monthly", "performance", "quality", "capacity", "deployment"] {
        let text = sandbox.run(["report", kind]).success().stdout;
        assert!(text.starts_with("# ") && !text.contains('\u{1b}'), "{kind}: {text}");
        let answer = sandbox.json(["report", kind]);
        assert_eq!(answer["schema"], "host.operations-report/1");
        assert_eq!(answer["data"]["report"], kind, "{answer:#}");
        for form in ["html", "json", "md"] {
            let file = sandbox.path(&format!("work/{kind}.{form}"));
            let _ = sandbox.run(["report", kind, "--output", file.to_str().unwrap()]).success();
            let written = std::fs::read_to_string(&file).unwrap();
            let begins = match form {
                "html" => "<!DOCTYPE html>",
                "json" => "{",
                _ => "# ",
            };
            assert!(written.starts_with(begins), "{kind} as {form}: {written}");
        }
    }
    let daily = &sandbox.json(["report", "daily", "--date", &day])["data"]["content"];
    let work = &daily["work"];
    assert_eq!(
        (&work["runs"], &work["prepared"], &work["cached"], &work["failed"]),
        (&json!(3), &json!(1), &json!(1), &json!(1)),
        "{daily:#}"
    );
    assert_eq!((&work["cache_hit_ratio"], &work["errors"]["bad-input"]), (&json!(0.5), &json!(1)));
    assert_eq!(daily["failures"][0]["dataset"], "broken");
    let performance = &sandbox.json(["report", "performance"])["data"]["content"];
    let module = &performance["modules"]["light_curve"];
    assert_eq!((&module["seconds"]["count"], &module["seconds"]["trend"]), (&json!(1), &Value::Null));
    assert!(module["worker_peak_memory_bytes"]["maximum"].as_f64().unwrap() > 1e6, "{performance:#}");
    let capacity = &sandbox.json(["report", "capacity"])["data"]["content"];
    assert_eq!(capacity["days_left"], Value::Null, "one day tells nothing: {capacity:#}");
    assert!(capacity["folders"]["derived"].as_u64().unwrap() > 0);
    let quality = &sandbox.json(["report", "quality"])["data"]["content"];
    assert_eq!((&quality["datasets"], &quality["refused"]["bad-input"]), (&json!(1), &json!(1)));
    let earlier = &sandbox.json(["report", "daily", "--date", "2001-01-01"])["data"]["content"];
    assert_eq!(earlier["work"]["runs"], 0);
    let _ = sandbox.run(["report", "daily", "--date", "yesterday"]).failure(2, &["a day such as"]);
}

/// They told of a host where nothing was ever done.
fn elsewhere() {
    let sandbox = Sandbox::new();
    for verb in [
        &["health"][..],
        &["status"],
        &["metrics"],
        &["run", "list"],
        &["report", "daily"],
        &["report", "capacity"],
        &["alert", "list"],
    ] {
        let _ = sandbox.run(verb).failure(10, &["there is no data root at", "--data-root"]);
        let mut unnamed = Command::new(tests::host());
        unnamed.env_clear().env("HOME", sandbox.path("home")).current_dir(sandbox.path("work")).args(verb);
        let _ = Outcome::of(&mut unnamed).success();
    }
}

fn deployment() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let content = |sandbox: &Sandbox| sandbox.json(["report", "deployment"])["data"]["content"].clone();
    assert_eq!(content(&sandbox)["status"], "NOT_DEPLOYED", "there is no data root");
    let _ = sandbox.run(PREPARE).success();
    let content = content(&sandbox);
    assert_eq!(content["status"], "DEPLOYED", "{content:#}");
    assert!(content["deployment_timestamp"].as_str().unwrap().ends_with('Z'));
    let modules = content["available_modules"].as_array().unwrap();
    assert!(modules.iter().any(|module| module["id"] == "light_curve" && module["version"].is_string()));
    let configuration = &content["configuration"];
    assert_eq!(configuration["output_directory"].as_str(), sandbox.data_root().to_str());
    assert_eq!(
        (&configuration["cache_enabled"], &configuration["validation_enabled"]),
        (&json!(true), &json!(true))
    );
}

fn same_name() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run([&PREPARE[..], &["--name", "daily"]].concat()).success();
    assert!(sandbox.run(["report", "daily"]).success().stdout.starts_with("# Runs of "));
    let shown = sandbox.json(["show", "daily"]);
    let version = shown.pointer("/data/record/version").unwrap().as_str().unwrap();
    let _ = sandbox.run(["report", &format!("daily@{}", &version[..12])]).success();
    assert!(std::fs::read_to_string(sandbox.path("work/daily.html")).unwrap().contains("Identity"));
    let _ = sandbox
        .run(["report", "light_curve", "--date", "2026-01-31"])
        .failure(2, &["reports on the work of the host", "performance"]);
}

fn log_files() {
    let sandbox = worked();
    let read = |name: &str| std::fs::read_to_string(sandbox.data_root().join("logs").join(name)).unwrap();
    let run = sandbox.json(["run", "list", "--state", "failed"])["data"]["runs"][0]["id"].clone();
    let errors = read("errors.log");
    assert!(errors.contains(run.as_str().unwrap()) && errors.contains("dataset=\"broken\""), "{errors}");
    assert!(read("processing.log").contains("cached"), "{}", read("processing.log"));
    let performance: Vec<Value> = read("performance/performance.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let outcomes: Vec<&Value> = performance.iter().map(|line| &line["outcome"]).collect();
    assert_eq!(outcomes, ["prepared", "cached", "failed"]);
    assert!(
        performance[0]["rows"].as_u64().unwrap() > 0 && performance[0]["seconds"].as_f64().unwrap() > 0.0
    );
}

fn json_console() {
    let sandbox = worked();
    let mut command = sandbox.command(PREPARE);
    command.args(["-vv", "--log-format", "json"]);
    let outcome = Outcome::of(&mut command).success();
    assert!(outcome.stderr.lines().count() > 1, "{}", outcome.stderr);
    for line in outcome.stderr.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["timestamp"].is_string() && line["level"].is_string(), "{line:#}");
    }
}
