//! What is measured, as text that Prometheus reads: `host metrics` and `/metrics`.
//!
//! Invariants: only what was really measured is there, and what was not is absent rather than 0; labels take their values
//! from small sets (modules, datasets, stages, kinds of failure); what is exposed is a family of [`FAMILIES`].

mod exposition;
mod families;
mod http;
mod process;
mod tally;

use std::collections::BTreeSet;

use crate::error::Result;
use crate::health::{CheckStatus, Monitor, Place, RegistryState, Seen, Status};
use crate::journal::Journal;
use crate::modules::compatibility::ApiVersion;
use crate::modules::standing;
use crate::registry::DataRoot;
use crate::registry::index::{self, Row};
use crate::schedule::Done;

#[cfg(test)]
pub(crate) use tests as testing;

pub use exposition::{Exposition, Family, Histogram, LONGEST_LABEL, MOST_SERIES, Type};
pub use families::ALL as FAMILIES;
pub use http::Http;
pub use tally::Tally;

/// The media type of the text.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What is measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Machine, registry, modules, and the verdict on them.
    pub seen: &'a Seen,
    /// Every registered dataset.
    pub datasets: &'a [Row],
    /// What the journal tells.
    pub tally: &'a Tally,
    /// What only a service knows.
    pub service: Option<Served<'a>>,
}

/// A service as it sees itself.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    /// What it answered.
    pub http: &'a Http,
    /// Runs that have not begun.
    pub waiting: usize,
}

/// The text as a command prints it, of one look at a place.
///
/// # Errors
/// Registry or journal cannot be read.
pub fn once(place: Place) -> Result<String> {
    let monitor = Monitor::once(place);
    let (seen, place) = (monitor.look(), monitor.place());
    let datasets = match seen.observed.registry {
        RegistryState::Missing | RegistryState::Unreadable => Vec::new(),
        _ => index::list(&DataRoot::open_with(&place.data_root, &place.registry_directory)?)?,
    };
    let mut tally = Tally::default();
    tally.look(&Journal::of(&place.log_directory))?;
    Ok(exposition(&Measured { seen: &seen, datasets: &datasets, tally: &tally, service: None }))
}

/// The text.
#[must_use]
pub fn exposition(measured: &Measured) -> String {
    let mut out = Exposition::default();
    verdict(&mut out, measured.seen);
    datasets(&mut out, measured.datasets, measured.seen);
    modules(&mut out, measured.seen);
    machine(&mut out, measured.seen);
    measured.tally.write(&mut out);
    if let Some(Served { http, waiting }) = measured.service {
        out.family(&families::RUNS_WAITING, [(vec![], count(waiting))]);
        http.write(&mut out);
        process::write(&mut out);
    }
    let left_out = out.left_out();
    out.family(&families::LEFT_OUT, [(vec![], count(left_out))]);
    out.text()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of things are far below 2^53")]
fn count(things: usize) -> f64 {
    things as f64
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn size(bytes: u64) -> f64 {
    bytes as f64
}

fn verdict(out: &mut Exposition, seen: &Seen) {
    let health = &seen.health;
    let api = ApiVersion::of_host().to_string();
    out.family(&families::BUILD, [(vec![health.version, &api], 1.0)]);
    out.family(&families::UP, health.uptime_seconds.map(|seconds| (vec![], size(seconds))));
    let statuses = [Status::Healthy, Status::Degraded, Status::Unhealthy];
    let statuses = statuses.map(|status| (status.to_string(), count(usize::from(status == health.status))));
    out.family(&families::HEALTH, statuses.iter().map(|(status, one)| (vec![status.as_str()], *one)));
    let checks = health.checks.iter().filter_map(|(name, check)| {
        let level = match check.status {
            CheckStatus::Ok => 0.0,
            CheckStatus::Warning => 1.0,
            CheckStatus::Critical => 2.0,
            CheckStatus::Unknown => return None,
        };
        Some((vec![*name], level))
    });
    out.family(&families::CHECK, checks);
    let alerts: Vec<_> =
        health.alerts.iter().map(|alert| (alert.check.as_str(), alert.severity.to_string())).collect();
    out.family(&families::ALERTS, alerts.iter().map(|(name, severity)| (vec![*name, severity], 1.0)));
}

fn datasets(out: &mut Exposition, rows: &[Row], seen: &Seen) {
    let found: BTreeSet<&str> =
        seen.observed.datasets.damaged.iter().map(|(name, _)| name.as_str()).collect();
    let is_damaged = |row: &Row| row.damage.is_some() || found.contains(row.name.as_str());
    let is = |state: &str, row: &Row| match state {
        "damaged" => is_damaged(row),
        "retired" => !is_damaged(row) && row.retired.is_some(),
        _ => !is_damaged(row) && row.retired.is_none(),
    };
    let states = ["current", "retired", "damaged"].map(|state| {
        let those = rows.iter().filter(|row| is(state, row)).count();
        (vec![state], count(those))
    });
    out.family(&families::DATASETS, states);
    let each = |value: fn(&Row) -> Option<f64>| {
        rows.iter().filter_map(move |row| Some((vec![row.name.as_str()], value(row)?)))
    };
    out.family(&families::QUALITY, each(|row| row.quality_score));
    out.family(&families::ROWS, each(|row| row.rows.map(size)));
    out.family(&families::BYTES, each(|row| row.bytes.map(size)));
    out.family(&families::REGISTERED, each(|row| seconds_of(row.registered_at.as_deref()?)));
}

/// A time of a record, in seconds since 1970.
fn seconds_of(time: &str) -> Option<f64> {
    Some(time.parse::<jiff::Timestamp>().ok()?.as_duration().as_secs_f64())
}

fn modules(out: &mut Exposition, seen: &Seen) {
    use crate::trust::TrustLevel::{Locked, LockedSigned, Signed, Unsigned};
    use standing::Status::{Changed, Incompatible, Untrusted, Usable};
    let modules = &seen.observed.modules;
    let levels = [Unsigned, Locked, Signed, LockedSigned].map(|level| {
        let usable = modules.iter().filter(|module| module.status == Usable);
        (level.to_string(), count(usable.filter(|module| module.trust == Some(level)).count()))
    });
    out.family(&families::PLUGINS, levels.iter().map(|(level, those)| (vec![level.as_str()], *those)));
    let reasons = [("changed", Changed), ("untrusted", Untrusted), ("incompatible", Incompatible)];
    let reasons = reasons.map(|(reason, status)| {
        (vec![reason], count(modules.iter().filter(|module| module.status == status).count()))
    });
    out.family(&families::REFUSED, reasons);
}

fn machine(out: &mut Exposition, seen: &Seen) {
    let observed = &seen.observed;
    let valid = count(usize::from(observed.audit.is_ok()));
    if observed.registry != RegistryState::Missing {
        out.family(&families::AUDIT, [(vec![], valid)]);
        out.family(&families::AUDIT_LINES, observed.audit.as_ref().ok().map(|lines| (vec![], size(*lines))));
    }
    if let Some(backup) = &observed.backup {
        let time = |time: Option<&String>| time.and_then(|time| seconds_of(time)).map(|time| (vec![], time));
        let drill = backup.last_drill.as_ref().filter(|drill| drill.ok);
        out.family(&families::BACKUP, time(backup.last.as_ref()));
        out.family(&families::DRILL, time(drill.map(|drill| &drill.at)));
        out.family(&families::BACKUP_BYTES, backup.bytes.map(|bytes| (vec![], size(bytes))));
    }
    let jobs = observed.jobs.iter();
    out.family(
        &families::JOB,
        jobs.clone().filter_map(|(job, done)| Some((vec![job.word()], seconds_of(&done.ended)?))),
    );
    let failed = |done: &Done| count(usize::from(done.failed().next().is_some()));
    out.family(&families::JOB_FAILED, jobs.map(|(job, done)| (vec![job.word()], failed(done))));
    if let Some(certification) = &observed.certification {
        let valid = count(usize::from(certification.is_valid(&observed.time)));
        out.family(&families::CERTIFIED, [(vec![], valid)]);
        let until = certification.valid_until.as_deref().and_then(seconds_of);
        out.family(&families::CERTIFIED_UNTIL, until.map(|until| (vec![], until)));
    }
    let memory = observed.memory;
    out.family(&families::MEMORY, memory.map(|memory| (vec![], size(memory.available_bytes))));
    out.family(&families::MEMORY_USED, memory.map(|memory| (vec![], memory.used_percent() / 100.0)));
    let disk = observed.disk;
    out.family(&families::DISK, disk.map(|disk| (vec![], size(disk.free_bytes))));
    out.family(&families::DISK_USED, disk.map(|disk| (vec![], disk.used_percent() / 100.0)));
    out.family(&families::CPU, observed.cpu_percent.map(|percent| (vec![], percent / 100.0)));
    let load = observed.load.map(|load| ["1", "5", "15"].into_iter().zip(load));
    out.family(&families::LOAD, load.into_iter().flatten().map(|(minutes, load)| (vec![minutes], load)));
    let files = observed.log_file_sizes.iter();
    out.family(&families::LOGS, files.map(|(file, bytes)| (vec![file.as_str()], size(*bytes))));
}

#[cfg(test)]
pub(crate) mod tests;
