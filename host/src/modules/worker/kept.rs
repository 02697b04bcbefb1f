//! Workers that wait for another derivation of the same module.
//!
//! Invariant: a worker is kept only when it looks from outside as if it had never been asked, and it serves only the
//! library, limits and confinement that it was started for, on the thread that started it.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::ThreadId;

use crate::modules::worker::process::{End, Process, Terms};
use crate::platform::{Condition, Confinement, SealedFile};

/// Most idle workers of one thread.
const IDLE_LIMIT: usize = 4;

/// Where workers come from: each from a fresh start, or from those that are idle. Dropping the last clone ends them.
#[derive(Debug, Clone)]
pub struct Workers {
    idle: Option<Arc<Mutex<Vec<Worker>>>>,
}

/// A process that has a module loaded and derives as often as it is asked.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) process: Process,
    /// The kernel ends a worker together with the thread that started it.
    thread: ThreadId,
    /// What it said before it loaded anything.
    pub(super) confinement: Confinement,
    /// How it was then.
    pub(super) condition: Condition,
    /// Requests that it has answered.
    pub(super) derivations: u32,
}

impl Worker {
    /// A fresh one. It has not answered yet.
    pub(super) fn start(terms: Terms, library: &SealedFile) -> io::Result<Self> {
        Ok(Self {
            process: Process::start(&[super::VERB], terms, library)?,
            thread: std::thread::current().id(),
            confinement: Confinement::default(),
            condition: Condition::default(),
            derivations: 0,
        })
    }
}

/// A worker that has been looked at and may be kept. Dropping it ends it.
#[derive(Debug)]
pub struct Resting(Worker);

impl Resting {
    /// Looks at a worker that has just answered, and ends it if it may not be kept.
    pub(super) fn find(mut worker: Worker, workers: &Workers) -> (Option<Self>, Option<End>) {
        if workers.idle.is_some() && worker.process.is_at_rest(&worker.condition) {
            return (Some(Self(worker)), None);
        }
        (None, Some(worker.process.end()))
    }
}

impl Workers {
    /// A fresh one for every derivation.
    #[must_use]
    pub fn fresh() -> Self {
        Self { idle: None }
    }

    /// As few as possible.
    #[must_use]
    pub fn kept() -> Self {
        Self { idle: Some(Arc::default()) }
    }

    /// Keeps a worker whose last answer was good.
    pub fn keep(&self, resting: Resting) {
        let Some(Ok(mut idle)) = self.idle.as_ref().map(|idle| idle.lock()) else { return };
        let own = |worker: &Worker| worker.thread == std::thread::current().id();
        let oldest =
            idle.iter().position(own).filter(|_| idle.iter().filter(|one| own(one)).count() >= IDLE_LIMIT);
        let surplus = oldest.map(|oldest| idle.remove(oldest));
        idle.push(resting.0);
        drop(idle);
        // Ending takes a moment, in which the other threads need not wait.
        drop(surplus);
    }

    /// An idle worker of this thread.
    pub(super) fn take(&self, terms: &Terms) -> Option<Worker> {
        let mut idle = self.idle.as_ref()?.lock().ok()?;
        let thread = std::thread::current().id();
        let fitting =
            idle.iter().position(|worker| worker.thread == thread && worker.process.terms == *terms)?;
        Some(idle.remove(fitting))
    }
}
