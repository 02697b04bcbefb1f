//! Numbers, times and commands as people read them.

use askama::Template;

use crate::text::bytes;

/// A number as people read it, with the number itself beside it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = r#"<data value="{{ value }}">{{ text }}</data>"#, ext = "html")]
pub(super) struct Number {
    value: String,
    text: String,
}

impl Number {
    pub(super) fn count(number: u64) -> Self {
        Self { value: number.to_string(), text: grouped(number) }
    }

    pub(super) fn size(number: u64) -> Self {
        Self { value: number.to_string(), text: bytes(number) }
    }

    pub(super) fn unknown() -> Self {
        Self { value: String::new(), text: "–".to_owned() }
    }
}

/// Digits in groups of three, with a space that no line breaks at.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// A time as people read it, with the time itself beside it.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(source = r#"<time datetime="{{ at }}" title="{{ at }}">{{ ago }}</time>"#, ext = "html")]
pub(super) struct Moment {
    at: String,
    ago: String,
}

impl Moment {
    /// A time of a record, seen from another; shown as it is when it is none.
    pub(super) fn new(at: &str, now: &str) -> Self {
        let seconds = |text: &str| text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second);
        let ago = match (seconds(at), seconds(now)) {
            (Some(at), Some(now)) => ago(now.saturating_sub(at)),
            _ => None,
        };
        let date = || at.get(..10).unwrap_or(at).to_owned();
        Self { at: at.to_owned(), ago: ago.unwrap_or_else(date) }
    }
}

fn ago(seconds: i64) -> Option<String> {
    Some(match seconds {
        0..60 => "just now".to_owned(),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        172_800..5_184_000 => format!("{} days ago", seconds / 86_400),
        // A clock that went back, or so long ago that the date says more.
        _ => return None,
    })
}

/// How long something took.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        short if short < 1.0 => format!("{:.0} ms", short * 1000.0),
        some if some < 60.0 => format!("{some:.1} s"),
        long if long < 3600.0 => format!("{:.0} min {:.0} s", (long / 60.0).floor(), (long % 60.0).floor()),
        hours => format!("{:.0} h {:.0} min", (hours / 3600.0).floor(), (hours % 3600.0 / 60.0).floor()),
    }
}

/// Words with what stands between back quotes as something to type.
#[derive(Debug, Template)]
#[template(
    source = "{% for (text, typed) in parts %}{% if *typed %}<code>{{ text }}</code>{% else %}{{ text }}{% endif %}{% endfor %}",
    ext = "html"
)]
pub(super) struct Commands {
    parts: Vec<(String, bool)>,
}

impl Commands {
    pub(super) fn new(text: &str) -> Self {
        let parts = text.split('`').enumerate().map(|(place, part)| (part.to_owned(), place % 2 == 1));
        Self { parts: parts.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::frame::{Level, Mark};

    #[test]
    fn times_are_told_from_now() {
        let ago = |at: &str| Moment::new(at, "2026-03-10T12:00:00.000Z").ago;
        assert_eq!(ago("2026-03-10T11:59:30.000Z"), "just now");
        assert_eq!(ago("2026-03-10T11:01:00.000Z"), "59 min ago");
        assert_eq!(ago("2026-03-09T11:00:00.000Z"), "25 h ago");
        assert_eq!(ago("2026-03-01T12:00:00.000Z"), "9 days ago");
        assert_eq!(ago("2025-03-10T12:00:00.000Z"), "2025-03-10");
        assert_eq!(ago("2026-03-10T12:00:05.000Z"), "2026-03-10", "a clock that went back");
        assert_eq!(ago("é"), "é");
    }

    #[test]
    fn numbers_are_read_in_groups_and_keep_their_value() {
        assert_eq!(
            Number::count(1_234_567).to_string(),
            "<data value=\"1234567\">1\u{202f}234\u{202f}567</data>"
        );
        assert_eq!(grouped(999), "999");
        assert_eq!(
            [0.0421, 12.34, 61.0, 7300.0].map(duration),
            ["42 ms", "12.3 s", "1 min 1 s", "2 h 1 min"].map(str::to_owned)
        );
    }

    #[test]
    fn what_others_say_is_text() {
        let hostile = "<b>`\"x\" onload=y`";
        for html in [
            Mark::new(Level::Bad, hostile).to_string(),
            Moment::new(hostile, "").to_string(),
            Commands::new(hostile).to_string(),
        ] {
            assert!(!html.contains("<b>") && !html.contains("\"x\""), "{html}");
        }
        assert_eq!(Commands::new("type `host x`, or").to_string(), "type <code>host x</code>, or");
    }
}
