//! Which known releases hold some of the rows of a table that is none of them: a changed copy, a selection, a
//! compilation.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What a table that is no known release shares with those that are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedRows {
    rows: usize,
    /// Names of releases by the number of rows shared with them.
    releases: BTreeMap<usize, Vec<String>>,
    most: Option<String>,
}

impl SharedRows {
    /// Counts the rows, each known by a digest, that stand in the tables of releases.
    ///
    /// Fewer than one in a hundred are taken for chance, which digests of 32 bits of long tables need.
    #[must_use]
    pub fn count<'r, D: Ord>(found: &[D], releases: impl IntoIterator<Item = (&'r str, Vec<D>)>) -> Self {
        let digests: BTreeSet<&D> = found.iter().collect();
        let mut shared = Self { rows: found.len(), ..Self::default() };
        // Of the rows of both tables together, the part that stands in both; compared as products.
        let mut best = (0, 1);
        for (name, published) in releases {
            let published: BTreeSet<&D> = published.iter().collect();
            let count = digests.intersection(&published).count();
            let fewer = digests.len().min(published.len());
            if count == 0 || 100 * count < fewer {
                continue;
            }
            shared.releases.entry(count).or_default().push(name.to_owned());
            let all = digests.union(&published).count();
            if 2 * count > fewer && count * best.1 > best.0 * all {
                best = (count, all);
                shared.most = Some(name.to_owned());
            }
        }
        shared
    }

    /// The release that the table is most like, when more than half of either are rows of both.
    #[must_use]
    pub fn most(&self) -> Option<&str> {
        self.most.as_deref()
    }

    /// The metadata that tell the host what must not be used together with the table.
    #[must_use]
    pub fn metadata(&self) -> BTreeMap<String, Value> {
        let conflict = |(count, names): (&usize, &Vec<String>)| {
            let reason =
                format!("{count} of the {} rows of a table that is no known release are the same", self.rows);
            json!({ "with": names, "reason": reason })
        };
        let conflicts: Vec<Value> = self.releases.iter().rev().map(conflict).collect();
        let mut metadata = BTreeMap::new();
        if !conflicts.is_empty() {
            metadata.insert("conflicts".to_owned(), json!(conflicts));
        }
        metadata.extend(self.most().map(|most| ("resembles".to_owned(), json!(most))));
        metadata
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_with_a_changed_row_is_most_like_its_original_and_not_like_a_list_that_holds_it() {
        let releases = || [("whole", (0..8).collect()), ("list", (0..32).collect()), ("other", vec![99])];
        let shared = SharedRows::count(&[0, 1, 2, 3, 4, 5, 6, 50], releases());
        assert_eq!(shared.most(), Some("whole"));
        assert_eq!(shared.metadata()["conflicts"][0]["with"], json!(["whole", "list"]));
        let longer: Vec<i32> = (0..33).collect();
        assert_eq!(SharedRows::count(&longer, releases()).most(), Some("list"));
    }

    #[test]
    fn what_shares_nothing_says_nothing_and_one_row_of_many_is_chance() {
        assert!(SharedRows::count(&[7], [("a", vec![8])]).metadata().is_empty());
        let long: Vec<i32> = (0..300).collect();
        assert!(SharedRows::count(&long, [("a", (299..600).collect())]).metadata().is_empty());
        let few = SharedRows::count(&[1, 2, 3, 4], [("a", vec![4, 5, 6, 7])]);
        assert_eq!(few.most(), None);
        assert_eq!(few.metadata()["conflicts"][0]["with"], json!(["a"]));
    }
}
