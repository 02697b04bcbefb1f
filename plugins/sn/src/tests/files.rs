//! The descriptor, the bundled files, the catalogue, and the layouts of other programs.

use std::collections::BTreeSet;

use plugin_api::{Descriptor, ExportContent, Plot};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{RELEASES, Release, UNION3_COVARIANCE, UNION3_TABLE, data, defaults, derive, run};

fn descriptor() -> Descriptor {
    serde_json::from_str(include_str!("../../module.json")).unwrap()
}

fn catalogue() -> Value {
    serde_json::from_str(include_str!("../../catalogue.json")).unwrap()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[test]
fn the_descriptor_states_the_digests_of_the_bundled_files() {
    let descriptor = descriptor();
    assert_eq!((descriptor.id.as_str(), descriptor.schema.as_str()), ("sn", "host.module/1"));
    let bundled = &descriptor.bundled[0];
    for (role, text) in [("table", UNION3_TABLE), ("covariance", UNION3_COVARIANCE)] {
        assert_eq!(bundled.inputs[role].sha256, sha256(text.as_bytes()), "{role}");
    }
    let derived =
        derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), json!(bundled.parameters)).unwrap();
    assert!(derived.findings.is_empty());
    assert_eq!(derived.metadata["title"], json!(bundled.title));
    assert_eq!(derived.metadata["release"], "union3");
}

/// Every column is in the contract, in its order and type, and every one that must be there is there.
#[test]
fn what_is_derived_is_what_the_descriptor_promises() {
    let descriptor = descriptor();
    let contract = &descriptor.outputs["supernovae"];
    let mut results = vec![derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), defaults()).unwrap()];
    results.extend(RELEASES.iter().filter_map(|release| release.files()?.derive(defaults()).ok()));
    let mut seen = BTreeSet::new();
    for derived in results {
        assert_eq!(derived.output, "supernovae");
        let promised = &contract.tables[0].columns;
        let fields = derived.tables[0].fields();
        let mut place = 0;
        for field in fields {
            let found = promised[place..].iter().position(|column| column.name == field.name);
            place += found.unwrap_or_else(|| panic!("`{}` is not promised here", field.name)) + 1;
            assert_eq!(promised[place - 1].kind, field.kind, "{}", field.name);
            seen.insert(field.name.clone());
        }
        for column in promised.iter().filter(|column| column.required) {
            assert!(fields.iter().any(|field| field.name == column.name), "{}", column.name);
        }
        for matrix in &derived.matrices {
            assert!(contract.matrices.iter().any(|promised| promised.name == matrix.name));
        }
    }
    if data().is_some() {
        let only_jla = ["covariance_m_b_x1", "covariance_m_b_c", "covariance_x1_c"];
        for column in &contract.tables[0].columns {
            assert!(
                seen.contains(&column.name) || only_jla.contains(&column.name.as_str()),
                "{}",
                column.name
            );
        }
    }
}

#[test]
fn every_dataset_of_the_catalogue_can_be_read_and_conflicts_with_all_others() {
    let catalogue = catalogue();
    let datasets = catalogue["datasets"].as_object().unwrap();
    let names: Vec<&str> = datasets.keys().map(String::as_str).collect();
    for release in RELEASES {
        assert!(names.contains(&release.name));
    }
    for (name, dataset) in datasets {
        for key in ["title", "inputs", "parameters", "citation", "licence", "notes"] {
            assert!(dataset.get(key).is_some(), "{name}: {key}");
        }
        assert!(!dataset["licence"].as_str().unwrap().is_empty());
        for citation in dataset["citation"].as_array().unwrap() {
            assert!(citation["url"].as_str().unwrap().starts_with("https://arxiv.org/abs/"), "{name}");
        }
        for other in names.iter().filter(|other| *other != name) {
            let says = |one: &str, other: &str| {
                datasets[one]["conflicts"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .any(|conflict| conflict["with"].as_array().unwrap().iter().any(|with| with == other))
            };
            assert_eq!(usize::from(says(name, other)) + usize::from(says(other, name)), 1, "{name} {other}");
        }
    }
}

/// Digests and sizes are those of the files that the results were checked with.
#[test]
fn the_catalogue_names_the_released_files() {
    let Some(folder) = data() else { return };
    let manifest: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.join("MANIFEST.json")).unwrap()).unwrap();
    let catalogue = catalogue();
    let mut named = BTreeSet::new();
    for (name, dataset) in catalogue["datasets"].as_object().unwrap() {
        let mut inputs = Vec::new();
        for (role, input) in dataset["inputs"].as_object().unwrap() {
            let entry = manifest.as_array().unwrap().iter().find(|entry| entry["sha256"] == input["sha256"]);
            let entry = entry.unwrap_or_else(|| panic!("{name}: {role}"));
            assert_eq!(entry["bytes"], input["bytes"]);
            let url = input["url"].as_str().unwrap();
            assert!(
                url.contains(entry["commit"].as_str().unwrap())
                    && url.ends_with(entry["path"].as_str().unwrap())
            );
            let file = entry["file"].as_str().unwrap();
            named.insert(file.to_owned());
            inputs.push((role.as_str(), std::fs::read(folder.join(file)).unwrap()));
        }
        let files: Vec<(&str, &[u8])> =
            inputs.iter().map(|(role, bytes)| (*role, bytes.as_slice())).collect();
        let derived = run(&files, dataset["parameters"].clone()).unwrap();
        assert_eq!(derived.metadata["release"], json!(name));
        assert!(derived.findings.iter().all(|finding| finding.code == "covariance.diagonal-only"), "{name}");
    }
    for entry in manifest.as_array().unwrap().iter().filter(|entry| entry["probe"] == "sn") {
        let file = entry["file"].as_str().unwrap();
        assert!(file.ends_with(".dataset") || named.contains(file), "{file}");
    }
}

#[test]
fn each_release_is_exported_for_the_class_that_reads_it() {
    for (release, parameters, class, header) in [
        ("union3", json!({}), "sn.union3", "zcmb mb"),
        ("union2", json!({}), "sn.union3", "zcmb mb"),
        ("pantheon2018", json!({}), "sn.pantheonplus", "zHD zHEL m_b_corr"),
        ("des_y5", json!({}), "sn.pantheonplus", "zHD zHEL m_b_corr"),
        ("pantheonplus", json!({"z_min": 0.01}), "sn.pantheonplus", "zHD zHEL m_b_corr"),
    ] {
        let Some(files) = Release::named(release).files() else { return };
        let derived = files.derive(parameters).unwrap();
        let files = &derived.exports["cobaya"].files;
        let suffixes: Vec<&str> = files.iter().map(|file| file.suffix.as_str()).collect();
        assert_eq!(suffixes, [".dataset", "_table.txt", "_cov.txt", ".yaml"]);
        let ExportContent::Columns { header: found, .. } = &files[1].content else { panic!("{release}") };
        assert_eq!(found.as_deref(), Some(header), "{release}");
        let ExportContent::Matrix { leading_size, .. } = files[2].content else { panic!("{release}") };
        assert!(leading_size);
        let ExportContent::Text { text } = &files[3].content else { panic!("{release}") };
        assert!(text.contains(&format!("\n  {class}:\n    path: {{directory}}\n")), "{text}");
        assert!(!text.contains("leaves out"), "{text}");
    }
}

#[test]
fn the_layout_with_calibrators_has_cepheid_distances() {
    let Some(files) = Release::named("pantheonplus").files() else { return };
    let derived = files.derive(json!({"z_min": 0.01, "calibrators": "include"})).unwrap();
    let files = &derived.exports["cobaya"].files;
    let ExportContent::Text { text } = &files[1].content else { panic!() };
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1658);
    assert_eq!(lines[..2], ["zHD zHEL m_b_corr IS_CALIBRATOR CEPH_DIST", "0.00122 0.00082 9.74571 1 29.177"]);
    assert!(lines[1657].ends_with(" 0 -9"), "{}", lines[1657]);
    let ExportContent::Text { text } = &files[3].content else { panic!() };
    assert!(text.contains("sn.pantheonplusshoes") && text.contains("of which 67 are here"), "{text}");
}

#[test]
fn the_fitting_layout_has_what_a_fit_needs() {
    let keys = |files: super::Files| -> Vec<String> {
        let derived = files.derive(defaults()).unwrap();
        let ExportContent::Document { fields } = &derived.exports["fit"].files[0].content else { panic!() };
        fields.keys().cloned().collect()
    };
    let covariance = Some(UNION3_COVARIANCE.as_bytes().to_vec());
    let union3 = keys(super::Files { table: UNION3_TABLE.to_owned(), covariance });
    assert_eq!(union3, ["covariance", "metadata", "observations", "redshifts", "uncertainties"]);
    let Some(files) = Release::named("des_y5").files() else { return };
    assert!(keys(files).contains(&"redshifts_heliocentric".to_owned()));
}

#[test]
fn the_pictures_show_the_data_and_the_curve_through_it() {
    let derived = derive(UNION3_TABLE, Some(UNION3_COVARIANCE.as_bytes()), defaults()).unwrap();
    assert_eq!(derived.plots.keys().collect::<Vec<_>>(), ["correlation", "hubble_diagram"]);
    let Plot::Points { x, curves, residuals, .. } = &derived.plots["hubble_diagram"] else { panic!() };
    assert!(x.logarithmic);
    assert_eq!(residuals.as_ref().unwrap().model, derived.models[0].name);
    let curve = &curves[0];
    assert!((curve.x[0] - 0.05).abs() < 1e-12 && (curve.x[120] - 2.262_26).abs() < 1e-9);
    assert!((curve.y[0] - derived.models[0].prediction[0]).abs() < 1e-12);
    assert!(derived.models[0].free_offset);
}
