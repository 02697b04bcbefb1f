//! Looks again when what was seen is old: thousands may ask every second, and one look serves them all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use super::observe::Slow;
use super::{Health, Limits, Machine, Observed, Place, ProcessorMeter, judge};

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);

/// How old what is read from modules and audit log may be: looking reads each of them whole.
const SLOW_FRESH: Duration = Duration::from_secs(30);

/// How long a look may take before that is trouble of its own: a disk that hangs.
const OVERDUE: Duration = Duration::from_mins(1);

/// Looks at one place, for as long as a service runs.
#[derive(Debug)]
pub struct Monitor {
    place: Place,
    machine: Machine,
    processors: ProcessorMeter,
    started: Instant,
    serves: bool,
    /// Held by who looks.
    looking: Mutex<Option<(Instant, Slow)>>,
    seen: Mutex<Option<(Instant, Arc<Seen>)>>,
}

/// One look, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The verdict.
    pub health: Health,
    /// What it is a verdict on.
    pub observed: Observed,
    /// What it was held against.
    pub limits: Limits,
}

impl Monitor {
    /// One that looks once, for a command.
    #[must_use]
    pub fn once(place: Place) -> Self {
        Self::new(place, false)
    }

    /// One that looks for as long as a service runs, and knows since when.
    #[must_use]
    pub fn of_service(place: Place) -> Self {
        Self::new(place, true)
    }

    fn new(place: Place, serves: bool) -> Self {
        let machine = Machine::default();
        let processors = ProcessorMeter::start(machine.clone());
        let (looking, seen) = (Mutex::default(), Mutex::default());
        Self { place, machine, processors, started: Instant::now(), serves, looking, seen }
    }

    /// What is looked at.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What was seen no longer than a second ago; modules, audit log and backup no longer than half a minute ago. While
    /// one looks, however long that takes, others get what was seen last.
    #[must_use]
    pub fn look(&self) -> Arc<Seen> {
        let last = self.seen();
        match (last, self.looking.try_lock()) {
            (Some((at, seen)), _) if at.elapsed() < FRESH => seen,
            (Some((at, seen)), Err(TryLockError::WouldBlock)) if at.elapsed() < OVERDUE => seen,
            (Some((at, seen)), Err(TryLockError::WouldBlock)) => Arc::new(seen.overdue(at.elapsed())),
            (_, Ok(turn)) => self.look_now(turn),
            // Nothing is half changed when a look panics.
            (_, Err(TryLockError::Poisoned(turn))) => self.look_now(turn.into_inner()),
            (None, Err(TryLockError::WouldBlock)) => {
                let turn = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
                match self.seen() {
                    Some((_, seen)) => seen,
                    None => self.look_now(turn),
                }
            }
        }
    }

    fn seen(&self) -> Option<(Instant, Arc<Seen>)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look_now(&self, mut turn: MutexGuard<'_, Option<(Instant, Slow)>>) -> Arc<Seen> {
        let (at, slow) = match turn.take() {
            Some((at, slow)) if at.elapsed() < SLOW_FRESH => (at, slow),
            _ => (Instant::now(), Slow::look(&self.place)),
        };
        *turn = Some((at, slow.clone()));
        let cpu_percent = self.processors.used_percent();
        let mut observed = Observed::look(&self.place, slow, &self.machine, cpu_percent);
        observed.uptime_seconds = self.serves.then(|| self.started.elapsed().as_secs());
        let health = judge(&observed, &self.place.limits);
        let seen = Arc::new(Seen { health, observed, limits: self.place.limits });
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), Arc::clone(&seen)));
        seen
    }
}

impl Seen {
    /// The same, when the next look has not come to its end for so long.
    fn overdue(&self, since: Duration) -> Self {
        let mut observed = self.observed.clone();
        observed.overdue_seconds = Some(since.as_secs());
        Self { health: judge(&observed, &self.limits), observed, limits: self.limits }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A backup on a disk that hung made every request wait, until none was answered.
    #[test]
    fn while_one_looks_others_get_what_was_seen_last_and_hear_when_that_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let monitor = Monitor::of_service(crate::health::testing::place(folder.path()));
        let first = monitor.look();
        let _hangs = monitor.looking.lock().unwrap();
        let age = |age| {
            let then = Instant::now().checked_sub(age).unwrap();
            *monitor.seen.lock().unwrap() = Some((then, Arc::clone(&first)));
        };
        age(2 * FRESH);
        assert_eq!(monitor.look(), first);
        age(OVERDUE + FRESH);
        let health = &monitor.look().health;
        assert!(health.checks["looking"].observed.starts_with("61 s"), "{health:?}");
        assert!(health.alerts.iter().any(|alert| alert.check == "looking"));
    }
}
