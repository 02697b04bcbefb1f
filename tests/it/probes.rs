//! The public datasets of every module's catalogue: found by digest, prepared, mutated, held against the oracle.

mod likelihood;
mod mutations;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use libtest_mimic::Trial;
use serde_json::{Map, Value};
use tests::needs::{Need, releases};
use tests::{Sandbox, repository, tree};

use crate::reference::releases::{document, sha256};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    use Need::{Cobaya, Numpy, Releases};
    vec![
        trial("probes::every_published_file_is_in_a_catalogue", &[Releases], every_file),
        trial("probes::every_dataset_is_fetched_and_prepared", &[Releases], fetched_and_prepared),
        trial("probes::likelihoods_follow_from_the_exports", &[Releases, Numpy], likelihood::with_numpy),
        trial("probes::cobaya_reads_the_supernovae", &[Releases, Cobaya], likelihood::with_cobaya),
        trial("probes::every_release_mutated_is_refused", &[Releases], mutations::refused),
        trial("probes::every_release_dressed_otherwise_is_the_same", &[Releases], mutations::the_same),
        trial("probes::every_release_with_a_changed_byte_is_untrusted", &[Releases], mutations::untrusted),
    ]
}

/// A dataset of a catalogue, with the bytes of its files.
pub(crate) struct Published {
    pub(crate) name: String,
    pub(crate) module: String,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) parameters: Map<String, Value>,
}

/// The catalogues as they stand in the modules' sources, by module.
fn catalogues() -> BTreeMap<String, Value> {
    let plugins = std::fs::read_dir(repository().join("plugins")).unwrap();
    let catalogue = |folder: PathBuf| {
        let text = std::fs::read_to_string(folder.join("catalogue.json")).ok()?;
        let module = folder.file_name().unwrap().to_str().unwrap().to_owned();
        Some((module, serde_json::from_str(&text).unwrap()))
    };
    plugins.filter_map(|entry| catalogue(entry.unwrap().path())).collect()
}

/// Every published file by its digest.
fn by_digest() -> &'static BTreeMap<String, Vec<u8>> {
    static FILES: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();
    FILES.get_or_init(|| {
        let files = tree(&releases().join("cosmology"));
        files.into_values().map(|bytes| (sha256(&bytes), bytes)).collect()
    })
}

/// Every dataset of every catalogue.
pub(crate) fn published() -> Vec<Published> {
    let mut all = Vec::new();
    for (module, catalogue) in catalogues() {
        for (name, entry) in catalogue["datasets"].as_object().unwrap() {
            let file = |(role, input): (&String, &Value)| {
                let bytes = match input["bundled"].as_str() {
                    // The path is relative to the module's `src`.
                    Some(path) => {
                        let folder = repository().join("plugins").join(&module).join("src");
                        std::fs::read(folder.join(Path::new(path))).unwrap()
                    }
                    None => by_digest()[input["sha256"].as_str().unwrap()].clone(),
                };
                (role.clone(), bytes)
            };
            all.push(Published {
                name: name.clone(),
                module: module.clone(),
                files: entry["inputs"].as_object().unwrap().iter().map(file).collect(),
                parameters: entry["parameters"].as_object().cloned().unwrap_or_default(),
            });
        }
    }
    assert!(all.len() > 40, "{} datasets", all.len());
    all
}

/// What is published beside the data, and read by one program alone.
const SETTINGS_OF_A_PROGRAM: &str = ".dataset";

/// Addresses, digests and sizes are those of the published files, and no file is left out by the module of its probe.
fn every_file() {
    let document = document("MANIFEST.json");
    let files = document.as_array().unwrap();
    let text = |file: &Value, key: &str| file[key].as_str().unwrap_or_default().to_owned();
    let address = |file: &Value| {
        let repository = text(file, "repo");
        let path = repository.strip_prefix("github.com/")?;
        let (commit, file) = (text(file, "commit"), text(file, "path"));
        Some(format!("https://raw.githubusercontent.com/{path}/{commit}/{file}"))
    };
    let mut rest: BTreeSet<(String, String)> = files
        .iter()
        // What was typed from a paper has no address, and travels inside the module in a form of its own.
        .filter(|file| address(file).is_some() && !text(file, "file").ends_with(SETTINGS_OF_A_PROGRAM))
        .map(|file| (text(file, "probe"), text(file, "file")))
        .collect();
    assert!(rest.len() > 60, "{} files", rest.len());
    for (module, catalogue) in catalogues() {
        for (name, entry) in catalogue["datasets"].as_object().unwrap() {
            for (role, input) in entry["inputs"].as_object().unwrap() {
                let Some(url) = input["url"].as_str() else { continue };
                let file = files.iter().find(|file| address(file).as_deref() == Some(url));
                let file = file.unwrap_or_else(|| panic!("{name} {role}: {url}"));
                let (found, expected) =
                    ((&input["sha256"], &input["bytes"]), (&file["sha256"], &file["bytes"]));
                assert_eq!(found, expected, "{name} {role}");
                rest.remove(&(module.clone(), text(file, "file")));
            }
        }
    }
    assert!(rest.is_empty(), "in no catalogue of their module: {rest:?}");
}

/// `fetch --from` takes the files by digest, `prepare NAME…` finds module, files and parameters by itself.
fn fetched_and_prepared() {
    let sandbox = Sandbox::new();
    let folder = releases().join("cosmology");
    let _ = sandbox.run(["fetch", "--all", "--from", folder.to_str().unwrap()]).success();
    let published = published();
    let states = |expected: &str| {
        let list = sandbox.json(["dataset", "list"]);
        let datasets = list.pointer("/data/datasets").and_then(Value::as_array).unwrap();
        for dataset in &published {
            let found = datasets.iter().find(|found| found["name"] == dataset.name.as_str());
            let found = found.unwrap_or_else(|| panic!("`{}` is not listed", dataset.name));
            assert_eq!(found["state"], expected, "{found}");
        }
    };
    states("fetched");
    let names = published.iter().map(|dataset| dataset.name.as_str());
    let arguments: Vec<&str> = ["prepare", "--jobs", "2"].into_iter().chain(names).collect();
    let _ = sandbox.run(arguments).success();
    states("prepared");
    let _ = sandbox.run(["check"]).success();
}
