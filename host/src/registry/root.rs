//! Where everything lies in a data root. The only place that knows the layout.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::name::DatasetName;
use super::sealed;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// Names the layout in `registry/format.json`; the number goes up when an older host could misread it.
pub(super) const FORMAT_NAME: &str = "host.data-root";
const FORMAT_VERSION: u64 = 1;

/// The directories of a new data root, parents first.
const DIRECTORIES: [&str; 9] = [
    "raw",
    "derived",
    "cache",
    "cache/processing",
    "cache/validation",
    "logs",
    "logs/transformations",
    "logs/errors",
    "logs/performance",
];

/// The directories of its registry.
const REGISTRY_DIRECTORIES: [&str; 3] = ["", "derived", "audit"];

/// A data root that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRoot {
    path: PathBuf,
    registry: PathBuf,
}

impl DataRoot {
    /// Opens a data root and makes what is missing of it.
    ///
    /// # Errors
    /// [`Kind::Storage`] if it cannot be made, [`Kind::Incompatible`] if a newer host made it.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let registry = path.join("registry");
        Self::create_with(path, registry)
    }

    /// The same with the registry in a folder of its own.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with(path: impl Into<PathBuf>, registry: impl Into<PathBuf>) -> Result<Self> {
        let root = Self { path: path.into(), registry: registry.into() };
        if root.read_format()? != Format::Missing {
            // Made as a whole before; somebody may have removed an empty directory since.
            for directory in root.directories() {
                durable::create_directories(&directory).storage("create the data root")?;
            }
            return Ok(root);
        }
        for directory in root.directories() {
            durable::create_directories(&directory).storage("create the data root")?;
        }
        // An earlier attempt may have died before its fsyncs, so all of them are made before the mark that ends it.
        for parent in [root.path.clone(), root.path.join("cache"), root.path.join("logs"), root.registry()] {
            durable::sync_directory(&parent).storage("create the data root")?;
        }
        root.write_format()?;
        Ok(root)
    }

    /// Writes the mark that ends the making of a data root.
    pub(super) fn write_format(&self) -> Result<()> {
        durable::publish(&self.format(), &sealed::pretty(&format_document())).storage("create the data root")
    }

    /// Opens a data root that must exist.
    ///
    /// # Errors
    /// [`Kind::NoDataRoot`] if there is none, [`Kind::Incompatible`] if a newer host made it.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let registry = path.join("registry");
        Self::open_with(path, registry)
    }

    /// The same with the registry in a folder of its own.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl Into<PathBuf>, registry: impl Into<PathBuf>) -> Result<Self> {
        let root = Self { path: path.into(), registry: registry.into() };
        if !root.records().is_dir() {
            let path = root.path.display();
            return Err(Error::new(Kind::NoDataRoot, format!("there is no data root at `{path}`"))
                .hint("run `host prepare --plugin ID` to make one with its first dataset")
                .hint("name another with `--data-root DIR`"));
        }
        root.read_format()?;
        Ok(root)
    }

    /// The paths of a data root that need not be whole, for whoever looks at what is wrong with it.
    #[must_use]
    pub fn unopened(path: &Path, registry: &Path) -> Self {
        Self { path: path.to_owned(), registry: registry.to_owned() }
    }

    /// Every directory that belongs to it, parents first.
    pub fn directories(&self) -> impl Iterator<Item = PathBuf> {
        let registry = REGISTRY_DIRECTORIES.iter().map(|directory| self.registry.join(directory));
        DIRECTORIES.iter().map(|directory| self.path.join(directory)).chain(registry)
    }

    /// The data root itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Downloaded and copied inputs, by digest; see [`RawStore`](crate::raw::RawStore).
    #[must_use]
    pub fn raw(&self) -> PathBuf {
        Self::raw_below(&self.path)
    }

    /// The same for a data root that may not exist.
    #[must_use]
    pub fn raw_below(path: &Path) -> PathBuf {
        path.join("raw")
    }

    /// The folders of all datasets.
    #[must_use]
    pub fn derived(&self) -> PathBuf {
        self.path.join("derived")
    }

    /// The folder of one dataset, with one folder per version.
    #[must_use]
    pub fn dataset(&self, name: &DatasetName) -> PathBuf {
        self.derived().join(name.as_str())
    }

    /// The folder of one version.
    #[must_use]
    pub fn version(&self, name: &DatasetName, version: &Digest) -> PathBuf {
        self.dataset(name).join(version.to_string())
    }

    /// What may be thrown away: `processing` or `validation`.
    #[must_use]
    pub fn cache(&self, section: &str) -> PathBuf {
        self.path.join("cache").join(section)
    }

    /// Logs: `transformations`, `errors` or `performance`.
    #[must_use]
    pub fn logs(&self, section: &str) -> PathBuf {
        self.path.join("logs").join(section)
    }

    /// Everything the registry keeps.
    #[must_use]
    pub fn registry(&self) -> PathBuf {
        self.registry.clone()
    }

    /// The folders of all records.
    #[must_use]
    pub fn records(&self) -> PathBuf {
        self.registry.join("derived")
    }

    /// The folder of one dataset's records.
    #[must_use]
    pub fn records_of(&self, name: &DatasetName) -> PathBuf {
        self.records().join(name.as_str())
    }

    /// The record with a sequence number.
    #[must_use]
    pub fn record(&self, name: &DatasetName, sequence: u64) -> PathBuf {
        self.records_of(name).join(format!("{sequence:08}.json"))
    }

    /// The folder of the audit log.
    #[must_use]
    pub fn audit(&self) -> PathBuf {
        self.registry.join("audit")
    }

    /// The rebuildable index.
    #[must_use]
    pub fn index(&self) -> PathBuf {
        self.registry.join("index.sqlite")
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.registry.join(".lock")
    }

    pub(super) fn format(&self) -> PathBuf {
        self.registry.join("format.json")
    }

    /// A path below the data root as it is shown: relative to it.
    #[must_use]
    pub fn relative<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.path).unwrap_or(path)
    }

    /// What `registry/format.json` says. A damaged one stops nobody; `check` names it.
    pub(super) fn read_format(&self) -> Result<Format> {
        let path = self.format();
        let bytes = match fs_err::read(&path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(Format::Missing);
            }
            bytes => bytes.storage("read the data root")?,
        };
        if bytes == sealed::pretty(&format_document()) {
            return Ok(Format::Current);
        }
        let found = serde_json::from_slice::<Value>(&bytes).ok();
        let schema = found.as_ref().and_then(|document| document.get("schema")).and_then(Value::as_str);
        let version: Option<u64> =
            schema.and_then(|schema| schema.strip_prefix(FORMAT_NAME)?.strip_prefix('/')?.parse().ok());
        match version {
            Some(version) if version > FORMAT_VERSION => Err(Error::new(
                Kind::Incompatible,
                format!("the data root `{}` has format {version}", self.path.display()),
            )
            .cause(format!("this host reads formats up to {FORMAT_VERSION}"))
            .hint("use a newer host, or another data root with `--data-root DIR`")),
            _ => Ok(Format::Damaged),
        }
    }
}

/// State of `registry/format.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Missing,
    Current,
    Damaged,
}

fn format_document() -> Value {
    json!({"schema": format!("{FORMAT_NAME}/{FORMAT_VERSION}")})
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files that nobody keeps")]

    use super::*;

    #[test]
    fn is_made_on_first_use_and_found_after() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("some/where");
        let error = DataRoot::open(&path).unwrap_err();
        assert_eq!(error.kind, Kind::NoDataRoot);
        assert!(!error.hints.is_empty());
        let root = DataRoot::create(&path).unwrap();
        assert_eq!(DataRoot::open(&path).unwrap(), root);
        assert_eq!(DataRoot::create(&path).unwrap(), root);
        for directory in DIRECTORIES {
            assert!(path.join(directory).is_dir(), "{directory}");
        }
    }

    #[test]
    fn what_was_half_made_is_completed() {
        let directory = tempfile::tempdir().unwrap();
        DataRoot::create(directory.path()).unwrap();
        fs_err::remove_dir(directory.path().join("raw")).unwrap();
        fs_err::remove_file(directory.path().join("registry/format.json")).unwrap();
        DataRoot::create(directory.path()).unwrap();
        assert!(directory.path().join("raw").is_dir());
        assert!(directory.path().join("registry/format.json").is_file());
    }

    #[test]
    fn a_newer_format_is_refused_and_a_damaged_one_is_not_fatal() {
        let directory = tempfile::tempdir().unwrap();
        let root = DataRoot::create(directory.path()).unwrap();
        fs_err::write(root.format(), br#"{"schema":"host.data-root/2"}"#).unwrap();
        assert_eq!(DataRoot::open(directory.path()).unwrap_err().kind, Kind::Incompatible);
        assert_eq!(DataRoot::create(directory.path()).unwrap_err().kind, Kind::Incompatible);
        fs_err::write(root.format(), b"\xff").unwrap();
        assert_eq!(DataRoot::open(directory.path()).unwrap().read_format().unwrap(), Format::Damaged);
    }
}
