//! Several datasets side by side.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::listening::Recorded;
use super::recorder::Recorder;
use super::remaining::Remaining;

use crate::catalogue::Catalogue;
use crate::catalogue::conflicts::{self, Claims, Clash};
use crate::cli::output::error_value;
use crate::cli::progress::Progress;
use crate::error::{Error, Kind, Result};
use crate::modules::worker::parent::Listener;
use crate::registry::Registry;
use crate::stages::pipeline::{self, Origin, Prepared};
use crate::stages::plan::Job;

/// How the jobs are run.
pub(super) struct Batching<'b> {
    pub(super) workers: usize,
    pub(super) keep_going: bool,
    pub(super) progress: bool,
    pub(super) recorder: &'b Recorder,
}

/// Prepares the jobs side by side. The result is in the order of the jobs and does not depend on their number.
pub(super) fn run_all(
    jobs: &[Job],
    registry: &Registry,
    options: &pipeline::Options,
    batching: &Batching<'_>,
) -> Vec<Item> {
    side_by_side(
        jobs,
        batching,
        |job, listener| pipeline::prepare(job, registry, options, listener),
        |prepared| prepared.origin == Origin::Derived,
        |job, item| batching.recorder.finished(job, item),
    )
}

/// The same for datasets of which no two may hold the same information: nothing is registered before all are derived
/// and none conflicts with another.
pub(super) fn run_unless_conflicting(
    jobs: &[Job],
    registry: &Registry,
    options: &pipeline::Options,
    batching: &Batching<'_>,
    catalogue: &Catalogue,
) -> Result<Vec<Item>> {
    // What the catalogues know already needs no derivation.
    let named = jobs.iter().filter_map(|job| job.name.as_deref());
    conflicts::refuse(&named.map(|name| Claims::of_name(name, catalogue)).collect::<Vec<_>>(), "registered")?;
    let checked = side_by_side(
        jobs,
        batching,
        |job, listener| pipeline::check(job, registry, options, listener),
        pipeline::Checked::is_derived,
        |_, _| {},
    );
    let fit = checked.iter().filter_map(|item| item.result.as_ref().ok());
    let claims =
        fit.map(|checked| Claims::of_metadata(checked.name().as_str(), checked.metadata(), catalogue));
    conflicts::refuse(&claims.collect::<Vec<_>>(), "registered")?;
    let registered = checked.into_iter().zip(jobs).map(|(item, job)| {
        let item = item.and_then(|checked| checked.register(registry, options));
        batching.recorder.finished(job, &item);
        item
    });
    Ok(registered.collect())
}

/// What a batch that is prepared already holds twice.
pub(super) fn conflicts_among(items: &[Item], catalogue: &Catalogue) -> Vec<Clash> {
    let prepared = items.iter().filter_map(|item| item.result.as_ref().ok());
    let claims = prepared.map(|prepared| {
        let registered = &prepared.registered;
        Claims::of_metadata(registered.name.as_str(), &registered.document.metadata, catalogue)
    });
    conflicts::among(&claims.collect::<Vec<_>>())
}

fn side_by_side<T: Send>(
    jobs: &[Job],
    batching: &Batching<'_>,
    run: impl Fn(&Job, &dyn Listener) -> Result<T> + Sync,
    derived: impl Fn(&T) -> bool + Sync,
    finished: impl Fn(&Job, &Item<T>) + Sync,
) -> Vec<Item<T>> {
    let next = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let workers = batching.workers.clamp(1, jobs.len().max(1));
    let remaining = Mutex::new(Remaining::new(jobs.len(), workers));
    let several = jobs.len() > 1;
    let slots: Vec<Mutex<Option<Item<T>>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let (Some(job), Some(slot)) = (jobs.get(index), slots.get(index)) else { return };
            let item = if stopped.load(Ordering::Relaxed) {
                Item::not_started(job)
            } else {
                let (name, started) = (label(job), Instant::now());
                let progress = Progress::new(&name, batching.progress);
                let progress = match remaining.lock() {
                    Ok(remaining) if several => progress.within(&remaining.to_string()),
                    _ => progress,
                };
                batching.recorder.started(&name);
                let result = run(job, &Recorded::new(batching.recorder, &name, &progress));
                Item { name, seconds: started.elapsed().as_secs_f64(), result }
            };
            finished(job, &item);
            if let Ok(mut remaining) = remaining.lock() {
                remaining.finish(item.result.as_ref().ok().filter(|done| derived(done)).map(|_| item.took()));
                if several {
                    tracing::info!(dataset = item.name, "{remaining}");
                }
            }
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
        for _ in 1..workers {
            scope.spawn(work);
        }
        work();
    });
    let items = slots.into_iter().map(|slot| slot.into_inner().ok().flatten());
    items.zip(jobs).map(|(item, job)| item.unwrap_or_else(|| Item::not_started(job))).collect()
}

/// The name of a job in messages.
fn label(job: &Job) -> String {
    job.name.clone().unwrap_or_else(|| job.module.clone())
}

/// One dataset of a batch.
#[derive(Debug)]
pub(in crate::cli) struct Item<T = Prepared> {
    pub(in crate::cli) name: String,
    pub(in crate::cli) seconds: f64,
    pub(in crate::cli) result: Result<T>,
}

impl<T> Item<T> {
    fn not_started(job: &Job) -> Self {
        let error =
            Error::new(Kind::Interrupted, "not started, because another dataset failed (`--fail-fast`)");
        Self { name: label(job), seconds: 0.0, result: Err(error) }
    }

    fn took(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Goes on with what came out.
    fn and_then<U>(self, next: impl FnOnce(T) -> Result<U>) -> Item<U> {
        let started = Instant::now();
        let result = self.result.and_then(next);
        Item { name: self.name, seconds: self.seconds + started.elapsed().as_secs_f64(), result }
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
