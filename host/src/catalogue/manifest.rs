//! The user's datasets manifest: a file that adds datasets and overrides those of the modules' catalogues.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::document::{self, Entry, SCHEMA};
use crate::error::{Error, Kind, Result};

/// Largest manifest that is read.
const MANIFEST_LIMIT_BYTES: u64 = 64 << 20;

/// A manifest with the folder that its paths are relative to.
#[derive(Debug, Default)]
pub struct Manifest {
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) datasets: BTreeMap<String, Entry>,
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// [`Kind::BadInput`] with line and column of the fault.
    pub fn read(path: &Path) -> Result<Self> {
        let text = read_text(path).map_err(|error| {
            error.hint("name the manifest with `--manifest FILE`, or prepare one dataset with `--plugin ID`")
        })?;
        Self::parse(&text, path)
    }

    pub(super) fn parse(text: &str, path: &Path) -> Result<Self> {
        let bad = |why: String| {
            Error::new(Kind::BadInput, format!("the datasets manifest `{}` is malformed", path.display()))
                .cause(why)
        };
        let datasets = document::parse(text).map_err(|why| {
            bad(why).hint(format!(
                "a manifest looks like {{\"schema\": \"{SCHEMA}\", \"datasets\": {{\"NAME\": {{\"module\": \"ID\", \
                 \"inputs\": {{\"ROLE\": {{\"path\": \"FILE\", \"sha256\": \"…\"}}}}}}}}}}"
            ))
        })?;
        if let Some((name, _)) = datasets.iter().find(|(_, entry)| entry.module.is_none()) {
            return Err(bad(format!("dataset `{name}`: missing field `module`")));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty() && path != Path::new("-"));
        Ok(Self { path: path.to_owned(), folder: folder.unwrap_or(Path::new(".")).to_owned(), datasets })
    }

    /// The names of its datasets, in order.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.datasets.keys().cloned().collect()
    }
}

/// The text of a file, or of standard input for `-`.
pub(super) fn read_text(path: &Path) -> Result<String> {
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
