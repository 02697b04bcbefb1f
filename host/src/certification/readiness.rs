//! Whether a host is ready: what its machine has, whether it derives, whether somebody would notice if it broke.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::bench::Bench;
use super::faults::damage;
use super::line::{Evidence, Line, Outcome};
use super::{Certification, Subject, golden, monitoring, snapshots, state};
use crate::digest::Digest;
use crate::durable::StagedDirectory;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::health::{Disk, Machine};
use crate::journal::{Filter, Journal};
use crate::modules::compatibility::ApiVersion;
use crate::registry::index;
use crate::text::{bytes, duration};

/// How far the host is to be used. Each holds everything of the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// The machine, the folders, the configuration and the modules.
    Preflight,
    /// One example is derived and checked in a scratch data root.
    Canary,
    /// Health, certification, backups and what was run so far.
    Production,
}

/// What a machine must have.
#[derive(Debug, Clone)]
pub struct Demands {
    /// Memory in all, bytes.
    pub memory_bytes: u64,
    /// Room left where the data root is, bytes.
    pub disk_bytes: u64,
    /// Address of a service that must answer.
    pub url: Option<String>,
}

/// The least quality score of a registered dataset.
const LEAST_QUALITY: f64 = 0.8;

/// The most datasets that may fail, of all that were asked for.
const MOST_FAILED: f64 = 0.02;

/// How long they count.
const FAILURES_COUNT_FOR: Duration = Duration::from_hours(7 * 24);

/// A service that needs longer to tell of its health is not well.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is written to see whether it stays.
const TRIAL_BYTES: usize = 1 << 20;

/// Looks at everything up to a phase.
///
/// # Errors
/// The scratch folder cannot be made. What is wrong with the host is no error: the lines tell it.
pub fn verify(subject: &Subject, phase: Phase, demands: &Demands) -> Result<Vec<Line>> {
    let mut bench = Bench::new(subject)?;
    let mut lines = preflight(&bench, demands);
    if phase >= Phase::Canary {
        lines.extend(canary(&mut bench));
    }
    if phase >= Phase::Production {
        lines.extend(production(&mut bench, demands));
    }
    Ok(lines)
}

const FIX: &str = "type `host doctor --fix`";

fn preflight(bench: &Bench<'_>, demands: &Demands) -> Vec<Line> {
    let (memory, disk) = (bytes(demands.memory_bytes), bytes(demands.disk_bytes));
    vec![
        Line::examine("system.version", "Linux", "run the host on Linux", || Ok(version())),
        Line::examine("system.memory", format!("at least {memory}"), "use a larger machine", || {
            Ok(self::memory(demands.memory_bytes))
        }),
        Line::examine("system.disk", format!("at least {disk} free"), "type `host report capacity`", || {
            Ok(self::disk(bench, demands.disk_bytes))
        }),
        Line::examine("storage.durable", "read back as it was written", FIX, || storage(bench)),
        Line::examine("structure.folders", "0 missing", FIX, || Ok(state::folders(bench))),
        Line::examine("security.modes", "0 too open", FIX, || Ok(state::modes(bench))),
        Line::examine("configuration.valid", "0 warnings", "type `host config show --origin`", || {
            Ok(state::configuration(bench))
        }),
        Line::examine("security.trust", "at least 1 usable, 0 refused", "type `host plugin list`", || {
            Ok(state::trust(bench))
        }),
    ]
}

fn version() -> Outcome {
    let system = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let (name, release) = (text(system.sysname()), text(system.release()));
    let (host, api) = (env!("CARGO_PKG_VERSION"), ApiVersion::of_host());
    let measured = format!("host {host}, interface {api}, {name} {release} {}", text(system.machine()));
    Outcome::of(name == "Linux", measured)
}

fn memory(demanded_bytes: u64) -> Outcome {
    match Machine::default().memory() {
        None => Outcome::of(false, "not told by this system"),
        Some(memory) => Outcome::of(memory.total_bytes >= demanded_bytes, bytes(memory.total_bytes)),
    }
}

fn disk(bench: &Bench<'_>, demanded_bytes: u64) -> Outcome {
    match Disk::of(&bench.subject.files.data_root) {
        None => Outcome::of(false, "not told by this system"),
        Some(disk) => {
            Outcome::of(disk.free_bytes >= demanded_bytes, format!("{} free", bytes(disk.free_bytes)))
        }
    }
}

/// Writes and reads where datasets are registered and where scratch data lie.
fn storage(bench: &Bench<'_>) -> Result<Outcome> {
    let block: Vec<u8> =
        (0..TRIAL_BYTES).map(|place| u8::try_from(place % 251).unwrap_or_default()).collect();
    let started = Instant::now();
    let derived = StagedDirectory::create(&bench.subject.registry.root().derived());
    let derived = derived.storage("write below the data root")?;
    let scratch = bench.path("storage");
    crate::durable::create_directories(&scratch).storage("write below the cache")?;
    let scratch = StagedDirectory::create(&scratch).storage("write below the cache")?;
    let mut evidence = Vec::new();
    for folder in [&derived, &scratch] {
        folder.write("trial", &[&block]).storage("write a trial file")?;
        let (read, _) = Digest::of_file(&folder.path().join("trial")).storage("read a trial file")?;
        if read != Digest::of(&block) {
            return Ok(Outcome::of(false, format!("`{}` gave other bytes back", folder.path().display())));
        }
        evidence.push(Evidence::digest("what was written and read", read));
    }
    let took = duration(started.elapsed().as_secs_f64());
    Ok(Outcome::of(true, format!("2 files of {} in {took}", bytes(TRIAL_BYTES as u64))).shown_by(evidence))
}

fn canary(bench: &mut Bench<'_>) -> Vec<Line> {
    let verify = "type `host plugin verify ID`";
    vec![
        Line::examine("canary.derived", "derived and valid", verify, || golden::first(bench)),
        Line::examine("canary.checked", "0 damaged", "type `host check`", || {
            if bench.golden.is_empty() {
                return Ok(Outcome::skipped(super::bench::NO_EXAMPLE));
            }
            let found = damage(&bench.registry("first")?)?;
            Ok(Outcome::of(found.is_none(), found.unwrap_or_else(|| "0 damaged, every byte read".to_owned())))
        }),
    ]
}

fn production(bench: &mut Bench<'_>, demands: &Demands) -> Vec<Line> {
    let mut lines = vec![
        Line::examine("monitoring.health", "not unhealthy", "type `host health`", || {
            Ok(monitoring::health(bench))
        }),
        Line::examine(
            "monitoring.metrics",
            "every line parsed, every family known",
            "type `host metrics`",
            || monitoring::metrics(bench),
        ),
    ];
    // Who runs no service has none to ask.
    lines.extend(demands.url.as_deref().map(|url| {
        Line::examine("service.answers", "200, and it knows its health", "type `host serve`", || service(url))
    }));
    lines.extend([
        Line::examine(
            "state.writable",
            "neither halted nor in maintenance",
            "type `host maintenance status`",
            || Ok(state::writable(bench)),
        ),
        Line::examine("certification.valid", "certified, and not expired", "type `host certify`", || {
            Ok(certification(bench))
        }),
        Line::examine("backup.age", "at most 24.0 h", "type `host backup create`", || snapshots::age(bench)),
        Line::examine("registry.audit", "every line as it was written", "type `host audit verify`", || {
            state::audit(bench)
        }),
        Line::examine("quality.registered", "each at least 0.8", "type `host report quality`", || {
            quality(bench)
        }),
        Line::examine("runs.failed", "at most 2 % in 7 days", "type `host run list`", || failed(bench)),
    ]);
    lines
}

fn certification(bench: &Bench<'_>) -> Outcome {
    match Certification::newest(&bench.subject.files.log_directory) {
        None => Outcome::of(false, "never certified"),
        Some(found) => {
            let until = found.valid_until.as_deref().map(|until| format!("until {until}"));
            let measured = found.problem.clone().or(until).unwrap_or_else(|| "not certified".to_owned());
            Outcome::of(found.is_valid(&crate::clock::now()), measured)
        }
    }
}

fn service(url: &str) -> Result<Outcome> {
    let address = format!("{}/health", url.trim_end_matches('/'));
    let unreachable = |error: ureq::Error| {
        Error::new(Kind::Network, format!("`{address}` does not answer")).cause(error.to_string())
    };
    let started = Instant::now();
    let agent =
        ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE)).build();
    let mut response = ureq::Agent::new_with_config(agent).get(&address).call().map_err(unreachable)?;
    let code = response.status().as_u16();
    let text = response.body_mut().read_to_string().map_err(unreachable)?;
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let status = answer.pointer("/data/status").or_else(|| answer.get("status"));
    let status = status.and_then(serde_json::Value::as_str);
    let took = duration(started.elapsed().as_secs_f64());
    let measured = format!("{code}, {} in {took}", status.unwrap_or("without a status"));
    Ok(Outcome::of(code == 200 && status.is_some(), measured)
        .shown_by([Evidence::digest(format!("the answer of `{address}`"), Digest::of(text.as_bytes()))]))
}

fn quality(bench: &Bench<'_>) -> Result<Outcome> {
    let rows = index::list(bench.subject.registry.root())?;
    let current = rows.iter().filter(|row| row.retired.is_none());
    let scored = current.filter_map(|row| Some((row.quality_score?, row.name.as_str())));
    let scored: Vec<(f64, &str)> = scored.collect();
    let worst = scored.iter().min_by(|one, other| one.0.total_cmp(&other.0));
    Ok(match worst {
        // A module need not score what it makes.
        None => Outcome::of(true, format!("none of {} has a score", rows.len())),
        Some((score, name)) => {
            Outcome::of(*score >= LEAST_QUALITY, format!("{score:.2}, of `{name}`, of {}", scored.len()))
        }
    })
}

#[expect(clippy::cast_precision_loss, reason = "numbers of datasets are far below 2^53")]
fn failed(bench: &Bench<'_>) -> Result<Outcome> {
    let since = jiff::Timestamp::now().checked_sub(FAILURES_COUNT_FOR).ok().map(crate::clock::text);
    let filter = Filter { since, ..Filter::default() };
    let (mut runs, mut failed, mut refused, mut done) = (0, 0, 0, 0);
    Journal::of(&bench.subject.files.log_directory).for_each(&filter, |run| {
        runs += 1;
        done += run.summary.datasets.prepared + run.summary.datasets.cached;
        for error in run.finished.iter().filter_map(|finished| finished.dataset.error.as_ref()) {
            // A typo says nothing about the host.
            *(if error.is_of_the_request() { &mut refused } else { &mut failed }) += 1;
        }
    })?;
    let all: usize = failed + done;
    let refused = if refused > 0 { format!(", {refused} refused") } else { String::new() };
    let measured = format!("{failed} of {all} datasets of {runs} runs{refused}");
    Ok(Outcome::of(failed as f64 <= MOST_FAILED * all as f64, measured))
}
