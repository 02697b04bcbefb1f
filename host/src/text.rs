//! Small helpers for messages.

/// The known name that a mistyped one most likely meant.
#[must_use]
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len() / 3)
        .min()
        .map(|(_, name)| name)
}

/// A number of bytes as a person reads it.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = count as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{count} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_near_name_and_no_far_one() {
        assert_eq!(nearest("covarance", ["mean", "covariance"].into_iter()), Some("covariance"));
        assert_eq!(nearest("xyz", ["mean", "covariance"].into_iter()), None);
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(8 << 30), "8.0 GiB");
    }
}
