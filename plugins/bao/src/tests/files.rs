//! The descriptor, the bundled files, and the layouts of other programs.

use cosmology::measurements::quantity::Quantity;
use plugin_api::{Descriptor, ExportContent, Plot};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{DR2_COVARIANCE, DR2_MEAN, DR12_COVARIANCE, DR12_MEAN, defaults, vector};

fn descriptor() -> Descriptor {
    serde_json::from_str(include_str!("../../module.json")).unwrap()
}

#[test]
fn the_descriptor_states_the_digests_of_the_bundled_files() {
    let descriptor = descriptor();
    assert_eq!((descriptor.id.as_str(), descriptor.schema.as_str()), ("bao", "host.module/1"));
    let bundled = &descriptor.bundled[0];
    for (role, text) in [("mean", DR2_MEAN), ("covariance", DR2_COVARIANCE)] {
        let digest = Sha256::digest(text.as_bytes());
        let digest = digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
        assert_eq!(bundled.inputs[role].sha256, digest, "{role}");
    }
    let derived = vector(DR2_MEAN, DR2_COVARIANCE, json!(bundled.parameters)).unwrap();
    assert!(derived.findings.is_empty());
    assert_eq!(derived.metadata["title"], json!(bundled.title));
}

/// Every table and column is in the contract, in its order and type.
#[test]
fn what_is_derived_is_what_the_descriptor_promises() {
    let descriptor = descriptor();
    for basis in ["native", "ratios", "dv_fap"] {
        let derived = vector(DR12_MEAN, DR12_COVARIANCE, json!({"derive": basis})).unwrap();
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
        assert!(
            names.iter().all(|name| contract.matrices.iter().any(|matrix| matrix.name == *name)),
            "{names:?}"
        );
    }
}

#[test]
fn the_descriptor_allows_exactly_the_labels_and_units_in_use() {
    let descriptor = descriptor();
    let columns = &descriptor.outputs["gaussian"].tables[0].columns;
    let allowed = |name: &str| columns.iter().find(|column| column.name == name).unwrap().allowed.clone();
    assert_eq!(allowed("quantity"), Quantity::ALL.map(Quantity::label));
    for quantity in Quantity::ALL {
        for scaled in [false, true] {
            assert!(allowed("unit").iter().any(|unit| unit == quantity.unit(scaled)), "{quantity}");
        }
    }
}

#[test]
fn the_cobaya_block_names_the_fiducial_where_there_is_one() {
    let block = |mean: &str, covariance: &str| {
        let derived = vector(mean, covariance, defaults()).unwrap();
        let ExportContent::Text { text } = &derived.exports["cobaya"].files[2].content else { panic!() };
        text.clone()
    };
    let dr12 = block(DR12_MEAN, DR12_COVARIANCE);
    assert!(dr12.ends_with("    cov_file: {name}_cov.txt\n    rs_fid: 147.78\n"), "{dr12}");
    assert!(!block(DR2_MEAN, DR2_COVARIANCE).contains("rs_fid"));
}

/// The host writes the folder with its quotes: further ones would be part of the path.
#[test]
fn the_folder_in_the_cobaya_block_is_not_quoted_twice() {
    let derived = vector(DR2_MEAN, DR2_COVARIANCE, defaults()).unwrap();
    let ExportContent::Text { text } = &derived.exports["cobaya"].files[2].content else { panic!() };
    assert!(text.contains("\n    path: {directory}\n"), "{text}");
}

/// The host takes title, citations and licence of a dataset from these keys.
#[test]
fn a_known_release_brings_title_citations_and_licence_and_unknown_data_none() {
    let known = vector(DR2_MEAN, DR2_COVARIANCE, defaults()).unwrap();
    let unknown = vector(DR2_MEAN, DR2_COVARIANCE, json!({"release": "none"})).unwrap();
    for key in ["title", "citations", "data_licence"] {
        assert!(known.metadata.contains_key(key) && !unknown.metadata.contains_key(key), "{key}");
    }
}

#[test]
fn the_fitting_layout_has_five_keys() {
    let derived = vector(DR2_MEAN, DR2_COVARIANCE, defaults()).unwrap();
    let ExportContent::Document { fields } = &derived.exports["fit"].files[0].content else { panic!() };
    let keys: Vec<&str> = fields.keys().map(String::as_str).collect();
    assert_eq!(keys, ["covariance", "metadata", "observations", "redshifts", "uncertainties"]);
}

/// Every plot shows columns that are there, with the curve of the reference cosmology on the points' own axis.
#[test]
fn pictures_and_reference_model_fit_the_table() {
    let derived = vector(DR12_MEAN, DR12_COVARIANCE, defaults()).unwrap();
    let model = derived.models[0].clone();
    assert_eq!((model.name.as_str(), model.prediction.len()), ("planck2018_flat_lcdm", 6));
    let names: Vec<&str> = derived.plots.keys().map(String::as_str).collect();
    assert_eq!(names, ["correlation", "distances", "expansion"]);
    let Plot::Points { series, curves, .. } = derived.plots["distances"].clone() else { panic!() };
    assert!((series[0].scale * 147.78 - 1.0).abs() < 1e-15);
    // D_M(0.38)/r_d = 1512.39/147.78 = 10.23; Planck 2018 lies within 3 %.
    let node = curves[0].x.iter().position(|z| *z > 0.38).unwrap();
    assert!((curves[0].y[node] / 10.23 - 1.0).abs() < 0.05, "{}", curves[0].y[node]);
    for (value, prediction) in [1512.39, 81.2087].into_iter().zip(&model.prediction) {
        assert!((prediction / value - 1.0_f64).abs() < 0.03, "{prediction}");
    }
}
