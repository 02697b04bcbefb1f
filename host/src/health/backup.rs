//! How old the newest snapshot is, and how the last drill went.

use std::path::Path;

use super::CheckStatus;
use crate::backup::{LastDrill, Repository, last_drill, time_of};
use crate::clock::seconds_between;
use crate::text::duration;

/// What was done since the newest snapshot would be lost: no more than a day, and what the daily job may be late and take.
/// Some days have 25 hours.
const GREATEST_AGE_SECONDS: f64 = 26.0 * 3600.0;

/// What was seen of the repository of snapshots.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Backup {
    /// When the newest snapshot with the datasets was made; RFC 3339, UTC.
    pub last: Option<String>,
    /// How the last drill went.
    pub last_drill: Option<LastDrill>,
    /// What all objects take on the disk.
    pub bytes: Option<u64>,
    /// Why it cannot be looked at.
    pub problem: Option<String>,
}

impl Backup {
    pub(super) fn look(folder: &Path, data_root: &Path) -> Self {
        let looked = Repository::open(folder).and_then(|repository| {
            let newest = repository.newest(data_root)?.and_then(|id| time_of(&id));
            Ok(Self {
                last: newest.map(crate::clock::text),
                last_drill: last_drill(&repository),
                bytes: Some(repository.stored_bytes()?),
                problem: None,
            })
        });
        looked.unwrap_or_else(|error| Self { problem: Some(error.to_string()), ..Self::default() })
    }

    /// What was found, in words; what is wrong with it and what to type.
    pub(super) fn judged(&self, now: &str) -> (String, Option<(CheckStatus, String, String)>) {
        let warning = |cause: String, action: &str| Some((CheckStatus::Warning, cause, action.to_owned()));
        if let Some(problem) = &self.problem {
            let action =
                "type `host backup init` to make one, or `host config show --origin` to see who named it";
            return (
                "unreadable".to_owned(),
                warning(format!("snapshots cannot be looked at: {problem}"), action),
            );
        }
        let Some(last) = &self.last else {
            let cause = "there is no snapshot yet".to_owned();
            return ("no snapshot".to_owned(), warning(cause, "type `host backup create` to make the first"));
        };
        let age = seconds_between(last, now);
        let observed = format!("{} old", duration(age.max(0.0)));
        if age > GREATEST_AGE_SECONDS {
            let cause = format!("the newest snapshot is {observed}");
            return (observed, warning(cause, "type `host backup create`"));
        }
        match self.last_drill.as_ref().filter(|drill| !drill.ok) {
            Some(drill) => {
                let cause = format!("the drill of {} failed: a snapshot does not come back whole", drill.at);
                (observed, warning(cause, "type `host backup check`, then `host backup drill`"))
            }
            None => (observed, None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-02T03:04:05.678Z";

    fn cause(backup: &Backup) -> Option<String> {
        let (_, fault) = backup.judged(NOW);
        fault.map(|(severity, cause, action)| {
            assert!(severity == CheckStatus::Warning && action.contains('`'));
            cause
        })
    }

    #[test]
    fn a_day_and_what_a_job_takes_is_the_limit_and_a_failed_drill_counts() {
        let of = |last: &str| Backup { last: Some(last.to_owned()), ..Backup::default() };
        assert_eq!(cause(&of("2026-01-01T01:04:06.000Z")), None);
        assert_eq!(cause(&of("2026-01-01T01:04:05.000Z")).unwrap(), "the newest snapshot is 26.0 h old");
        assert!(cause(&Backup::default()).unwrap().contains("no snapshot"));
        let drill = LastDrill { at: NOW.to_owned(), snapshot: String::new(), ok: false };
        let failed = Backup { last_drill: Some(drill), ..of(NOW) };
        assert!(cause(&failed).unwrap().contains("does not come back"));
    }

    #[test]
    fn what_is_no_repository_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        assert!(cause(&Backup::look(folder.path(), folder.path())).unwrap().contains("no backup repository"));
        Repository::init(folder.path(), &[]).unwrap();
        let seen = Backup::look(folder.path(), folder.path());
        assert_eq!((seen.bytes, &seen.problem, &seen.last), (Some(0), &None, &None));
    }
}
