//! Whether all is well: what was seen of machine, data root, modules and runs, held against limits, with what to type for
//! everything that is not as it should be. `host health`, `/health`, the metrics and the pages all show the same
//! [`Health`].
//!
//! Invariants: [`judge()`] is a pure function of what was seen, so every alert can be tested without the state it tells
//! of; what a system does not tell is absent, never invented; looking changes nothing but what the
//! journal does for a run that was killed.

mod backup;
mod found;
mod judge;
mod machine;
mod monitor;
mod observe;
mod processors;
mod shown;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::journal::RunSummary;
use crate::trust::TrustLevel;

pub use backup::Backup;
pub use found::Found;
pub use judge::judge;
pub use machine::{Disk, Machine, Memory};
pub use monitor::{Monitor, Seen};
pub use observe::{Datasets, Observed, Place, RegistryState};
pub use processors::ProcessorMeter;

#[cfg(test)]
pub(crate) use judge::tests as testing;

/// The greatest values that are well, in percent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Memory in use, of the machine or of what this process may have.
    pub memory_percent: f64,
    /// Disk in use below the data root: a warning.
    pub disk_warning_percent: f64,
    /// Disk in use below the data root: nothing can be relied on any more.
    pub disk_percent: f64,
    /// Processor time in use.
    pub cpu_percent: f64,
}

/// The verdict on the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Every check that could be made was passed.
    Healthy,
    /// It works, and somebody should look.
    Degraded,
    /// It cannot be relied on: `/health` answers 503 and `host health` exits with 3.
    Unhealthy,
}

/// The verdict of one check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckStatus {
    /// As it should be.
    Ok,
    /// The system does not tell.
    Unknown,
    /// Somebody should look.
    Warning,
    /// It cannot be relied on.
    Critical,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The verdict.
    pub status: CheckStatus,
    /// What was found, in words.
    pub observed: String,
    /// What would be well, in words.
    pub limit: String,
}

/// Something that somebody should do something about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Alert {
    /// The check that raised it.
    pub check: String,
    /// How bad it is: `warning` or `critical`.
    pub severity: CheckStatus,
    /// What is wrong, and why.
    pub cause: String,
    /// What to type.
    pub action: String,
}

/// A module that can run now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AvailableModule {
    /// Its id.
    pub name: String,
    /// Its version.
    pub version: String,
    /// How far it is vouched for.
    pub trust: Option<TrustLevel>,
}

/// What the machine has left. What the system does not tell is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SystemResources {
    /// Memory in use.
    pub memory_percent: Option<f64>,
    /// Memory that can still be had; 1 GB is 2^30 bytes here.
    pub memory_available_gb: Option<f64>,
    /// Disk in use where the data root is.
    pub disk_percent: Option<f64>,
    /// Disk that can still be had there; 1 GB is 2^30 bytes here.
    pub disk_free_gb: Option<f64>,
    /// Processor time in use, of all that this process may have.
    pub cpu_percent: Option<f64>,
    /// Mean number of processes that wanted to run, over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
}

/// What the host itself is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FrameworkStatus {
    /// Whether datasets can be read and registered.
    pub registry: RegistryState,
    /// Datasets that are registered.
    pub datasets: usize,
    /// Those whose current version is retired.
    pub retired: usize,
    /// Those that are damaged.
    pub damaged: usize,
}

/// The whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Health {
    /// The verdict.
    pub status: Status,
    /// RFC 3339, UTC.
    pub timestamp: String,
    /// Of the host.
    pub version: &'static str,
    /// How long the service has been running; `null` on the command line.
    pub uptime_seconds: Option<u64>,
    /// The modules that can run now.
    pub available_modules: Vec<AvailableModule>,
    /// What the machine has left.
    pub system_resources: SystemResources,
    /// What the host is ready for.
    pub framework_status: FrameworkStatus,
    /// Everything that was looked at, by name.
    pub checks: BTreeMap<&'static str, Check>,
    /// Bytes of every log file, by its name.
    pub log_file_sizes: BTreeMap<String, u64>,
    /// The newest runs, the newest first.
    pub last_runs: Vec<RunSummary>,
    /// What somebody should do something about, the worst first.
    pub alerts: Vec<Alert>,
}

impl Health {
    /// The same with one check alone; nothing if there is none of that name.
    #[must_use]
    pub fn only(mut self, check: &str) -> Option<Self> {
        self.checks.retain(|name, _| *name == check);
        self.alerts.retain(|alert| alert.check == check);
        let worst = self.checks.values().map(|check| check.status).max()?;
        self.status = worst.into();
        Some(self)
    }
}

impl From<CheckStatus> for Status {
    fn from(worst: CheckStatus) -> Self {
        match worst {
            CheckStatus::Ok | CheckStatus::Unknown => Self::Healthy,
            CheckStatus::Warning => Self::Degraded,
            CheckStatus::Critical => Self::Unhealthy,
        }
    }
}
