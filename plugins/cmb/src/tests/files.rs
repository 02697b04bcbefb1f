//! The descriptor, the catalogue and the bundled files.

use plugin_api::{Descriptor, ExportContent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{DESI, LCDM, LCDM_INVERSE, LCDM_TABLE, priors, run};
use crate::quantity::Quantity;
use crate::releases::{self, BASE_RELEASE};

const BUNDLED: [(&str, &str); 4] = [
    ("../bundled/planck2018_distance_priors_lcdm.txt", LCDM),
    ("../bundled/planck2018_distance_priors_lcdm_inverse_covariance.txt", LCDM_INVERSE),
    ("../bundled/planck2018_distance_priors_lcdm_table.csv", LCDM_TABLE),
    ("../bundled/desi_dr2_cmb_compression.txt", DESI),
];

fn descriptor() -> Descriptor {
    serde_json::from_str(include_str!("../../module.json")).unwrap()
}

fn catalogue() -> Value {
    serde_json::from_str(include_str!("../../catalogue.json")).unwrap()
}

fn text(path: &str) -> &'static str {
    BUNDLED.iter().find(|(name, _)| *name == path).unwrap().1
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn each_bundled_dataset_is_complete_without_findings() {
    for bundled in descriptor().bundled {
        let files: Vec<(&str, &str)> =
            bundled.inputs.iter().map(|(role, file)| (role.as_str(), text(&file.file))).collect();
        let derived = run(&files, json!(bundled.parameters)).unwrap();
        assert!(derived.findings.is_empty(), "{:?}", derived.findings);
        assert_eq!(derived.metadata["release"], json!(bundled.name));
        assert_eq!(derived.metadata["title"], json!(bundled.title));
        assert_eq!(derived.metadata["release_recognition"], "every number is the published one");
        for file in bundled.inputs.values() {
            assert_eq!(file.sha256, digest(text(&file.file)));
        }
    }
}

#[test]
fn the_catalogue_states_size_and_digest_of_the_bundled_files_and_names_every_release() {
    let catalogue = catalogue();
    let datasets = catalogue["datasets"].as_object().unwrap();
    for (name, dataset) in datasets {
        for input in dataset["inputs"].as_object().unwrap().values() {
            if let Some(path) = input["bundled"].as_str() {
                assert_eq!(input["sha256"], digest(text(path)), "{name}");
                assert_eq!(input["bytes"], text(path).len(), "{name}");
            } else {
                assert!(input["url"].as_str().unwrap().starts_with("https://"), "{name}");
            }
        }
        for other in dataset["conflicts"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|conflict| conflict["with"].as_array().unwrap())
        {
            assert!(datasets.contains_key(other.as_str().unwrap()) && other != name, "{name}: {other}");
        }
        assert!(!dataset["citation"].as_array().unwrap().is_empty());
    }
    let known = releases::known().unwrap();
    let names: Vec<&str> = known.iter().map(|release| release.name).chain([BASE_RELEASE]).collect();
    assert_eq!(names.len(), datasets.len());
    assert!(names.iter().all(|name| datasets.contains_key(*name)));
}

#[test]
fn what_is_derived_is_what_the_descriptor_promises() {
    let descriptor = descriptor();
    let derived = priors(LCDM, LCDM_INVERSE).unwrap();
    let contract = &descriptor.outputs[&derived.output];
    let columns: Vec<_> =
        derived.tables[0].fields().iter().map(|field| (field.name.clone(), field.kind)).collect();
    let promised: Vec<_> =
        contract.tables[0].columns.iter().map(|column| (column.name.clone(), column.kind)).collect();
    assert_eq!(columns, promised);
    let matrices: Vec<&String> = contract.matrices.iter().map(|matrix| &matrix.name).collect();
    assert!(derived.matrices.iter().all(|matrix| matrices.contains(&&matrix.name)));
    assert_eq!(contract.tables[0].columns[1].allowed, Quantity::ALL.map(Quantity::label));
    assert!(
        Quantity::ALL
            .iter()
            .all(|quantity| contract.tables[0].columns[4].allowed.contains(&quantity.unit().to_owned()))
    );
    assert!(Quantity::ALL.iter().all(|quantity| Quantity::from_name(quantity.label()) == Some(*quantity)));
}

#[test]
fn the_fitting_layout_names_the_parameters() {
    let derived = priors(LCDM, LCDM_INVERSE).unwrap();
    let ExportContent::Document { fields } = &derived.exports["fit"].files[0].content else { panic!() };
    let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(keys, ["covariance", "metadata", "observations", "parameters", "uncertainties"]);
    assert_eq!(derived.plots.keys().collect::<Vec<_>>(), ["correlation", "ellipses"]);
}
