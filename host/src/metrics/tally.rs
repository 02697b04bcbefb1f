//! What the journal tells, added up. A run is added once, when it has ended, so numbers only go up while a service runs
//! even when the files of old runs are removed.

use std::collections::{BTreeMap, BTreeSet};

use super::exposition::{Exposition, Histogram};
use super::{count, families, size};
use crate::error::Result;
use crate::journal::{DatasetOutcome, FinishedDataset, Journal, RunId, RunRecord, State};

/// Bounds of the histograms of times, seconds.
const SECONDS: &[f64] = &[0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1000.0, 3600.0];

/// More modules, stages or kinds of failure than this are added up as `other`: names come from whoever starts a run.
const MOST_NAMES: usize = 200;

/// The sums.
#[derive(Debug, Default)]
pub struct Tally {
    counted: BTreeSet<RunId>,
    active: usize,
    runs: BTreeMap<&'static str, u64>,
    run_seconds: Option<Histogram>,
    modules: BTreeMap<String, OfModule>,
}

/// What is added up for each module.
#[derive(Debug, Default)]
struct OfModule {
    datasets: BTreeMap<&'static str, u64>,
    seconds: Option<Histogram>,
    stages: BTreeMap<String, Histogram>,
    errors: BTreeMap<String, u64>,
    rows: u64,
    read_bytes: u64,
    written_bytes: u64,
    findings: u64,
    peak_memory_bytes: Option<u64>,
}

impl Tally {
    /// Adds what has ended since the last look.
    ///
    /// # Errors
    /// The journal cannot be listed. A run that cannot be read is left out until it can.
    pub fn look(&mut self, journal: &Journal) -> Result<()> {
        self.active = 0;
        let ids = journal.ids()?;
        // Files of old runs are removed: what is gone is not counted again.
        if let Some(oldest) = ids.first() {
            self.counted = self.counted.split_off(oldest);
        }
        for id in ids {
            if self.counted.contains(&id) {
                continue;
            }
            match journal.read(&id) {
                Ok(run) if run.summary.state == State::Running => self.active += 1,
                Ok(run) => {
                    self.add(&run);
                    self.counted.insert(id);
                }
                Err(error) => tracing::debug!("{error}"),
            }
        }
        Ok(())
    }

    fn add(&mut self, run: &RunRecord) {
        *self.runs.entry(run.summary.state.word()).or_default() += 1;
        histogram(&mut self.run_seconds).add(run.summary.seconds);
        for finished in &run.finished {
            let module = &finished.dataset.module;
            let name = module.rsplit('/').next().unwrap_or(module);
            let name = bounded(&self.modules, name);
            self.modules.entry(name).or_default().add(finished);
        }
    }

    pub(super) fn write(&self, out: &mut Exposition) {
        out.family(&families::RUNS, self.runs.iter().map(|(state, runs)| (vec![*state], size(*runs))));
        out.family(&families::RUNS_ACTIVE, [(vec![], count(self.active))]);
        out.histograms(&families::RUN_SECONDS, self.run_seconds.iter().map(|seconds| (vec![], seconds)));
        let each = || self.modules.iter().map(|(name, module)| (name.as_str(), module));
        let datasets = each().flat_map(|(name, module)| {
            module.datasets.iter().map(move |(outcome, number)| (vec![name, *outcome], size(*number)))
        });
        out.family(&families::PROCESSED, datasets);
        let seconds = each().filter_map(|(name, module)| Some((vec![name], module.seconds.as_ref()?)));
        out.histograms(&families::DATASET_SECONDS, seconds);
        let stages = each().flat_map(|(name, module)| {
            module.stages.iter().map(move |(stage, seconds)| (vec![name, stage.as_str()], seconds))
        });
        out.histograms(&families::STAGE_SECONDS, stages);
        let errors = each().flat_map(|(name, module)| {
            module.errors.iter().map(move |(code, number)| (vec![name, code.as_str()], size(*number)))
        });
        out.family(&families::ERRORS, errors);
        for (family, value) in [
            (&families::RECORDS, (|module| module.rows) as fn(&OfModule) -> u64),
            (&families::READ, |module| module.read_bytes),
            (&families::WRITTEN, |module| module.written_bytes),
            (&families::FINDINGS, |module| module.findings),
        ] {
            out.family(family, each().map(|(name, module)| (vec![name], size(value(module)))));
        }
        let peaks = each().filter_map(|(name, module)| Some((vec![name], size(module.peak_memory_bytes?))));
        out.family(&families::PEAK_MEMORY, peaks);
        let of = |outcome: &str| each().filter_map(|(_, module)| module.datasets.get(outcome)).sum::<u64>();
        if !self.modules.is_empty() {
            let (hits, misses) = (size(of("cached")), size(of("prepared")));
            out.family(&families::CACHE, [(vec!["hit"], hits), (vec!["miss"], misses)]);
        }
    }
}

impl OfModule {
    fn add(&mut self, finished: &FinishedDataset) {
        let dataset = &finished.dataset;
        let outcome = match dataset.outcome {
            DatasetOutcome::Prepared => "prepared",
            DatasetOutcome::Cached => "cached",
            DatasetOutcome::Failed => "failed",
            DatasetOutcome::NotStarted => "not-started",
        };
        *self.datasets.entry(outcome).or_default() += 1;
        if dataset.outcome == DatasetOutcome::Prepared {
            histogram(&mut self.seconds).add(dataset.seconds);
            self.rows = self.rows.saturating_add(dataset.rows.unwrap_or(0));
        }
        for stage in &dataset.stages {
            let name = bounded(&self.stages, &stage.stage);
            self.stages.entry(name).or_insert_with(|| Histogram::new(SECONDS)).add(stage.seconds);
        }
        if let Some(error) = &dataset.error {
            let code = bounded(&self.errors, &error.code);
            *self.errors.entry(code).or_default() += 1;
        }
        self.read_bytes = self.read_bytes.saturating_add(dataset.read_bytes.unwrap_or(0));
        self.written_bytes = self.written_bytes.saturating_add(dataset.written_bytes.unwrap_or(0));
        self.findings = self.findings.saturating_add(dataset.findings.unwrap_or(0));
        self.peak_memory_bytes = self.peak_memory_bytes.max(dataset.worker_peak_memory_bytes);
    }
}

fn histogram(place: &mut Option<Histogram>) -> &mut Histogram {
    place.get_or_insert_with(|| Histogram::new(SECONDS))
}

/// The name, or `other` when there are too many already.
fn bounded<Value>(known: &BTreeMap<String, Value>, name: &str) -> String {
    let fits = known.len() < MOST_NAMES || known.contains_key(name);
    if fits { name.to_owned() } else { "other".to_owned() }
}
