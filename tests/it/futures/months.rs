//! A series in months, each with its neighbours.

use serde_json::Value;
use tests::Sandbox;

use super::file::File;
use super::tables::{compare, registered};
use super::{prepare, published};

const SERIES: [&str; 11] = [
    "prepare",
    "--plugin",
    "futures",
    "--input",
    "bars=raw/{partition}.dbn.zst",
    "--input",
    "previous?=raw/{previous.partition}.dbn.zst",
    "--input",
    "next?=raw/{next.partition}.dbn.zst",
    "--name",
    "es_{partition}",
];

/// The same rows, whether a file is cut at night or in the middle of a session.
pub(super) fn row_for_row() {
    let whole = File::golden();
    // Bars of several contracts share a second, which is never cut.
    let second = |index: &usize| whole.nanoseconds(*index) > whole.nanoseconds(index - 1);
    let midday = (whole.len() / 2..whole.len()).find(second).unwrap();
    let sandbox = Sandbox::new();
    let bars = published("bars", "golden_raw.dbn.zst");
    for mode in ["compat", "strict"] {
        let parameter = format!("mode={mode}");
        prepare(&sandbox, mode, &["--input", &bars, "--param", &parameter]);
        // Strict mode resets at night anyway.
        let cuts = if mode == "compat" { vec![whole.last_night(), midday] } else { vec![midday] };
        for at in cuts {
            for (month, part) in ["2025-08", "2025-09"].iter().zip(whole.split(at)) {
                let _ = sandbox.write(&format!("raw/{month}.dbn.zst"), part.packed());
            }
            let range = ["--partition", "2025-08..2025-09", "--param", &parameter];
            let _ = sandbox.run([&SERIES[..], &range].concat()).success();
            let months = ["es_2025-08", "es_2025-09"].map(|name| registered(&sandbox, name, "data"));
            let found = compare(&sandbox, &[(months.to_vec(), vec![registered(&sandbox, mode, "data")])]);
            let mut difference = found.into_iter().next().unwrap();
            let columns = difference.columns.len();
            assert!(columns >= 65, "{columns}");
            if mode == "strict" {
                // Sessions are numbered within a month, and classes are balanced over what is labelled in it.
                let of_the_month = |name: &str| {
                    name == "session" || name.starts_with("class_balance_") || name.starts_with("weight_")
                };
                difference.columns.retain(|name, _| !of_the_month(name));
                assert_eq!(columns - difference.columns.len(), 1 + 2 * 6);
            }
            difference.within(&format!("{mode}, cut at record {at}"), &[]);
        }
    }
}

fn statuses(answer: &Value) -> Vec<&str> {
    let items = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    items.iter().map(|item| item["status"].as_str().unwrap()).collect()
}

pub(super) fn batch() {
    let sandbox = Sandbox::new();
    let whole = File::bundled();
    let [before, behind] = whole.split(whole.last_night()).map(|part| part.packed());
    for (month, bytes) in [("2025-07", &before[..]), ("2025-08", b"damaged"), ("2025-09", &behind)] {
        let _ = sandbox.write(&format!("raw/{month}.dbn.zst"), bytes);
    }
    let alone = [&SERIES[..5], &SERIES[9..]].concat();
    let run = |arguments: &[&str], more: &[&str]| {
        let range = ["--partition", "2025-07..2025-09"];
        sandbox.run_json([arguments, &range, more].concat())
    };
    let (code, answer) = run(&alone, &[]);
    assert_eq!((code, statuses(&answer)), (Some(4), vec!["prepared", "failed", "prepared"]), "{answer}");
    let error = answer.pointer("/data/datasets/1/error").unwrap().to_string();
    assert!(error.contains("input `bars`: it does not begin with `DBN`"), "{error}");
    assert!(error.contains("raw/2025-08.dbn.zst"), "{error}");

    // A month that stands on a damaged one says so, and is not passed off as one without a neighbour.
    let (code, answer) = run(&SERIES, &["--resume"]);
    assert_eq!((code, statuses(&answer)), (Some(16), vec!["failed"; 3]), "{answer}");
    for (index, role) in [(0, "next"), (2, "previous")] {
        let error = answer.pointer(&format!("/data/datasets/{index}/error")).unwrap().to_string();
        assert!(error.contains(&format!("input `{role}`")) && error.contains("2025-08"), "{error}");
    }

    // Mended, each has a recipe of its own with its neighbours; done again it is known, unless it is forced.
    for (month, bytes) in [("2025-08", &before[..]), ("2025-07", b""), ("2025-09", &behind)] {
        let path = sandbox.write(&format!("raw/{month}.dbn.zst"), bytes);
        if bytes.is_empty() {
            std::fs::remove_file(path).unwrap();
        }
    }
    let run = |more: &[&str]| {
        let (code, answer) =
            sandbox.run_json([&SERIES[..], &["--partition", "2025-08..2025-09"], more].concat());
        assert_eq!(code, Some(0), "{answer}");
        statuses(&answer).iter().map(|status| (*status).to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run(&["--resume"]), ["prepared"; 2]);
    assert_eq!(run(&["--resume"]), ["cached"; 2]);
    assert_eq!(run(&["--force"]), ["prepared"; 2]);
}

pub(super) fn other_mode() {
    let sandbox = Sandbox::new();
    let run = |given: &[&str]| sandbox.run([&["prepare", "--plugin", "futures"], given].concat());
    let _ = run(&["--param", "mode=compat", "--param", "tie=target"])
        .failure(16, &["parameter `tie`: has no meaning in compat mode", "give `mode=strict`"]);
    let _ = run(&["--param", "compat_labels=roll_aware"])
        .failure(16, &["parameter `compat_labels`: has no meaning in strict mode", "give `mode=compat`"]);
    let _ = run(&["--param", "mode=compat", "--param", "tie=stop"]).success();
}

/// Two files of a series were exchanged: right form, right code, and only the dates tell. Both are refused by name, with
/// and without neighbours, and the month that is right is made.
pub(super) fn exchanged() {
    let sandbox = Sandbox::new();
    let of_month = [
        ("2025-08", File::bundled_moved(-28, [20_250_815, 20_250_820])),
        ("2025-09", File::bundled()),
        ("2025-10", File::bundled_moved(28, [20_251_010, 20_251_015])),
    ];
    let write = |names: [&str; 3]| {
        for (name, (_, file)) in names.iter().zip(&of_month) {
            let _ = sandbox.write(&format!("raw/{name}.dbn.zst"), file.packed());
        }
    };
    let alone = [&SERIES[..5], &SERIES[9..]].concat();
    let run = |arguments: &[&str], more: &[&str]| {
        let range = ["--partition", "2025-08..2025-10", "--param", "month={partition}"];
        sandbox.run_json([arguments, &range, more].concat())
    };
    write(["2025-09", "2025-08", "2025-10"]);
    for mode in ["mode=strict", "mode=compat"] {
        let (code, answer) = run(&alone, &["--param", mode]);
        assert_eq!((code, statuses(&answer)), (Some(4), vec!["failed", "failed", "prepared"]), "{answer}");
        for (index, month, found) in [(0, "2025-08", "2025-09"), (1, "2025-09", "2025-08")] {
            let error = answer.pointer(&format!("/data/datasets/{index}/error")).unwrap().to_string();
            let words = [
                "input `bars`",
                &format!("bars are not of {month}: the first, bar 1 at {found}-1"),
                &format!("most are of {found}: were two months exchanged?"),
                &format!("raw/{month}.dbn.zst"),
            ];
            for word in words {
                assert!(error.contains(word), "`{word}` is not in {error}");
            }
        }
    }
    // October stands on a file that is not September's.
    let (code, answer) = run(&SERIES, &[]);
    assert_eq!((code, statuses(&answer)), (Some(16), vec!["failed"; 3]), "{answer}");
    let error = answer.pointer("/data/datasets/2/error").unwrap().to_string();
    assert!(error.contains("input `previous`") && error.contains("bars are not of 2025-09"), "{error}");

    write(["2025-08", "2025-09", "2025-10"]);
    let (code, answer) = run(&SERIES, &[]);
    assert_eq!((code, statuses(&answer)), (Some(0), vec!["prepared"; 3]), "{answer}");
    assert!(sandbox.run(["show", "es_2025-10"]).success().stdout.contains("month: 2025-10"));
}

pub(super) fn score() {
    let sandbox = Sandbox::new();
    prepare(&sandbox, "sound", &[]);
    // Nothing moves by a target within a second.
    prepare(&sandbox, "hasty", &["--param", "horizon_seconds=1"]);
    let listed = |limit: &str| -> Vec<(String, f64)> {
        let answer = sandbox.json(["list", "--quality-below", limit]);
        let rows = answer.pointer("/data/datasets").and_then(Value::as_array).unwrap();
        let row =
            |row: &Value| (row["name"].as_str().unwrap().to_owned(), row["quality_score"].as_f64().unwrap());
        rows.iter().map(row).collect()
    };
    let found = listed("0.9");
    assert!(matches!(&found[..], [(name, score)] if name == "hasty" && *score < 0.8), "{found:?}");
    assert_eq!(listed("1").len(), 2, "both have a score");
    let shown = sandbox.run(["show", "hasty"]).success().stdout;
    for text in ["quality_score: 0.7", "reprocess: true", "reasons: unreasonable_win_rates_low_vol_long_0.0"]
    {
        assert!(shown.contains(text), "`{text}` is not in:\n{shown}");
    }
}
