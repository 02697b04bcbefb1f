//! Whether a host may be relied on: a list of lines, each with what was measured, what is demanded and what shows it, and a
//! sealed report of all of them.
//!
//! Nothing is believed that can be done: examples of the modules are derived, faults are made and must be found, snapshots
//! are restored. What needs a data root of its own is done in a scratch folder below the cache, on the same disk as the real
//! one, which is removed.
//!
//! Invariants:
//! * no line has a constant outcome, and a line that could not be looked at counts as not passed;
//! * a failure to look is the outcome of its line and keeps no other line from being looked at;
//! * the real data root gets one line of the audit log, the logs one report; nothing else changes;
//! * a report carries its own digest, and the audit log vouches for that digest.

mod bench;
mod exports;
mod faults;
mod golden;
mod killed;
mod last;
mod line;
mod lines;
mod monitoring;
mod proof;
mod readiness;
mod report;
mod snapshots;
mod state;
mod values;

use std::ffi::OsString;

use crate::doctor::{Files, Finding};
use crate::error::Result;
use crate::health::Place;
use crate::registry::Registry;
use crate::stages::pipeline;

pub use last::Certification;
pub use line::{Evidence, Line, Outcome, Status};
pub use lines::{Definition, LINES};
pub use proof::{Proof, prove};
pub use readiness::{Demands, Phase, verify};
pub use report::{FOLDER, REPORT_SCHEMA, Report, Verdict};

use bench::Bench;

/// How many days a certificate counts where nobody says: the longest month, the three days before its end in which
/// somebody is warned, and one for an hour that clocks are put back, a job that is late and what certifying takes.
pub const VALID_DAYS: u32 = 35;

/// What is certified, and how.
#[derive(Debug)]
pub struct Subject {
    /// The registry.
    pub registry: Registry,
    /// How datasets are prepared.
    pub options: pipeline::Options,
    /// Where the files of the host lie.
    pub files: Files,
    /// What its health is judged by.
    pub place: Place,
    /// What is wrong with the configuration.
    pub warnings: Vec<String>,
    /// The configuration files.
    pub configuration_files: Vec<std::path::PathBuf>,
    /// Modes that are not what they must be.
    pub modes: Vec<Finding>,
    /// Flags for a further process of the host that shall find the same modules and settings.
    pub flags: Vec<OsString>,
    /// How long a certificate is good for, in days.
    pub valid_days: u32,
}

/// Looks at every line. Takes as long as deriving every example some times.
///
/// # Errors
/// The scratch folder cannot be made. What is wrong with the host is no error: the report tells it.
pub fn certify(subject: &Subject) -> Result<Report> {
    let mut bench = Bench::new(subject)?;
    let lines = LINES.iter().map(|definition| definition.examine(&mut bench)).collect();
    Ok(Report::new(lines, subject))
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{SignedDuration, Timestamp};

    use super::VALID_DAYS;
    use crate::schedule::{Period, Recurrence};

    /// A job that is done in time, two hours late as `health` grants to the daily one, never lets a certificate end, and
    /// never lets the alert of its last three days fire.
    #[test]
    fn a_host_that_is_certified_each_month_is_certified_all_year() {
        let rules = include_str!("../../../examples/deploy/alerts.yml");
        assert!(rules.contains("host_certification_expiry_timestamp_seconds - time() < 3 * 24 * 3600"));
        let needed = SignedDuration::from_hours(3 * 24 + 2);
        let valid = SignedDuration::from_hours(i64::from(VALID_DAYS) * 24);
        for zone in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"] {
            let zone = TimeZone::get(zone).unwrap();
            for day in 1..=28 {
                let monthly = Recurrence::parse(Period::Monthly, &format!("{day} 04:00")).unwrap();
                let mut certified: Timestamp = "2023-12-01T00:00:00Z".parse().unwrap();
                for month in 0..72 {
                    let next = monthly.next(certified, &zone).unwrap();
                    let left = valid - next.duration_since(certified);
                    assert!(month == 0 || left >= needed, "{certified} to {next}: {left:?} are left");
                    certified = next;
                }
            }
        }
    }
}
