//! How much of a batch is left, and about how long it takes.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// Datasets whose time counts; older ones tell less about the next.
const WINDOW: usize = 5;

/// Before that many the guess would be worth little.
const ENOUGH: usize = 3;

/// Counts what is done.
#[derive(Debug)]
pub(super) struct Remaining {
    total: usize,
    workers: usize,
    done: usize,
    recent: VecDeque<Duration>,
}

impl Remaining {
    pub(super) fn new(total: usize, workers: usize) -> Self {
        Self { total, workers: workers.max(1), done: 0, recent: VecDeque::new() }
    }

    /// One more is done. What took no work, because it was known or could not start, says nothing of the others.
    pub(super) fn finish(&mut self, took: Option<Duration>) {
        self.done += 1;
        if let Some(took) = took {
            if self.recent.len() == WINDOW {
                self.recent.pop_front();
            }
            self.recent.push_back(took);
        }
    }

    /// About how long the rest takes.
    pub(super) fn time(&self) -> Option<Duration> {
        let left = self.total.saturating_sub(self.done);
        if left == 0 || self.recent.len() < ENOUGH {
            return None;
        }
        let mean = self.recent.iter().sum::<Duration>() / u32::try_from(self.recent.len()).ok()?;
        // When one is done the others that run are halfway through.
        let halves = 2 * left - (self.workers.min(left) - 1);
        let halves_of_a_worker = halves.div_ceil(self.workers);
        Some(mean * u32::try_from(halves_of_a_worker).ok()? / 2)
    }
}

impl fmt::Display for Remaining {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} of {} done", self.done, self.total)?;
        match self.time().map(|time| time.as_secs()) {
            None => Ok(()),
            Some(seconds @ 0..120) => write!(formatter, ", about {seconds} s left"),
            Some(seconds @ 120..7200) => write!(formatter, ", about {} min left", (seconds + 30) / 60),
            Some(seconds) => write!(formatter, ", about {} h left", (seconds + 1800) / 3600),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs months of these lengths on some workers; the relative error of the guess after each from the third on.
    fn errors(months: &[f64], workers: usize) -> Vec<f64> {
        let mut busy_until = vec![0.0_f64; workers];
        let mut runs: Vec<(f64, f64)> = months
            .iter()
            .map(|length| {
                let first = busy_until.iter_mut().min_by(|a, b| a.total_cmp(b)).unwrap();
                *first += length;
                (*first, *length)
            })
            .collect();
        runs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let end = runs.last().unwrap().0;
        let mut remaining = Remaining::new(months.len(), workers);
        let mut errors = Vec::new();
        for (finished, length) in runs {
            remaining.finish(Some(Duration::from_secs_f64(length)));
            if let Some(guess) = remaining.time() {
                errors.push((guess.as_secs_f64() / (end - finished) - 1.0).abs());
            }
        }
        errors
    }

    #[test]
    fn after_three_months_the_guess_is_right_within_a_fifth() {
        let even: Vec<f64> = vec![60.0; 184];
        let uneven: Vec<f64> = (0..184).map(|month| 60.0 + 10.0 * f64::from(month % 3)).collect();
        let growing: Vec<f64> = (0..12).map(|month| 60.0 + f64::from(month)).collect();
        for (months, workers) in [(&even, 1), (&even, 2), (&uneven, 1), (&uneven, 2), (&growing, 1)] {
            let errors = errors(months, workers);
            assert_eq!(errors.len(), months.len() - ENOUGH);
            let long = errors.len() - 8;
            assert!(errors[..long].iter().all(|error| *error < 0.2), "{workers}: {errors:?}");
        }
    }

    #[test]
    fn nothing_is_guessed_from_what_took_no_work() {
        let mut remaining = Remaining::new(10, 1);
        for _ in 0..4 {
            remaining.finish(None);
        }
        assert_eq!(remaining.to_string(), "4 of 10 done");
        for _ in 0..3 {
            remaining.finish(Some(Duration::from_secs(100)));
        }
        assert_eq!(remaining.to_string(), "7 of 10 done, about 5 min left");
    }
}
