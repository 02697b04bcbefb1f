//! What recurs: jobs of the host's own verbs, when each is due, and what became of it.
//!
//! Invariants:
//! * a moment of a job is taken once, also where two services share a data root, where a clock is put forward or back, and
//!   where the machine's clock jumps: a moment is only looked for up to now, and what is noted of later ones counts no more;
//! * what was due while nobody was there is made up for once, however often it was due;
//! * a job that was killed or told to end is not noted, so it is due again; each of its verbs can be repeated;
//! * what recurs is noted in `schedule/JOB.jsonl` below the logs, by whoever did it.

mod calendar;
mod history;
mod jobs;
mod turn;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use calendar::{Period, Recurrence};
pub use history::{Done, Record, StepDone, Trigger};
pub use jobs::{Step, Surroundings};
pub use turn::{Program, carry_out};

/// The folder below the logs where is noted what was done.
pub const FOLDER: &str = "schedule";

/// When each job is due.
#[derive(Debug, Clone)]
pub struct Timetable {
    /// Whether the service keeps it.
    pub enabled: bool,
    /// Whose clock the times are of.
    pub zone: TimeZone,
    /// When each job recurs, if it does.
    pub recurrences: Vec<(Period, Option<Recurrence>)>,
    /// Where is noted what was done.
    pub folder: PathBuf,
}

/// When a job is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// The last moment up to now.
    pub last: Timestamp,
    /// The next one.
    pub next: Timestamp,
}

impl Timetable {
    /// When a job is due; nothing if it does not recur.
    #[must_use]
    pub fn times(&self, job: Period, now: Timestamp) -> Option<Times> {
        let recurrence = self.recurrences.iter().find(|(period, _)| *period == job)?.1?;
        Some(Times { last: recurrence.last(now, &self.zone)?, next: recurrence.next(now, &self.zone)? })
    }

    /// Where is noted what was done of a job.
    #[must_use]
    pub fn record_file(&self, job: Period) -> PathBuf {
        record_file(&self.folder, job)
    }
}

fn record_file(folder: &Path, job: Period) -> PathBuf {
    folder.join(format!("{}.jsonl", job.word()))
}

/// What was done last of each job that was ever done, as far as it can be read.
#[must_use]
pub fn last_of_each(log_directory: &Path) -> Vec<(Period, Done)> {
    let folder = log_directory.join(FOLDER);
    let jobs = Period::value_variants().iter();
    jobs.filter_map(|job| Some((*job, Record::last(&record_file(&folder, *job)).ok()??))).collect()
}
