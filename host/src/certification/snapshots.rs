//! Snapshots: one of the scratch data root, and the newest real one.

use std::collections::BTreeMap;
use std::time::SystemTime;

use jiff::Timestamp;

use super::bench::{Bench, NO_EXAMPLE};
use super::line::{Evidence, Outcome};
use crate::backup::{self, CreateOptions, Damage, Drilled, Part, Repository, Sources};
use crate::error::Result;
use crate::text::{bytes, duration};

/// Work of no more than this may be lost.
const MOST_LOST_SECONDS: f64 = 24.0 * 3600.0;

/// It may take no longer to come back.
const MOST_RESTORE_SECONDS: f64 = 4.0 * 3600.0;

/// Why a line on snapshots has nothing to look at.
const NO_REPOSITORY: &str = "there is no backup repository";

/// Why a line on the newest snapshot has nothing to look at.
const NO_SNAPSHOT: &str = "there is no snapshot of the datasets";

/// Saves the examples and restores them.
pub(super) fn scratch(bench: &mut Bench<'_>) -> Result<Outcome> {
    if bench.golden.is_empty() {
        return Ok(Outcome::skipped(NO_EXAMPLE));
    }
    let (repository, _) = Repository::init(&bench.path("repository"), &[])?;
    let actor = &bench.subject.options.actor;
    let sources = Sources {
        parts: [Part::Derived, Part::Registry].into(),
        registry: bench.registry("first")?,
        log_directory: bench.path("first/logs"),
        logs_since: SystemTime::UNIX_EPOCH,
        plugin_store: None,
        config: BTreeMap::new(),
        trust: BTreeMap::new(),
    };
    let created = backup::create(&repository, &sources, &CreateOptions { tag: None, full: true, actor })?;
    let drilled = backup::drill(&repository, &created.id, &bench.path("drills"), actor)?;
    let all = usize::try_from(drilled.datasets) == Ok(bench.golden.len());
    Ok(outcome(&drilled, &created.damage, all))
}

/// How much would be lost now.
pub(super) fn age(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some(folder) = &bench.subject.place.backup_repository else {
        return Ok(Outcome::skipped(NO_REPOSITORY));
    };
    let Some(newest) = Repository::open(folder)?.newest(&bench.subject.place.data_root)? else {
        return Ok(Outcome::skipped(NO_SNAPSHOT));
    };
    let Some(created) = backup::time_of(&newest) else {
        return Ok(Outcome::of(false, format!("`{newest}` does not tell when it was made")));
    };
    let age = Timestamp::now().duration_since(created).as_secs_f64();
    let measured = format!("{} old", duration(age.max(0.0)));
    Ok(Outcome::of(age <= MOST_LOST_SECONDS, measured)
        .shown_by([Evidence::fact(format!("snapshot {newest}"))]))
}

/// Restores the newest snapshot.
pub(super) fn drill(bench: &mut Bench<'_>) -> Result<Outcome> {
    let Some(folder) = &bench.subject.place.backup_repository else {
        return Ok(Outcome::skipped(NO_REPOSITORY));
    };
    let repository = Repository::open(folder)?.unlocked_by(bench.subject.place.backup_identity.as_ref())?;
    let Some(newest) = repository.newest(&bench.subject.place.data_root)? else {
        return Ok(Outcome::skipped(NO_SNAPSHOT));
    };
    let drilled = backup::drill(&repository, &newest, &bench.path("drills"), &bench.subject.options.actor)?;
    // One without datasets brings back nothing that anybody would miss.
    let has_datasets = drilled.datasets > 0;
    Ok(outcome(&drilled, &[], has_datasets))
}

fn outcome(drilled: &Drilled, damage: &[Damage], is_complete: bool) -> Outcome {
    let faults: Vec<_> = damage.iter().chain(&drilled.failures).collect();
    let measured = format!(
        "{} datasets, {} files, {} in {}",
        drilled.datasets,
        drilled.counts.files,
        bytes(drilled.counts.bytes),
        duration(drilled.restore_seconds)
    );
    let within = faults.is_empty() && is_complete && drilled.restore_seconds <= MOST_RESTORE_SECONDS;
    let each = faults.iter().map(|fault| Evidence::fact(format!("`{}`: {}", fault.path, fault.message)));
    Outcome::of(within, measured)
        .noting(faults.first().map(|first| format!("`{}`: {}", first.path, first.message)))
        .shown_by([Evidence::fact(format!("snapshot {}", drilled.id))])
        .shown_by(each)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Line, Status};
    use super::*;
    use crate::backup::Counts;

    #[test]
    fn a_restore_that_is_late_incomplete_or_damaged_fails_the_line() {
        let status = |restore_seconds: f64, failures: &[Damage], is_complete: bool| {
            let drilled = Drilled {
                id: "one".to_owned(),
                counts: Counts::default(),
                failures: failures.to_vec(),
                datasets: 1,
                audit_lines: 1,
                restore_seconds,
                check_seconds: 0.0,
                snapshot_age_seconds: 0.0,
            };
            Line::examine("backup.x", "", "", || Ok(outcome(&drilled, &[], is_complete))).status
        };
        let damage = [Damage { path: "derived/x".to_owned(), message: "it is gone".to_owned() }];
        assert_eq!(status(14_400.0, &[], true), Status::Pass);
        assert_eq!(status(14_401.0, &[], true), Status::Fail);
        assert_eq!(status(1.0, &damage, true), Status::Fail);
        assert_eq!(status(1.0, &[], false), Status::Fail);
    }
}
