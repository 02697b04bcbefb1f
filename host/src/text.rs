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

/// Text of modules and files without what moves the cursor.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
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

/// A time as a person reads it.
#[must_use]
pub fn duration(seconds: f64) -> String {
    match seconds {
        ..1.0 => format!("{:.0} ms", seconds * 1000.0),
        ..120.0 => format!("{seconds:.1} s"),
        ..7200.0 => format!("{:.0} min", seconds / 60.0),
        _ => format!("{:.1} h", seconds / 3600.0),
    }
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
    fn durations_are_readable() {
        let texts = [0.0123, 1.25, 119.0, 600.0, 9000.0].map(duration);
        assert_eq!(texts, ["12 ms", "1.2 s", "119.0 s", "10 min", "2.5 h"]);
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(8 << 30), "8.0 GiB");
    }
}
