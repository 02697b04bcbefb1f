//! Ending runs whose process was killed.

use std::io;
use std::time::Duration;

use super::Journal;
use super::event::{Event, Line};
use super::id::RunId;
use super::record::Folding;
use super::run::line;
use crate::durable::LineLog;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::registry::Lock;

/// How long to wait for others who end runs, which takes each of them milliseconds.
const WAIT: Duration = Duration::from_secs(10);

/// What a run without an end is.
pub(super) enum Settled {
    /// Its process lives.
    Running,
    /// It has an end: its own, or one that was written now.
    Ended,
}

impl Journal {
    /// Gives a run an end if its process is gone and nobody else has done so.
    pub(super) fn settle(&self, id: &RunId) -> Result<Settled> {
        // Several who look take turns, so that one of them writes.
        let _turn = Lock::on(&self.folder.join(".lock"), "the run journal", WAIT)?;
        let path = self.file(id);
        let Some(log) = LineLog::open_abandoned(&path).storage("open the run")? else {
            return Ok(Settled::Running);
        };
        if let Some(folding) = self.fold(id)?.filter(|folding| !folding.has_ended()) {
            log.append_durably(&line(Event::End(folding.end_of_the_killed()))).storage("end the run")?;
        }
        Ok(Settled::Ended)
    }

    /// The same for who looks and may not write: whether the process is gone.
    pub(super) fn is_abandoned(&self, id: &RunId) -> io::Result<bool> {
        LineLog::is_owned(&self.file(id)).map(|owned| !owned)
    }

    /// The lines of a run, put together; nothing if its process has not come so far as to say that it begins.
    pub(super) fn fold(&self, id: &RunId) -> Result<Option<Folding>> {
        let mut folding: Option<Folding> = None;
        let mut damaged = false;
        self.for_each_line(id, |line| match (&mut folding, line) {
            (Some(folding), line) => folding.line(line),
            (None, Some(Line { time, event: Event::Start(start) })) => {
                folding = Some(Folding::new(time, *start));
            }
            (None, _) => damaged = true,
        })?;
        if folding.is_none() && damaged {
            let path = self.file(id);
            return Err(Error::new(Kind::Corrupt, format!("`{}` is not the file of a run", path.display()))
                .cause("it does not begin with a START")
                .hint("remove the file: no dataset depends on it"));
        }
        Ok(folding)
    }
}
