//! Datasets by name: found in the manifest and in modules, with their state, and with what must not be used together.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Sandbox, fixture, tree};

use crate::reference::releases::{SIX_DEGREE_FIELD, sha256};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("catalogue::a_name_finds_its_module", &[], names),
        trial("catalogue::states_follow_files_and_registry", &[], states),
        trial("catalogue::the_manifest_adds_and_overrides", &[], overrides),
        trial("catalogue::a_name_that_two_modules_claim_is_refused", &[], ambiguous),
        trial("catalogue::datasets_that_conflict_are_told_and_refused", &[], conflicts),
        trial("catalogue::the_same_release_under_two_names_conflicts", &[], same_release),
    ]
}

const CSV: &str = "time_day,magnitude,uncertainty_magnitude\n0,12.3,0.02\n1,12.4,0.02\n";

/// A sandbox with the module of a stranger.
fn sandbox() -> Sandbox {
    Sandbox::new().with_plugins(fixture::example())
}

/// The row of a dataset in `dataset list`.
fn row(sandbox: &Sandbox, name: &str) -> Value {
    let listed = sandbox.json(["dataset", "list"]);
    let rows = listed.pointer("/data/datasets").and_then(Value::as_array).unwrap().clone();
    rows.into_iter().find(|row| row["name"] == name).unwrap_or(Value::Null)
}

/// Writes the user's manifest where the settings look for it.
fn manifest(sandbox: &Sandbox, datasets: &Value) {
    let text = json!({"schema": "host.datasets/1", "datasets": datasets}).to_string();
    let _ = sandbox.write("../data/datasets_manifest.json", text);
}

fn names() {
    let sandbox = sandbox();
    let listed = sandbox.run(["dataset", "list", "--plugin", "light_curve"]).success().stdout;
    assert!(listed.contains("example_star_faint") && !listed.contains("desi"), "{listed}");
    assert!(!sandbox.data_root().exists(), "looking makes nothing");
    let info = sandbox.run(["dataset", "info", "example_star_faint"]).success().stdout;
    for text in [
        "module    light_curve",
        "state     fetched",
        "inside the module: ../brightness.csv",
        "with      reference_magnitude = 15.0",
        "licence   CC0-1.0",
        "note      a published file",
        "conflict  example_star: the same observations",
        "next      host prepare example_star_faint",
    ] {
        assert!(info.contains(text), "`{text}` is not in {info}");
    }
    let info = sandbox.run(["dataset", "info", "example_star"]).success().stdout;
    assert!(
        info.contains("conflict  example_star_faint: the same observations"),
        "one side is enough: {info}"
    );

    let _ = sandbox.run(["prepare", "example_star_faint"]).success();
    let reproduced = sandbox.run(["reproduce", "example_star_faint"]).success().stdout;
    assert!(reproduced.contains("the same bytes"), "{reproduced}");
    // A bundled dataset is the same thing by name as by module.
    let by_name = sandbox.json(["prepare", "example_star"]);
    let by_module = sandbox.json(["prepare", "--plugin", "light_curve"]);
    let version = |answer: &Value| answer.pointer("/data/datasets/0/dataset/version").unwrap().clone();
    assert_eq!(version(&by_name), version(&by_module));
    assert_eq!(by_module.pointer("/data/datasets/0/status"), Some(&json!("cached")));
    let texts = ["no dataset `example_sta`", "did you mean `example_star`?", "hint: run `host dataset list`"];
    for verb in
        [&["prepare", "example_sta"][..], &["fetch", "example_sta"], &["dataset", "info", "example_sta"]]
    {
        let _ = sandbox.run(verb).failure(2, &texts);
    }
    let nothing = sandbox.run(["fetch", "example_star"]).success().stdout;
    assert!(nothing.contains("example_star: nothing to fetch"), "{nothing}");
}

fn states() {
    let sandbox = sandbox();
    let published =
        json!({"url": "https://example.org/a%20star.csv", "sha256": sha256(CSV), "bytes": CSV.len()});
    let entry = json!({"module": "light_curve", "inputs": {"table": published},
        "parameters": {"reference_magnitude": 12}, "title": "A star"});
    manifest(&sandbox, &json!({"published": entry}));
    let state = || {
        let row = row(&sandbox, "published");
        (row["state"].as_str().unwrap().to_owned(), row["download_bytes"].as_u64().unwrap())
    };
    let next = || {
        let info = sandbox.json(["dataset", "info", "published"]);
        info.pointer("/data/next").and_then(Value::as_str).unwrap().to_owned()
    };
    assert_eq!(
        (state(), next()),
        (("absent".to_owned(), CSV.len() as u64), "host fetch published".to_owned())
    );
    let texts = ["dataset `published`: the file `a_star.csv` of its input `table` is not there"];
    let _ = sandbox.run(["prepare", "published"]).failure(16, &texts);
    let _ = sandbox.write("have/it", CSV);
    let _ = sandbox.run(["fetch", "published", "--from", "have"]).success();
    assert_eq!((state(), next()), (("fetched".to_owned(), 0), "host prepare published".to_owned()));
    let _ = sandbox.run(["prepare", "published"]).success();
    assert_eq!((state(), next()), (("prepared".to_owned(), 0), "host show published".to_owned()));
    let _ = sandbox.run(["reproduce", "published"]).success();

    let mut changed = entry.clone();
    changed["parameters"]["reference_magnitude"] = json!(13);
    manifest(&sandbox, &json!({"published": changed}));
    assert_eq!((state(), next()), (("stale".to_owned(), 0), "host prepare published".to_owned()));
    let info = sandbox.run(["dataset", "info", "published"]).success().stdout;
    assert!(info.contains("its parameter `reference_magnitude` was 12.0, now it is 13.0"), "{info}");
    let mut changed = entry;
    changed["inputs"]["table"]["sha256"] = json!("0".repeat(64));
    manifest(&sandbox, &json!({"published": changed}));
    assert_eq!(
        (state(), next()),
        (("stale".to_owned(), CSV.len() as u64), "host fetch published".to_owned())
    );
    let info = sandbox.run(["dataset", "info", "published"]).success().stdout;
    assert!(info.contains("its input `table` had sha256") && info.contains("(not here yet)"), "{info}");
}

fn overrides() {
    let sandbox = sandbox();
    manifest(
        &sandbox,
        &json!({"example_star": {"module": "light_curve", "parameters": {"reference_magnitude": 9}}}),
    );
    assert_eq!(row(&sandbox, "example_star")["origin"], "manifest");
    assert_eq!(row(&sandbox, "example_star_faint")["origin"], "catalogue");
    let plan = sandbox.json(["prepare", "example_star", "--dry-run"]);
    assert_eq!(plan.pointer("/data/plans/0/parameters/reference_magnitude"), Some(&json!(9.0)));
    assert_eq!(plan.pointer("/data/plans/0/inputs/0/origin"), Some(&json!("bundled `../brightness.csv`")));
    // Another manifest by name replaces that of the settings.
    let other = json!({"schema": "host.datasets/1", "datasets": {}}).to_string();
    let _ = sandbox.write("other.json", other);
    let plan = sandbox.json(["prepare", "example_star", "--dry-run", "--manifest", "other.json"]);
    assert_eq!(plan.pointer("/data/plans/0/parameters/reference_magnitude"), Some(&json!(12.0)));
    // A file that is no module, and one that is broken, hide nothing.
    let _ = sandbox.write(&format!("junk/libjunk.{}", std::env::consts::DLL_EXTENSION), "no library");
    let junk = sandbox.path("work/junk");
    let sandbox = sandbox.with_plugins(&junk);
    assert!(sandbox.run(["dataset", "list"]).success().stdout.contains("example_star_faint"));
    manifest(&sandbox, &json!({"example_star": {"modul": "light_curve"}}));
    let _ =
        sandbox.run(["dataset", "list"]).failure(16, &["datasets_manifest.json` is malformed", "`modul`"]);
}

/// A copy of the library in which every mention of the module's id is another of the same length.
fn renamed_copy(sandbox: &Sandbox, id: &str) -> PathBuf {
    let name = format!("liblight_curve.{}", std::env::consts::DLL_EXTENSION);
    let mut library = std::fs::read(fixture::example().join(&name)).unwrap();
    let (from, to) = (br#""id": "light_curve""#, format!(r#""id": "{id}""#));
    assert_eq!(from.len(), to.len());
    let at = library.windows(from.len()).position(|window| window == from).unwrap();
    library[at..at + from.len()].copy_from_slice(to.as_bytes());
    let _ = sandbox.write(&format!("renamed/{name}"), library);
    sandbox.path("work/renamed")
}

fn ambiguous() {
    let sandbox = sandbox();
    let renamed = renamed_copy(&sandbox, "other_curve");
    let sandbox = sandbox.with_plugins(&renamed);
    let listed = sandbox.run(["dataset", "list"]).success().stdout;
    assert_eq!(listed.matches("example_star_faint").count(), 2, "{listed}");
    for verb in
        [&["prepare", "example_star"][..], &["dataset", "info", "example_star"], &["fetch", "example_star"]]
    {
        let texts =
            ["two modules have a dataset `example_star`: `light_curve` and `other_curve`", "hint: decide in"];
        let _ = sandbox.run(verb).failure(2, &texts);
    }
    manifest(&sandbox, &json!({"example_star": {"module": "light_curve"}}));
    let _ = sandbox.run(["prepare", "example_star"]).success();
}

fn conflicts() {
    let sandbox = sandbox();
    let both = ["prepare", "example_star", "example_star_faint"];
    let outcome = sandbox.run(both.iter().chain(&["--strict"]));
    let clash = "`example_star` and `example_star_faint` must not be used together: the same observations";
    let _ = outcome.failure(3, &["nothing was registered", clash, "hint: leave out one"]);
    assert!(tree(&sandbox.data_root().join("registry/derived")).is_empty());
    let outcome = sandbox.run(both).success();
    assert!(
        outcome.stderr.contains(clash) && outcome.stderr.to_lowercase().contains("warn"),
        "{}",
        outcome.stderr
    );
    let answer = sandbox.json(both);
    assert_eq!(answer.pointer("/data/conflicts/0/reason"), Some(&json!("the same observations")));

    let shown = sandbox.run(["show", "example_star"]).success().stdout;
    assert!(
        shown.contains("Not to be used together with\nexample_star_faint (registered): the same"),
        "{shown}"
    );
    let output = sandbox.path("work/out");
    let output = output.to_str().unwrap();
    let export = ["export", "example_star", "example_star_faint", "--format", "csv", "--output", output];
    let _ = sandbox.run(export.iter().chain(&["--strict"])).failure(3, &["nothing was written", clash]);
    assert!(!Path::new(output).exists());
    let outcome = sandbox.run(export).success();
    assert!(outcome.stderr.contains(clash), "{}", outcome.stderr);
    assert!(
        outcome.stdout.contains("example_star_data.csv")
            && outcome.stdout.contains("example_star_faint_data.csv")
    );
    let outcome =
        sandbox.run(["export", "example_star", "--strict", "--format", "csv", "--output", output]).success();
    assert_eq!(outcome.stderr, "");
}

/// What only the module recognises: nothing but the derived dataset says that two names are one release.
fn same_release() {
    let sandbox = Sandbox::new();
    let _ = sandbox.write("one.txt", SIX_DEGREE_FIELD);
    let _ = sandbox.write("two.txt", format!("{SIX_DEGREE_FIELD}\n"));
    let entry = |file: &str| json!({"module": "bao", "inputs": {"mean": {"path": file}}});
    let datasets = json!({"one": entry("one.txt"), "two": entry("two.txt")});
    let text = json!({"schema": "host.datasets/1", "datasets": datasets}).to_string();
    let _ = sandbox.write("datasets.json", text);
    let prepare = ["prepare", "--from", "datasets.json"];
    let clash = "`one` and `two` must not be used together: both are `";
    let _ = sandbox.run(prepare.iter().chain(&["--strict"])).failure(3, &[clash, "the same data twice"]);
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets").unwrap(), &json!([]));
    let outcome = sandbox.run(prepare).success();
    assert!(outcome.stderr.contains(clash), "{}", outcome.stderr);
}
