//! Damage at rest: `check` names the very file, and no verb takes a damaged number for a good one.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::Value;
use tests::tree;

use super::bench::Bench;
use crate::matrix::{Cases, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![
        trial("faults::every_damaged_file_is_named", &[], every_file),
        trial("faults::every_extra_file_is_named", &[], extra_files),
        trial("faults::an_older_or_foreign_file_is_named", &[], exchanged_files),
        trial("faults::damaged_content_is_never_used", &[], never_used),
        trial("faults::a_damaged_index_rebuilds_itself", &[], index),
    ]
}

/// Two datasets, one of them with two versions.
fn template(bench: &Bench) -> PathBuf {
    let root = bench.fresh_root();
    for more in [
        &["--name", "kept"][..],
        &["--name", "kept", "--param", "reference_magnitude=11"],
        &["--name", "kept"],
        &["--name", "other", "--param", "reference_magnitude=13"],
    ] {
        let arguments = [&["prepare", "--plugin", "light_curve", "--isolation", "in-process"], more].concat();
        let outcome = bench.run(&root, &arguments);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
    }
    assert_eq!(bench.check(&root), (Some(0), vec![]));
    root
}

/// Files of `derived` and `registry` that say something: neither the lock nor the index.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = tree(root).into_keys().collect();
    paths.retain(|path| {
        let kept = path.starts_with("derived") || path.starts_with("registry");
        kept && !path.ends_with(".lock") && !path.to_string_lossy().contains("index.sqlite")
    });
    assert!(paths.len() > 15, "{paths:?}");
    paths
}

fn write(path: &Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
    std::fs::write(path, bytes).unwrap();
}

/// Holds `check` to exit code 19 and the path of what was damaged; says what is wrong.
fn named(bench: &Bench, root: &Path, path: &Path, what: &str) -> Option<String> {
    let (code, items) = bench.check(root);
    let file = path.file_name().unwrap().to_str().unwrap();
    let path = path.to_str().unwrap();
    // The log and its head contradict each other: either may be the one that was changed, so both are named.
    let contradicts =
        |item: &Value| item["kind"] == "audit-broken" && item["message"].as_str().unwrap().contains(file);
    let named =
        items.iter().any(|item| item["severity"] == "damage" && (item["path"] == path || contradicts(item)));
    (code != Some(19) || !named).then(|| format!("{what} of `{path}`: exit code {code:?}, {items:?}"))
}

type Harm = fn(&Path, &[u8]);

const HARMS: [(&str, Harm); 9] = [
    ("a flipped bit", |path, bytes| {
        let mut bytes = bytes.to_vec();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        write(path, &bytes);
    }),
    ("a flipped last bit", |path, bytes| {
        let mut bytes = bytes.to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        write(path, &bytes);
    }),
    ("half the content", |path, bytes| write(path, &bytes[..bytes.len() / 2])),
    ("no content", |path, _| write(path, b"")),
    ("an added line", |path, bytes| write(path, &[bytes, b"\n"].concat())),
    ("no file", |path, _| std::fs::remove_file(path).unwrap()),
    ("a page of zeros", |path, bytes| {
        let mut bytes = bytes.to_vec();
        let page = bytes.len().min(4096);
        bytes[..page].fill(0);
        write(path, &bytes);
    }),
    ("its content twice", |path, bytes| write(path, &[bytes, bytes].concat())),
    ("another file's content", |path, _| {
        let siblings = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let sibling =
            siblings.map(|entry| entry.unwrap().path()).find(|other| other.is_file() && other != path);
        write(path, &sibling.map_or_else(|| b"another".to_vec(), |sibling| std::fs::read(sibling).unwrap()));
    }),
];

fn every_file() {
    let bench = Bench::new();
    let template = template(&bench);
    let files = files(&template);
    for (what, harm) in HARMS {
        let mut cases = Cases::of("D1", what);
        for (number, path) in files.iter().enumerate() {
            cases.run(&number.to_string(), || {
                let root = bench.copy(&template);
                let bytes = std::fs::read(root.join(path)).unwrap();
                harm(&root.join(path), &bytes);
                let unnamed = named(&bench, &root, path, what);
                demand(Wrong::Unnamed, unnamed.is_none(), || unnamed.unwrap_or_default())?;
                // Whatever is wrong, no verb breaks down.
                for verb in [&["list"][..], &["show", "kept"], &["audit", "verify"]] {
                    let outcome = bench.run(&root, verb);
                    demand(Wrong::Died, matches!(outcome.code, Some(0 | 2 | 10 | 13 | 18 | 19)), || {
                        format!("{verb:?} after {what} of `{}`: {outcome:?}", path.display())
                    })?;
                }
                std::fs::remove_dir_all(&root).unwrap();
                Ok(())
            });
        }
        cases.finish(15);
    }
    // Nothing is lost by a mode, but whoever may write here can change what is trusted.
    let mut cases = Cases::of("D1", "a mode");
    for (number, path) in files.iter().enumerate() {
        cases.run(&number.to_string(), || {
            let root = bench.copy(&template);
            std::fs::set_permissions(root.join(path), PermissionsExt::from_mode(0o666)).unwrap();
            let (code, items) = bench.check(&root);
            let is_it = |item: &Value| item["kind"] == "mode" && item["path"] == path.to_str().unwrap();
            let named = code == Some(0) && items.iter().any(is_it);
            demand(Wrong::Unnamed, named, || format!("mode of {}: {code:?} {items:?}", path.display()))
        });
    }
    cases.finish(15);
    bench.say(&format!("{} kinds of damage to {} files", HARMS.len() + 1, files.len()));
}

fn extra_files() {
    let bench = Bench::new();
    let template = template(&bench);
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for file in files(&template) {
        folders.extend(
            file.ancestors().skip(1).filter(|folder| !folder.as_os_str().is_empty()).map(Path::to_owned),
        );
    }
    let mut cases = Cases::of("D1", "an extra file");
    for (number, folder) in folders.iter().enumerate() {
        for name in ["extra.txt", "00000009.json.orig", ".hidden"] {
            cases.run(&format!("{number}:{name}"), || {
                let root = bench.copy(&template);
                let path = folder.join(name);
                write(&root.join(&path), b"extra\n");
                let told = named(&bench, &root, &path, "an extra file");
                std::fs::remove_dir_all(&root).unwrap();
                demand(Wrong::Unnamed, told.is_none(), || told.unwrap_or_default())
            });
        }
    }
    cases.finish(12);
}

/// Files that are whole, but not the ones that belong there.
fn exchanged_files() {
    let mut cases = Cases::of("D1", "an older file");
    let bench = Bench::new();
    let template = template(&bench);
    let versions: Vec<PathBuf> = files(&template)
        .into_iter()
        .filter(|path| path.starts_with("derived/kept") && path.ends_with("dataset.json"))
        .collect();
    let [one, other] = versions.as_slice() else { panic!("{versions:?}") };
    for file in ["data.parquet", "covariance.npy", "dataset.json", "provenance.json"] {
        let root = bench.copy(&template);
        let target = one.with_file_name(file);
        std::fs::copy(root.join(other.with_file_name(file)), root.join(&target)).unwrap();
        // Both versions may hold the same bytes; then nothing is exchanged.
        let same =
            std::fs::read(root.join(&target)).unwrap() == std::fs::read(template.join(&target)).unwrap();
        let told = named(&bench, &root, &target, "the file of another version").filter(|_| !same);
        cases.run(file, || demand(Wrong::Unnamed, told.is_none(), || told.unwrap_or_default()));
    }
    let records = Path::new("registry/derived/kept");
    let root = bench.copy(&template);
    std::fs::copy(root.join(records.join("00000001.json")), root.join(records.join("00000003.json")))
        .unwrap();
    let told = named(&bench, &root, &records.join("00000003.json"), "an older record");
    cases.run("record", || demand(Wrong::Unnamed, told.is_none(), || told.unwrap_or_default()));

    // The log without its last line is whole in itself.
    let root = bench.copy(&template);
    let log = Path::new("registry/audit/audit.jsonl");
    let text = std::fs::read_to_string(root.join(log)).unwrap();
    let shorter: Vec<&str> = text.lines().take(text.lines().count() - 1).collect();
    write(&root.join(log), (shorter.join("\n") + "\n").as_bytes());
    let (code, items) = bench.check(&root);
    let told = code == Some(19) && items.iter().any(|item| item["kind"] == "audit-broken");
    cases.run("log", || demand(Wrong::Unnamed, told, || format!("{items:?}")));
    assert_eq!(bench.run(&root, &["audit", "verify"]).code, Some(19));

    // A line in the middle is gone, or two have changed places.
    let lines: Vec<&str> = text.lines().collect();
    for order in [&[0, 2, 3][..], &[0, 2, 1, 3]] {
        let edited: Vec<&str> = order.iter().map(|line| lines[*line]).collect();
        write(&root.join(log), (edited.join("\n") + "\n").as_bytes());
        let told = named(&bench, &root, log, "an edited log");
        cases.run(&format!("log:{}", order.len()), || {
            demand(Wrong::Unnamed, told.is_none(), || told.unwrap_or_default())
        });
        assert_eq!(bench.run(&root, &["audit", "verify"]).code, Some(19));
    }
    cases.finish(8);
}

/// Reading verbs refuse damaged content, and preparing again puts it right.
fn never_used() {
    let bench = Bench::new();
    let template = template(&bench);
    let path = bench.run(&template, &["path", "kept"]).stdout;
    let version = Path::new(path.trim()).strip_prefix(&template).unwrap().to_owned();
    for file in ["data.parquet", "covariance.npy", "dataset.json"] {
        let root = bench.copy(&template);
        let path = root.join(&version).join(file);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x10;
        write(&path, &bytes);
        let output = bench.path("export");
        for verb in [
            &["export", "kept", "--format", "csv", "--output", output.to_str().unwrap()][..],
            &["validate", "kept"],
        ] {
            let outcome = bench.run(&root, verb);
            assert_eq!(outcome.code, Some(19), "{file}: {outcome:?}");
            assert!(outcome.stderr.contains(file) && outcome.stderr.contains("hint: "), "{outcome:?}");
            assert_eq!(tree(&output).len(), 0);
        }
        // The other dataset is as good as ever.
        assert_eq!(bench.run(&root, &["validate", "other"]).code, Some(0));
        let again =
            ["prepare", "--plugin", "light_curve", "--name", "kept", "--force", "--isolation", "in-process"];
        let outcome = bench.run(&root, &again);
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let (code, items) = bench.check(&root);
        assert!(code == Some(0) && items.iter().all(|item| item["kind"] == "quarantined"), "{items:?}");
        assert_eq!(bench.run(&root, &["validate", "kept"]).code, Some(0));
    }
}

fn index() {
    let bench = Bench::new();
    let template = template(&bench);
    let (_, before) = bench.run_json(&template, &["list"]);
    let index = Path::new("registry/index.sqlite");
    assert!(template.join(index).is_file());
    let mut harms: Vec<(&str, Harm)> = HARMS.to_vec();
    harms.push(("text", |path, _| write(path, b"this is no database")));
    harms.push(("the first bytes", |path, bytes| write(path, &bytes[..100])));
    for (what, harm) in harms {
        let root = bench.copy(&template);
        let bytes = std::fs::read(root.join(index)).unwrap();
        harm(&root.join(index), &bytes);
        let (code, report) = bench.run_json(&root, &["check"]);
        assert_eq!(code, Some(0), "{what}: {report:#}");
        let (code, list) = bench.run_json(&root, &["list"]);
        assert_eq!(code, Some(0), "{what}: {list:#}");
        assert_eq!(names(&list), names(&before), "{what}");
        assert_eq!(bench.run(&root, &["registry", "rebuild"]).code, Some(0), "{what}");
        assert_eq!(bench.check(&root), (Some(0), vec![]), "{what}");
    }
}

fn names(list: &Value) -> Vec<(&Value, &Value)> {
    let datasets = list.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    datasets.iter().map(|dataset| (&dataset["name"], &dataset["version"])).collect()
}
