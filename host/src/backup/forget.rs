//! Which snapshots are kept. What forgotten ones hold stays until [`prune`](super::prune()).

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::json;

use super::path::Part;
use super::repository::{self, Repository};
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// How many are kept of each data root; of a day, an ISO week and a month (UTC) the newest.
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

/// Forgets every snapshot that no rule keeps. The newest is always kept, and the newest in which nothing is damaged. One
/// gives way only to newer ones of the same data root that hold every part that it holds.
///
/// # Errors
/// [`Kind::Locked`] while others use the repository, [`Kind::Storage`].
pub fn forget(repository: &Repository, keep: Keep, dry_run: bool, actor: &str) -> Result<Forgotten> {
    let _alone = repository.alone()?;
    if !dry_run {
        durable::sweep(&repository.snapshots()).storage("remove leftovers from the repository")?;
    }
    let mut unreadable = Vec::new();
    let (mut ids, mut seen) = (Vec::new(), Vec::new());
    for id in repository.ids()?.into_iter().rev() {
        match (repository.manifest(&id), repository::time_of(&id)) {
            (Ok(manifest), Some(created)) => {
                let sound = manifest.damage.is_empty();
                seen.push(Seen { created, origin: manifest.origin, parts: manifest.parts, sound });
                ids.push(id);
            }
            _ => unreadable.push(id),
        }
    }
    let judged = ids.into_iter().zip(plan(&seen, keep));
    let snapshots: Vec<Judged> = judged.map(|(id, reasons)| Judged { id, reasons }).collect();
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

/// Forgets snapshots that nobody can restore any more, since their manifests are missing or damaged: so that the rest can
/// be pruned, and the history tells who gave them up.
///
/// # Errors
/// [`Kind::Usage`] for one that is whole, or was never made or forgotten already; [`Kind::Locked`], [`Kind::Storage`].
pub fn give_up(repository: &Repository, ids: &[String], dry_run: bool, actor: &str) -> Result<Forgotten> {
    let _alone = repository.alone()?;
    let (lost, there) = (repository.lost()?, repository.ids()?);
    for id in ids {
        if there.contains(id) && repository.manifest(id).is_ok() {
            return Err(Error::new(Kind::Usage, format!("snapshot `{id}` is whole"))
                .hint("say how many are to be kept instead: `host backup forget --keep-last N`"));
        }
        if !there.contains(id) && !lost.contains(id) {
            return Err(Error::new(Kind::Usage, format!("there is no snapshot `{id}`"))
                .hint("run `host backup check` to see what is missing or damaged"));
        }
    }
    if !dry_run {
        drop(repository.record("forget", actor, "snapshots", json!({"given_up": true, "forgotten": ids}))?);
        for id in ids.iter().filter(|id| there.contains(id)) {
            durable::remove(&repository.manifest_path(id)).storage("forget a snapshot")?;
        }
        durable::sync_directory(&repository.snapshots()).storage("forget a snapshot")?;
    }
    let snapshots = ids.iter().map(|id| Judged { id: id.clone(), reasons: Vec::new() }).collect();
    Ok(Forgotten { snapshots, unreadable: Vec::new(), dry_run })
}

/// What a snapshot is judged by.
#[derive(Debug, Clone)]
struct Seen {
    created: Timestamp,
    origin: String,
    parts: BTreeSet<Part>,
    /// Whether nothing in it is damaged.
    sound: bool,
}

impl Seen {
    /// Whether nothing would be lost of another one, but for what changed since.
    fn replaces(&self, other: &Self) -> bool {
        self.origin == other.origin && self.parts.is_superset(&other.parts)
    }
}

/// Why each snapshot is kept; they come with the newest first.
fn plan(snapshots: &[Seen], keep: Keep) -> Vec<Vec<&'static str>> {
    let mut newer: Vec<&Seen> = Vec::new();
    let mut reasons = Vec::new();
    for snapshot in snapshots {
        let rivals: Vec<&Seen> = newer.iter().copied().filter(|newer| newer.replaces(snapshot)).collect();
        reasons.push(judge(snapshot, &rivals, keep));
        newer.push(snapshot);
    }
    reasons
}

/// Why a snapshot is kept beside newer ones that could replace it.
fn judge(snapshot: &Seen, rivals: &[&Seen], keep: Keep) -> Vec<&'static str> {
    let rules: [(&str, usize, Period); 3] =
        [("daily", keep.daily, day), ("weekly", keep.weekly, week), ("monthly", keep.monthly, month)];
    let mut reasons = Vec::new();
    if rivals.is_empty() {
        reasons.push("newest");
    }
    if snapshot.sound && !rivals.iter().any(|rival| rival.sound) {
        reasons.push("newest without damage");
    }
    if rivals.len() < keep.last {
        reasons.push("last");
    }
    for (name, count, period) in rules {
        let taken: BTreeSet<_> = rivals.iter().map(|rival| period(rival.created)).collect();
        if taken.len() < count && !taken.contains(&period(snapshot.created)) {
            reasons.push(name);
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

    fn seen(created: Timestamp, origin: &str, parts: &[Part]) -> Seen {
        Seen { created, origin: origin.to_owned(), parts: parts.iter().copied().collect(), sound: true }
    }

    fn days(count: i64) -> Vec<Seen> {
        let newest: Timestamp = "2026-03-31T02:00:00Z".parse().unwrap();
        let day = |ago: i64| Timestamp::from_second(newest.as_second() - ago * 86_400).unwrap();
        (0..count).map(|ago| seen(day(ago), "/data", &Part::USUAL)).collect()
    }

    fn kept(keep: Keep, snapshots: &[Seen]) -> Vec<usize> {
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
        snapshots[0].sound = false;
        snapshots[1].sound = false;
        assert_eq!(kept(Keep::default(), &snapshots), [0, 2]);
    }

    #[test]
    fn a_snapshot_of_the_configuration_never_replaces_one_of_the_datasets() {
        let at = |time: &str| time.parse().unwrap();
        let snapshots = [
            seen(at("2026-03-30T06:00:00Z"), "/data", &Part::USUAL),
            seen(at("2026-03-29T15:00:00Z"), "/data", &[Part::Config]),
            seen(at("2026-03-29T06:00:00Z"), "/data", &Part::USUAL),
        ];
        let (last, daily) = (Keep { last: 1, ..Keep::default() }, Keep { daily: 2, ..Keep::default() });
        assert_eq!(kept(last, &snapshots[1..]), [0, 1]);
        assert_eq!(kept(daily, &snapshots), [0, 1, 2]);
        assert_eq!(kept(last, &snapshots), [0], "one of everything replaces one of the configuration");
    }

    #[test]
    fn of_two_data_roots_that_share_a_repository_each_keeps_its_own() {
        let both = |day: Seen| {
            let other = Timestamp::from_second(day.created.as_second() - 3600).unwrap();
            [day, seen(other, "/other", &Part::USUAL)]
        };
        let snapshots: Vec<Seen> = days(30).into_iter().flat_map(both).collect();
        let keep = Keep { daily: 3, ..Keep::default() };
        assert_eq!(kept(keep, &snapshots), [0, 1, 2, 3, 4, 5]);
    }

    proptest! {
        #[test]
        fn more_rules_never_keep_less(times in prop::collection::vec((0_i64..4_000_000_000, any::<bool>()), 1..60),
                                      last in 0_usize..5, daily in 0_usize..5, weekly in 0_usize..5, monthly in 0_usize..5) {
            let mut snapshots: Vec<_> =
                times.into_iter().map(|(time, sound)| Seen { sound, ..seen(Timestamp::from_second(time).unwrap(), "/data", &[]) }).collect();
            snapshots.sort_by_key(|seen| std::cmp::Reverse(seen.created));
            let few = kept(Keep { last, daily, weekly, monthly }, &snapshots);
            let more = kept(Keep { last: last + 1, daily: daily + 1, weekly: weekly + 1, monthly: monthly + 1 }, &snapshots);
            prop_assert!(few.contains(&0));
            prop_assert!(few.iter().all(|index| more.contains(index)));
            prop_assert!(few.len() <= last + daily + weekly + monthly + 2);
        }
    }
}
