//! The datasets manifest: a JSON file that names datasets, their inputs with digests, and their parameters.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;
use plugin_api::Citation;
use serde::Deserialize;
use serde_json::Value;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::stages::parameters::Given;
use crate::stages::plan::{InputPath, Job};
use crate::stages::strict;

const SCHEMA: &str = "host.datasets/1";

/// Largest manifest that is read.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;

/// A manifest with the folder that its paths are relative to.
#[derive(Debug)]
pub struct DatasetsManifest {
    path: PathBuf,
    folder: PathBuf,
    datasets: BTreeMap<String, Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    #[serde(deserialize_with = "strict::objects")]
    datasets: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    module: String,
    #[serde(default, deserialize_with = "strict::objects")]
    inputs: BTreeMap<String, EntryInput>,
    #[serde(default, deserialize_with = "strict::unique")]
    parameters: BTreeMap<String, Value>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    citation: Vec<Citation>,
    #[serde(default)]
    licence: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryInput {
    path: PathBuf,
    #[serde(default)]
    sha256: Option<Digest>,
    #[serde(default)]
    bytes: Option<u64>,
}

impl DatasetsManifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Kind::BadInput`] with line and column of the fault.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path).map_err(|error| {
            error.hint("name the manifest with `--manifest FILE`, or prepare one dataset with `--plugin ID`")
        })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&text, path, folder)
    }

    fn parse(text: &str, path: &Path, folder: &Path) -> Result<Self> {
        let bad = |why: String| {
            Error::new(Kind::BadInput, format!("the datasets manifest `{}` is malformed", path.display()))
                .cause(why)
        };
        let document: Document = strict::object(text).map_err(|error| {
            bad(error.to_string()).hint(format!(
                "a manifest looks like {{\"schema\": \"{SCHEMA}\", \"datasets\": {{\"NAME\": {{\"module\": \"ID\", \
                 \"inputs\": {{\"ROLE\": {{\"path\": \"FILE\", \"sha256\": \"…\"}}}}}}}}}}"
            ))
        })?;
        if document.schema != SCHEMA {
            return Err(bad(format!("its schema is `{}`, expected `{SCHEMA}`", document.schema)));
        }
        Ok(Self { path: path.to_owned(), folder: folder.to_owned(), datasets: document.datasets })
    }

    /// The jobs of the named datasets, in the order of the names.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a name that the manifest does not have.
    pub fn jobs(&self, names: &[String]) -> Result<Vec<Job>> {
        names.iter().map(|name| self.job(name)).collect()
    }

    fn job(&self, name: &str) -> Result<Job> {
        let entry = self.datasets.get(name).ok_or_else(|| {
            let error = Error::new(
                Kind::Usage,
                format!("no dataset `{name}` in the manifest `{}`", self.path.display()),
            );
            match crate::text::nearest(name, self.datasets.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("to prepare a module's bundled dataset, give `--plugin ID`"),
            }
        })?;
        let inputs = entry
            .inputs
            .iter()
            .map(|(role, input)| {
                let input = InputPath {
                    path: input.path.clone(),
                    confined_to: Some(self.folder.clone()),
                    sha256: input.sha256,
                    bytes: input.bytes,
                };
                (role.clone(), input)
            })
            .collect();
        let parameters =
            entry.parameters.iter().map(|(name, value)| (name.clone(), Given::Json(value.clone()))).collect();
        Ok(Job {
            module: entry.module.clone(),
            name: Some(name.to_owned()),
            inputs,
            parameters,
            title: entry.title.clone(),
            citations: entry.citation.clone(),
            licence: entry.licence.clone(),
        })
    }

    /// Jobs from a list of names, one a line, or from a whole manifest; `-` is standard input.
    ///
    /// # Errors
    /// As [`read`](Self::read) and [`jobs`](Self::jobs).
    pub fn jobs_from(from: &Path, manifest: &Path) -> Result<Vec<Job>> {
        let text = read_text(from)?;
        if text.trim_start().starts_with('{') {
            let folder =
                if from == Path::new("-") { Path::new(".") } else { from.parent().unwrap_or(Path::new(".")) };
            let whole = Self::parse(&text, from, folder)?;
            return whole.jobs(&whole.datasets.keys().cloned().collect::<Vec<_>>());
        }
        let names: Vec<String> = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
            .filter(|name| !name.is_empty())
            .collect();
        if names.is_empty() {
            return Err(Error::new(Kind::BadInput, format!("`{}` names no dataset", from.display())));
        }
        Self::read(manifest)?.jobs(&names)
    }
}

fn read_text(path: &Path) -> Result<String> {
    let unreadable = |error: std::io::Error| {
        Error::new(Kind::BadInput, format!("cannot read `{}`", path.display()))
            .cause(crate::error::chain(&error))
    };
    let reader: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(fs::File::open(path).map_err(unreadable)?)
    };
    let mut text = String::new();
    reader.take(MANIFEST_LIMIT_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MANIFEST_LIMIT_BYTES {
        return Err(Error::new(Kind::Limit, format!("`{}` is larger than 64 MiB", path.display())));
    }
    Ok(text)
}
