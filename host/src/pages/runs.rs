//! The pages about runs.

use askama::Template;

use super::frame::{Frame, Level, Mark, Meter};
use super::shown::{Moment, Number, duration};
use crate::error::Result;
use crate::health::Seen;
use crate::journal::{
    Counts, Current, DatasetOutcome, Event, Filter, FinishedDataset, Journal, Request, RunId, RunRecord,
    State,
};

/// Runs that are listed.
pub(super) const MOST_RUNS: usize = 100;

/// Messages that are shown of one run, the last.
const MOST_MESSAGES: usize = 100;

/// A run that was asked for and has not begun.
#[derive(Debug, Clone)]
pub struct WaitingRun {
    /// Its id.
    pub id: RunId,
    /// When it was asked for, RFC 3339.
    pub accepted_at: String,
    /// What was asked for.
    pub request: Request,
}

/// Runs to be shown.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// Those that have not begun, the newest first.
    pub(super) waiting: Vec<WaitingRun>,
    /// The newest that have.
    begun: Vec<RunRecord>,
    /// How many go on, shown or not.
    pub(super) running: usize,
}

impl Runs {
    pub(super) fn newest(journal: &Journal, limit: usize, waiting: Vec<WaitingRun>) -> Result<Self> {
        let running = journal.running()?;
        let mut runs = Self { waiting, begun: Vec::new(), running };
        journal.for_each(&Filter { limit: Some(limit), ..Filter::default() }, |run| runs.begun.push(run))?;
        Ok(runs)
    }

    /// No more than so many of those that wait: they must not push out what goes on.
    pub(super) fn lines(&self, most_waiting: usize, now: &str) -> Vec<RunLine> {
        let waiting = self.waiting.iter().take(most_waiting).map(|run| RunLine::of_waiting(run, now));
        waiting.chain(self.begun.iter().map(|run| RunLine::new(run, now))).collect()
    }
}

/// A run in one row.
#[derive(Debug)]
pub(super) struct RunLine {
    pub(super) id: String,
    pub(super) what: String,
    pub(super) running: bool,
    pub(super) state: Mark,
    pub(super) progress: Option<Meter>,
    pub(super) counts: String,
    pub(super) began: Moment,
    pub(super) took: String,
    pub(super) error: String,
}

impl RunLine {
    pub(super) fn new(run: &RunRecord, now: &str) -> Self {
        let summary = &run.summary;
        let running = summary.state == State::Running;
        Self {
            id: summary.id.to_string(),
            what: run.request.told(&summary.command),
            running,
            state: state(summary.state),
            progress: running.then(|| progress(run)).flatten(),
            counts: counts(&summary.datasets),
            began: Moment::new(&summary.started_at, now),
            took: duration(summary.seconds),
            error: summary.error.as_ref().map(|error| error.message.clone()).unwrap_or_default(),
        }
    }

    fn of_waiting(run: &WaitingRun, now: &str) -> Self {
        Self {
            id: run.id.to_string(),
            what: run.request.told("prepare"),
            running: false,
            state: Mark::new(Level::Idle, "waiting"),
            progress: None,
            counts: String::new(),
            began: Moment::new("–", now),
            took: String::new(),
            error: String::new(),
        }
    }
}

fn state(state: State) -> Mark {
    let level = match state {
        State::Running => Level::Busy,
        State::Completed => Level::Good,
        State::PartlyFailed | State::Interrupted => Level::Notice,
        State::Failed => Level::Bad,
        State::Cancelled => Level::Idle,
    };
    Mark::new(level, state.word())
}

/// How far a run is: datasets that are done, and parts of those that are worked on.
#[expect(clippy::cast_precision_loss, reason = "numbers of datasets are far below 2^53")]
fn progress(run: &RunRecord) -> Option<Meter> {
    let planned = run.summary.datasets.planned.max(run.finished.len() + run.current.len());
    if planned == 0 {
        return None;
    }
    let parts: f64 = run.current.iter().filter_map(|current| current.fraction).sum();
    let percent = 100.0 * (run.finished.len() as f64 + parts) / planned as f64;
    Some(Meter::new("Progress", Level::Busy, (percent, format!("{percent:.0} %")), None))
}

fn counts(counts: &Counts) -> String {
    let parts = [
        (counts.prepared, "prepared"),
        (counts.cached, "known"),
        (counts.failed, "failed"),
        (counts.not_started, "not started"),
        (counts.running, "going on"),
    ];
    let mut words: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let done = counts.prepared + counts.cached + counts.failed + counts.not_started;
    if counts.planned > done {
        words.push(format!("{done} of {} done", counts.planned));
    }
    words.join(", ")
}

#[derive(Template)]
#[template(path = "pages/runs.html")]
pub(super) struct RunsPage {
    frame: Frame,
    runs: Vec<RunLine>,
}

/// The list.
pub(super) fn list(seen: &Seen, runs: &Runs) -> RunsPage {
    RunsPage {
        frame: Frame::new("Runs", "/runs", &seen.health),
        runs: runs.lines(usize::MAX, &seen.health.timestamp),
    }
}

#[derive(Template)]
#[template(path = "pages/run.html")]
pub(super) struct RunPage {
    frame: Frame,
    row: RunLine,
    resume: String,
    current: Vec<(String, Option<Meter>, String)>,
    finished: Vec<FinishedLine>,
    facts: Vec<(&'static str, String)>,
    messages: Vec<(Mark, String)>,
}

struct FinishedLine {
    asked: String,
    name: String,
    state: Mark,
    module: String,
    rows: Number,
    stages: String,
    took: String,
    error: String,
}

/// One that has not begun.
pub(super) fn waiting_page(seen: &Seen, run: &WaitingRun) -> RunPage {
    let row = RunLine::of_waiting(run, &seen.health.timestamp);
    RunPage {
        frame: Frame::new(row.what.clone(), "/runs", &seen.health),
        resume: String::new(),
        current: Vec::new(),
        finished: Vec::new(),
        facts: vec![("asked for at", run.accepted_at.clone()), ("request", arguments(&run.request))],
        messages: Vec::new(),
        row,
    }
}

/// One run.
pub(super) fn page(seen: &Seen, journal: &Journal, id: &str) -> Result<RunPage> {
    let run = journal.read(&journal.find(id)?)?;
    let row = RunLine::new(&run, &seen.health.timestamp);
    let resumable = !matches!(run.summary.state, State::Running | State::Completed);
    Ok(RunPage {
        frame: Frame::new(row.what.clone(), "/runs", &seen.health),
        resume: if resumable { format!("host run resume {}", run.summary.id) } else { String::new() },
        current: if row.running { run.current.iter().map(current).collect() } else { Vec::new() },
        finished: run.finished.iter().map(finished).collect(),
        facts: facts(&run),
        messages: messages(journal, &run)?,
        row,
    })
}

fn current(current: &Current) -> (String, Option<Meter>, String) {
    let meter = current.fraction.map(|fraction| {
        let percent = 100.0 * fraction;
        Meter::new("Progress", Level::Busy, (percent, format!("{percent:.0} %")), None)
    });
    let stage = current.last_stage.as_ref().map(|stage| format!("{stage} is done"));
    let doing = current.doing.clone().or(stage).unwrap_or_else(|| "began".to_owned());
    (current.dataset.clone(), meter, doing)
}

fn finished(done: &FinishedDataset) -> FinishedLine {
    let dataset = &done.dataset;
    let (level, word) = match dataset.outcome {
        DatasetOutcome::Prepared => (Level::Good, "prepared"),
        DatasetOutcome::Cached => (Level::Good, "known already"),
        DatasetOutcome::Failed => (Level::Bad, "failed"),
        DatasetOutcome::NotStarted => (Level::Idle, "not started"),
    };
    let stages = dataset.stages.iter().map(|stage| format!("{} {}", stage.stage, duration(stage.seconds)));
    let error = dataset.error.as_ref().map(|error| format!("{}: {}", error.code, error.message));
    let version = dataset.module_version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    FinishedLine {
        asked: dataset.dataset.clone(),
        name: dataset.name.clone().unwrap_or_default(),
        state: Mark::new(level, word),
        module: format!("{}{version}", dataset.module),
        rows: dataset.rows.map_or_else(Number::unknown, Number::count),
        stages: stages.collect::<Vec<_>>().join(", "),
        took: duration(dataset.seconds),
        error: error.unwrap_or_default(),
    }
}

fn facts(run: &RunRecord) -> Vec<(&'static str, String)> {
    let summary = &run.summary;
    let mut facts = vec![
        ("by", summary.actor.clone()),
        ("started by", format!("{:?}", summary.trigger).to_lowercase()),
        ("began", summary.started_at.clone()),
    ];
    facts.extend(summary.ended_at.clone().map(|ended| ("ended", ended)));
    facts.extend(summary.exit_code.map(|code| ("exit code", code.to_string())));
    facts.extend(summary.resumes.as_ref().map(|id| ("goes on with", id.to_string())));
    facts.extend((run.damaged_lines > 0).then(|| ("unreadable lines", run.damaged_lines.to_string())));
    facts.push(("request", arguments(&run.request)));
    facts.push(("host", summary.host.clone()));
    facts
}

fn arguments(request: &Request) -> String {
    let arguments = request.arguments();
    arguments.iter().map(|argument| argument.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn messages(journal: &Journal, run: &RunRecord) -> Result<Vec<(Mark, String)>> {
    let mut messages = std::collections::VecDeque::new();
    journal.for_each_line(&run.summary.id, |line| {
        if let Some(Event::Log { level, dataset, message }) = line.map(|line| line.event) {
            let shown = match level.as_str() {
                "error" => Level::Bad,
                "warn" => Level::Notice,
                _ => Level::Idle,
            };
            let about = dataset.map(|dataset| format!("{dataset}: ")).unwrap_or_default();
            messages.push_back((Mark::new(shown, level), format!("{about}{message}")));
            if messages.len() > MOST_MESSAGES {
                messages.pop_front();
            }
        }
    })?;
    Ok(messages.into())
}
