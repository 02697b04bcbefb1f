//! A module is tried before it is installed: loaded in a worker, and every bundled dataset derived and validated.

use std::io::{self, Read};
use std::path::Path;

use plugin_api::{BundledDataset, Level};

use crate::dataset::Spool;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::manifest::Embedded;
use crate::modules::worker::frames::Request;
use crate::modules::worker::parent::{self, Listener, Task, Terms, Workers};
use crate::platform::SealedFile;
use crate::stages::derive::{DeriveOptions, Derived, Isolation};
use crate::stages::ingest::Ingested;
use crate::stages::parameters::Given;
use crate::stages::pipeline;
use crate::stages::plan::{Job, JobInput, Plan};
use crate::stages::validated::Validated;
use crate::trust::keys::KeyRing;
use crate::trust::{Policy, TrustLevel};

/// Derives every bundled dataset of a staged library and names them; a module without any is only loaded.
pub(super) fn run(library: &Path, embedded: &Embedded, options: &pipeline::Options) -> Result<Vec<String>> {
    let bundled = &embedded.descriptor.bundled;
    if bundled.is_empty() {
        load(library, embedded, options)?;
    }
    bundled.iter().map(|dataset| derive(library, dataset, options)).collect()
}

fn derive(library: &Path, dataset: &BundledDataset, options: &pipeline::Options) -> Result<String> {
    let input = |(role, file): (&String, &plugin_api::BundledFile)| {
        let sha256: Option<Digest> = file.sha256.parse().ok();
        (role.clone(), JobInput::Bundled { file: file.file.clone(), sha256 })
    };
    let parameters = dataset.parameters.iter();
    let job = Job {
        module: library.display().to_string(),
        name: Some(dataset.name.clone()),
        inputs: dataset.inputs.iter().map(input).collect(),
        parameters: parameters.map(|(name, value)| (name.clone(), Given::Json(value.clone()))).collect(),
        ..Job::default()
    };
    let plan = Plan::new(&job, &[], &anything())?;
    let ingested = Ingested::new(plan, &options.ingest)?;
    let derived = Derived::new(ingested, Spool::temporary(), &in_worker(options), &Quiet)?;
    let _ = Validated::new(derived, &options.validation)?;
    Ok(dataset.name.clone())
}

/// A module that nobody has tried runs in a worker, whatever the settings say of others.
fn in_worker(options: &pipeline::Options) -> DeriveOptions {
    DeriveOptions { isolation: Isolation::Process, ..options.derive.with_fresh_workers() }
}

/// Who vouches for the package was settled before.
fn anything() -> Policy {
    Policy { minimum: TrustLevel::Unsigned, demand_lock: false, lock: None, keys: KeyRing::default() }
}

/// Lets a worker load the library. What it answers to a request without inputs does not matter.
fn load(library: &Path, embedded: &Embedded, options: &pipeline::Options) -> Result<()> {
    let id = &embedded.descriptor.id;
    let private_copy = |error| Error::storage(format!("cannot make a private copy of module `{id}`"), &error);
    let bytes = fs_err::read(library).map_err(private_copy)?;
    let sealed = SealedFile::from_bytes("module", &bytes).map_err(private_copy)?;
    let DeriveOptions { limits, minimum_confinement, .. } = options.derive;
    let task = Task {
        module_id: id,
        library: &sealed,
        inputs: &[],
        request: Request {
            inputs: Vec::new(),
            parameters: "{}".to_owned(),
            timeout_milliseconds: limits.timeout_milliseconds,
        },
        terms: Terms { library: Digest::of(&bytes), limits, minimum_confinement },
    };
    let ignore = |answer: &mut dyn Read| {
        // An answer that cannot be read is as good as any other.
        let _ = io::copy(answer, &mut io::sink());
        Ok(())
    };
    match parent::derive(&task, &Workers::fresh(), &Quiet, ignore) {
        Err(error) if !has_answered(id, &error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether it was the module that gave the error: then it is loaded, and refuses to work on nothing.
fn has_answered(id: &str, error: &Error) -> bool {
    match error.kind {
        Kind::BadInput => true,
        Kind::PluginCrashed => ["failed: ", "panicked: "].iter().any(|said| {
            error.message.strip_prefix(&format!("module `{id}` ")).is_some_and(|rest| rest.starts_with(said))
        }),
        _ => false,
    }
}

/// Nobody is told what a module on trial says.
struct Quiet;

impl Listener for Quiet {
    fn log(&self, _level: Level, text: &str) {
        tracing::debug!("on trial: {text}");
    }

    fn progress(&self, _fraction: f64, _doing: &str) {}
}
