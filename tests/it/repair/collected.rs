//! `host registry gc`.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, SystemTime};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::Sandbox;

use super::{current, damage, derived, flip, prepared, versions};
use crate::ingest::packing::gzip;
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("gc::old_versions_go_and_everything_else_stays", &[], old_versions),
        trial("gc::a_version_that_was_removed_is_named_and_comes_back", &[], comes_back),
        trial("gc::what_is_in_quarantine_goes_when_it_is_old", &[], quarantine),
        trial("gc::others_prepare_meanwhile", &[], meanwhile),
        trial("gc::the_cache_stays_within_its_limits", &[], cache),
    ]
}

fn gc<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["registry", "gc"], more].concat()
}

/// The version that is not current.
fn older(sandbox: &Sandbox) -> PathBuf {
    let current = current(sandbox);
    let is_older = |version: &PathBuf| {
        let digest = version.file_name().unwrap().to_str().unwrap();
        !current.iter().any(|(_, current)| current == digest)
    };
    versions(sandbox).into_iter().find(is_older).unwrap()
}

fn old_versions() {
    let sandbox = prepared();
    let (before, was_current, older) = (derived(&sandbox), current(&sandbox), older(&sandbox));
    let _ = sandbox.run(["registry", "gc"]).failure(2, &["--older-than"]);
    let _ = sandbox.run(gc(&["--older-than", "soon"])).failure(2, &["expected a time"]);
    for kept in [&["--older-than", "30d"][..], &["--older-than", "0s", "--keep-last", "2"]] {
        let said = sandbox.run(gc(kept)).success().stdout;
        assert!(said.ends_with("0 removed, 0 B; 3 kept\n"), "{said}");
        assert_eq!(derived(&sandbox), before);
    }
    let said = sandbox.run(gc(&["--older-than", "0s", "--dry-run"])).success().stdout;
    assert!(said.contains("would be removed") && said.contains(older.to_str().unwrap()), "{said}");
    assert_eq!(derived(&sandbox), before);
    let said = sandbox.run(gc(&["--older-than", "0s"])).success().stdout;
    assert!(said.contains("1 removed"), "{said}");
    let mut expected = before.clone();
    expected.retain(|path, _| !std::path::Path::new("derived").join(path).starts_with(&older));
    assert_eq!(derived(&sandbox), expected);
    assert_eq!(current(&sandbox), was_current);
    assert_eq!(damage(&sandbox), [] as [Value; 0]);
    let _ = sandbox.run(["check"]).success();
    let _ = sandbox.run(["audit", "verify"]).success();
    let list = sandbox.json(["audit", "list"]);
    let entries = list.pointer("/data/entries").and_then(Value::as_array).unwrap();
    let line = entries.iter().find(|entry| entry["action"] == "gc").unwrap();
    assert_eq!(line["details"]["before"][0]["path"], older.to_str().unwrap(), "{line:#}");
    assert_eq!(line["details"]["after"], "removed");
    let said = sandbox.run(gc(&["--older-than", "0s"])).success().stdout;
    assert!(said.ends_with("0 removed, 0 B; 2 kept\n"), "{said}");
}

fn comes_back() {
    let sandbox = prepared();
    let (before, older) = (derived(&sandbox), older(&sandbox));
    let exact = format!("one@{}", &older.file_name().unwrap().to_str().unwrap()[..12]);
    let _ = sandbox.run(gc(&["--older-than", "0s"])).success();
    for verb in [&["path"][..], &["show"], &["validate"], &["retire", "--reason", "old"]] {
        let arguments = verb.iter().copied().chain([exact.as_str()]);
        let _ = sandbox.run(arguments).failure(2, &["was removed", "host registry gc"]);
    }
    let _ = sandbox.run(["retire", "one", "--reason", "for a while"]).success();
    let _ = sandbox.run(["retire", "one", "--undo"]).success();
    assert_eq!(damage(&sandbox), [] as [Value; 0], "later records carry it on");
    let again = ["prepare", "--plugin", "light_curve", "--name", "one", "--param", "reference_magnitude=10"];
    let said = sandbox.run(again).success();
    assert!(!said.stdout.contains("cached") && !said.stderr.contains("damaged"), "{said:?}");
    assert_eq!(derived(&sandbox), before);
    assert_eq!(damage(&sandbox), [] as [Value; 0]);
    assert!(sandbox.run(["path", &exact]).success().stdout.contains(older.to_str().unwrap()));
    let _ = sandbox.run(["reproduce", "one"]).success();
}

fn quarantine() {
    let sandbox = prepared();
    flip(&sandbox.data_root().join(&versions(&sandbox)[0]).join("data.parquet"));
    let report = sandbox.write("report.json", sandbox.run(["check", "--json"]).stdout);
    let _ = sandbox.run(["prepare", "--from", report.to_str().unwrap()]).success();
    let aside = || {
        tests::tree(&sandbox.data_root())
            .into_keys()
            .filter(|path| path.to_string_lossy().contains(".quarantine-"))
            .count()
    };
    assert!(aside() > 0);
    let _ = sandbox.run(gc(&["--older-than", "1d"])).success();
    assert!(aside() > 0);
    let said = sandbox.run(gc(&["--older-than", "0s", "--keep-last", "9"])).success().stdout;
    assert!(said.contains("1 removed") && said.contains(".quarantine-one-"), "{said}");
    assert_eq!(aside(), 0);
    let (code, report) = sandbox.run_json(["check"]);
    assert_eq!((code, report.pointer("/data/items").unwrap()), (Some(0), &serde_json::json!([])));
}

fn meanwhile() {
    let sandbox = prepared();
    let start = |arguments: &[&str]| -> Child {
        let mut command = sandbox.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    };
    for round in 0..6 {
        // Known recipes in turns, so that each is found, selected and removed at the same time by somebody.
        let mut children = Vec::new();
        for magnitude in ["10", "11", "12"] {
            let parameter = format!("reference_magnitude={magnitude}");
            let arguments = ["prepare", "--plugin", "light_curve", "--name", "one", "--param", &parameter];
            children.push(start(&arguments));
            children.push(start(&gc(&["--older-than", "0s"])));
        }
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(0), "round {round}: {said}");
        }
        assert_eq!(damage(&sandbox), [] as [Value; 0], "round {round}");
        let _ = sandbox.run(["validate", "one"]).success();
    }
    let _ = sandbox.run(["audit", "verify"]).success();
    let _ = sandbox.run(gc(&["--older-than", "0s"])).success();
    assert_eq!(versions(&sandbox).len(), 2, "one of each dataset");
}

/// The cache of unpacked inputs: never more than is allowed, last used last removed, and nothing that is not the host's.
fn cache() {
    let sandbox = prepared();
    let folder = sandbox.data_root().join("cache/processing");
    let kept = |foreign: bool| {
        let files = tests::tree(&folder).into_iter();
        let ours = files.filter(|(path, _)| (path.extension() != Some("unpacked".as_ref())) == foreign);
        ours.map(|(_, bytes)| bytes.len()).collect::<Vec<_>>()
    };
    let run = |number: usize, setting: &str, value: &str| {
        let text = format!("time,flux,uncertainty\n{}", format!("{number},1,1\n").repeat(50_000));
        let file = sandbox.write(&format!("{number}.csv.gz"), gzip(text.as_bytes()));
        let input = format!("table={}", file.display());
        let mut command = sandbox.command(["prepare", "--plugin", "light_curve", "--input", &input]);
        command.env("PBUF_CACHE_MAX_SIZE_GB", "0.001").env(setting, value);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    std::fs::create_dir_all(&folder).unwrap();
    super::write(&folder.join("thesis.txt"), b"mine");
    // 300 kB each: three fit into 0.001 GB, and two stay when there would be four.
    for number in 0..3 {
        run(number, "PBUF_CACHE_ENABLED", "true").wait().unwrap();
    }
    assert_eq!(kept(false).len(), 3, "as much as is allowed");
    let children: Vec<Child> = (3..9).map(|number| run(number, "PBUF_CACHE_ENABLED", "true")).collect();
    for mut child in children {
        child.wait().unwrap();
    }
    let bytes: usize = kept(false).iter().sum();
    assert!((300_000..1_073_742).contains(&bytes), "{bytes} bytes");
    assert!(kept(true).contains(&4), "a file that is not ours was removed");
    // What is too old goes at the end of the next run, whatever that unpacks.
    let (there, many) = (tests::tree(&folder), kept(false).len());
    let (old, _) = there.iter().find(|(path, _)| path.extension() == Some("unpacked".as_ref())).unwrap();
    let days = SystemTime::now() - Duration::from_hours(72);
    File::options().write(true).open(folder.join(old)).unwrap().set_modified(days).unwrap();
    let _ = sandbox.run(["prepare", "--plugin", "light_curve", "--name", "one"]).success();
    assert!(kept(false).len() == many - 1 && !folder.join(old).exists(), "{}", old.display());
    let mut command = sandbox.command(gc(&["--older-than", "30d"]));
    command.env("PBUF_CACHE_TTL_HOURS", "0");
    let said = tests::Outcome::of(&mut command).success().stdout;
    assert!(said.contains("files removed from the cache"), "{said}");
    assert_eq!(kept(false), [0_usize; 0]);
    assert!(kept(true).contains(&4));
}
