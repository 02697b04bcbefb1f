//! Which datasets must not be used together, because they hold some of the same information.
//!
//! Two datasets conflict when what is said of either names the other, or when both are the same published data. What is
//! said of a dataset stands in its own metadata (`release`, `conflicts`, `resembles`), which the module wrote, and in the
//! catalogues. What is said of published data counts for a dataset that resembles them, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::{Catalogue, Conflict};
use crate::error::{Error, Kind, Result};

/// What decides whether a dataset conflicts with another.
#[derive(Debug, Clone)]
pub struct Claims {
    /// Its name.
    pub name: String,
    release: Option<String>,
    /// Published data most of whose rows it has.
    resembles: Option<String>,
    conflicts: Vec<Conflict>,
}

/// Two datasets that must not be used together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Clash {
    /// One.
    pub one: String,
    /// The other.
    pub other: String,
    /// What they share.
    pub reason: String,
}

impl Claims {
    /// Those of a dataset of which no more than the name is known.
    #[must_use]
    pub fn of_name(name: &str, catalogue: &Catalogue) -> Self {
        Self::of_metadata(name, &BTreeMap::new(), catalogue)
    }

    /// Those of a derived dataset, from its metadata.
    #[must_use]
    pub fn of_metadata(name: &str, metadata: &BTreeMap<String, Value>, catalogue: &Catalogue) -> Self {
        let text = |key: &str| metadata.get(key).and_then(Value::as_str).map(str::to_owned);
        let listed = metadata.get("conflicts").and_then(Value::as_array);
        let listed = listed.into_iter().flatten().filter_map(said_by_module);
        let mut claims = Self {
            name: name.to_owned(),
            release: text("release"),
            resembles: text("resembles"),
            conflicts: listed.collect(),
        };
        let of_catalogue = catalogue.conflicts_of(&claims.identities());
        claims.conflicts.extend(of_catalogue);
        claims
    }

    /// The names by which others may mean it.
    fn identities(&self) -> BTreeSet<&str> {
        let names = [Some(&self.name), self.release.as_ref(), self.resembles.as_ref()];
        names.into_iter().flatten().map(String::as_str).collect()
    }

    /// What is said of it, each reason once.
    #[must_use]
    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut by_reason: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for conflict in &self.conflicts {
            let with = conflict.with.iter().map(String::as_str);
            by_reason.entry(&conflict.reason).or_default().extend(with);
        }
        let conflict = |(reason, with): (&str, BTreeSet<&str>)| Conflict {
            with: with.into_iter().map(str::to_owned).collect(),
            reason: reason.to_owned(),
        };
        by_reason.into_iter().map(conflict).collect()
    }

    /// What it shares with another.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Option<String> {
        if self.name == other.name {
            return None;
        }
        if let (Some(release), Some(same)) = (&self.release, &other.release)
            && release == same
        {
            return Some(format!("both are `{release}`: the same data twice"));
        }
        let named_by = |claims: &Self, meant: &Self| {
            let identities = meant.identities();
            let hits =
                |conflict: &&Conflict| conflict.with.iter().any(|with| identities.contains(with.as_str()));
            claims.conflicts.iter().find(hits).map(|conflict| conflict.reason.clone())
        };
        let both_resemble = || {
            let mut originals = [self, other].into_iter().filter_map(|claims| claims.resembles.as_deref());
            let of_both = |name: &&str| self.identities().contains(name) && other.identities().contains(name);
            originals.find(of_both).map(|name| format!("both have most of the rows of `{name}`"))
        };
        named_by(self, other).or_else(|| named_by(other, self)).or_else(both_resemble)
    }
}

/// A conflict in the metadata; what does not look like one is for people to read.
fn said_by_module(value: &Value) -> Option<Conflict> {
    let with = value.get("with")?.as_array()?.iter().filter_map(Value::as_str).map(str::to_owned);
    let reason = value.get("reason").and_then(Value::as_str).unwrap_or("no reason given");
    Some(Conflict { with: with.collect(), reason: reason.to_owned() })
}

/// Every pair of them that conflicts.
#[must_use]
pub fn among(all: &[Claims]) -> Vec<Clash> {
    let mut clashes = Vec::new();
    for (index, one) in all.iter().enumerate() {
        for other in all.iter().skip(index + 1) {
            if let Some(reason) = one.shared_with(other) {
                clashes.push(Clash { one: one.name.clone(), other: other.name.clone(), reason });
            }
        }
    }
    clashes
}

/// Refuses a set in which a pair conflicts.
///
/// # Errors
/// [`Kind::CheckFailed`] that names every pair.
pub fn refuse(all: &[Claims], done: &str) -> Result<()> {
    let clashes = among(all);
    if clashes.is_empty() {
        return Ok(());
    }
    let mut error = Error::new(
        Kind::CheckFailed,
        format!("the datasets hold some information twice; nothing was {done}"),
    );
    error.causes = clashes.iter().map(Clash::to_string).collect();
    Err(error.hint("leave out one of each pair; if they are not used together, do it without `--strict`"))
}

impl fmt::Display for Clash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { one, other, reason } = self;
        write!(formatter, "`{one}` and `{other}` must not be used together: {reason}")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn claims(name: &str, release: Option<&str>, conflicts: &Value) -> Claims {
        let metadata = json!({"release": release, "conflicts": conflicts});
        let Value::Object(metadata) = metadata else { panic!() };
        Claims::of_metadata(name, &metadata.into_iter().collect(), &Catalogue::default())
    }

    #[test]
    fn one_side_is_enough_and_a_release_counts_under_any_name() {
        let old = claims("mine", Some("survey_1"), &json!([]));
        let new = claims("survey_2", None, &json!([{"with": ["survey_1"], "reason": "the same sky"}]));
        let stranger = claims("other", None, &json!(["text", {"with": 1}]));
        let found = among(&[old.clone(), stranger.clone(), new.clone()]);
        let clash =
            Clash { one: "mine".to_owned(), other: "survey_2".to_owned(), reason: "the same sky".to_owned() };
        assert_eq!(found, [clash]);
        assert_eq!(among(&[new, old.clone()]).len(), 1);
        assert!(among(&[old.clone(), stranger, old]).is_empty(), "a dataset does not conflict with itself");
    }

    #[test]
    fn a_changed_copy_conflicts_with_all_that_its_original_conflicts_with() {
        let metadata = |values: Value| serde_json::from_value::<BTreeMap<String, Value>>(values).unwrap();
        let copy = |name: &str| {
            let said = json!({ "resembles": "survey_1", "release": null });
            Claims::of_metadata(name, &metadata(said), &Catalogue::default())
        };
        let later = claims("survey_2", None, &json!([{"with": ["survey_1"], "reason": "the same sky"}]));
        assert_eq!(among(&[copy("edited"), later]).len(), 1);
        let found = among(&[copy("edited"), copy("again")]);
        assert!(found[0].reason.contains("most of the rows of `survey_1`"), "{found:?}");
        let found = among(&[copy("edited"), claims("mine", Some("survey_1"), &json!([]))]);
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn the_same_release_under_two_names_is_the_same_data_twice() {
        let found = among(&[claims("a", Some("r"), &json!([])), claims("b", Some("r"), &json!([]))]);
        assert!(found[0].reason.contains("the same data twice"), "{found:?}");
        assert!(among(&[claims("a", None, &json!([])), claims("b", None, &json!([]))]).is_empty());
    }
}
