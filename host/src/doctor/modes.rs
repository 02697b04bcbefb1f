//! Who may read and change which file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::{Files, Finding, Repair};

/// No more files than this are looked at in one folder.
const MOST_FILES: usize = 100_000;

/// How many folders deep logs, raw data and cache are looked at.
const DEPTH: usize = 3;

/// What is demanded of a mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Others may not write; the owner may read.
    Public,
    /// Nobody but the owner may do anything.
    Private,
}

impl Demand {
    fn is_met(self, mode: u32, is_folder: bool) -> bool {
        let needed = if is_folder { 0o500 } else { 0o400 };
        let forbidden = match self {
            Self::Public => 0o022,
            Self::Private => 0o077,
        };
        mode & forbidden == 0 && mode & needed == needed
    }

    fn usual(self, is_folder: bool) -> u32 {
        match (self, is_folder) {
            (Self::Public, false) => 0o644,
            (Self::Public, true) => 0o755,
            (Self::Private, false) => 0o600,
            (Self::Private, true) => 0o700,
        }
    }
}

/// Looks at modes, once each.
#[derive(Debug, Default)]
pub struct Modes {
    findings: Vec<Finding>,
}

impl Modes {
    /// Every folder of the host's own files, and what lies in logs, raw data and cache. Records and content are for
    /// [`registry::check`](crate::registry::check).
    pub fn look_at_all(&mut self, files: &Files) {
        self.look(&files.data_root, Demand::Public);
        let (raw, cache) = (files.data_root.join("raw"), files.cache_directory.clone());
        for place in [raw, cache, files.log_directory.clone()] {
            self.look_below(&place, DEPTH);
        }
    }

    /// One file or folder; one that is not there has no mode, and a link is not followed.
    pub fn look(&mut self, path: &Path, demand: Demand) {
        let Ok(metadata) = path.symlink_metadata() else { return };
        let (mode, is_folder) = (metadata.permissions().mode() & 0o7777, metadata.is_dir());
        if !metadata.is_symlink() && !demand.is_met(mode, is_folder) {
            self.findings.push(finding(path.to_owned(), mode, demand, demand.usual(is_folder)));
        }
    }

    fn look_below(&mut self, folder: &Path, depth: usize) {
        self.look(folder, Demand::Public);
        let entries = fs_err::read_dir(folder).into_iter().flatten().flatten().take(MOST_FILES);
        for path in entries.map(|entry| entry.path()) {
            let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
            if is_folder && depth > 1 {
                self.look_below(&path, depth - 1);
            } else {
                self.look(&path, Demand::Public);
            }
        }
    }

    /// What was found.
    #[must_use]
    pub fn findings(self) -> Vec<Finding> {
        self.findings
    }
}

fn finding(path: PathBuf, mode: u32, demand: Demand, usual: u32) -> Finding {
    let shown = path.display();
    let why = match demand {
        Demand::Public => "others could change it, or its owner cannot read it",
        Demand::Private => "others could read or change what is nobody else's business",
    };
    let found = format!("the mode of `{shown}` is {mode:04o}");
    let action = format!("type `chmod {usual:o} {shown}`, or `host doctor --fix`");
    Finding::new("modes", found, why, action).fixed_by(Repair::Mode { path, mode: usual })
}
