//! How long to wait before the next attempt.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::Duration;

use jiff::Timestamp;

/// Wait after the first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_millis(500);

/// Longest wait, also when a server asks for more.
const LONGEST: Duration = Duration::from_mins(1);

/// The wait after so many failures: exponential, and up to half of it by chance, so that many clients that one outage
/// stopped do not come back together.
pub(crate) fn after(failures: u64) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let longest = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    longest / 2 + (longest / 2).mul_f64(chance())
}

/// Between 0 and 1. The keys of a new hasher are the randomness that the standard library has.
#[expect(clippy::cast_precision_loss, reason = "nothing depends on the last digits")]
fn chance() -> f64 {
    RandomState::new().build_hasher().finish() as f64 / u64::MAX as f64
}

/// What a `Retry-After` header asks for: seconds, or a date. `Err` when it is longer than anybody waits.
pub(crate) fn asked_for(header: &str, now: Timestamp) -> Option<Result<Duration, Duration>> {
    let asked = if let Ok(seconds) = header.trim().parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until = jiff::fmt::rfc2822::parse(header.trim()).ok()?.timestamp();
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(if asked <= LONGEST { Ok(asked) } else { Err(asked) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_stay_bounded() {
        for failures in [1, 2, 3, 8, 1000] {
            let longest = FIRST.saturating_mul(1 << (failures - 1).min(16)).min(LONGEST);
            let waits: Vec<Duration> = (0..50).map(|_| after(failures)).collect();
            assert!(waits.iter().all(|wait| *wait >= longest / 2 && *wait <= longest), "{waits:?}");
            assert!(waits.iter().any(|wait| *wait != waits[0]), "no chance in {waits:?}");
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2015-10-21T07:27:50Z".parse().unwrap();
        let seconds = Duration::from_secs;
        for (header, asked) in [
            ("7", Some(Ok(seconds(7)))),
            ("3600", Some(Err(seconds(3600)))),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(Ok(seconds(10)))),
            ("Wed, 21 Oct 2015 07:20:00 GMT", Some(Ok(seconds(0)))),
            ("soon", None),
        ] {
            assert_eq!(asked_for(header, now), asked, "{header}");
        }
    }
}
