//! What a run of `prepare` leaves in the journal and in the logs.

use std::io::Write;
use std::sync::{MutexGuard, PoisonError};

use serde_json::json;

use super::Args;
use super::batch::Item;
use super::interruption::{self, Going};
use crate::cli::Context;
use crate::cli::context::actor;
use crate::cli::logging::{FILES_ONLY, rotating};
use crate::cli::output::Printer;
use crate::clock::now;
use crate::error::Kind;
use crate::journal::{
    Beginning, DatasetFinished, DatasetOutcome, End, Event, Journal, Request, Run, RunError, StageSeconds,
};
use crate::logs::{self, RotatingFile};
use crate::modules::discover::SearchOrigin;
use crate::platform;
use crate::stages::pipeline::{Origin, Prepared};
use crate::stages::plan::Job;

/// Writes the journal of one command. Where it cannot be written there is a warning, and the command goes on: the
/// registry alone says what is durable.
pub(super) struct Recorder {
    journal: Journal,
    beginning: Option<Beginning>,
    run: Going,
    printer: Printer,
    /// Where a line for each dataset goes, if logs go into files.
    performance: Option<RotatingFile>,
}

impl Recorder {
    pub(super) fn new(args: &Args, context: &Context, printer: &Printer) -> Self {
        let beginning = Beginning {
            id: args.run_id.clone(),
            command: "prepare",
            request: request(args, context).recorded(context.current_directory()),
            actor: args.actor.clone().unwrap_or_else(actor),
            trigger: args.trigger,
            resumes: args.resumes.clone(),
        };
        let settings = &context.settings;
        let performance =
            settings.logs_to_file().then(|| rotating(settings, logs::performance(settings.log_directory())));
        Self {
            journal: context.journal(),
            beginning: Some(beginning),
            run: Going::default(),
            printer: printer.clone(),
            performance,
        }
    }

    /// Makes it durable that the run began, unless that was done.
    pub(super) fn begin(&mut self) {
        let Some(beginning) = self.beginning.take() else { return };
        match self.journal.begin(beginning) {
            Ok(run) => {
                *self.run() = Some(run);
                interruption::listen(&self.run, &self.journal, &self.printer);
            }
            Err(error) => tracing::warn!("this run will not be in the journal: {error}"),
        }
    }

    pub(super) fn planned(&self, datasets: usize) {
        self.tell(|| Event::Planned { datasets });
    }

    pub(super) fn started(&self, dataset: &str) {
        self.tell(|| Event::DatasetStarted { dataset: dataset.to_owned() });
    }

    pub(super) fn finished(&self, job: &Job, item: &Item) {
        let finished = finished(job, item);
        self.log(&finished);
        self.tell(|| Event::DatasetFinished(Box::new(finished)));
    }

    /// Tells the log files, where programs of other makers look.
    fn log(&self, finished: &DatasetFinished) {
        let run = self.run().as_ref().map(|run| run.id().to_string()).unwrap_or_default();
        let dataset = finished.name.as_deref().unwrap_or(&finished.dataset);
        let (module, seconds) = (finished.module.as_str(), finished.seconds);
        if let Some(error) = &finished.error {
            let code = error.code.as_str();
            tracing::error!(target: FILES_ONLY, run, dataset, module, code, "{}", error.message);
        } else {
            let outcome = format!("{:?}", finished.outcome).to_lowercase();
            tracing::info!(target: FILES_ONLY, run, dataset, module, seconds, "{outcome}");
        }
        let Some(mut file) = self.performance.clone() else { return };
        let line = json!({
            "time": now(),
            "run": run,
            "dataset": dataset,
            "module": module,
            "outcome": finished.outcome,
            "seconds": seconds,
            "rows": finished.rows,
            "stages": finished.stages,
            "host_peak_memory_bytes": finished.host_peak_memory_bytes,
            "worker_peak_memory_bytes": finished.worker_peak_memory_bytes,
        });
        if let Err(error) = file.write_all(format!("{line}\n").as_bytes()) {
            tracing::warn!("cannot write the performance log: {error}");
        }
    }

    /// Writes the end of a run that began.
    pub(super) fn end(self, end: End) {
        if let Some(run) = self.run().take() {
            run.end(end);
        }
    }

    pub(super) fn tell(&self, event: impl FnOnce() -> Event) {
        if let Some(run) = &*self.run() {
            run.append(event());
        }
    }

    fn run(&self) -> MutexGuard<'_, Option<Run>> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn finished(job: &Job, item: &Item) -> DatasetFinished {
    let unknown = DatasetFinished {
        dataset: item.name.clone(),
        outcome: DatasetOutcome::Failed,
        seconds: item.seconds,
        module: job.module.clone(),
        name: None,
        module_version: None,
        version: None,
        stages: Vec::new(),
        rows: None,
        read_bytes: None,
        written_bytes: None,
        host_peak_memory_bytes: platform::peak_memory_bytes(),
        worker_peak_memory_bytes: None,
        quality_score: None,
        findings: None,
        error: None,
    };
    match &item.result {
        Ok(prepared) => known(unknown, prepared),
        Err(error) if error.kind == Kind::Interrupted => {
            DatasetFinished { outcome: DatasetOutcome::NotStarted, ..unknown }
        }
        Err(error) => DatasetFinished { error: Some(RunError::from(error)), ..unknown },
    }
}

fn known(unknown: DatasetFinished, prepared: &Prepared) -> DatasetFinished {
    let registered = &prepared.registered;
    let document = &registered.document;
    let tables = document.tables.iter();
    let cached = prepared.origin == Origin::Cache;
    let stages = prepared.stage_seconds.iter();
    DatasetFinished {
        outcome: if cached { DatasetOutcome::Cached } else { DatasetOutcome::Prepared },
        module: document.module.id.clone(),
        name: Some(registered.name.to_string()),
        module_version: Some(document.module.version.clone()),
        version: Some(registered.version.to_string()),
        stages: stages
            .map(|(stage, seconds)| StageSeconds { stage: (*stage).to_owned(), seconds: *seconds })
            .collect(),
        rows: Some(tables.map(|table| table.rows).sum()),
        read_bytes: Some(prepared.read_bytes),
        written_bytes: Some(if registered.unchanged { 0 } else { document.data_bytes() }),
        worker_peak_memory_bytes: prepared.worker_peak_memory_bytes,
        quality_score: document.quality_score(),
        findings: u64::try_from(prepared.verdict.failed().count()).ok(),
        ..unknown
    }
}

/// The flags as a request that can be asked again.
fn request(args: &Args, context: &Context) -> Request {
    let named = context.search_path.iter().filter(|directory| directory.origin == SearchOrigin::Flag);
    Request {
        datasets: args.datasets.clone(),
        plugin: args.plugin.clone(),
        inputs: args.input.iter().cloned().collect(),
        partition: args.partition.map(|months| months.to_string()),
        parameters: args.param.iter().cloned().collect(),
        name: args.name.clone(),
        from: args.from.clone(),
        manifest: args.manifest.clone(),
        force: args.force,
        strict: args.strict,
        lenient: args.lenient,
        jobs: args.jobs,
        fail_fast: args.fail_fast,
        isolation: args.isolation,
        timeout_seconds: args.timeout,
        max_memory_bytes: args.max_memory,
        trust: args.trust.trust,
        locked: args.trust.locked,
        plugin_directories: named.map(|directory| directory.path.clone()).collect(),
    }
}
