//! What was done of a job.

use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::durable::History;
use crate::error::{Error, Kind, Result, StorageContext};

/// One line of the file of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "lowercase")]
enum Line {
    /// Somebody began to keep the timetable: what was due before is nobody's.
    Known { since: String },
    /// It was done.
    Done(Done),
}

/// A job that was done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// The moment it was due at, RFC 3339; nothing when somebody asked for it.
    pub due: Option<String>,
    /// Who began it.
    pub trigger: Trigger,
    /// When it began, RFC 3339.
    pub started: String,
    /// When it ended, RFC 3339.
    pub ended: String,
    /// What became of each verb.
    pub steps: Vec<StepDone>,
}

/// Who began a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// The service, when it was due.
    Service,
    /// Somebody, on the command line.
    Command,
}

/// What became of a verb of a job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepDone {
    /// The verb and its arguments.
    pub command: String,
    /// Its exit code; nothing when it was left out or killed.
    pub exit_code: Option<u8>,
    /// How long it took.
    pub seconds: f64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Why it was left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
}

impl StepDone {
    /// Whether it did what it should.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.left_out.is_some() || self.exit_code == Some(0)
    }
}

impl Done {
    /// The verbs that failed.
    pub fn failed(&self) -> impl Iterator<Item = &StepDone> {
        self.steps.iter().filter(|step| !step.is_well())
    }
}

/// The file of a job; while it lives nobody else does the job.
#[derive(Debug)]
pub struct Record {
    history: History<Line>,
}

impl Record {
    /// Owns the file.
    ///
    /// # Errors
    /// [`Kind::Locked`] while another process does the job, [`Kind::Storage`].
    pub fn own(path: &Path) -> Result<Self> {
        match History::own(path).storage("note what recurs")? {
            Some(history) => Ok(Self { history }),
            None => Err(Error::new(Kind::Locked, "another process does this job now")
                .cause(format!("it holds `{}`", path.display()))
                .hint("wait for it, and look with `host schedule list`")),
        }
    }

    /// What was done last.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn last(path: &Path) -> Result<Option<Done>> {
        let lines = History::<Line>::read(path).storage("read what recurred")?;
        Ok(lines.into_iter().rev().find_map(|line| match line {
            Line::Done(done) => Some(done),
            Line::Known { .. } => None,
        }))
    }

    /// Whether the moment `last` is nobody's yet. Whoever asks first begins to keep the timetable.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn is_due(&mut self, last: Timestamp, now: Timestamp) -> Result<bool> {
        if self.history.entries().is_empty() {
            self.add(Line::Known { since: clock::text(now) })?;
        }
        let time = |text: &str| text.parse::<Timestamp>().ok();
        let taken = self.history.entries().iter().filter_map(|line| match line {
            Line::Known { since } => time(since),
            Line::Done(done) => time(done.due.as_deref()?),
        });
        // What lies ahead was noted by a clock that went wrong.
        let taken = taken.filter(|moment| *moment <= now).max();
        Ok(taken.is_none_or(|taken| taken < last))
    }

    /// Notes that it was done.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn note(&mut self, done: Done) -> Result<()> {
        self.add(Line::Done(done))
    }

    fn add(&mut self, line: Line) -> Result<()> {
        self.history.add(line).storage("note what recurs")
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{Done, Record, Trigger};
    use crate::durable::testing::soon;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn done(due: &str) -> Done {
        let time = due.to_owned();
        Done {
            due: Some(time.clone()),
            trigger: Trigger::Service,
            started: time.clone(),
            ended: time,
            steps: Vec::new(),
        }
    }

    #[test]
    fn a_moment_is_taken_once_and_a_clock_that_jumped_takes_none_away() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daily.jsonl");
        let mut record = Record::own(&path).unwrap();
        let (first, second) = ("2026-05-01T06:00:00Z", "2026-05-02T06:00:00Z");
        let day = at("2026-05-01T12:00:00Z");
        assert!(!record.is_due(at(first), day).unwrap(), "nobody was there to keep it");
        let next_day = at("2026-05-02T12:00:00Z");
        assert!(record.is_due(at(second), next_day).unwrap());
        record.note(done(second)).unwrap();
        assert!(!record.is_due(at(second), next_day).unwrap());
        assert!(Record::own(&path).is_err(), "another process does it");
        drop(record);
        let mut record = soon(|| Record::own(&path).ok());
        assert!(!record.is_due(at(second), next_day).unwrap());
        // The clock jumps a year ahead, the job is done, the clock is put right.
        record.note(done("2027-05-02T06:00:00Z")).unwrap();
        assert!(!record.is_due(at(second), next_day).unwrap());
        assert!(record.is_due(at("2026-05-03T06:00:00Z"), at("2026-05-03T06:00:01Z")).unwrap());
        // It jumps back: that moment was nobody's, and is taken once.
        let (before, then) = ("2026-04-30T06:00:00Z", at("2026-04-30T07:00:00Z"));
        assert!(record.is_due(at(before), then).unwrap());
        record.note(done(before)).unwrap();
        assert!(!record.is_due(at(before), then).unwrap());
        assert!(!record.is_due(at(second), next_day).unwrap());
    }
}
