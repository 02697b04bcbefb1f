//! Every environment variable of the host, each one documented constant, and the only code that reads the environment.
//!
//! Invariant: a `PBUF_*` variable that is not listed here changes nothing; the configuration warns of it and names the
//! nearest one. An empty value counts as not set, for every variable of the host.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

/// What the host's own variables begin with.
pub const PREFIX: &str = "PBUF_";

/// A variable and what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it does, as Markdown.
    pub meaning: &'static str,
}

/// Defines one constant per variable and the list of all of them from the same lines.
macro_rules! variables {
    ($( $(#[doc = $line:literal])+ $name:ident; )+) => {
        $( $(#[doc = $line])+ pub const $name: &str = stringify!($name); )+

        /// Every variable the host reads, the own ones sorted by name.
        pub const ALL: &[Variable] = &[
            $( Variable { name: $name, meaning: concat!($($line),+).trim_ascii() } ),+
        ];
    };
}

variables! {
    /// `1` asks for colour even when the output is no terminal.
    CLICOLOR_FORCE;
    /// Set by build servers; no progress bars then.
    CI;
    /// Any value turns colour off.
    NO_COLOR;
    /// Any value turns progress bars off.
    NO_PROGRESS;
    /// The socket of the service manager, which is told when `host serve` is ready and when it ends.
    NOTIFY_SOCKET;
    /// Sets `alerts.check_minutes`.
    PBUF_ALERTS_CHECK_MINUTES;
    /// Sets `alerts.cpu_percent`.
    PBUF_ALERTS_CPU_PERCENT;
    /// Sets `alerts.disk_percent`.
    PBUF_ALERTS_DISK_PERCENT;
    /// Sets `alerts.disk_warning_percent`.
    PBUF_ALERTS_DISK_WARNING_PERCENT;
    /// Sets `alerts.mail_command`; words are separated by blanks.
    PBUF_ALERTS_MAIL_COMMAND;
    /// Sets `alerts.mail_to`.
    PBUF_ALERTS_MAIL_TO;
    /// Sets `alerts.memory_percent`.
    PBUF_ALERTS_MEMORY_PERCENT;
    /// Sets `alerts.webhook`: `file:PATH` or `env:VARIABLE`, never the address itself.
    PBUF_ALERTS_WEBHOOK;
    /// Sets `backup.identity`: `file:PATH` or `env:VARIABLE`, never the key itself.
    PBUF_BACKUP_IDENTITY;
    /// Sets `backup.repository`.
    PBUF_BACKUP_REPOSITORY;
    /// Sets `cache.cleanup_threshold`.
    PBUF_CACHE_CLEANUP_THRESHOLD;
    /// Sets `cache.enabled`.
    PBUF_CACHE_ENABLED;
    /// Sets `cache.max_size_gb`.
    PBUF_CACHE_MAX_SIZE_GB;
    /// Sets `cache.ttl_hours`.
    PBUF_CACHE_TTL_HOURS;
    /// Names the user's configuration file, in place of `~/.pbuf/data_preparation_config.json`.
    PBUF_CONFIG;
    /// Sets `processing.cache_enabled`.
    PBUF_DATA_PREPARATION_CACHE_ENABLED;
    /// Sets `logging.level`.
    PBUF_DATA_PREPARATION_LOG_LEVEL;
    /// Sets `processing.max_memory_usage_gb`.
    PBUF_DATA_PREPARATION_MAX_MEMORY_GB;
    /// Sets `framework.output_directory`, the data root.
    PBUF_DATA_PREPARATION_OUTPUT_DIR;
    /// Sets `processing.parallel_processing`.
    PBUF_DATA_PREPARATION_PARALLEL_PROCESSING;
    /// Sets `processing.workers`.
    PBUF_DATA_PREPARATION_WORKERS;
    /// Sets `fetch.attempts`.
    PBUF_FETCH_ATTEMPTS;
    /// Sets `fetch.timeout_seconds`.
    PBUF_FETCH_TIMEOUT_SECONDS;
    /// Sets `framework.cache_directory`.
    PBUF_FRAMEWORK_CACHE_DIRECTORY;
    /// Sets `framework.log_directory`.
    PBUF_FRAMEWORK_LOG_DIRECTORY;
    /// Sets `logging.console_logging`.
    PBUF_LOGGING_CONSOLE_LOGGING;
    /// Sets `logging.file_logging`.
    PBUF_LOGGING_FILE_LOGGING;
    /// Sets `logging.format`.
    PBUF_LOGGING_FORMAT;
    /// Sets `logging.max_log_files`.
    PBUF_LOGGING_MAX_LOG_FILES;
    /// Sets `logging.retention_days`.
    PBUF_LOGGING_RETENTION_DAYS;
    /// Sets `logging.rotation_size_mb`.
    PBUF_LOGGING_ROTATION_SIZE_MB;
    /// Sets `logging.run_retention_days`.
    PBUF_LOGGING_RUN_RETENTION_DAYS;
    /// Sets `plugins.store`.
    PBUF_PLUGINS_STORE;
    /// Sets `plugins.trust`.
    PBUF_PLUGINS_TRUST;
    /// Sets `plugins.trusted_keys`.
    PBUF_PLUGINS_TRUSTED_KEYS;
    /// Folders with modules, joined as in `PATH`; searched before those of the configuration files.
    PBUF_PLUGIN_PATH;
    /// Sets `processing.chunk_size`.
    PBUF_PROCESSING_CHUNK_SIZE;
    /// Sets `processing.confinement`.
    PBUF_PROCESSING_CONFINEMENT;
    /// Sets `processing.isolation`.
    PBUF_PROCESSING_ISOLATION;
    /// Sets `processing.keep_going`.
    PBUF_PROCESSING_KEEP_GOING;
    /// Sets `processing.max_input_size_bytes`.
    PBUF_PROCESSING_MAX_INPUT_SIZE_BYTES;
    /// Sets `processing.timeout_seconds`.
    PBUF_PROCESSING_TIMEOUT_SECONDS;
    /// Sets `registry.auto_register_derived`.
    PBUF_REGISTRY_AUTO_REGISTER_DERIVED;
    /// Sets `registry.base_directory`.
    PBUF_REGISTRY_BASE_DIR;
    /// Sets `registry.enabled`.
    PBUF_REGISTRY_ENABLED;
    /// Sets `registry.manifest_file`.
    PBUF_REGISTRY_MANIFEST_FILE;
    /// Sets `schedule.daily`.
    PBUF_SCHEDULE_DAILY;
    /// Sets `schedule.enabled`.
    PBUF_SCHEDULE_ENABLED;
    /// Sets `schedule.monthly`.
    PBUF_SCHEDULE_MONTHLY;
    /// Sets `schedule.quarterly`.
    PBUF_SCHEDULE_QUARTERLY;
    /// Sets `schedule.time_zone`.
    PBUF_SCHEDULE_TIME_ZONE;
    /// Sets `schedule.weekly`.
    PBUF_SCHEDULE_WEEKLY;
    /// Sets `serve.concurrent_runs`.
    PBUF_SERVE_CONCURRENT_RUNS;
    /// Sets `serve.drain_seconds`.
    PBUF_SERVE_DRAIN_SECONDS;
    /// Sets `serve.head_seconds`.
    PBUF_SERVE_HEAD_SECONDS;
    /// Sets `serve.input_directories`.
    PBUF_SERVE_INPUT_DIRECTORIES;
    /// Sets `serve.max_connections`.
    PBUF_SERVE_MAX_CONNECTIONS;
    /// Sets `serve.queued_runs`.
    PBUF_SERVE_QUEUED_RUNS;
    /// Sets `serve.requests_per_second`.
    PBUF_SERVE_REQUESTS_PER_SECOND;
    /// Sets `serve.request_seconds`.
    PBUF_SERVE_REQUEST_SECONDS;
    /// Sets `serve.token_file`.
    PBUF_SERVE_TOKEN_FILE;
    /// Sets `validation.covariance_validation`.
    PBUF_VALIDATION_COVARIANCE_VALIDATION;
    /// Sets `validation.level`.
    PBUF_VALIDATION_LEVEL;
    /// Sets `validation.numerical_precision_tolerance`.
    PBUF_VALIDATION_NUMERICAL_PRECISION_TOLERANCE;
    /// Sets `validation.physical_consistency_checks`.
    PBUF_VALIDATION_PHYSICAL_CONSISTENCY_CHECKS;
    /// Sets `validation.level`: `true` means `strict`, `false` means `standard`.
    PBUF_VALIDATION_STRICT_MODE;
}

/// The value of a variable of this process; an empty one counts as not set.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place where variables are read")]
pub fn read(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The variables that tell of an object store and begin with a prefix such as `AWS_`. They hold credentials.
#[must_use]
pub fn of_stores(prefix: &str) -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, value)| name.starts_with(prefix) && !value.is_empty())
        .collect()
}

/// The host's own variables of this process that are set.
#[must_use]
pub fn own() -> BTreeMap<String, OsString> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| name.starts_with(PREFIX) && !value.is_empty())
        .collect()
}

/// Name of the user, for audit and provenance.
pub const USER: &str = "USER";

/// The home directory, if there is one.
#[must_use]
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

#[cfg(test)]
mod tests {
    use super::{ALL, PREFIX};

    #[test]
    fn each_variable_is_listed_once_and_says_what_it_does() {
        for (index, variable) in ALL.iter().enumerate() {
            assert!(variable.meaning.ends_with('.'), "{variable:?}");
            assert!(ALL.iter().skip(index + 1).all(|other| other.name != variable.name), "{variable:?}");
        }
    }

    #[test]
    fn own_variables_are_sorted_for_the_reader() {
        let own: Vec<_> =
            ALL.iter().map(|variable| variable.name).filter(|name| name.starts_with(PREFIX)).collect();
        assert!(own.is_sorted());
    }
}
