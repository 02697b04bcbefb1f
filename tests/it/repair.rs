//! From damage back to what was registered: `check` names it, `prepare --from` or `registry repair` puts it right, the
//! digests are those of before, and nothing is ever deleted by it.

mod collected;
mod derived;
mod interruptions;
mod saved;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use host::digest::Digest;
use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Sandbox, tree};

use crate::backup::prepared;

pub(crate) fn trials() -> Vec<Trial> {
    [derived::trials(), saved::trials(), collected::trials(), interruptions::trials()]
        .into_iter()
        .flatten()
        .collect()
}

/// Files of `derived` with their digests, without what was set aside.
fn derived(sandbox: &Sandbox) -> BTreeMap<PathBuf, Digest> {
    let files = tree(&sandbox.data_root().join("derived")).into_iter();
    let files = files.filter(|(path, _)| !path.to_string_lossy().starts_with(".quarantine-"));
    files.map(|(path, bytes)| (path, Digest::of(&bytes))).collect()
}

/// Folders of versions, relative to the data root.
fn versions(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = derived(sandbox).into_keys().filter(|path| path.ends_with("dataset.json"));
    files.map(|path| Path::new("derived").join(path.parent().unwrap())).collect()
}

/// What is current.
fn current(sandbox: &Sandbox) -> Vec<(Value, Value)> {
    let list = sandbox.json(["list", "--all"]);
    let rows = list.pointer("/data/datasets").and_then(Value::as_array).unwrap().clone();
    rows.into_iter().map(|row| (row["name"].clone(), row["version"].clone())).collect()
}

/// What `check` calls damaged.
fn damage(sandbox: &Sandbox) -> Vec<Value> {
    let items = sandbox.json(["check"]).pointer("/data/items").and_then(Value::as_array).unwrap().clone();
    items.into_iter().filter(|item| item["severity"] == "damage").collect()
}

fn write(path: &Path, bytes: &[u8]) {
    #[expect(clippy::disallowed_methods, reason = "damage on purpose")]
    std::fs::write(path, bytes).unwrap();
}

fn flip(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(path, &bytes);
}

/// A kind of damage to the folder of a version.
type Harm = (&'static str, fn(&Path));

const HARMS: [Harm; 6] = [
    ("version-missing", |folder| std::fs::remove_dir_all(folder).unwrap()),
    ("file-missing", |folder| std::fs::remove_file(folder.join("data.parquet")).unwrap()),
    ("file-truncated", |folder| write(&folder.join("data.parquet"), b"short")),
    ("digest-mismatch", |folder| flip(&folder.join("data.parquet"))),
    ("document-edited", |folder| flip(&folder.join("dataset.json"))),
    ("provenance-edited", |folder| flip(&folder.join("provenance.json"))),
];
