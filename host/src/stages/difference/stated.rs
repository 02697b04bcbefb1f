//! What is stated of the whole dataset and of its columns.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{ConventionChange, UnitChange};
use crate::dataset::DatasetDocument;

pub(super) fn conventions(a: &DatasetDocument, b: &DatasetDocument) -> Vec<ConventionChange> {
    let (flat_a, flat_b) = (flat(a), flat(b));
    let keys: BTreeSet<&String> = flat_a.keys().chain(flat_b.keys()).collect();
    let value = |flat: &BTreeMap<String, Json>, key: &String| flat.get(key).cloned().unwrap_or(Json::Null);
    let changes = keys.into_iter().filter(|key| flat_a.get(*key) != flat_b.get(*key));
    changes
        .map(|key| ConventionChange { key: key.clone(), a: value(&flat_a, key), b: value(&flat_b, key) })
        .collect()
}

/// What is true of the whole dataset, by key; objects within objects are taken apart.
fn flat(document: &DatasetDocument) -> BTreeMap<String, Json> {
    let mut flat = BTreeMap::from([
        ("title".to_owned(), json!(document.title)),
        ("module".to_owned(), json!(format!("{} {}", document.module.id, document.module.version))),
        ("output".to_owned(), json!(document.output)),
        ("licence".to_owned(), json!(document.licence)),
        ("citations".to_owned(), json!(document.citations.iter().map(|one| &one.text).collect::<Vec<_>>())),
    ]);
    // The document has the title, licence and citations that hold, whoever stated them.
    let stated_elsewhere = ["title", "data_licence", "citations"];
    for (key, value) in document.metadata.iter().filter(|(key, _)| !stated_elsewhere.contains(&key.as_str()))
    {
        flatten(key, value, &mut flat);
    }
    flat
}

fn flatten(key: &str, value: &Json, into: &mut BTreeMap<String, Json>) {
    match value {
        Json::Object(fields) => {
            fields.iter().for_each(|(name, value)| flatten(&format!("{key}/{name}"), value, into));
        }
        other => drop(into.insert(key.to_owned(), other.clone())),
    }
}

pub(super) fn units(a: &DatasetDocument, b: &DatasetDocument) -> Vec<UnitChange> {
    let units = |document: &DatasetDocument| -> BTreeMap<(String, String), Option<String>> {
        let tables = document.contract.tables.iter();
        let columns =
            tables.flat_map(|table| table.columns.iter().map(|column| (table.name.clone(), column)));
        columns.map(|(table, column)| ((table, column.name.clone()), column.unit.clone())).collect()
    };
    let units_b = units(b);
    let changes = units(a).into_iter().filter_map(|((table, column), unit)| {
        let key = (table, column);
        let other = units_b.get(&key).filter(|other| **other != unit)?.clone();
        Some(UnitChange { table: key.0, column: key.1, a: unit, b: other })
    });
    changes.collect()
}
