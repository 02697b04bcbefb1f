//! Every family: name, type, help, labels. The alert rules and the dashboard in `examples/deploy` are tested against it.

use super::exposition::{Family, Type};

const fn family(
    name: &'static str,
    kind: Type,
    labels: &'static [&'static str],
    help: &'static str,
) -> Family {
    Family { name, kind, help, labels }
}

macro_rules! families {
    ($($constant:ident = $name:literal, $kind:ident, [$($label:literal),*], $help:literal;)*) => {
        $(pub(super) const $constant: Family = family($name, Type::$kind, &[$($label),*], $help);)*

        /// Every family, in the order of the text.
        pub const ALL: &[Family] = &[$($constant),*];
    };
}

families! {
    BUILD = "host_build_info", Gauge, ["version", "api"], "Always 1; which host this is.";
    UP = "host_uptime_seconds", Gauge, [], "How long the service has been running.";
    HEALTH = "host_health_status", Gauge, ["status"], "1 for the verdict in force, 0 for the others.";
    CHECK = "host_check_status", Gauge, ["check"], "0 ok, 1 warning, 2 critical; absent where the system does not tell.";
    ALERTS = "host_alerts_active", Gauge, ["alert", "severity"], "1 for each alert of the health check.";
    DATASETS = "host_datasets", Gauge, ["state"], "Registered datasets by the state of their current version.";
    QUALITY = "host_dataset_quality_ratio", Gauge, ["dataset"], "Quality score that the module gave, 0 to 1.";
    ROWS = "host_dataset_rows", Gauge, ["dataset"], "Rows of all tables of the current version.";
    BYTES = "host_dataset_bytes", Gauge, ["dataset"], "Size of all content files of the current version.";
    REGISTERED = "host_dataset_last_success_timestamp_seconds", Gauge, ["dataset"], "When the current version was registered.";
    PLUGINS = "host_plugins", Gauge, ["trust"], "Modules that can run, by how far they are vouched for.";
    REFUSED = "host_plugins_refused", Gauge, ["reason"], "Modules that do not run because they changed, are untrusted or incompatible.";
    AUDIT = "host_audit_chain_valid", Gauge, [], "1 while every line of the audit log is what was written.";
    AUDIT_LINES = "host_audit_lines", Gauge, [], "Lines of the audit log.";
    BACKUP = "host_backup_last_success_timestamp_seconds", Gauge, [], "When the newest snapshot was made.";
    DRILL = "host_backup_last_drill_timestamp_seconds", Gauge, [], "When the last drill that went well was done.";
    BACKUP_BYTES = "host_backup_bytes", Gauge, [], "What all snapshots take on the disk.";
    JOB = "host_job_last_timestamp_seconds", Gauge, ["period"], "When each job that recurs was done last.";
    JOB_FAILED = "host_job_failed", Gauge, ["period"], "1 when something of the job failed the last time.";
    CERTIFIED = "host_certification_valid", Gauge, [], "1 while the newest certification counts; absent if there never was one.";
    CERTIFIED_UNTIL = "host_certification_expiry_timestamp_seconds", Gauge, [], "Until when the newest certification counts; absent where it certified nothing.";
    MEMORY = "host_memory_available_bytes", Gauge, [], "Memory that can still be had, of the machine or its control group.";
    MEMORY_USED = "host_memory_used_ratio", Gauge, [], "Memory in use, 0 to 1.";
    DISK = "host_disk_free_bytes", Gauge, [], "Room left where the data root is.";
    DISK_USED = "host_disk_used_ratio", Gauge, [], "Room in use where the data root is, 0 to 1.";
    CPU = "host_cpu_used_ratio", Gauge, [], "Processor time in use, 0 to 1.";
    LOAD = "host_load", Gauge, ["minutes"], "Mean number of processes that wanted to run.";
    LOGS = "host_log_bytes", Gauge, ["file"], "Size of each log file.";
    RUNS = "host_runs_total", Counter, ["outcome"], "Runs that have ended, by how.";
    RUNS_ACTIVE = "host_runs_active", Gauge, [], "Runs that are going on.";
    RUNS_WAITING = "host_queue_length", Gauge, [], "Runs that were taken on and have not begun.";
    RUN_SECONDS = "host_run_duration_seconds", Histogram, [], "How long runs took.";
    PROCESSED = "host_datasets_processed_total", Counter, ["plugin", "outcome"], "Datasets that runs were asked for, by what became of them.";
    DATASET_SECONDS = "host_dataset_duration_seconds", Histogram, ["plugin"], "How long it took to prepare a dataset.";
    STAGE_SECONDS = "host_stage_duration_seconds", Histogram, ["plugin", "stage"], "How long each stage took.";
    ERRORS = "host_errors_total", Counter, ["plugin", "error_code"], "Datasets that failed, by why.";
    RECORDS = "host_records_processed_total", Counter, ["plugin"], "Rows of prepared datasets.";
    READ = "host_run_read_bytes_total", Counter, ["plugin"], "Bytes of inputs.";
    WRITTEN = "host_run_written_bytes_total", Counter, ["plugin"], "Bytes of datasets that were registered anew.";
    FINDINGS = "host_validation_findings_total", Counter, ["plugin"], "Checks of validations that found something.";
    PEAK_MEMORY = "host_run_peak_memory_bytes", Gauge, ["plugin"], "Most memory that a worker had resident.";
    CACHE = "host_cache_requests_total", Counter, ["result"], "Whether a recipe was known (hit) or had to be derived (miss).";
    REQUESTS = "http_requests_total", Counter, ["route", "method", "code"], "Answers of the service.";
    REQUEST_SECONDS = "http_request_duration_seconds", Histogram, ["route"], "How long answers took.";
    PROCESS_CPU = "process_cpu_seconds_total", Counter, [], "Processor time that the service used.";
    PROCESS_MEMORY = "process_resident_memory_bytes", Gauge, [], "Memory that the service has resident.";
    PROCESS_FILES = "process_open_fds", Gauge, [], "Files and connections that the service has open.";
    PROCESS_MOST_FILES = "process_max_fds", Gauge, [], "The most that it may have open.";
    LEFT_OUT = "host_metrics_left_out", Gauge, [], "Samples that are not shown because their family has too many.";
}
