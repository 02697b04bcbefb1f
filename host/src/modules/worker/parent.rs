//! The host's side: start a worker, hand over descriptors, listen until DONE or the deadline, then end it.

use std::cmp::Ordering;
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use plugin_api::{Level, ModuleError};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};

use crate::error::{Error, Kind, Result};
use crate::modules::worker::frames::{self, Frame, Parts, Request};
use crate::platform::{Confinement, Limits, MemoryFile, SealedFile};

/// After its time is up a module has this long to stop by itself.
const GRACE: Duration = Duration::from_secs(1);

/// How much of what a module prints is kept for the error message.
const PRINTED_LIMIT_BYTES: u64 = 16 << 10;

/// Log lines of one derivation that are passed on; a module that writes more has lost its reader.
const LOG_LIMIT_LINES: u32 = 1000;

/// Where log lines and progress of a module go.
pub trait Listener: Send + Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);
    /// Fraction done and what is being done.
    fn progress(&self, fraction: f64, doing: &str);
}

/// What a worker returned: parts of a sealed file, not yet looked at.
#[derive(Debug)]
pub struct Answer {
    /// The result file.
    pub file: SealedFile,
    /// What stands where in it.
    pub parts: Parts,
    /// What confined the worker.
    pub confinement: Confinement,
}

/// Runs one derivation in a fresh worker.
///
/// # Errors
/// [`Kind::PluginCrashed`], [`Kind::Limit`], [`Kind::Incompatible`], or what the module said, each naming the module.
pub fn derive(
    module_id: &str,
    library: &SealedFile,
    inputs: &[&SealedFile],
    request: &Request,
    listener: &dyn Listener,
) -> Result<Answer> {
    let no_worker = |error: io::Error| {
        Error::new(Kind::Internal, format!("cannot start a worker for module `{module_id}`"))
            .cause(crate::error::chain(&error))
            .hint("to run the module inside this process, give `--isolation in-process`")
    };
    if !frames::fits(request, 2 + inputs.len()) {
        return Err(Error::new(
            Kind::Limit,
            format!("the parameters and inputs for module `{module_id}` are too many for one derivation"),
        )
        .cause(format!(
            "the limits are {} of parameters and {} inputs",
            crate::text::bytes(frames::FRAME_LIMIT_BYTES as u64),
            frames::DESCRIPTOR_LIMIT - 2
        )));
    }
    let result = MemoryFile::create("result").map_err(no_worker)?;
    let mut worker = Worker::start(request.limits).map_err(no_worker)?;
    let mut descriptors = vec![library.as_fd(), result.as_fd()];
    descriptors.extend(inputs.iter().map(|input| input.as_fd()));
    let outcome = match frames::send(&worker.socket, request, &descriptors) {
        Ok(()) => worker.listen(listener),
        Err(error) => Outcome::Silence(Some(error)),
    };
    let end = worker.finish();
    let (parts, confinement) = outcome.resolve(module_id, &request.limits, &end)?;
    // No process of the worker's group is left, so nobody can write any more.
    let file = result.seal().map_err(|error| {
        Error::new(Kind::PluginCrashed, format!("module `{module_id}` keeps its result open for writing"))
            .cause(error.to_string())
    })?;
    Ok(Answer { file, parts, confinement })
}

struct Worker {
    child: Child,
    socket: UnixStream,
    printed: Option<Receiver<String>>,
    deadline: Instant,
}

struct End {
    status: io::Result<ExitStatus>,
    /// Whether it had ended before it was killed.
    left_by_itself: bool,
    time_was_up: bool,
    printed: Option<Receiver<String>>,
}

impl End {
    /// What the module printed. Its last lines may still be on their way when it dies.
    fn printed(&self) -> String {
        let patience = Duration::from_millis(500);
        self.printed.as_ref().and_then(|printed| printed.recv_timeout(patience).ok()).unwrap_or_default()
    }
}

enum Outcome {
    Done { parts: Parts, confinement: Confinement },
    Failed(ModuleError),
    Refused(String),
    OutOfMemory,
    TimeIsUp,
    Garbage(io::Error),
    Silence(Option<io::Error>),
}

impl Worker {
    fn start(limits: Limits) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut child = Command::new(std::env::current_exe()?)
            .arg(super::VERB)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let printed = child.stderr.take().map(|stderr| {
            let (sender, receiver) = mpsc::channel();
            // Detached: a process that the module started may keep the pipe open for ever.
            std::thread::spawn(move || keep_first(stderr, &sender));
            receiver
        });
        let now = Instant::now();
        let time = Duration::from_millis(limits.timeout_milliseconds).saturating_add(GRACE);
        let deadline = now.checked_add(time).unwrap_or(now + Duration::from_hours(24 * 365));
        Ok(Self { child, socket: ours, printed, deadline })
    }

    fn listen(&self, listener: &dyn Listener) -> Outcome {
        let mut confinement = Confinement::default();
        let mut ready = false;
        let mut lines = 0_u32;
        loop {
            if !self.frame_is_coming() {
                return Outcome::Silence(None);
            }
            let frame = match frames::receive::<Frame>(&self.socket, Some(self.deadline)) {
                Ok(Some((frame, _))) => frame,
                Ok(None) => return Outcome::Silence(None),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Outcome::TimeIsUp,
                    io::ErrorKind::InvalidData => return Outcome::Garbage(error),
                    io::ErrorKind::Interrupted => continue,
                    _ => return Outcome::Silence(Some(error)),
                },
            };
            match frame {
                // Later ones come from the module.
                Frame::Ready { confinement: applied } if !ready => {
                    ready = true;
                    confinement = applied;
                }
                Frame::Ready { .. } => {}
                Frame::OutOfMemory => return Outcome::OutOfMemory,
                Frame::Log { level, text } => {
                    lines = lines.saturating_add(1);
                    match lines.cmp(&LOG_LIMIT_LINES) {
                        Ordering::Less => listener.log(level_of(level), &text),
                        Ordering::Equal => {
                            listener.log(Level::Warn, "further log lines of the module are dropped");
                        }
                        Ordering::Greater => {}
                    }
                }
                Frame::Progress { fraction, doing } => listener.progress(fraction, &doing),
                Frame::Failed { error } => return Outcome::Failed(error),
                Frame::Refused { message } => return Outcome::Refused(message),
                Frame::Done { parts } => return Outcome::Done { parts, confinement },
            }
        }
    }

    /// Its process, which is also its group.
    fn process(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Waits for the next frame, the deadline, or the end of the worker, whose socket another process may keep open.
    fn frame_is_coming(&self) -> bool {
        let process = self.process();
        let slice = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
        while Instant::now() < self.deadline {
            let ended = process.is_some_and(has_ended);
            let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
            // What it sent before it ended is still there to be read.
            match poll(&mut sockets, Some(if ended { &Timespec { tv_sec: 0, tv_nsec: 0 } } else { &slice })) {
                Ok(0) if ended => return false,
                Ok(0) | Err(Errno::INTR) => {}
                Ok(_) | Err(_) => return true,
            }
        }
        true
    }

    /// Ends the worker and everything that it started. A worker that went silent gets a moment to die of its own
    /// cause, so that the message can name it.
    fn finish(&mut self) -> End {
        let time_was_up = Instant::now() + GRACE >= self.deadline;
        let process = self.process();
        let mut left_by_itself = process.is_some_and(has_ended);
        let patience = Instant::now() + Duration::from_millis(200);
        while !left_by_itself && self.peer_is_gone() && Instant::now() < patience {
            std::thread::yield_now();
            left_by_itself = process.is_some_and(has_ended);
        }
        // The worker is not reaped yet, so its number still stands for its group; the group may be empty already.
        let _ = process.map(|group| kill_process_group(group, Signal::KILL));
        let status = self.child.wait();
        // The others die when the kernel gets round to it; when this returns none of them is left.
        let patience = Instant::now() + Duration::from_secs(2);
        while process.is_some_and(|group| test_kill_process_group(group).is_ok()) && Instant::now() < patience
        {
            std::thread::yield_now();
        }
        End { status, left_by_itself, time_was_up, printed: self.printed.take() }
    }

    fn peer_is_gone(&self) -> bool {
        self.socket.set_nonblocking(true).is_ok() && matches!((&self.socket).read(&mut [0]), Ok(0))
    }
}

/// Whether a process has ended, without reaping it.
fn has_ended(process: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(process), options), Ok(Some(_)))
}

fn level_of(level: u32) -> Level {
    match level {
        0 => Level::Error,
        1 => Level::Warn,
        2 => Level::Info,
        3 => Level::Debug,
        _ => Level::Trace,
    }
}

/// Reads to the end, so that a module that prints much is not stopped by a full pipe, and keeps the first part.
fn keep_first(mut stderr: impl Read, sender: &mpsc::Sender<String>) {
    let mut kept = Vec::new();
    let _ = (&mut stderr).take(PRINTED_LIMIT_BYTES).read_to_end(&mut kept);
    // Nobody waits for it when the derivation went well.
    let _ = sender.send(String::from_utf8_lossy(&kept).into_owned());
    let _ = io::copy(&mut stderr, &mut io::sink());
}

impl Outcome {
    fn resolve(self, id: &str, limits: &Limits, end: &End) -> Result<(Parts, Confinement)> {
        match self {
            Self::Done { parts, confinement } => Ok((parts, confinement)),
            Self::TimeIsUp => Err(timed_out(id, limits)),
            Self::OutOfMemory => Err(out_of_memory_error(id, limits)),
            Self::Failed(ModuleError::Cancelled) if !end.time_was_up => {
                Err(crashed(id, "stopped as if it had been cancelled, which it was not", ""))
            }
            Self::Failed(error) => Err(module_error(id, limits, error)),
            Self::Refused(message) => Err(Error::new(Kind::Incompatible, message)),
            Self::Garbage(error) => {
                Err(crashed(id, "sent a malformed answer", &end.printed()).cause(error.to_string()))
            }
            Self::Silence(error) => {
                let mut silence = silence(id, limits, end);
                silence.causes.extend(error.map(|error| error.to_string()));
                Err(silence)
            }
        }
    }
}

/// The error for a worker that ended without an answer.
fn silence(id: &str, limits: &Limits, end: &End) -> Error {
    let printed = end.printed();
    let out_of_memory = printed.contains("memory allocation of");
    let status = end.status.as_ref().ok();
    let signal = status.and_then(ExitStatusExt::signal);
    if out_of_memory || signal == Some(Signal::XFSZ.as_raw()) {
        return out_of_memory_error(id, limits);
    }
    let how = match (signal, status.and_then(ExitStatus::code)) {
        _ if !end.left_by_itself => "closed its connection to the host without returning a result".to_owned(),
        (Some(signal), _) => format!("was ended by signal {signal}{}", signal_name(signal)),
        (None, Some(code)) => format!("ended with exit code {code} without returning a result"),
        (None, None) => "ended without returning a result".to_owned(),
    };
    crashed(id, &how, &printed)
}

fn out_of_memory_error(id: &str, limits: &Limits) -> Error {
    let limit = crate::text::bytes(limits.memory_bytes);
    Error::new(Kind::Limit, format!("module `{id}` needs more memory than its limit of {limit}"))
        .hint("to allow more, give `--max-memory SIZE`")
}

fn crashed(id: &str, how: &str, printed: &str) -> Error {
    let mut error = Error::new(Kind::PluginCrashed, format!("module `{id}` {how}"));
    let printed = printed.trim();
    if !printed.is_empty() {
        let lines: Vec<&str> = printed.lines().take(5).collect();
        error = error.cause(format!("it printed: {}", lines.join(" | ")));
    }
    error.hint("report this to the module's author; nothing was registered")
}

fn signal_name(signal: i32) -> &'static str {
    match signal {
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        _ => "",
    }
}

fn timed_out(id: &str, limits: &Limits) -> Error {
    let seconds = Duration::from_millis(limits.timeout_milliseconds).as_secs_f64();
    Error::new(Kind::Limit, format!("module `{id}` did not finish within {seconds} s"))
        .hint("to allow more, give `--timeout SECONDS`")
}

/// Translates what a module said. It is cancelled only when its time is up.
#[must_use]
pub fn module_error(id: &str, limits: &Limits, error: ModuleError) -> Error {
    match error {
        ModuleError::Cancelled => timed_out(id, limits),
        ModuleError::BadInput(ref fault) | ModuleError::BadParameter(ref fault) => {
            let hint = fault.hint.clone();
            Error::new(Kind::BadInput, error.to_string())
                .hint(hint.unwrap_or_else(|| format!("`host plugin info {id}` says what it expects")))
        }
        ModuleError::LimitExceeded { .. } => Error::new(Kind::Limit, format!("module `{id}`: {error}")),
        ModuleError::Panic { message, location } => {
            Error::new(Kind::PluginCrashed, format!("module `{id}` panicked: {message}"))
                .cause(format!("at {location}"))
                .hint("report this to the module's author; nothing was registered")
        }
        other => Error::new(Kind::PluginCrashed, format!("module `{id}` failed: {other}"))
            .hint("report this to the module's author; nothing was registered"),
    }
}
