//! Where the parts of a snapshot lie.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::SystemTime;

use super::path::Part;
use crate::registry::Registry;

/// Where the parts of a snapshot lie.
#[derive(Debug, Clone)]
pub struct Sources {
    /// What is to be saved of it.
    pub parts: BTreeSet<Part>,
    /// Derived datasets and fetched files lie in its root, records and audit log in its folder.
    pub registry: Registry,
    /// Logs.
    pub log_directory: PathBuf,
    /// Logs that were not written to since then are left out.
    pub logs_since: SystemTime,
    /// Installed modules.
    pub plugin_store: Option<PathBuf>,
    /// Configuration files by the names that they get; one that is not there is left out.
    pub config: BTreeMap<String, PathBuf>,
    /// The same for the keys whose signatures count.
    pub trust: BTreeMap<String, PathBuf>,
}

impl Sources {
    /// The folder of a part that is one.
    pub(super) fn folder(&self, part: Part) -> Option<PathBuf> {
        let root = self.registry.root();
        match part {
            Part::Derived => Some(root.derived()),
            Part::Raw => Some(root.raw()),
            Part::Registry => Some(root.registry()),
            Part::Logs => Some(self.log_directory.clone()),
            Part::Plugins => self.plugin_store.clone(),
            Part::Config | Part::Trust => None,
        }
    }

    /// The files of a part that are gathered from several places.
    pub(super) fn files(&self, part: Part) -> &BTreeMap<String, PathBuf> {
        static NONE: BTreeMap<String, PathBuf> = BTreeMap::new();
        match part {
            Part::Config => &self.config,
            Part::Trust => &self.trust,
            _ => &NONE,
        }
    }
}
