//! Parts that several pages show: meters of the machine, lines of modules.

use super::frame::{Level, Mark, Meter};
use crate::health::{CheckStatus, Seen};
use crate::modules::discover::SearchOrigin;
use crate::modules::standing::{Standing, Status};
use crate::text::bytes;

/// Memory, disk and processors, as far as the system tells.
pub(super) fn meters(seen: &Seen) -> Vec<Meter> {
    let level = |check: &str| {
        let status = seen.health.checks.get(check).map_or(CheckStatus::Unknown, |check| check.status);
        Level::from(status)
    };
    let observed = &seen.observed;
    let memory = observed.memory.map(|memory| {
        let left = format!("{} free", bytes(memory.available_bytes));
        ("Memory", "memory", memory.used_percent(), left, seen.limits.memory_percent)
    });
    let disk = observed.disk.map(|disk| {
        let left = format!("{} free", bytes(disk.free_bytes));
        ("Disk", "disk", disk.used_percent(), left, seen.limits.disk_percent)
    });
    let cpu = observed.cpu_percent.map(|percent| {
        ("Processor", "cpu", percent, format!("{percent:.0} % busy"), seen.limits.cpu_percent)
    });
    let all = [memory, disk, cpu].into_iter().flatten();
    all.map(|(name, check, percent, left, limit)| {
        Meter::new(name, level(check), (percent, left), Some(limit))
    })
    .collect()
}

/// A module in one row.
#[derive(Debug)]
pub(super) struct ModuleLine {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) api: String,
    /// Whether it runs.
    pub(super) status: Mark,
    /// How far it is vouched for.
    pub(super) state: Mark,
    pub(super) signer: String,
    pub(super) digest: String,
    pub(super) place: String,
    pub(super) about: String,
}

impl ModuleLine {
    pub(super) fn new(module: &Standing) -> Self {
        let level = match module.status {
            Status::Usable => Level::Good,
            Status::Disabled | Status::Shadowed => Level::Idle,
            Status::Incompatible | Status::Broken => Level::Notice,
            Status::Changed | Status::Untrusted => Level::Bad,
        };
        let file = module.path.file_name().unwrap_or(module.path.as_os_str()).to_string_lossy().into_owned();
        let place = match module.origin {
            SearchOrigin::Installed => "installed".to_owned(),
            _ => module.path.display().to_string(),
        };
        let trust = module.trust.map_or_else(
            || Mark::new(Level::Idle, "–"),
            |trust| {
                let level = if module.signer.is_some() { Level::Good } else { Level::Idle };
                Mark::new(level, trust.to_string())
            },
        );
        Self {
            name: module.id.clone().unwrap_or(file),
            version: module.version.clone().unwrap_or_default(),
            api: module.api.clone().unwrap_or_default(),
            status: Mark::new(level, module.status.to_string().to_lowercase()),
            state: trust,
            signer: module.signer.as_ref().map(|signer| signer.name.clone()).unwrap_or_default(),
            digest: module.sha256.map(|digest| digest.short()).unwrap_or_default(),
            place,
            about: module.reason.clone().or_else(|| module.title.clone()).unwrap_or_default(),
        }
    }
}
