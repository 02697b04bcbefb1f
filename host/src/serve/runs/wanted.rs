//! What may be asked for over HTTP: modules and datasets by name, inputs out of folders that the configuration allows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::error::{Error, Kind, Result};
use crate::journal::Request;
use crate::modules::manifest::is_module_id;
use crate::registry::DatasetName;
use crate::registry::audit::looks_secret;

/// Most inputs, and most parameters.
const MOST: usize = 64;

/// Longest text in bytes.
const LONGEST: usize = 4096;

/// A run that somebody wants. Either a module and what it takes, or a dataset that a catalogue knows.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Wanted {
    /// Id of the module, or `ID@VERSION`; without inputs it derives its bundled dataset.
    #[schema(example = "light_curve", max_length = 256)]
    plugin: Option<String>,
    /// A dataset by name, as `host prepare NAME`.
    #[schema(max_length = 128)]
    dataset: Option<String>,
    /// Name to register the module's result under.
    #[schema(max_length = 128)]
    name: Option<String>,
    /// Files by role: below `raw` of the data root, or in full below a folder of `serve.input_directories`.
    #[serde(default)]
    inputs: BTreeMap<String, String>,
    /// Parameters of the module: texts, numbers, `true` or `false`.
    #[serde(default)]
    #[schema(value_type = Object)]
    parameters: BTreeMap<String, Value>,
}

impl Wanted {
    /// The request that the command line understands. Looks at the disk.
    ///
    /// # Errors
    /// [`Kind::BadInput`] with what must be written instead.
    pub(in crate::serve) fn request(self, folders: &[PathBuf]) -> Result<Request> {
        let refuse = |message: &str| Err(Error::new(Kind::BadInput, message));
        if self.plugin.is_some() == self.dataset.is_some() {
            return refuse("give `plugin` or `dataset`, one of them");
        }
        if self.dataset.is_some() && (self.name.is_some() || !self.inputs.is_empty()) {
            return refuse("a `dataset` has its own name and inputs; give `plugin` to name others");
        }
        if self.inputs.len() > MOST || self.parameters.len() > MOST {
            return Err(Error::new(Kind::BadInput, format!("more than {MOST} inputs or parameters")));
        }
        if self.plugin.as_deref().is_some_and(|plugin| !is_plugin(plugin)) {
            return refuse("`plugin` must be the id of a module, or `ID@VERSION`");
        }
        for name in self.dataset.iter().chain(&self.name) {
            DatasetName::new(name.as_str()).map_err(|error| Error { kind: Kind::BadInput, ..error })?;
        }
        if let Some(name) = self.parameters.keys().find(|name| looks_secret(name)) {
            return Err(Error::new(Kind::BadInput, format!("parameter `{name}` looks like a secret"))
                .cause("what is asked for over HTTP is written down until it is done".to_owned())
                .hint("type `host prepare` on that machine: there it is not recorded"));
        }
        let inputs = self.inputs.into_iter().map(|(role, path)| Ok((word(role)?, input(&path, folders)?)));
        let parameters =
            self.parameters.into_iter().map(|(name, given)| Ok((word(name)?, parameter(given)?)));
        Ok(Request {
            datasets: self.dataset.into_iter().collect(),
            plugin: self.plugin,
            name: self.name,
            inputs: inputs.collect::<Result<_>>()?,
            parameters: parameters.collect::<Result<_>>()?,
            ..Request::default()
        })
    }
}

/// Never the path of a library: what runs is what the search path has.
fn is_plugin(text: &str) -> bool {
    match text.split_once('@') {
        None => is_module_id(text),
        Some((id, version)) => is_module_id(id) && semver::Version::parse(version).is_ok(),
    }
}

/// The name of a role or parameter.
fn word(text: String) -> Result<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=128).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text);
    }
    let shown: String = text.escape_debug().take(128).collect();
    Err(Error::new(Kind::BadInput, format!("`{shown}` cannot be the name of an input or parameter")))
}

fn parameter(given: Value) -> Result<String> {
    match given {
        Value::String(text) if text.len() <= LONGEST && !text.contains('\0') => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(switch) => Ok(switch.to_string()),
        _ => Err(Error::new(
            Kind::BadInput,
            format!("a parameter must be a text of up to {LONGEST} bytes, a number, `true` or `false`"),
        )),
    }
}

/// A file that lies in one of the folders, whatever links are on the way to it.
fn input(text: &str, folders: &[PathBuf]) -> Result<String> {
    let refused = || {
        let shown: String = text.escape_debug().take(LONGEST).collect();
        Error::new(Kind::BadInput, format!("there is no input `{shown}` where inputs may lie")).hint(
            "name a file below `raw` of the data root, or one below a folder of `serve.input_directories`",
        )
    };
    if text.is_empty() || text.len() > LONGEST || text.contains("://") {
        return Err(refused());
    }
    let first = folders.first().ok_or_else(refused)?;
    // What is written in full stays what it is; the first folder is that of the fetched files.
    let path = fs::canonicalize(first.join(Path::new(text))).map_err(|_| refused())?;
    let allowed = folders.iter().filter_map(|folder| fs::canonicalize(folder).ok());
    if !allowed.into_iter().any(|folder| path.starts_with(folder)) || !path.is_file() {
        return Err(refused());
    }
    path.into_os_string().into_string().map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Wanted;
    use crate::durable;
    use crate::error::{Kind, Result};
    use crate::journal::Request;

    fn asked(body: Value, folders: &[std::path::PathBuf]) -> Result<Request> {
        serde_json::from_value::<Wanted>(body).unwrap().request(folders)
    }

    #[test]
    fn a_module_is_an_id_and_a_dataset_a_name() {
        let request =
            asked(json!({"plugin": "light_curve", "parameters": {"a": "x", "b": 1.5, "c": true}}), &[]);
        let arguments = request.unwrap().arguments();
        let expected = ["prepare", "--param=a=x", "--param=b=1.5", "--param=c=true", "--plugin=light_curve"];
        assert_eq!(arguments, expected);
        assert!(asked(json!({"plugin": "light_curve@1.2.3", "name": "star"}), &[]).is_ok());
        assert!(asked(json!({"dataset": "star"}), &[]).is_ok());
        for wrong in [
            json!({}),
            json!({"plugin": "light_curve", "dataset": "star"}),
            json!({"dataset": "star", "name": "other"}),
            json!({"plugin": "/tmp/library.so"}),
            json!({"plugin": "../library.so"}),
            json!({"plugin": "light_curve@../x"}),
            json!({"dataset": "--force"}),
            json!({"dataset": "../star"}),
            json!({"plugin": "light_curve", "name": "a/b"}),
            json!({"plugin": "light_curve", "parameters": {"a=b": "x"}}),
            json!({"plugin": "light_curve", "parameters": {"a": [1]}}),
            json!({"plugin": "light_curve", "parameters": {"api_token": "hunter2"}}),
            json!({"plugin": "light_curve", "parameters": {"a": "x\0y"}}),
        ] {
            assert_eq!(asked(wrong.clone(), &[]).unwrap_err().kind, Kind::BadInput, "{wrong}");
        }
    }

    #[test]
    fn an_input_lies_in_an_allowed_folder() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        for name in ["raw", "allowed", "secret"] {
            durable::create_directories(&place(name)).unwrap();
            durable::publish(&place(name).join("table.csv"), b"1\n").unwrap();
        }
        std::os::unix::fs::symlink(place("secret/table.csv"), place("raw/link.csv")).unwrap();
        let folders = [place("raw"), place("allowed")];
        let with = |path: &str| asked(json!({"plugin": "light_curve", "inputs": {"table": path}}), &folders);
        let full = |name: &str| place(name).to_string_lossy().into_owned();
        for allowed in ["table.csv", "./table.csv", "../raw/table.csv", &full("allowed/table.csv")] {
            assert!(with(allowed).is_ok(), "{allowed}");
        }
        for refused in [
            "",
            "none.csv",
            "link.csv",
            "../secret/table.csv",
            ".",
            "/etc/passwd",
            &full("secret/table.csv"),
            "s3://bucket/key",
            "table.csv\0",
        ] {
            assert_eq!(with(refused).unwrap_err().kind, Kind::BadInput, "{refused}");
        }
    }
}
