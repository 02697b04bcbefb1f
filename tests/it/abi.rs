//! The boundary between host and modules: versions side by side, and whatever lies in the search path.

use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use serde_json::{Value, json};
use tests::{Outcome, Sandbox, fixture};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("abi::older_and_newer_minor_versions_load", &[], minor_versions),
        trial("abi::another_major_version_is_refused_in_one_line", &[], major_version),
        trial("abi::another_layout_is_refused_in_one_line", &[], layout),
        trial("abi::many_modules_run_side_by_side_in_one_process", &[], side_by_side),
        trial("abi::every_module_of_the_path_is_verified", &[], verified),
        trial("abi::a_refusal_does_not_spoil_the_others", &[], refusal_beside_others),
        trial("abi::list_info_and_dry_run_load_nothing", &[], nothing_is_loaded),
        trial("abi::whatever_lies_in_the_path_is_listed_as_what_it_is", &[], search_path),
        trial("abi::no_flipped_bit_hides_another_module", &[], flipped_bits),
        trial("abi::one_id_twice_is_shadowed_or_refused", &[], one_id_twice),
        trial("abi::what_is_no_file_is_listed_as_broken", &[], odd_entries),
    ]
}

/// A batch of bundled datasets, one for each module.
fn manifest(sandbox: &Sandbox, modules: &[&str]) -> PathBuf {
    let entries: Vec<String> =
        modules.iter().map(|module| format!(r#""{module}": {{ "module": "{module}" }}"#)).collect();
    let text = format!(r#"{{ "schema": "host.datasets/1", "datasets": {{ {} }} }}"#, entries.join(", "));
    sandbox.write("datasets.json", text)
}

fn statuses(report: &Value) -> Vec<(&str, &str)> {
    let datasets = report.pointer("/data/datasets").and_then(Value::as_array).unwrap();
    datasets.iter().map(|item| (item["name"].as_str().unwrap(), item["status"].as_str().unwrap())).collect()
}

fn minor_versions() {
    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    for (id, api) in [("api_1_0", "1.0"), ("api_1_1", "1.1"), ("api_1_3", "1.3")] {
        let information = sandbox.json(["plugin", "info", id]);
        assert!(information.to_string().contains(&format!(r#""api":"{api}""#)), "{information}");
        for isolation in ["process", "in-process"] {
            let name = format!("{id}-{isolation}");
            let arguments = ["prepare", "--plugin", id, "--name", &name, "--isolation", isolation];
            let _ = sandbox.run(arguments).success();
        }
    }
}

fn major_version() {
    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    for isolation in ["process", "in-process"] {
        let trace = sandbox.write("trace/.keep", "");
        let mut command = sandbox.command(["prepare", "--plugin", "api_2_0", "--isolation", isolation]);
        command.env("MODULE_TRACE", trace.parent().unwrap());
        let outcome = Outcome::of(&mut command);
        let texts = ["`api_2_0`", "plugin-api 2.0", "this host speaks 1.2", "install a newer host"];
        refused_in_one_line(&outcome.failure(13, &texts));
        assert!(!trace.with_file_name("api_2_0").exists(), "it was loaded before its version was looked at");
    }
}

fn layout() {
    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    for isolation in ["process", "in-process"] {
        let outcome = sandbox.run(["prepare", "--plugin", "api_changed", "--isolation", isolation]);
        let texts = ["`api_changed`", "plugin-api 1.2", "this host speaks 1.2", "rebuild the module"];
        refused_in_one_line(&outcome.failure(13, &texts));
    }
}

/// A message, at most a hint, and not a page of type descriptions.
fn refused_in_one_line(outcome: &Outcome) {
    let error = outcome.stderr.lines().next().unwrap();
    assert!(error.starts_with("error: ") && error.len() < 300, "{error}");
    assert!(
        outcome.stderr.lines().filter(|line| !line.is_empty() && !line.starts_with("hint: ")).count() == 1
    );
    assert!(outcome.stderr.len() < 600, "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("error(s)"), "{}", outcome.stderr);
}

fn side_by_side() {
    let modules = ["api_1_0", "api_1_1", "api_1_3", "bao", "hostile", "light_curve"];
    for order in [modules.to_vec(), modules.into_iter().rev().collect()] {
        let sandbox = Sandbox::new()
            .with_plugins(fixture::api_versions())
            .with_plugins(fixture::hostile())
            .with_plugins(fixture::example());
        let manifest = manifest(&sandbox, &modules);
        let mut arguments = vec!["prepare", "--isolation", "in-process", "--jobs", "1", "--manifest"];
        arguments.push(manifest.to_str().unwrap());
        arguments.extend(&order);
        let (code, report) = sandbox.run_json(&arguments);
        let expected: Vec<(&str, &str)> = order.iter().map(|name| (*name, "prepared")).collect();
        assert_eq!(statuses(&report), expected, "{report:#}");
        assert_eq!(code, Some(0));
    }
}

fn verified() {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile()).with_plugins(fixture::example());
    let (code, report) = sandbox.run_json(["plugin", "verify"]);
    assert_eq!(code, Some(0), "{report:#}");
    let modules = report.pointer("/data/modules").and_then(Value::as_array).unwrap();
    let ids: Vec<&str> = modules.iter().filter_map(|module| module["id"].as_str()).collect();
    assert!(["hostile", "light_curve", "bao"].iter().all(|id| ids.contains(id)), "{ids:?}");

    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    let (code, report) = sandbox.run_json(["plugin", "verify"]);
    assert_eq!(code, Some(13), "{report:#}");
    let modules = report.pointer("/data/modules").and_then(Value::as_array).unwrap();
    let failed = modules.iter().filter(|module| module.get("error").is_some());
    let failed: Vec<&str> = failed.filter_map(|module| module["id"].as_str()).collect();
    assert_eq!(failed, ["api_2_0", "api_changed"]);
}

fn refusal_beside_others() {
    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    let modules = ["api_2_0", "api_changed", "api_1_0", "api_1_3"];
    let manifest = manifest(&sandbox, &modules);
    let mut arguments = vec!["prepare", "--isolation", "in-process", "--jobs", "1", "--manifest"];
    arguments.push(manifest.to_str().unwrap());
    arguments.extend(modules);
    let (code, report) = sandbox.run_json(&arguments);
    let ends = ["failed", "failed", "prepared", "prepared"];
    assert_eq!(statuses(&report), modules.into_iter().zip(ends).collect::<Vec<_>>(), "{report:#}");
    assert_eq!(code, Some(4));
}

fn nothing_is_loaded() {
    let sandbox = Sandbox::new().with_plugins(fixture::api_versions());
    let trace = sandbox.write("trace/.keep", "").parent().unwrap().to_owned();
    let traced = |arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        command.env("MODULE_TRACE", &trace);
        let _ = Outcome::of(&mut command).success();
        trace.join("api_1_0").exists()
    };
    assert!(!traced(&["plugin", "list"]));
    assert!(!traced(&["plugin", "info", "api_1_0"]));
    assert!(!traced(&["prepare", "--plugin", "api_1_0", "--dry-run"]));
    assert!(!traced(&["list", "--help"]));
    // The module does tell when it is loaded; else none of the above would mean anything.
    assert!(traced(&["prepare", "--plugin", "api_1_0", "--isolation", "in-process"]));
    std::fs::remove_file(trace.join("api_1_0")).unwrap();
    assert!(!traced(&["prepare", "--plugin", "api_1_0"]), "a known recipe needs no module");
    assert!(!traced(&["validate", "api_1_0"]));
    assert!(!traced(&["check"]));
}

/// Rows of `plugin list` by file name: status and reason.
fn listing(sandbox: &Sandbox) -> Vec<(String, String, String)> {
    let (code, report) = sandbox.run_json(["plugin", "list"]);
    assert_eq!(code, Some(0), "{report:#}");
    let _ = sandbox.run(["plugin", "list"]).success();
    let rows = report.pointer("/data/modules").and_then(Value::as_array).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter()
        .map(|row| {
            let path = PathBuf::from(text(row, "path"));
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            (file, text(row, "status"), text(row, "reason"))
        })
        .collect()
}

fn hostile_library() -> PathBuf {
    fixture::hostile().join(format!("libhostile.{}", std::env::consts::DLL_EXTENSION))
}

fn bytes_of(library: &Path) -> Vec<u8> {
    std::fs::read(library).unwrap()
}

/// A shared library that this very process uses, and that is no module.
fn foreign_library() -> Option<PathBuf> {
    let mapped = std::fs::read_to_string("/proc/self/maps").ok()?;
    let path = mapped
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .find(|path| path.contains("/libc"))?;
    Some(PathBuf::from(path))
}

fn search_path() {
    let extension = std::env::consts::DLL_EXTENSION;
    let folder = Sandbox::new();
    let library = bytes_of(&hostile_library());
    let file = |name: &str, bytes: &[u8]| folder.write(&format!("modules/{name}.{extension}"), bytes);
    let mut expected = Vec::new();
    let mut expect = |name: &str, status: &'static str, reason: &'static str| {
        expected.push((format!("{name}.{extension}"), status, reason));
    };
    file("empty", b"");
    expect("empty", "broken", "not a readable shared library");
    if let Some(foreign) = foreign_library() {
        file("foreign", &bytes_of(&foreign));
        expect("foreign", "broken", "a shared library, but not a module");
    }
    file("half", &library[..library.len() / 2]);
    expect("half", "broken", "not a readable shared library");
    file("header", &library[..64]);
    expect("header", "broken", "not a readable shared library");
    let at = library.windows(16).position(|window| window == b"host.section/001").unwrap();
    let mut newer = library.clone();
    newer[at + 15] = b'9';
    file("newer-section", &newer);
    expect("newer-section", "broken", "the module's embedded description is damaged");
    let id = library.windows(15).position(|window| window == br#""id": "hostile""#).unwrap();
    let mut renamed = library.clone();
    renamed[id + 7..id + 14].copy_from_slice(b"../evil");
    file("renamed", &renamed);
    expect("renamed", "broken", "`../evil` is no module id");
    file("text", b"this is no library\n");
    expect("text", "broken", "not a readable shared library");
    // What is no library by its name is nobody's business.
    folder.write("modules/notes.txt", "notes");
    folder.write("modules/whole.bak", &library);
    file("whole", &library);
    expect("whole", "usable", "");

    let missing = folder.path("work/missing");
    let sandbox = Sandbox::new().with_plugins(&folder.path("work/modules"));
    // A flag must name a folder; a setting may name one that is not there yet.
    let setting = json!({"plugins": {"directories": [missing]}}).to_string();
    sandbox.write("../home/.pbuf/data_preparation_config.json", setting);
    let rows = listing(&sandbox);
    for (name, status, reason) in &expected {
        let row = rows.iter().find(|(file, ..)| file == name);
        let (_, found, why) = row.unwrap_or_else(|| panic!("`{name}` is hidden: {rows:#?}"));
        assert_eq!(found, status, "{name}: {why}");
        assert!(why.contains(reason), "{name}: {why}");
    }
    assert!(!rows.iter().any(|(file, ..)| file == "notes.txt" || file == "whole.bak"), "{rows:#?}");
    let (_, status, reason) = rows.iter().find(|(file, ..)| file == "missing").unwrap();
    assert_eq!(status, "broken");
    assert!(reason.contains("missing"), "{reason}");

    // The broken ones hide nothing, and a name that none has is refused with what was found in place of it.
    let _ = sandbox.run(["prepare", "--plugin", "hostile"]).success();
    let _ = sandbox.run(["plugin", "info", "hostile"]).success();
    let _ =
        sandbox.run(["plugin", "info", "hostle"]).failure(2, &["no module `hostle`", "hostile", "text.so"]);
    let half = folder.path(&format!("work/modules/half.{extension}"));
    let _ =
        sandbox.run(["prepare", "--plugin", half.to_str().unwrap()]).failure(13, &["half", "shared library"]);
}

fn flipped_bits() {
    let extension = std::env::consts::DLL_EXTENSION;
    let library = bytes_of(&hostile_library());
    let section = library.windows(16).position(|window| window == b"host.section/001").unwrap();
    // The header, the tables behind everything else, the embedded section, and anywhere.
    let near = |start: usize, step: usize| (0..6).map(move |index| start + index * step);
    let end = library.len() - 1;
    let places: Vec<usize> =
        near(4, 9).chain(near(section, 13)).chain(near(end - 3000, 491)).chain(near(70, end / 7)).collect();
    let folder = Sandbox::new();
    for (index, place) in places.iter().enumerate() {
        let mut damaged = library.clone();
        damaged[*place] ^= 1 << (index % 8);
        folder.write(&format!("modules/flipped-{index:02}.{extension}"), damaged);
    }
    let sandbox = Sandbox::new().with_plugins(&folder.path("work/modules")).with_plugins(fixture::example());
    let rows = listing(&sandbox);
    let flipped: Vec<_> = rows.iter().filter(|(file, ..)| file.starts_with("flipped-")).collect();
    assert_eq!(flipped.len(), places.len());
    assert!(rows.iter().any(|(file, status, _)| file.starts_with("liblight_curve") && status == "usable"));
    for (file, status, reason) in flipped {
        assert!(
            reason.lines().count() <= 1 && (status == "usable" || !reason.is_empty()),
            "{file} {status} {reason}"
        );
    }
    let _ = sandbox.run(["prepare", "--plugin", "light_curve"]).success();
}

fn one_id_twice() {
    let extension = std::env::consts::DLL_EXTENSION;
    let library = bytes_of(&hostile_library());
    let folder = Sandbox::new();
    let first = folder.write(&format!("one/first.{extension}"), &library);
    let second = folder.write(&format!("two/second.{extension}"), &library);
    let sandbox =
        Sandbox::new().with_plugins(&folder.path("work/one")).with_plugins(&folder.path("work/two"));
    let rows = listing(&sandbox);
    assert!(rows.iter().any(|(file, status, _)| file.starts_with("first") && status == "usable"));
    assert!(rows.iter().any(|(file, status, why)| {
        file.starts_with("second") && status == "shadowed" && why.contains(first.to_str().unwrap())
    }));
    let plan = sandbox.json(["prepare", "--plugin", "hostile", "--dry-run"]);
    assert_eq!(plan.pointer("/data/plans/0/module/path").unwrap(), first.to_str().unwrap());

    // In one directory neither is the first.
    let twin = second.with_file_name(format!("twin.{extension}"));
    std::fs::copy(&first, &twin).unwrap();
    let sandbox = Sandbox::new().with_plugins(&folder.path("work/two"));
    let names = ["second", "twin"];
    let rows = listing(&sandbox);
    assert!(names.iter().all(|name| rows.iter().any(|(file, ..)| file.starts_with(name))), "{rows:#?}");
    let texts = ["two files in one directory are module `hostile`", "second.", "twin.", "--plugin PATH"];
    let _ = sandbox.run(["prepare", "--plugin", "hostile"]).failure(2, &texts);
    let _ = sandbox.run(["plugin", "info", "hostile"]).failure(2, &texts);
    let _ = sandbox.run(["prepare", "--plugin", twin.to_str().unwrap()]).success();
}

/// A link that leads nowhere, and a folder with the name of a library.
fn odd_entries() {
    let extension = std::env::consts::DLL_EXTENSION;
    let folder = Sandbox::new();
    let lost = folder.write("modules/notes.txt", "").with_file_name(format!("lost.{extension}"));
    std::os::unix::fs::symlink(folder.path("work/nothing"), &lost).unwrap();
    folder.write(&format!("modules/folder.{extension}/file"), "");
    let rows = listing(&Sandbox::new().with_plugins(&folder.path("work/modules")));
    for name in ["lost", "folder"] {
        let row = rows.iter().find(|(file, ..)| file.starts_with(name));
        assert!(row.is_some_and(|(_, status, _)| status == "broken"), "`{name}` is hidden: {rows:#?}");
    }
}
