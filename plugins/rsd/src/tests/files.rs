//! The descriptor, the embedded lists, and the layouts of other programs.

use std::collections::BTreeSet;

use plugin_api::{Descriptor, ExportContent};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{GOLD, QUASARS, WIGGLEZ, gold};
use crate::releases::Known;

fn descriptor() -> Descriptor {
    serde_json::from_str(include_str!("../../module.json")).unwrap()
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../catalogue.json")).unwrap()
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn the_descriptor_states_the_digests_of_the_bundled_files() {
    let descriptor = descriptor();
    assert_eq!((descriptor.id.as_str(), descriptor.schema.as_str()), ("rsd", "host.module/1"));
    let bundled = &descriptor.bundled[0];
    for (role, text) in [("table", GOLD), ("wigglez_block", WIGGLEZ), ("sdss_quasar_block", QUASARS)] {
        assert_eq!(bundled.inputs[role].sha256, digest(text), "{role}");
    }
    let derived = gold(("table", GOLD), json!(bundled.parameters)).unwrap();
    assert_eq!(derived.metadata["title"], json!(bundled.title));
    for (name, dataset) in document()["datasets"].as_object().unwrap() {
        for (role, input) in dataset["inputs"].as_object().unwrap() {
            let text = match input["bundled"].as_str() {
                Some("../bundled/wigglez_block.txt") => WIGGLEZ,
                Some("../bundled/sdss_quasar_block.txt") => QUASARS,
                Some(other) => panic!("{name} {role}: {other}"),
                None => continue,
            };
            assert_eq!(
                (&input["sha256"], &input["bytes"]),
                (&json!(digest(text)), &json!(text.len())),
                "{name}"
            );
        }
    }
}

/// Every table, column and matrix is in the contract, in its order and type.
#[test]
fn what_is_derived_is_what_the_descriptor_promises() {
    let descriptor = descriptor();
    for values in [json!({}), json!({"alcock_paczynski": "apply", "target_omega_matter": 0.3})] {
        let derived = gold(("table", GOLD), values).unwrap();
        let contract = &descriptor.outputs[&derived.output];
        assert_eq!(derived.tables.len(), contract.tables.len());
        for (table, promised) in derived.tables.iter().zip(&contract.tables) {
            assert_eq!(table.name(), promised.name);
            let columns: Vec<_> =
                table.fields().iter().map(|field| (field.name.as_str(), field.kind)).collect();
            let expected: Vec<_> =
                promised.columns.iter().map(|column| (column.name.as_str(), column.kind)).collect();
            assert_eq!(columns, expected);
        }
        let names: Vec<&str> = derived.matrices.iter().map(|matrix| matrix.name.as_str()).collect();
        let promised: Vec<&str> = contract.matrices.iter().map(|matrix| matrix.name.as_str()).collect();
        assert_eq!(names, promised);
        // The host refuses a diagonal that is not the square of the uncertainty to 1e-8.
        let matrices = derived.matrices.clone();
        let tables = ["data", "corrected"];
        for ((table, matrix), name) in derived.tables.into_iter().zip(matrices).zip(tables) {
            assert_eq!(table.name(), name);
            let position = table.fields().iter().position(|field| field.name == "uncertainty").unwrap();
            let columns = table.into_batches().next().unwrap().unwrap();
            for (index, uncertainty) in columns[position].as_f64().unwrap().iter().enumerate() {
                let variance = matrix.values[index * matrix.size + index];
                assert!((uncertainty * uncertainty / variance - 1.0).abs() < 1e-12, "{name} {index}");
            }
        }
    }
}

#[test]
fn every_dataset_is_a_release_whose_numbers_are_known_and_every_release_a_dataset() {
    let known = Known::read().unwrap();
    let named: BTreeSet<&str> = known.vectors.iter().map(|release| release.name.as_str()).collect();
    let document = document();
    let datasets = document["datasets"].as_object().unwrap();
    assert_eq!(datasets.keys().map(String::as_str).collect::<BTreeSet<_>>(), named);
    for (name, dataset) in datasets {
        assert_eq!(dataset["parameters"]["release"], json!(name));
        let publication = known.catalogue.get(name).unwrap();
        assert!(!publication.title.is_empty() && !publication.licence.is_empty(), "{name}");
        assert!(publication.citation.iter().all(|citation| citation.url.is_some()), "{name}");
    }
    for release in &known.vectors {
        let lists = [release.covariance_rows.len(), release.errors.len()];
        assert!(lists.contains(&release.rows.len()), "{}", release.name);
        for finding in known.double_counting(&release.name) {
            assert_eq!(finding.code, "rows.double-counting");
        }
    }
}

#[test]
fn cobaya_reads_labels_and_the_covariance() {
    let derived = gold(("table", GOLD), json!({})).unwrap();
    let files = &derived.exports["cobaya"].files;
    let suffixes: Vec<&str> = files.iter().map(|file| file.suffix.as_str()).collect();
    assert_eq!(suffixes, ["_mean.txt", "_cov.txt", ".yaml"]);
    let ExportContent::Text { text } = &files[2].content else { panic!() };
    assert!(text.contains("Gold-2018") && text.ends_with("    cov_file: {name}_cov.txt\n"), "{text}");
}
