//! The whole way of the data: one dataset, a batch, the same result however it runs, an export that a fit reads.

use std::process::Command;

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::needs::{Need, python};
use tests::{Outcome, Sandbox, fixture, repository, tree};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("way::third_party_module_is_prepared_cached_and_reproduced", &[], third_party_module),
        trial("way::own_file_with_parameters_is_prepared_and_reproduced", &[], own_file),
        trial("way::a_batch_keeps_going_and_says_which_failed", &[], batch),
        trial("way::fail_fast_starts_nothing_after_a_failure", &[], fail_fast),
        trial("way::in_process_and_worker_give_the_same_bytes", &[], isolation),
        trial("way::strictness_decides_what_a_warning_does", &[], strictness),
        trial("way::a_stricter_demand_is_not_answered_from_the_cache", &[], stricter_demand),
        trial("way::switching_back_to_a_known_recipe_makes_it_current", &[], switching_back),
        trial("way::an_edited_file_is_noticed_by_every_reader", &[], edited_file),
        trial("way::the_example_fit_reads_exports_of_three_probes", &[Need::Numpy], fit),
        trial("way::the_example_notebook_draws_what_it_fits", &[Need::Matplotlib], notebook),
    ]
}

const CSV: &str = "time_day,magnitude,uncertainty_magnitude\n0,12.0,0.1\n1,13.0,0.2\n";

fn version(answer: &Value) -> &str {
    answer.pointer("/data/datasets/0/dataset/version").and_then(Value::as_str).unwrap()
}

fn third_party_module() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let first = sandbox.json(["prepare", "--plugin", "light_curve"]);
    assert_eq!(first.pointer("/data/datasets/0/status").unwrap(), "prepared");
    let second = sandbox.json(["prepare", "--plugin", "light_curve"]);
    assert_eq!(second.pointer("/data/datasets/0/status").unwrap(), "cached");
    let forced = sandbox.json(["prepare", "--plugin", "light_curve", "--force"]);
    assert_eq!(forced.pointer("/data/datasets/0/status").unwrap(), "prepared");
    assert_eq!(version(&first), version(&second));
    assert_eq!(version(&first), version(&forced));
    let _ = sandbox.run(["reproduce", "example_star"]).success();
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
}

fn own_file() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let table = format!("table={}", sandbox.write("my star.csv", CSV).display());
    let arguments =
        ["prepare", "--plugin", "light_curve", "--input", &table, "--param", "reference_magnitude=12"];
    let prepared = sandbox.json(arguments);
    assert_eq!(prepared.pointer("/data/datasets/0/name").unwrap(), "my_star");
    // Flux 10^(-0.4 (m - 12)), uncertainty 0.4 ln 10 F dm.
    let output = sandbox.path("work/out").to_string_lossy().into_owned();
    let _ = sandbox.run(["export", "my_star", "--format", "csv", "--output", &output]).success();
    let csv = std::fs::read_to_string(sandbox.path("work/out/my_star_data.csv")).unwrap();
    let rows: Vec<Vec<&str>> = csv.lines().skip(1).map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][2], "1.0");
    let flux: f64 = rows[1][2].parse().unwrap();
    assert_eq!(flux.to_bits(), 10_f64.powf(-0.4).to_bits());
    let _ = sandbox.run(["reproduce", "my_star"]).success();
    // The file changed since: what was registered stays, reproducing says why it cannot be done.
    let _ = sandbox.write("my star.csv", "time_day,magnitude,uncertainty_magnitude\n0,12.5,0.1\n");
    let _ = sandbox.run(["reproduce", "my_star"]).failure(12, &["my star.csv", "sha256"]);
    let changed = sandbox.json(arguments);
    assert_ne!(version(&prepared), version(&changed));
    assert_eq!(sandbox.json(["audit", "list"]).pointer("/data/entries/1/subject").unwrap(), "my_star");
}

fn manifest(sandbox: &Sandbox) -> String {
    let _ = sandbox.write("good.csv", CSV);
    let _ = sandbox.write("bad.csv", "time_day,magnitude,uncertainty_magnitude\n0,twelve,0.1\n");
    let entry = |path: &str| {
        json!({
            "module": "light_curve",
            "title": "a star",
            "inputs": { "table": { "path": path } },
            "parameters": { "reference_magnitude": 12.0 },
            "citation": [{ "text": "somebody 2026" }],
            "licence": "CC0-1.0",
        })
    };
    let datasets =
        json!({ "a_bad": entry("bad.csv"), "b_good": entry("good.csv"), "c_good": entry("good.csv") });
    let manifest = json!({ "schema": "host.datasets/1", "datasets": datasets });
    sandbox.write("datasets.json", manifest.to_string()).to_string_lossy().into_owned()
}

fn batch() {
    for jobs in ["1", "3"] {
        let sandbox = Sandbox::new().with_plugins(fixture::example());
        let manifest = manifest(&sandbox);
        let (code, answer) = sandbox.run_json(["prepare", "--from", &manifest, "--jobs", jobs]);
        assert_eq!(code, Some(4), "{answer:#}");
        let statuses: Vec<&Value> =
            answer["data"]["datasets"].as_array().unwrap().iter().map(|dataset| &dataset["status"]).collect();
        assert_eq!(statuses, ["failed", "prepared", "prepared"]);
        let error = answer.pointer("/data/datasets/0/error").unwrap();
        assert_eq!(error["code"], "bad-input");
        assert!(error["message"].as_str().unwrap().contains("line 2, field 2"), "{error}");
        let named = sandbox.run(["prepare", "c_good", "b_good", "--manifest", &manifest]).success();
        assert!(named.stdout.contains("2 prepared, 0 failed"), "{}", named.stdout);
        let shown = sandbox.run(["show", "b_good"]).success();
        assert!(
            shown.stdout.contains("somebody 2026") && shown.stdout.contains("CC0-1.0"),
            "{}",
            shown.stdout
        );
        let names = sandbox.write("names.txt", "# two\nb_good\nc_good # again\n");
        let names = names.to_string_lossy().into_owned();
        let _ = sandbox.run(["prepare", "--from", &names, "--manifest", &manifest]).success();
        let _ = sandbox
            .run(["prepare", "c_goods", "--manifest", &manifest])
            .failure(2, &["did you mean `c_good`"]);
    }
}

fn fail_fast() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let manifest = manifest(&sandbox);
    let (code, answer) = sandbox.run_json(["prepare", "--from", &manifest, "--fail-fast"]);
    assert_eq!(code, Some(16), "{answer:#}");
    assert_eq!(answer.pointer("/data/datasets/2/error/code").unwrap(), "interrupted");
    assert_eq!(sandbox.json(["list"])["data"]["datasets"].as_array().unwrap().len(), 0);
}

fn isolation() {
    let worker = Sandbox::new().with_plugins(fixture::example());
    let inside = Sandbox::new().with_plugins(fixture::example());
    let _ = worker.run(["prepare", "--plugin", "light_curve"]).success();
    let _ = inside.run(["prepare", "--plugin", "light_curve", "--isolation", "in-process"]).success();
    assert_eq!(tree(&worker.data_root().join("derived")), tree(&inside.data_root().join("derived")));
}

fn strictness() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let prepare = ["prepare", "--plugin", "hostile", "--param", "deed=warning"];
    let _ = sandbox.run(prepare.iter().chain(&["--strict"])).failure(3, &["hostile.warning", "here: odd"]);
    assert_eq!(sandbox.json(["list"])["data"]["datasets"].as_array().unwrap().len(), 0);
    let accepted = sandbox.run(prepare).success();
    assert!(
        accepted.stdout.contains("1 finding ") && accepted.stdout.contains("hostile.warning"),
        "{}",
        accepted.stdout
    );
    let _ = sandbox.run(["validate", "behaved"]).success();
    let _ = sandbox.run(["validate", "behaved", "--strict"]).failure(3, &["hostile.warning"]);
}

fn stricter_demand() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let prepare = ["prepare", "--plugin", "hostile", "--param", "deed=warning"];
    let _ = sandbox.run(prepare).success();
    assert_eq!(sandbox.json(prepare).pointer("/data/datasets/0/status").unwrap(), "cached");
    let _ = sandbox.run(prepare.iter().chain(&["--strict"])).failure(3, &["hostile.warning"]);
}

fn switching_back() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile());
    let prepare = |rows: &str| {
        let rows = format!("rows={rows}");
        version(&sandbox.json(["prepare", "--plugin", "hostile", "--param", &rows])).to_owned()
    };
    let current = || sandbox.json(["path", "behaved"])["data"]["version"].as_str().unwrap().to_owned();
    let (three, four) = (prepare("3"), prepare("4"));
    assert_ne!(three, four);
    assert_eq!(current(), four);
    assert_eq!(prepare("3"), three);
    assert_eq!(current(), three);
    let _ = sandbox.run(["check"]).success();
}

fn edited_file() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    let folder = sandbox.json(["path", "example_star"])["data"]["path"].as_str().unwrap().to_owned();
    let document = std::path::Path::new(&folder).join("dataset.json");
    let text = std::fs::read_to_string(&document).unwrap().replace("CC0-1.0", "CC0-1.1");
    #[expect(clippy::disallowed_methods, reason = "somebody edits what was registered")]
    std::fs::write(&document, text).unwrap();
    for arguments in [
        &["show", "example_star"][..],
        &["export", "example_star", "--format", "json"],
        &["validate", "example_star"],
        &["check"],
    ] {
        let outcome = sandbox.run(arguments);
        assert_eq!(outcome.code, Some(19), "{arguments:?} {}{}", outcome.stdout, outcome.stderr);
        assert!((outcome.stdout + &outcome.stderr).contains("dataset.json"), "{arguments:?}");
    }
    // Preparing again puts the same bytes back.
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    let _ = sandbox.run(["show", "example_star"]).success();
}

/// Exports of the three probes that the example fits, in the working directory.
fn exported_probes(sandbox: &Sandbox) -> [&'static str; 3] {
    for module in ["bao", "sn", "cc"] {
        let _ = sandbox.run(["prepare", "--plugin", module]).success();
    }
    let arguments =
        ["export", "desi_dr2_bao", "union3_sn", "moresco2020_cc", "--format", "npz", "--output", "."];
    let _ = sandbox.run(arguments).success();
    ["desi_dr2_bao.npz", "union3_sn.npz", "moresco2020_cc.npz"]
}

fn example(sandbox: &Sandbox, script: &str, arguments: &[&str]) -> Outcome {
    let mut command = Command::new(python());
    command.arg(repository().join("examples/fit").join(script)).args(arguments);
    command.current_dir(sandbox.path("work")).env("PYTHONDONTWRITEBYTECODE", "1");
    command.env("MPLCONFIGDIR", sandbox.path("home"));
    Outcome::of(&mut command).success()
}

/// Mean and standard deviation on the line that starts with a name.
#[track_caller]
fn assert_moments(outcome: &Outcome, name: &str, mean: f64, deviation: f64) {
    let line = outcome.stdout.lines().find(|line| line.starts_with(name)).unwrap();
    let numbers: Vec<f64> = line.split([' ', '=']).filter_map(|word| word.parse().ok()).collect();
    // A fifth of the error: the grid is coarse, and published numbers come from chains.
    let near = |found: f64, expected: f64| (found - expected).abs() < deviation / 5.0;
    assert!(near(numbers[0], mean) && near(numbers[1], deviation), "{line}");
}

/// DESI Collaboration 2025, arXiv:2503.14738, table V: Omega_m = 0.2975 +- 0.0086 in flat LCDM, and 0.2969 +- 0.0089
/// with w = -0.916 +- 0.078, from DESI alone.
fn fit() {
    let sandbox = Sandbox::new();
    let [oscillations, supernovae, chronometers] = exported_probes(&sandbox);
    assert_moments(&example(&sandbox, "fit.py", &[oscillations]), "Omega_m", 0.2975, 0.0086);
    let alone = example(&sandbox, "fit.py", &["--w", oscillations]);
    assert_moments(&alone, "Omega_m", 0.2969, 0.0089);
    assert_moments(&alone, "w ", -0.916, 0.078);
    let three = example(&sandbox, "fit.py", &["--w", oscillations, supernovae, chronometers]);
    assert!(three.stdout.starts_with("50 points"), "{}", three.stdout);
    // The chronometers add little to the first two, whose errors these are.
    assert_moments(&three, "Omega_m", 0.298, 0.009);
    assert_moments(&three, "w ", -0.867, 0.051);
}

fn notebook() {
    let sandbox = Sandbox::new();
    let files = exported_probes(&sandbox);
    let outcome = example(&sandbox, "notebook.py", &files);
    assert!(outcome.stdout.contains("all together: chi2 = 38."), "{}", outcome.stdout);
    let picture = std::fs::read(sandbox.path("work/fit.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000, "{} bytes", picture.len());
}
