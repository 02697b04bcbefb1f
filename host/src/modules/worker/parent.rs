//! The host's side: hand a request to a worker, listen until DONE or the deadline, seal the result.

use std::cmp::Ordering;
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use plugin_api::{Level, ModuleError};
use serde::Serialize;

pub use crate::modules::worker::failures::{module_error, unconfined};
pub use crate::modules::worker::kept::{Resting, Workers};
pub use crate::modules::worker::process::Terms;

use crate::error::{Error, Kind, Result};
use crate::modules::worker::failures::{Failure, crashed};
use crate::modules::worker::frames::{self, Frame, Parts, Request};
use crate::modules::worker::kept::Worker;
use crate::platform::{Confinement, MemoryFile, SealedFile};

/// After its time is up a module has this long to stop by itself.
const GRACE: Duration = Duration::from_secs(1);

/// An idle worker that does not answer within this is not used again.
const IDLE_PATIENCE: Duration = Duration::from_secs(1);

/// Log lines of one derivation that are passed on; a module that writes more has lost its reader.
const LOG_LIMIT_LINES: u32 = 1000;

/// Between two words of progress that are passed on. An honest worker keeps to it by itself.
pub(super) const PROGRESS_PAUSE: Duration = Duration::from_millis(50);

/// Where log lines and progress of a module go.
pub trait Listener: Send + Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);
    /// Fraction done and what is being done.
    fn progress(&self, fraction: f64, doing: &str);
}

/// What is to be derived.
#[derive(Debug)]
pub struct Task<'t> {
    /// Id of the module, for messages.
    pub module_id: &'t str,
    /// Its library.
    pub library: &'t SealedFile,
    /// Content of the inputs, in the order of the request.
    pub inputs: &'t [&'t SealedFile],
    /// What the module is asked.
    pub request: Request,
    /// For which worker.
    pub terms: Terms,
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
    /// Which worker it was.
    pub worker: WorkerRecord,
}

/// Which worker ran a derivation, for the provenance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct WorkerRecord {
    /// Its process.
    pub process: u32,
    /// Derivations of the same module that it had served before.
    pub derivations_before: u32,
}

/// Runs one derivation in a worker. If the worker may be kept it is returned too, so that whoever has looked at the
/// answer can decide.
///
/// # Errors
/// [`Kind::PluginCrashed`], [`Kind::Limit`], [`Kind::Incompatible`], [`Kind::Untrusted`], or what the module said, each
/// naming the module.
pub fn derive(
    task: &Task<'_>,
    workers: &Workers,
    listener: &dyn Listener,
) -> Result<(Answer, Option<Resting>)> {
    let no_worker = |error: io::Error| {
        Error::new(Kind::Internal, format!("cannot start a worker for module `{}`", task.module_id))
            .cause(crate::error::chain(&error))
            .hint("to run the module inside this process, give `--isolation in-process`")
    };
    task.check_size()?;
    let kept = workers.take(&task.terms).and_then(|worker| Derivation::on_idle(task, worker));
    let mut derivation = match kept {
        Some(derivation) => derivation,
        None => Derivation::on_fresh(task).map_err(no_worker)?,
    };
    let outcome = derivation.listen(listener);
    derivation.conclude(task, outcome, workers)
}

impl Task<'_> {
    fn check_size(&self) -> Result<()> {
        if frames::fits(&self.request, 1 + self.inputs.len()) {
            return Ok(());
        }
        Err(Error::new(
            Kind::Limit,
            format!(
                "the parameters and inputs for module `{}` are too many for one derivation",
                self.module_id
            ),
        )
        .cause(format!(
            "the limits are {} of parameters and {} inputs",
            crate::text::bytes(frames::FRAME_LIMIT_BYTES as u64),
            frames::DESCRIPTOR_LIMIT - 1
        )))
    }

    fn send(&self, worker: &Worker, result: &MemoryFile) -> io::Result<()> {
        let mut descriptors = vec![result.as_fd()];
        descriptors.extend(self.inputs.iter().map(|input| input.as_fd()));
        worker.process.send(&self.request, &descriptors)
    }
}

/// A request that a worker has.
struct Derivation {
    worker: Worker,
    result: MemoryFile,
    deadline: Instant,
    time_is_up: Instant,
}

impl Derivation {
    fn new(task: &Task<'_>, worker: Worker) -> io::Result<Self> {
        let result = MemoryFile::create("result")?;
        let now = Instant::now();
        let time_is_up = now.checked_add(Duration::from_millis(task.request.timeout_milliseconds));
        let time_is_up = time_is_up.unwrap_or(now + Duration::from_hours(24 * 365));
        Ok(Self { worker, result, deadline: time_is_up + GRACE, time_is_up })
    }

    fn on_fresh(task: &Task<'_>) -> io::Result<Self> {
        let derivation = Self::new(task, Worker::start(task.terms, task.library)?)?;
        // A worker that does not take it will not answer; how it ended says why.
        let _ = task.send(&derivation.worker, &derivation.result);
        Ok(derivation)
    }

    /// An idle worker may have died, or be busy with what its module left behind: then it is as if it had not been.
    fn on_idle(task: &Task<'_>, worker: Worker) -> Option<Self> {
        let mut derivation = Self::new(task, worker).ok()?;
        task.send(&derivation.worker, &derivation.result).ok()?;
        let first = derivation.worker.process.frame(Instant::now() + IDLE_PATIENCE);
        matches!(first, Ok(Frame::Accepted)).then_some(derivation)
    }

    fn listen(&mut self, listener: &dyn Listener) -> Result<Parts, Failure> {
        // What confines a kept worker was said before it loaded anything.
        let mut ready = self.worker.derivations > 0;
        let mut lines = 0_u32;
        let mut last_progress: Option<Instant> = None;
        loop {
            match self.worker.process.frame(self.deadline)? {
                // Later ones come from the module.
                Frame::Ready { confinement, condition } if !ready => {
                    ready = true;
                    (self.worker.confinement, self.worker.condition) = (confinement, condition);
                }
                Frame::Unconfined { confinement } if !ready => return Err(Failure::Unconfined(confinement)),
                Frame::Ready { .. } | Frame::Unconfined { .. } | Frame::Accepted => {}
                Frame::OutOfMemory => return Err(Failure::OutOfMemory),
                Frame::Log { level, text } => {
                    lines = lines.saturating_add(1);
                    match lines.cmp(&LOG_LIMIT_LINES) {
                        Ordering::Less => listener.log(level_of(level), &beginning(&text, 4096)),
                        Ordering::Equal => {
                            listener.log(Level::Warn, "further log lines of the module are dropped");
                        }
                        Ordering::Greater => {}
                    }
                }
                Frame::Progress { fraction, doing } => {
                    if last_progress.is_none_or(|last| last.elapsed() >= PROGRESS_PAUSE) {
                        last_progress = Some(Instant::now());
                        listener.progress(fraction, &beginning(&doing, 200));
                    }
                }
                Frame::Failed { error } => return Err(Failure::Module(error)),
                Frame::Refused { message } => return Err(Failure::Refused(message)),
                Frame::Done { parts } => return Ok(parts),
            }
        }
    }

    /// Ends the worker or finds it fit to be kept, and seals the result: from then on nobody can write it.
    fn conclude(
        self,
        task: &Task<'_>,
        outcome: Result<Parts, Failure>,
        workers: &Workers,
    ) -> Result<(Answer, Option<Resting>)> {
        let Self { mut worker, result, time_is_up, .. } = self;
        let time_was_up = Instant::now() >= time_is_up;
        let record =
            WorkerRecord { process: worker.process.number(), derivations_before: worker.derivations };
        worker.derivations = worker.derivations.saturating_add(1);
        let confinement = worker.confinement.clone();
        let (resting, end) = match &outcome {
            Ok(_) | Err(Failure::Module(ModuleError::BadInput(_) | ModuleError::BadParameter(_))) => {
                Resting::find(worker, workers)
            }
            Err(_) => (None, Some(worker.process.end())),
        };
        let parts = match outcome {
            Ok(parts) => parts,
            Err(failure) => {
                if let Some(resting) = resting {
                    workers.keep(resting);
                }
                return Err(failure.error(task.module_id, &task.terms, end.as_ref(), time_was_up));
            }
        };
        let (file, resting) = match result.try_seal() {
            Ok(file) => (file, resting),
            // Somebody holds a mapping that can be written: a worker that was to be kept ends with it.
            Err((result, _)) => {
                drop(resting);
                let sealed = result.seal().map_err(|error| {
                    crashed(task.module_id, "keeps its result open for writing", "").cause(error.to_string())
                })?;
                (sealed, None)
            }
        };
        Ok((Answer { file, parts, confinement, worker: record }, resting))
    }
}

/// An honest worker sends no more; what comes is not believed.
fn beginning(text: &str, characters: usize) -> String {
    text.chars().take(characters).collect()
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
