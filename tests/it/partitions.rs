//! A dataset in months: one recipe each, names by template, a bad month that stops no other.

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("partitions::each_month_is_a_dataset_and_a_bad_one_stops_no_other", &[], months),
        trial("partitions::what_is_missing_or_meaningless_is_refused_before_anything_runs", &[], refusals),
    ]
}

const HEAD: &str = "time_day,magnitude,uncertainty_magnitude\n";

fn with_months() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::example());
    for (days, rows) in [
        ("20250101-20250131", "0.0,12.0,0.01\n1.0,12.1,0.01\n"),
        ("20250201-20250228", "0.0,twelve,0.01\n"),
        ("20250301-20250331", "0.0,12.3,0.01\n"),
    ] {
        let _ = sandbox.write(&format!("raw/star-{days}.csv"), format!("{HEAD}{rows}"));
    }
    sandbox
}

const PREPARE: [&str; 5] =
    ["prepare", "--plugin", "light_curve", "--input", "table=raw/star-{first_day}-{last_day}.csv"];

/// With the usual parameter, unless one is given.
fn preparing<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let usual: &[&str] = if more.contains(&"--param") { &[] } else { &["--param", "reference_magnitude=12"] };
    [&PREPARE[..], usual, more].concat()
}

fn statuses(answer: &Value) -> Vec<(String, String)> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    let items = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    items.iter().map(|item| (text(item, "name"), text(item, "status"))).collect()
}

fn months() {
    let sandbox = with_months();
    let run = |more: &[&str]| {
        let outcome =
            sandbox.run(preparing(&[&["--partition", "2025-01..2025-03", "--json"], more].concat()));
        (outcome.code, serde_json::from_str::<Value>(&outcome.stdout).unwrap())
    };
    let expected = |status: &str| {
        ["01", "02", "03"].map(|month| {
            let status = if month == "02" { "failed" } else { status };
            (format!("light_curve_2025-{month}"), status.to_owned())
        })
    };
    let (code, answer) = run(&["--jobs", "2"]);
    assert_eq!((code, statuses(&answer)), (Some(4), expected("prepared").to_vec()), "{answer}");
    let fault = answer.pointer("/data/datasets/1/error/message").and_then(Value::as_str).unwrap();
    assert!(fault.contains("line 2"), "{fault}");
    // What is registered is not derived again.
    let (_, answer) = run(&["--resume"]);
    assert_eq!(statuses(&answer), expected("cached"), "{answer}");
    let _ = sandbox.write("raw/star-20250201-20250228.csv", format!("{HEAD}0.0,12.2,0.01\n"));
    let (code, answer) = run(&[]);
    assert_eq!((code, statuses(&answer)[1].1.as_str()), (Some(0), "prepared"), "{answer}");
    let (code, answer) = run(&["--force"]);
    assert_eq!((code, statuses(&answer)[0].1.as_str()), (Some(0), "prepared"), "{answer}");
    // A parameter is a template as names and inputs are.
    let recipes = |given: &str| {
        let (code, answer) = run(&["--param", given]);
        assert_eq!(code, Some(0), "{answer}");
        statuses(&answer).into_iter().map(|(_, status)| status).collect::<Vec<_>>()
    };
    assert_eq!(recipes("reference_magnitude={month}"), ["prepared"; 3]);
    assert_eq!(recipes("reference_magnitude=3"), ["prepared", "prepared", "cached"]);
    let listed = sandbox.json(["list"]);
    assert_eq!(listed.pointer("/data/datasets").and_then(Value::as_array).unwrap().len(), 3);
}

fn refusals() {
    let sandbox = with_months();
    for (arguments, code, words) in [
        (&["--partition", "2025-01", "--param", "reference_magnitude={day}"][..], 2, &["`{day}`"][..]),
        (&["--partition", "2025-1..2025-03"], 2, &["expected a month such as `2025-09`"]),
        (&["--partition", "2025-03..2025-01"], 2, &["2025-01 is before 2025-03"]),
        (&["--partition", "2025-01..2025-03", "--name", "star"], 2, &["--name star_{partition}"]),
        (&["--partition", "2025-01", "--input", "extra={day}.csv"], 2, &["`{day}`", "`{first_day}`"]),
        (&["--partition", "2025-01..2025-02", "--resume", "--force"], 2, &["--force"]),
    ] {
        let outcome = sandbox.run(preparing(arguments));
        let _ = outcome.failure(code, words);
    }
    let missing = ["prepare", "--plugin", "light_curve", "--input", "table?=raw/none.csv"];
    let _ = sandbox.run(missing).failure(16, &["there is no file for `table`"]);
    assert!(!sandbox.path("data/derived").exists());
}
