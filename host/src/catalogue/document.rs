//! The one strict parser of `host.datasets/1`: a user's datasets manifest and the catalogue that a module embeds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use plugin_api::Citation;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::remote::{Address, RemoteFile};
use super::strict;
use crate::digest::Digest;
use crate::objects::{ObjectAddress, Place};
use crate::stages::plan::InputObject;

/// The schema of the document.
pub(super) const SCHEMA: &str = "host.datasets/1";

/// Datasets by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    #[serde(deserialize_with = "strict::objects")]
    datasets: BTreeMap<String, Entry>,
}

/// One dataset.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    pub(super) module: Option<String>,
    #[serde(default, deserialize_with = "strict::objects")]
    pub(super) inputs: BTreeMap<String, Input>,
    #[serde(default, deserialize_with = "strict::unique")]
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) title: Option<String>,
    #[serde(default)]
    pub(super) citation: Vec<Citation>,
    pub(super) licence: Option<String>,
    #[serde(default)]
    pub(super) conflicts: Vec<Conflict>,
    #[serde(default)]
    pub(super) notes: Vec<String>,
}

/// Datasets that hold some of the same information, so that using both would count it twice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conflict {
    /// Their names.
    pub with: Vec<String>,
    /// What they share.
    pub reason: String,
}

/// One input of a dataset.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "InputForm")]
pub enum Input {
    /// A file of the user's.
    Path {
        /// Relative to the manifest's folder.
        path: PathBuf,
        /// Digest it must have.
        sha256: Option<Digest>,
        /// Size it must have.
        bytes: Option<u64>,
    },
    /// A published file.
    Remote(RemoteFile),
    /// An object of a store; read where it is.
    Object(InputObject),
    /// A file that travels inside the module's library.
    Bundled {
        /// Path in the module's source.
        file: String,
        /// Digest it must have.
        sha256: Option<Digest>,
        /// Size it must have.
        bytes: Option<u64>,
    },
}

impl Input {
    /// The digest it must have.
    #[must_use]
    pub fn sha256(&self) -> Option<Digest> {
        match self {
            Self::Path { sha256, .. } | Self::Bundled { sha256, .. } => *sha256,
            Self::Object(object) => object.sha256,
            Self::Remote(file) => Some(file.sha256),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InputForm {
    path: Option<PathBuf>,
    url: Option<Url>,
    #[serde(default)]
    mirrors: Vec<Address>,
    bundled: Option<String>,
    sha256: Option<Digest>,
    bytes: Option<u64>,
}

/// Of a published file, or of an object.
#[derive(Deserialize)]
#[serde(try_from = "String")]
enum Url {
    Web(Address),
    Object(ObjectAddress),
}

impl TryFrom<String> for Url {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match Place::of(Path::new(&text)) {
            Ok(Place::Object(address)) => address.demand_key().map(Self::Object),
            Err(why) if ObjectAddress::is_meant(&text) => Err(why),
            _ => Address::new(&text).map(Self::Web),
        }
    }
}

impl TryFrom<InputForm> for Input {
    type Error = String;

    fn try_from(form: InputForm) -> Result<Self, String> {
        let InputForm { path, url, mirrors, bundled, sha256, bytes } = form;
        if url.is_none() && !mirrors.is_empty() {
            return Err("`mirrors` has no meaning without `url`".to_owned());
        }
        if path.as_ref().and_then(|path| path.to_str()).is_some_and(ObjectAddress::is_meant) {
            return Err("an object is named with `url`, not with `path`".to_owned());
        }
        match (path, url, bundled) {
            (Some(path), None, None) => Ok(Self::Path { path, sha256, bytes }),
            (None, Some(Url::Object(_)), None) if !mirrors.is_empty() => {
                Err("an object has no `mirrors`".to_owned())
            }
            (None, Some(Url::Object(address)), None) => {
                Ok(Self::Object(InputObject { address, sha256, bytes }))
            }
            (None, Some(Url::Web(url)), None) => {
                let (Some(sha256), Some(bytes)) = (sha256, bytes) else {
                    return Err("an input with `url` needs `sha256` and `bytes`".to_owned());
                };
                let name = url.file_name()?;
                let addresses = std::iter::once(url).chain(mirrors).collect();
                Ok(Self::Remote(RemoteFile { name, sha256, bytes, addresses }))
            }
            (None, None, Some(file)) => Ok(Self::Bundled { file, sha256, bytes }),
            _ => Err("an input has exactly one of `path`, `url` and `bundled`".to_owned()),
        }
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<BTreeMap<String, Entry>, String> {
    let document: Document = strict::object(text).map_err(|error| error.to_string())?;
    if document.schema != SCHEMA {
        return Err(format!("its schema is `{}`, expected `{SCHEMA}`", document.schema));
    }
    Ok(document.datasets)
}

/// Reads the catalogue of a module: every entry is of that module, there is no folder that paths could lie in, and
/// bundled files are those that the library holds.
pub(super) fn parse_of_module(
    text: &str,
    module: &str,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<BTreeMap<String, Entry>, String> {
    let datasets = parse(text)?;
    for (name, entry) in &datasets {
        entry.check_of_module(module, files).map_err(|why| format!("dataset `{name}`: {why}"))?;
    }
    Ok(datasets)
}

impl Entry {
    fn check_of_module(&self, module: &str, files: &BTreeMap<String, Vec<u8>>) -> Result<(), String> {
        if self.module.as_ref().is_some_and(|other| other != module) {
            return Err("a module's own catalogue names no other module".to_owned());
        }
        if self.inputs.is_empty() {
            return Err("it has no inputs".to_owned());
        }
        for input in self.inputs.values() {
            match input {
                Input::Remote(_) => {}
                // A module must not say what is read with the user's credentials.
                Input::Path { .. } | Input::Object(_) => {
                    return Err(
                        "an input of a module's own catalogue has `url` with `https` or `bundled`".to_owned()
                    );
                }
                Input::Bundled { file, sha256, bytes } => {
                    let held = files.get(file).ok_or_else(|| format!("the file `{file}` is not embedded"))?;
                    let right = bytes.is_none_or(|bytes| bytes == held.len() as u64)
                        && sha256.is_none_or(|sha256| sha256 == Digest::of(held));
                    if !right {
                        return Err(format!("the embedded file `{file}` has another size or digest"));
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(entry: &str) -> String {
        format!("{{\"schema\": \"{SCHEMA}\",\n \"datasets\": {{\"star\":\n {entry}}}}}")
    }

    fn with_input(input: &str) -> String {
        document(&format!("{{\"module\": \"light\", \"inputs\": {{\"table\": {input}}}}}"))
    }

    #[test]
    fn an_input_has_exactly_one_source_and_a_url_its_pins() {
        let sha256 = "0".repeat(64);
        let url = "\"url\": \"https://example.org/a.csv\"";
        for (input, why) in [
            ("{}".to_owned(), "exactly one of"),
            (format!("{{\"path\": \"a\", {url}}}"), "exactly one of"),
            ("{\"path\": \"a\", \"bundled\": \"b\"}".to_owned(), "exactly one of"),
            (format!("{{{url}}}"), "needs `sha256` and `bytes`"),
            (format!("{{{url}, \"sha256\": \"{sha256}\"}}"), "needs `sha256` and `bytes`"),
            ("{\"url\": \"http://example.org/a\"}".to_owned(), "only `https`"),
            ("{\"path\": \"s3://bucket/a\"}".to_owned(), "named with `url`"),
            ("{\"url\": \"s3://bucket\"}".to_owned(), "names no object"),
            ("{\"url\": \"s3://me:word@bucket/a\"}".to_owned(), "name or password"),
            ("{\"url\": \"s3://bucket/a\", \"mirrors\": [\"https://m.org/x\"]}".to_owned(), "no `mirrors`"),
            ("{\"path\": \"a\", \"mirrors\": [\"https://example.org/a\"]}".to_owned(), "no meaning"),
            (format!("{{{url}, \"digest\": \"{sha256}\"}}"), "unknown field `digest`"),
        ] {
            let error = parse(&with_input(&input)).unwrap_err();
            assert!(error.contains(why) && error.contains("line 3"), "{input}: {error}");
        }
        let good =
            format!("{{{url}, \"sha256\": \"{sha256}\", \"bytes\": 3, \"mirrors\": [\"https://m.org/x\"]}}");
        let entry = parse(&with_input(&good)).unwrap().remove("star").unwrap();
        let Input::Remote(file) = &entry.inputs["table"] else { panic!("{entry:?}") };
        assert_eq!((file.name.as_str(), file.bytes, file.addresses.len()), ("a.csv", 3, 2));
        let entry = parse(&with_input("{\"url\": \"s3://bucket/a.csv\", \"bytes\": 3}")).unwrap();
        let Input::Object(object) = &entry["star"].inputs["table"] else { panic!("{entry:?}") };
        assert_eq!((object.address.to_string().as_str(), object.bytes), ("s3://bucket/a.csv", Some(3)));
    }

    #[test]
    fn a_modules_own_catalogue_speaks_for_itself_alone() {
        let good = "{\"inputs\": {\"table\": {\"bundled\": \"../a.csv\"}}}";
        let files = BTreeMap::from([("../a.csv".to_owned(), b"abc".to_vec())]);
        assert!(parse_of_module(&document(good), "light", &files).is_ok());
        for (entry, why) in [
            ("{\"module\": \"other\", \"inputs\": {\"table\": {\"bundled\": \"a\"}}}", "no other module"),
            ("{\"inputs\": {\"table\": {\"path\": \"a\"}}}", "or `bundled`"),
            ("{\"inputs\": {\"table\": {\"url\": \"s3://bucket/a\"}}}", "`url` with `https`"),
            ("{}", "no inputs"),
            ("{\"inputs\": {\"table\": {\"bundled\": \"b\"}}}", "not embedded"),
            ("{\"inputs\": {\"table\": {\"bundled\": \"../a.csv\", \"bytes\": 4}}}", "another size"),
            ("{\"conflicts\": [{\"with\": [\"b\"]}]}", "missing field `reason`"),
        ] {
            let error = parse_of_module(&document(entry), "light", &files).unwrap_err();
            assert!(error.contains(why), "{entry}: {error}");
        }
    }
}
