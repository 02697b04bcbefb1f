//! Data roots and content for the tests of this folder.

#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::{DataRoot, DatasetName, Outcome, Registration, Registry, Selection, check};
use crate::dataset::EncodedFile;
use crate::digest::Digest;
use crate::error::Result;

/// A data root of its own.
pub(super) struct Fixture {
    _directory: tempfile::TempDir,
    pub(super) registry: Registry,
}

/// Content with its version.
pub(super) struct Content {
    pub(super) version: Digest,
    pub(super) files: Vec<EncodedFile>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = DataRoot::create(directory.path().join("data")).unwrap();
        Self { _directory: directory, registry: Registry::open(root).with_wait(Duration::from_secs(20)) }
    }

    /// Registers content number `content` by recipe number `recipe`.
    pub(super) fn register(&self, name: &str, recipe: u64, number: u64) -> Result<Outcome> {
        register(&self.registry, name, recipe, number)
    }

    pub(super) fn select(&self, name: &str, recipe: u64, number: u64) -> Result<Outcome> {
        self.registry.select(&Selection {
            name: &DatasetName::new(name)?,
            recipe: recipe_of(recipe),
            version: content(number).version,
            actor: "test",
            now: "2026-01-02T00:00:00Z".to_owned(),
        })
    }

    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.registry.root().path().join(relative)
    }

    /// A file of content number `number` of a dataset.
    pub(super) fn file(&self, name: &str, number: u64, file: &str) -> PathBuf {
        self.registry.version_directory(&self::name(name), &content(number).version).join(file)
    }

    pub(super) fn check(&self) -> check::Report {
        check::check(self.registry.root(), true).unwrap()
    }

    /// Kinds and paths of what `check` finds.
    pub(super) fn found(&self) -> Vec<(super::ItemKind, String)> {
        self.check().items.into_iter().map(|item| (item.kind, item.path)).collect()
    }

    #[track_caller]
    pub(super) fn assert_clean(&self) {
        assert_eq!(self.check().items, []);
        assert!(self.registry.audit().verify().unwrap().intact());
    }

    /// Every file below the data root, in order.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        collect(self.registry.root().path(), &mut files);
        files.sort();
        files
    }
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { collect(&path, files) } else { files.push(path) }
    }
}

pub(super) fn register(registry: &Registry, name: &str, recipe: u64, number: u64) -> Result<Outcome> {
    let content = content(number);
    let registration = Registration {
        name: &DatasetName::new(name)?,
        recipe: recipe_of(recipe),
        version: content.version,
        files: &content.files,
        provenance: provenance(recipe),
        execution: serde_json::Value::Null,
        actor: "test",
        now: "2026-01-01T00:00:00Z".to_owned(),
    };
    registry.register(&registration, None)
}

pub(super) fn name(name: &str) -> DatasetName {
    DatasetName::new(name).unwrap()
}

pub(super) fn recipe_of(number: u64) -> Digest {
    Digest::of(format!("recipe {number}").as_bytes())
}

pub(super) fn provenance(recipe: u64) -> Value {
    json!({"recipe": recipe, "seconds": 1.5e-3})
}

pub(super) fn content(number: u64) -> Content {
    let table = format!("table {number}").repeat(3).into_bytes();
    let matrix = number.to_le_bytes().to_vec();
    let document = json!({
        "title": format!("Title {number}"),
        "module": {"id": "module", "version": "1.2.3"},
        "output": "output",
        "metadata": {"quality_score": 0.125},
        "tables": [{"name": "data", "file": "data.parquet", "rows": 13, "sha256": Digest::of(&table), "bytes": table.len()}],
        "matrices": [{"name": "m", "file": "m.npy", "sha256": Digest::of(&matrix), "bytes": matrix.len()}],
    });
    let document = document.to_string().into_bytes();
    let version = Digest::of(&document);
    let file = |name: &str, bytes| EncodedFile::new(name.to_owned(), bytes);
    let files = vec![file("data.parquet", table), file("m.npy", matrix), file("dataset.json", document)];
    Content { version, files }
}

pub(super) fn flip(path: &Path, place: usize, bit: u8) {
    let mut bytes = fs_err::read(path).unwrap();
    let length = bytes.len();
    bytes[place % length] ^= 1 << (bit % 8);
    fs_err::write(path, bytes).unwrap();
}
