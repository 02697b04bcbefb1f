//! What the last snapshot knows of files that look unchanged.

use std::collections::BTreeMap;

use super::manifest::{Content, Manifest};
use crate::digest::Digest;

/// The clock that a file's last change is taken from can be behind by a tick; one with whole seconds by two of them.
const TICK_NANOSECONDS: i64 = 100_000_000;
const COARSE_TICK_NANOSECONDS: i64 = 2_000_000_000;

/// What the last snapshot has, by path.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    files: BTreeMap<&'a str, &'a Content>,
    /// When it was made, nanoseconds since 1970.
    created: i64,
}

impl<'a> Known<'a> {
    pub(super) fn of(manifest: &'a Manifest) -> Self {
        let files = manifest.entries.iter();
        let files = files.filter_map(|entry| Some((entry.path.as_str(), entry.file.as_ref()?))).collect();
        let created = manifest.created.parse::<jiff::Timestamp>().ok();
        let created = created.and_then(|created| i64::try_from(created.as_nanosecond()).ok());
        Self { files, created: created.unwrap_or(i64::MIN) }
    }

    /// The content of a file that cannot have changed since.
    pub(super) fn same(&self, path: &str, seen: &Content) -> Option<Digest> {
        let known = self.files.get(path)?;
        let looks_the_same = (known.bytes, known.inode, known.changed_nanoseconds)
            == (seen.bytes, seen.inode, seen.changed_nanoseconds);
        (looks_the_same && settled(seen.changed_nanoseconds, self.created)).then_some(known.sha256)
    }
}

/// Whether a change after `created` would show in the time of the last change.
fn settled(changed: i64, created: i64) -> bool {
    let tick = if changed % 1_000_000_000 == 0 { COARSE_TICK_NANOSECONDS } else { TICK_NANOSECONDS };
    changed.saturating_add(tick) < created
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn a_file_that_may_have_changed_within_a_tick_is_read_again() {
        let second = 1_000_000_000;
        assert!(settled(5 * second + 1, 6 * second));
        assert!(!settled(5 * second + 1, 5 * second + 50_000_000));
        assert!(!settled(5 * second, 6 * second), "a clock of whole seconds");
        assert!(settled(5 * second, 8 * second));
        assert!(!settled(i64::MAX, 0));
    }
}
