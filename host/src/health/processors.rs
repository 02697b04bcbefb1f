//! How busy the processors are.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::machine::{Machine, used_percent};

/// Processor time is measured over no less than this.
const SHORTEST_MEASURE: Duration = Duration::from_millis(100);

/// Measures how busy the processors are, between one look and the next.
#[derive(Debug)]
pub struct ProcessorMeter {
    machine: Machine,
    earlier: Mutex<Earlier>,
}

#[derive(Debug, Clone, Copy)]
struct Earlier {
    at: Instant,
    time: Option<(u64, u64)>,
}

impl ProcessorMeter {
    /// Begins to measure.
    #[must_use]
    pub fn start(machine: Machine) -> Self {
        let earlier = Earlier { at: Instant::now(), time: machine.processor_time() };
        Self { machine, earlier: Mutex::new(earlier) }
    }

    /// How busy the processors were since the last look, or since the start. Takes up to a tenth of a second when that was
    /// just now: less cannot be measured in ticks.
    #[must_use]
    pub fn used_percent(&self) -> Option<f64> {
        let mut earlier = self.earlier.lock().ok()?;
        std::thread::sleep(SHORTEST_MEASURE.saturating_sub(earlier.at.elapsed()));
        let now = Earlier { at: Instant::now(), time: self.machine.processor_time() };
        let before = std::mem::replace(&mut *earlier, now);
        let ((used_before, total_before), (used, total)) = (before.time?, now.time?);
        let total = total.checked_sub(total_before).filter(|ticks| *ticks > 0)?;
        let used = used.saturating_sub(used_before).min(total);
        Some(used_percent(total, total - used))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests write files that nobody keeps")]

    use super::*;

    #[test]
    fn processor_time_is_measured_between_two_looks() {
        let folder = tempfile::tempdir().unwrap();
        let stat = folder.path().join("stat");
        fs_err::write(&stat, "cpu  100 0 100 800 0 0 0 0 7 7\ncpu0 1 1\n").unwrap();
        let machine = Machine::told_in(folder.path().to_owned(), folder.path().to_owned());
        let meter = ProcessorMeter::start(machine);
        fs_err::write(&stat, "cpu  180 0 110 805 5 0 0 0 9 9\n").unwrap();
        assert!((meter.used_percent().unwrap() - 90.0).abs() < 1e-9);
        assert_eq!(meter.used_percent(), None, "no tick has passed");
    }

    #[test]
    fn where_a_system_does_not_tell_nothing_is_measured() {
        let nowhere = Machine::told_in("/nowhere".into(), "/nowhere".into());
        assert_eq!(ProcessorMeter::start(nowhere).used_percent(), None);
    }
}
