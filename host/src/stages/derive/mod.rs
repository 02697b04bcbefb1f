//! Runs the module on ingested inputs, in a worker or in this process, and takes what it returns apart.
//!
//! Invariant: pure and free of global state. What comes in could be sent as bytes, and what comes out follows from it.

pub mod import;

use std::time::{Duration, Instant};

use plugin_api::host_side::{HostServices, ServicesHandle};
use plugin_api::{Input, Level};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dataset::{Dataset, Spool};
use crate::error::{Error, Kind, Result};
use crate::modules::worker::frames::{Request, RequestInput};
use crate::modules::worker::parent::{
    self, Listener, Task, Terms, WorkerRecord, Workers, module_error, unconfined,
};
use crate::modules::{compatibility, library};
use crate::platform::{Confinement, ConfinementLevel, Limits, Mapping, SealedFile};
use crate::stages::ingest::Ingested;

/// Where the module runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a process of its own, with limits.
    Process,
    /// In this process, for debugging a module that is trusted.
    InProcess,
}

/// How a derivation runs.
#[derive(Debug, Clone)]
pub struct DeriveOptions {
    /// Where.
    pub isolation: Isolation,
    /// Within which limits.
    pub limits: Limits,
    /// How well the module must be confined to be loaded at all.
    pub minimum_confinement: ConfinementLevel,
    /// Where workers come from.
    pub workers: Workers,
}

impl DeriveOptions {
    /// The same, with a worker of its own for every derivation.
    #[must_use]
    pub fn with_fresh_workers(&self) -> Self {
        Self { workers: Workers::fresh(), ..self.clone() }
    }
}

/// What the module made of the inputs, not yet validated.
#[derive(Debug)]
pub struct Derived {
    pub(super) ingested: Ingested,
    pub(super) dataset: Dataset,
    /// Holds the tables that are not in memory.
    pub(super) spool: Spool,
    pub(super) execution: Execution,
}

/// How a derivation ran, for the provenance.
#[derive(Debug, Clone, Serialize)]
pub struct Execution {
    /// Where.
    pub isolation: Isolation,
    /// What confined the worker.
    pub confinement: Confinement,
    /// Which worker, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerRecord>,
    /// Wall time, seconds.
    pub seconds: f64,
}

impl Derived {
    /// Runs the module. Tables that are too large for memory go to the spool.
    ///
    /// # Errors
    /// What the module said or how it died, always naming it.
    pub fn new(
        ingested: Ingested,
        mut spool: Spool,
        options: &DeriveOptions,
        listener: &dyn Listener,
    ) -> Result<Self> {
        let started = Instant::now();
        let (dataset, confinement, worker) = match options.isolation {
            Isolation::Process => in_worker(&ingested, &mut spool, options, listener),
            Isolation::InProcess => in_process(&ingested, &mut spool, options, listener),
        }
        .map_err(|error| name_the_file(error, &ingested))?;
        let seconds = started.elapsed().as_secs_f64();
        let execution = Execution { isolation: options.isolation, confinement, worker, seconds };
        Ok(Self { ingested, dataset, spool, execution })
    }

    /// What the module made.
    #[must_use]
    pub fn dataset(&self) -> &Dataset {
        &self.dataset
    }
}

/// A module knows roles; the user knows files.
fn name_the_file(error: Error, ingested: &Ingested) -> Error {
    let input = ingested.inputs.iter().find(|input| {
        let after =
            error.message.strip_prefix("input `").and_then(|rest| rest.strip_prefix(input.role.as_str()));
        error.kind == Kind::BadInput && after.is_some_and(|after| after.starts_with('`'))
    });
    match input {
        Some(input) => error.cause(format!("in `{}`", input.origin)),
        None => error,
    }
}

fn parameters(ingested: &Ingested) -> String {
    Value::Object(ingested.plan.parameters.clone()).to_string()
}

/// What a module made, what confined it, and which worker it was.
type Ran = (Dataset, Confinement, Option<WorkerRecord>);

fn in_worker(
    ingested: &Ingested,
    spool: &mut Spool,
    options: &DeriveOptions,
    listener: &dyn Listener,
) -> Result<Ran> {
    let module = &ingested.plan.module;
    let files: Vec<&SealedFile> = ingested.inputs.iter().map(|input| &input.file).collect();
    let task = Task {
        module_id: &module.descriptor().id,
        library: &module.library,
        inputs: &files,
        request: Request {
            inputs: ingested
                .inputs
                .iter()
                .map(|input| RequestInput { role: input.role.clone(), name: input.name.clone() })
                .collect(),
            parameters: parameters(ingested),
            timeout_milliseconds: options.limits.timeout_milliseconds,
        },
        terms: Terms {
            library: module.digest,
            limits: options.limits,
            minimum_confinement: options.minimum_confinement,
        },
    };
    let (dataset, ran) = parent::derive(&task, &options.workers, listener, |answer| {
        import::read(module.descriptor(), answer, spool)
    })?;
    Ok((dataset, ran.confinement, Some(ran.worker)))
}

fn in_process(
    ingested: &Ingested,
    spool: &mut Spool,
    options: &DeriveOptions,
    listener: &dyn Listener,
) -> Result<Ran> {
    let limits = options.limits;
    let module = &ingested.plan.module;
    let descriptor = module.descriptor();
    let confinement = Confinement::without_a_process();
    if confinement.level < options.minimum_confinement {
        return Err(unconfined(&descriptor.id, options.minimum_confinement, &confinement)
            .hint("to run it in a process of its own, give `--isolation process`"));
    }
    compatibility::check_in_process(&descriptor.id, &module.embedded.manifest)?;
    let private_copy = |error: std::io::Error| {
        Error::new(Kind::Internal, "cannot make a private copy of the module").cause(error.to_string())
    };
    // The library stays loaded for the life of the process, and so does the descriptor it was loaded by.
    let copy = SealedFile::from_bytes("module", &module.library.map().map_err(private_copy)?);
    let copy = Box::leak(Box::new(copy.map_err(private_copy)?));
    let loadable = Box::leak(Box::new(copy.loadable().map_err(private_copy)?));
    let loaded = library::load(&loadable.path, &module.embedded)?;
    let mappings =
        ingested.inputs.iter().map(super::ingest::IngestedInput::map).collect::<Result<Vec<Mapping>>>()?;
    let inputs: Vec<Input<'_>> = ingested
        .inputs
        .iter()
        .zip(&mappings)
        .map(|(input, bytes)| Input { role: &input.role, name: &input.name, bytes })
        .collect();
    let services = InProcess {
        listener,
        deadline: Instant::now().checked_add(Duration::from_millis(limits.timeout_milliseconds)),
    };
    let handle = ServicesHandle::new(&services);
    let mut imported = None;
    let outcome = library::derive(&loaded, &inputs, &parameters(ingested), &handle, |output| {
        imported = Some(import::from_output(descriptor, output, spool)?);
        Ok(())
    });
    outcome.map_err(|error| module_error(&descriptor.id, &limits, error))?;
    let dataset =
        imported.ok_or_else(|| Error::new(Kind::Internal, "a derivation ended without a result"))??;
    Ok((dataset, confinement, None))
}

struct InProcess<'l> {
    listener: &'l dyn Listener,
    deadline: Option<Instant>,
}

impl HostServices for InProcess<'_> {
    fn log(&self, level: Level, text: &str) {
        self.listener.log(level, text);
    }

    fn progress(&self, fraction: f64, doing: &str) {
        self.listener.progress(fraction, doing);
    }

    fn cancelled(&self) -> bool {
        self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }
}
