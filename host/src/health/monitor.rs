//! Looks again when what was seen is old: thousands may ask every second, and one look serves them all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::observe::Slow;
use super::{Health, Limits, Machine, Observed, Place, ProcessorMeter, judge};

/// How old an answer may be.
const FRESH: Duration = Duration::from_secs(1);

/// How old what is read from modules and audit log may be: looking reads each of them whole.
const SLOW_FRESH: Duration = Duration::from_secs(30);

/// Looks at one place, for as long as a service runs.
#[derive(Debug)]
pub struct Monitor {
    place: Place,
    machine: Machine,
    processors: ProcessorMeter,
    started: Instant,
    serves: bool,
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    slow: Option<(Instant, Slow)>,
    seen: Option<(Instant, Arc<Seen>)>,
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
        let (started, last) = (Instant::now(), Mutex::default());
        Self { place, machine, processors, started, serves, last }
    }

    /// What is looked at.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// What was seen no longer than a second ago; modules and audit log no longer than half a minute ago.
    #[must_use]
    pub fn look(&self) -> Arc<Seen> {
        // One looks, the others wait for what it sees. Nothing is half changed when a look panics.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, seen)) = &last.seen
            && at.elapsed() < FRESH
        {
            return Arc::clone(seen);
        }
        let slow = match last.slow.take() {
            Some((at, slow)) if at.elapsed() < SLOW_FRESH => (at, slow),
            _ => (Instant::now(), Slow::look(&self.place)),
        };
        let cpu_percent = self.processors.used_percent();
        let mut observed = Observed::look(&self.place, slow.1.clone(), &self.machine, cpu_percent);
        last.slow = Some(slow);
        observed.uptime_seconds = self.serves.then(|| self.started.elapsed().as_secs());
        let health = judge(&observed, &self.place.limits);
        let seen = Arc::new(Seen { health, observed, limits: self.place.limits });
        last.seen = Some((Instant::now(), Arc::clone(&seen)));
        seen
    }
}
