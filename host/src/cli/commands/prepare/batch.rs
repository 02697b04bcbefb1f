//! Several datasets side by side.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde::Serialize;

use crate::cli::output::error_value;
use crate::cli::progress::Progress;
use crate::error::{Error, Kind, Result};
use crate::registry::Registry;
use crate::stages::pipeline::{self, Origin, Prepared};
use crate::stages::plan::Job;

/// How the jobs are run.
pub(super) struct Batching {
    pub(super) workers: usize,
    pub(super) keep_going: bool,
    pub(super) progress: bool,
}

/// Prepares the jobs side by side. The result is in the order of the jobs and does not depend on their number.
pub(super) fn run_all(
    jobs: &[Job],
    registry: &Registry,
    options: &pipeline::Options,
    batching: &Batching,
) -> Vec<Item> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let slots: Vec<Mutex<Option<Item>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(job), Some(slot)) = (jobs.get(index), slots.get(index)) else { return };
            let item = if stopped.load(Ordering::Relaxed) {
                Item::not_started(job)
            } else {
                prepare_one(job, registry, options, batching.progress)
            };
            if item.result.is_err() && !batching.keep_going {
                stopped.store(true, Ordering::Relaxed);
            }
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(item);
            }
        }
    };
    // This thread works too: a single dataset needs no other.
    std::thread::scope(|scope| {
        for _ in 1..batching.workers.clamp(1, jobs.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    let finished = slots.into_iter().map(|slot| slot.into_inner().ok().flatten());
    finished.zip(jobs).map(|(item, job)| item.unwrap_or_else(|| Item::not_started(job))).collect()
}

fn prepare_one(job: &Job, registry: &Registry, options: &pipeline::Options, progress: bool) -> Item {
    let started = Instant::now();
    let label = job.name.clone().unwrap_or_else(|| job.module.clone());
    let listener = Progress::new(&label, progress);
    let result = pipeline::prepare(job, registry, options, &listener);
    drop(listener);
    Item { name: label, seconds: started.elapsed().as_secs_f64(), result }
}

/// One dataset of a batch.
#[derive(Debug)]
pub(in crate::cli) struct Item {
    pub(in crate::cli) name: String,
    pub(in crate::cli) seconds: f64,
    pub(in crate::cli) result: Result<Prepared>,
}

impl Item {
    fn not_started(job: &Job) -> Self {
        let name = job.name.clone().unwrap_or_else(|| job.module.clone());
        let error =
            Error::new(Kind::Interrupted, "not started, because another dataset failed (`--fail-fast`)");
        Self { name, seconds: 0.0, result: Err(error) }
    }
}

impl Serialize for Item {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Form<'i> {
            name: &'i str,
            status: &'static str,
            seconds: f64,
            #[serde(skip_serializing_if = "Option::is_none")]
            dataset: Option<&'i Prepared>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<serde_json::Value>,
        }
        let status = match &self.result {
            Ok(prepared) if prepared.origin == Origin::Cache => "cached",
            Ok(_) => "prepared",
            Err(_) => "failed",
        };
        let (dataset, error) = (self.result.as_ref().ok(), self.result.as_ref().err().map(error_value));
        let name = dataset.map_or(self.name.as_str(), |prepared| prepared.registered.name.as_str());
        Form { name, status, seconds: self.seconds, dataset, error }.serialize(serializer)
    }
}
