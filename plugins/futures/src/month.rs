//! Which month bars are of: two files exchanged have the right form, and nothing but their dates tells.
//!
//! A bar is of a month when its trade date or its date in UTC is: files are cut at midnight in UTC, so that the last
//! evening of a month is of the next month's first trade date; others are cut at 17:00 in Chicago, where that begins.

use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use plugin_api::{Finding, ModuleError, Severity};

use crate::BARS;
use crate::cleaning::Recording;
use crate::clock::Clock;
use crate::neighbours::{NEXT, PREVIOUS};
use crate::sessions::trading_days;

/// A month of the Gregorian calendar, written `2025-09`, by its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month(Date);

impl Month {
    /// Reads `2025-09`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let month = Self(format!("{text}-01").parse().ok()?);
        (month.to_string() == text).then_some(month)
    }

    /// The month of a date.
    #[must_use]
    pub fn of(date: Date) -> Self {
        Self(date.first_of_month())
    }

    fn previous(self) -> Option<Self> {
        self.0.yesterday().ok().map(Self::of)
    }

    fn next(self) -> Option<Self> {
        self.0.last_of_month().tomorrow().ok().map(Self)
    }

    /// The first second in UTC, since 1970.
    fn start_seconds(self) -> Option<i64> {
        let start = self.0.to_datetime(Time::midnight()).to_zoned(TimeZone::UTC).ok()?;
        Some(start.timestamp().as_second())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.strftime("%Y-%m"))
    }
}

/// Refuses bars of which most are not of the month that they are given for, or of its neighbours; a finding for each
/// input that has some.
///
/// # Errors
/// [`ModuleError::BadInput`] with the first bar that is not, and the month that most are of.
pub fn demand(
    month: Month,
    own: &Recording,
    previous: Option<&Recording>,
    next: Option<&Recording>,
) -> Result<Vec<Finding>, ModuleError> {
    let given =
        [(BARS, Some(month), Some(own)), (PREVIOUS, month.previous(), previous), (NEXT, month.next(), next)];
    let mut findings = Vec::new();
    for (role, month, recording) in given {
        if let (Some(month), Some(recording)) = (month, recording) {
            findings.extend(demand_one(role, month, recording)?);
        }
    }
    Ok(findings)
}

fn demand_one(role: &str, month: Month, recording: &Recording) -> Result<Option<Finding>, ModuleError> {
    let times = &recording.bars.time_seconds;
    let bounds = month.start_seconds().zip(month.next().and_then(Month::start_seconds));
    let (start, end) = bounds.unwrap_or((i64::MIN, i64::MAX));
    let mut strays = Vec::new();
    for (day, rows) in trading_days(&recording.bars, &Clock::chicago()?)? {
        let inside = |row: &usize| (start..end).contains(&times[*row]);
        let found = rows.clone().filter(|row| Month::of(day.date) != month && !inside(row));
        let mut found = found.peekable();
        if let Some(first) = found.peek().copied() {
            strays.push((day.date, first, found.count()));
        }
    }
    let (count, all) = (strays.iter().map(|(_, _, count)| count).sum::<usize>(), times.len());
    let Some((date, row, _)) = strays.first() else { return Ok(None) };
    let message = format!(
        "{count} of {all} bars are not of {month}: the first, bar {} at {}, is of the trading day {date}",
        row + 1,
        jiff::Timestamp::from_second(times[*row]).unwrap_or_default(),
    );
    if count * 2 > all {
        let of_month = |wanted: Month| {
            let of_it = strays.iter().filter(|(date, ..)| Month::of(*date) == wanted);
            of_it.map(|(_, _, count)| count).sum::<usize>()
        };
        let most = strays.iter().map(|(date, ..)| Month::of(*date)).max_by_key(|found| of_month(*found));
        let most = most.unwrap_or(month);
        return Err(ModuleError::bad_input(role, message).hint(format!(
            "most are of {most}: were two months exchanged? give the file of {month}, or the month of this file"
        )));
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of bars")]
    let share = count as f64 / all as f64;
    let finding = Finding::new(Severity::Warning, "bars.other-month", format!("input `{role}`"), message);
    Ok(Some(finding.measured(share, 0.0).hint("is it a file of several months, or of damaged times?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_is_written() {
        let month = Month::read("2025-12").unwrap();
        assert_eq!(month.to_string(), "2025-12");
        assert_eq!(month.next().unwrap().to_string(), "2026-01");
        assert_eq!(month.previous().unwrap().to_string(), "2025-11");
        assert_eq!(month.start_seconds(), Some(1_764_547_200));
        for text in ["", "2025", "2025-1", "2025-13", "2025-12-01", "{partition}", "+002025-12", "2025-12 "] {
            assert_eq!(Month::read(text), None, "{text}");
        }
    }
}
