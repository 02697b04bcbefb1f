//! What an operator does with a module.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use tests::tree;

use super::world::World;
use crate::fetch::server::{Server, respond, serve};

pub(super) fn whole() {
    let world = World::new();
    let old = world.pack("0.3.0", "packages", Some("author"));
    let installed = world.ok(&["plugin", "install", &old]).stdout;
    for text in ["installed light_curve 0.3.0", "by author", "derived example_star"] {
        assert!(installed.contains(text), "`{text}` is not in:\n{installed}");
    }
    world.assert_tidy();
    let row = world.row();
    assert_eq!(
        (&row["status"], &row["trust"], &row["enabled"]),
        (&"usable".into(), &"signed".into(), &true.into())
    );
    assert_eq!(world.prepared("light_curve", "first"), "0.3.0");
    let again = world.ok(&["plugin", "install", &old]).stdout;
    assert!(again.contains("already installed"), "{again}");

    assert_eq!(world.data(&["plugin", "list", "--outdated"])["outdated"][0]["outdated"], false);
    world.pack("0.4.0", "packages", Some("author"));
    let outdated = &world.data(&["plugin", "list", "--outdated"])["outdated"][0];
    assert_eq!((&outdated["current"], &outdated["newest"]), (&"0.3.0".into(), &"0.4.0".into()));
    assert_eq!(outdated["outdated"], true);
    let upgraded = world.ok(&["plugin", "upgrade", "--all"]).stdout;
    assert!(upgraded.contains("upgraded light_curve 0.3.0 -> 0.4.0"), "{upgraded}");
    assert!(world.ok(&["plugin", "upgrade", "light_curve"]).stdout.contains("is the newest"));
    assert_eq!(world.prepared("light_curve", "second"), "0.4.0");
    // Both are there side by side.
    assert_eq!(world.row()["other_versions"][0], "0.3.0");
    assert_eq!(world.prepared("light_curve@0.3.0", "aside"), "0.3.0");
    let _ = world
        .run(&["prepare", "--plugin", "light_curve@0.5.0"])
        .failure(2, &["version 0.5.0 of `light_curve` is not installed", "0.4.0, 0.3.0"]);

    let back = world.ok(&["plugin", "rollback", "light_curve"]).stdout;
    assert!(back.contains("0.4.0 -> 0.3.0"), "{back}");
    assert_eq!(world.prepared("light_curve", "third"), "0.3.0");
    let _ = world.run(&["plugin", "rollback", "light_curve"]).failure(2, &["was current before", "0.4.0"]);

    let _ = world.ok(&["plugin", "disable", "light_curve"]);
    assert_eq!(world.row()["status"], "disabled");
    let hint = "host plugin enable light_curve";
    for plugin in ["light_curve", "light_curve@0.3.0"] {
        let _ = world.run(&["prepare", "--plugin", plugin]).failure(2, &["is disabled", hint]);
    }
    let _ = world.ok(&["plugin", "enable", "light_curve"]);

    // A downgrade is called one.
    let _ = world.ok(&["plugin", "upgrade", "light_curve"]);
    assert!(world.ok(&["plugin", "install", &old]).stdout.contains("downgrade"));
    let removed = world.ok(&["plugin", "remove", "light_curve@0.3.0"]).stdout;
    assert!(removed.contains("0.4.0 is current now"), "{removed}");
    assert_eq!(world.prepared("light_curve", "fourth"), "0.4.0");
    assert!(world.ok(&["plugin", "remove", "light_curve"]).stdout.contains("no version of it is left"));
    let _ =
        world.run(&["plugin", "remove", "light_curve"]).failure(2, &["no module `light_curve` is installed"]);
    let _ = world.run(&["prepare", "--plugin", "light_curve"]).failure(2, &["no module `light_curve`"]);
    world.assert_tidy();

    let history = std::fs::read_to_string(world.store().join("history.jsonl")).unwrap();
    let lines: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let actions: Vec<&str> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    let expected = [
        "install",
        "install",
        "rollback",
        "disable",
        "enable",
        "install",
        "install",
        "remove-version",
        "remove",
    ];
    assert_eq!(actions, expected);
    assert_eq!(lines[0]["actor"], "tester");
    assert_eq!(lines[0]["details"]["signer"]["name"], "author");
    assert_eq!(lines[0]["details"]["allowed_unsigned"], false);
    assert_eq!(lines[1]["previous_sha256"], lines[0]["sha256"]);
}

/// Printed and kept is the same moment, also when nothing had to be done.
pub(super) fn moment() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    for outcome in ["installed", "already-installed"] {
        let printed = &world.data(&["plugin", "install", &package])["modules"][0];
        assert_eq!(printed["outcome"], outcome);
        let receipt = std::fs::read(world.store().join("light_curve/receipt.json")).unwrap();
        let receipt: Value = serde_json::from_slice(&receipt).unwrap();
        assert_eq!(printed["installed_at"], receipt["versions"]["0.3.0"]["installed_at"]);
    }
}

pub(super) fn folder() {
    let world = World::new();
    std::fs::create_dir(world.path("packages")).unwrap();
    let _ = world.run(&["plugin", "install", "packages"]).failure(16, &["there is no package in `packages`"]);
    let _ = world.run(&["plugin", "index", "packages"]).failure(16, &["there is no package"]);
    let _ = world.run(&["plugin", "install", "nowhere"]).failure(16, &["nowhere"]);
    for version in ["0.3.0", "0.4.0"] {
        world.pack(version, "packages", Some("author"));
    }
    // Anything else that lies about is no reason to stop.
    let _ = world.sandbox.write("packages/broken.hostplugin", "no package");
    let _ = world.ok(&["plugin", "install", "packages"]);
    assert_eq!(world.row()["version"], "0.4.0");
}

/// A newline in the path of the package ended `plugin lock` with 1.
pub(super) fn odd_folder() {
    let world = World::new();
    let package = world.pack("0.3.0", "new\nline", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let _ = world.ok(&["plugin", "lock", "light_curve"]);
    let lock = std::fs::read_to_string(world.path("plugins.lock")).unwrap();
    let source = lock.lines().find(|line| line.starts_with("source")).unwrap();
    assert!(source.contains("nline/light_curve-0.3.0.hostplugin"), "{lock}");
    let _ = world.ok(&["plugin", "lock", "--check", "light_curve"]);
    let _ = world.ok(&["plugin", "install", "--locked", &package]);
}

/// Another file of the same id took its place without a word.
pub(super) fn disabled() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let _ = world.ok(&["plugin", "install", &package]);
    let other = world.sandbox.path("home/.pbuf/plugins/liblight_curve.so");
    std::fs::copy(super::world::library("0.3.0"), &other).unwrap();
    let flag = ["--plugin-dir", world.path("more").to_str().unwrap()].map(str::to_owned);
    std::fs::create_dir(&flag[1]).unwrap();
    std::fs::copy(&other, world.path("more/liblight_curve.so")).unwrap();
    let _ = world.ok(&["plugin", "disable", "light_curve"]);
    let texts = [
        "module `light_curve` is disabled",
        "host plugin enable light_curve",
        "--plugin ",
        "liblight_curve.so",
    ];
    let by_id = ["prepare", "--plugin", "light_curve"];
    let _ = world.run(&by_id).failure(2, &texts);
    let _ = world.run(&[&by_id[..], &[&flag[0], &flag[1]]].concat()).failure(2, &texts);
    let listing = world.data(&["plugin", "list"]);
    let rows = listing["modules"].as_array().unwrap().iter().filter(|row| row["id"] == "light_curve");
    let statuses: Vec<&str> = rows.map(|row| row["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["disabled", "disabled"]);
    // Whoever names the file means it.
    assert_eq!(world.prepared(other.to_str().unwrap(), "first"), "0.3.0");
    let _ = world.ok(&["plugin", "enable", "light_curve"]);
    assert_eq!(world.prepared("light_curve", "second"), "0.3.0");
}

/// Serves a folder; the answers do not change afterwards.
pub(super) fn server_of(folder: &std::path::Path) -> Server {
    let folder: PathBuf = folder.to_owned();
    Server::start(move |stream, request, _| {
        let files: BTreeMap<PathBuf, Vec<u8>> = tree(&folder);
        match files.get(std::path::Path::new(request.path.trim_start_matches('/'))) {
            Some(content) => serve(stream, request, content),
            None => respond(stream, "404 Not Found", &["Content-Length: 0"], b""),
        }
    })
}

pub(super) fn server() {
    let world = World::new();
    world.pack("0.3.0", "packages", Some("author"));
    let server = server_of(&world.path("packages"));
    let _ = world
        .run(&["plugin", "install", &server.url("")])
        .failure(21, &["index.json", "host plugin index DIR"]);
    let _ =
        world.run(&["plugin", "install", "http://example.org/x.hostplugin"]).failure(2, &["only `https`"]);
    // A package by its own address, with the signature beside it.
    let _ = world.ok(&["plugin", "install", &server.url("light_curve-0.3.0.hostplugin")]);
    assert_eq!(world.row()["trust"], "signed");
    let outdated = &world.data(&["plugin", "list", "--outdated"])["outdated"][0];
    assert_eq!(outdated["newest"], Value::Null);
    assert!(outdated["unknown"].as_str().unwrap().contains("no index"), "{outdated}");
    let _ = world.run(&["plugin", "upgrade", "light_curve"]).failure(16, &["nobody knows"]);
    // An index beside it.
    world.pack("0.4.0", "packages", Some("author"));
    let indexed = world.ok(&["plugin", "index", "packages"]).stdout;
    assert!(indexed.contains("light_curve-0.4.0.hostplugin") && indexed.contains("signed"), "{indexed}");
    let index: Value =
        serde_json::from_slice(&std::fs::read(world.path("packages/index.json")).unwrap()).unwrap();
    assert_eq!(index["schema"], "host.plugin-index/1");
    assert_eq!(index["packages"][1]["signature"], "light_curve-0.4.0.hostplugin.minisig");
    let dry = world.ok(&["plugin", "upgrade", "light_curve", "--dry-run"]).stdout;
    assert!(dry.contains("would switch light_curve 0.3.0 -> 0.4.0"), "{dry}");
    assert_eq!(world.row()["version"], "0.3.0");
    let _ = world.ok(&["plugin", "upgrade", "light_curve"]);
    assert_eq!(world.prepared("light_curve", "first"), "0.4.0");
    // The whole index, from nothing.
    let _ = world.ok(&["plugin", "remove", "light_curve"]);
    let _ = world.ok(&["plugin", "install", &server.url("")]);
    assert_eq!(world.row()["version"], "0.4.0");
    // A source that is gone is no failure of a listing.
    std::fs::remove_dir_all(world.path("packages")).unwrap();
    assert!(world.ok(&["plugin", "list", "--outdated"]).stdout.contains("no index"));
}

pub(super) fn dry_run() {
    let world = World::new();
    let package = world.pack("0.3.0", "packages", Some("author"));
    let before = tree(&world.sandbox.path("home"));
    let said = world.ok(&["plugin", "install", "--dry-run", &package]).stdout;
    assert!(said.contains("would install light_curve 0.3.0"), "{said}");
    assert_eq!(tree(&world.sandbox.path("home")), before);
    world.assert_tidy();
}

pub(super) fn together() {
    let world = World::new();
    let packages = ["0.3.0", "0.4.0"].map(|version| world.pack(version, "packages", Some("author")));
    let running: Vec<_> = (0..8)
        .map(|number| {
            let mut command = world.sandbox.command(["plugin", "install", &packages[number % 2]]);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let row = world.row();
    assert_eq!(row["status"], "usable");
    assert_eq!(row["other_versions"].as_array().unwrap().len(), 1);
    // Every switch that took place is one line, and each follows the one before.
    let history = std::fs::read_to_string(world.store().join("history.jsonl")).unwrap();
    let lines: Vec<Value> = history.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for pair in lines.windows(2) {
        assert_eq!(pair[1]["previous_sha256"], pair[0]["sha256"]);
        assert_eq!(
            format!("light_curve {}", pair[1]["details"]["before"].as_str().unwrap()),
            pair[0]["subject"]
        );
    }
    world.assert_tidy();
}
