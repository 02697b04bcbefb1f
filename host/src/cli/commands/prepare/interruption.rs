//! What happens when somebody presses Ctrl-C, or tells the process to end: it says so, on the terminal and in the
//! journal, and takes away what is half made. The registry can bear that a process is killed at any moment, so nobody is
//! asked to stop first.

use std::io::{self, IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Signal as Deadly, getpid, kill_process};

use crate::cli::logging::FILES_ONLY;
use crate::cli::output::Printer;
use crate::durable;
use crate::error::{Error, Kind, Result};
use crate::journal::{Journal, Run};
use crate::signals::{Signal, Signals};

/// How long the telling may take, where a disk or a terminal does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A run that goes on; nothing when it has ended.
pub(super) type Going = Arc<Mutex<Option<Run>>>;

/// From now on this process ends a run that goes on before it ends itself. Without a listener, or told a second time, it
/// is killed like any other.
pub(super) fn listen(going: &Going, journal: &Journal, printer: &Printer) {
    let ending = Ending { going: Arc::clone(going), journal: journal.clone(), printer: printer.clone() };
    if let Err(error) = ending.listen() {
        tracing::debug!("this run will not tell how it was interrupted: {error}");
    }
}

struct Ending {
    going: Going,
    journal: Journal,
    printer: Printer,
}

impl Ending {
    fn listen(self) -> Result<()> {
        let internal =
            |error: io::Error| Error::new(Kind::Internal, "cannot wait for signals").cause(error.to_string());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(internal)?;
        let mut signals = runtime.block_on(async { Signals::listen() })?;
        let waiting = move || {
            let signal = runtime.block_on(signals.next());
            let told = std::thread::Builder::new().spawn(move || self.end(signal));
            if told.is_ok() {
                let _ = runtime.block_on(async { tokio::time::timeout(PATIENCE, signals.next()).await });
            }
            let _ = kill_process(getpid(), Deadly::KILL);
        };
        std::thread::Builder::new().spawn(waiting).map(drop).map_err(internal)
    }

    fn end(self, signal: Signal) {
        // Held until the end: whoever of the others wants to tell what became of it waits here.
        let mut going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        // One that has ended is being reported, and that is over soon.
        let Some(run) = going.take() else { return };
        let error = self.journal.interrupt(run, signal);
        tracing::error!(target: FILES_ONLY, exit_code = error.kind.exit_code(), "{error}");
        durable::abandon_staged();
        // No bar is drawn any more.
        let mut stderr = io::stderr().lock();
        if stderr.is_terminal() {
            let _ = stderr.write_all(b"\r\x1b[2K");
        }
        std::process::exit(self.printer.error(&error).into());
    }
}
