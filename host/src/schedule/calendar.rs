//! At which moments something recurs, by the clock of a time zone.
//!
//! Invariant: there is one moment for each day that it recurs on, also where a clock is put forward or back: a time that
//! does not exist is as much later as the clock is put forward, and of one that comes twice the first counts.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::Serialize;

/// How often something recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// Every day.
    Daily,
    /// On one day of the week.
    Weekly,
    /// On one day of the month.
    Monthly,
    /// On one day of January, April, July and October.
    Quarterly,
}

/// When something recurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recurrence {
    day: Day,
    time: Time,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Every,
    OfWeek(Weekday),
    OfMonth(i8),
    OfQuarter(i8),
}

/// Every month has it.
const LAST_DAY: i8 = 28;

/// Longest distance of two days it recurs on, and one more for each end.
const LONGEST_DAYS: i32 = 94;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday", Weekday::Monday),
    ("tuesday", Weekday::Tuesday),
    ("wednesday", Weekday::Wednesday),
    ("thursday", Weekday::Thursday),
    ("friday", Weekday::Friday),
    ("saturday", Weekday::Saturday),
    ("sunday", Weekday::Sunday),
];

impl Period {
    /// How a recurrence is written, as it fits after "must be".
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Self::Daily => "a time such as `06:00`, or `off`",
            Self::Weekly => "a day of the week and a time such as `sunday 03:00`, or `off`",
            Self::Monthly => "a day of the month up to 28 and a time such as `1 04:00`, or `off`",
            Self::Quarterly => {
                "a day of the first month of the quarter, up to 28, and a time such as `1 05:00`, or `off`"
            }
        }
    }
}

impl Recurrence {
    /// Reads one; nothing when it is not written as [`Period::expected`] says.
    #[must_use]
    pub fn parse(period: Period, text: &str) -> Option<Self> {
        let (day, time) = match period {
            Period::Daily => (None, text),
            _ => text.split_once(' ').map(|(day, time)| (Some(day), time))?,
        };
        let of_month = || day?.parse().ok().filter(|day| (1..=LAST_DAY).contains(day));
        let day = match period {
            Period::Daily => Day::Every,
            Period::Weekly => {
                let day = day?;
                Day::OfWeek(WEEKDAYS.iter().find(|(name, _)| day.eq_ignore_ascii_case(name))?.1)
            }
            Period::Monthly => Day::OfMonth(of_month()?),
            Period::Quarterly => Day::OfQuarter(of_month()?),
        };
        let (hour, minute) = time.trim().split_once(':')?;
        let is_number = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = |text: &str| is_number(text).then(|| text.parse().ok()).flatten();
        Some(Self { day, time: Time::new(number(hour)?, number(minute)?, 0, 0).ok()? })
    }

    /// The last moment up to `now`.
    #[must_use]
    pub fn last(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        let days = (-1..LONGEST_DAYS).filter_map(|back| today.checked_sub(jiff::Span::new().days(back)).ok());
        days.filter_map(|date| self.on(date, zone)).find(|moment| *moment <= now)
    }

    /// The first moment after `now`.
    #[must_use]
    pub fn next(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let today = now.to_zoned(zone.clone()).date();
        let days = (-1..LONGEST_DAYS).filter_map(|on| today.checked_add(jiff::Span::new().days(on)).ok());
        days.filter_map(|date| self.on(date, zone)).find(|moment| *moment > now)
    }

    /// Its moment of a day, if it recurs on that day.
    fn on(&self, date: Date, zone: &TimeZone) -> Option<Timestamp> {
        let recurs = match self.day {
            Day::Every => true,
            Day::OfWeek(weekday) => date.weekday() == weekday,
            Day::OfMonth(day) => date.day() == day,
            Day::OfQuarter(day) => date.day() == day && date.month() % 3 == 1,
        };
        recurs.then(|| zone.to_ambiguous_timestamp(date.to_datetime(self.time)).compatible().ok()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{Period, Recurrence};

    const ALL: [(Period, &str); 4] = [
        (Period::Daily, "02:30"),
        (Period::Weekly, "sunday 02:30"),
        (Period::Monthly, "25 02:30"),
        (Period::Quarterly, "1 05:00"),
    ];

    fn moments(period: Period, text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (recurrence, zone) = (Recurrence::parse(period, text).unwrap(), TimeZone::get(zone).unwrap());
        let mut now: Timestamp = from.parse().unwrap();
        let mut moments = Vec::new();
        for _ in 0..count {
            now = recurrence.next(now, &zone).unwrap();
            moments.push(now.to_string());
        }
        moments
    }

    #[test]
    fn a_clock_that_is_put_forward_or_back_makes_no_day_without_a_moment_or_with_two() {
        // Berlin: 02:00 to 03:00 does not exist on 29 March 2026, and comes twice on 25 October.
        assert_eq!(
            moments(Period::Daily, "02:30", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
            ["2026-03-28T01:30:00Z", "2026-03-29T01:30:00Z", "2026-03-30T00:30:00Z"]
        );
        assert_eq!(
            moments(Period::Daily, "02:30", "Europe/Berlin", "2026-10-23T12:00:00Z", 3),
            ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        // Apia had no 30 December 2011: the time of that day is the same time a day later, once.
        assert_eq!(
            moments(Period::Daily, "06:00", "Pacific/Apia", "2011-12-29T12:00:00Z", 2),
            ["2011-12-29T16:00:00Z", "2011-12-30T16:00:00Z"]
        );
    }

    #[test]
    fn weeks_months_and_quarters_have_their_days() {
        assert_eq!(
            moments(Period::Weekly, "Sunday 03:00", "UTC", "2026-11-22T03:00:00Z", 2),
            ["2026-11-29T03:00:00Z", "2026-12-06T03:00:00Z"]
        );
        assert_eq!(
            moments(Period::Monthly, "1 04:00", "UTC", "2026-11-22T00:00:00Z", 2),
            ["2026-12-01T04:00:00Z", "2027-01-01T04:00:00Z"]
        );
        assert_eq!(
            moments(Period::Quarterly, "1 05:00", "UTC", "2026-11-22T00:00:00Z", 3),
            ["2027-01-01T05:00:00Z", "2027-04-01T05:00:00Z", "2027-07-01T05:00:00Z"]
        );
    }

    #[test]
    fn what_is_written_otherwise_is_nothing() {
        for (period, wrong) in [
            (Period::Daily, "6:00"),
            (Period::Daily, "24:00"),
            (Period::Daily, "06:00:00"),
            (Period::Daily, "sunday 06:00"),
            (Period::Weekly, "06:00"),
            (Period::Weekly, "someday 06:00"),
            (Period::Monthly, "29 06:00"),
            (Period::Monthly, "0 06:00"),
            (Period::Quarterly, "1 +6:00"),
            (Period::Quarterly, ""),
        ] {
            assert_eq!(Recurrence::parse(period, wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn the_last_and_the_next_moment_lie_on_both_sides_of_now(
            seconds in 1_000_000_000_i64..2_000_000_000,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"]),
        ) {
            let (now, zone) = (Timestamp::from_second(seconds).unwrap(), TimeZone::get(zone).unwrap());
            for (period, text) in ALL {
                let recurrence = Recurrence::parse(period, text).unwrap();
                let (last, next) = (recurrence.last(now, &zone).unwrap(), recurrence.next(now, &zone).unwrap());
                prop_assert!(last <= now && now < next);
                // Nothing lies between them.
                prop_assert_eq!(recurrence.last(next - SignedDuration::from_secs(1), &zone), Some(last));
                prop_assert_eq!(recurrence.next(last, &zone), Some(next));
            }
        }
    }
}
