//! Processes of the host's own command line that a service starts, watches and ends.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

/// How long a process that was told to end may take before it is killed.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for the end of a process; it is told to end when `stop` is over first.
///
/// # Errors
/// Any failure of a system call.
pub(crate) async fn until(child: &mut Child, stop: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    tokio::select! {
        ended = child.wait() => return ended,
        () = stop => terminate(child)?,
    }
    if let Ok(ended) = tokio::time::timeout(PATIENCE, child.wait()).await {
        return ended;
    }
    child.start_kill()?;
    child.wait().await
}

/// Nobody has waited for the child yet, so the number is its own.
fn terminate(child: &Child) -> io::Result<()> {
    let process = child.id().and_then(|number| Pid::from_raw(i32::try_from(number).ok()?));
    match process {
        Some(process) => Ok(kill_process(process, Signal::TERM)?),
        None => Ok(()),
    }
}
