//! Snapshots: what is saved comes back byte for byte, what is damaged is named, and a kill at any moment harms nothing.

mod concurrency;
mod damage;
mod encrypted;
mod interruptions;
mod retention;
mod whole;

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::Sandbox;

pub(crate) fn trials() -> Vec<Trial> {
    [
        whole::trials(),
        damage::trials(),
        encrypted::trials(),
        retention::trials(),
        concurrency::trials(),
        interruptions::trials(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A data root with two datasets, one of them with two versions.
pub(crate) fn prepared() -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(tests::fixture::example());
    for (name, magnitude) in [("one", "10"), ("one", "11"), ("other", "12")] {
        let parameter = format!("reference_magnitude={magnitude}");
        let _ = sandbox
            .run(["prepare", "--plugin", "light_curve", "--name", name, "--param", &parameter])
            .success();
    }
    sandbox
}

/// The same with a repository that holds one snapshot.
fn saved() -> (Sandbox, String) {
    let sandbox = prepared();
    let _ = sandbox.run(["backup", "init"]).success();
    let id = create(&sandbox);
    (sandbox, id)
}

fn create(sandbox: &Sandbox) -> String {
    let (code, created) = sandbox.run_json(["backup", "create"]);
    assert_eq!(code, Some(0), "{created:#}");
    created.pointer("/data/id").and_then(Value::as_str).unwrap().to_owned()
}

/// What `backup check` found: kinds and paths.
fn findings(report: &Value) -> Vec<(String, String)> {
    let found = report.pointer("/data/findings").and_then(Value::as_array).unwrap();
    let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
    found.iter().map(|item| (text(item, "kind"), text(item, "path"))).collect()
}

/// What says something: neither locks nor the index.
fn content(root: &Path) -> std::collections::BTreeMap<std::path::PathBuf, Vec<u8>> {
    let mut files = tests::tree(root);
    files.retain(|path, _| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        (path.starts_with("derived") || path.starts_with("registry"))
            && name != ".lock"
            && !name.starts_with("index.sqlite")
    });
    files
}

/// Writes a file of a test.
fn write(path: &Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
    std::fs::write(path, bytes).unwrap();
}
