//! `host prepare`: one dataset from flags, one for each month, or several from a manifest. Each time is one run of the
//! journal.

mod arguments;
mod batch;
mod interruption;
mod listening;
mod of_module;
mod recorder;
mod registered;
mod remaining;
mod report;

pub use arguments::Args;
pub(super) use arguments::size;
pub(in crate::cli) use batch::Item;
pub(super) use report::{Batch, Plans, holds, strictness_name};

use crate::catalogue::{Batch as NamedBatch, Catalogue, Damage};
use crate::cli::context::PrepareFlags;
use crate::cli::output::Printer;
use crate::cli::{Context, Report};
use crate::error::{Error, Kind, Result};
use crate::journal::End;
use crate::stages::parameters::Given;
use crate::stages::pipeline::{self, Options, Prepared};
use crate::stages::plan::Job;

use recorder::Recorder;

use batch::{Batching, conflicts_among, run_all, run_unless_conflicting};

/// What `prepare` reports.
pub(super) enum Outcome {
    /// With `--dry-run`.
    Plan(Plans),
    /// Without.
    Prepared(Batch),
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context, printer: &Printer) -> Result<Outcome> {
    if args.dry_run {
        return plan(args, context).map(Outcome::Plan);
    }
    let mut recorder = Recorder::new(args, context, printer);
    // A first command that cannot be understood leaves no data root behind, so no run either.
    if context.open_registry().is_ok() {
        recorder.begin();
    }
    let outcome = prepare(args, context, &mut recorder);
    let failure = match &outcome {
        Ok(batch) => batch.verdict(),
        Err(error) => Some(error.clone()),
    };
    recorder.end(End::of(failure.as_ref()));
    context.remove_old_logs();
    context.input_cache().expire();
    outcome.map(Outcome::Prepared)
}

/// Says what would run, and leaves nothing behind.
fn plan(args: &Args, context: &Context) -> Result<Plans> {
    let (jobs, lost, _) = jobs(args, context)?;
    for Item { name, result, .. } in &lost {
        if let Err(error) = result {
            tracing::warn!("`{name}`: {error}");
        }
    }
    let options = options(args, context)?;
    let registry = context.open_registry().ok().filter(|_| options.cache);
    let options = options.without_input_cache();
    let plans =
        jobs.iter().map(|job| pipeline::plan(job, registry.as_ref(), &options)).collect::<Result<_>>()?;
    Ok(Plans { plans })
}

fn prepare(args: &Args, context: &Context, recorder: &mut Recorder) -> Result<Batch> {
    let (jobs, lost, catalogue) = jobs(args, context)?;
    let options = options(args, context)?;
    let registry = context.create_registry()?;
    recorder.begin();
    recorder.planned(jobs.len());
    let workers = args.jobs.map_or(context.settings.jobs(), usize::from);
    let keep_going = if args.fail_fast { false } else { args.keep_going || context.settings.keeps_going() };
    let batching = Batching { workers, keep_going, progress: context.progress, recorder };
    let (mut items, conflicts) = if args.strict && jobs.len() > 1 {
        (run_unless_conflicting(&jobs, &registry, &options, &batching, &catalogue)?, Vec::new())
    } else {
        let items = run_all(&jobs, &registry, &options, &batching);
        let conflicts = conflicts_among(&items, &catalogue);
        (items, conflicts)
    };
    items.extend(lost);
    for clash in &conflicts {
        tracing::warn!("{clash}");
    }
    for item in &items {
        if let Ok(Prepared { replaces: Some(replaced), registered, .. }) = &item.result {
            tracing::warn!("{}", report::replacing(registered.name.as_str(), replaced));
        }
        context.write_summary(item);
    }
    if let [Item { result: Err(error), .. }] = items.as_slice() {
        return Err(error.clone());
    }
    Ok(Batch { datasets: items, conflicts })
}

fn options(args: &Args, context: &Context) -> Result<Options> {
    let options = context.pipeline_options(&PrepareFlags {
        strict: args.strict,
        lenient: args.lenient,
        force: args.force,
        isolation: args.isolation,
        timeout_seconds: args.timeout,
        max_memory_bytes: args.max_memory,
        trust: args.trust,
    })?;
    Ok(match &args.actor {
        Some(actor) => Options { actor: actor.clone(), ..options },
        None => options,
    })
}

/// What to prepare, what cannot be, and the catalogue that the names were looked up in.
fn jobs(args: &Args, context: &Context) -> Result<(Vec<Job>, Vec<Item>, Catalogue)> {
    let mut parameters: Vec<(String, Given)> = Vec::new();
    for (name, value) in &args.param {
        if parameters.iter().any(|(given, _)| given == name) {
            return Err(Error::new(Kind::Usage, format!("parameter `{name}` is given twice")));
        }
        parameters.push((name.clone(), Given::Text(value.clone())));
    }
    if let Some(module) = &args.plugin {
        return Ok((
            of_module::jobs(args, module, &parameters, &context.objects)?,
            Vec::new(),
            Catalogue::default(),
        ));
    }
    let (mut names, damage, whole) = match args.from.as_deref().map(NamedBatch::read).transpose()? {
        Some(NamedBatch::Whole(manifest)) => (manifest.names(), Damage::default(), Some(manifest)),
        Some(NamedBatch::Names(names)) => (names, Damage::default(), None),
        Some(NamedBatch::Damage(damage)) => (Vec::new(), damage, None),
        None => (Vec::new(), Damage::default(), None),
    };
    names.extend(args.datasets.iter().cloned());
    let catalogue = context.catalogue(args.manifest.as_deref(), whole)?;
    let mut jobs: Vec<Job> =
        names.iter().map(|name| registered::job(name, &catalogue, context)).collect::<Result<_>>()?;
    for job in jobs.iter_mut().filter(|job| job.puts_back.is_none()) {
        job.parameters.extend(parameters.iter().cloned());
    }
    let lost = registered::add_damaged(&damage, context, &mut jobs);
    Ok((jobs, lost, catalogue))
}
