//! Locks in tests. A child that another test starts holds a copy of every lock of this process until its program runs: what
//! was given back is free a moment later.

use std::time::{Duration, Instant};

/// How long it is waited for what is free.
pub(crate) const SOON: Duration = Duration::from_secs(5);

/// What an attempt gives at last.
pub(crate) fn soon<T>(mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + SOON;
    loop {
        if let Some(got) = attempt() {
            return got;
        }
        assert!(Instant::now() < deadline, "it does not become free");
        std::thread::sleep(Duration::from_millis(10));
    }
}
