//! From when to when.

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use serde::Serialize;

use crate::clock;
use crate::error::{Error, Kind, Result};

/// Days of the reports that look back.
const DAYS: i64 = 30;

/// Whole days, UTC.
#[derive(Debug, Clone, Serialize)]
pub struct Period {
    /// First day.
    pub first_day: String,
    /// Last day.
    pub last_day: String,
    /// When the first day begins, as the journal writes times.
    #[serde(skip)]
    pub(super) since: String,
    /// When the last day is over.
    #[serde(skip)]
    pub(super) before: String,
    #[serde(skip)]
    first: Date,
    #[serde(skip)]
    span: Span,
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        (&self.since, &self.before) == (&other.since, &other.before)
    }
}

impl Period {
    /// That day.
    ///
    /// # Errors
    /// [`Kind::Usage`] at the ends of the calendar.
    pub fn day(date: Date) -> Result<Self> {
        Self::new(date, 1.day())
    }

    /// The week that the day lies in, from Monday.
    ///
    /// # Errors
    /// As [`day`](Self::day).
    pub fn week(date: Date) -> Result<Self> {
        let since_monday = date.weekday().since(Weekday::Monday);
        Self::new(date.checked_sub(i64::from(since_monday).days()).map_err(|_| outside())?, 1.week())
    }

    /// The month that the day lies in.
    ///
    /// # Errors
    /// As [`day`](Self::day).
    pub fn month(date: Date) -> Result<Self> {
        Self::new(date.first_of_month(), 1.month())
    }

    /// The thirty days that end with that day.
    ///
    /// # Errors
    /// As [`day`](Self::day).
    pub fn thirty_days(date: Date) -> Result<Self> {
        Self::new(date.checked_sub((DAYS - 1).days()).map_err(|_| outside())?, DAYS.days())
    }

    /// The period of the same kind before it.
    ///
    /// # Errors
    /// As [`day`](Self::day).
    pub fn previous(&self) -> Result<Self> {
        Self::new(self.first.checked_sub(self.span).map_err(|_| outside())?, self.span)
    }

    fn new(first: Date, span: Span) -> Result<Self> {
        let end = first.checked_add(span).map_err(|_| outside())?;
        let last = end.yesterday().map_err(|_| outside())?;
        let begin = |date| clock::beginning_of(date).map(clock::text).ok_or_else(outside);
        Ok(Self {
            first_day: first.to_string(),
            last_day: last.to_string(),
            since: begin(first)?,
            before: begin(end)?,
            first,
            span,
        })
    }

    /// `2026-11-21`, or `2026-11-16 to 2026-11-22`.
    pub(super) fn text(&self) -> String {
        if self.first_day == self.last_day {
            return self.first_day.clone();
        }
        format!("{} to {}", self.first_day, self.last_day)
    }
}

fn outside() -> Error {
    Error::new(Kind::Usage, "the date is at the end of the calendar").hint("give another with `--date`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_whole_and_follow_one_another() {
        let date = jiff::civil::date(2026, 3, 4);
        let ends = |period: &Period| (period.first_day.clone(), period.last_day.clone());
        let expected = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(ends(&Period::day(date).unwrap()), expected("2026-03-04", "2026-03-04"));
        assert_eq!(ends(&Period::week(date).unwrap()), expected("2026-03-02", "2026-03-08"));
        let month = Period::month(date).unwrap();
        assert_eq!(ends(&month), expected("2026-03-01", "2026-03-31"));
        assert_eq!(ends(&month.previous().unwrap()), expected("2026-02-01", "2026-02-28"));
        assert_eq!(month.since, "2026-03-01T00:00:00.000Z");
        assert_eq!(month.before, "2026-04-01T00:00:00.000Z");
        let thirty = Period::thirty_days(date).unwrap();
        assert_eq!(ends(&thirty), expected("2026-02-03", "2026-03-04"));
        assert_eq!(thirty.previous().unwrap().before, thirty.since);
    }
}
