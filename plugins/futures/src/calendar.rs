//! When the exchange closes early or stays closed: equity index futures on CME Globex, 2010 to 2025, by rule.
//!
//! Sources: the holiday notices of CME Group, such as those of <https://www.cmegroup.com/tools-information/holiday-calendar.html>
//! and of 2007-08-20 (Labor Day, halt at 10:30), and the collection of them in pandas_market_calendars,
//! `cme_globex_equities.py`. On holidays of the stock market the halt moved from 10:30 to 12:00 during 2014; Good Friday
//! is a day of trade until 08:15 in years in which the employment report is published on it.

use jiff::civil::{Date, Time, Weekday};

/// How long the market is open on a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hours {
    /// As on any day.
    Regular,
    /// Until an earlier time in Chicago.
    Until(Time, &'static str),
    /// Not at all.
    Closed(&'static str),
}

const HALF_PAST_TEN: Time = Time::constant(10, 30, 0, 0);
const NOON: Time = Time::constant(12, 0, 0, 0);
const QUARTER_PAST_NOON: Time = Time::constant(12, 15, 0, 0);
const QUARTER_PAST_EIGHT: Time = Time::constant(8, 15, 0, 0);
const HALF_PAST_EIGHT: Time = Time::constant(8, 30, 0, 0);

/// Good Fridays with an employment report.
const GOOD_FRIDAYS_WITH_TRADE: [i16; 5] = [2010, 2012, 2015, 2021, 2023];

/// Days that no rule tells: hurricane Sandy, and mourning for presidents Bush and Carter.
const SPECIAL_DAYS: [(i16, i8, i8, Time, &str); 4] = [
    (2012, 10, 29, QUARTER_PAST_EIGHT, "hurricane Sandy"),
    (2012, 10, 30, QUARTER_PAST_EIGHT, "hurricane Sandy"),
    (2018, 12, 5, HALF_PAST_EIGHT, "day of mourning"),
    (2025, 1, 9, HALF_PAST_EIGHT, "day of mourning"),
];

/// Hours of a date.
#[must_use]
pub fn hours(date: Date) -> Hours {
    if matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday) {
        return Hours::Closed("weekend");
    }
    let special =
        SPECIAL_DAYS.iter().find(|day| (day.0, day.1, day.2) == (date.year(), date.month(), date.day()));
    if let Some((.., until, why)) = special {
        return Hours::Until(*until, why);
    }
    closed_all_day(date)
        .or_else(|| stock_market_holiday(date))
        .or_else(|| short_day(date))
        .unwrap_or(Hours::Regular)
}

fn closed_all_day(date: Date) -> Option<Hours> {
    // A new year on a Saturday is not made up for; Christmas is, on the Friday.
    let new_year = is_observed(date, 1, 1, false) && date.month() == 1;
    if new_year {
        return Some(Hours::Closed("New Year's Day"));
    }
    if is_observed(date, 12, 25, true) {
        return Some(Hours::Closed("Christmas"));
    }
    (date == good_friday(date.year())?).then(|| {
        if GOOD_FRIDAYS_WITH_TRADE.contains(&date.year()) {
            Hours::Until(QUARTER_PAST_EIGHT, "Good Friday with an employment report")
        } else {
            Hours::Closed("Good Friday")
        }
    })
}

/// Days on which stocks are not traded, and futures for a part of the day. The year is the first with the halt at noon.
fn stock_market_holiday(date: Date) -> Option<Hours> {
    let monday = |month, nth| is_nth(date, month, Weekday::Monday, nth);
    let (why, noon_since) = match date.month() {
        1 if monday(1, 3) => ("Martin Luther King Day", 2015),
        2 if monday(2, 3) => ("Presidents' Day", 2015),
        5 if monday(5, -1) => ("Memorial Day", 2014),
        6 if date.year() >= 2022 && is_observed(date, 6, 19, true) => ("Juneteenth", 2022),
        7 if is_observed(date, 7, 4, true) => ("Independence Day", 2014),
        9 if monday(9, 1) => ("Labor Day", 2014),
        11 if is_nth(date, 11, Weekday::Thursday, 4) => ("Thanksgiving", 2014),
        _ => return None,
    };
    Some(Hours::Until(if date.year() >= noon_since { NOON } else { HALF_PAST_TEN }, why))
}

/// Days before or after a holiday with a short session.
fn short_day(date: Date) -> Option<Hours> {
    let why = match (date.month(), date.day()) {
        // Observed on the Monday or the Friday, the holiday has no short day.
        (7, 3) if date.weekday() != Weekday::Friday => "day before Independence Day",
        (12, 24) if date.weekday() != Weekday::Friday => "Christmas Eve",
        (11, _) if date.yesterday().is_ok_and(|before| is_nth(before, 11, Weekday::Thursday, 4)) => {
            "day after Thanksgiving"
        }
        _ => return None,
    };
    Some(Hours::Until(QUARTER_PAST_NOON, why))
}

/// Whether a holiday of fixed date is observed on a date: on the Monday after a Sunday, and perhaps on the Friday before
/// a Saturday.
fn is_observed(date: Date, month: i8, day: i8, on_fridays: bool) -> bool {
    let Ok(holiday) = Date::new(date.year(), month, day) else { return false };
    let observed = match holiday.weekday() {
        Weekday::Sunday => holiday.tomorrow(),
        Weekday::Saturday if on_fridays => holiday.yesterday(),
        _ => Ok(holiday),
    };
    observed.is_ok_and(|observed| observed == date)
}

fn is_nth(date: Date, month: i8, weekday: Weekday, nth: i8) -> bool {
    date.month() == month && date.nth_weekday_of_month(nth, weekday).is_ok_and(|found| found == date)
}

/// Two days before Easter (Butcher's rule; Meeus 1991, Astronomical Algorithms, chapter 8).
fn good_friday(year: i16) -> Option<Date> {
    let number = i32::from(year);
    let (golden, century, rest) = (number % 19, number / 100, number % 100);
    let moon = (19 * golden + century - century / 4 - (8 * century + 13) / 25 + 15) % 30;
    let day = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let sum = moon + day - 7 * ((golden + 11 * moon + 22 * day) / 451) + 114;
    let easter = Date::new(year, i8::try_from(sum / 31).ok()?, i8::try_from(sum % 31 + 1).ok()?).ok()?;
    easter.yesterday().ok()?.yesterday().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published notices: CME Group of the years named.
    #[test]
    fn known_days_have_their_hours() {
        let on = |year, month, day| match hours(Date::new(year, month, day).unwrap()) {
            Hours::Regular => "regular".to_owned(),
            Hours::Until(time, _) => format!("{:02}:{:02}", time.hour(), time.minute()),
            Hours::Closed(why) => why.to_owned(),
        };
        for (date, expected) in [
            ((2025, 9, 1), "12:00"),
            ((2025, 9, 2), "regular"),
            ((2013, 7, 3), "12:15"),
            ((2013, 7, 4), "10:30"),
            ((2014, 1, 20), "10:30"),
            ((2014, 5, 26), "12:00"),
            ((2024, 11, 28), "12:00"),
            ((2024, 11, 29), "12:15"),
            ((2024, 12, 24), "12:15"),
            ((2024, 12, 25), "Christmas"),
            ((2021, 12, 24), "Christmas"),
            ((2022, 12, 26), "Christmas"),
            ((2021, 12, 31), "regular"),
            ((2023, 1, 2), "New Year's Day"),
            ((2024, 3, 29), "Good Friday"),
            ((2019, 4, 19), "Good Friday"),
            ((2021, 4, 2), "08:15"),
            ((2020, 7, 3), "12:00"),
            ((2021, 6, 18), "regular"),
            ((2022, 6, 20), "12:00"),
            ((2012, 10, 30), "08:15"),
            ((2025, 1, 9), "08:30"),
            ((2025, 9, 6), "weekend"),
        ] {
            assert_eq!(on(date.0, date.1, date.2), expected, "{date:?}");
        }
    }
}
