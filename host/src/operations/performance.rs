//! How long datasets took, and how much memory.

use std::collections::BTreeMap;

use serde::Serialize;

use super::activity::{ratio, ratio_text, runs};
use super::document::DocumentTable;
use super::{Document, Period, Sources, Statistics};
use crate::error::Result;
use crate::journal::{DatasetFinished, DatasetOutcome};
use crate::text;

/// Times and memory of a period.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Performance {
    /// Which.
    pub period: Period,
    /// By module.
    pub modules: BTreeMap<String, ModulePerformance>,
    /// Wall time of derived datasets by stage, seconds.
    pub stage_seconds: BTreeMap<String, Statistics>,
    /// Most memory the host had resident in each run, bytes.
    pub host_peak_memory_bytes: Option<Statistics>,
}

/// Times and memory of one module's datasets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModulePerformance {
    /// Wall time of derived datasets, seconds.
    pub seconds: Option<Statistics>,
    /// Rows of derived datasets for each second of the module's own stage.
    pub rows_per_second: Option<Statistics>,
    /// Most memory of the workers, bytes.
    pub worker_peak_memory_bytes: Option<Statistics>,
    /// Part of the datasets that were known already.
    pub cache_hit_ratio: Option<f64>,
}

#[derive(Default)]
struct Samples {
    seconds: Vec<f64>,
    rows_per_second: Vec<f64>,
    memory: Vec<f64>,
    cached: usize,
}

impl Performance {
    #[expect(clippy::cast_precision_loss, reason = "bytes and rows are shown with three digits")]
    pub(super) fn of(period: Period, sources: &Sources<'_>) -> Result<Self> {
        let mut modules: BTreeMap<String, Samples> = BTreeMap::new();
        let mut stages: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        let mut host = Vec::new();
        for run in runs(&period, sources)? {
            let peaks = run.finished.iter().filter_map(|finished| finished.dataset.host_peak_memory_bytes);
            host.extend(peaks.max().map(|bytes| bytes as f64));
            for finished in run.finished {
                let dataset = finished.dataset;
                let samples = match dataset.outcome {
                    DatasetOutcome::Prepared | DatasetOutcome::Cached => {
                        modules.entry(dataset.module.clone()).or_default()
                    }
                    DatasetOutcome::Failed | DatasetOutcome::NotStarted => continue,
                };
                if dataset.outcome == DatasetOutcome::Cached {
                    samples.cached += 1;
                    continue;
                }
                samples.seconds.push(dataset.seconds);
                samples.rows_per_second.extend(rows_per_second(&dataset));
                samples.memory.extend(dataset.worker_peak_memory_bytes.map(|bytes| bytes as f64));
                for stage in dataset.stages {
                    stages.entry(stage.stage).or_default().push(stage.seconds);
                }
            }
        }
        let modules = modules.into_iter().map(|(module, samples)| {
            let derived = samples.seconds.len();
            let performance = ModulePerformance {
                seconds: Statistics::of(&samples.seconds),
                rows_per_second: Statistics::of(&samples.rows_per_second),
                worker_peak_memory_bytes: Statistics::of(&samples.memory),
                cache_hit_ratio: ratio(samples.cached, samples.cached + derived),
            };
            (module, performance)
        });
        let stages =
            stages.into_iter().filter_map(|(stage, seconds)| Some((stage, Statistics::of(&seconds)?)));
        Ok(Self {
            modules: modules.collect(),
            stage_seconds: stages.collect(),
            host_peak_memory_bytes: Statistics::of(&host),
            period,
        })
    }

    pub(super) fn document(&self) -> Document {
        let mut times = Vec::new();
        let (mut speeds, mut memory) = (Vec::new(), Vec::new());
        let row = |name: &str, statistics: Option<&Statistics>, text: &dyn Fn(f64) -> String| {
            let count = statistics.map_or(0, |one| one.count).to_string();
            [vec![name.to_owned(), count], Statistics::cells(statistics, text).to_vec()].concat()
        };
        for (module, performance) in &self.modules {
            let mut time = row(module, performance.seconds.as_ref(), &text::duration);
            time.push(ratio_text(performance.cache_hit_ratio));
            times.push(time);
            speeds.push(row(module, performance.rows_per_second.as_ref(), &|rows| format!("{rows:.0}")));
            memory.push(row(module, performance.worker_peak_memory_bytes.as_ref(), &bytes));
        }
        memory.extend(
            self.host_peak_memory_bytes.as_ref().map(|host| row("the host itself", Some(host), &bytes)),
        );
        let stages = self.stage_seconds.iter().map(|(stage, one)| row(stage, Some(one), &text::duration));
        let columns = |first| vec![first, "datasets", "average", "maximum", "trend"];
        let table = |title, first, rows| DocumentTable { title, columns: columns(first), rows };
        Document {
            title: format!("Performance, {}", self.period.text()),
            facts: Vec::new(),
            tables: vec![
                DocumentTable {
                    title: "Time of a derived dataset",
                    columns: [columns("module"), vec!["cache hits"]].concat(),
                    rows: times,
                },
                table("Time by stage", "stage", stages.collect()),
                table("Rows a second in the module", "module", speeds),
                table("Most memory", "process", memory),
            ],
            notes: vec![
                "a trend compares the median of the later half with that of the earlier; it takes eight"
                    .to_owned(),
            ],
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown without decimals")]
fn rows_per_second(dataset: &DatasetFinished) -> Option<f64> {
    let derive = dataset.stages.iter().find(|stage| stage.stage == "derive")?;
    Some(dataset.rows? as f64 / derive.seconds).filter(|rate| rate.is_finite())
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown with three digits")]
fn bytes(count: f64) -> String {
    text::bytes(count as u64)
}
