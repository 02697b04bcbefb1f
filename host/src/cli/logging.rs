//! tracing to standard error and to `host.log`, which is begun anew when it is full.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Mutex;

use fs_err as fs;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::Context;
use crate::cli::arguments::{Global, LogFormat};
use crate::config;
use crate::durable;

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
    // The folder appears with the data root; before that there is nothing to log into.
    let folder = settings.log_directory();
    let file = (settings.logs_to_file() && folder.is_dir()).then(|| {
        let log = RotatingLog {
            path: folder.join("host.log"),
            limit_bytes: settings.log_rotation_bytes(),
            files: settings.max_log_files(),
        };
        let layer = tracing_subscriber::fmt::layer().with_writer(Mutex::new(log)).with_ansi(false);
        let layer = if json { layer.json().boxed() } else { layer.boxed() };
        layer.with_filter(settings.log_level())
    });
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry().with(console.with_filter(shown)).with(file).try_init();
}

fn anstream_stderr() -> Box<dyn Write> {
    Box::new(anstream::stderr())
}

/// A log file that is renamed to `host.log.1` and so on when it is full.
struct RotatingLog {
    path: PathBuf,
    limit_bytes: u64,
    files: usize,
}

impl RotatingLog {
    fn rotate(&self) -> io::Result<()> {
        let numbered = |number: usize| self.path.with_file_name(format!("host.log.{number}"));
        for number in (1..self.files.max(1)).rev() {
            let older = numbered(number);
            let newer = if number == 1 { self.path.clone() } else { numbered(number - 1) };
            if newer.is_file() {
                durable::rename(&newer, &older)?;
            }
        }
        if self.files <= 1 {
            durable::remove(&self.path)?;
        }
        Ok(())
    }
}

impl Write for RotatingLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let full = fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() >= self.limit_bytes);
        if full {
            self.rotate()?;
        }
        // Opened for each line: several processes share the file, and one of them may have rotated it.
        let mut file = fs::OpenOptions::new().append(true).create(true).open(&self.path)?;
        file.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
