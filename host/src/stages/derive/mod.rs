//! Runs the module on ingested inputs, in a worker or in this process, and takes what it returns apart.
//!
//! Invariant: pure and free of global state. What comes in could be sent as bytes, and what comes out follows from it.

mod import;

use std::time::{Duration, Instant};

use plugin_api::host_side::{HostServices, ServicesHandle};
use plugin_api::{Input, Level};
use serde::Serialize;
use serde_json::Value;

use crate::dataset::Dataset;
use crate::error::{Error, Kind, Result};
use crate::modules::library;
use crate::modules::worker::frames::{Request, RequestInput};
use crate::modules::worker::parent::{self, Listener, module_error};
use crate::platform::{Confinement, Limits, Mapping, SealedFile};
use crate::stages::ingest::Ingested;

/// Where the module runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a process of its own, with limits.
    Process,
    /// In this process, for debugging a module that is trusted.
    InProcess,
}

/// How a derivation runs.
#[derive(Debug, Clone, Copy)]
pub struct DeriveOptions {
    /// Where.
    pub isolation: Isolation,
    /// Within which limits.
    pub limits: Limits,
}

/// What the module made of the inputs, not yet validated.
#[derive(Debug)]
pub struct Derived {
    pub(super) ingested: Ingested,
    pub(super) dataset: Dataset,
    pub(super) execution: Execution,
}

/// How a derivation ran, for the provenance.
#[derive(Debug, Clone, Serialize)]
pub struct Execution {
    /// Where.
    pub isolation: Isolation,
    /// What confined the worker.
    pub confinement: Confinement,
    /// Wall time, seconds.
    pub seconds: f64,
}

impl Derived {
    /// Runs the module.
    ///
    /// # Errors
    /// What the module said or how it died, always naming it.
    pub fn new(ingested: Ingested, options: DeriveOptions, listener: &dyn Listener) -> Result<Self> {
        let started = Instant::now();
        let (dataset, confinement) = match options.isolation {
            Isolation::Process => in_worker(&ingested, options.limits, listener),
            Isolation::InProcess => in_process(&ingested, options.limits, listener),
        }
        .map_err(|error| name_the_file(error, &ingested))?;
        let seconds = started.elapsed().as_secs_f64();
        let execution = Execution { isolation: options.isolation, confinement, seconds };
        Ok(Self { ingested, dataset, execution })
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

fn in_worker(ingested: &Ingested, limits: Limits, listener: &dyn Listener) -> Result<(Dataset, Confinement)> {
    let module = &ingested.plan.module;
    let request = Request {
        inputs: ingested
            .inputs
            .iter()
            .map(|input| RequestInput { role: input.role.clone(), name: input.name.clone() })
            .collect(),
        parameters: parameters(ingested),
        limits,
    };
    let files: Vec<&SealedFile> = ingested.inputs.iter().map(|input| &input.file).collect();
    let answer = parent::derive(&module.descriptor().id, &module.library, &files, &request, listener)?;
    let dataset = import::from_answer(module.descriptor(), &answer)?;
    Ok((dataset, answer.confinement))
}

fn in_process(
    ingested: &Ingested,
    limits: Limits,
    listener: &dyn Listener,
) -> Result<(Dataset, Confinement)> {
    let module = &ingested.plan.module;
    let descriptor = module.descriptor();
    if module.embedded.manifest.panic != "unwind" {
        return Err(Error::new(
            Kind::Incompatible,
            format!(
                "module `{}` ends the process when it panics, so it cannot run inside the host",
                descriptor.id
            ),
        )
        .hint("give `--isolation process`, or rebuild the module with `panic = \"unwind\"`"));
    }
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
        imported = Some(import::from_output(descriptor, output)?);
        Ok(())
    });
    outcome.map_err(|error| module_error(&descriptor.id, &limits, error))?;
    let dataset =
        imported.ok_or_else(|| Error::new(Kind::Internal, "a derivation ended without a result"))??;
    let mut confinement = Confinement::default();
    confinement.missing.push("process".to_owned());
    Ok((dataset, confinement))
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
