//! How far a dataset is: nothing there, files there, registered as described, registered otherwise,
//! retired.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{Dataset, Input};
use crate::raw::RawStore;
use crate::registry::Record;
use crate::stages::parameters;

/// How far a dataset is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// A file that it needs is not there.
    Absent,
    /// Every file is there.
    Fetched,
    /// It is registered, from the files and parameters and by the module that the catalogue now names.
    Prepared,
    /// It is registered, from other files or parameters or by another module.
    Stale,
    /// It is registered and must no longer be used.
    Retired,
}

impl State {
    /// The word that people see.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Fetched => "fetched",
            Self::Prepared => "prepared",
            Self::Stale => "stale",
            Self::Retired => "retired",
        }
    }
}

/// The state of a dataset whose current record is `record`, and in what the record differs when it is stale, or
/// why it is retired.
#[must_use]
pub fn of(dataset: &Dataset, raw: &RawStore, record: Option<&Record>) -> (State, Vec<String>) {
    if let Some(record) = record {
        if let Some(retirement) = record.retired.get(&record.version) {
            return (State::Retired, vec![format!("it is retired: {}", retirement.reason)]);
        }
        let differences = differences(dataset, record.provenance.get("recipe").unwrap_or(&Value::Null));
        let state = if differences.is_empty() { State::Prepared } else { State::Stale };
        return (state, differences);
    }
    let all_there = dataset.inputs().all(|(_, input)| is_there(dataset, input, raw));
    (if all_there { State::Fetched } else { State::Absent }, Vec::new())
}

/// Whether an input's file is there.
#[must_use]
pub fn is_there(dataset: &Dataset, input: &Input, raw: &RawStore) -> bool {
    match input {
        Input::Path { path, .. } => dataset.has_path(path),
        Input::Remote(file) => raw.has(file),
        // Listing what there is asks nobody elsewhere.
        Input::Object(_) | Input::Bundled { .. } => true,
    }
}

fn differences(dataset: &Dataset, recipe: &Value) -> Vec<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("none").to_owned();
    let Some(described) = &dataset.described else {
        return vec![format!("its module `{}` is not in the search path", dataset.module)];
    };
    let mut differences = Vec::new();
    let module = recipe.get("module").unwrap_or(&Value::Null);
    let then = format!("{} {}", text(module, "id"), text(module, "version"));
    let now = format!("{} {}", described.descriptor.id, described.version);
    if then != now {
        differences.push(format!("it was made by module {then}, now it is {now}"));
    }
    let inputs = recipe.get("inputs").and_then(Value::as_array);
    let then: BTreeMap<String, String> =
        inputs.into_iter().flatten().map(|input| (text(input, "role"), text(input, "raw_sha256"))).collect();
    for (role, input) in dataset.inputs() {
        match (then.get(role), input.sha256()) {
            (None, _) => differences.push(format!("it was made without the input `{role}`")),
            (Some(then), Some(now)) if *then != now.to_string() => {
                differences.push(format!("its input `{role}` had sha256 {then}, now it is {now}"));
            }
            _ => {}
        }
    }
    for role in then.keys().filter(|role| dataset.inputs().all(|(known, _)| known != role.as_str())) {
        differences.push(format!("it was made with the further input `{role}`"));
    }
    let nothing = Map::new();
    let then = recipe.get("parameters").and_then(Value::as_object).unwrap_or(&nothing);
    match parameters::resolve(&described.descriptor, &dataset.given()) {
        Ok(now) => {
            let names: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
            for name in names.into_iter().filter(|name| then.get(*name) != now.get(*name)) {
                let shown =
                    |value: Option<&Value>| value.map_or_else(|| "not set".to_owned(), Value::to_string);
                let (then, now) = (shown(then.get(name)), shown(now.get(name)));
                differences.push(format!("its parameter `{name}` was {then}, now it is {now}"));
            }
        }
        Err(error) => differences.push(error.to_string()),
    }
    differences
}
