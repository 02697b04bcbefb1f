//! The likelihood of every release at two cosmologies, from exported files alone.

use std::io::Write;
use std::process::Stdio;

use serde_json::{Map, Value, json};
use tests::needs::python;
use tests::{Sandbox, repository};

use super::exported;
use super::releases::{RELEASES, SIX_DEGREE_FIELD, SIX_DEGREE_FIELD_RESCALE, document};

/// How far a likelihood may be from the oracle's, relative.
pub(crate) const TOLERANCE: f64 = 1e-8;

/// Entries of `oracle.json` with the names they are prepared under.
type Entries = Vec<(String, String)>;

/// numpy and scipy on what every format holds; the numbers in it are those of the published file, bit for bit.
pub(super) fn with_numpy() {
    let sandbox = Sandbox::new();
    let entries = prepare_all(&sandbox);
    let jobs: Vec<Value> = entries
        .iter()
        .map(|(entry, name)| {
            let formats = ["cobaya", "npz", "json", "csv", "fit"];
            for format in formats {
                exported(&sandbox, name, format);
            }
            let published: Map<String, Value> = RELEASES
                .iter()
                .filter(|release| release.oracle == Some(entry))
                .flat_map(|release| release.files.iter().map(|(role, _)| (*role, release.file(role))))
                .map(|(role, file)| (role.to_owned(), json!(file)))
                .collect();
            let directory = sandbox.path("it's an export");
            json!({"name": name, "directory": directory, "formats": formats, "published": published})
        })
        .collect();
    let answer = run(&sandbox, "oracle.py", &json!({"cosmologies": cosmologies(), "jobs": jobs}));
    for (entry, name) in &entries {
        for (format, found) in answer[name].as_object().unwrap() {
            compare(entry, format, found);
        }
    }
}

/// Cobaya's own `bao.generic` on the block that was exported.
pub(super) fn with_cobaya() {
    let sandbox = Sandbox::new();
    let entries = prepare_all(&sandbox);
    let jobs: Vec<Value> = entries
        .iter()
        .map(|(_, name)| {
            exported(&sandbox, name, "cobaya");
            json!({"name": name, "yaml": sandbox.path("it's an export").join(format!("{name}.yaml"))})
        })
        .collect();
    let task = json!({"cosmologies": cosmologies(), "packages": sandbox.path("packages"), "jobs": jobs});
    let answer = run(&sandbox, "with_cobaya.py", &task);
    for (entry, name) in &entries {
        compare(entry, "cobaya itself", &answer[name]);
    }
}

/// Prepares what every BAO entry of the oracle stands for, each from its files by flags.
fn prepare_all(sandbox: &Sandbox) -> Entries {
    let oracle = document("oracle.json");
    let known = oracle["public"].as_object().unwrap();
    let mut entries = Entries::new();
    for entry in known.keys().filter(|entry| entry.starts_with("bao.")) {
        let name = entry.trim_start_matches("bao.").to_owned();
        let mut arguments;
        if let Some(release) = RELEASES.iter().find(|release| release.oracle == Some(entry)) {
            arguments = release.prepare(&name);
        } else {
            assert_eq!(entry, "bao.sixdf_2011_bao", "no files are known for this entry of the oracle");
            let mean = sandbox.write("six_degree_field.txt", SIX_DEGREE_FIELD);
            arguments = ["prepare", "--plugin", "bao", "--name", &name].map(str::to_owned).to_vec();
            arguments.extend(["--input".to_owned(), format!("mean={}", mean.display())]);
            arguments.extend(["--param".to_owned(), format!("rd_rescale={SIX_DEGREE_FIELD_RESCALE}")]);
        }
        let _ = sandbox.run(arguments).success();
        entries.push((entry.clone(), name));
    }
    assert_eq!(entries.len(), 21);
    entries
}

pub(crate) fn cosmologies() -> Value {
    document("oracle.json")["cosmologies"].clone()
}

pub(crate) fn compare(entry: &str, format: &str, found: &Value) {
    let oracle = document("oracle.json");
    let labels: Vec<String> = oracle["cosmologies"].as_object().map(Map::keys).unwrap().cloned().collect();
    assert_eq!(labels, ["A", "B"]);
    for label in labels {
        let expected = &oracle["public"][entry][&label];
        let expected = expected.get("minus2lnL").or(expected.get("chi2")).and_then(Value::as_f64).unwrap();
        let found = found[&label].as_f64().unwrap_or(f64::NAN);
        let difference = ((found - expected) / expected).abs();
        assert!(
            difference <= TOLERANCE,
            "{entry} as {format} at {label}: {found}, expected {expected}, off by {difference:.1e}"
        );
    }
}

/// Runs a script of `tests/peers` once, with its task on standard input.
pub(crate) fn run(sandbox: &Sandbox, script: &str, task: &Value) -> Value {
    let mut child = std::process::Command::new(python())
        .arg(repository().join("tests/peers").join(script))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("HOME", sandbox.path("home"))
        .current_dir(sandbox.path("work"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The task is small and read whole before anything is written, so the pipes cannot block each other.
    child.stdin.take().unwrap().write_all(task.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {error}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|fault| panic!("{script}: {fault}\n{error}"))
}
