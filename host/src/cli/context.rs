//! What every verb works with: settings, search path, data root.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde_json::json;

use crate::catalogue::{Catalogue, Manifest};
use crate::cli::arguments::{Global, TrustFlags};
use crate::cli::commands::prepare::Item;
use crate::cli::target;
use crate::clock::now;
use crate::config::{self, Environment, FlagOverride, Settings};
use crate::durable;
use crate::env_vars;
use crate::error::{Error, Kind, Result};
use crate::fetch;
use crate::health;
use crate::journal::Journal;
use crate::logs;
use crate::modules::discover::{SearchDirectory, SearchOrigin};
use crate::modules::worker::parent::Workers;
use crate::objects::Objects;
use crate::packages::store::Store;
use crate::platform::{self, Limits};
use crate::raw::RawStore;
use crate::registry::{DataRoot, Record, Registry};
use crate::schedule::{Program, Surroundings};
use crate::stages::derive::{DeriveOptions, Isolation};
use crate::stages::ingest::{IngestOptions, InputCache};
use crate::stages::pipeline;
use crate::stages::register::Retired;
use crate::stages::validate::{self, Strictness};
use crate::trust::Policy;
use crate::trust::keys::KeyRing;
use crate::trust::lock::LockFile;

/// What every verb works with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The resolved settings.
    pub settings: Settings,
    /// Where modules are looked for.
    pub search_path: Vec<SearchDirectory>,
    /// Whether progress may be shown.
    pub progress: bool,
    /// The stores of objects, which are spoken to alike by every part of a command.
    pub(super) objects: Objects,
    /// Where the search for a lock file begins.
    current_directory: PathBuf,
    /// The flags that name data root and configuration, for another command that shall have the same.
    pub(super) flags: Vec<OsString>,
}

/// Flags of `prepare` that change how it runs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PrepareFlags {
    pub(super) strict: bool,
    pub(super) lenient: bool,
    pub(super) force: bool,
    pub(super) isolation: Option<Isolation>,
    pub(super) timeout_seconds: Option<f64>,
    pub(super) max_memory_bytes: Option<u64>,
    pub(super) trust: TrustFlags,
}

impl Context {
    pub(super) fn new(global: &Global) -> Result<Self> {
        let environment = Environment::of_process()?;
        let settings = Settings::load(&environment, &overrides(global))?;
        if let Some(missing) = global.plugin_dir.iter().find(|folder| !folder.is_dir()) {
            let message = format!("`--plugin-dir`: there is no folder `{}`", missing.display());
            return Err(Error::new(Kind::Usage, message));
        }
        let search_path = search_path(global, &settings, &environment);
        let progress = !global.no_progress
            && !global.quiet
            && [env_vars::NO_PROGRESS, env_vars::CI].iter().all(|name| env_vars::read(name).is_none());
        let objects = Objects::new(fetch::Options {
            timeout: settings.fetch_timeout(),
            attempts: settings.fetch_attempts(),
        });
        let current_directory = environment.current_directory;
        let flags = flags(global);
        Ok(Self { settings, search_path, progress, objects, current_directory, flags })
    }

    /// The same, with further folders with modules that are searched before the others, as flags name them.
    pub(super) fn searching_first(&self, folders: &[PathBuf]) -> Self {
        let named =
            folders.iter().map(|path| SearchDirectory { path: path.clone(), origin: SearchOrigin::Flag });
        let search_path = named.chain(self.search_path.iter().cloned()).collect();
        Self { search_path, ..self.clone() }
    }

    /// What ran, and how it ended.
    pub(super) fn journal(&self) -> Journal {
        Journal::of(self.settings.log_directory())
    }

    /// The registry; the data root is made if it is not there.
    pub(super) fn create_registry(&self) -> Result<Registry> {
        if !self.settings.registry_is_writable() {
            return Err(Error::new(Kind::Maintenance, "the registry may not be written")
                .cause("the setting `registry.enabled` is false".to_owned())
                .hint("run `host config show --origin` to see who set it"));
        }
        let root = DataRoot::create_with(self.settings.data_root(), self.settings.registry_directory())?;
        Ok(Registry::open(root))
    }

    /// The registry of a data root that must exist.
    pub(super) fn open_registry(&self) -> Result<Registry> {
        let root = DataRoot::open_with(self.settings.data_root(), self.settings.registry_directory())?;
        Ok(Registry::open(root))
    }

    /// Demands the data root if somebody named it: what reads a place that is not there would find that all is well.
    pub(super) fn demand_named_data_root(&self) -> Result<()> {
        let origin = self.settings.origin("framework.output_directory");
        let is_named = origin.is_some_and(|origin| *origin != config::Origin::Default);
        if is_named && !self.settings.data_root().exists() {
            return self.open_registry().map(drop);
        }
        Ok(())
    }

    /// Demands that nobody has forbidden writing. Where there is no data root nobody has.
    pub(super) fn demand_writable(&self) -> Result<()> {
        self.open_registry().map_or(Ok(()), |registry| registry.demand_writable())
    }

    /// What `NAME` or `NAME@VERSION` stands for: a record, and the folder of its version.
    pub(super) fn version(&self, text: &str) -> Result<(Record, PathBuf)> {
        let registry = self.open_registry()?;
        let record = target::version(text, &registry)?;
        let path = registry.version_directory(&record.name, &record.version);
        Ok((record, path))
    }

    /// Every dataset that can be named: by the modules, by the manifest given, else by that of the settings if there is
    /// one, and by a further manifest.
    pub(super) fn catalogue(&self, manifest: Option<&Path>, further: Option<Manifest>) -> Result<Catalogue> {
        let configured = Some(self.settings.manifest_file()).filter(|file| file.exists());
        let manifest = manifest.or(configured).map(Manifest::read).transpose()?;
        Ok(self.catalogue_of(manifest.into_iter().chain(further).collect()))
    }

    /// The same for verbs that work without it.
    pub(super) fn catalogue_if_readable(&self) -> Catalogue {
        self.catalogue(None, None).unwrap_or_else(|error| {
            tracing::warn!("{error}");
            self.catalogue_of(Vec::new())
        })
    }

    fn catalogue_of(&self, manifests: Vec<Manifest>) -> Catalogue {
        let catalogue = Catalogue::new(manifests, &self.search_path);
        for fault in catalogue.faults() {
            tracing::warn!("{fault}");
        }
        catalogue
    }

    /// The installed modules.
    pub(super) fn store(&self) -> Result<Store> {
        self.settings.plugin_store().map(Store::new).ok_or_else(|| homeless("plugins.store"))
    }

    /// The folder that snapshots are kept in.
    pub(super) fn backup_repository(&self) -> Result<&Path> {
        self.settings.backup_repository().ok_or_else(|| homeless("backup.repository"))
    }

    /// The file with the keys whose signatures count.
    pub(super) fn trusted_keys_file(&self) -> Result<&Path> {
        self.settings.trusted_keys_file().ok_or_else(|| homeless("plugins.trusted_keys"))
    }

    /// The keys whose signatures count; none where there is no place for the file.
    pub(super) fn keys(&self) -> Result<KeyRing> {
        self.settings.trusted_keys_file().map_or_else(|| Ok(KeyRing::default()), KeyRing::read)
    }

    /// Where the search for files of a project begins.
    pub(super) fn current_directory(&self) -> &Path {
        &self.current_directory
    }

    /// The lock file of the working folder, or of the nearest folder above.
    pub(super) fn lock_file(&self) -> Result<Option<LockFile>> {
        LockFile::find(&self.current_directory)
    }

    /// Which modules may run.
    pub(super) fn policy(&self) -> Result<Policy> {
        self.policy_with(TrustFlags::default())
    }

    /// The same, tightened by flags.
    pub(super) fn policy_with(&self, flags: TrustFlags) -> Result<Policy> {
        let configured = self.settings.minimum_trust();
        let minimum = flags.trust.unwrap_or(configured);
        if minimum < configured {
            let message = format!("`--trust {minimum}` asks for less than the setting `plugins.trust`");
            return Err(Error::new(Kind::Untrusted, message)
                .cause(format!("`plugins.trust` is {configured}, and a flag can only demand more"))
                .hint("leave the flag out, or run `host config show --origin` to see who set it"));
        }
        Ok(Policy { minimum, demand_lock: flags.locked, lock: self.lock_file()?, keys: self.keys()? })
    }

    /// What a verdict on the whole is about.
    pub(super) fn health_place(&self) -> Result<health::Place> {
        Ok(health::Place {
            data_root: self.settings.data_root().to_owned(),
            registry_directory: self.settings.registry_directory().to_owned(),
            log_directory: self.settings.log_directory().to_owned(),
            backup_repository: self.wanted_backup_repository(),
            backup_identity: self.settings.backup_identity().cloned(),
            registry_enabled: self.settings.registry_is_writable(),
            search_path: self.search_path.clone(),
            policy: self.policy()?,
            limits: self.settings.health_limits(),
        })
    }

    /// The folder of the snapshots, if somebody named it or it is there.
    fn wanted_backup_repository(&self) -> Option<PathBuf> {
        let folder = self.settings.backup_repository()?;
        let origin = self.settings.origin("backup.repository");
        let named = origin.is_some_and(|origin| *origin != config::Origin::Default);
        (named || folder.join("format.json").exists()).then(|| folder.to_owned())
    }

    /// The host itself, to run another of its verbs with the same data root, configuration and modules.
    pub(super) fn program(&self) -> Result<Program> {
        let path = platform::own_program().map_err(|error| {
            Error::new(Kind::Internal, "cannot find the host's own program").cause(error.to_string())
        })?;
        let folders =
            self.plugin_flags().into_iter().flat_map(|folder| ["--plugin-dir".into(), folder.into()]);
        Ok(Program { path, flags: self.flags.iter().cloned().chain(folders).collect() })
    }

    /// The folders with modules that flags name.
    pub(super) fn plugin_flags(&self) -> Vec<PathBuf> {
        let flagged = self.search_path.iter().filter(|directory| directory.origin == SearchOrigin::Flag);
        flagged.map(|directory| directory.path.clone()).collect()
    }

    /// What the verbs of a recurring job of that day depend on.
    pub(super) fn surroundings(&self, date: Date) -> Surroundings {
        Surroundings {
            reports: self.settings.log_directory().join("reports"),
            has_backup: self.wanted_backup_repository().is_some(),
            date,
        }
    }

    /// The fetched files.
    pub(super) fn raw(&self) -> RawStore {
        RawStore::of(self.settings.data_root())
    }

    /// Settings and flags, put together for the stages.
    pub(super) fn pipeline_options(&self, flags: &PrepareFlags) -> Result<pipeline::Options> {
        let settings = &self.settings;
        let timeout = flags.timeout_seconds.unwrap_or_else(|| settings.timeout().as_secs_f64());
        let timeout = std::time::Duration::try_from_secs_f64(timeout).map_err(|error| {
            Error::new(Kind::Usage, format!("`--timeout {timeout}`")).cause(error.to_string())
        })?;
        let strictness = match (flags.strict, flags.lenient) {
            (true, _) => Strictness::Strict,
            (_, true) => Strictness::Lenient,
            _ => match settings.validation_level() {
                config::Level::Strict => Strictness::Strict,
                config::Level::Standard => Strictness::Standard,
                config::Level::Lenient => Strictness::Lenient,
            },
        };
        let isolation = flags.isolation.unwrap_or(match settings.isolation() {
            config::Isolation::Process => Isolation::Process,
            config::Isolation::InProcess => Isolation::InProcess,
        });
        Ok(pipeline::Options {
            search_path: self.search_path.clone(),
            policy: self.policy_with(flags.trust)?,
            ingest: IngestOptions {
                input_bytes: settings.max_input_bytes(),
                objects: self.objects.clone(),
                cache: settings.keeps_cache().then(|| self.input_cache()),
            },
            derive: DeriveOptions {
                isolation,
                limits: Limits {
                    memory_bytes: flags.max_memory_bytes.unwrap_or_else(|| settings.max_memory_bytes()),
                    timeout_milliseconds: u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX),
                },
                minimum_confinement: settings.minimum_confinement(),
                workers: Workers::kept(),
            },
            validation: validate::Options {
                strictness,
                tolerance: settings.numerical_tolerance(),
                matrix_checks: settings.checks_covariance(),
                range_checks: settings.checks_physical_consistency(),
            },
            rows_per_batch: settings.chunk_rows(),
            cache: settings.reuses_known_recipes() && !flags.force,
            retired: if flags.force { Retired::TakeBack } else { Retired::Refuse },
            register: settings.registers_derived(),
            actor: actor(),
        })
    }

    /// The unpacked inputs, and how many of them are kept for how long.
    pub(super) fn input_cache(&self) -> InputCache {
        let settings = &self.settings;
        InputCache {
            directory: settings.cache_directory().join("processing"),
            lifetime: settings.cache_lifetime(),
            max_bytes: settings.cache_max_bytes(),
            bytes_after_cleanup: settings.cache_bytes_after_cleanup(),
        }
    }

    /// Removes logs whose time is over, the first time of a day. What cannot be removed is worth a warning only.
    pub(super) fn remove_old_logs(&self) {
        let (folder, retention) = (self.settings.log_directory(), self.settings.log_retention());
        if folder.is_dir()
            && let Err(error) = logs::enforce(folder, retention, jiff::Timestamp::now())
        {
            tracing::warn!("cannot remove old logs: {error}");
        }
    }

    /// Leaves a summary of one preparation in the logs. A summary that cannot be written is worth a warning only: what
    /// it tells of is durable already.
    pub(super) fn write_summary(&self, item: &Item) {
        let folder = self.settings.log_directory().join("transformations");
        let time = now();
        let name = match &item.result {
            Ok(prepared) => prepared.registered.name.to_string(),
            Err(_) => item.name.replace(|letter: char| !letter.is_ascii_alphanumeric(), "_"),
        };
        let stamp: String = time.chars().filter(char::is_ascii_alphanumeric).collect();
        let file = folder.join(format!("{name}_processing_summary_{stamp}_{}.json", std::process::id()));
        let summary = json!({
            "schema": "host.processing-summary/1",
            "finished_at": time,
            "processing_duration_seconds": item.seconds,
            "outcome": item,
        });
        let written = durable::create_directories(&folder)
            .and_then(|()| durable::publish_unsynced(&file, format!("{summary:#}\n").as_bytes()));
        if let Err(error) = written {
            tracing::warn!("cannot write the processing summary: {error}");
        }
    }
}

fn homeless(key: &str) -> Error {
    let variable = config::keys::find(key).map_or(key, |key| key.variable);
    Error::new(Kind::BadConfig, format!("there is no home directory, so `{key}` has no default"))
        .hint(format!("set `{variable}`, or `HOME`"))
}

/// Who is recorded in registry and audit.
pub(super) fn actor() -> String {
    env_vars::read(env_vars::USER)
        .and_then(|user| user.into_string().ok())
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The settings that flags set.
pub(super) fn overrides(global: &Global) -> Vec<FlagOverride> {
    let root = global.data_root.iter();
    let root = root.map(|root| FlagOverride::new("framework.output_directory", root, "--data-root"));
    let file = global.config.iter().map(|file| FlagOverride::new(config::CONFIG_FILE, file, "--config"));
    root.chain(file).collect()
}

fn flags(global: &Global) -> Vec<OsString> {
    let named = [("--data-root", &global.data_root), ("--config", &global.config)];
    let given = named.into_iter().filter_map(|(flag, path)| Some([flag.into(), path.clone()?.into()]));
    given.flatten().collect()
}

/// Flags, then environment and configuration, then the user's folder, then the folder of the executable.
fn search_path(global: &Global, settings: &Settings, environment: &Environment) -> Vec<SearchDirectory> {
    let directory = |path: PathBuf, origin| SearchDirectory { path, origin };
    let mut path: Vec<SearchDirectory> =
        global.plugin_dir.iter().map(|flag| directory(flag.clone(), SearchOrigin::Flag)).collect();
    let configured = settings.plugin_directories().iter();
    path.extend(configured.map(|configured| directory(configured.clone(), SearchOrigin::Configuration)));
    path.extend(settings.plugin_store().map(|store| directory(store.to_owned(), SearchOrigin::Installed)));
    if let Some(home) = &environment.home {
        path.push(directory(home.join(".pbuf/plugins"), SearchOrigin::User));
    }
    let executable = std::env::current_exe().ok().and_then(|file| Some(file.parent()?.to_owned()));
    path.extend(executable.map(|folder| directory(folder, SearchOrigin::Executable)));
    path
}
