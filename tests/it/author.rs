//! The way of a module's author: from `plugin new` to a registered dataset of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use libtest_mimic::Trial;
use serde_json::Value;
use tests::{Outcome, Sandbox, fixture, repository, target};

use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("author::a_minimal_module_works_as_it_is_written", &[], || as_written("minimal")),
        trial("author::a_table_module_works_as_it_is_written", &[], || as_written("table")),
        trial("author::a_covariance_module_works_as_it_is_written", &[], || as_written("covariance")),
        trial("author::a_strangers_own_data_take_less_than_60_lines", &[], walk),
        trial("author::a_crate_is_built_and_tested_by_its_folder", &[], by_folder),
        trial("author::what_cannot_be_written_is_refused_with_what_to_type", &[], refusals),
        trial("author::a_wrong_module_fails_a_check_and_the_host_survives", &[], wrong),
        trial("author::a_digest_that_no_result_has_is_named_with_the_right_one", &[], wrong_digest),
        trial("author::the_third_party_example_passes", &[], example),
    ]
}

/// The target directory of all crates of these tests: their names differ, their dependencies do not.
const BUILT: &str = "author";

/// Writes a module below the working directory, with the versions that the repository locks.
fn new(sandbox: &Sandbox, name: &str, template: &str) -> PathBuf {
    let interface = repository().join("plugin-api");
    let _ = sandbox
        .run(["plugin", "new", name, "--template", template, "--plugin-api", interface.to_str().unwrap()])
        .success();
    let folder = sandbox.path("work").join(name);
    std::fs::copy(repository().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    folder
}

fn cargo(folder: &Path, arguments: &[&str]) -> Outcome {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).args(arguments).env_remove("RUSTFLAGS").env("CARGO_PROFILE_DEV_DEBUG", "none");
    cargo.env("CARGO_TARGET_DIR", target().join("fixtures").join(BUILT));
    Outcome::of(&mut cargo)
}

fn built(folder: &Path, name: &str) -> PathBuf {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    fixture::build(folder, BUILT).join(format!("{prefix}{name}{suffix}"))
}

/// The host with a module beside no others.
fn with(sandbox: Sandbox, library: &Path) -> Sandbox {
    let folder = sandbox.path("modules");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::copy(library, folder.join(library.file_name().unwrap())).unwrap();
    sandbox.with_plugins(&folder)
}

fn as_written(template: &str) {
    let sandbox = Sandbox::new();
    let name = format!("written_{template}");
    let folder = new(&sandbox, &name, template);
    let _ = cargo(&folder, &["fmt", "--check"]).success();
    let _ = cargo(&folder, &["test", "--offline", "--quiet"]).success();
    let _ = cargo(&folder, &["clippy", "--offline", "--quiet", "--all-targets", "--", "-D", "warnings"])
        .success();
    let library = built(&folder, &name);
    let sandbox = with(sandbox, &library);
    let tested = sandbox.run(["plugin", "test", library.to_str().unwrap()]).success();
    assert!(tested.stdout.contains("13 checks, 13 ok, 0 failed"), "{tested:?}");
    let prepared = sandbox.json(["prepare", "--plugin", &name]);
    assert_eq!(prepared.pointer("/data/datasets/0/status").unwrap(), "prepared", "{prepared:#}");
    let _ = sandbox.run(["show", &format!("{name}_example")]).success();
}

const OWN_CODE: &str = r#"#![forbid(unsafe_code)]
use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};

#[derive(Default)]
struct Fluxes;

impl DerivationModule for Fluxes {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        _parameters: &Parameters,
        _context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let table = inputs.require("table")?.table()?;
        let covariance = inputs.require("covariance")?.matrix(table.rows())?;
        let data = Table::new("data")
            .column("row_id", table.row_numbers())
            .column("time", table.numbers_in("time", "d")?)
            .column("flux", table.numbers_in("flux", "mJy")?)
            .column("uncertainty", covariance.standard_deviations())
            .build();
        Ok(Derived::new("fluxes").table(data).matrix(covariance))
    }
}

plugin_api::export_module! {
    module: Fluxes,
    descriptor: "../module.json",
    files: ["../data/fluxes.csv", "../data/errors.csv"],
}

#[cfg(test)]
plugin_api::conformance!(Fluxes);
"#;

const OWN_DESCRIPTION: &str = r#"{
  "schema": "host.module/1", "id": "quasar", "title": "Fluxes of a quasar",
  "inputs": [
    { "role": "table", "required": true, "meaning": "CSV with the columns time [d] and flux [mJy]" },
    { "role": "covariance", "required": true, "meaning": "covariance of the fluxes, mJy²" }
  ],
  "outputs": { "fluxes": {
    "tables": [{ "name": "data", "row_id": "row_id", "columns": [
      { "name": "row_id", "type": "utf8", "meaning": "number of the row" },
      { "name": "time", "type": "float64", "unit": "d", "meaning": "time since discovery" },
      { "name": "flux", "type": "float64", "unit": "mJy", "meaning": "flux density at 5 GHz", "greater_than": 0 },
      { "name": "uncertainty", "type": "float64", "unit": "mJy", "meaning": "standard deviation" }
    ] }],
    "matrices": [{ "name": "covariance", "rows_of": "data", "symmetric": true, "positive_definite": true,
                   "diagonal_is_square_of": "uncertainty" }]
  } },
  "bundled": [{
    "name": "quasar_first_week", "title": "The first week",
    "inputs": {
      "table": { "file": "../data/fluxes.csv", "sha256": "" },
      "covariance": { "file": "../data/errors.csv", "sha256": "" }
    },
    "result_sha256": ""
  }]
}
"#;

const FLUXES: &str = "# 5 GHz\r\ntime [d],flux [mJy]\r\n0.5,1.25\r\n\"1.5\",1.5\r\n6.0,1.125\r\n";
const ERRORS: &str = "0.04,0.01,0\n0.01,0.09,0.02\n0,0.02,0.16\n";

fn walk() {
    let sandbox = Sandbox::new();
    let folder = new(&sandbox, "quasar", "covariance");
    std::fs::remove_dir_all(folder.join("data")).unwrap();
    let (description, manifest) =
        (folder.join("module.json"), std::fs::read(folder.join("Cargo.toml")).unwrap());
    let _ = sandbox.write("quasar/src/lib.rs", OWN_CODE);
    let _ = sandbox.write("quasar/data/fluxes.csv", FLUXES);
    let _ = sandbox.write("quasar/data/errors.csv", ERRORS);

    // The digests are what the failing checks say.
    let mut text = OWN_DESCRIPTION.to_owned();
    let _ = sandbox.write("quasar/module.json", &text);
    let first = cargo(&folder, &["test", "--offline", "--quiet"]);
    assert_ne!(first.code, Some(0), "{first:?}");
    for (file, said) in [
        ("\"../data/fluxes.csv\", \"sha256\": \"", "file `../data/fluxes.csv` has sha256 "),
        ("\"../data/errors.csv\", \"sha256\": \"", "file `../data/errors.csv` has sha256 "),
        ("\"result_sha256\": \"", "write \"result_sha256\": \""),
    ] {
        let digest = &first.stdout.split_once(said).unwrap_or_else(|| panic!("{first:?}")).1[..64];
        text = text.replace(file, &format!("{file}{digest}"));
    }
    let _ = sandbox.write("quasar/module.json", &text);
    let _ = cargo(&folder, &["test", "--offline", "--quiet"]).success();

    // Everything that is not as `plugin new` wrote it: the code with its one line of tests, and the description.
    let own = [folder.join("src/lib.rs"), description].map(|path| std::fs::read_to_string(path).unwrap());
    let lines = own.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()).count();
    assert!(lines < 60, "{lines} lines");
    let code = tests::tree(&folder.join("src"));
    assert!(manifest == std::fs::read(folder.join("Cargo.toml")).unwrap() && code.len() == 1, "{code:?}");

    let library = built(&folder, "quasar");
    let sandbox = with(sandbox, &library);
    let table = sandbox.write("mine.csv", "flux [mJy];time [d]\n2.5;10\n2.25;11\n");
    let covariance = sandbox.write("mine.cov", "2\n0.25 0.0625\n0.0625 0.25\n");
    let input = |role: &str, path: &Path| format!("{role}={}", path.display());
    let (table, covariance) = (input("table", &table), input("covariance", &covariance));
    let inputs = ["--input", &table, "--input", &covariance];
    let prepare = |name| [&["prepare", "--plugin", "quasar", "--name", name][..], &inputs].concat();
    let _ = sandbox.run(prepare("mine")).success();
    let shown = sandbox.run(["show", "mine"]).success();
    assert!(shown.stdout.contains("mJy") && shown.stdout.contains("covariance"), "{shown:?}");
    let exported = sandbox.path("exported");
    let _ =
        sandbox.run(["export", "mine", "--format", "csv", "--output", exported.to_str().unwrap()]).success();
    let files = tests::tree(&exported);
    assert!(files.values().any(|bytes| String::from_utf8_lossy(bytes).contains("2.25")), "{files:?}");

    let wrong = sandbox.write("wrong.csv", "time [d],flux [Jy]\n10,2.5\n11,2.25\n");
    let wrong = input("table", &wrong);
    let arguments =
        ["prepare", "--plugin", "quasar", "--name", "wrong", "--input", &wrong, "--input", &covariance];
    let texts =
        ["input `table`, line 1, field 2: column `flux` is in `Jy`, expected `mJy`", "hint: convert the"];
    let _ = sandbox.run(arguments).failure(16, &texts);
}

fn by_folder() {
    let sandbox = Sandbox::new();
    let _ = new(&sandbox, "by_folder", "minimal");
    let mut command = sandbox.command(["plugin", "test", "by_folder", "--json"]);
    let tools = Path::new(env!("CARGO")).parent().unwrap();
    let home = std::env::home_dir().unwrap();
    let given: Vec<_> =
        std::env::vars_os().filter(|(name, _)| name == "CARGO_HOME" || name == "RUSTUP_HOME").collect();
    command
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", tools.display()))
        .env("CARGO_HOME", home.join(".cargo"))
        .env("RUSTUP_HOME", home.join(".rustup"))
        .envs(given)
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_PROFILE_DEV_DEBUG", "none")
        .env("CARGO_TARGET_DIR", target().join("fixtures").join(BUILT));
    let outcome = Outcome::of(&mut command).success();
    let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(report.pointer("/data/id").unwrap(), "by_folder");
    let checks = report.pointer("/data/checks").unwrap().as_array().unwrap();
    assert!(checks.len() == 13 && checks.iter().all(|check| check["passed"] == true), "{report:#}");

    let _ = sandbox.write("by_folder/src/lib.rs", "fn broken(");
    let _ = Outcome::of(&mut command).failure(16, &["unclosed delimiter"]);
}

fn refusals() {
    let sandbox = Sandbox::new();
    let usage = |arguments: &[&str], texts: &[&str]| {
        let _ = sandbox.run(arguments).failure(2, texts);
    };
    let hint = "hint: type `host plugin new match_module`";
    usage(&["plugin", "new", "match"], &["a module cannot be called `match`", hint]);
    usage(&["plugin", "new", "../escape"], &["hint: type `host plugin new escape`"]);
    let outside = sandbox.path("home");
    let other = ["plugin", "new", "a", "--plugin-api", outside.to_str().unwrap()];
    usage(&other, &["is not the folder of `plugin-api`", "Cargo.toml", "hint: give the folder"]);
    assert_eq!(std::fs::read_dir(sandbox.path("work")).unwrap().count(), 0);

    let _ = sandbox.run(["plugin", "new", "mine"]).success();
    let before = tests::tree(&sandbox.path("work"));
    assert!(!before[Path::new("mine/Cargo.toml")].windows(4).any(|bytes| bytes == b"path"));
    usage(&["plugin", "new", "mine"], &["`mine` is there already", "hint: choose another name"]);
    assert_eq!(tests::tree(&sandbox.path("work")), before);

    usage(&["plugin", "test", "nowhere.so"], &["there is no library `nowhere.so`", "hint: give the path"]);
    let outcome = sandbox.run(["plugin", "test", "."]);
    let _ = outcome.failure(16, &["holds no crate", "hint: ", "library that is built already"]);
    let text = sandbox.write("text.so", "no library");
    let _ = sandbox
        .run(["plugin", "test", text.to_str().unwrap()])
        .failure(13, &["not a readable shared library"]);
}

/// Puts a deed in front of everything that the template derives, without the ban on `unsafe` that would refuse it.
fn spoil(sandbox: &Sandbox, name: &str, deed: &str) -> PathBuf {
    let folder = new(sandbox, name, "minimal");
    let code = std::fs::read_to_string(folder.join("src/lib.rs")).unwrap();
    let first = "let table = inputs";
    assert!(code.contains(first));
    let code = code.replace("#![forbid(unsafe_code)]", "").replacen(first, &format!("{deed}\n{first}"), 1);
    let _ = sandbox.write(&format!("{name}/src/lib.rs"), code);
    built(&folder, name)
}

fn wrong() {
    let sandbox = Sandbox::new();
    let checked = |library: &Path, more: &[&str]| {
        let arguments = [&["plugin", "test", library.to_str().unwrap()][..], more].concat();
        let (code, report) = sandbox.run_json(&arguments);
        assert_eq!(code, Some(3), "{report:#}");
        assert_eq!(report.pointer("/error/code").unwrap(), "check-failed");
        let checks = report.pointer("/data/checks").unwrap().as_array().unwrap().clone();
        // What only reads the description is not touched by what the code does.
        assert_eq!(checks[0]["passed"], true, "{report:#}");
        let contract = checks.iter().find(|check| check["check"] == "examples_keep_the_contract").unwrap();
        contract["faults"].to_string()
    };
    let panics = spoil(&sandbox, "wrong_panic", "if !inputs.iter().any(|_| false) { panic!(\"as asked\") }");
    let fault = checked(&panics, &[]);
    assert!(fault.contains("panicked at src/lib.rs:") && fault.contains("as asked"), "{fault}");
    let text = sandbox.run(["plugin", "test", panics.to_str().unwrap()]).failure(3, &["fails ", "hint: "]);
    assert!(text.stdout.contains("FAILED  examples_keep_the_contract"), "{text:?}");

    let loops =
        spoil(&sandbox, "wrong_loop", "while inputs.get(\"table\").is_some() { std::hint::spin_loop() }");
    let fault = checked(&loops, &["--timeout", "2"]);
    assert!(
        fault.contains(
            "module `wrong_loop` did not finish within 2 s; to allow more, give `--timeout SECONDS`"
        ),
        "{fault}"
    );

    let deed =
        "if inputs.get(\"table\").is_some() { unsafe { std::ptr::null_mut::<u8>().write_volatile(1) } }";
    let fault = checked(&spoil(&sandbox, "wrong_pointer", deed), &[]);
    assert!(fault.contains("module `wrong_pointer` was ended by signal 11 (SIGSEGV)"), "{fault}");

    let fault = checked(&spoil(&sandbox, "wrong_exit", "std::process::exit(0);"), &[]);
    assert!(fault.contains("module `wrong_exit` ended with exit code 0"), "{fault}");
}

fn wrong_digest() {
    let sandbox = Sandbox::new();
    let folder = new(&sandbox, "wrong_digest", "table");
    let description = std::fs::read_to_string(folder.join("module.json")).unwrap();
    let (before, digest) = description.split_once("\"result_sha256\": \"").unwrap();
    let digest = &digest[..64];
    let other = "0".repeat(64);
    let changed = format!("{before}\"result_sha256\": \"{other}\"\n  }}]\n}}\n");
    let _ = sandbox.write("wrong_digest/module.json", changed);
    let library = built(&folder, "wrong_digest");
    let outcome = sandbox.run(["plugin", "test", library.to_str().unwrap()]).failure(3, &["1 of 13 checks"]);
    let told = format!("write \"result_sha256\": \"{digest}\"");
    assert!(outcome.stdout.contains(&told), "{outcome:?}");
}

fn example() {
    let (prefix, suffix) = (std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let library = fixture::example().join(format!("{prefix}light_curve{suffix}"));
    let outcome = Sandbox::new().run(["plugin", "test", library.to_str().unwrap()]).success();
    assert!(outcome.stdout.contains("tried on `example_star`, `example_star_faint`"), "{outcome:?}");
}
