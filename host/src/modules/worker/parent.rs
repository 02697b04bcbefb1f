//! The host's side: start a worker, hand over descriptors, listen until DONE or the deadline, then end it.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use plugin_api::{Level, ModuleError};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::error::{Error, Kind, Result};
use crate::modules::worker::frames::{self, Extent, Frame, Request};
use crate::platform::{Confinement, Limits, MemoryFile, SealedFile};

/// After its time is up a module has this long to stop by itself.
const GRACE: Duration = Duration::from_secs(1);

/// How much of what a module prints is kept for the error message.
const PRINTED_LIMIT_BYTES: u64 = 16 << 10;

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
    /// Place of the report.
    pub report: Extent,
    /// Places of the streams.
    pub streams: Vec<Extent>,
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
    let result = MemoryFile::create("result").map_err(no_worker)?;
    let mut worker = Worker::start(request.limits).map_err(no_worker)?;
    let mut descriptors = vec![library.as_fd(), result.as_fd()];
    descriptors.extend(inputs.iter().map(|input| input.as_fd()));
    let outcome = match frames::send(&worker.socket, request, &descriptors) {
        Ok(()) => worker.listen(listener),
        Err(error) => Outcome::Silence(Some(error)),
    };
    let end = worker.finish();
    let (report, streams, confinement) = outcome.resolve(module_id, &request.limits, &end)?;
    // No process of the worker's group is left, so nobody can write any more.
    let file = result.seal().map_err(|error| {
        Error::new(Kind::PluginCrashed, format!("module `{module_id}` keeps its result open for writing"))
            .cause(error.to_string())
    })?;
    Ok(Answer { file, report, streams, confinement })
}

struct Worker {
    child: Child,
    socket: UnixStream,
    printed: Option<JoinHandle<String>>,
    deadline: Instant,
}

struct End {
    status: io::Result<ExitStatus>,
    printed: String,
}

enum Outcome {
    Done { report: Extent, streams: Vec<Extent>, confinement: Confinement },
    Failed(ModuleError),
    Refused(String),
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
        let printed = child.stderr.take().map(|stderr| std::thread::spawn(move || keep_tail(stderr)));
        let now = Instant::now();
        let time = Duration::from_millis(limits.timeout_milliseconds).saturating_add(GRACE);
        let deadline = now.checked_add(time).unwrap_or(now + Duration::from_hours(24 * 365));
        Ok(Self { child, socket: ours, printed, deadline })
    }

    fn listen(&self, listener: &dyn Listener) -> Outcome {
        let mut confinement = Confinement::default();
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket.set_read_timeout(Some(left)).is_err() {
                return Outcome::TimeIsUp;
            }
            let frame = match frames::receive::<Frame>(&self.socket) {
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
                Frame::Ready { confinement: applied } => confinement = applied,
                Frame::Log { level, text } => listener.log(level_of(level), &text),
                Frame::Progress { fraction, doing } => listener.progress(fraction, &doing),
                Frame::Failed { error } => return Outcome::Failed(error),
                Frame::Refused { message } => return Outcome::Refused(message),
                Frame::Done { report, streams } => return Outcome::Done { report, streams, confinement },
            }
        }
    }

    /// Ends the worker and everything that it started. A worker that went silent gets a moment to die of its own
    /// cause, so that the message can name it.
    fn finish(&mut self) -> End {
        let mut status = self.child.try_wait();
        let patience = Instant::now() + Duration::from_millis(200);
        while matches!(status, Ok(None)) && self.peer_is_gone() && Instant::now() < patience {
            std::thread::yield_now();
            status = self.child.try_wait();
        }
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // The group may be empty already.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let status = self.child.wait();
        let printed = self.printed.take().and_then(|thread| thread.join().ok()).unwrap_or_default();
        End { status, printed }
    }

    fn peer_is_gone(&self) -> bool {
        self.socket.set_nonblocking(true).is_ok() && matches!((&self.socket).read(&mut [0]), Ok(0))
    }
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
fn keep_tail(mut stderr: impl Read) -> String {
    let mut kept = Vec::new();
    let _ = (&mut stderr).take(PRINTED_LIMIT_BYTES).read_to_end(&mut kept);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

impl Outcome {
    fn resolve(self, id: &str, limits: &Limits, end: &End) -> Result<(Extent, Vec<Extent>, Confinement)> {
        let seconds = Duration::from_millis(limits.timeout_milliseconds).as_secs_f64();
        let timed_out = || {
            Error::new(Kind::Limit, format!("module `{id}` did not finish within {seconds} s"))
                .hint("to allow more, give `--timeout SECONDS`")
        };
        match self {
            Self::Done { report, streams, confinement } => Ok((report, streams, confinement)),
            Self::Failed(ModuleError::Cancelled) | Self::TimeIsUp => Err(timed_out()),
            Self::Failed(error) => Err(module_error(id, error)),
            Self::Refused(message) => Err(Error::new(Kind::Incompatible, message)),
            Self::Garbage(error) => Err(crashed(id, "sent a malformed answer", end).cause(error.to_string())),
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
    let out_of_memory = end.printed.contains("memory allocation of");
    let status = end.status.as_ref().ok();
    let signal = status.and_then(ExitStatusExt::signal);
    if out_of_memory || signal == Some(Signal::XFSZ.as_raw()) {
        let limit = crate::text::bytes(limits.memory_bytes);
        return Error::new(Kind::Limit, format!("module `{id}` needs more memory than its limit of {limit}"))
            .hint("to allow more, give `--max-memory SIZE`");
    }
    match (signal, status.and_then(ExitStatus::code)) {
        (Some(signal), _) => {
            crashed(id, &format!("was ended by signal {signal}{}", signal_name(signal)), end)
        }
        (None, Some(code)) => {
            crashed(id, &format!("ended with exit code {code} without returning a result"), end)
        }
        (None, None) => crashed(id, "ended without returning a result", end),
    }
}

fn crashed(id: &str, how: &str, end: &End) -> Error {
    let mut error = Error::new(Kind::PluginCrashed, format!("module `{id}` {how}"));
    let printed = end.printed.trim();
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

/// Translates what a module said.
#[must_use]
pub fn module_error(id: &str, error: ModuleError) -> Error {
    match error {
        ModuleError::BadInput(ref fault) | ModuleError::BadParameter(ref fault) => {
            let mut translated = Error::new(Kind::BadInput, error.to_string());
            translated.hints.extend(fault.hint.clone());
            translated
        }
        ModuleError::LimitExceeded { .. } | ModuleError::Cancelled => {
            Error::new(Kind::Limit, format!("module `{id}`: {error}"))
        }
        ModuleError::Panic { message, location } => {
            Error::new(Kind::PluginCrashed, format!("module `{id}` panicked: {message}"))
                .cause(format!("at {location}"))
                .hint("report this to the module's author; nothing was registered")
        }
        other => Error::new(Kind::PluginCrashed, format!("module `{id}` failed: {other}"))
            .hint("report this to the module's author; nothing was registered"),
    }
}
