//! Which seconds of a day count, and which bars lie in them.

use std::ops::Range;

use jiff::civil::{Date, Time};
use plugin_api::ModuleError;

use crate::bars::Bars;
use crate::clock::{Clock, Day};

/// One session: the seconds of a day that count, the contract chosen for it, and its bars.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Trade date.
    pub date: Date,
    /// The civil second of the day at which it opens.
    pub open_second_of_day: i64,
    /// First second that counts, since 1970.
    pub open_seconds: i64,
    /// First second that no longer counts.
    pub close_seconds: i64,
    /// Index of the contract.
    pub contract: u16,
    /// Rows of the recording that lie in the day; those of other contracts among them.
    pub rows: Range<usize>,
}

/// The rows of each calendar day in Chicago, in order; `bars` are ordered by time.
///
/// # Errors
/// [`ModuleError::Internal`] for times beyond all calendars.
pub fn calendar_days(bars: &Bars, clock: &Clock) -> Result<Vec<(Day, Range<usize>)>, ModuleError> {
    let times = &bars.time_seconds;
    let mut days = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let day = clock.day(times[start])?;
        let end = start + times[start..].partition_point(|time| *time < day.end_seconds);
        days.push((day, start..end));
        start = end;
    }
    Ok(days)
}

/// The sessions of the reference: each calendar day by its own contract, from 07:30 to 15:00 wherever it has a bar in
/// between, holidays and early closes included (corrected_contract_filtering.py, `filter_rth_only`).
///
/// # Errors
/// As [`calendar_days`].
pub fn calendar_sessions(
    bars: &Bars,
    days: &[(Day, Range<usize>)],
    contracts: &[u16],
    window: (Time, Time),
    clock: &Clock,
) -> Result<Vec<Session>, ModuleError> {
    let mut sessions = Vec::with_capacity(days.len());
    for ((day, rows), contract) in days.iter().zip(contracts) {
        let session = Session {
            date: day.date,
            open_second_of_day: second_of_day(window.0),
            open_seconds: clock.seconds(day.date, window.0)?,
            close_seconds: clock.seconds(day.date, window.1)?,
            contract: *contract,
            rows: rows.clone(),
        };
        let traded = rows.clone().any(|row| {
            bars.contract[row] == *contract
                && (session.open_seconds..session.close_seconds).contains(&bars.time_seconds[row])
        });
        if traded {
            sessions.push(session);
        }
    }
    Ok(sessions)
}

fn second_of_day(time: Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}
