//! Every release in turn: changed in its numbers, or only in the way they are written down.

use serde_json::{Map, Value, json};
use tests::Sandbox;

use super::vector::Vector;
use crate::ingest::packing::{gzip, zstd};
use crate::reference::releases::{Batch, RELEASES, Release, named, numbers};

/// A release with its name in a batch.
fn every_release() -> impl Iterator<Item = (String, &'static Release)> {
    RELEASES
        .iter()
        .enumerate()
        .map(|(number, release)| (format!("{:02}_{}", number + 1, release.name), release))
}

/// The error of a dataset in a batch, and its code.
fn error<'a>(datasets: &'a Map<String, Value>, name: &str) -> (&'a str, &'a Value) {
    let dataset = &datasets[name];
    assert_eq!(dataset["status"], "failed", "{name}: {dataset}");
    (dataset["error"]["code"].as_str().unwrap(), &dataset["error"])
}

/// Codes of the checks that stopped a dataset.
fn codes(error: &Value) -> Vec<&str> {
    let checks = error.pointer("/details/checks").and_then(Value::as_array).unwrap();
    checks
        .iter()
        .filter(|check| check["blocking"] == true)
        .filter_map(|check| check["code"].as_str())
        .collect()
}

fn nothing_is_registered(sandbox: &Sandbox) {
    assert_eq!(sandbox.json(["list"]).pointer("/data/datasets").unwrap(), &json!([]));
    assert!(tests::tree(&sandbox.data_root().join("derived")).is_empty());
}

/// A row dropped, two rows of the mean exchanged, rows and columns of the covariance exchanged, a digit changed.
pub(super) fn refused() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let mut mutations = Vec::new();
    for (name, release) in every_release().filter(|(_, release)| release.file("grid").is_none()) {
        let vector = Vector::of(release);
        let mut add = |kind: &'static str, vector: &Vector| {
            let name = format!("{name}.{kind}");
            batch.add(&name, &[("mean", vector.mean_text()), ("covariance", vector.covariance_text())]);
            mutations.push((name, kind));
        };
        let mut edited = vector.clone();
        change_digit(&mut edited.mean[0][1]);
        // The covariance of the test data is a multiple of the unit matrix, and belongs to any five numbers.
        let generic = release.name == "mixed_observables_test";
        if !generic {
            add("edited", &edited);
        }
        if vector.rows() == 1 {
            continue;
        }
        let mut dropped = vector.clone();
        dropped.mean.pop();
        add("dropped", &dropped);
        if generic {
            continue;
        }
        let mut swapped = vector.clone();
        swapped.mean.swap(0, 1);
        add("swapped", &swapped);
        let mut shuffled = vector.clone();
        shuffled.covariance.rotate_left(1);
        for row in &mut shuffled.covariance {
            row.rotate_left(1);
        }
        add("shuffled", &shuffled);
    }
    let (code, datasets) = batch.prepare();
    // All failed: the code is that of the first, a row that was dropped.
    assert_eq!(code, Some(16));
    for (name, kind) in &mutations {
        let (code, error) = error(&datasets, name);
        if *kind == "dropped" {
            assert_eq!(code, "bad-input", "{name}: {error}");
            let message = error["message"].as_str().unwrap();
            assert!(
                message.starts_with("input `covariance`: ") && message.contains(" measurement"),
                "{message}"
            );
            continue;
        }
        assert_eq!(code, "check-failed", "{name}: {error}");
        let codes = codes(error);
        let accepted: &[&str] = match *kind {
            "edited" => &["release.mean"],
            // Two redshifts of one quantity, or two quantities of one redshift: either way other rows.
            "swapped" => &["covariance.row-order"],
            _ => &["release.covariance"],
        };
        assert!(accepted.iter().any(|code| codes.contains(code)), "{name}: {codes:?}");
    }
    nothing_is_registered(&sandbox);
}

/// Makes the fourth digit of a number, or its last, another one: the last of many may be beyond what a float holds.
fn change_digit(number: &mut String) {
    let mantissa = number.find(['e', 'E']).unwrap_or(number.len());
    let digits = number[..mantissa].char_indices().filter(|(_, character)| character.is_ascii_digit());
    let significant = digits.skip_while(|(_, character)| *character == '0').take(4);
    let (at, digit) = significant.last().unwrap();
    number.replace_range(at..=at, if digit == '5' { "4" } else { "5" });
}

/// Line ends, a byte order mark, trailing blank lines and compression change no version.
pub(super) fn the_same() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    for (number, (name, release)) in every_release().enumerate() {
        let files: Vec<(&str, String)> =
            release.files.iter().map(|(role, _)| (*role, release.text(role))).collect();
        batch.add(&format!("{name}.plain"), &files);
        let dressed =
            |text: &str| format!("\u{feff}{}\r\n \r\n\r\n\n", text.trim_end().replace('\n', "\r\n"));
        let dressed: Vec<(&str, String)> = files.iter().map(|(role, text)| (*role, dressed(text))).collect();
        batch.add(&format!("{name}.dressed"), &dressed);
        let pack = |index: usize, text: &str| {
            if (number + index).is_multiple_of(2) { gzip(text.as_bytes()) } else { zstd(text.as_bytes()) }
        };
        let packed = files.iter().enumerate().map(|(index, (role, text))| (*role, pack(index, text)));
        let packed: Vec<(&str, Vec<u8>)> = packed.collect();
        batch.add(&format!("{name}.packed"), &packed);
    }
    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(0), "{datasets:?}");
    for (name, _) in every_release() {
        let of = |kind: &str, field: &str| datasets[&format!("{name}.{kind}")]["dataset"][field].clone();
        for kind in ["dressed", "packed"] {
            assert_eq!(of(kind, "version"), of("plain", "version"), "{name}.{kind}");
        }
        // What was packed is the same input; another text of the same numbers is another.
        assert_eq!(of("packed", "recipe"), of("plain", "recipe"), "{name}");
        assert_ne!(of("dressed", "recipe"), of("plain", "recipe"), "{name}");
    }
}

/// A digit changed after the manifest was written.
pub(super) fn untrusted() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    for (name, release) in every_release() {
        let files: Vec<(&str, String)> =
            release.files.iter().map(|(role, _)| (*role, release.text(role))).collect();
        batch.add(&name, &files);
    }
    for (number, (name, release)) in every_release().enumerate() {
        let (role, _) = release.files[number % release.files.len()];
        let mut text = release.text(role);
        let end = text.trim_end_matches(|character: char| !character.is_ascii_digit()).len();
        change_digit_before(&mut text, end);
        sandbox.write(&format!("{name}.{role}"), text);
    }
    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(12), "every one failed for the same reason");
    for (number, (name, release)) in every_release().enumerate() {
        let (role, _) = release.files[number % release.files.len()];
        let (code, error) = error(&datasets, &name);
        assert_eq!(code, "untrusted", "{name}: {error}");
        assert_eq!(error["message"], format!("input `{role}` is not the file that the manifest pins"));
        assert!(error["causes"].to_string().contains("sha256"), "{error}");
    }
    nothing_is_registered(&sandbox);
}

fn change_digit_before(text: &mut String, end: usize) {
    let mut number = text[..end].to_owned();
    let rest = text.split_off(end);
    let start = number.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let mut last = number.split_off(start);
    change_digit(&mut last);
    *text = number + &last + &rest;
}

/// Grids: cut off, out of order, with a changed digit, with a value that is no likelihood.
pub(super) fn grids() {
    let sandbox = Sandbox::new();
    let mut batch = Batch::new(&sandbox);
    let mut expected = Vec::new();
    for name in ["sdss_dr16_elg_bao", "sdss_dr16_lya_auto", "sdss_dr7_mgs"] {
        let text = named(name).text("grid");
        let lines: Vec<&str> = text.lines().collect();
        let columns = numbers(lines[0])[0].len();
        let mut add = |kind: &str, lines: &[&str], texts: &'static [&'static str]| {
            let name = format!("{name}.{kind}");
            batch.add(&name, &[("grid", lines.join("\n") + "\n")]);
            expected.push((name, texts));
        };
        // Whatever is not a known grid bit by bit needs a description: no axis, redshift or meaning is guessed.
        let unknown = &["not a known release", "grid_redshift", "grid_observables", "grid_value"];
        add("cut", &lines[..lines.len() - 1], unknown);
        let mut swapped = lines.clone();
        swapped.swap(3, 4);
        add("swapped", &swapped, unknown);
        let digit = change_value(lines[7]);
        let mut edited = lines.clone();
        edited[7] = &digit;
        add("edited", &edited, unknown);
        let no_number =
            lines[7].rsplit_once(' ').map_or(String::new(), |(axes, _)| format!("{axes} ")) + "nan";
        let mut with_nan = lines.clone();
        with_nan[7] = &no_number;
        let place: &'static [&'static str] = match columns {
            1 => &["input `grid`, line 8, field 1: not a finite number"],
            2 => &["input `grid`, line 8, field 2: not a finite number"],
            _ => &["input `grid`, line 8, field 3: not a finite number"],
        };
        add("nan", &with_nan, place);
    }
    let (code, datasets) = batch.prepare();
    assert_eq!(code, Some(16), "every one failed for the same reason");
    for (name, texts) in &expected {
        let (code, error) = error(&datasets, name);
        assert_eq!(code, "bad-input", "{name}: {error}");
        for text in *texts {
            assert!(error.to_string().contains(text), "{name}: `{text}` is not in {error}");
        }
    }
    nothing_is_registered(&sandbox);
    described_grids(&sandbox);
}

/// A line of a grid with another value at the same node.
fn change_value(line: &str) -> String {
    let at = line.rfind(' ').map_or(0, |at| at + 1);
    let mut value = line[at..].to_owned();
    change_digit(&mut value);
    line[..at].to_owned() + &value
}

/// With a description the shape can be checked; a release by name accepts its own numbers alone.
fn described_grids(sandbox: &Sandbox) {
    let text = named("sdss_dr16_lya_auto").text("grid");
    let lines: Vec<&str> = text.lines().collect();
    let prepare = |content: &str, parameters: &[&str]| {
        let grid = sandbox.write("described.txt", content);
        let mut arguments: Vec<String> =
            ["prepare", "--plugin", "bao", "--name", "grid"].map(str::to_owned).to_vec();
        arguments.extend(["--input".to_owned(), format!("grid={}", grid.display())]);
        for parameter in parameters {
            arguments.extend(["--param", parameter].map(str::to_owned));
        }
        sandbox.run(arguments)
    };
    let described = [
        "release=none",
        "grid_redshift=2.334",
        "grid_observables=DM_over_rs,DH_over_rs",
        "grid_value=likelihood_ratio",
    ];
    let cut = lines[..lines.len() - 1].join("\n");
    let _ = prepare(&cut, &described).failure(16, &["2499 lines do not fill a grid of 50 × 50"]);
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    let _ = prepare(&swapped.join("\n"), &described).failure(16, &["input `grid`, line 4, field 2", "rise"]);
    let (axes, _) = lines[7].rsplit_once(' ').unwrap();
    let negative = format!("{axes} -1e-3");
    let mut with_negative = lines.clone();
    with_negative[7] = &negative;
    let texts = ["input `grid`, line 8, field 3", "a likelihood_ratio of -0.001"];
    let _ = prepare(&with_negative.join("\n"), &described).failure(16, &texts);
    let megaparsec = [described[0], described[1], "grid_observables=DH_over_rs,DM_over_rs", described[3]];
    let _ = prepare(&cut, &["release=sdss_dr16_lya_auto"]).failure(16, &["do not fill a grid"]);
    let digit = change_value(lines[7]);
    let mut edited = lines.clone();
    edited[7] = &digit;
    let named = prepare(&edited.join("\n"), &["release=sdss_dr16_lya_auto"]);
    let _ = named.failure(3, &["release.grid: input `grid`", "`sdss_dr16_lya_auto`"]);
    nothing_is_registered(sandbox);
    // Axes in the other order are odd in size, which is a warning, not an error.
    let odd = prepare(&text, &megaparsec).success();
    assert!(odd.stdout.contains("value.implausible"), "{odd:?}");
}
