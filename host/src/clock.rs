//! The time of the machine, as it stands in records.

/// Now, UTC, always to the millisecond: times of one width sort as text and stand in columns.
#[must_use]
pub fn now() -> String {
    text(jiff::Timestamp::now())
}

/// Seconds from one time to another, both RFC 3339; 0 where one of them is no time.
#[must_use]
pub fn seconds_between(from: &str, to: &str) -> f64 {
    let parsed = |text: &str| text.parse::<jiff::Timestamp>().ok();
    match (parsed(from), parsed(to)) {
        (Some(from), Some(to)) => to.duration_since(from).as_secs_f64(),
        _ => 0.0,
    }
}

/// Reads a moment as a person types it: a time, a date (its beginning, UTC), or how long ago, such as `7d` or `12h`.
///
/// # Errors
/// What was expected and what was found.
pub fn moment(typed: &str) -> Result<jiff::Timestamp, String> {
    let wrong = || format!("expected a time such as `2026-01-31T08:00Z`, a date, or `7d`, found `{typed}`");
    if let Ok(date) = typed.parse::<jiff::civil::Date>()
        && !typed.contains('T')
    {
        return beginning_of(date).ok_or_else(wrong);
    }
    if let Ok(time) = typed.parse() {
        return Ok(time);
    }
    let seconds_of_a_unit = match typed.chars().last() {
        Some('d') => 24 * 60 * 60,
        Some('h') => 60 * 60,
        Some('m') => 60,
        Some('s') => 1,
        _ => return Err(wrong()),
    };
    let count =
        typed.get(..typed.len() - 1).and_then(|digits| digits.parse::<u32>().ok()).ok_or_else(wrong)?;
    let ago = std::time::Duration::from_secs(u64::from(count) * seconds_of_a_unit);
    jiff::Timestamp::now().checked_sub(ago).map_err(|_| wrong())
}

/// When a day begins, UTC.
#[must_use]
pub fn beginning_of(date: jiff::civil::Date) -> Option<jiff::Timestamp> {
    let midnight = date.to_datetime(jiff::civil::Time::midnight());
    midnight.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// A time as [`now`] writes it.
#[must_use]
pub fn text(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn moments_are_read_as_they_are_typed() {
        let text = |typed: &str| super::moment(typed).map(super::text);
        assert_eq!(text("2026-01-31").unwrap(), "2026-01-31T00:00:00.000Z");
        assert_eq!(text("2026-01-31T08:00Z").unwrap(), "2026-01-31T08:00:00.000Z");
        assert!(text("7d").unwrap() < text("12h").unwrap());
        for wrong in ["", "d", "7w", "yesterday", "99999999999d", "é"] {
            assert!(text(wrong).unwrap_err().contains("expected a time"), "{wrong}");
        }
    }

    #[test]
    fn a_time_that_ends_in_zeros_is_as_wide_as_any_other() {
        for (milliseconds, expected) in [
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_700_000_000_120, "2023-11-14T22:13:20.120Z"),
            (1_700_000_000_000, "2023-11-14T22:13:20.000Z"),
        ] {
            assert_eq!(super::text(jiff::Timestamp::from_millisecond(milliseconds).unwrap()), expected);
        }
    }
}
