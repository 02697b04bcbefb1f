//! What a running module tells, on its way to the terminal and the log.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use plugin_api::Level;

use crate::cli::output::plain;
use crate::modules::worker::parent::Listener;

/// What finishes sooner shows no bar.
const PATIENCE: Duration = Duration::from_millis(300);

/// A progress bar on a terminal, nothing elsewhere; log lines go into the host's tracing either way.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    dataset: String,
    started: Instant,
    wanted: bool,
}

impl Progress {
    pub(super) fn new(dataset: &str, wanted: bool) -> Self {
        let bar = ProgressBar::with_draw_target(Some(1000), ProgressDrawTarget::hidden());
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:30} {percent:>3} % {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(dataset.to_owned());
        let wanted = wanted && std::io::stderr().is_terminal();
        Self { bar, dataset: dataset.to_owned(), started: Instant::now(), wanted }
    }

    /// Shows also how far the batch is that the dataset is one of.
    pub(super) fn within(self, batch: &str) -> Self {
        self.bar.set_prefix(format!("{batch}: {}", self.dataset));
        self
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Listener for Progress {
    fn log(&self, level: Level, text: &str) {
        let dataset = self.dataset.as_str();
        match level {
            Level::Error => tracing::error!(dataset, "{text}"),
            Level::Warn => tracing::warn!(dataset, "{text}"),
            Level::Info => tracing::info!(dataset, "{text}"),
            Level::Debug => tracing::debug!(dataset, "{text}"),
            Level::Trace => tracing::trace!(dataset, "{text}"),
        }
    }

    fn progress(&self, fraction: f64, doing: &str) {
        if self.wanted && self.bar.is_hidden() && self.started.elapsed() > PATIENCE {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        // A fraction is between 0 and 1, so the product fits.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
        self.bar.set_position((fraction.clamp(0.0, 1.0) * 1000.0) as u64);
        self.bar.set_message(plain(doing));
        tracing::trace!(dataset = self.dataset.as_str(), fraction, doing, "progress");
    }
}
