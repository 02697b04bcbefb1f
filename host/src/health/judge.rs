//! Holds what was seen against limits.

use std::collections::BTreeMap;

use super::{
    Alert, AvailableModule, Check, CheckStatus, FrameworkStatus, Health, Limits, Observed, RegistryState,
    Status, SystemResources,
};
use crate::modules::standing;
use crate::schedule::{Done, Period};
use crate::text::bytes;

const GIBIBYTE: f64 = 1_073_741_824.0;

/// The verdict on what was seen.
#[must_use]
pub fn judge(seen: &Observed, limits: &Limits) -> Health {
    let mut judgement = Judgement::default();
    judgement.looking(seen);
    judgement.registry(seen);
    judgement.maintenance(seen);
    judgement.datasets(seen);
    judgement.audit(seen);
    judgement.backup(seen);
    judgement.jobs(seen);
    judgement.certification(seen);
    judgement.modules(seen);
    judgement.runs(seen);
    judgement.memory(seen, limits);
    judgement.disk(seen, limits);
    judgement.processors(seen, limits);
    let Judgement { checks, mut alerts } = judgement;
    alerts.sort_by_key(|alert| std::cmp::Reverse(alert.severity));
    let worst = checks.values().map(|check| check.status).max();
    Health {
        status: worst.map_or(Status::Healthy, Status::from),
        timestamp: seen.time.clone(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: seen.uptime_seconds,
        available_modules: available(seen),
        system_resources: resources(seen),
        framework_status: FrameworkStatus {
            registry: seen.registry,
            datasets: seen.datasets.registered,
            retired: seen.datasets.retired,
            damaged: seen.datasets.damaged.len(),
        },
        checks,
        log_file_sizes: seen.log_file_sizes.clone(),
        last_runs: seen.last_runs.clone(),
        alerts,
    }
}

fn available(seen: &Observed) -> Vec<AvailableModule> {
    let usable = seen.modules.iter().filter(|module| module.status == standing::Status::Usable);
    let module = |module: &standing::Standing| {
        let (name, version) = (module.id.clone()?, module.version.clone()?);
        Some(AvailableModule { name, version, trust: module.trust })
    };
    usable.filter_map(module).collect()
}

fn resources(seen: &Observed) -> SystemResources {
    SystemResources {
        memory_percent: seen.memory.map(|memory| tenths(memory.used_percent())),
        memory_available_gb: seen.memory.map(|memory| gigabytes(memory.available_bytes)),
        disk_percent: seen.disk.map(|disk| tenths(disk.used_percent())),
        disk_free_gb: seen.disk.map(|disk| gigabytes(disk.free_bytes)),
        cpu_percent: seen.cpu_percent.map(tenths),
        load: seen.load,
    }
}

fn tenths(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn gigabytes(bytes: u64) -> f64 {
    (bytes as f64 / GIBIBYTE * 1000.0).round() / 1000.0
}

/// A fault found by a check: what is wrong and what to type.
type Fault = Option<(CheckStatus, String, String)>;

#[derive(Default)]
struct Judgement {
    checks: BTreeMap<&'static str, Check>,
    alerts: Vec<Alert>,
}

impl Judgement {
    fn add(&mut self, name: &'static str, observed: String, limit: String, fault: Fault) {
        let status = fault.as_ref().map_or(CheckStatus::Ok, |(status, ..)| *status);
        self.checks.insert(name, Check { status, observed, limit });
        let alert =
            fault.map(|(severity, cause, action)| Alert { check: name.to_owned(), severity, cause, action });
        self.alerts.extend(alert);
    }

    fn unknown(&mut self, name: &'static str, limit: String) {
        let observed = "not told by this system".to_owned();
        self.checks.insert(name, Check { status: CheckStatus::Unknown, observed, limit });
    }

    fn looking(&mut self, seen: &Observed) {
        let Some(seconds) = seen.overdue_seconds else { return };
        let cause = format!("what is told here is {seconds} s old: the next look does not come to its end");
        let action =
            "type `host health` to see what hangs: a disk, or a folder of another machine".to_owned();
        let fault = (CheckStatus::Warning, cause, action);
        self.add("looking", format!("{seconds} s old"), "seconds old".to_owned(), Some(fault));
    }

    fn registry(&mut self, seen: &Observed) {
        let root = seen.data_root.display();
        let problem = seen.registry_problem.clone().unwrap_or_default();
        let fault = match seen.registry {
            RegistryState::Ready | RegistryState::ReadOnly => None,
            RegistryState::Missing => Some((
                CheckStatus::Warning,
                format!("there is no data root at `{root}`"),
                "type `host prepare --plugin ID` to make one with its first dataset, or name another with `--data-root DIR`"
                    .to_owned(),
            )),
            RegistryState::NotWritable => Some((
                CheckStatus::Critical,
                format!("nothing can be registered: {problem}"),
                format!("type `ls -ld {root}` and give the folder to the user that the host runs as"),
            )),
            RegistryState::Unreadable => Some((
                CheckStatus::Critical,
                format!("the registry cannot be read: {problem}"),
                "type `host check` to see everything that is damaged".to_owned(),
            )),
        };
        self.add("registry", seen.registry.to_string(), "ready".to_owned(), fault);
    }

    fn maintenance(&mut self, seen: &Observed) {
        let (observed, fault) = match &seen.maintenance {
            Ok(None) => ("off", None),
            Ok(Some(state)) => {
                let action = format!("type `{}` when it is over", state.way_out());
                ("on", Some((CheckStatus::Warning, format!("the data root is {}", state.told()), action)))
            }
            Err(why) => {
                let action = "type `host maintenance off` to end it".to_owned();
                ("unknown", Some((CheckStatus::Critical, format!("nothing can be written: {why}"), action)))
            }
        };
        self.add("maintenance", observed.to_owned(), "off".to_owned(), fault);
    }

    fn backup(&mut self, seen: &Observed) {
        if let Some(backup) = &seen.backup {
            let (observed, fault) = backup.judged(&seen.time);
            self.add("backup_age", observed, "up to 26 h old, the last drill well".to_owned(), fault);
        }
    }

    fn jobs(&mut self, seen: &Observed) {
        let failed = |(job, done): &(Period, Done)| {
            let step = done.failed().next()?;
            let why = step.error.clone().unwrap_or_default();
            let cause = format!("the {} job failed: `host {}`: {why}", job.word(), step.command);
            Some((job.word(), cause))
        };
        let failed: Vec<(&str, String)> = seen.jobs.iter().filter_map(failed).collect();
        let fault = failed.first().map(|(job, cause)| {
            let action =
                format!("type `host schedule show {job}`, and `host schedule run {job}` to do it again");
            (CheckStatus::Warning, cause.clone(), action)
        });
        if !seen.jobs.is_empty() {
            let observed = format!("{} done, {} failed", seen.jobs.len() - failed.len(), failed.len());
            self.add("schedule", observed, "0 failed".to_owned(), fault);
        }
    }

    fn certification(&mut self, seen: &Observed) {
        let Some(found) = &seen.certification else { return };
        let until = found.valid_until.as_deref();
        let (observed, cause) = match (&found.problem, until) {
            (Some(problem), _) => ("unreadable".to_owned(), Some(format!("the newest report: {problem}"))),
            (None, Some(until)) if found.is_valid(&seen.time) => (format!("certified until {until}"), None),
            (None, Some(until)) => {
                ("expired".to_owned(), Some(format!("the certification ended at {until}")))
            }
            (None, None) => ("not certified".to_owned(), Some("the last certification failed".to_owned())),
        };
        let action = "type `host certify` to certify the host again";
        let fault = cause.map(|cause| (CheckStatus::Warning, cause, action.to_owned()));
        self.add("certification", observed, "certified, and not expired".to_owned(), fault);
    }

    fn datasets(&mut self, seen: &Observed) {
        let found = &seen.datasets;
        let fault = found.damaged.first().map(|(name, why)| {
            let others = match found.damaged.len() {
                1 => String::new(),
                count => format!(", and {} more", count - 1),
            };
            let cause = format!("`{name}` is damaged: {why}{others}");
            (CheckStatus::Critical, cause, "type `host check` to see how to put it right".to_owned())
        });
        let observed = format!("{} registered, {} damaged", found.registered, found.damaged.len());
        self.add("datasets", observed, "0 damaged".to_owned(), fault);
    }

    fn audit(&mut self, seen: &Observed) {
        let (observed, fault) = match &seen.audit {
            Ok(lines) => (format!("{lines} lines, intact"), None),
            Err(why) => {
                let cause = format!("the audit log is broken at {why}");
                let action = "type `host audit verify`, and compare the log with a backup".to_owned();
                ("broken".to_owned(), Some((CheckStatus::Critical, cause, action)))
            }
        };
        self.add("audit_log", observed, "intact".to_owned(), fault);
    }

    fn modules(&mut self, seen: &Observed) {
        use standing::Status::{Changed, Incompatible, Untrusted, Usable};
        let count = |status| seen.modules.iter().filter(|module| module.status == status).count();
        let name = |module: &standing::Standing| {
            module.id.clone().unwrap_or_else(|| module.path.display().to_string())
        };
        // A file that is no module is for `plugin list` to name: a folder of libraries may hold others.
        let refused =
            seen.modules.iter().find(|module| matches!(module.status, Changed | Untrusted | Incompatible));
        let fault = match refused {
            Some(module) => Some((
                CheckStatus::Warning,
                format!(
                    "module `{}` does not run: {}",
                    name(module),
                    module.reason.clone().unwrap_or_else(|| module.status.to_string().to_lowercase())
                ),
                "type `host plugin list` to see every module, and `host plugin verify NAME` for one"
                    .to_owned(),
            )),
            None if count(Usable) == 0 => Some((
                CheckStatus::Warning,
                "there is no module that can run".to_owned(),
                "type `host plugin install FILE|DIR|URL`, or name a folder with `--plugin-dir DIR`"
                    .to_owned(),
            )),
            None => None,
        };
        let refused = count(Changed) + count(Untrusted) + count(Incompatible);
        self.add(
            "modules",
            format!("{} usable, {refused} refused", count(Usable)),
            "at least 1 usable, 0 refused".to_owned(),
            fault,
        );
    }

    /// A run that failed has told its user; one that was killed could not. Later ones do not make up for it, unless they
    /// go on with it or do the same.
    fn runs(&mut self, seen: &Observed) {
        let broken_off = seen.broken_off_runs.first();
        let observed = match (broken_off, seen.last_runs.first()) {
            (Some(run), _) => format!("{} interrupted, the newest {}", seen.broken_off_runs.len(), run.id),
            (None, Some(run)) => format!("the newest is {}", run.state.word()),
            (None, None) => "nothing has run yet".to_owned(),
        };
        let fault = broken_off.map(|run| {
            let id = &run.id;
            let cause = format!(
                "run {id} did not finish: it was stopped with its service or killed, or the power was lost"
            );
            let action = format!(
                "type `host run resume {id}` to go on with what is missing, or `host run cancel {id}` to give it up"
            );
            (CheckStatus::Warning, cause, action)
        });
        self.add("runs", observed, "0 interrupted".to_owned(), fault);
    }

    fn memory(&mut self, seen: &Observed, limits: &Limits) {
        let limit = format!("at most {} % in use", limits.memory_percent);
        let Some(memory) = seen.memory else { return self.unknown("memory", limit) };
        let percent = memory.used_percent();
        let left = bytes(memory.available_bytes);
        let fault = (percent > limits.memory_percent).then(|| {
            let cause = format!("{percent:.1} % of the memory is in use, {left} are left");
            let action = "type `host run list` to see what runs; lower `processing.workers` or \
                          `processing.max_memory_usage_gb`"
                .to_owned();
            (CheckStatus::Warning, cause, action)
        });
        self.add("memory", format!("{percent:.1} % in use, {left} left"), limit, fault);
    }

    fn disk(&mut self, seen: &Observed, limits: &Limits) {
        let limit = format!("at most {} % in use", limits.disk_warning_percent);
        let Some(disk) = seen.disk else { return self.unknown("disk", limit) };
        let percent = disk.used_percent();
        let left = bytes(disk.free_bytes);
        let status = if percent > limits.disk_percent {
            Some(CheckStatus::Critical)
        } else if percent > limits.disk_warning_percent {
            Some(CheckStatus::Warning)
        } else {
            None
        };
        let root = seen.data_root.display();
        let fault = status.map(|status| {
            let cause = format!("{percent:.1} % of the disk of `{root}` is in use, {left} are left");
            let action =
                format!("type `du -sh {root}/*` to see what is large; `{root}/cache` can be emptied");
            (status, cause, action)
        });
        self.add("disk", format!("{percent:.1} % in use, {left} left"), limit, fault);
    }

    fn processors(&mut self, seen: &Observed, limits: &Limits) {
        let limit = format!("at most {} % in use", limits.cpu_percent);
        let Some(percent) = seen.cpu_percent else { return self.unknown("cpu", limit) };
        let fault = (percent > limits.cpu_percent).then(|| {
            let cause = format!("{percent:.1} % of the processor time is in use");
            let action = "type `host run list` to see what runs, or `top` for everything else".to_owned();
            (CheckStatus::Warning, cause, action)
        });
        self.add("cpu", format!("{percent:.1} % in use"), limit, fault);
    }
}

#[cfg(test)]
pub(crate) mod tests;
