//! Runs that were asked for over HTTP: each is a process of the host's own command line, with the id that was answered.
//!
//! Invariants:
//! * so many go on at the same time, so many wait, and what is more is refused;
//! * what was taken on is on the disk until it is over ([`queue`]), and the next service takes on what never began, whether
//!   this one was told to end or killed, and whether it waited or its process was ended before it could begin;
//! * whatever becomes of a run that is not left to the next service, the journal tells it: the process writes its own
//!   file, and for a run that never had one this module writes it;
//! * a process outlives the service only when that is killed; then it finishes like any other command.

mod process;
mod queue;
mod wanted;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use utoipa::ToSchema;

use super::Source;
use super::refusal::Refusal;
use crate::clock::now;
use crate::error::{Result as HostResult, StorageContext};
use crate::journal::{Beginning, End, Journal, Request, RunId, State, Trigger};
use crate::pages::WaitingRun;

use queue::Kept;
pub(super) use wanted::Wanted;

/// How many runs there may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Going on at the same time.
    pub concurrent: usize,
    /// Waiting for one of those to end.
    pub waiting: usize,
}

/// The runs of a service.
pub(super) struct Runs {
    source: Arc<dyn Source>,
    bounds: Bounds,
    slots: Arc<Semaphore>,
    going: Mutex<BTreeMap<RunId, Going>>,
    phase: watch::Sender<Phase>,
    /// How many are in `going`.
    left: watch::Sender<usize>,
}

/// What the service lets runs do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Begin and go on.
    Open,
    /// Go on.
    Draining,
    /// End.
    Interrupting,
}

/// A run that is not over.
struct Going {
    waiting: Waiting,
    waits: bool,
    cancel: Arc<Notify>,
}

/// How a run's waiting ends.
enum Turn {
    Came(OwnedSemaphorePermit),
    Cancelled,
    LeftToTheNextService,
}

/// A run that has not begun.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct Waiting {
    /// Its id.
    #[schema(value_type = String)]
    id: RunId,
    /// Always the same, so that it reads like that of a run.
    state: NotBegun,
    /// When it was asked for, RFC 3339.
    accepted_at: String,
    /// Who asked for it, and from where.
    actor: String,
    /// What was asked for.
    #[schema(value_type = Object)]
    request: Request,
}

/// How a run is that has not begun.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum NotBegun {
    /// For others to end.
    Waiting,
}

impl From<Waiting> for WaitingRun {
    fn from(Waiting { id, accepted_at, request, .. }: Waiting) -> Self {
        Self { id, accepted_at, request }
    }
}

impl Waiting {
    /// Its id.
    pub(super) fn id(&self) -> &RunId {
        &self.id
    }
}

impl Runs {
    pub(super) fn new(source: Arc<dyn Source>, bounds: Bounds) -> Self {
        Self {
            source,
            bounds,
            slots: Arc::new(Semaphore::new(bounds.concurrent)),
            going: Mutex::default(),
            phase: watch::Sender::new(Phase::Open),
            left: watch::Sender::new(0),
        }
    }

    fn going(&self) -> MutexGuard<'_, BTreeMap<RunId, Going>> {
        self.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a run on. Blocks until it is on the disk.
    pub(super) fn submit(self: &Arc<Self>, request: Request, actor: String) -> Result<Waiting, Refusal> {
        let waiting =
            Waiting { id: RunId::new(), state: NotBegun::Waiting, accepted_at: now(), actor, request };
        let cancel = {
            let mut going = self.going();
            if *self.phase.borrow() != Phase::Open {
                return Err(Refusal::stopping());
            }
            if going.len() >= self.bounds.concurrent + self.bounds.waiting {
                return Err(Refusal::busy("as many runs wait as may"));
            }
            self.enter(&mut going, &waiting)
        };
        let kept = Kept::new(&self.source.journal(), &waiting).inspect_err(|_| self.leave(&waiting.id))?;
        tokio::spawn(Arc::clone(self).carry_out(waiting.clone(), kept, cancel));
        Ok(waiting)
    }

    /// Takes on what a service that is gone had taken on. They count, and are not refused.
    ///
    /// # Errors
    /// When what is on the disk cannot be read.
    pub(super) fn take_over(self: &Arc<Self>) -> HostResult<()> {
        for (waiting, kept) in queue::left_behind(&self.source.journal(), |id| self.knows(id))? {
            tracing::info!(
                "run `{}` waits since {}: an earlier service took it on",
                waiting.id,
                waiting.accepted_at
            );
            let cancel = self.enter(&mut self.going(), &waiting);
            tokio::spawn(Arc::clone(self).carry_out(waiting, kept, cancel));
        }
        Ok(())
    }

    fn enter(&self, going: &mut BTreeMap<RunId, Going>, waiting: &Waiting) -> Arc<Notify> {
        let cancel = Arc::new(Notify::new());
        let one = Going { waiting: waiting.clone(), waits: true, cancel: Arc::clone(&cancel) };
        going.insert(waiting.id.clone(), one);
        self.left.send_replace(going.len());
        cancel
    }

    fn begin(&self, id: &RunId) {
        let mut going = self.going();
        if let Some(one) = going.get_mut(id) {
            one.waits = false;
        }
        // Whoever waits for its end looks again.
        self.left.send_replace(going.len());
    }

    fn leave(&self, id: &RunId) {
        let mut going = self.going();
        going.remove(id);
        self.left.send_replace(going.len());
    }

    /// The runs that have not begun, the newest first.
    pub(super) fn waiting(&self) -> Vec<Waiting> {
        let going = self.going();
        going.values().rev().filter(|one| one.waits).map(|one| one.waiting.clone()).collect()
    }

    /// How many go on.
    pub(super) fn running(&self) -> usize {
        self.going().values().filter(|one| !one.waits).count()
    }

    /// Whether it was taken on and is not over.
    pub(super) fn knows(&self, id: &RunId) -> bool {
        self.going().contains_key(id)
    }

    /// One that has not begun.
    pub(super) fn find_waiting(&self, id: &RunId) -> Option<Waiting> {
        self.going().get(id).filter(|one| one.waits).map(|one| one.waiting.clone())
    }

    /// Lets a run that has not begun never begin, and returns when the journal tells so. False if it has begun, or is
    /// none of this service's.
    pub(super) async fn cancel_waiting(&self, id: &RunId) -> bool {
        let mut left = self.left.subscribe();
        match self.going().get(id).filter(|one| one.waits) {
            Some(one) => one.cancel.notify_one(),
            None => return false,
        }
        loop {
            match self.going().get(id) {
                None => return true,
                // Its turn had come.
                Some(one) if !one.waits => return false,
                Some(_) => {}
            }
            // The sender lives as long as `self`.
            let _ = left.changed().await;
        }
    }

    /// Begins nothing from now on.
    pub(super) fn drain(&self) {
        self.phase.send_modify(|phase| *phase = (*phase).max(Phase::Draining));
    }

    /// Ends what goes on.
    pub(super) fn interrupt(&self) {
        self.phase.send_replace(Phase::Interrupting);
    }

    /// Returns when nothing goes on.
    pub(super) async fn over(&self) {
        // The sender lives as long as `self`.
        let _ = self.left.subscribe().wait_for(|left| *left == 0).await;
    }

    async fn carry_out(self: Arc<Self>, run: Waiting, kept: Kept, cancel: Arc<Notify>) {
        let end = match self.turn(&cancel).await {
            Turn::Came(slot) => {
                self.begin(&run.id);
                let end = process::run(&*self.source, &run, self.phase.subscribe()).await;
                drop(slot);
                end
            }
            Turn::Cancelled => End { state: State::Cancelled, exit_code: None, last_seen: None, error: None },
            Turn::LeftToTheNextService => {
                drop(kept);
                return self.leave(&run.id);
            }
        };
        let (source, id) = (Arc::clone(&self.source), run.id.clone());
        let is_left = end.state == State::Interrupted && *self.phase.borrow() == Phase::Interrupting;
        let end = (!is_left).then_some(end);
        let told = tokio::task::spawn_blocking(move || settle(&source.journal(), run, kept, end)).await;
        if let Err(error) = told {
            tracing::error!("the end of run `{id}` was not looked at: {error}");
        }
        self.leave(&id);
    }

    /// Waits for a place.
    async fn turn(&self, cancel: &Notify) -> Turn {
        let mut phase = self.phase.subscribe();
        tokio::select! {
            biased;
            () = cancel.notified() => Turn::Cancelled,
            _ = phase.wait_for(|phase| *phase != Phase::Open) => Turn::LeftToTheNextService,
            slot = Arc::clone(&self.slots).acquire_owned() => {
                slot.map_or(Turn::LeftToTheNextService, Turn::Came)
            }
        }
    }
}

/// Sees to it that the journal tells how a run ended: looking ends one that was killed, and one that never began is given
/// an end here, or without one is left to the next service. What cannot be written is worth a warning, as everywhere in
/// the journal; then it stays kept.
fn settle(journal: &Journal, run: Waiting, kept: Kept, end: Option<End>) {
    let told = match (journal.read(&run.id), end) {
        (Ok(_), _) => Ok(()),
        (Err(_), None) => return,
        (Err(_), Some(end)) => tell(journal, run, end),
    };
    match told {
        Ok(()) => kept.forget(),
        Err(error) => tracing::warn!("{error}"),
    }
}

/// Writes the file of a run that never began.
fn tell(journal: &Journal, run: Waiting, end: End) -> HostResult<()> {
    queue::make_way(&journal.file(&run.id)).storage("begin a run")?;
    let beginning = Beginning {
        id: Some(run.id),
        command: "prepare",
        request: run.request,
        actor: run.actor,
        trigger: Trigger::Http,
        resumes: None,
    };
    journal.begin(beginning)?.end(end);
    Ok(())
}

impl fmt::Debug for Runs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runs").field("bounds", &self.bounds).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::{Kept, NotBegun, Waiting, settle};
    use crate::durable;
    use crate::error::Kind;
    use crate::journal::{End, Journal, Request, RunId, State};

    fn waiting() -> Waiting {
        Waiting {
            id: RunId::new(),
            state: NotBegun::Waiting,
            accepted_at: String::new(),
            actor: "tester".to_owned(),
            request: Request::default(),
        }
    }

    /// Whether its process was killed before it had a file, or before it had written into that.
    #[test]
    fn a_run_whose_process_never_began_it_is_ended_or_left_to_the_next_service() {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::of(folder.path());
        let end = End { state: State::Interrupted, exit_code: None, last_seen: None, error: None };
        for has_file in [false, true] {
            for end in [Some(end.clone()), None] {
                let run = waiting();
                let kept = Kept::new(&journal, &run).unwrap();
                if has_file {
                    durable::publish(&journal.file(&run.id), b"").unwrap();
                }
                settle(&journal, run.clone(), kept, end.clone());
                assert_eq!(journal.waiting_file(&run.id).is_file(), end.is_none());
                assert_eq!(journal.find(run.id.as_str()).unwrap(), run.id);
                let read = journal.read(&run.id);
                if end.is_some() {
                    assert_eq!(read.unwrap().summary.state, State::Interrupted);
                } else {
                    let error = read.unwrap_err();
                    assert_eq!(error.kind, Kind::Usage);
                    assert_eq!(error.message, format!("run `{}` has not begun", run.id));
                }
            }
        }
    }
}
