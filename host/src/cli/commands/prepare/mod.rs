//! `host prepare`: one dataset from flags, or several from a manifest.

mod arguments;
mod batch;
mod report;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use arguments::Args;
pub(in crate::cli) use batch::Item;
pub(super) use report::{Batch, Plans, holds, strictness_name};

use crate::cli::Context;
use crate::cli::context::PrepareFlags;
use crate::error::{Error, Kind, Result};
use crate::stages::manifest::DatasetsManifest;
use crate::stages::parameters::Given;
use crate::stages::pipeline;
use crate::stages::plan::{InputPath, Job};

use batch::{Batching, run_all};

/// What `prepare` reports.
pub(super) enum Outcome {
    /// With `--dry-run`.
    Plan(Plans),
    /// Without.
    Prepared(Batch),
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Outcome> {
    let jobs = jobs(args, context)?;
    let options = context.pipeline_options(&PrepareFlags {
        strict: args.strict,
        lenient: args.lenient,
        force: args.force,
        isolation: args.isolation,
        timeout_seconds: args.timeout,
        max_memory_bytes: args.max_memory,
    })?;
    if args.dry_run {
        let registry = context.open_registry().ok().filter(|_| options.cache);
        // Showing what would run leaves nothing behind.
        let options = options.without_input_cache();
        let plans =
            jobs.iter().map(|job| pipeline::plan(job, registry.as_ref(), &options)).collect::<Result<_>>()?;
        return Ok(Outcome::Plan(Plans { plans }));
    }
    let registry = context.create_registry()?;
    let workers = args.jobs.map_or(context.settings.jobs(), usize::from);
    let keep_going = if args.fail_fast { false } else { args.keep_going || context.settings.keeps_going() };
    let items =
        run_all(&jobs, &registry, &options, &Batching { workers, keep_going, progress: context.progress });
    for item in &items {
        context.write_summary(item);
    }
    if let [Item { result: Err(error), .. }] = items.as_slice() {
        return Err(error.clone());
    }
    Ok(Outcome::Prepared(Batch { datasets: items }))
}

fn jobs(args: &Args, context: &Context) -> Result<Vec<Job>> {
    let parameters: Vec<(String, Given)> =
        args.param.iter().map(|(name, value)| (name.clone(), Given::Text(value.clone()))).collect();
    if let Some(module) = &args.plugin {
        let mut inputs = BTreeMap::new();
        for (role, path) in &args.input {
            let input = InputPath { path: PathBuf::from(path), ..InputPath::default() };
            if inputs.insert(role.clone(), input).is_some() {
                return Err(Error::new(Kind::Usage, format!("input `{role}` is given twice")));
            }
        }
        return Ok(vec![Job {
            module: module.clone(),
            name: args.name.clone(),
            inputs,
            parameters,
            ..Job::default()
        }]);
    }
    let manifest_path = args.manifest.clone().unwrap_or_else(|| context.settings.manifest_file().to_owned());
    let mut jobs = match &args.from {
        Some(from) => DatasetsManifest::jobs_from(from, &manifest_path)?,
        None => Vec::new(),
    };
    if !args.datasets.is_empty() {
        jobs.extend(DatasetsManifest::read(&manifest_path)?.jobs(&args.datasets)?);
    }
    for job in &mut jobs {
        job.parameters.extend(parameters.iter().cloned());
    }
    Ok(jobs)
}
