//! An author with a key and packages, and an operator who installs them.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, repository, target};

/// The module's library in a version, built once.
pub(super) fn library(version: &str) -> PathBuf {
    static BUILT: OnceLock<Vec<(&str, PathBuf)>> = OnceLock::new();
    let built = BUILT.get_or_init(|| ["0.3.0", "0.4.0"].map(|version| (version, build(version))).into());
    let (_, folder) = built.iter().find(|(known, _)| *known == version).unwrap();
    folder.join("liblight_curve.so")
}

/// Builds a copy of the example with another number.
fn build(version: &str) -> PathBuf {
    if version == "0.3.0" {
        return fixture::example().to_owned();
    }
    let source = target().join(format!("fixtures/light-curve-{version}-source"));
    for (path, bytes) in tests::tree(&repository().join("examples/third-party-module")) {
        if path.starts_with("target") || path.ends_with("Cargo.lock") {
            continue;
        }
        let mut bytes = bytes;
        if path == Path::new("Cargo.toml") {
            let api = repository().join("plugin-api");
            bytes = String::from_utf8(bytes)
                .unwrap()
                .replace("version = \"0.3.0\"", &format!("version = \"{version}\""))
                .replace("../../plugin-api", api.to_str().unwrap())
                .into_bytes();
        }
        let file = source.join(path);
        if std::fs::read(&file).ok().as_deref() != Some(&bytes[..]) {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a test's own source file")]
            std::fs::write(file, bytes).unwrap();
        }
    }
    fixture::build(&source, &format!("light-curve-{version}"))
}

/// A sandbox with an author's folder, and helpers for both sides.
pub(super) struct World {
    pub(super) sandbox: Sandbox,
    /// Whether the operator's settings demand a signature.
    demands_signature: Cell<bool>,
}

impl World {
    /// An author with a key that the operator trusts.
    pub(super) fn new() -> Self {
        let world = Self { sandbox: Sandbox::new(), demands_signature: Cell::new(false) };
        world.key("author");
        world.ok(&["trust", "add", "author.pub", "--name", "author"]);
        world
    }

    /// Makes a key pair.
    pub(super) fn key(&self, name: &str) {
        let _ = self.run(&["plugin", "key", name]).success();
    }

    /// Packs a version of the module into a folder of the working directory.
    pub(super) fn pack(&self, version: &str, folder: &str, key: Option<&str>) -> String {
        let library = library(version);
        let key = key.map(|key| format!("{key}.key"));
        let mut arguments = vec!["plugin", "pack", library.to_str().unwrap(), "--output", folder];
        arguments.extend(key.iter().flat_map(|key| ["--sign", key.as_str()]));
        let _ = self.run(&arguments).success();
        format!("{folder}/light_curve-{version}.hostplugin")
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.sandbox.path("work").join(name)
    }

    /// The store of installed modules.
    pub(super) fn store(&self) -> PathBuf {
        self.sandbox.path("home/.pbuf/plugins/installed")
    }

    /// From now on only signed modules may run.
    pub(super) fn demand_signature(&self) {
        self.demands_signature.set(true);
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        if self.demands_signature.get() {
            command.env("PBUF_PLUGINS_TRUST", "signed");
        }
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// Runs the host and demands success.
    pub(super) fn ok(&self, arguments: &[&str]) -> Outcome {
        self.run(arguments).success()
    }

    /// Runs a verb with `--json` and gives its data.
    pub(super) fn data(&self, arguments: &[&str]) -> Value {
        let outcome = Outcome::of(self.command(arguments).arg("--json")).success();
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        report["data"].clone()
    }

    /// The version of the module that `prepare` uses, from the provenance of what it registered.
    pub(super) fn prepared(&self, plugin: &str, name: &str) -> String {
        let _ = self.ok(&["prepare", "--plugin", plugin, "--name", name]);
        let path = self.ok(&["path", name]).stdout;
        let document = std::fs::read_to_string(Path::new(path.trim()).join("dataset.json")).unwrap();
        let document: Value = serde_json::from_str(&document).unwrap();
        document["module"]["version"].as_str().unwrap().to_owned()
    }

    /// The module's row of `plugin list`.
    pub(super) fn row(&self) -> Value {
        let listing = self.data(&["plugin", "list"]);
        let rows = listing["modules"].as_array().unwrap();
        rows.iter().find(|row| row["origin"] == "installed").cloned().unwrap_or(Value::Null)
    }

    /// Nothing unfinished lies in the store, and its history is whole.
    pub(super) fn assert_tidy(&self) {
        let Ok(entries) = std::fs::read_dir(self.store()) else { return };
        for entry in entries {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.starts_with('.') || name == ".lock", "`{name}` was left behind");
        }
    }
}
