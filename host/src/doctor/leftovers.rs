//! What killed processes left where no writer of the registry sweeps.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::{Files, Finding, Repair};
use crate::durable;

/// No process writes one file for longer than this.
const OLD: Duration = Duration::from_hours(24);

/// Leftovers of more than a day in raw data, cache and logs. Younger ones may belong to a process that lives.
#[must_use]
pub fn leftovers(files: &Files, now: SystemTime) -> Vec<Finding> {
    let places = [files.data_root.join("raw"), files.cache_directory.clone(), files.log_directory.clone()];
    let mut found = Vec::new();
    for place in places {
        collect(&place, now, &mut found);
        let below = fs_err::read_dir(&place).into_iter().flatten().flatten();
        for folder in below.map(|entry| entry.path()).filter(|path| path.is_dir()) {
            collect(&folder, now, &mut found);
        }
    }
    found.sort();
    found.dedup();
    found.into_iter().map(finding).collect()
}

fn collect(folder: &Path, now: SystemTime, found: &mut Vec<PathBuf>) {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let old = entries.filter(|entry| {
        let written = entry.metadata().and_then(|metadata| metadata.modified());
        let is_old = written.is_ok_and(|written| now.duration_since(written).is_ok_and(|age| age > OLD));
        is_old && entry.file_name().to_str().is_some_and(durable::is_leftover)
    });
    found.extend(old.map(|entry| entry.path()));
}

fn finding(path: PathBuf) -> Finding {
    Finding::new(
        "leftovers",
        format!("`{}` is what a killed process left more than a day ago", path.display()),
        "it takes room and is good for nothing",
        "type `host doctor --fix` to remove it",
    )
    .fixed_by(Repair::Leftover(path))
}
