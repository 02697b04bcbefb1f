//! The process of a run.

use std::io;
use std::process::{ExitStatus, Stdio};

use tokio::process::Command;
use tokio::sync::watch;

use super::{Phase, Waiting};
use crate::children;
use crate::journal::{End, RunError, State};
use crate::serve::Source;

/// Runs to the end; what is returned only counts where the process has not told it itself.
pub(super) async fn run(source: &dyn Source, run: &Waiting, mut phase: watch::Receiver<Phase>) -> End {
    let mut command = Command::from(source.prepare(&run.id, &run.request, &run.actor));
    // Nobody reads what it prints; the journal and the logs tell what becomes of it. A group of its own, so that what a
    // terminal tells the service does not end its runs at once.
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    match command.spawn() {
        Ok(mut child) => {
            let stop = async {
                // The sender lives as long as the service.
                let _ = phase.wait_for(|phase| *phase == Phase::Interrupting).await;
            };
            end(children::until(&mut child, stop).await)
        }
        Err(error) => end(Err(error)),
    }
}

/// The end of a process that began no run.
fn end(ended: io::Result<ExitStatus>) -> End {
    let failed = |message: String, exit_code| {
        let error = Some(RunError { code: "internal".to_owned(), message });
        End { state: State::Failed, exit_code, last_seen: None, error }
    };
    match ended {
        Err(error) => failed(format!("the process could not be started or watched: {error}"), None),
        Ok(status) => match status.code().and_then(|code| u8::try_from(code).ok()) {
            Some(code) => {
                failed("the process ended before the run began; see the log".to_owned(), Some(code))
            }
            None => End { state: State::Interrupted, exit_code: None, last_seen: None, error: None },
        },
    }
}
