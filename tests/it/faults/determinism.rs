//! The same recipes give the same bytes, wherever, whenever and however they run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use libtest_mimic::Trial;
use tests::{Outcome, Sandbox, fixture, tree};

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
    arguments: &'static [&'static str],
    variables: &'static [(&'static str, &'static str)],
    /// Working directory, relative to that of the sandbox.
    directory: &'static str,
}

const WAYS: [Way; 3] = [
    Way {
        arguments: &["--jobs", "1", "few", "many", "bright", "faint", "published"],
        variables: &[],
        directory: ".",
    },
    Way {
        arguments: &["--jobs", "4", "published", "faint", "bright", "many", "few"],
        variables: &[
            ("TZ", "Asia/Kolkata"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("USER", "other"),
        ],
        directory: "somewhere/else",
    },
    Way {
        arguments: &[
            "--jobs",
            "2",
            "--isolation",
            "in-process",
            "many",
            "few",
            "published",
            "bright",
            "faint",
        ],
        variables: &[("TZ", "Pacific/Apia"), ("LANG", "C"), ("RUST_MIN_STACK", "4194304")],
        directory: "..",
    },
];

fn same_bytes() {
    let roots: Vec<Sandbox> = WAYS.iter().map(make).collect();
    let trees: Vec<_> = roots.iter().map(|sandbox| tree(&sandbox.data_root().join("derived"))).collect();
    let [first, others @ ..] = trees.as_slice() else { unreachable!() };
    assert!(first.len() >= 15, "{:?}", first.keys());
    for other in others {
        assert_eq!(first.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        let different: Vec<&PathBuf> =
            first.keys().filter(|path| first.get(*path) != other.get(*path)).collect();
        assert!(different.is_empty(), "{different:?}");
    }
    exports_are_equal(&roots);
}

fn make(way: &Way) -> Sandbox {
    let sandbox = Sandbox::new().with_plugins(fixture::hostile()).with_plugins(fixture::example());
    sandbox.write(&format!("{}/star.csv", way.directory), TABLE);
    sandbox.write(&format!("{}/datasets.json", way.directory), MANIFEST);
    let mut arguments = vec!["prepare", "--manifest", "datasets.json"];
    arguments.extend(way.arguments);
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
