//! What happens when somebody presses Ctrl-C, or tells the process to end: it says so, on the terminal and in the
//! journal, and takes away what is half made. The registry can bear that a process is killed at any moment, so nobody is
//! asked to stop first.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Signal as Deadly, getpid, kill_process};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::logging::FILES_ONLY;
use crate::cli::output::Printer;
use crate::durable;
use crate::journal::{Journal, Run};
use crate::signals::Signal;

/// How long the telling may take, where a disk or a terminal does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// How soon a signal is noticed.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

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
    /// A flag and a thread that looks at it: there may be no descriptor left for more.
    fn listen(self) -> io::Result<()> {
        let (told, which) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for (number, signal) in [(SIGTERM, Signal::Terminate), (SIGINT, Signal::Interrupt)] {
            // In this order: what comes first finds nothing set yet, and ends nothing.
            flag::register_conditional_default(number, Arc::clone(&told))?;
            flag::register_usize(number, Arc::clone(&which), signal as usize)?;
            flag::register(number, Arc::clone(&told))?;
        }
        let waiting = move || {
            while !told.load(Ordering::SeqCst) {
                std::thread::sleep(LOOK_AGAIN);
            }
            let interrupt = which.load(Ordering::SeqCst) == Signal::Interrupt as usize;
            let signal = if interrupt { Signal::Interrupt } else { Signal::Terminate };
            if std::thread::Builder::new().spawn(move || self.end(signal)).is_ok() {
                std::thread::sleep(PATIENCE);
            }
            let _ = kill_process(getpid(), Deadly::KILL);
        };
        std::thread::Builder::new().spawn(waiting).map(drop)
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
