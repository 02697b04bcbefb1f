//! A run as others see it: its lines, put together.

use serde::Serialize;

use super::end::{End, State};
use super::event::{DatasetFinished, DatasetOutcome, Event, Line, RunError, Start, Trigger};
use super::id::RunId;
use super::request::Request;
use crate::clock::{now, seconds_between};

/// A run in one row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunSummary {
    /// Which.
    pub id: RunId,
    /// How it is, or how it ended.
    pub state: State,
    /// The verb.
    pub command: String,
    /// Who asked for it.
    pub actor: String,
    /// What made it run.
    pub trigger: Trigger,
    /// The run that it goes on with.
    pub resumes: Option<RunId>,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// When it ended; for a run that was killed, when it was last heard of.
    pub ended_at: Option<String>,
    /// How long it took, or has taken until now.
    pub seconds: f64,
    /// Exit code of the command; absent where nobody saw it.
    pub exit_code: Option<u8>,
    /// How many datasets came how far.
    pub datasets: Counts,
    /// Why it failed as a whole.
    pub error: Option<RunError>,
    /// Version of the host.
    pub host: String,
}

/// How many datasets of a run came how far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// How many there are in all, as soon as that is known.
    pub planned: usize,
    /// Derived and registered.
    pub prepared: usize,
    /// Known already.
    pub cached: usize,
    /// Failed.
    pub failed: usize,
    /// Not begun because another failed.
    pub not_started: usize,
    /// Being worked on.
    pub running: usize,
}

/// A run with everything in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RunRecord {
    /// In one row.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// What was asked for.
    pub request: Request,
    /// Its process, in the namespace of `place`.
    pub process: u32,
    /// Where that number means something.
    pub place: String,
    /// What is being worked on, when it runs; what was, when it was killed.
    pub current: Vec<Current>,
    /// The datasets that are done, in the order of their end.
    pub finished: Vec<FinishedDataset>,
    /// Lines of the file that cannot be read.
    pub damaged_lines: usize,
}

/// A dataset that is being worked on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Current {
    /// As the user named it.
    pub dataset: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// The stage that is done last.
    pub last_stage: Option<String>,
    /// How far the module is, between 0 and 1.
    pub fraction: Option<f64>,
    /// What it is doing.
    pub doing: Option<String>,
}

/// A dataset that is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FinishedDataset {
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// What became of it.
    #[serde(flatten)]
    pub dataset: DatasetFinished,
}

/// Puts lines together.
pub(super) struct Folding {
    start: Start,
    started_at: String,
    last_time: String,
    planned: usize,
    cancelled_by: Option<String>,
    current: Vec<Current>,
    finished: Vec<FinishedDataset>,
    end: Option<(String, End)>,
    damaged_lines: usize,
}

impl Folding {
    pub(super) fn new(time: String, start: Start) -> Self {
        Self {
            start,
            last_time: time.clone(),
            started_at: time,
            planned: 0,
            cancelled_by: None,
            current: Vec::new(),
            finished: Vec::new(),
            end: None,
            damaged_lines: 0,
        }
    }

    /// Takes a line in; nothing stands for one that cannot be read.
    pub(super) fn line(&mut self, line: Option<Line>) {
        let Some(Line { time, event }) = line else {
            self.damaged_lines += 1;
            return;
        };
        if let Some((_, end)) = &mut self.end {
            if end.state == State::Interrupted && matches!(event, Event::CancelRequested { .. }) {
                end.state = State::Cancelled;
            }
            return;
        }
        match event {
            Event::Start(_) | Event::Log { .. } | Event::Unknown => {}
            Event::Planned { datasets } => self.planned = datasets,
            Event::DatasetStarted { dataset } => self.current.push(Current {
                dataset,
                started_at: time.clone(),
                last_stage: None,
                fraction: None,
                doing: None,
            }),
            Event::Stage { dataset, stage, .. } => {
                if let Some(current) = self.current(&dataset) {
                    current.last_stage = Some(stage);
                }
            }
            Event::Progress { dataset, fraction, doing } => {
                if let Some(current) = self.current(&dataset) {
                    (current.fraction, current.doing) = (Some(fraction), Some(doing));
                }
            }
            Event::DatasetFinished(finished) => {
                if let Some(index) = self.current.iter().position(|one| one.dataset == finished.dataset) {
                    self.current.remove(index);
                }
                self.finished.push(FinishedDataset { finished_at: time.clone(), dataset: *finished });
            }
            Event::CancelRequested { actor } => {
                self.cancelled_by = Some(actor);
                // Not the run's own word.
                return;
            }
            Event::End(end) => self.end = Some((time.clone(), end)),
        }
        self.last_time = time;
    }

    fn current(&mut self, dataset: &str) -> Option<&mut Current> {
        self.current.iter_mut().find(|current| current.dataset == dataset)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.end.is_some()
    }

    pub(super) fn request(&self) -> &Request {
        &self.start.request
    }

    pub(super) fn trigger(&self) -> Trigger {
        self.start.trigger
    }

    /// Who wants it to end.
    pub(super) fn cancelled_by(&self) -> Option<&str> {
        self.cancelled_by.as_deref()
    }

    /// How far its datasets are.
    pub(super) fn counts(&self) -> Counts {
        let count = |outcome| self.finished.iter().filter(|one| one.dataset.outcome == outcome).count();
        Counts {
            planned: self.planned,
            prepared: count(DatasetOutcome::Prepared),
            cached: count(DatasetOutcome::Cached),
            failed: count(DatasetOutcome::Failed),
            not_started: count(DatasetOutcome::NotStarted),
            running: self.current.len(),
        }
    }

    /// What the end is of a run whose process went away without writing one.
    pub(super) fn end_of_the_killed(&self) -> End {
        let state = if self.cancelled_by.is_some() { State::Cancelled } else { State::Interrupted };
        End { state, exit_code: None, last_seen: Some(self.last_time.clone()), error: None }
    }

    /// The run, given how it ended if that is not written, or that it runs.
    pub(super) fn finish(self, unwritten: Option<End>) -> RunRecord {
        let counts = self.counts();
        let (ended_at, end) = match (self.end, unwritten) {
            (Some((time, end)), _) => (Some(end.last_seen.clone().unwrap_or(time)), Some(end)),
            (None, Some(end)) => (end.last_seen.clone(), Some(end)),
            (None, None) => (None, None),
        };
        let datasets = Counts { running: if end.is_none() { counts.running } else { 0 }, ..counts };
        let start = self.start;
        let summary = RunSummary {
            id: start.id,
            state: end.as_ref().map_or(State::Running, |end| end.state),
            command: start.command,
            actor: start.actor,
            trigger: start.trigger,
            resumes: start.resumes,
            seconds: seconds_between(&self.started_at, &ended_at.clone().unwrap_or_else(now)),
            started_at: self.started_at,
            ended_at,
            exit_code: end.as_ref().and_then(|end| end.exit_code),
            datasets,
            error: end.and_then(|end| end.error),
            host: start.host,
        };
        RunRecord {
            summary,
            request: start.request,
            process: start.process,
            place: start.place,
            current: self.current,
            finished: self.finished,
            damaged_lines: self.damaged_lines,
        }
    }
}
