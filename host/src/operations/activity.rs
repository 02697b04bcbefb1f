//! What ran in a day, a week or a month, beside the one before.

use std::collections::BTreeMap;

use serde::Serialize;

use super::document::DocumentTable;
use super::{Document, Period, Sources, Statistics};
use crate::error::Result;
use crate::journal::{DatasetFinished, DatasetOutcome, Filter, RunError, RunRecord, State};
use crate::text;

/// How many failures are told.
const FAILURES: usize = 50;

/// What ran in a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Activity {
    /// Which.
    pub period: Period,
    /// What came of it.
    pub work: Work,
    /// The same of the period before.
    pub previous: Work,
    /// Datasets that failed, the newest first, no more than fifty.
    pub failures: Vec<Failure>,
}

/// What came of the runs of a period.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Work {
    /// How many runs there were.
    pub runs: usize,
    /// How many of them ended how.
    pub states: BTreeMap<State, usize>,
    /// Datasets that were derived and registered.
    pub prepared: usize,
    /// Datasets that were known already.
    pub cached: usize,
    /// Datasets that failed.
    pub failed: usize,
    /// Failures by code.
    pub errors: BTreeMap<String, usize>,
    /// Part of the datasets that did not fail; absent of none.
    pub success_ratio: Option<f64>,
    /// Part of the datasets that were known, of those that did not fail; absent of none.
    pub cache_hit_ratio: Option<f64>,
    /// Wall time of runs that ended by themselves, seconds.
    pub run_seconds: Option<Statistics>,
    /// Wall time of derived datasets, seconds.
    pub dataset_seconds: Option<Statistics>,
    /// Rows that were derived.
    pub rows: u64,
    /// Bytes that were registered.
    pub written_bytes: u64,
}

/// A dataset that failed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Failure {
    /// RFC 3339, UTC.
    pub time: String,
    /// Which.
    pub dataset: String,
    /// Kind of the failure.
    pub code: String,
    /// What was said.
    pub message: String,
    /// Run that has more of it.
    pub run: String,
}

impl Activity {
    pub(super) fn of(period: &Period, sources: &Sources<'_>) -> Result<Self> {
        let runs = runs(period, sources)?;
        let previous = Work::of(&self::runs(&period.previous()?, sources)?);
        let mut failures = Vec::new();
        for run in runs.iter().rev() {
            for finished in run.finished.iter().rev() {
                failures.extend(failure(&finished.dataset).map(|error| Failure {
                    time: finished.finished_at.clone(),
                    dataset: finished.dataset.dataset.clone(),
                    code: error.code.clone(),
                    message: error.message.clone(),
                    run: run.summary.id.to_string(),
                }));
            }
        }
        failures.truncate(FAILURES);
        Ok(Self { period: period.clone(), work: Work::of(&runs), previous, failures })
    }

    pub(super) fn document(&self) -> Document {
        let (now, before) = (&self.work, &self.previous);
        let row = |name: &str, text: &dyn Fn(&Work) -> String| vec![name.to_owned(), text(now), text(before)];
        let state =
            |state: State| move |work: &Work| work.states.get(&state).copied().unwrap_or(0).to_string();
        let seconds = |of: fn(&Work) -> Option<Statistics>, which: fn(Statistics) -> f64| {
            move |work: &Work| of(work).map_or_else(dash, |one| text::duration(which(one)))
        };
        let rows = vec![
            row("runs", &|work| work.runs.to_string()),
            row("runs completed", &state(State::Completed)),
            row("runs partly failed", &state(State::PartlyFailed)),
            row("runs failed", &state(State::Failed)),
            row("runs cancelled", &state(State::Cancelled)),
            row("runs interrupted", &state(State::Interrupted)),
            row("datasets prepared", &|work| work.prepared.to_string()),
            row("datasets known already", &|work| work.cached.to_string()),
            row("datasets failed", &|work| work.failed.to_string()),
            row("did not fail", &|work| ratio_text(work.success_ratio)),
            row("cache hits", &|work| ratio_text(work.cache_hit_ratio)),
            row("time of a run, average", &seconds(|work| work.run_seconds, |one| one.average)),
            row("time of a run, maximum", &seconds(|work| work.run_seconds, |one| one.maximum)),
            row(
                "time of a derived dataset, average",
                &seconds(|work| work.dataset_seconds, |one| one.average),
            ),
            row(
                "time of a derived dataset, maximum",
                &seconds(|work| work.dataset_seconds, |one| one.maximum),
            ),
            row("rows derived", &|work| work.rows.to_string()),
            row("registered", &|work| text::bytes(work.written_bytes)),
        ];
        let failures = self.failures.iter().map(|failure| {
            let Failure { time, dataset, code, message, run } = failure.clone();
            vec![time, dataset, code, message, run]
        });
        let errors = now.errors.iter().map(|(code, count)| vec![code.clone(), count.to_string()]);
        Document {
            title: format!("Runs of {}", self.period.text()),
            facts: Vec::new(),
            tables: vec![
                DocumentTable { title: "Work", columns: vec!["", "now", "the period before"], rows },
                DocumentTable {
                    title: "Failures by kind",
                    columns: vec!["kind", "datasets"],
                    rows: errors.collect(),
                },
                DocumentTable {
                    title: "Failed datasets",
                    columns: vec!["time", "dataset", "kind", "message", "run"],
                    rows: failures.collect(),
                },
            ],
            notes: Vec::new(),
        }
    }
}

impl Work {
    fn of(runs: &[RunRecord]) -> Self {
        let mut work = Self { runs: runs.len(), ..Self::default() };
        let (mut run_seconds, mut dataset_seconds) = (Vec::new(), Vec::new());
        for run in runs {
            *work.states.entry(run.summary.state).or_default() += 1;
            if run.summary.exit_code.is_some() {
                run_seconds.push(run.summary.seconds);
            }
            for finished in &run.finished {
                let dataset = &finished.dataset;
                match dataset.outcome {
                    DatasetOutcome::Prepared => {
                        work.prepared += 1;
                        dataset_seconds.push(dataset.seconds);
                        work.rows += dataset.rows.unwrap_or(0);
                        work.written_bytes += dataset.written_bytes.unwrap_or(0);
                    }
                    DatasetOutcome::Cached => work.cached += 1,
                    DatasetOutcome::Failed | DatasetOutcome::NotStarted => {}
                }
                if let Some(error) = failure(dataset) {
                    work.failed += 1;
                    *work.errors.entry(error.code.clone()).or_default() += 1;
                }
            }
        }
        let good = work.prepared + work.cached;
        work.success_ratio = ratio(good, good + work.failed);
        work.cache_hit_ratio = ratio(work.cached, good);
        work.run_seconds = Statistics::of(&run_seconds);
        work.dataset_seconds = Statistics::of(&dataset_seconds);
        work
    }
}

/// Why a dataset failed. A command that makes no sense meant none.
fn failure(dataset: &DatasetFinished) -> Option<&RunError> {
    dataset.error.as_ref().filter(|error| !error.is_of_the_command())
}

/// The runs that began in a period, the oldest first.
pub(super) fn runs(period: &Period, sources: &Sources<'_>) -> Result<Vec<RunRecord>> {
    let mut runs = Vec::new();
    let (since, before) = (Some(period.since.clone()), Some(period.before.clone()));
    sources.journal.for_each(&Filter { since, before, ..Filter::default() }, |run| runs.push(run))?;
    runs.reverse();
    Ok(runs)
}

#[expect(clippy::cast_precision_loss, reason = "there are fewer datasets than 2^52")]
pub(super) fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

pub(super) fn ratio_text(ratio: Option<f64>) -> String {
    ratio.map_or_else(dash, |ratio| format!("{:.1} %", ratio * 100.0))
}

pub(super) fn dash() -> String {
    "-".to_owned()
}
