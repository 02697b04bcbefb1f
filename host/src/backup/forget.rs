//! Which snapshots are kept. What forgotten ones hold stays until [`prune`](super::prune).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;

use super::repository::{self, Repository};
use crate::durable;
use crate::error::{Result, StorageContext};

/// How many are kept; of a day, an ISO week and a month (UTC) the newest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// The newest.
    pub last: usize,
    /// Days that have any.
    pub daily: usize,
    /// Weeks that have any.
    pub weekly: usize,
    /// Months that have any.
    pub monthly: usize,
}

/// What became of the snapshots.
#[derive(Debug, Clone, Serialize)]
pub struct Forgotten {
    /// Every snapshot that could be read, the newest first.
    pub snapshots: Vec<Judged>,
    /// Snapshots that cannot be read; they are left alone.
    pub unreadable: Vec<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// What became of one.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// The snapshot.
    pub id: String,
    /// Why it is kept; forgotten when there is no reason.
    pub reasons: Vec<&'static str>,
}

/// Forgets every snapshot that no rule keeps. The newest is always kept, and the newest in which nothing is damaged.
///
/// # Errors
/// [`Kind::Locked`](crate::error::Kind::Locked) while others use the repository, [`Kind::Storage`](crate::error::Kind::Storage).
pub fn forget(repository: &Repository, keep: Keep, dry_run: bool, actor: &str) -> Result<Forgotten> {
    let _alone = repository.alone()?;
    if !dry_run {
        durable::sweep(&repository.snapshots()).storage("remove leftovers from the repository")?;
    }
    let mut unreadable = Vec::new();
    let mut snapshots = Vec::new();
    for id in repository.ids()?.into_iter().rev() {
        match (repository.manifest(&id), repository::time_of(&id)) {
            (Ok(manifest), Some(created)) => snapshots.push((id, created, manifest.damage.is_empty())),
            _ => unreadable.push(id),
        }
    }
    let seen: Vec<(Timestamp, bool)> =
        snapshots.iter().map(|(_, created, sound)| (*created, *sound)).collect();
    let reasons = plan(&seen, keep);
    let snapshots: Vec<Judged> =
        snapshots.into_iter().zip(reasons).map(|((id, ..), reasons)| Judged { id, reasons }).collect();
    let gone: Vec<&str> = snapshots
        .iter()
        .filter(|judged| judged.reasons.is_empty())
        .map(|judged| judged.id.as_str())
        .collect();
    if !dry_run && !gone.is_empty() {
        // First the line: what is gone must never be gone untold.
        drop(repository.record("forget", actor, "snapshots", json!({"keep": keep, "forgotten": gone}))?);
        // The oldest first, so that what a killed process leaves is never an old one without a newer.
        for id in gone.iter().rev() {
            durable::remove(&repository.manifest_path(id)).storage("forget a snapshot")?;
        }
        durable::sync_directory(&repository.snapshots()).storage("forget a snapshot")?;
    }
    Ok(Forgotten { snapshots, unreadable, dry_run })
}

/// Why each snapshot is kept; they come with the newest first, and say whether nothing in them is damaged.
fn plan(snapshots: &[(Timestamp, bool)], keep: Keep) -> Vec<Vec<&'static str>> {
    let mut reasons: Vec<Vec<&'static str>> = vec![Vec::new(); snapshots.len()];
    let newest_sound = snapshots.iter().position(|(_, sound)| *sound);
    for (index, found) in reasons.iter_mut().enumerate() {
        if index == 0 {
            found.push("newest");
        }
        if newest_sound == Some(index) {
            found.push("newest without damage");
        }
        if index < keep.last {
            found.push("last");
        }
    }
    let rules: [(&str, usize, Period); 3] =
        [("daily", keep.daily, day), ("weekly", keep.weekly, week), ("monthly", keep.monthly, month)];
    for (name, count, period) in rules {
        let mut seen = BTreeSet::new();
        for ((created, _), found) in snapshots.iter().zip(&mut reasons) {
            if seen.len() < count && seen.insert(period(*created)) {
                found.push(name);
            }
        }
    }
    reasons
}

/// Year and number of a period that a time lies in.
type Period = fn(Timestamp) -> (i16, i16);

fn day(created: Timestamp) -> (i16, i16) {
    let date = created.to_zoned(TimeZone::UTC).date();
    (date.year(), date.day_of_year())
}

fn week(created: Timestamp) -> (i16, i16) {
    let week = created.to_zoned(TimeZone::UTC).date().iso_week_date();
    (week.year(), i16::from(week.week()))
}

fn month(created: Timestamp) -> (i16, i16) {
    let date = created.to_zoned(TimeZone::UTC).date();
    (date.year(), i16::from(date.month()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn days(count: i64) -> Vec<(Timestamp, bool)> {
        let newest: Timestamp = "2026-03-31T02:00:00Z".parse().unwrap();
        let day = |ago: i64| Timestamp::from_second(newest.as_second() - ago * 86_400).unwrap();
        (0..count).map(|ago| (day(ago), true)).collect()
    }

    fn kept(keep: Keep, snapshots: &[(Timestamp, bool)]) -> Vec<usize> {
        let reasons = plan(snapshots, keep);
        reasons
            .iter()
            .enumerate()
            .filter(|(_, reasons)| !reasons.is_empty())
            .map(|(index, _)| index)
            .collect()
    }

    #[test]
    fn a_week_of_days_a_month_of_weeks_and_a_quarter() {
        let keep = Keep { daily: 7, weekly: 4, monthly: 3, ..Keep::default() };
        // 31 March 2026 is a Tuesday: weeks end on the 29th, the 22nd and the 15th, months on the 28th February and the
        // 31st January.
        assert_eq!(kept(keep, &days(100)), [0, 1, 2, 3, 4, 5, 6, 9, 16, 31, 59]);
        assert_eq!(kept(Keep { last: 3, ..Keep::default() }, &days(10)), [0, 1, 2]);
    }

    #[test]
    fn the_newest_and_the_newest_sound_one_always_stay() {
        let mut snapshots = days(5);
        assert_eq!(kept(Keep::default(), &snapshots), [0]);
        snapshots[0].1 = false;
        snapshots[1].1 = false;
        assert_eq!(kept(Keep::default(), &snapshots), [0, 2]);
    }

    proptest! {
        #[test]
        fn more_rules_never_keep_less(times in prop::collection::vec((0_i64..4_000_000_000, any::<bool>()), 1..60),
                                      last in 0_usize..5, daily in 0_usize..5, weekly in 0_usize..5, monthly in 0_usize..5) {
            let mut snapshots: Vec<_> =
                times.into_iter().map(|(time, sound)| (Timestamp::from_second(time).unwrap(), sound)).collect();
            snapshots.sort_by_key(|(created, _)| std::cmp::Reverse(*created));
            let few = kept(Keep { last, daily, weekly, monthly }, &snapshots);
            let more = kept(Keep { last: last + 1, daily: daily + 1, weekly: weekly + 1, monthly: monthly + 1 }, &snapshots);
            prop_assert!(few.contains(&0));
            prop_assert!(few.iter().all(|index| more.contains(index)));
            prop_assert!(few.len() <= last + daily + weekly + monthly + 2);
        }
    }
}
