//! `host prepare`: one dataset from flags, or several from a manifest.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde::Serialize;

use crate::cli::output::error_value;
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::dataset::DatasetDocument;
use crate::error::{Error, Kind, Result};
use crate::registry::Registry;
use crate::stages::derive::Isolation;
use crate::stages::manifest::DatasetsManifest;
use crate::stages::parameters::Given;
use crate::stages::pipeline::{self, Origin, PlanReport, Prepared};
use crate::stages::plan::{InputPath, Job};
use crate::stages::validate::{Outcome as CheckOutcome, Strictness};
use crate::stages::validated::line;

/// Flags of `prepare`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true).multiple(true).args(["datasets", "plugin", "from"]))]
pub struct Args {
    /// Datasets of the datasets manifest.
    #[arg(value_name = "DATASET", conflicts_with_all = ["plugin", "input"])]
    datasets: Vec<String>,
    /// Module that derives the dataset: its id, or the path of its library. Without `--input`, its bundled dataset.
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,
    /// A file for a role of the module; may be given several times.
    #[arg(long, value_name = "ROLE=PATH", value_parser = role_and_path, requires = "plugin")]
    input: Vec<(String, String)>,
    /// A parameter of the module; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    param: Vec<(String, String)>,
    /// Name to register the dataset under [default: the bundled dataset's, or the first input's file name].
    #[arg(long, conflicts_with = "datasets")]
    name: Option<String>,
    /// File with dataset names, one a line, or a datasets manifest of which all are prepared; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plugin", "input", "name"])]
    from: Option<PathBuf>,
    /// Datasets manifest [default: setting `registry.manifest_file`].
    #[arg(long, value_name = "FILE", conflicts_with = "plugin")]
    manifest: Option<PathBuf>,
    /// Derive again although the recipe is known, and demand the same bytes.
    #[arg(long)]
    force: bool,
    /// Show what would run, with digests, and run nothing.
    #[arg(long)]
    dry_run: bool,
    /// Let warnings stop a dataset as well.
    #[arg(long, conflicts_with = "lenient")]
    strict: bool,
    /// Let only findings that make the numbers unusable stop a dataset.
    #[arg(long)]
    lenient: bool,
    /// Datasets prepared at the same time.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    jobs: Option<u16>,
    /// Go on with the other datasets when one fails (default).
    #[arg(long, overrides_with = "fail_fast")]
    keep_going: bool,
    /// Start no further dataset when one fails.
    #[arg(long)]
    fail_fast: bool,
    /// Where the module runs [default: process].
    #[arg(long, value_enum, value_name = "WHERE")]
    isolation: Option<Isolation>,
    /// Longest time of a derivation [default: 3600].
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<f64>,
    /// Most memory of a derivation, such as `512MiB` [default: 8GiB].
    #[arg(long, value_name = "SIZE", value_parser = size)]
    max_memory: Option<u64>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    split(text, "NAME=VALUE")
}

fn role_and_path(text: &str) -> Result<(String, String), String> {
    split(text, "ROLE=PATH")
}

fn split(text: &str, form: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err(format!("expected {form}, found `{text}`")),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('s').unwrap_or(text).parse::<f64>().ok();
    number
        .filter(|seconds| (0.001..=1e9).contains(seconds))
        .ok_or_else(|| format!("expected seconds, found `{text}`"))
}

fn size(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 7] = [
        ("GiB", 1 << 30),
        ("MiB", 1 << 20),
        ("KiB", 1 << 10),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("G", 1 << 30),
        ("M", 1 << 20),
    ];
    let upper = text.to_ascii_uppercase();
    let of_unit = |name: &str| upper.strip_suffix(&name.to_ascii_uppercase()).map(str::to_owned);
    let (digits, unit) =
        UNITS.iter().find_map(|(name, unit)| Some((of_unit(name)?, *unit))).unwrap_or((text.to_owned(), 1));
    let number = digits.trim().parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("expected a size such as `512MiB`, found `{text}`"))
}

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
    let options = context.pipeline_options(&super::super::context::PrepareFlags {
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

struct Batching {
    workers: usize,
    keep_going: bool,
    progress: bool,
}

/// Prepares the jobs side by side. The result is in the order of the jobs and does not depend on their number.
fn run_all(jobs: &[Job], registry: &Registry, options: &pipeline::Options, batching: &Batching) -> Vec<Item> {
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

/// Everything that was prepared.
#[derive(Debug, Serialize)]
pub(super) struct Batch {
    datasets: Vec<Item>,
}

impl Report for Batch {
    const SCHEMA: &'static str = "host.prepare/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for item in &self.datasets {
            match &item.result {
                Ok(prepared) => render_prepared(out, style, prepared, item.seconds)?,
                Err(error) => {
                    let (bad, reset) = (style.bad.render(), style.bad.render_reset());
                    writeln!(out, "{bad}failed{reset}    {}: {}", item.name, error.message)?;
                    for cause in &error.causes {
                        writeln!(out, "          {cause}")?;
                    }
                    for hint in &error.hints {
                        writeln!(out, "          hint: {hint}")?;
                    }
                }
            }
        }
        if self.datasets.len() > 1 {
            let failed = self.failed();
            writeln!(out, "{} prepared, {failed} failed", self.datasets.len() - failed)?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let failed = self.failed();
        let total = self.datasets.len();
        // What was not started did not fail for a reason of its own.
        let errors = self.datasets.iter().filter_map(|item| item.result.as_ref().err());
        let first = errors.map(|error| error.kind).find(|kind| *kind != Kind::Interrupted);
        match (failed, first) {
            (0, _) => None,
            (_, Some(kind)) if failed == total => {
                Some(Error::new(kind, format!("all {total} datasets failed")))
            }
            _ => Some(Error::new(Kind::Partial, format!("{failed} of {total} datasets failed"))),
        }
    }
}

impl Batch {
    fn failed(&self) -> usize {
        self.datasets.iter().filter(|item| item.result.is_err()).count()
    }
}

fn render_prepared(out: &mut dyn Write, style: &Style, prepared: &Prepared, seconds: f64) -> io::Result<()> {
    let registered = &prepared.registered;
    let document = &registered.document;
    let (verb, remark) = match prepared.origin {
        Origin::Derived if registered.unchanged => ("prepared", " (the same bytes as before)"),
        Origin::Derived => ("prepared", ""),
        Origin::Cache => ("cached", " (the recipe is known; nothing was derived)"),
    };
    writeln!(
        out,
        "{}{verb:<9}{} {}{}{}{remark}",
        style.good.render(),
        style.good.render_reset(),
        style.bold.render(),
        registered.name,
        style.bold.render_reset()
    )?;
    writeln!(out, "  what    {}", super::table::plain(&document.title))?;
    writeln!(out, "  module  {} {}", document.module.id, document.module.version)?;
    writeln!(out, "  holds   {}", holds(document))?;
    writeln!(out, "  version {}", registered.version)?;
    writeln!(out, "  where   {}", registered.path.display())?;
    let verdict = &prepared.verdict;
    let passed = verdict.count(CheckOutcome::Passed);
    let failed: Vec<_> = verdict.failed().collect();
    let not_run = verdict.count(CheckOutcome::NotRun);
    let not_run = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
    let findings =
        if failed.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", failed.len()) };
    writeln!(
        out,
        "  checked {passed} checks passed, {findings}{not_run} ({})",
        strictness_name(verdict.strictness)
    )?;
    for matrix in &document.matrices {
        let place = format!("matrix `{}`", matrix.name);
        let held = verdict.checks.iter().filter(|check| check.passed() && check.place.starts_with(&place));
        let held: Vec<&str> = held.map(|check| check.code.trim_start_matches("matrix.")).collect();
        writeln!(out, "          `{}`: {}", matrix.name, held.join(", "))?;
    }
    for check in failed {
        let paint = style.warning;
        writeln!(
            out,
            "          {}{}{}",
            paint.render(),
            super::table::plain(&line(check)),
            paint.render_reset()
        )?;
    }
    for citation in &document.citations {
        writeln!(out, "  cite    {}", super::table::plain(&citation.text))?;
    }
    writeln!(out, "  took    {:.0} ms", seconds * 1000.0)
}

/// The word that the flags use.
pub(super) fn strictness_name(strictness: Strictness) -> &'static str {
    match strictness {
        Strictness::Strict => "strict",
        Strictness::Standard => "standard",
        Strictness::Lenient => "lenient",
    }
}

/// `13 rows of data, covariance 13 × 13`.
pub(super) fn holds(document: &DatasetDocument) -> String {
    let tables = document.tables.iter().map(|table| format!("{} rows of `{}`", table.rows, table.name));
    let matrices =
        document.matrices.iter().map(|matrix| format!("`{}` {} × {}", matrix.name, matrix.size, matrix.size));
    tables.chain(matrices).collect::<Vec<_>>().join(", ")
}

/// What would run.
#[derive(Debug, Serialize)]
pub(super) struct Plans {
    plans: Vec<PlanReport>,
}

impl Report for Plans {
    const SCHEMA: &'static str = "host.plan/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for plan in &self.plans {
            writeln!(out, "{}{}{}", style.bold.render(), plan.name, style.bold.render_reset())?;
            writeln!(out, "  module  {} {}  {}", plan.module.id, plan.module.version, plan.module.path)?;
            writeln!(out, "          sha256 {}", plan.module.sha256)?;
            for input in &plan.inputs {
                writeln!(out, "  input   {}  {}  {} bytes", input.role, input.origin, input.bytes)?;
                writeln!(out, "          sha256 {}", input.sha256)?;
            }
            writeln!(out, "  with    {}", plan.parameters)?;
            writeln!(out, "  recipe  {}", plan.recipe)?;
            match plan.known_version {
                Some(version) => writeln!(out, "  would   answer from the registry: version {version}")?,
                None => writeln!(out, "  would   derive, validate, register")?,
            }
        }
        Ok(())
    }
}
