//! Stopping a run that another process does.
//!
//! The registry can bear that a process is killed at any moment, so there is nothing to ask for: the request is written
//! down and the process is told to end. It writes the END itself, or where it is killed whoever waited for it.

use std::time::Duration;

use serde::Serialize;

use super::Journal;
use super::end::State;
use super::event::Event;
use super::id::RunId;
use super::record::RunSummary;
use super::run::line;
use crate::durable::{self, LineLog};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::platform::{self, OtherProcess};

/// What became of a run that was to be stopped.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cancelled {
    /// The run, which is over. It may have completed just before it was told.
    pub run: RunSummary,
}

/// How a run is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It is told to.
    Told,
    /// Its process is killed.
    Killed,
}

impl Journal {
    /// Stops a run and waits for its end, up to `patience`; gives up one that was interrupted.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there is no such run or it is over, [`Kind::Locked`] when its process cannot be told from here
    /// or does not end, [`Kind::Storage`] when the journal cannot be written.
    pub fn cancel(&self, id: &RunId, actor: &str, patience: Duration) -> Result<Cancelled> {
        self.stop(id, actor, Ending::Told, patience)
    }

    /// The same in either way.
    ///
    /// # Errors
    /// As [`Journal::cancel`].
    pub fn stop(&self, id: &RunId, actor: &str, ending: Ending, patience: Duration) -> Result<Cancelled> {
        let run = self.read(id)?;
        let over = |run: RunSummary| {
            Error::new(Kind::Usage, format!("run `{id}` is over: {}", run.state.word()))
                .hint(format!("run `host run show {id}` to see what it did"))
        };
        let request = || line(Event::CancelRequested { actor: actor.to_owned() });
        if run.summary.state == State::Interrupted {
            durable::append_line(&self.file(id), &request()).storage("write that the run is given up")?;
            return Ok(Cancelled { run: self.read(id)?.summary });
        }
        if run.summary.state != State::Running {
            return Err(over(run.summary));
        }
        let refuse = |why: String| {
            Error::new(Kind::Locked, format!("run `{id}` cannot be stopped from here"))
                .cause(why)
                .hint(format!("end process {} where it runs", run.process))
        };
        if run.place != platform::place() {
            return Err(refuse("it runs on another machine, or in another container".to_owned()));
        }
        let system = |error: std::io::Error| refuse(error.to_string());
        let process = OtherProcess::of(run.process).map_err(system)?;
        // The file says which process owns it, and the owner lives: so that number was its own when it was looked up.
        let owned = LineLog::is_owned(&self.file(id)).storage("look at the run")?;
        let Some(process) = process.filter(|_| owned) else { return Err(over(self.read(id)?.summary)) };
        durable::append_line(&self.file(id), &request()).storage("write the request to stop")?;
        match ending {
            Ending::Told => process.terminate(),
            Ending::Killed => process.kill(),
        }
        .map_err(system)?;
        if !process.ends_within(patience) {
            return Err(refuse(format!(
                "it was told to end and has not within {} s",
                patience.as_secs_f64()
            )));
        }
        Ok(Cancelled { run: self.read(id)?.summary })
    }
}
