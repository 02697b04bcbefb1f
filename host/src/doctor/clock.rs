//! A clock that went backwards: what the registry tells of its past would lie in the future.

use jiff::{Timestamp, ToSpan};

use super::{Files, Finding};

/// How far two clocks that write to one data root may differ.
const TOLERANCE_MINUTES: i64 = 5;

/// Whether the audit log was last written at a time that has not come yet.
#[must_use]
pub fn clock(files: &Files, now: Timestamp) -> Option<Finding> {
    let head = files.registry_directory.join("audit/head.json");
    let written = Timestamp::try_from(fs_err::metadata(head).ok()?.modified().ok()?).ok()?;
    let limit = now.checked_add(TOLERANCE_MINUTES.minutes()).ok()?;
    (written > limit).then(|| {
        Finding::new(
            "clock",
            format!("it is {}, and the audit log was last written at {}", text(now), text(written)),
            "times in records, logs and reports would be out of order, and retention would keep or remove the wrong \
             files",
            "set the clock, for example with `timedatectl set-ntp true`",
        )
    })
}

fn text(time: Timestamp) -> String {
    crate::clock::text(time)
}
