//! The end of a run whose process was told to end, as that process itself tells it.

use super::Journal;
use super::end::{End, State};
use super::event::{RunError, Trigger};
use super::record::Folding;
use super::run::Run;
use crate::error::{Error, Kind};
use crate::signals::Signal;

impl Journal {
    /// Ends a run of this process, and gives what is to be said of it.
    pub(crate) fn interrupt(&self, run: Run, signal: Signal) -> Error {
        let folding = self.fold(run.id()).ok().flatten();
        let mut error = Error::new(Kind::Interrupted, far(folding.as_ref()));
        error = error.cause(cause(folding.as_ref(), signal));
        error = match folding.as_ref().map_or(Ok(()), |folding| folding.request().demand_repeatable()) {
            Ok(()) => error.hint(format!("go on with `host run resume {}`", run.id())),
            Err(not) => Error { hints: not.hints, ..error },
        };
        // A service that ends has decided nothing about what it was asked for.
        let is_decided = folding
            .as_ref()
            .is_none_or(|folding| folding.cancelled_by().is_some() || folding.trigger() == Trigger::Cli);
        run.end(End {
            state: if is_decided { State::Cancelled } else { State::Interrupted },
            exit_code: Some(Kind::Interrupted.exit_code()),
            last_seen: None,
            error: Some(RunError::from(&error)),
        });
        error
    }
}

/// How far it came.
fn far(folding: Option<&Folding>) -> String {
    match folding.map(Folding::counts) {
        Some(counts) if counts.planned > 0 => {
            let registered = counts.prepared + counts.cached;
            let left = counts.planned.saturating_sub(registered);
            format!("interrupted: {registered} of {} datasets registered, {left} not", counts.planned)
        }
        _ => "interrupted before anything was registered".to_owned(),
    }
}

fn cause(folding: Option<&Folding>, signal: Signal) -> String {
    match (folding.and_then(Folding::cancelled_by), signal) {
        (Some(actor), _) => format!("cancelled by {actor}"),
        (None, Signal::Interrupt) => "cancelled by Ctrl-C".to_owned(),
        (None, Signal::Terminate) => "told to end".to_owned(),
    }
}
