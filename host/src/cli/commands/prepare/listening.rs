//! What a dataset tells while it is prepared, on its way into the journal.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use plugin_api::Level;

use super::recorder::Recorder;
use crate::journal::Event;
use crate::modules::worker::parent::Listener;

/// Between two words of progress of one dataset.
const PROGRESS_PAUSE: Duration = Duration::from_secs(1);

/// Passes on what a module tells, and writes the journal.
pub(super) struct Recorded<'r> {
    recorder: &'r Recorder,
    dataset: &'r str,
    listener: &'r dyn Listener,
    last_progress: Mutex<Option<Instant>>,
}

impl<'r> Recorded<'r> {
    pub(super) fn new(recorder: &'r Recorder, dataset: &'r str, listener: &'r dyn Listener) -> Self {
        Self { recorder, dataset, listener, last_progress: Mutex::new(None) }
    }

    fn is_time_for_progress(&self) -> bool {
        let Ok(mut last) = self.last_progress.lock() else { return false };
        let is_time = last.is_none_or(|last| last.elapsed() >= PROGRESS_PAUSE);
        if is_time {
            *last = Some(Instant::now());
        }
        is_time
    }
}

impl Listener for Recorded<'_> {
    fn log(&self, level: Level, text: &str) {
        let word = match level {
            Level::Error => Some("error"),
            Level::Warn => Some("warn"),
            Level::Info => Some("info"),
            Level::Debug | Level::Trace => None,
        };
        if let Some(word) = word {
            self.recorder.tell(|| Event::Log {
                level: word.to_owned(),
                dataset: Some(self.dataset.to_owned()),
                message: text.to_owned(),
            });
        }
        self.listener.log(level, text);
    }

    fn progress(&self, fraction: f64, doing: &str) {
        if self.is_time_for_progress() {
            self.recorder.tell(|| Event::Progress {
                dataset: self.dataset.to_owned(),
                fraction,
                doing: doing.to_owned(),
            });
        }
        self.listener.progress(fraction, doing);
    }

    fn stage(&self, stage: &'static str, seconds: f64) {
        self.recorder.tell(|| Event::Stage {
            dataset: self.dataset.to_owned(),
            stage: stage.to_owned(),
            seconds,
        });
        self.listener.stage(stage, seconds);
    }
}
