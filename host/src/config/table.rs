//! The table of settings, in one place.
//!
//! Invariants: the data root comes first, since defaults of other keys are below it; keys of a section stand together.

use super::keys::{DefaultValue, Key, StandsFor};
use super::value::{Grammar, Shape};
use crate::env_vars;
use crate::schedule::Period;

const fn switch(path: &'static str, default: bool, variable: &'static str, texts: [&'static str; 2]) -> Key {
    Key::new(path, Shape::Boolean, DefaultValue::Boolean(default), variable, texts)
}

const fn count(
    path: &'static str,
    (minimum, default, maximum): (u64, u64, u64),
    variable: &'static str,
    texts: [&'static str; 2],
) -> Key {
    Key::new(path, Shape::Integer { minimum, maximum }, DefaultValue::Integer(default), variable, texts)
}

const fn number(
    path: &'static str,
    (minimum, default, maximum): (f64, f64, f64),
    variable: &'static str,
    texts: [&'static str; 2],
) -> Key {
    Key::new(path, Shape::Number { minimum, maximum }, DefaultValue::Number(default), variable, texts)
}

const fn below_root(
    path: &'static str,
    default: &'static str,
    variable: &'static str,
    texts: [&'static str; 2],
) -> Key {
    Key::new(path, Shape::Path, DefaultValue::BelowDataRoot(default), variable, texts)
}

const fn choice(
    path: &'static str,
    words: &'static [&'static str],
    default: &'static str,
    variable: &'static str,
    texts: [&'static str; 2],
) -> Key {
    Key::new(path, Shape::Choice { words, synonyms: &[] }, DefaultValue::Word(default), variable, texts)
}

const fn recurrence(
    path: &'static str,
    period: Period,
    default: &'static str,
    variable: &'static str,
) -> Key {
    let shape = Shape::Text(Grammar::Recurrence(period));
    let texts = ["When the job is due.", "`serve` does it then, and `host schedule list` says when that is."];
    Key::new(path, shape, DefaultValue::Text(default), variable, texts)
}

/// Every setting, section by section.
pub const KEYS: &[Key] = &[
    Key::new(
        "framework.output_directory",
        Shape::Path,
        DefaultValue::BelowHome(".pbuf/data"),
        env_vars::PBUF_DATA_PREPARATION_OUTPUT_DIR,
        [
            "The data root: everything the host writes is below it unless another key moves a part of it.",
            "Every verb that reads or writes datasets opens this folder.",
        ],
    ),
    below_root(
        "framework.cache_directory",
        "cache",
        env_vars::PBUF_FRAMEWORK_CACHE_DIRECTORY,
        [
            "Where files that can be made again are kept.",
            "The cache of decompressed inputs and validation verdicts lives there; only files it made are ever removed.",
        ],
    ),
    below_root(
        "framework.log_directory",
        "logs",
        env_vars::PBUF_FRAMEWORK_LOG_DIRECTORY,
        [
            "Where logs and processing summaries are written.",
            "The log file, and the summaries of `transformations`, `errors` and `performance`, are written there.",
        ],
    ),
    switch(
        "processing.cache_enabled",
        true,
        env_vars::PBUF_DATA_PREPARATION_CACHE_ENABLED,
        [
            "Whether a recipe that has been run before is answered from the registry.",
            "When false, `prepare` derives again as with `--force`, and still demands the same bytes.",
        ],
    ),
    switch(
        "processing.parallel_processing",
        false,
        env_vars::PBUF_DATA_PREPARATION_PARALLEL_PROCESSING,
        [
            "Whether several datasets are prepared at the same time; the results are the same bytes either way.",
            "When true, `prepare` runs up to `processing.workers` derivations at once, as `--jobs` does.",
        ],
    ),
    Key::new(
        "processing.workers",
        Shape::Integer { minimum: 1, maximum: 1024 },
        DefaultValue::Processors,
        env_vars::PBUF_DATA_PREPARATION_WORKERS,
        [
            "How many datasets are prepared at the same time when parallel processing is on.",
            "The size of the pool `prepare` runs derivations in.",
        ],
    )
    .unit("workers"),
    number(
        "processing.max_memory_usage_gb",
        (0.0625, 8.0, 65_536.0),
        env_vars::PBUF_DATA_PREPARATION_MAX_MEMORY_GB,
        [
            "How much memory one derivation may use; 1 GB is 2^30 bytes here.",
            "The memory limit of the worker process; reaching it ends the derivation with exit code 15.",
        ],
    )
    .unit("GB"),
    count(
        "processing.chunk_size",
        (1, 10_000, 10_000_000),
        env_vars::PBUF_PROCESSING_CHUNK_SIZE,
        [
            "How many rows are handled at a time; never changes a result or a stored byte.",
            "Tables are read back, checked and exported in batches of so many rows.",
        ],
    )
    .unit("rows"),
    number(
        "processing.timeout_seconds",
        (0.001, 3600.0, 31_536_000.0),
        env_vars::PBUF_PROCESSING_TIMEOUT_SECONDS,
        [
            "How long one derivation may take.",
            "The worker process is ended after this time, with exit code 15.",
        ],
    )
    .unit("s"),
    count(
        "processing.max_input_size_bytes",
        (1, 1_000_000_000, 1_000_000_000_000_000),
        env_vars::PBUF_PROCESSING_MAX_INPUT_SIZE_BYTES,
        [
            "How large one input may be, before and after decompression.",
            "Ingest refuses a larger input with exit code 15 before reading it.",
        ],
    )
    .unit("bytes"),
    Key {
        in_found_project: false,
        ..choice(
            "processing.isolation",
            &["process", "in-process"],
            "process",
            env_vars::PBUF_PROCESSING_ISOLATION,
            [
                "Whether a module runs in a worker process of its own or inside the host.",
                "Chooses how `derive` calls the module; inside the host neither limits nor crashes are contained.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..choice(
            "processing.confinement",
            &["none", "partial", "full"],
            "none",
            env_vars::PBUF_PROCESSING_CONFINEMENT,
            [
                "How well a module must be confined to run at all: `full` demands every mechanism that the host knows.",
                "A worker that cannot be confined so far refuses to load the module; running inside the host counts as `none`.",
            ],
        )
    },
    switch(
        "processing.keep_going",
        true,
        env_vars::PBUF_PROCESSING_KEEP_GOING,
        [
            "Whether the remaining datasets are prepared after one has failed.",
            "When false, `prepare` stops at the first failure, as with `--fail-fast`.",
        ],
    ),
    choice(
        "validation.level",
        &["strict", "standard", "lenient"],
        "standard",
        env_vars::PBUF_VALIDATION_LEVEL,
        [
            "How severe a finding must be to keep a dataset from being registered.",
            "The level of the validation engine in `prepare` and `validate`, as with `--strict` and `--lenient`.",
        ],
    ),
    Key {
        stands_for: Some(StandsFor { key: "validation.level", when_true: "strict", when_false: "standard" }),
        ..Key::new(
            "validation.strict_mode",
            Shape::Boolean,
            DefaultValue::OfOther,
            env_vars::PBUF_VALIDATION_STRICT_MODE,
            [
                "Another way to write `validation.level`: `true` means `strict`, `false` means `standard`.",
                "Translated to `validation.level` while it is read; one file may give only one of the two.",
            ],
        )
    },
    switch(
        "validation.covariance_validation",
        true,
        env_vars::PBUF_VALIDATION_COVARIANCE_VALIDATION,
        [
            "Whether the matrices of a dataset are checked.",
            "Turns the matrix checks on: symmetry, positive definiteness, correlations, diagonal. The shape is always checked.",
        ],
    ),
    switch(
        "validation.physical_consistency_checks",
        true,
        env_vars::PBUF_VALIDATION_PHYSICAL_CONSISTENCY_CHECKS,
        [
            "Whether values are held against the ranges and allowed values of the module's contract.",
            "Turns the range checks of columns on. Types, units and finiteness are always checked.",
        ],
    ),
    number(
        "validation.numerical_precision_tolerance",
        (0.0, 1e-10, 1e-2),
        env_vars::PBUF_VALIDATION_NUMERICAL_PRECISION_TOLERANCE,
        [
            "The greatest relative difference between two numbers that ought to be equal.",
            "The limit in the checks of symmetry and of the diagonal against the squared uncertainties.",
        ],
    )
    .unit("relative"),
    Key::new(
        "logging.level",
        Shape::Choice {
            words: &["OFF", "ERROR", "WARNING", "INFO", "DEBUG", "TRACE"],
            synonyms: &[("WARN", "WARNING"), ("CRITICAL", "ERROR")],
        },
        DefaultValue::Word("INFO"),
        env_vars::PBUF_DATA_PREPARATION_LOG_LEVEL,
        [
            "The least severe message that is logged; `CRITICAL` counts as `ERROR`.",
            "The filter of the log file, and of the console unless `-v` or `-q` say otherwise.",
        ],
    ),
    switch(
        "logging.file_logging",
        true,
        env_vars::PBUF_LOGGING_FILE_LOGGING,
        ["Whether messages are also written to a file.", "Opens `processing.log` and `errors.log` in `framework.log_directory`."],
    ),
    switch(
        "logging.console_logging",
        true,
        env_vars::PBUF_LOGGING_CONSOLE_LOGGING,
        [
            "Whether messages are written to standard error; results and errors always are.",
            "Attaches the console writer of the log.",
        ],
    ),
    count(
        "logging.rotation_size_mb",
        (1, 100, 102_400),
        env_vars::PBUF_LOGGING_ROTATION_SIZE_MB,
        [
            "How large a log file grows before a new one is begun; 1 MB is 2^20 bytes here.",
            "The file is renamed to `processing.log.1` and so on before the message after it is full.",
        ],
    )
    .unit("MB"),
    count(
        "logging.max_log_files",
        (1, 10, 1000),
        env_vars::PBUF_LOGGING_MAX_LOG_FILES,
        [
            "How many files of each log are kept, the current one included.",
            "The oldest rotated file is removed when there are more.",
        ],
    )
    .unit("files"),
    count(
        "logging.retention_days",
        (1, 30, 36_500),
        env_vars::PBUF_LOGGING_RETENTION_DAYS,
        [
            "How long log files and processing summaries are kept after they were last written.",
            "The first `prepare` or recurring job of a day removes older ones.",
        ],
    )
    .unit("days"),
    count(
        "logging.run_retention_days",
        (1, 400, 36_500),
        env_vars::PBUF_LOGGING_RUN_RETENTION_DAYS,
        [
            "How long the journal keeps runs.",
            "The first `prepare` or recurring job of a day removes older ones; reports reach back as far, and are kept as long.",
        ],
    )
    .unit("days"),
    choice(
        "logging.format",
        &["text", "json"],
        "text",
        env_vars::PBUF_LOGGING_FORMAT,
        [
            "How a message is written: for people, or one JSON object a line.",
            "The formatter of the console and the log file, as with `--log-format`.",
        ],
    ),
    number(
        "fetch.timeout_seconds",
        (0.01, 30.0, 3600.0),
        env_vars::PBUF_FETCH_TIMEOUT_SECONDS,
        [
            "How long a server may stay silent.",
            "`fetch`, and whatever reads or writes objects, ends a connection that sends nothing for this long, and tries again.",
        ],
    )
    .unit("s"),
    count(
        "fetch.attempts",
        (1, 5, 100),
        env_vars::PBUF_FETCH_ATTEMPTS,
        [
            "How often one address of a file is tried when its server is busy or a connection is lost.",
            "`fetch` goes to the file's next mirror after so many attempts; an object is given up.",
        ],
    )
    .unit("attempts"),
    Key {
        in_found_project: false,
        ..Key::new(
            "serve.token_file",
            Shape::Path,
            DefaultValue::BelowAnyHome(".pbuf/serve-token"),
            env_vars::PBUF_SERVE_TOKEN_FILE,
            [
                "The file with the token that a request over HTTP must present to change anything; nobody else may read it.",
                "While there is no file at the default place, `serve` changes nothing and listens to this machine alone.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "serve.input_directories",
            Shape::PathList,
            DefaultValue::EmptyList,
            env_vars::PBUF_SERVE_INPUT_DIRECTORIES,
            [
                "Folders that the inputs of a run over HTTP may lie in, besides `raw` in the data root.",
                "`serve` refuses a run whose input lies elsewhere.",
            ],
        )
    },
    count(
        "serve.max_connections",
        (1, 512, 1_000_000),
        env_vars::PBUF_SERVE_MAX_CONNECTIONS,
        [
            "How many connections are served at the same time.",
            "`serve` answers further ones with 503, but for `/livez`, to which some more are kept.",
        ],
    )
    .unit("connections"),
    number(
        "serve.requests_per_second",
        (1.0, 2000.0, 1_000_000_000.0),
        env_vars::PBUF_SERVE_REQUESTS_PER_SECOND,
        ["How often one peer may ask.", "`serve` answers further requests with 429."],
    )
    .unit("requests/s"),
    number(
        "serve.head_seconds",
        (0.05, 10.0, 3600.0),
        env_vars::PBUF_SERVE_HEAD_SECONDS,
        [
            "How long the head of a request may take, and how long a connection may be silent.",
            "`serve` ends the connection then.",
        ],
    )
    .unit("s"),
    number(
        "serve.request_seconds",
        (0.05, 30.0, 3600.0),
        env_vars::PBUF_SERVE_REQUEST_SECONDS,
        [
            "How long a request may take, its body included.",
            "`serve` answers with 408 then, and ends the connection.",
        ],
    )
    .unit("s"),
    number(
        "serve.drain_seconds",
        (0.0, 60.0, 86_400.0),
        env_vars::PBUF_SERVE_DRAIN_SECONDS,
        [
            "How long runs may take to finish when the service is told to end.",
            "`serve` interrupts what still runs then; `host run resume` goes on with it.",
        ],
    )
    .unit("s"),
    count(
        "serve.concurrent_runs",
        (1, 2, 256),
        env_vars::PBUF_SERVE_CONCURRENT_RUNS,
        ["How many runs over HTTP go on at the same time.", "`serve` lets further ones wait."],
    )
    .unit("runs"),
    count(
        "serve.queued_runs",
        (0, 32, 10_000),
        env_vars::PBUF_SERVE_QUEUED_RUNS,
        ["How many runs over HTTP may wait.", "`serve` answers further ones with 503."],
    )
    .unit("runs"),
    switch(
        "registry.enabled",
        true,
        env_vars::PBUF_REGISTRY_ENABLED,
        [
            "Whether the registry may be written.",
            "When false, verbs that change the registry are refused, and `prepare` ends after validation and says so.",
        ],
    ),
    below_root(
        "registry.base_directory",
        "registry",
        env_vars::PBUF_REGISTRY_BASE_DIR,
        [
            "Where records, audit log and index are kept.",
            "The registry opens this folder; its lock lives there too.",
        ],
    ),
    below_root(
        "registry.manifest_file",
        "datasets_manifest.json",
        env_vars::PBUF_REGISTRY_MANIFEST_FILE,
        [
            "The manifest that says what a dataset's name means.",
            "A dataset's name is looked up there first, unless `--manifest` names another, then in the modules' catalogues.",
        ],
    ),
    switch(
        "registry.auto_register_derived",
        true,
        env_vars::PBUF_REGISTRY_AUTO_REGISTER_DERIVED,
        [
            "Whether a validated dataset is registered without being asked for.",
            "When false, `prepare` ends after validation, says so, and stores nothing.",
        ],
    ),
    Key {
        in_found_project: false,
        ..Key::new(
            "backup.repository",
            Shape::Path,
            DefaultValue::BelowAnyHome(".pbuf/backup"),
            env_vars::PBUF_BACKUP_REPOSITORY,
            [
                "Where snapshots are kept; best on another disk than the data root.",
                "Every verb of `backup` opens this folder, unless `--repository` names another; `health` looks at the age of the newest snapshot in it.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "backup.identity",
            Shape::Secret,
            DefaultValue::Nothing,
            env_vars::PBUF_BACKUP_IDENTITY,
            [
                "Where the key is that reads encrypted snapshots, one line that begins with `AGE-SECRET-KEY-`.",
                "`backup check`, `verify`, `drill`, `restore` and `registry repair` need it; making snapshots does not.",
            ],
        )
    },
    switch(
        "cache.enabled",
        true,
        env_vars::PBUF_CACHE_ENABLED,
        [
            "Whether decompressed inputs and validation verdicts are kept for the next run.",
            "When false, ingest and validate neither read nor write `framework.cache_directory`.",
        ],
    ),
    number(
        "cache.max_size_gb",
        (0.001, 10.0, 1_048_576.0),
        env_vars::PBUF_CACHE_MAX_SIZE_GB,
        [
            "How large the cache may grow; 1 GB is 2^30 bytes here.",
            "Room for a file is made before it is kept: the files used longest ago are removed.",
        ],
    )
    .unit("GB"),
    number(
        "cache.ttl_hours",
        (0.0, 24.0, 876_000.0),
        env_vars::PBUF_CACHE_TTL_HOURS,
        [
            "How long a cached file is used.",
            "An older file is made again, and removed at the end of the next `prepare`.",
        ],
    )
    .unit("h"),
    number(
        "cache.cleanup_threshold",
        (0.0, 0.8, 1.0),
        env_vars::PBUF_CACHE_CLEANUP_THRESHOLD,
        [
            "How full the cache is left after a clean-up, as a part of `cache.max_size_gb`.",
            "A clean-up removes files until no more than this part is in use.",
        ],
    ),
    Key {
        in_found_project: false,
        ..Key::new(
            "plugins.directories",
            Shape::PathList,
            DefaultValue::EmptyList,
            env_vars::PBUF_PLUGIN_PATH,
            [
                "Folders with modules; those of all layers are searched, the highest layer first.",
                "Discovery reads these before the user's folder and the folder of the executable, as with `--plugin-dir`.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "plugins.store",
            Shape::Path,
            DefaultValue::BelowAnyHome(".pbuf/plugins/installed"),
            env_vars::PBUF_PLUGINS_STORE,
            [
                "Where installed modules are kept.",
                "`plugin install` and its relatives write there; discovery reads it after `plugins.directories`.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "plugins.trusted_keys",
            Shape::Path,
            DefaultValue::BelowAnyHome(".pbuf/trusted-keys.json"),
            env_vars::PBUF_PLUGINS_TRUSTED_KEYS,
            [
                "The file with the keys whose signatures count.",
                "`trust` writes it; `plugin install` and every run of an installed module read it.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..choice(
            "plugins.trust",
            &["unsigned", "locked", "signed", "locked-signed"],
            "unsigned",
            env_vars::PBUF_PLUGINS_TRUST,
            [
                "How far a module must be vouched for to run at all; each word demands more than the one before.",
                "Every verb that runs a module refuses what is less trusted; `--trust` can demand more, never less.",
            ],
        )
    },
    number(
        "alerts.memory_percent",
        (0.0, 85.0, 100.0),
        env_vars::PBUF_ALERTS_MEMORY_PERCENT,
        [
            "How much of the memory may be in use before somebody should look.",
            "More is an alert of `health` and of the service, which is degraded then.",
        ],
    )
    .unit("%"),
    number(
        "alerts.disk_warning_percent",
        (0.0, 80.0, 100.0),
        env_vars::PBUF_ALERTS_DISK_WARNING_PERCENT,
        [
            "How much of the disk of the data root may be in use before somebody should look.",
            "More is an alert of `health` and of the service, which is degraded then.",
        ],
    )
    .unit("%"),
    number(
        "alerts.disk_percent",
        (0.0, 90.0, 100.0),
        env_vars::PBUF_ALERTS_DISK_PERCENT,
        [
            "How much of the disk of the data root may be in use before nothing can be relied on.",
            "More is an alert of `health`, which exits with 3, and of the service, which is unhealthy then.",
        ],
    )
    .unit("%"),
    number(
        "alerts.cpu_percent",
        (0.0, 90.0, 100.0),
        env_vars::PBUF_ALERTS_CPU_PERCENT,
        [
            "How much of the processor time may be in use before somebody should look.",
            "More is an alert of `health` and of the service, which is degraded then.",
        ],
    )
    .unit("%"),
    Key {
        in_found_project: false,
        ..Key::new(
            "alerts.webhook",
            Shape::Secret,
            DefaultValue::Nothing,
            env_vars::PBUF_ALERTS_WEBHOOK,
            [
                "Where the address is that alerts are posted to, as JSON with a member `text`; such an address is a secret.",
                "`alert` and `schedule` post there, the service every `alerts.check_minutes`; without it nothing is posted.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "alerts.mail_command",
            Shape::Command,
            DefaultValue::Nothing,
            env_vars::PBUF_ALERTS_MAIL_COMMAND,
            [
                "The command that a mail with an alert is given to, such as `[\"/usr/sbin/sendmail\", \"-t\"]`.",
                "`alert` and `schedule` run it, the service every `alerts.check_minutes`; without it no mail is sent.",
            ],
        )
    },
    Key {
        in_found_project: false,
        ..Key::new(
            "alerts.mail_to",
            Shape::Text(Grammar::Addresses),
            DefaultValue::Nothing,
            env_vars::PBUF_ALERTS_MAIL_TO,
            ["Who gets the mail.", "It stands in the head of the mail that `alerts.mail_command` is given."],
        )
    },
    count(
        "alerts.check_minutes",
        (1, 15, 1440),
        env_vars::PBUF_ALERTS_CHECK_MINUTES,
        [
            "How often the service looks whether there is something to tell.",
            "Without `alerts.webhook` and `alerts.mail_command` it does not look.",
        ],
    )
    .unit("min"),
    switch(
        "schedule.enabled",
        false,
        env_vars::PBUF_SCHEDULE_ENABLED,
        [
            "Whether the service does what recurs: `host schedule list` shows it.",
            "`serve` without `--read-only` does each job when it is due, and once what was due while it was down.",
        ],
    ),
    Key::new(
        "schedule.time_zone",
        Shape::Text(Grammar::TimeZone),
        DefaultValue::Text("UTC"),
        env_vars::PBUF_SCHEDULE_TIME_ZONE,
        [
            "The time zone of the times below.",
            "A time that does not exist on a day is as much later as the clock is put forward; of one that comes twice the first counts.",
        ],
    ),
    recurrence("schedule.daily", Period::Daily, "06:00", env_vars::PBUF_SCHEDULE_DAILY),
    recurrence("schedule.weekly", Period::Weekly, "sunday 03:00", env_vars::PBUF_SCHEDULE_WEEKLY),
    recurrence("schedule.monthly", Period::Monthly, "1 04:00", env_vars::PBUF_SCHEDULE_MONTHLY),
    recurrence("schedule.quarterly", Period::Quarterly, "1 05:00", env_vars::PBUF_SCHEDULE_QUARTERLY),
];
