//! tracing to standard error and to the log files.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Mutex;

use tracing_subscriber::filter::{FilterExt, FilterFn, LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use crate::cli::Context;
use crate::cli::arguments::{Global, LogFormat};
use crate::config::{self, Settings};
use crate::logs::{self, RotatingFile};

/// Target of what the command itself says on standard output or standard error: it goes into the files only.
pub(super) const FILES_ONLY: &str = "host::files";

/// Starts logging. `-v` and `-q` change what is shown on standard error, never what goes into the file.
pub(super) fn start(global: &Global, context: &Context) {
    let settings = &context.settings;
    let shown = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (_, 0) => LevelFilter::WARN,
        (_, 1) => LevelFilter::INFO,
        (_, 2) => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let shown = if settings.logs_to_console() || global.verbose > 0 { shown } else { LevelFilter::OFF };
    let json = match global.log_format {
        Some(format) => format == LogFormat::Json,
        None => settings.log_format() == config::LogFormat::Json,
    };
    let console = tracing_subscriber::fmt::layer().with_writer(anstream_stderr).with_target(false);
    let console = if json { console.json().boxed() } else { console.without_time().compact().boxed() };
    let mut layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
        vec![console.with_filter(shown.and(for_console())).boxed()];
    let folder = settings.log_directory();
    if settings.logs_to_file() {
        let level = settings.log_level();
        for (path, level) in
            [(logs::processing(folder), level), (logs::errors(folder), level.min(LevelFilter::WARN))]
        {
            let writer = Mutex::new(rotating(settings, path));
            let file =
                tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false).with_target(false);
            let file = if json { file.json().boxed() } else { file.boxed() };
            layers.push(file.with_filter(level).boxed());
        }
    }
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(layers).try_init();
}

fn for_console() -> FilterFn {
    filter_fn(|metadata| metadata.target() != FILES_ONLY)
}

/// A log file as the settings want it.
pub(super) fn rotating(settings: &Settings, path: PathBuf) -> RotatingFile {
    RotatingFile { path, limit_bytes: settings.log_rotation_bytes(), files: settings.max_log_files() }
}

fn anstream_stderr() -> Box<dyn Write> {
    Box::new(anstream::stderr())
}
