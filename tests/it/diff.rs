//! What differs between two datasets, down to the last digit and what it does to chi-squared.

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Sandbox, fixture, repository};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("diff::a_changed_number_is_found_with_what_it_does", &[], changed_number),
        trial("diff::rows_and_tables_of_one_side_are_named", &[], one_side),
    ]
}

/// Registers the example's table after a change, under the name of the bundled one.
fn prepare_changed(sandbox: &Sandbox, change: impl Fn(&str) -> String) {
    let bundled = repository().join("examples/third-party-module/brightness.csv");
    let table = sandbox.write("table.csv", change(&std::fs::read_to_string(bundled).unwrap()));
    let table = format!("table={}", table.display());
    let arguments = ["prepare", "--plugin", "light_curve", "--name", "example_star", "--input", &table];
    let _ = sandbox.run(arguments.iter().chain(&["--param", "reference_magnitude=12"])).success();
}

fn changed_number() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    let first = sandbox.json(["path", "example_star"])["data"].clone();
    let (version, folder) = (first["version"].as_str().unwrap(), first["path"].as_str().unwrap());
    prepare_changed(&sandbox, |table| table.replace("12.44", "12.40"));
    let old = format!("example_star@{}", &version[..10]);

    let found = sandbox.json(["diff", &old, "example_star"]);
    let difference = &found["data"]["difference"];
    assert_eq!(difference["equal"], false);
    let columns = difference.pointer("/tables/0/columns").and_then(Value::as_array).unwrap();
    assert_eq!(columns.iter().map(|column| &column["column"]).collect::<Vec<_>>(), ["flux", "uncertainty"]);
    let largest = &columns[0]["largest_absolute"];
    let expected = 10_f64.powf(-0.4 * 0.40) - 10_f64.powf(-0.4 * 0.44);
    assert_eq!((&columns[0]["changed"], &largest["row"]), (&1.into(), &"4".into()));
    assert!((largest["change"].as_f64().unwrap() - expected).abs() < 1e-12, "{largest}");
    assert_eq!(difference.pointer("/matrices/0/changed").unwrap(), 1);
    // Of a diagonal element, relative to both errors: the relative change of the variance.
    let relative = difference.pointer("/matrices/0/largest_relative/change").and_then(Value::as_f64).unwrap();
    assert!((relative - (10_f64.powf(0.8 * 0.04) - 1.0)).abs() < 1e-9, "{relative}");
    let model = difference.pointer("/models/0").unwrap();
    let chi_squared = |side: &str| model[side]["chi_squared"].as_f64().unwrap();
    let change = model["change"].as_f64().unwrap();
    assert!((chi_squared("b") - chi_squared("a") - change).abs() < 1e-12 && change < -1.0, "{model}");

    let text = sandbox.run(["diff", &old, "example_star"]).success().stdout;
    assert!(text.contains("constant_brightness") && text.contains("flux"), "{text}");
    // Equal or not is no failure unless asked for.
    let _ = sandbox.run(["diff", "example_star", folder, "--exit-code"]).failure(3, &["differ"]);
    let same = sandbox.run(["diff", &old, folder, "--exit-code"]).success().stdout;
    assert!(same.contains("nothing differs"), "{same}");
    let _ = sandbox
        .run(["diff", "example_star@ffff0000ffff", folder])
        .failure(2, &["no version", &version[..12]]);
    let _ = sandbox.run(["diff", "example_star@", folder]).failure(2, &["its versions are"]);
    let _ = sandbox.run(["diff", "example_star", "./nothing"]).failure(16, &["no dataset in `./nothing`"]);
}

fn one_side() {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
    let version = sandbox.json(["path", "example_star"])["data"]["version"].as_str().unwrap().to_owned();
    prepare_changed(&sandbox, |table| table.replace("5.00,12.30,0.03\n", ""));
    let old = format!("example_star@{version}");
    let found = sandbox.json(["diff", &old, "example_star"]);
    let table = found.pointer("/data/difference/tables/0").unwrap();
    assert_eq!((&table["only_in_a"]["first"][0], &table["only_in_b"]["count"]), (&"5".into(), &0.into()));
    assert_eq!((&table["common"], &table["columns"]), (&4.into(), &Value::Array(Vec::new())));

    let _ = sandbox.run(["prepare", "--plugin", "bao"]).success();
    let derived = ["prepare", "--plugin", "bao", "--name", "with_ratios", "--param", "derive=ratios"];
    let _ = sandbox.run(derived).success();
    let found = sandbox.json(["diff", "desi_dr2_bao", "with_ratios"]);
    let tables = found.pointer("/data/difference/tables").and_then(Value::as_array).unwrap();
    // The released rows are untouched by what is derived beside them.
    assert!(tables.iter().all(|table| table["table"] != "data"), "{tables:?}");
    assert!(tables.iter().any(|table| table["only_in_b"]["count"].as_u64() > Some(0)), "{tables:?}");
}
