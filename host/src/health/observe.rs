//! Looks at everything that a verdict is about. Changes nothing, and a thing that cannot be looked at is said to be so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Backup, Disk, Found, Limits, Machine, Memory};
use crate::certification::Certification;
use crate::journal::{Filter, Journal, RunSummary};
use crate::modules::discover::SearchDirectory;
use crate::modules::standing::{self, Standing};
use crate::registry::index::Row;
use crate::registry::{DataRoot, Maintenance, Registry, index};
use crate::schedule::{self, Done, Period};
use crate::secret::Reference;
use crate::trust::Policy;

/// No more log files than this are named.
const MOST_LOG_FILES: usize = 200;

/// Runs that are told of.
const LAST_RUNS: usize = 5;

/// What is looked at, and what is held against it.
#[derive(Debug, Clone)]
pub struct Place {
    /// Raw and derived data.
    pub data_root: PathBuf,
    /// Records, audit log and index.
    pub registry_directory: PathBuf,
    /// Logs.
    pub log_directory: PathBuf,
    /// Snapshots, if somebody named a place for them or made one.
    pub backup_repository: Option<PathBuf>,
    /// Where the key is that reads them, if they are encrypted.
    pub backup_identity: Option<Reference>,
    /// Whether the settings let the registry be written.
    pub registry_enabled: bool,
    /// Where modules are looked for.
    pub search_path: Vec<SearchDirectory>,
    /// Which of them may run.
    pub policy: Policy,
    /// What is well.
    pub limits: Limits,
}

/// Whether datasets can be read and registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegistryState {
    /// Both.
    Ready,
    /// They can be read; the settings do not let the registry be written.
    ReadOnly,
    /// There is no data root yet.
    Missing,
    /// They can be read; the system does not let the data root be written.
    NotWritable,
    /// The registry cannot be read.
    Unreadable,
}

/// What is registered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Datasets {
    /// How many there are.
    pub registered: usize,
    /// How many of them have a retired current version.
    pub retired: usize,
    /// Those that are damaged, and why.
    pub damaged: Vec<(String, String)>,
}

impl Datasets {
    /// Of a listing.
    #[must_use]
    pub fn of(rows: &[Row]) -> Self {
        let damaged = rows.iter().filter_map(|row| Some((row.name.clone(), row.damage.clone()?)));
        let retired = rows.iter().filter(|row| row.retired.is_some()).count();
        Self { registered: rows.len(), retired, damaged: damaged.collect() }
    }

    /// The same with damage that is known from elsewhere.
    fn and(mut self, found: BTreeMap<String, String>) -> Self {
        let known: BTreeSet<String> = self.damaged.iter().map(|(name, _)| name.clone()).collect();
        self.damaged.extend(found.into_iter().filter(|(name, _)| !known.contains(name)));
        self
    }
}

/// What was seen, before anybody judges it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed {
    /// When; RFC 3339, UTC.
    pub time: String,
    /// How long the service has been running.
    pub uptime_seconds: Option<u64>,
    /// How old this is, when the next look has not come to its end for long.
    pub overdue_seconds: Option<u64>,
    /// Memory.
    pub memory: Option<Memory>,
    /// Room where the data root is.
    pub disk: Option<Disk>,
    /// Processor time in use, percent.
    pub cpu_percent: Option<f64>,
    /// Mean number of processes that wanted to run, over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// Where the data root should be.
    pub data_root: PathBuf,
    /// Whether datasets can be read and registered.
    pub registry: RegistryState,
    /// Why they cannot, if they cannot.
    pub registry_problem: Option<String>,
    /// Why nothing may be written, if somebody said so, or why nobody knows whether somebody did.
    pub maintenance: Result<Option<Maintenance>, String>,
    /// What is registered.
    pub datasets: Datasets,
    /// How many lines the audit log has, or where and why its chain is broken.
    pub audit: Result<u64, String>,
    /// What was seen of snapshots, if there are to be any.
    pub backup: Option<Backup>,
    /// What was done last of each job that recurs, of those that were ever done.
    pub jobs: Vec<(Period, Done)>,
    /// What the newest certification came to, if there ever was one.
    pub certification: Option<Certification>,
    /// Every file of the search path.
    pub modules: Vec<Standing>,
    /// Bytes of every log file, by its name.
    pub log_file_sizes: BTreeMap<String, u64>,
    /// The newest runs, the newest first.
    pub last_runs: Vec<RunSummary>,
    /// Those that were interrupted and that nobody has made up for, the newest first.
    pub broken_off_runs: Vec<RunSummary>,
}

/// What is looked at less often, since it reads much.
#[derive(Debug, Clone)]
pub(super) struct Slow {
    audit: Result<u64, String>,
    backup: Option<Backup>,
    certification: Option<Certification>,
    modules: Vec<Standing>,
    broken_off_runs: Vec<RunSummary>,
}

impl Slow {
    pub(super) fn look(place: &Place) -> Self {
        let backup = place.backup_repository.as_deref().map(|folder| Backup::look(folder, &place.data_root));
        let certification = Certification::newest(&place.log_directory);
        let modules = standing::of_all(&place.search_path, &place.policy);
        let broken_off_runs = told(Journal::of(&place.log_directory).broken_off());
        Self { audit: audit(place), backup, certification, modules, broken_off_runs }
    }
}

impl Observed {
    pub(super) fn look(place: &Place, slow: Slow, machine: &Machine, cpu_percent: Option<f64>) -> Self {
        let (registry, registry_problem, rows) = registry(place);
        Self {
            time: crate::clock::now(),
            uptime_seconds: None,
            overdue_seconds: None,
            memory: machine.memory(),
            disk: Disk::of(&place.data_root),
            cpu_percent,
            load: machine.load(),
            data_root: place.data_root.clone(),
            registry,
            registry_problem,
            maintenance: maintenance(place),
            datasets: Datasets::of(&rows).and(Found::damaged(&place.log_directory, &place.data_root)),
            audit: slow.audit,
            backup: slow.backup,
            jobs: schedule::last_of_each(&place.log_directory),
            certification: slow.certification,
            modules: slow.modules,
            log_file_sizes: log_file_sizes(&place.log_directory),
            last_runs: last_runs(&place.log_directory),
            broken_off_runs: slow.broken_off_runs,
        }
    }
}

fn open(place: &Place) -> crate::error::Result<DataRoot> {
    DataRoot::open_with(&place.data_root, &place.registry_directory)
}

fn registry(place: &Place) -> (RegistryState, Option<String>, Vec<Row>) {
    if !place.registry_directory.exists() {
        return (RegistryState::Missing, None, Vec::new());
    }
    match open(place).and_then(|root| index::list(&root)) {
        Err(error) => (RegistryState::Unreadable, Some(error.to_string()), Vec::new()),
        Ok(rows) if !place.registry_enabled => (RegistryState::ReadOnly, None, rows),
        Ok(rows) => match not_writable(place) {
            None => (RegistryState::Ready, None, rows),
            Some(path) => {
                let problem = format!("`{}` cannot be written", path.display());
                (RegistryState::NotWritable, Some(problem), rows)
            }
        },
    }
}

fn maintenance(place: &Place) -> Result<Option<Maintenance>, String> {
    // What keeps a data root from being opened is told as a problem of the registry.
    let Ok(root) = open(place) else { return Ok(None) };
    Registry::open(root).maintenance().map_err(|error| error.to_string())
}

/// The first folder that a registration writes to and that this process may not write to.
fn not_writable(place: &Place) -> Option<PathBuf> {
    use rustix::fs::Access;
    let folders =
        [place.data_root.clone(), place.data_root.join("derived"), place.registry_directory.clone()];
    folders.into_iter().find(|folder| {
        rustix::fs::access(folder, Access::EXISTS | Access::WRITE_OK | Access::EXEC_OK).is_err()
    })
}

fn audit(place: &Place) -> Result<u64, String> {
    if !place.registry_directory.exists() {
        return Ok(0);
    }
    let verification = open(place).and_then(|root| Registry::open(root).verify_audit(|_| {}));
    let verification = verification.map_err(|error| error.to_string())?;
    match verification.broken {
        None => Ok(verification.lines),
        Some(broken) => Err(format!("line {}: {}", broken.line, broken.message)),
    }
}

fn last_runs(log_directory: &Path) -> Vec<RunSummary> {
    let newest = Filter { limit: Some(LAST_RUNS), ..Filter::default() };
    told(Journal::of(log_directory).list(&newest))
}

/// None where the journal cannot be read: `run list` says why.
fn told(runs: crate::error::Result<Vec<RunSummary>>) -> Vec<RunSummary> {
    runs.unwrap_or_else(|error| {
        tracing::warn!("{error}");
        Vec::new()
    })
}

/// Of the files directly in the folder: those that grow. The summaries in the folders below it are one file a run.
fn log_file_sizes(folder: &Path) -> BTreeMap<String, u64> {
    let entries = fs_err::read_dir(folder).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| {
        let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Marks and locks are no logs.
        (!name.starts_with('.')).then_some((name, metadata.len()))
    });
    sizes.take(MOST_LOG_FILES).collect()
}

#[cfg(test)]
mod tests {
    use super::log_file_sizes;
    use crate::durable;

    /// The mark of the last retention stood among the logs.
    #[test]
    fn marks_and_folders_are_no_logs() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["processing.log", ".retention"] {
            durable::publish(&folder.path().join(name), b"12").unwrap();
        }
        durable::create_directories(&folder.path().join("runs")).unwrap();
        let sizes = log_file_sizes(folder.path());
        assert_eq!(sizes.into_iter().collect::<Vec<_>>(), [("processing.log".to_owned(), 2)]);
    }
}
