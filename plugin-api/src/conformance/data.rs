//! The embedded data are what the description says of them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::description::misfit;
use super::{Example, Faults, Suite, is_plain, repeated};
use crate::BundledDataset;

/// Bundled datasets and catalogue: roles, parameters and files exist, and digests are those of the files.
#[must_use]
pub fn embedded_data_are_what_the_description_says(suite: &Suite) -> Faults {
    let mut faults = Faults::new();
    let bundled = &suite.descriptor.bundled;
    for name in repeated(bundled.iter().map(|dataset| dataset.name.as_str())) {
        faults.push(format!("bundled dataset `{name}` is declared twice"));
    }
    for dataset in bundled {
        let parameters = dataset.parameters.iter();
        let mut found = Faults::new();
        found.extend(name_and_title(&dataset.name, &dataset.title));
        found.extend(roles(suite, dataset.inputs.keys()));
        found.extend(parameters.filter_map(|(name, value)| parameter(suite, name, value)));
        for file in dataset.inputs.values() {
            found.extend(digest(suite, &file.file, &file.sha256));
        }
        faults.extend(found.iter().map(|fault| format!("bundled dataset `{}`: {fault}", dataset.name)));
    }
    faults.extend(catalogue(suite));
    faults.extend(unnamed_files(suite));
    faults
}

/// The datasets that need nothing but what is embedded.
pub(super) fn embedded_examples(suite: &Suite) -> Vec<Example> {
    let mut examples: Vec<Example> =
        suite.descriptor.bundled.iter().filter_map(|dataset| bundled_example(suite, dataset)).collect();
    for (name, dataset) in &catalogued(suite).unwrap_or_default() {
        let inputs = object(dataset, "inputs");
        let inputs = inputs.iter().map(|(role, input)| (role, text(input, "bundled")));
        examples.extend(example(suite, name, inputs, object(dataset, "parameters")));
    }
    examples
}

/// A bundled dataset, unless one of its files is not embedded.
pub(super) fn bundled_example(suite: &Suite, dataset: &BundledDataset) -> Option<Example> {
    let inputs = dataset.inputs.iter().map(|(role, file)| (role, file.file.as_str()));
    example(suite, &dataset.name, inputs, dataset.parameters.clone().into_iter().collect())
}

fn example<'n>(
    suite: &Suite,
    name: &str,
    inputs: impl Iterator<Item = (&'n String, &'n str)>,
    parameters: Map<String, Value>,
) -> Option<Example> {
    let bytes = |(role, file): (&String, &str)| Some((role.clone(), suite.files.get(file)?.to_vec()));
    let inputs: Option<BTreeMap<_, _>> = inputs.map(bytes).collect();
    Some(Example { name: name.to_owned(), inputs: inputs?, parameters })
}

fn name_and_title(name: &str, title: &str) -> Faults {
    let mut faults = Faults::new();
    if !is_plain(name) {
        faults.push("its name must be lower-case letters, digits, `_` and `-`".to_owned());
    }
    if title.trim().is_empty() {
        faults.push("it has no title".to_owned());
    }
    faults
}

fn roles<'r>(suite: &Suite, given: impl Iterator<Item = &'r String>) -> Faults {
    let given: Vec<&str> = given.map(String::as_str).collect();
    let declared = &suite.descriptor.inputs;
    let unknown = given.iter().filter(|role| !declared.iter().any(|input| input.role == **role));
    let missing = declared.iter().filter(|input| input.required && !given.contains(&input.role.as_str()));
    unknown
        .map(|role| format!("`{role}` is no input role"))
        .chain(missing.map(|input| format!("the required input `{}` is missing", input.role)))
        .collect()
}

fn parameter(suite: &Suite, name: &str, value: &Value) -> Option<String> {
    match suite.descriptor.parameters.iter().find(|parameter| parameter.name == name) {
        None => Some(format!("`{name}` is no parameter")),
        Some(parameter) => {
            misfit(parameter, value).map(|fault| format!("parameter `{name}`: the value {fault}"))
        }
    }
}

fn digest(suite: &Suite, file: &str, stated: &str) -> Option<String> {
    let Some(bytes) = suite.files.get(file) else {
        return Some(format!("file `{file}` is not embedded; name it in `files` of `export_module!`"));
    };
    let found = sha256(bytes);
    (found != stated).then(|| format!("file `{file}` has sha256 {found}, not `{stated}`"))
}

/// In lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hexadecimal(&Sha256::digest(bytes))
}

pub(super) fn hexadecimal(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn unnamed_files(suite: &Suite) -> Faults {
    let descriptor = &suite.descriptor;
    let of_bundled = descriptor.bundled.iter().flat_map(|dataset| dataset.inputs.values());
    let mut named: Vec<String> = of_bundled.map(|file| file.file.clone()).collect();
    named.extend(descriptor.catalogue.clone());
    for dataset in catalogued(suite).unwrap_or_default().values() {
        named.extend(object(dataset, "inputs").values().map(|input| text(input, "bundled").to_owned()));
    }
    let unnamed = suite.files.keys().filter(|file| !named.iter().any(|name| name == *file));
    unnamed.map(|file| format!("file `{file}` is embedded, and nothing names it")).collect()
}

/// The datasets of the catalogue, by name; empty without a catalogue.
fn catalogued(suite: &Suite) -> Result<Map<String, Value>, String> {
    let Some(file) = &suite.descriptor.catalogue else { return Ok(Map::new()) };
    let bytes =
        suite.files.get(file.as_str()).ok_or_else(|| format!("catalogue `{file}` is not embedded"))?;
    let catalogue: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("catalogue `{file}` is no JSON: {error}"))?;
    if text(&catalogue, "schema") != "host.datasets/1" {
        return Err(format!("catalogue `{file}` has the schema `{}`", text(&catalogue, "schema")));
    }
    match catalogue.get("datasets") {
        Some(Value::Object(datasets)) => Ok(datasets.clone()),
        _ => Err(format!("catalogue `{file}` has no `datasets`")),
    }
}

fn catalogue(suite: &Suite) -> Faults {
    let datasets = match catalogued(suite) {
        Ok(datasets) => datasets,
        Err(fault) => return vec![fault],
    };
    let of_dataset = |(name, dataset): (&String, &Value)| -> Faults {
        let mut faults = name_and_title(name, text(dataset, "title"));
        faults.extend(roles(suite, object(dataset, "inputs").keys()));
        let parameters = object(dataset, "parameters");
        faults.extend(parameters.iter().filter_map(|(name, value)| parameter(suite, name, value)));
        for (role, input) in &object(dataset, "inputs") {
            faults.extend(source(suite, input).map(|fault| format!("input `{role}`: {fault}")));
        }
        for entry in list(dataset, "conflicts") {
            let with = list(entry, "with");
            if with.is_empty() || !with.iter().all(Value::is_string) || text(entry, "reason").is_empty() {
                faults.push("a conflict needs names in `with` and a `reason`".to_owned());
            }
        }
        let cited = list(dataset, "citation");
        if cited.is_empty() || cited.iter().any(|citation| text(citation, "text").is_empty()) {
            faults.push("it cites nothing".to_owned());
        }
        faults.iter().map(|fault| format!("catalogue, dataset `{name}`: {fault}")).collect()
    };
    datasets.iter().flat_map(of_dataset).collect()
}

/// What is wrong with where an input of the catalogue comes from.
fn source(suite: &Suite, input: &Value) -> Option<String> {
    let (url, bundled, stated) = (text(input, "url"), text(input, "bundled"), text(input, "sha256"));
    let bytes = input.get("bytes").and_then(Value::as_u64);
    if url.is_empty() == bundled.is_empty() {
        return Some("it needs either `url` or `bundled`".to_owned());
    }
    if !url.is_empty() && !url.starts_with("https://") {
        return Some(format!("`{url}` does not begin with `https://`"));
    }
    let is_digest = stated.len() == 64 && stated.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    if !is_digest || bytes.is_none_or(|bytes| bytes == 0) {
        return Some("it needs `sha256` in lower-case hexadecimal, and the number of `bytes`".to_owned());
    }
    if bundled.is_empty() {
        return None;
    }
    let length = suite.files.get(bundled).map(|file| file.len() as u64);
    digest(suite, bundled, stated)
        .or_else(|| (length != bytes).then(|| format!("file `{bundled}` has another number of bytes")))
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn object(value: &Value, key: &str) -> Map<String, Value> {
    value.get(key).and_then(Value::as_object).cloned().unwrap_or_default()
}
