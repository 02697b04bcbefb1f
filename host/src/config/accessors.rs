//! Typed access: one function per key, in units of the code that asks.
//!
//! Invariant: `Settings` holds a value of its shape for every key but those below a home directory that is not there, so
//! nothing here can fail; a test reads them all.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use serde::Serialize;
use tracing::level_filters::LevelFilter;

use super::settings::Settings;
use super::value::{Value, to_u64};
use crate::alerts::{Channels, Mail};
use crate::health::Limits;
use crate::logs::Retention;
use crate::platform::ConfinementLevel;
use crate::schedule::{self, Period, Recurrence, Timetable};
use crate::secret::Reference;
use crate::trust::TrustLevel;

/// How severe a finding must be to keep a dataset from being registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Warnings do.
    Strict,
    /// Errors do.
    Standard,
    /// Only what makes the dataset unusable does.
    Lenient,
}

/// Where a module runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// In a worker process of its own.
    Process,
    /// Inside the host.
    InProcess,
}

/// How a log message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

const GIBIBYTE: f64 = 1_073_741_824.0;
const MEBIBYTE: u64 = 1 << 20;

impl Settings {
    /// Everything the host writes is below it, unless another key moves a part.
    #[must_use]
    pub fn data_root(&self) -> &Path {
        self.path("framework.output_directory")
    }

    /// Where files that can be made again are kept.
    #[must_use]
    pub fn cache_directory(&self) -> &Path {
        self.path("framework.cache_directory")
    }

    /// Where logs and processing summaries are written.
    #[must_use]
    pub fn log_directory(&self) -> &Path {
        self.path("framework.log_directory")
    }

    /// Whether a recipe that has been run before is answered from the registry.
    #[must_use]
    pub fn reuses_known_recipes(&self) -> bool {
        self.boolean("processing.cache_enabled")
    }

    /// How many derivations run at once: `processing.workers` if `processing.parallel_processing`, otherwise one.
    #[must_use]
    pub fn jobs(&self) -> usize {
        let parallel = self.boolean("processing.parallel_processing");
        if parallel { self.size("processing.workers") } else { 1 }
    }

    /// How much memory one derivation may use, in bytes.
    #[must_use]
    pub fn max_memory_bytes(&self) -> u64 {
        to_u64(self.number("processing.max_memory_usage_gb") * GIBIBYTE)
    }

    /// How many rows are handled at a time.
    #[must_use]
    pub fn chunk_rows(&self) -> usize {
        self.size("processing.chunk_size")
    }

    /// How long one derivation may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        seconds(self.number("processing.timeout_seconds"))
    }

    /// How large one input may be, in bytes.
    #[must_use]
    pub fn max_input_bytes(&self) -> u64 {
        self.integer("processing.max_input_size_bytes")
    }

    /// Where a module runs.
    #[must_use]
    pub fn isolation(&self) -> Isolation {
        if self.word("processing.isolation") == "in-process" {
            Isolation::InProcess
        } else {
            Isolation::Process
        }
    }

    /// Whether the remaining datasets are prepared after one has failed.
    #[must_use]
    pub fn keeps_going(&self) -> bool {
        self.boolean("processing.keep_going")
    }

    /// How severe a finding must be to keep a dataset from being registered.
    #[must_use]
    pub fn validation_level(&self) -> Level {
        match self.word("validation.level") {
            "strict" => Level::Strict,
            "lenient" => Level::Lenient,
            _ => Level::Standard,
        }
    }

    /// Whether the matrices of a dataset are checked.
    #[must_use]
    pub fn checks_covariance(&self) -> bool {
        self.boolean("validation.covariance_validation")
    }

    /// Whether values are held against the ranges of the module's contract.
    #[must_use]
    pub fn checks_physical_consistency(&self) -> bool {
        self.boolean("validation.physical_consistency_checks")
    }

    /// The greatest relative difference between two numbers that ought to be equal.
    #[must_use]
    pub fn numerical_tolerance(&self) -> f64 {
        self.number("validation.numerical_precision_tolerance")
    }

    /// The least severe message that is logged.
    #[must_use]
    pub fn log_level(&self) -> LevelFilter {
        match self.word("logging.level") {
            "OFF" => LevelFilter::OFF,
            "ERROR" => LevelFilter::ERROR,
            "WARNING" => LevelFilter::WARN,
            "DEBUG" => LevelFilter::DEBUG,
            "TRACE" => LevelFilter::TRACE,
            _ => LevelFilter::INFO,
        }
    }

    /// Whether messages are also written to a file.
    #[must_use]
    pub fn logs_to_file(&self) -> bool {
        self.boolean("logging.file_logging")
    }

    /// Whether messages are written to standard error.
    #[must_use]
    pub fn logs_to_console(&self) -> bool {
        self.boolean("logging.console_logging")
    }

    /// How large the log file grows before a new one is begun, in bytes.
    #[must_use]
    pub fn log_rotation_bytes(&self) -> u64 {
        self.integer("logging.rotation_size_mb").saturating_mul(MEBIBYTE)
    }

    /// How long logs and runs are kept.
    #[must_use]
    pub fn log_retention(&self) -> Retention {
        let days = |key| {
            Duration::from_hours(24).saturating_mul(u32::try_from(self.integer(key)).unwrap_or(u32::MAX))
        };
        Retention { logs: days("logging.retention_days"), runs: days("logging.run_retention_days") }
    }

    /// How many log files are kept, the current one included.
    #[must_use]
    pub fn max_log_files(&self) -> usize {
        self.size("logging.max_log_files")
    }

    /// How a log message is written.
    #[must_use]
    pub fn log_format(&self) -> LogFormat {
        if self.word("logging.format") == "json" { LogFormat::Json } else { LogFormat::Text }
    }

    /// How long a server may stay silent.
    #[must_use]
    pub fn fetch_timeout(&self) -> Duration {
        seconds(self.number("fetch.timeout_seconds"))
    }

    /// How often one address of a file is tried.
    #[must_use]
    pub fn fetch_attempts(&self) -> u64 {
        self.integer("fetch.attempts")
    }

    /// Whether the registry may be written.
    #[must_use]
    pub fn registry_is_writable(&self) -> bool {
        self.boolean("registry.enabled")
    }

    /// Where records, audit log and index are kept.
    #[must_use]
    pub fn registry_directory(&self) -> &Path {
        self.path("registry.base_directory")
    }

    /// The manifest that says what a dataset's name means.
    #[must_use]
    pub fn manifest_file(&self) -> &Path {
        self.path("registry.manifest_file")
    }

    /// Whether a validated dataset is registered without being asked for.
    #[must_use]
    pub fn registers_derived(&self) -> bool {
        self.boolean("registry.auto_register_derived")
    }

    /// Whether decompressed inputs and validation verdicts are kept for the next run.
    #[must_use]
    pub fn keeps_cache(&self) -> bool {
        self.boolean("cache.enabled")
    }

    /// How large the cache may grow, in bytes.
    #[must_use]
    pub fn cache_max_bytes(&self) -> u64 {
        to_u64(self.number("cache.max_size_gb") * GIBIBYTE)
    }

    /// How large the cache may be after a clean-up, in bytes.
    #[must_use]
    pub fn cache_bytes_after_cleanup(&self) -> u64 {
        to_u64(self.number("cache.max_size_gb") * GIBIBYTE * self.number("cache.cleanup_threshold"))
    }

    /// How long a cached file is used.
    #[must_use]
    pub fn cache_lifetime(&self) -> Duration {
        seconds(self.number("cache.ttl_hours") * 3600.0)
    }

    /// The file with the token of the service; none if there is no home directory and nobody named a file.
    #[must_use]
    pub fn token_file(&self) -> Option<&Path> {
        self.path_below_home("serve.token_file")
    }

    /// Folders that inputs of runs over HTTP may lie in.
    #[must_use]
    pub fn served_input_directories(&self) -> &[PathBuf] {
        self.paths("serve.input_directories")
    }

    /// How many connections are served at the same time.
    #[must_use]
    pub fn max_connections(&self) -> usize {
        self.size("serve.max_connections")
    }

    /// How often one peer may ask in a second.
    #[must_use]
    pub fn requests_per_second(&self) -> f64 {
        self.number("serve.requests_per_second")
    }

    /// How long the head of a request may take.
    #[must_use]
    pub fn header_timeout(&self) -> Duration {
        seconds(self.number("serve.head_seconds"))
    }

    /// How long a request may take.
    #[must_use]
    pub fn request_timeout(&self) -> Duration {
        seconds(self.number("serve.request_seconds"))
    }

    /// How long runs may take to finish when the service is told to end.
    #[must_use]
    pub fn drain_time(&self) -> Duration {
        seconds(self.number("serve.drain_seconds"))
    }

    /// How many runs over HTTP go on at the same time.
    #[must_use]
    pub fn concurrent_runs(&self) -> usize {
        self.size("serve.concurrent_runs")
    }

    /// How many runs over HTTP may wait.
    #[must_use]
    pub fn queued_runs(&self) -> usize {
        self.size("serve.queued_runs")
    }

    /// Folders with modules, in the order of the search.
    #[must_use]
    pub fn plugin_directories(&self) -> &[PathBuf] {
        self.paths("plugins.directories")
    }

    /// Where installed modules are kept; nowhere if there is no home directory and nobody named a folder.
    #[must_use]
    pub fn plugin_store(&self) -> Option<&Path> {
        self.path_below_home("plugins.store")
    }

    /// The file with the keys whose signatures count; none if there is no home directory and nobody named a file.
    #[must_use]
    pub fn trusted_keys_file(&self) -> Option<&Path> {
        self.path_below_home("plugins.trusted_keys")
    }

    /// Where snapshots are kept; nowhere if there is no home directory and nobody named a folder.
    #[must_use]
    pub fn backup_repository(&self) -> Option<&Path> {
        self.path_below_home("backup.repository")
    }

    /// Where the key is that reads encrypted snapshots.
    #[must_use]
    pub fn backup_identity(&self) -> Option<&Reference> {
        self.secret("backup.identity")
    }

    /// The files that settings name in place of a secret.
    pub fn secret_files(&self) -> impl Iterator<Item = &Path> {
        let named = ["alerts.webhook", "backup.identity"].into_iter().filter_map(|key| self.secret(key));
        named.filter_map(|reference| match reference {
            Reference::File(path) => Some(path.as_path()),
            Reference::Env(_) => None,
        })
    }

    /// How far a module must be vouched for to run at all.
    #[must_use]
    pub fn minimum_trust(&self) -> TrustLevel {
        match self.word("plugins.trust") {
            "locked" => TrustLevel::Locked,
            "signed" => TrustLevel::Signed,
            "locked-signed" => TrustLevel::LockedSigned,
            _ => TrustLevel::Unsigned,
        }
    }

    /// How well a module must be confined to run at all.
    #[must_use]
    pub fn minimum_confinement(&self) -> ConfinementLevel {
        match self.word("processing.confinement") {
            "full" => ConfinementLevel::Full,
            "partial" => ConfinementLevel::Partial,
            _ => ConfinementLevel::None,
        }
    }

    /// What is well.
    #[must_use]
    pub fn health_limits(&self) -> Limits {
        Limits {
            memory_percent: self.number("alerts.memory_percent"),
            disk_warning_percent: self.number("alerts.disk_warning_percent"),
            disk_percent: self.number("alerts.disk_percent"),
            cpu_percent: self.number("alerts.cpu_percent"),
        }
    }

    /// Who is told of alerts.
    #[must_use]
    pub fn alert_channels(&self) -> Channels {
        let webhook = self.secret("alerts.webhook").cloned();
        let to = match self.value("alerts.mail_to") {
            Value::Text(to) => Some(to.clone()),
            _ => None,
        };
        let mail = match self.value("alerts.mail_command") {
            Value::Command(command) => Some(Mail { command: command.clone(), to }),
            _ => None,
        };
        Channels { webhook, mail }
    }

    /// Where is noted who was told of which alerts.
    #[must_use]
    pub fn told_file(&self) -> PathBuf {
        self.log_directory().join("alerts.jsonl")
    }

    /// How often the service looks whether there is something to tell.
    #[must_use]
    pub fn alert_interval(&self) -> Duration {
        Duration::from_secs(60 * self.integer("alerts.check_minutes"))
    }

    /// When each job is due.
    #[must_use]
    pub fn timetable(&self) -> Timetable {
        let recurrence = |period, text| (period, Recurrence::parse(period, text));
        Timetable {
            enabled: self.boolean("schedule.enabled"),
            zone: TimeZone::get(self.text("schedule.time_zone")).unwrap_or(TimeZone::UTC),
            recurrences: vec![
                recurrence(Period::Daily, self.text("schedule.daily")),
                recurrence(Period::Weekly, self.text("schedule.weekly")),
                recurrence(Period::Monthly, self.text("schedule.monthly")),
                recurrence(Period::Quarterly, self.text("schedule.quarterly")),
            ],
            folder: self.log_directory().join(schedule::FOLDER),
        }
    }

    /// What is allowed but can hardly be meant.
    pub(super) fn oddities(&self) -> Vec<String> {
        let mut oddities = Vec::new();
        let given = |key| self.origin(key).is_some_and(|origin| *origin != super::Origin::Default);
        if given("processing.workers") && !self.boolean("processing.parallel_processing") {
            let text = "`processing.workers` changes nothing while `processing.parallel_processing` is false";
            oddities.push(text.to_owned());
        }
        if self.validation_level() == Level::Strict {
            for key in ["validation.covariance_validation", "validation.physical_consistency_checks"] {
                if !self.boolean(key) {
                    oddities.push(format!("`validation.level` is strict, yet `{key}` turns its checks off"));
                }
            }
        }
        let limits = self.health_limits();
        if limits.disk_warning_percent > limits.disk_percent {
            oddities.push(
                "`alerts.disk_warning_percent` is above `alerts.disk_percent` and never warns".to_owned(),
            );
        }
        oddities
    }

    fn value(&self, key: &'static str) -> &Value {
        &self.resolved.get(key).expect("loading gives every key of the table a value").value
    }

    fn boolean(&self, key: &'static str) -> bool {
        match self.value(key) {
            Value::Boolean(value) => *value,
            other => wrong_shape(key, other),
        }
    }

    fn integer(&self, key: &'static str) -> u64 {
        match self.value(key) {
            Value::Integer(value) => *value,
            other => wrong_shape(key, other),
        }
    }

    fn size(&self, key: &'static str) -> usize {
        usize::try_from(self.integer(key)).unwrap_or(usize::MAX)
    }

    fn number(&self, key: &'static str) -> f64 {
        match self.value(key) {
            Value::Number(value) => *value,
            other => wrong_shape(key, other),
        }
    }

    fn word(&self, key: &'static str) -> &'static str {
        match self.value(key) {
            Value::Word(word) => word,
            other => wrong_shape(key, other),
        }
    }

    fn secret(&self, key: &'static str) -> Option<&Reference> {
        match self.value(key) {
            Value::Secret(reference) => Some(reference),
            _ => None,
        }
    }

    fn text(&self, key: &'static str) -> &str {
        match self.value(key) {
            Value::Text(text) => text,
            other => wrong_shape(key, other),
        }
    }

    fn paths(&self, key: &'static str) -> &[PathBuf] {
        match self.value(key) {
            Value::Paths(paths) => paths,
            other => wrong_shape(key, other),
        }
    }

    fn path_below_home(&self, key: &'static str) -> Option<&Path> {
        self.resolved.contains_key(key).then(|| self.path(key))
    }

    fn path(&self, key: &'static str) -> &Path {
        match self.value(key) {
            Value::Path(path) => path,
            other => wrong_shape(key, other),
        }
    }
}

/// Reached only by a typing error in this file, which the test of all accessors finds.
fn wrong_shape(key: &str, value: &Value) -> ! {
    unreachable!("`{key}` has another shape in the table: {value:?}")
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests;
