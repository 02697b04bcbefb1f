//! The scratch folder, and the examples that were derived in it.

use std::path::{Path, PathBuf};

use plugin_api::Level;

use super::Subject;
use super::line::Evidence;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Result, StorageContext};
use crate::modules::worker::parent::Listener;
use crate::platform::ConfinementLevel;
use crate::registry::{DataRoot, DatasetName, Registry};
use crate::stages::pipeline::{self, Prepared};
use crate::stages::plan::Job;
use crate::stages::register::Retired;

/// An example that was derived.
#[derive(Debug, Clone)]
pub(super) struct Golden {
    /// Id of its module.
    pub(super) module: String,
    /// The library, and what it was when it ran.
    pub(super) library: PathBuf,
    pub(super) library_sha256: Digest,
    /// What it was registered as.
    pub(super) name: DatasetName,
    pub(super) version: Digest,
    /// How long it took, and how much memory the worker needed.
    pub(super) seconds: f64,
    pub(super) peak_memory_bytes: Option<u64>,
    /// What the module was confined by.
    pub(super) confinement: ConfinementLevel,
}

impl Golden {
    /// The library that derived it, and what came of it.
    pub(super) fn evidence(&self) -> [Evidence; 2] {
        let (what, path) = (format!("module `{}`", self.module), Some(self.library.clone()));
        [
            Evidence { what, path, sha256: Some(self.library_sha256) },
            Evidence::digest(format!("version of `{}`", self.name), self.version),
        ]
    }
}

/// Where lines are looked at.
pub(super) struct Bench<'s> {
    pub(super) subject: &'s Subject,
    folder: StagedDirectory,
    /// What the first lines derived for the others.
    pub(super) golden: Vec<Golden>,
}

impl<'s> Bench<'s> {
    pub(super) fn new(subject: &'s Subject) -> Result<Self> {
        let parent = subject.files.cache_directory.join("certification");
        durable::create_directories(&parent).storage("make the scratch folder")?;
        durable::sweep(&parent).storage("remove what a killed certification left")?;
        let folder = StagedDirectory::create(&parent).storage("make the scratch folder")?;
        Ok(Self { subject, folder, golden: Vec::new() })
    }

    /// A path in the scratch folder.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The registry of a scratch data root, which is made if it is not there.
    pub(super) fn registry(&self, name: &str) -> Result<Registry> {
        Ok(Registry::open(DataRoot::create(self.path(name))?))
    }

    /// As datasets are prepared here, but each by a process of its own, and registered whatever the settings say.
    pub(super) fn options(&self) -> pipeline::Options {
        let options = self.subject.options.clone().without_input_cache();
        let derive = options.derive.with_fresh_workers();
        pipeline::Options { derive, register: true, retired: Retired::Refuse, ..options }
    }

    /// Prepares the example of a module in a scratch data root.
    pub(super) fn prepare(&self, module: &str, registry: &Registry) -> Result<Prepared> {
        let job = Job { module: module.to_owned(), ..Job::default() };
        pipeline::prepare(&job, registry, &self.options(), &Quiet)
    }

    /// The example that is derived again and again: the one that took the least time.
    pub(super) fn quickest(&self) -> Option<Golden> {
        self.golden.iter().min_by(|one, other| one.seconds.total_cmp(&other.seconds)).cloned()
    }

    /// A scratch data root with the quickest example alone; nothing if there is none.
    pub(super) fn small_root(&self, name: &str) -> Result<Option<(Registry, Golden)>> {
        let Some(golden) = self.quickest() else { return Ok(None) };
        let registry = self.registry(name)?;
        self.prepare(&golden.module, &registry)?;
        Ok(Some((registry, golden)))
    }
}

/// Why a line that needs an example has nothing to look at.
pub(super) const NO_EXAMPLE: &str = "no module derived an example";

/// Flips the lowest bit of the byte in the middle of a file and returns what it was.
pub(super) fn flip(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs_err::read(path).storage("read a scratch file")?;
    let mut flipped = bytes.clone();
    let middle = flipped.len() / 2;
    if let Some(byte) = flipped.get_mut(middle) {
        *byte ^= 1;
    }
    durable::publish(path, &flipped).storage("damage a scratch file")?;
    Ok(bytes)
}

/// Nobody watches.
pub(super) struct Quiet;

impl Listener for Quiet {
    fn log(&self, _level: Level, text: &str) {
        tracing::debug!("{text}");
    }

    fn progress(&self, _fraction: f64, _doing: &str) {}
}
