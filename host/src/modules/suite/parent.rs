//! The host's side: a process for each check, and what became of it.

use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde::Serialize;

use super::{Answer, Request};
use crate::error::{Error, Kind, Result};
use crate::modules::worker::{frames, signal_name};
use crate::platform::{self, Cell, Limits, SealedFile};

/// How much of what a module prints is kept.
const PRINTED_LIMIT_BYTES: u64 = 16 << 10;

/// Its last words may still be on their way when a process has ended.
const MOMENT: Duration = Duration::from_millis(500);

/// One check and what it found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    /// Name of the check.
    pub check: String,
    /// Whether the module passes it.
    pub passed: bool,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
    /// Wall time.
    pub seconds: f64,
    /// Names of the examples that the library carries; none when the check did not get that far.
    #[serde(skip)]
    pub examples: Vec<String>,
}

/// Runs one check over a library.
///
/// # Errors
/// [`Kind::Incompatible`] when the library cannot be loaded at all, [`Kind::Internal`] when no process can be started.
pub fn check(library: &SealedFile, check: &str, limits: Limits) -> Result<Checked> {
    let started = Instant::now();
    let no_process = |error: io::Error| {
        Error::new(Kind::Internal, format!("cannot start a process for the check `{check}`"))
            .cause(crate::error::chain(&error))
            .hint("free some memory, or end other programs, and run `host plugin test` again")
    };
    // Dropped last, when the process that works in it is gone.
    let folder = tempfile::tempdir().map_err(no_process)?;
    // A name without links, for those who compare names.
    let path = fs_err::canonicalize(folder.path()).map_err(no_process)?;
    let (ours, theirs) = UnixStream::pair().map_err(no_process)?;
    let child = Command::new(platform::own_program().map_err(no_process)?)
        .arg0("host")
        .args([crate::modules::worker::VERB, super::VERB])
        .env_clear()
        .envs(["HOME", "TMPDIR"].map(|name| (name, path.as_path())))
        .current_dir(&path)
        .process_group(0)
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(no_process)?;
    let process = Process::new(child);
    let cell = Cell { limits, folder: path, host_process: std::process::id() };
    let request = Request { check: check.to_owned(), cell };
    let deadline = started + Duration::from_millis(limits.timeout_milliseconds);
    let answer = frames::send(&ours, &request, &[library.as_fd()])
        .and_then(|()| frames::receive::<Answer>(&ours, Some(deadline)));
    let time_is_up = Instant::now() >= deadline;
    let end = process.finish();
    let (faults, examples) = match answer {
        Ok(Some((Answer::Refused { message }, _))) => {
            return Err(Error::new(Kind::Incompatible, message)
                .hint("build the module anew, with the plugin-api of this host"));
        }
        Ok(Some((Answer::Done { faults, examples }, _))) => (faults, examples),
        Err(_) if time_is_up => {
            let seconds = Duration::from_millis(limits.timeout_milliseconds).as_secs_f64();
            (
                vec![format!("it did not end within {seconds} s; to allow more, give `--timeout SECONDS`")],
                vec![],
            )
        }
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            (vec![format!("the process sent a malformed answer: {error}")], Vec::new())
        }
        Ok(None) | Err(_) => (vec![end], Vec::new()),
    };
    let seconds = started.elapsed().as_secs_f64();
    Ok(Checked { check: check.to_owned(), passed: faults.is_empty(), faults, seconds, examples })
}

struct Process {
    child: Child,
    printed: mpsc::Receiver<String>,
}

impl Process {
    fn new(mut child: Child) -> Self {
        let (sender, printed) = mpsc::channel();
        if let Some(mut stderr) = child.stderr.take() {
            // Detached: a process that the module started may keep the pipe open for ever.
            std::thread::spawn(move || {
                let mut kept = Vec::new();
                let _ = (&mut stderr).take(PRINTED_LIMIT_BYTES).read_to_end(&mut kept);
                let _ = sender.send(String::from_utf8_lossy(&kept).into_owned());
                let _ = io::copy(&mut stderr, &mut io::sink());
            });
        }
        Self { child, printed }
    }

    /// Ends it and what it started, and says how it ended where it did so by itself.
    fn finish(mut self) -> String {
        let printed = self.printed.recv_timeout(MOMENT).unwrap_or_default();
        // Not reaped yet, so its number still stands for its group, which may be empty already.
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        // Where nothing forbids it the process may have left its group.
        let _ = self.child.kill();
        let how = match self.child.wait() {
            Ok(status) => match (status.signal(), status.code()) {
                (Some(signal), _) => {
                    format!("the process was ended by signal {signal}{}", signal_name(signal))
                }
                (None, code) => format!("the process ended with exit code {}", code.unwrap_or_default()),
            },
            Err(error) => format!("the process is lost: {error}"),
        };
        let printed: Vec<&str> = printed.trim().lines().take(5).collect();
        if printed.is_empty() { how } else { format!("{how}; it printed: {}", printed.join(" | ")) }
    }
}
