//! `host prepare`: one dataset from flags, one for each month, or several from a manifest.

mod arguments;
mod batch;
mod of_module;
mod remaining;
mod report;

pub use arguments::Args;
pub(in crate::cli) use batch::Item;
pub(super) use report::{Batch, Plans, holds, strictness_name};

use crate::catalogue::{Batch as NamedBatch, Catalogue};
use crate::cli::Context;
use crate::cli::context::PrepareFlags;
use crate::error::Result;
use crate::stages::parameters::Given;
use crate::stages::pipeline;
use crate::stages::plan::Job;

use batch::{Batching, conflicts_among, run_all, run_unless_conflicting};

/// What `prepare` reports.
pub(super) enum Outcome {
    /// With `--dry-run`.
    Plan(Plans),
    /// Without.
    Prepared(Batch),
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Outcome> {
    let (jobs, catalogue) = jobs(args, context)?;
    let options = context.pipeline_options(&PrepareFlags {
        strict: args.strict,
        lenient: args.lenient,
        force: args.force,
        isolation: args.isolation,
        timeout_seconds: args.timeout,
        max_memory_bytes: args.max_memory,
        trust: args.trust,
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
    let batching = Batching { workers, keep_going, progress: context.progress };
    let (items, conflicts) = if args.strict && jobs.len() > 1 {
        (run_unless_conflicting(&jobs, &registry, &options, &batching, &catalogue)?, Vec::new())
    } else {
        let items = run_all(&jobs, &registry, &options, &batching);
        let conflicts = conflicts_among(&items, &catalogue);
        (items, conflicts)
    };
    for clash in &conflicts {
        tracing::warn!("{clash}");
    }
    for item in &items {
        context.write_summary(item);
    }
    if let [Item { result: Err(error), .. }] = items.as_slice() {
        return Err(error.clone());
    }
    Ok(Outcome::Prepared(Batch { datasets: items, conflicts }))
}

/// What to prepare, and the catalogue that the names were looked up in.
fn jobs(args: &Args, context: &Context) -> Result<(Vec<Job>, Catalogue)> {
    let parameters: Vec<(String, Given)> =
        args.param.iter().map(|(name, value)| (name.clone(), Given::Text(value.clone()))).collect();
    if let Some(module) = &args.plugin {
        return Ok((of_module::jobs(args, module, &parameters, &context.objects)?, Catalogue::default()));
    }
    let (mut names, whole) = match args.from.as_deref().map(NamedBatch::read).transpose()? {
        Some(NamedBatch::Whole(manifest)) => (manifest.names(), Some(manifest)),
        Some(NamedBatch::Names(names)) => (names, None),
        None => (Vec::new(), None),
    };
    names.extend(args.datasets.iter().cloned());
    let catalogue = context.catalogue(args.manifest.as_deref(), whole)?;
    let raw = context.raw();
    let mut jobs: Vec<Job> =
        names.iter().map(|name| Ok(catalogue.find(name)?.job(&raw))).collect::<Result<_>>()?;
    for job in &mut jobs {
        job.parameters.extend(parameters.iter().cloned());
    }
    Ok((jobs, catalogue))
}
