//! A dataset that comes in parts, one a month, and how the names of their files are made.

mod template;

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Kind, Result};

pub use template::Template;

/// A month of the Gregorian calendar, written `2025-09`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(jiff::civil::Date);

impl Month {
    /// The one before; nothing before the first month that can be written.
    #[must_use]
    pub fn previous(self) -> Option<Self> {
        self.0.yesterday().ok().map(|day| Self(day.first_of_month()))
    }

    /// The one after; nothing after December 9999.
    #[must_use]
    pub fn next(self) -> Option<Self> {
        self.0.last_of_month().tomorrow().ok().map(Self)
    }

    fn first_day(self) -> jiff::civil::Date {
        self.0
    }

    fn last_day(self) -> jiff::civil::Date {
        self.0.last_of_month()
    }
}

impl FromStr for Month {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || format!("expected a month such as `2025-09`, found `{text}`");
        let (year, month) = text.split_once('-').ok_or_else(wrong)?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (year.len(), month.len()) != (4, 2) || !digits(year) || !digits(month) {
            return Err(wrong());
        }
        let numbers = year.parse().ok().zip(month.parse().ok());
        let date = numbers.and_then(|(year, month)| jiff::civil::Date::new(year, month, 1).ok());
        date.map(Self).ok_or_else(wrong)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0.strftime("%Y-%m"))
    }
}

/// Months one after the other, written `2010-07..2025-10`, both ends included, or `2025-09` for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Months {
    first: Month,
    last: Month,
}

impl Months {
    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Month> {
        let in_range = move |month: &Month| *month <= self.last;
        std::iter::successors(Some(self.first), |month| month.next()).take_while(in_range)
    }
}

impl fmt::Display for Months {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}..{}", self.first, self.last)
    }
}

impl FromStr for Months {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let months = Self { first: first.parse()?, last: last.parse()? };
        if months.last < months.first {
            return Err(format!("{last} is before {first}"));
        }
        Ok(months)
    }
}

/// Makes sure that each part gets a name of its own.
///
/// # Errors
/// [`Kind::Usage`] with what to type.
pub fn demand_own_names(template: &Template, months: Months) -> Result<()> {
    if months.first == months.last || template.tells_months_apart() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("`--name {template}` is the same for every month"))
        .hint(format!("put the month into it: `--name {template}_{{partition}}`")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn months(text: &str) -> Vec<String> {
        text.parse::<Months>().unwrap().iter().map(|month| month.to_string()).collect()
    }

    #[test]
    fn a_range_holds_both_ends() {
        assert_eq!(months("2010-11..2011-02"), ["2010-11", "2010-12", "2011-01", "2011-02"]);
        assert_eq!(months("2025-09"), ["2025-09"]);
        assert_eq!(months("2010-07..2025-10").len(), 184);
        assert_eq!(months("9999-12"), ["9999-12"]);
    }

    #[test]
    fn what_is_no_month_is_refused_with_an_example() {
        for text in
            ["", "2025", "2025-9", "2025-13", "25-09", "2025-09-01", "2025-09..", "+025-09", "2025-0a"]
        {
            let error = text.parse::<Months>().unwrap_err();
            assert!(error.contains("2025-09"), "{text}: {error}");
        }
        assert_eq!("2025-09..2025-08".parse::<Months>().unwrap_err(), "2025-08 is before 2025-09");
    }

    #[test]
    fn names_of_several_months_differ() {
        let range: Months = "2025-01..2025-02".parse().unwrap();
        let template = |text: &str| Template::new(text).unwrap();
        assert!(demand_own_names(&template("es_{partition}"), range).is_ok());
        assert!(demand_own_names(&template("es_{year}-{month}"), range).is_ok());
        assert!(demand_own_names(&template("es_{last_day}"), range).is_ok());
        for same in ["es", "es_{year}", "es_{month}"] {
            let error = demand_own_names(&template(same), range).unwrap_err();
            assert!(error.hints[0].contains("{partition}"), "{error:?}");
        }
        assert!(demand_own_names(&template("es"), "2025-01".parse().unwrap()).is_ok());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,20}") {
            let _ = text.parse::<Months>();
        }

        #[test]
        fn next_and_previous_are_each_others_inverse(year in 1_i16..=9998, month in 1_i8..=12) {
            let month: Month = format!("{year:04}-{month:02}").parse().unwrap();
            prop_assert_eq!(month.next().and_then(Month::previous), Some(month));
        }
    }
}
