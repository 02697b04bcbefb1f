//! Which seconds of a day count, and which bars lie in them.

use std::ops::Range;

use jiff::civil::{Date, Time};
use plugin_api::ModuleError;

use crate::bars::Bars;
use crate::calendar::{self, Hours};
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
    /// Whether the recording ends before the session.
    pub cut_off: bool,
}

/// A day and its rows.
pub type DayRows = (Day, Range<usize>);

/// The rows of each calendar day in Chicago, in order; `bars` are ordered by time.
///
/// # Errors
/// [`ModuleError::Internal`] for times beyond all calendars.
pub fn calendar_days(bars: &Bars, clock: &Clock) -> Result<Vec<DayRows>, ModuleError> {
    days(bars, |time| clock.day(time))
}

/// The rows of each trading day, in order.
///
/// # Errors
/// [`ModuleError::Internal`] for times beyond all calendars.
pub fn trading_days(bars: &Bars, clock: &Clock) -> Result<Vec<DayRows>, ModuleError> {
    days(bars, |time| clock.trading_day(time))
}

fn days(bars: &Bars, day_of: impl Fn(i64) -> Result<Day, ModuleError>) -> Result<Vec<DayRows>, ModuleError> {
    let times = &bars.time_seconds;
    let mut days = Vec::new();
    let mut start = 0;
    while start < times.len() {
        let day = day_of(times[start])?;
        let end = start + times[start..].partition_point(|time| *time < day.end_seconds);
        days.push((day, start..end));
        start = end;
    }
    Ok(days)
}

/// The sessions of the exchange's calendar: within the trading day, not on holidays, and until an early close. The last
/// one ends with the recording, for nobody knows what came after.
///
/// # Errors
/// As [`trading_days`].
pub fn exchange_sessions(
    bars: &Bars,
    days: &[DayRows],
    contracts: &[u16],
    window: (Time, Time),
    clock: &Clock,
) -> Result<Vec<Session>, ModuleError> {
    let recording_end = bars.time_seconds.last().map_or(i64::MIN, |last| last + 1);
    let mut sessions = Vec::with_capacity(days.len());
    for ((day, rows), contract) in days.iter().zip(contracts) {
        let close = match calendar::hours(day.date) {
            Hours::Regular => window.1,
            Hours::Until(early, _) => early.min(window.1),
            Hours::Closed(_) => continue,
        };
        let open_seconds = clock.seconds(day.date, window.0)?;
        let close_seconds = clock.seconds(day.date, close)?.min(recording_end);
        let session = Session {
            date: day.date,
            open_second_of_day: second_of_day(window.0),
            open_seconds,
            close_seconds,
            contract: *contract,
            rows: rows.clone(),
            cut_off: close_seconds == recording_end && recording_end < clock.seconds(day.date, close)?,
        };
        if session.is_traded(bars) {
            sessions.push(session);
        }
    }
    Ok(sessions)
}

/// The sessions of the reference: each calendar day by its own contract, from 07:30 to 15:00 wherever it has a bar in
/// between, holidays and early closes included (corrected_contract_filtering.py, `filter_rth_only`).
///
/// # Errors
/// As [`calendar_days`].
pub fn calendar_sessions(
    bars: &Bars,
    days: &[DayRows],
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
            cut_off: false,
        };
        if session.is_traded(bars) {
            sessions.push(session);
        }
    }
    Ok(sessions)
}

impl Session {
    /// Whether its contract has a bar in it.
    fn is_traded(&self, bars: &Bars) -> bool {
        self.rows.clone().any(|row| {
            bars.contract[row] == self.contract
                && (self.open_seconds..self.close_seconds).contains(&bars.time_seconds[row])
        })
    }
}

fn second_of_day(time: Time) -> i64 {
    i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}
