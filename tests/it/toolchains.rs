//! Modules built otherwise than the host: each gives the same dataset, or is refused in one line that says why.

use std::path::Path;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::fixture::{self, Toolchain};
use tests::{Outcome, Sandbox};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("toolchains::other_profiles_give_the_same_dataset", &[], profiles),
        trial("toolchains::a_module_that_aborts_is_refused_inside_the_host_alone", &[], aborting),
        trial("toolchains::another_arrow_inside_the_module_changes_nothing", &[], another_arrow),
        trial("toolchains::another_allocator_inside_the_module_changes_nothing", &[], another_allocator),
        trial("toolchains::another_target_is_refused_before_it_is_loaded", &[], another_target),
        trial("toolchains::a_missing_processor_feature_is_refused_before_it_is_loaded", &[], missing_feature),
    ]
}

const OPTIMISED: Toolchain = (
    "optimised",
    &[
        ("CARGO_PROFILE_DEV_OPT_LEVEL", "3"),
        ("CARGO_PROFILE_DEV_DEBUG_ASSERTIONS", "false"),
        ("CARGO_PROFILE_DEV_OVERFLOW_CHECKS", "false"),
    ],
);
const SMALL: Toolchain = (
    "small",
    &[
        ("CARGO_PROFILE_DEV_OPT_LEVEL", "s"),
        ("CARGO_PROFILE_DEV_LTO", "fat"),
        ("CARGO_PROFILE_DEV_CODEGEN_UNITS", "1"),
        ("CARGO_PROFILE_DEV_STRIP", "symbols"),
    ],
);
const DEBUGGABLE: Toolchain =
    ("debuggable", &[("CARGO_PROFILE_DEV_DEBUG", "full"), ("CARGO_PROFILE_DEV_OPT_LEVEL", "0")]);
const ABORTING: Toolchain = ("aborting", &[("CARGO_PROFILE_DEV_PANIC", "abort")]);

/// Prepares the bundled dataset of a module and returns its version.
fn version(folder: &Path, module: &str, isolation: &str) -> String {
    let sandbox = Sandbox::new().with_plugins(folder);
    let (code, answer) = sandbox.run_json(["prepare", "--plugin", module, "--isolation", isolation]);
    assert_eq!(code, Some(0), "{}: {answer:#}", folder.display());
    answer.pointer("/data/datasets/0/dataset/version").and_then(Value::as_str).unwrap().to_owned()
}

fn profiles() {
    let expected = version(fixture::example(), "light_curve", "process");
    for toolchain in [OPTIMISED, SMALL, DEBUGGABLE] {
        let folder = fixture::built_otherwise(toolchain);
        for isolation in ["process", "in-process"] {
            assert_eq!(version(&folder, "light_curve", isolation), expected, "{} {isolation}", toolchain.0);
        }
    }
}

fn aborting() {
    let folder = fixture::built_otherwise(ABORTING);
    let expected = version(fixture::example(), "light_curve", "process");
    assert_eq!(version(&folder, "light_curve", "process"), expected);
    let sandbox = Sandbox::new().with_plugins(&folder);
    let refused = sandbox.run(["prepare", "--plugin", "light_curve", "--isolation", "in-process"]);
    refused_in_one_line(
        &refused.failure(13, &["`light_curve` ends the process when it panics", "--isolation process"]),
    );
}

fn another_arrow() {
    let [plain, arrow, _] = fixture::arrow_and_allocator();
    assert!(contains(arrow, "arrow-array-58"), "there is no other Arrow in it");
    assert!(!contains(plain, "arrow-array-"));
    same_as_plain(plain, arrow);
}

fn another_allocator() {
    let [plain, _, allocator] = fixture::arrow_and_allocator();
    assert!(contains(allocator, "mimalloc: "), "there is no other allocator in it");
    assert!(!contains(plain, "mimalloc: "));
    same_as_plain(plain, allocator);
}

fn same_as_plain(plain: &Path, other: &Path) {
    let expected = version(plain, "companions", "process");
    for isolation in ["process", "in-process"] {
        assert_eq!(version(other, "companions", isolation), expected, "{isolation}");
    }
}

/// Whether the library of a folder holds a text: the panic messages and symbols of a crate that is in it.
fn contains(folder: &Path, text: &str) -> bool {
    let library =
        std::fs::read(folder.join(format!("libcompanions.{}", std::env::consts::DLL_EXTENSION))).unwrap();
    library.windows(text.len()).any(|window| window == text.as_bytes())
}

fn another_target() {
    let sandbox = with_manifest(|manifest| {
        let (before, rest) = manifest.split_once(r#""target":""#).unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        format!(r#"{before}"target":"m68k-unknown-none"{after}"#)
    });
    refused(
        &sandbox,
        &["`light_curve` was built for `m68k-unknown-none`", "rebuild the module for this system"],
    );
}

#[cfg(target_arch = "x86_64")]
fn missing_feature() {
    // In a few processors of 2012 and no other.
    let sandbox = with_manifest(|manifest| {
        let (before, rest) = manifest.split_once(r#""target_features":""#).unwrap();
        let (_, after) = rest.split_once('"').unwrap();
        format!(r#"{before}"target_features":"sse2,tbm"{after}"#)
    });
    refused(&sandbox, &["`light_curve` uses the processor feature `tbm`", "rebuild the module without it"]);
}

#[cfg(not(target_arch = "x86_64"))]
fn missing_feature() {}

/// The example with another manifest in its section; nothing else of the file changes.
fn with_manifest(change: impl FnOnce(&str) -> String) -> Sandbox {
    let file = format!("liblight_curve.{}", std::env::consts::DLL_EXTENSION);
    let mut library = std::fs::read(fixture::example().join(&file)).unwrap();
    let start = find(&library, br#"{"schema":"host.manifest/1""#);
    let end = start + find(&library[start..], b"}") + 1;
    let manifest = change(std::str::from_utf8(&library[start..end]).unwrap());
    assert!(manifest.len() <= end - start, "there is no room for `{manifest}`");
    // What is shorter is filled up with what JSON ignores.
    let padded = format!("{manifest:<width$}", width = end - start);
    library[start..end].copy_from_slice(padded.as_bytes());
    let sandbox = Sandbox::new();
    let folder = sandbox.write(&format!("modules/{file}"), library).parent().unwrap().to_owned();
    sandbox.with_plugins(&folder)
}

fn find(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}

fn refused(sandbox: &Sandbox, texts: &[&str]) {
    let listed = sandbox.json(["plugin", "list"]).to_string();
    assert!(listed.contains(r#""status":"incompatible""#), "{listed}");
    for isolation in ["process", "in-process"] {
        let outcome = sandbox.run(["prepare", "--plugin", "light_curve", "--isolation", isolation]);
        refused_in_one_line(&outcome.failure(13, texts));
    }
}

/// One line, and at most a hint.
pub(crate) fn refused_in_one_line(outcome: &Outcome) {
    let lines: Vec<&str> =
        outcome.stderr.lines().filter(|line| !line.is_empty() && !line.starts_with("hint: ")).collect();
    assert!(
        lines.len() == 1 && lines[0].starts_with("error: ") && lines[0].len() < 300,
        "{}",
        outcome.stderr
    );
}
