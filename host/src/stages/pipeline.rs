//! One dataset, all stages. The only place that knows their order.

mod put_back;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use serde_json::Value;

use crate::clock::now;
use crate::dataset::{DatasetDocument, Spool};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::discover::SearchDirectory;
use crate::modules::worker::parent::Listener;
use crate::registry::{DatasetName, Record, Registry, Selection};
use crate::stages::derive::{DeriveOptions, Derived};
use crate::stages::ingest::{IngestOptions, Ingested};
use crate::stages::plan::{Job, Plan};
use crate::stages::register::{self, Registered, Retired};
use crate::stages::validate::{self, Verdict};
use crate::stages::validated::{Validated, Validation, rejection};
use crate::trust::{Admitted, Policy};

/// How datasets are prepared.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where modules are looked for.
    pub search_path: Vec<SearchDirectory>,
    /// Which modules may run.
    pub policy: Policy,
    /// How inputs are read.
    pub ingest: IngestOptions,
    /// Where and within which limits modules run.
    pub derive: DeriveOptions,
    /// What validation does.
    pub validation: validate::Options,
    /// How many rows of a stored table are decoded at a time.
    pub rows_per_batch: usize,
    /// Whether a known recipe is answered from the registry.
    pub cache: bool,
    /// What becomes of a retired version that is derived again.
    pub retired: Retired,
    /// Whether a validated dataset is registered; if not, it is only derived and checked.
    pub register: bool,
    /// Who is recorded as having done it.
    pub actor: String,
}

impl Options {
    /// The same, keeping no unpacked inputs.
    #[must_use]
    pub fn without_input_cache(mut self) -> Self {
        self.ingest.cache = None;
        self
    }
}

/// How a dataset came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The module ran.
    Derived,
    /// The recipe was known; nothing ran.
    Cache,
}

/// What a preparation did.
#[derive(Debug, Clone, Serialize)]
pub struct Prepared {
    /// How it came about.
    pub origin: Origin,
    /// The dataset.
    #[serde(flatten)]
    pub registered: Registered,
    /// sha256 of everything that decides the content.
    pub recipe: Digest,
    /// What the name stood for before, if another module made that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
    /// What was checked, and how it went.
    pub verdict: Verdict,
    /// Wall time of each stage, seconds.
    pub stage_seconds: Vec<(&'static str, f64)>,
    /// Size of the inputs, as they lie in files and stores.
    pub read_bytes: u64,
    /// Most memory the worker has had resident, where there was one and the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker_peak_memory_bytes: Option<u64>,
}

/// What a name stands for, where another module's dataset takes it: the name changes its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replaced {
    /// The version, which stays.
    pub version: Digest,
    /// Id of the module that made it.
    pub module: String,
}

impl Replaced {
    fn by(module: &str, name: &DatasetName, registry: &Registry) -> Result<Option<Self>> {
        let current = registry.current(name)?;
        let replaced =
            current.and_then(|record| Some(Self { version: record.version, module: maker(&record)? }));
        Ok(replaced.filter(|replaced| replaced.module != module))
    }
}

fn maker(record: &Record) -> Option<String> {
    record.provenance.pointer("/recipe/module/id").and_then(Value::as_str).map(str::to_owned)
}

/// Measures the stages.
#[derive(Debug)]
struct Clock {
    last: Instant,
    stages: Vec<(&'static str, f64)>,
}

impl Clock {
    fn start() -> Self {
        Self { last: Instant::now(), stages: Vec::new() }
    }

    fn lap(&mut self, stage: &'static str) -> f64 {
        let now = Instant::now();
        let seconds = (now - self.last).as_secs_f64();
        self.stages.push((stage, seconds));
        self.last = now;
        tracing::debug!(stage, "stage finished");
        seconds
    }
}

/// A dataset that is fit to be registered, and is not yet.
#[derive(Debug)]
pub struct Checked {
    found: Found,
    /// The record whose content is put back.
    puts_back: Option<Box<Record>>,
    recipe: Digest,
    read_bytes: u64,
    clock: Clock,
}

#[derive(Debug)]
enum Found {
    /// The recipe is known and its content satisfies the validation that was asked for.
    Known { record: Box<Record>, document: Box<DatasetDocument>, verdict: Verdict },
    /// The module ran.
    New(Box<Validated>),
}

/// Prepares one dataset: plan, ingest, derive, validate, register.
///
/// # Errors
/// Whatever a stage refused; the registry is then as it was.
pub fn prepare(
    job: &Job,
    registry: &Registry,
    options: &Options,
    listener: &dyn Listener,
) -> Result<Prepared> {
    let checked = check(job, registry, options, listener)?;
    let known = match &checked.found {
        Found::Known { record, .. } => Some((record.name.clone(), record.version)),
        Found::New(_) => None,
    };
    match checked.register(registry, options) {
        Err(error) => match known {
            // It was removed between being found and being selected.
            Some((name, version)) if registry.removal(&name, &version)?.is_some() => {
                check(job, registry, options, listener)?.register(registry, options)
            }
            _ => Err(error),
        },
        prepared => prepared,
    }
}

/// Everything up to registering, for whoever wants to look at several datasets first.
///
/// # Errors
/// As [`prepare`].
pub fn check(job: &Job, registry: &Registry, options: &Options, listener: &dyn Listener) -> Result<Checked> {
    let mut clock = Clock::start();
    let plan = Plan::new(job, &options.search_path, &options.policy)?;
    listener.stage("plan", clock.lap("plan"));
    let ingested = Ingested::new(plan, &options.ingest)?;
    listener.stage("ingest", clock.lap("ingest"));
    let recipe = ingested.recipe();
    let read_bytes = ingested.inputs().iter().map(|input| input.raw_bytes).fold(0, u64::saturating_add);
    if let Some(record) = &job.puts_back {
        return put_back::check(ingested, record, registry, options, listener, clock);
    }
    let known = registry.lookup(ingested.plan().name(), &recipe)?;
    if options.retired == Retired::Refuse
        && let Some(record) = &known
        && let Some(retirement) = registry.retirement(&record.name, &record.version)?
    {
        return Err(retirement
            .error(&record.name, &record.version)
            .hint("pass `--force` to take the retirement back and register it again"));
    }
    if options.cache
        && let Some(record) = &known
        && let Some(found) = from_registry(&ingested, record, registry, options)?
    {
        return Ok(Checked { found, puts_back: None, recipe, read_bytes, clock });
    }
    let spool = Spool::new(registry.root().derived());
    let derived = Derived::new(ingested, spool, &options.derive, listener)?;
    listener.stage("derive", clock.lap("derive"));
    let validated = Validated::new(derived, &options.validation)?;
    listener.stage("validate", clock.lap("validate"));
    if let Some(record) = &known {
        demand_same(record, register::version_of(&validated)?)?;
    }
    Ok(Checked { found: Found::New(Box::new(validated)), puts_back: None, recipe, read_bytes, clock })
}

impl Checked {
    /// Name it will be registered under.
    #[must_use]
    pub fn name(&self) -> &DatasetName {
        match &self.found {
            Found::Known { record, .. } => &record.name,
            Found::New(validated) => validated.derived.ingested.plan().name(),
        }
    }

    /// Whether the module ran.
    #[must_use]
    pub fn is_derived(&self) -> bool {
        matches!(self.found, Found::New(_))
    }

    /// What is true of the whole dataset.
    #[must_use]
    pub fn metadata(&self) -> &BTreeMap<String, Value> {
        match &self.found {
            Found::Known { document, .. } => &document.metadata,
            Found::New(validated) => &validated.derived.dataset.metadata,
        }
    }

    /// Registers it, or makes a known version the current one again.
    ///
    /// # Errors
    /// When the registry cannot be written, or must not.
    pub fn register(self, registry: &Registry, options: &Options) -> Result<Prepared> {
        let Self { found, puts_back, recipe, read_bytes, mut clock } = self;
        let replaces = match &found {
            _ if puts_back.is_some() => None,
            Found::Known { record, document, .. } => {
                Replaced::by(&document.module.id, &record.name, registry)?
            }
            Found::New(validated) => {
                let plan = validated.derived.ingested.plan();
                Replaced::by(&plan.module().descriptor().id, plan.name(), registry)?
            }
        };
        match found {
            Found::Known { record, document, verdict } => {
                let Record { name, version, .. } = &*record;
                if puts_back.is_none() && !registry.is_current(&record)? {
                    let (version, actor, now) = (*version, options.actor.as_str(), now());
                    registry.select(&Selection { name, recipe, version, actor, now })?;
                }
                clock.lap("registry");
                let registered = Registered {
                    name: name.clone(),
                    version: *version,
                    path: registry.root().version(name, version),
                    unchanged: true,
                    document: *document,
                };
                Ok(Prepared {
                    origin: Origin::Cache,
                    registered,
                    recipe,
                    replaces,
                    verdict,
                    stage_seconds: clock.stages,
                    read_bytes,
                    worker_peak_memory_bytes: None,
                })
            }
            Found::New(validated) => {
                if !options.register {
                    return Err(Error::new(
                        Kind::Maintenance,
                        "the dataset is valid, but it was not registered",
                    )
                    .cause("the setting `registry.auto_register_derived` is false")
                    .hint("run `host config show --origin` to see who set it"));
                }
                let verdict = validated.verdict().clone();
                let worker = validated.derived.execution.worker;
                let registered = match puts_back {
                    None => Registered::new(*validated, registry, &options.actor, options.retired)?,
                    Some(record) => Registered::put_back(*validated, &record, registry, &options.actor)?,
                };
                clock.lap("register");
                Ok(Prepared {
                    origin: Origin::Derived,
                    registered,
                    recipe,
                    replaces,
                    verdict,
                    stage_seconds: clock.stages,
                    read_bytes,
                    worker_peak_memory_bytes: worker.and_then(|worker| worker.peak_memory_bytes),
                })
            }
        }
    }
}

/// A module whose result differs although nothing that decides it differs is not a function of its inputs.
fn demand_same(record: &Record, version: Digest) -> Result<()> {
    if record.version == version {
        return Ok(());
    }
    Err(Error::new(
        Kind::NotReproducible,
        format!("the same recipe gave other bytes: dataset `{}` was not registered again", record.name),
    )
    .cause(format!("registered version {}, now {version}", record.version))
    .cause("the module is not a pure function of its inputs and parameters".to_owned())
    .hint("report this to the module's author"))
}

/// Answers from the registry, if what is there satisfies the validation that was asked for.
fn from_registry(
    ingested: &Ingested,
    record: &Record,
    registry: &Registry,
    options: &Options,
) -> Result<Option<Found>> {
    let name = ingested.plan().name();
    let path = registry.root().version(name, &record.version);
    let stored: Option<Validation> = record
        .provenance
        .get("validation")
        .and_then(|validation| serde_json::from_value(validation.clone()).ok());
    // A damaged version is derived again.
    let Ok(document) = crate::dataset::read_document(&path, Some(&record.version)) else { return Ok(None) };
    let verdict = match stored {
        Some(validation) if validation.options == options.validation => validation.verdict,
        _ => {
            let Ok((_, dataset)) =
                crate::dataset::decode(&path, Some(&record.version), options.rows_per_batch)
            else {
                return Ok(None);
            };
            validate::validate(&dataset, &options.validation)
        }
    };
    if !verdict.accepted() {
        return Err(rejection(name.as_str(), "it is registered, and stays so", &verdict));
    }
    let (record, document) = (Box::new(record.clone()), Box::new(document));
    Ok(Some(Found::Known { record, document, verdict }))
}

/// What `prepare --dry-run` shows.
#[derive(Debug, Clone, Serialize)]
pub struct PlanReport {
    /// Name it would be registered under.
    pub name: String,
    /// Module.
    pub module: PlanModule,
    /// Inputs with digests.
    pub inputs: Vec<PlanInput>,
    /// Resolved parameters.
    pub parameters: Value,
    /// The recipe.
    pub recipe: Digest,
    /// The version that this recipe is known to give.
    pub known_version: Option<Digest>,
    /// What the name stands for now, if another module made that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<Replaced>,
}

/// The module of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanModule {
    /// Id.
    pub id: String,
    /// Version.
    pub version: String,
    /// Library.
    pub path: String,
    /// Digest of the library.
    pub sha256: Digest,
    /// Who vouches for it.
    pub trust: Admitted,
}

/// An input of a plan.
#[derive(Debug, Clone, Serialize)]
pub struct PlanInput {
    /// Role.
    pub role: String,
    /// Where it comes from.
    pub origin: String,
    /// Digest of its content.
    pub sha256: Digest,
    /// Size of the file.
    pub bytes: u64,
}

/// Says what `prepare` would do. No code of the module runs.
///
/// # Errors
/// As [`prepare`], for the stages before derive.
pub fn plan(job: &Job, registry: Option<&Registry>, options: &Options) -> Result<PlanReport> {
    let ingested = Ingested::new(Plan::new(job, &options.search_path, &options.policy)?, &options.ingest)?;
    let known = match registry {
        Some(registry) => registry.lookup(ingested.plan().name(), &ingested.recipe())?,
        None => None,
    };
    let module = ingested.plan().module();
    let replaces = match registry {
        Some(registry) => Replaced::by(&module.descriptor().id, ingested.plan().name(), registry)?,
        None => None,
    };
    Ok(PlanReport {
        name: ingested.plan().name().to_string(),
        module: PlanModule {
            id: module.descriptor().id.clone(),
            version: module.embedded.manifest.version.clone(),
            path: module.path.display().to_string(),
            sha256: module.digest,
            trust: module.admitted.clone(),
        },
        inputs: ingested
            .inputs()
            .iter()
            .map(|input| PlanInput {
                role: input.role.clone(),
                origin: input.origin.clone(),
                sha256: input.sha256,
                bytes: input.raw_bytes,
            })
            .collect(),
        parameters: Value::Object(ingested.plan().parameters().clone()),
        recipe: ingested.recipe(),
        known_version: known.map(|record| record.version),
        replaces,
    })
}

/// What `reproduce` found.
#[derive(Debug, Clone, Serialize)]
pub struct Reproduced {
    /// Name.
    pub name: String,
    /// The registered version.
    pub registered_version: Digest,
    /// The version that deriving again gives.
    pub derived_version: Digest,
    /// Whether the library was the same file as then.
    pub same_library: bool,
    /// Whether the bytes are the same.
    pub identical: bool,
}

/// Derives a registered dataset again, from its provenance, without touching the registry.
///
/// # Errors
/// When an input or the module is gone or differs, or the derivation fails.
pub fn reproduce(
    record: &Record,
    job: &Job,
    options: &Options,
    listener: &dyn Listener,
) -> Result<Reproduced> {
    let plan = Plan::new(job, &options.search_path, &options.policy)?;
    let then = record.provenance.pointer("/recipe/module/sha256").and_then(Value::as_str);
    let same_library = then == Some(plan.module().digest.to_string().as_str());
    let ingested = Ingested::new(plan, &options.ingest)?;
    // Nothing of it is kept.
    let spool = Spool::temporary();
    let derived = Derived::new(ingested, spool, &options.derive, listener)?;
    let validated = Validated::new(derived, &put_back::demanded_then(record, options))?;
    let derived_version = register::version_of(&validated)?;
    Ok(Reproduced {
        name: record.name.to_string(),
        registered_version: record.version,
        derived_version,
        same_library,
        identical: derived_version == record.version,
    })
}
