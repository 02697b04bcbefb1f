//! The host's side: hand a request to a worker, take the answer in, end the worker or keep it.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use plugin_api::{Level, ModuleError};
use serde::Serialize;

pub use crate::modules::worker::failures::{module_error, unconfined};
pub use crate::modules::worker::kept::{Resting, Workers};
pub use crate::modules::worker::process::Terms;

use crate::error::{Error, Kind, Result, SCARCITY_HINT, is_scarcity};
use crate::modules::worker::answer::Answer;
use crate::modules::worker::failures::Failure;
use crate::modules::worker::frames::{self, Frame, Request};
use crate::modules::worker::kept::Worker;
use crate::platform::{Confinement, MemoryFile, SealedFile};

/// After its time is up a module has this long to stop by itself.
const GRACE: Duration = Duration::from_secs(1);

/// An idle worker that does not answer within this is not used again. One that hangs alone costs as much: one that has
/// died is known at once, and one that a busy machine keeps waiting is better than a fresh one, which waits as long.
const IDLE_PATIENCE: Duration = Duration::from_secs(10);

/// Between two words of progress that are passed on. An honest worker keeps to it by itself.
pub(super) const PROGRESS_PAUSE: Duration = Duration::from_millis(50);

/// Where log lines and progress of a module go.
pub trait Listener: Send + Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);
    /// Fraction done and what is being done.
    fn progress(&self, fraction: f64, doing: &str);
    /// A stage before or after the module's is done.
    fn stage(&self, _stage: &'static str, _seconds: f64) {}
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

/// How a derivation ran.
#[derive(Debug)]
pub struct Ran {
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
    /// Most memory it has had resident so far, bytes, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
}

/// Runs one derivation in a worker. `take` reads the answer to its end while it comes in. The worker may serve another
/// derivation if `take` finds nothing wrong.
///
/// # Errors
/// [`Kind::PluginCrashed`], [`Kind::Limit`], [`Kind::Incompatible`], [`Kind::Untrusted`], or what the module said, each
/// naming the module; else what `take` says.
pub fn derive<T>(
    task: &Task<'_>,
    workers: &Workers,
    listener: &dyn Listener,
    take: impl FnOnce(&mut dyn Read) -> Result<T>,
) -> Result<(T, Ran)> {
    let no_worker = |error: io::Error| {
        let (kind, hint) = if is_scarcity(&error) {
            (Kind::Limit, SCARCITY_HINT)
        } else {
            (Kind::Storage, "to run the module inside this process, give `--isolation in-process`")
        };
        Error::new(kind, format!("cannot start a worker for module `{}`", task.module_id))
            .cause(crate::error::chain(&error))
            .hint(hint)
    };
    task.check_size()?;
    let kept = workers.take(&task.terms).and_then(|worker| Derivation::on_idle(task, worker));
    let mut derivation = match kept {
        Some(derivation) => derivation,
        None => Derivation::on_fresh(task).map_err(no_worker)?,
    };
    let mut answer = Answer::new(&mut derivation, listener);
    let taken = take(&mut answer);
    let outcome = match answer.into_failure() {
        Some(failure) => Err(Trouble::Worker(failure)),
        None => taken.map_err(Trouble::Answer),
    };
    derivation.conclude(task, outcome, workers)
}

/// Why there is no result.
enum Trouble {
    /// The worker did not answer.
    Worker(Failure),
    /// It answered something that was not taken.
    Answer(Error),
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
pub(super) struct Derivation {
    pub(super) worker: Worker,
    pub(super) result: MemoryFile,
    pub(super) deadline: Instant,
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

    /// Ends the worker or finds it fit to be kept.
    fn conclude<T>(
        self,
        task: &Task<'_>,
        outcome: Result<T, Trouble>,
        workers: &Workers,
    ) -> Result<(T, Ran)> {
        let Self { mut worker, result, time_is_up, .. } = self;
        let time_was_up = Instant::now() >= time_is_up;
        let record = WorkerRecord {
            process: worker.process.number(),
            derivations_before: worker.derivations,
            peak_memory_bytes: worker.process.peak_memory_bytes(),
        };
        worker.derivations = worker.derivations.saturating_add(1);
        let confinement = worker.confinement.clone();
        let (resting, end) = match &outcome {
            Ok(_)
            | Err(Trouble::Worker(Failure::Module(
                ModuleError::BadInput(_) | ModuleError::BadParameter(_),
            ))) => Resting::find(worker, workers),
            Err(_) => (None, Some(worker.process.end())),
        };
        // A file that somebody has mapped cannot be sealed: what the module holds on to ends with its worker.
        if let Some(resting) = resting.filter(|_| result.end_writing().is_ok()) {
            workers.keep(resting);
        }
        match outcome {
            Ok(taken) => Ok((taken, Ran { confinement, worker: record })),
            Err(Trouble::Answer(error)) => Err(error),
            Err(Trouble::Worker(failure)) => {
                Err(failure.error(task.module_id, &task.terms, end.as_ref(), time_was_up))
            }
        }
    }
}
