//! What is looked at: each area by whoever knows it.

use std::path::Path;
use std::time::SystemTime;

use crate::cli::Context;
use crate::cli::commands::{plugin, serve};
use crate::doctor::{self, Demand, Files, Finding, Modes, Repair};
use crate::error::{Error, Kind};
use crate::health::{Alert, CheckStatus, Monitor};
use crate::modules::standing::{self, Status};
use crate::registry::check::{self, Item};
use crate::registry::{ItemKind, ItemSeverity};

/// Everything that is looked at.
pub(super) const ALL: [&str; 12] = [
    "configuration",
    "registry",
    "folders",
    "modes",
    "leftovers",
    "clock",
    "token",
    "keys",
    "lock file",
    "catalogue",
    "modules",
    "health",
];

/// Looks at everything; changes nothing.
pub(super) fn look(context: &Context) -> Vec<Finding> {
    let files = files(context);
    let mut findings = configuration(context);
    findings.extend(registry(context));
    findings.extend(doctor::folders(&files));
    findings.extend(modes(context, &files));
    findings.extend(doctor::leftovers(&files, SystemTime::now()));
    findings.extend(doctor::clock(&files, jiff::Timestamp::now()));
    findings.extend(vouching(context));
    let modules = modules(context);
    findings.extend(health(context, !modules.is_empty()));
    findings.extend(modules);
    findings
}

/// Where the files lie.
pub(in crate::cli::commands) fn files(context: &Context) -> Files {
    let settings = &context.settings;
    Files {
        data_root: settings.data_root().to_owned(),
        registry_directory: settings.registry_directory().to_owned(),
        log_directory: settings.log_directory().to_owned(),
        cache_directory: settings.cache_directory().to_owned(),
    }
}

fn configuration(context: &Context) -> Vec<Finding> {
    let warnings = context.settings.warnings().iter();
    let finding = |warning: &String| {
        let why = "what somebody wanted to set is not set";
        Finding::new("configuration", warning.as_str(), why, "type `host config show --origin`")
    };
    warnings.map(finding).collect()
}

/// What `host check --quick` names. Damage inside of files is found by `host check` alone, which reads all of them.
fn registry(context: &Context) -> Vec<Finding> {
    let Ok(registry) = context.open_registry() else { return Vec::new() };
    let root = registry.root();
    let mut items = match check::check(root, false) {
        Ok(report) => report.items,
        Err(error) => return vec![refused("registry", "nobody knows whether it is whole", &error)],
    };
    // It renews itself when it is read, and looking at the health reads it.
    items.retain(|item| item.kind != ItemKind::IndexStale);
    let finding = |item: &Item| {
        let found = format!("`{}`: {}", item.path, item.message);
        let why = match item.severity {
            ItemSeverity::Damage => "something that was registered was lost or changed",
            ItemSeverity::Warning => "nothing was lost, and somebody should look",
            ItemSeverity::Note => "it is harmless, and a sign that a process was killed or a file edited",
        };
        let action = item.hint.clone().unwrap_or_else(|| "type `host doctor --fix`".to_owned());
        let finding = Finding::new("registry", found, why, action);
        match repair(item, root.path()) {
            // A decision made it so; what is missing in its place is an item of its own.
            _ if item.kind == ItemKind::Quarantined => finding.noticed(),
            Some(repair) => finding.fixed_by(repair),
            None => finding,
        }
    };
    items.iter().map(finding).collect()
}

fn repair(item: &Item, root: &Path) -> Option<Repair> {
    let path = root.join(&item.path);
    match item.kind {
        ItemKind::Mode => {
            let mode = if path.is_dir() { 0o755 } else { 0o644 };
            Some(Repair::Mode { path, mode })
        }
        ItemKind::Interrupted | ItemKind::Leftover => Some(Repair::Tidy(path)),
        _ => None,
    }
}

/// Who may read and change which file.
pub(in crate::cli::commands) fn modes(context: &Context, files: &Files) -> Vec<Finding> {
    let settings = &context.settings;
    let mut modes = Modes::default();
    modes.look_at_all(files);
    // A project's file may be for all who work on it; the user's is nobody else's.
    for file in settings.files() {
        let demand = if file.layer == "user" { Demand::Private } else { Demand::Public };
        modes.look(&file.path, demand);
    }
    if let Some(file) = settings.token_file() {
        modes.look(file, Demand::Private);
    }
    for file in settings.secret_files() {
        modes.look(file, Demand::Private);
    }
    if let Some(file) = settings.trusted_keys_file() {
        modes.look(file, Demand::Public);
    }
    if let Some(repository) =
        settings.backup_repository().filter(|folder| folder.join("format.json").exists())
    {
        modes.look(repository, Demand::Public);
        for part in ["objects", "snapshots", "history"] {
            modes.look(&repository.join(part), Demand::Public);
        }
    }
    modes.findings()
}

/// What another part of the host refuses.
fn refused(area: &'static str, why: &str, error: &Error) -> Finding {
    let action = error.hints.first().cloned();
    let action = action.unwrap_or_else(|| "type `host config show --origin`".to_owned());
    Finding::new(area, error.to_string(), why, action)
}

/// What says who may do what: the token of the service, trusted keys, the lock file, the manifest of datasets.
fn vouching(context: &Context) -> Vec<Finding> {
    // A wrong mode is told above.
    let token = serve::token(&context.settings).err().filter(|error| error.kind != Kind::Untrusted);
    let token = token.map(|error| refused("token", "`host serve` does not start with it", &error));
    let keys = context.keys().err();
    let keys = keys.map(|error| refused("keys", "no signature counts, and no module runs", &error));
    let why = "this project's modules are not those that were locked";
    let lock = match context.lock_file() {
        Err(error) => Some(error),
        Ok(None) => None,
        Ok(Some(_)) => plugin::drift(context),
    };
    let lock = lock.map(|error| refused("lock file", why, &error));
    let catalogue = context.catalogue(None, None).err();
    let catalogue = catalogue.map(|error| refused("catalogue", "its datasets cannot be named", &error));
    [token, keys, lock, catalogue].into_iter().flatten().collect()
}

fn modules(context: &Context) -> Vec<Finding> {
    // Why there is no policy is told above.
    let Ok(policy) = context.policy() else { return Vec::new() };
    let standings = standing::of_all(&context.search_path, &policy);
    let refused = standings
        .into_iter()
        .filter(|module| matches!(module.status, Status::Changed | Status::Untrusted | Status::Incompatible));
    let finding = |module: standing::Standing| {
        let name = module.id.unwrap_or_else(|| module.path.display().to_string());
        let reason = module.reason.unwrap_or_else(|| module.status.to_string().to_lowercase());
        Finding::new(
            "modules",
            format!("module `{name}` does not run: {reason}"),
            "its datasets cannot be prepared or reproduced",
            format!("type `host plugin verify {name}`"),
        )
    };
    refused.map(finding).collect()
}

/// What `host health` warns of, but for what is told more exactly above.
fn health(context: &Context, modules_told: bool) -> Vec<Finding> {
    let Ok(place) = context.health_place() else { return Vec::new() };
    let alerts = Monitor::once(place).look().health.alerts.clone();
    let told_here = alerts.into_iter().filter(|alert| !(alert.check == "modules" && modules_told));
    let finding = |alert: Alert| {
        let why = match alert.severity {
            CheckStatus::Critical => "the host cannot be relied on",
            _ => "it may not stay well for long",
        };
        Finding::new("health", format!("{}: {}", alert.check, alert.cause), why, alert.action)
    };
    told_here.map(finding).collect()
}
