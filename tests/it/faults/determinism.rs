//! The same recipes give the same bytes, wherever, whenever and however they run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use tests::{Outcome, Sandbox, fixture, tree};

use crate::matrix::{Cases, Random, Wrong, demand};
use crate::trial;

pub(super) fn trials() -> Vec<Trial> {
    vec![trial("faults::two_data_roots_hold_the_same_bytes", &[], same_bytes)]
}

const TABLE: &str = "time_day,magnitude,uncertainty_magnitude\n0,10.1,0.01\n1.5,10.3,0.02\n4,9.9,0.03\n";

const MANIFEST: &str = r#"{ "schema": "host.datasets/1", "datasets": {
    "bright": { "module": "light_curve", "inputs": { "table": { "path": "star.csv" } },
                "parameters": { "reference_magnitude": 9.5 }, "title": "Ünïcode ☄" },
    "faint": { "module": "light_curve", "inputs": { "table": { "path": "star.csv" } },
               "parameters": { "reference_magnitude": 12 } },
    "many": { "module": "hostile", "parameters": { "rows": 5000 } },
    "few": { "module": "hostile", "parameters": { "rows": 3 } },
    "published": { "module": "bao" }
} }"#;

/// How one of the data roots is made.
struct Way {
    arguments: Vec<&'static str>,
    variables: Vec<(&'static str, &'static str)>,
    /// Working directory, relative to that of the sandbox.
    directory: &'static str,
}

const NAMES: [&str; 5] = ["few", "many", "bright", "faint", "published"];

/// Runs that are compared.
const WAYS: usize = 20;

/// What chance chooses.
fn way(random: &mut Random) -> Way {
    let mut of = |choices: &[&'static str]| choices[random.below(choices.len())];
    let isolation = of(&["process", "process", "in-process"]);
    let mut arguments = vec!["--jobs", of(&["1", "2", "4", "8"]), "--isolation", isolation];
    let language = of(&["C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8", "ar_EG.UTF-8"]);
    let variables = vec![
        ("TZ", of(&["UTC", "Asia/Kolkata", "Pacific/Apia", "America/St_Johns", "right/UTC", "Nowhere"])),
        ("LANG", language),
        ("LC_ALL", language),
        ("USER", of(&["tester", "other", "Ünïcode"])),
        ("RUST_MIN_STACK", of(&["4194304", "8388608"])),
        ("COLUMNS", of(&["20", "200"])),
        ("RAYON_NUM_THREADS", of(&["1", "3"])),
    ];
    let directory = of(&[".", "somewhere/else", ".."]);
    arguments.extend(random.choose(NAMES.to_vec(), NAMES.len()));
    Way { arguments, variables, directory }
}

fn same_bytes() {
    let usual = Way { arguments: NAMES.to_vec(), variables: Vec::new(), directory: "." };
    let first = make(&usual);
    let bytes = |sandbox: &Sandbox| tree(&sandbox.data_root().join("derived"));
    let expected = bytes(&first);
    assert!(expected.len() >= 15, "{:?}", expected.keys());
    let mut random = Random::of("J1");
    let mut cases = Cases::of("J1", "derive and register");
    let mut roots = vec![first];
    for number in 1..=WAYS {
        let way = way(&mut random);
        cases.run(&number.to_string(), || {
            let sandbox = make(&way);
            let found = bytes(&sandbox);
            let paths = expected.keys().chain(found.keys());
            let different: Vec<&PathBuf> =
                paths.filter(|path| expected.get(*path) != found.get(*path)).collect();
            let told = || format!("{:?} {:?}: {different:?}", way.arguments, way.variables);
            demand(Wrong::Diverged, different.is_empty(), told)?;
            if roots.len() < 3 {
                roots.push(sandbox);
            }
            Ok(())
        });
    }
    cases.finish(WAYS);
    exports_are_equal(&roots);
}

fn make(way: &Way) -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile()).with_plugins(fixture::example());
    sandbox.write(&format!("{}/star.csv", way.directory), TABLE);
    sandbox.write(&format!("{}/datasets.json", way.directory), MANIFEST);
    let mut arguments = vec!["prepare", "--manifest", "datasets.json"];
    arguments.extend(&way.arguments);
    let mut command = sandbox.command(arguments);
    command.current_dir(sandbox.path("work").join(way.directory)).envs(way.variables.iter().copied());
    let _ = Outcome::of(&mut command).success();
    sandbox
}

fn exports_are_equal(roots: &[Sandbox]) {
    for (name, formats) in
        [("bright", &["json", "csv", "parquet", "npz"][..]), ("published", &["cobaya", "fit", "npz"])]
    {
        for format in formats {
            let export = |sandbox: &Sandbox| {
                let folder = sandbox.path(&format!("exports/{name}-{format}"));
                let _ = sandbox
                    .run(["export", name, "--format", format, "--output", folder.to_str().unwrap()])
                    .success();
                without_place(tree(&folder), &folder)
            };
            let [first, others @ ..] = roots else { unreachable!() };
            let expected = export(first);
            assert!(!expected.is_empty());
            for other in others {
                assert!(export(other) == expected, "`{name}` as {format} differs");
            }
        }
    }
}

/// An export that other programs open by its path says where it is.
fn without_place(mut files: BTreeMap<PathBuf, Vec<u8>>, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let place = folder.to_str().unwrap();
    for bytes in files.values_mut() {
        if let Ok(text) = std::str::from_utf8(bytes) {
            *bytes = text.replace(place, "PLACE").into_bytes();
        }
    }
    files
}
