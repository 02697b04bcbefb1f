//! What is known of a dataset as columns of a flat table of ASCII texts and numbers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use plugin_api::{FitsColumn, FitsValues};
use serde_json::{Value as Json, json};

use super::Source;
use super::identity::Identity;

/// Keys of the metadata that the document has settled with what the user said.
const SETTLED: [&str; 3] = ["title", "citations", "data_licence"];

/// One column for each plain value, in the order of names.
pub(super) fn columns(source: &Source) -> Vec<FitsColumn> {
    let document = source.document;
    let mut flat = BTreeMap::new();
    for (key, value) in document.metadata.iter().filter(|(key, _)| !SETTLED.contains(&key.as_str())) {
        flatten(&mut flat, key, value);
    }
    let module = format!("{} {}", document.module.id, document.module.version);
    for (key, value) in [
        ("name", json!(source.name)),
        ("version", json!(source.version)),
        ("module", json!(module)),
        ("title", json!(document.title)),
        ("citations", json!(document.citations)),
        ("licence", json!(document.licence)),
        ("units", json!(Identity::of(source, Vec::new()).units)),
    ] {
        flatten(&mut flat, key, &value);
    }
    flat.into_iter()
        .map(|(name, value)| FitsColumn { name, values: FitsValues::Constant { value } })
        .collect()
}

fn flatten(flat: &mut BTreeMap<String, Json>, key: &str, value: &Json) {
    let plain = |one: char| if one.is_ascii_alphanumeric() { one } else { '_' };
    let key: String = key.chars().map(plain).collect();
    let nested = |value: &Json| value.is_object() || value.is_array();
    match value {
        Json::Null => {}
        Json::Bool(_) | Json::Number(_) => {
            flat.insert(key, value.clone());
        }
        Json::String(text) => {
            let text = ascii(text.trim_end());
            if !text.is_empty() {
                flat.insert(key, json!(text));
            }
        }
        Json::Array(values) if values.iter().any(nested) => {
            for (index, value) in values.iter().enumerate() {
                flatten(flat, &format!("{key}_{}", index + 1), value);
            }
        }
        Json::Array(values) => {
            let texts =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            flatten(flat, &key, &json!(texts.collect::<Vec<_>>().join("; ")));
        }
        Json::Object(members) => {
            for (member, value) in members {
                flatten(flat, &format!("{key}_{member}"), value);
            }
        }
    }
}

fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for one in text.chars() {
        if matches!(one, ' '..='~') {
            out.push(one);
        } else {
            write!(out, "\\u{:04x}", u32::from(one)).expect("memory takes every write");
        }
    }
    out
}
