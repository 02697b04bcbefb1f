//! The time of the machine, as it stands in records.

/// Now, UTC, always to the millisecond: times of one width sort as text and stand in columns.
#[must_use]
pub fn now() -> String {
    text(jiff::Timestamp::now())
}

fn text(time: jiff::Timestamp) -> String {
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
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
