//! What the last check of every byte found. Looking at the health reads no data, so it would forget what a check found.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::registry::ItemSeverity;
use crate::registry::check::Report;

/// The name of the mark in the folder of the logs.
const FILE: &str = ".check.json";

/// No more than so many datasets are told of, and no mark is longer than they need.
const MOST: usize = 100;
const LONGEST: u64 = 1024 * 1024;

/// What `host check` found damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// When it was looked; RFC 3339, UTC.
    at: String,
    /// The data root that was looked at: others may write their logs into the same folder.
    data_root: PathBuf,
    /// Damaged datasets, or the places of what belongs to none, and what was found first of each.
    damaged: BTreeMap<String, String>,
}

impl Found {
    /// Notes what a check found. One that did not read everything finds nothing whole that another found damaged.
    ///
    /// # Errors
    /// The folder of the logs cannot be written.
    pub fn note(log_directory: &Path, data_root: &Path, report: &Report) -> io::Result<()> {
        let damage = report.items.iter().filter(|item| item.severity == ItemSeverity::Damage);
        let mut damaged = BTreeMap::new();
        for item in damage.take(MOST) {
            let name = item.name.clone().unwrap_or_else(|| item.path.clone());
            damaged.entry(name).or_insert_with(|| format!("{}: {}", item.path, item.message));
        }
        let file = log_directory.join(FILE);
        if damaged.is_empty() && (!report.read_data || !file.exists()) {
            return Ok(());
        }
        durable::create_directories(log_directory)?;
        let found = Self { at: crate::clock::now(), data_root: data_root.to_owned(), damaged };
        durable::publish(&file, &serde_json::to_vec_pretty(&found)?)
    }

    /// Damaged datasets and why, as the last check left them; none where it cannot be read.
    pub(super) fn damaged(log_directory: &Path, data_root: &Path) -> BTreeMap<String, String> {
        let file = log_directory.join(FILE);
        let is_short =
            file.symlink_metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() <= LONGEST);
        let bytes = is_short.then(|| fs_err::read(&file).ok()).flatten();
        let found = bytes.and_then(|bytes| serde_json::from_slice::<Self>(&bytes).ok());
        let Some(found) = found.filter(|found| found.data_root == data_root) else { return BTreeMap::new() };
        let at = found.at;
        found
            .damaged
            .into_iter()
            .map(|(name, why)| (name, format!("{why}, found by `host check` at {at}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ItemKind;
    use crate::registry::check::Item;

    #[test]
    fn damage_that_was_found_is_told_until_every_byte_is_sound_again() {
        let logs = tempfile::tempdir().unwrap();
        let item = Item {
            kind: ItemKind::DigestMismatch,
            severity: ItemKind::DigestMismatch.severity(),
            path: "derived/star/data.parquet".to_owned(),
            name: Some("star".to_owned()),
            version: None,
            message: "another digest".to_owned(),
            hint: None,
        };
        let root = Path::new("/data");
        let look = |read_data, items: &[Item]| {
            let report = Report { read_data, items: items.to_vec(), ..Report::default() };
            Found::note(logs.path(), root, &report).unwrap();
            Found::damaged(logs.path(), root)
        };
        assert!(look(true, &[]).is_empty() && !logs.path().join(FILE).exists(), "nothing to tell, no mark");
        let found = look(false, std::slice::from_ref(&item));
        assert!(
            found["star"].starts_with("derived/star/data.parquet: another digest, found by"),
            "{found:?}"
        );
        assert!(Found::damaged(logs.path(), Path::new("/elsewhere")).is_empty());
        assert_eq!(look(false, &[]), found, "what was not read is not known to be sound");
        assert!(look(true, &[]).is_empty());
        durable::publish(&logs.path().join(FILE), b"{").unwrap();
        assert!(Found::damaged(logs.path(), root).is_empty());
    }
}
