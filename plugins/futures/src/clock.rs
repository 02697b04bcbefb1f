//! Chicago's calendar and clock, from the time zone database inside the module.

use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use plugin_api::ModuleError;

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

    /// Date in Chicago of a second, moved by a civil duration.
    fn date(&self, time_seconds: i64, moved: SignedDuration) -> Result<Date, ModuleError> {
        let time = Timestamp::from_second(time_seconds).map_err(|error| beyond(&error))?;
        let civil = self.zone.to_datetime(time).checked_add(moved).map_err(|error| beyond(&error))?;
        Ok(civil.date())
    }
}

fn beyond(error: &jiff::Error) -> ModuleError {
    ModuleError::internal(format!("a time beyond all calendars: {error}"))
}
