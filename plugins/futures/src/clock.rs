//! Chicago's calendar and clock, from the time zone database inside the module.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use plugin_api::ModuleError;

/// End of a trading day (CME rulebook, chapter 358: the next day's trade begins at 17:00).
const DAY_END: Time = Time::constant(17, 0, 0, 0);

/// Civil time in Chicago.
#[derive(Debug, Clone)]
pub struct Clock {
    zone: TimeZone,
}

/// A civil day with its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// Date in Chicago; for a trading day that of its end.
    pub date: Date,
    /// First second, since 1970.
    pub start_seconds: i64,
    /// First second behind it.
    pub end_seconds: i64,
}

impl Day {
    /// Whether a second lies in the day.
    #[must_use]
    pub fn holds(&self, time_seconds: i64) -> bool {
        (self.start_seconds..self.end_seconds).contains(&time_seconds)
    }
}

impl Clock {
    /// Chicago's clock.
    ///
    /// # Errors
    /// None in practice: the database is part of the library.
    pub fn chicago() -> Result<Self, ModuleError> {
        let zone = TimeZoneDatabase::bundled().get("America/Chicago");
        let zone =
            zone.map_err(|error| ModuleError::internal(format!("no time zone of Chicago: {error}")))?;
        Ok(Self { zone })
    }

    /// Seconds since 1970 of a civil time.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] beyond the years that can be counted.
    pub fn seconds(&self, date: Date, time: Time) -> Result<i64, ModuleError> {
        let zoned = date.to_datetime(time).to_zoned(self.zone.clone());
        zoned.map(|zoned| zoned.timestamp().as_second()).map_err(|error| beyond(&error))
    }

    /// The calendar day that holds a second.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] beyond the years that can be counted.
    pub fn day(&self, time_seconds: i64) -> Result<Day, ModuleError> {
        let date = self.date(time_seconds, SignedDuration::ZERO)?;
        let next = date.tomorrow().map_err(|error| beyond(&error))?;
        let midnight = Time::midnight();
        Ok(Day {
            date,
            start_seconds: self.seconds(date, midnight)?,
            end_seconds: self.seconds(next, midnight)?,
        })
    }

    /// The trading day that holds a second: from 17:00 to 17:00 in Chicago, named by the date of its end; what follows
    /// Friday's belongs to Monday.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] beyond the years that can be counted.
    pub fn trading_day(&self, time_seconds: i64) -> Result<Day, ModuleError> {
        let until_midnight = SignedDuration::from_hours(24 - i64::from(DAY_END.hour()));
        let mut date = self.date(time_seconds, until_midnight)?;
        while is_weekend(date) {
            date = date.tomorrow().map_err(|error| beyond(&error))?;
        }
        let mut before = date.yesterday().map_err(|error| beyond(&error))?;
        while is_weekend(before) {
            before = before.yesterday().map_err(|error| beyond(&error))?;
        }
        Ok(Day {
            date,
            start_seconds: self.seconds(before, DAY_END)?,
            end_seconds: self.seconds(date, DAY_END)?,
        })
    }

    /// Date in Chicago of a second, moved by a civil duration.
    fn date(&self, time_seconds: i64, moved: SignedDuration) -> Result<Date, ModuleError> {
        let time = Timestamp::from_second(time_seconds).map_err(|error| beyond(&error))?;
        let civil = self.zone.to_datetime(time).checked_add(moved).map_err(|error| beyond(&error))?;
        Ok(civil.date())
    }
}

fn is_weekend(date: Date) -> bool {
    matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

fn beyond(error: &jiff::Error) -> ModuleError {
    ModuleError::internal(format!("a time beyond all calendars: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trading_days_end_at_five_in_summer_and_in_winter() {
        let clock = Clock::chicago().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        for (time, date) in [
            ("2025-09-02T21:59:59Z", "2025-09-02"),
            ("2025-09-02T22:00:00Z", "2025-09-03"),
            ("2025-01-07T22:59:59Z", "2025-01-07"),
            ("2025-01-07T23:00:00Z", "2025-01-08"),
            ("2025-09-05T22:00:00Z", "2025-09-08"), // Friday evening
            ("2025-09-07T22:00:00Z", "2025-09-08"), // Sunday evening
            ("2025-03-09T23:00:00Z", "2025-03-10"), // the clock was moved that morning
        ] {
            let day = clock.trading_day(at(time)).unwrap();
            assert_eq!(day.date.to_string(), date, "{time}");
            assert!(day.holds(at(time)), "{time}: {day:?}");
        }
    }
}
