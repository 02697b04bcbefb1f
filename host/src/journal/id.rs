//! What a run is called.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::error::{Error, Kind};

/// Characters of the time in an id: `20261121T185400123Z`.
const TIME_LENGTH: usize = 19;

/// Hexadecimal digits after it.
const DIGITS: usize = 8;

/// The name of a run: when it began, UTC to the millisecond, and digits that tell runs of the same moment apart. Sorts by
/// time; fit for a file name and a URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl RunId {
    /// One for a run that begins now.
    #[must_use]
    pub fn new() -> Self {
        // The standard library's own source of numbers that no other process has.
        let random = RandomState::new().build_hasher().finish() & 0xffff_ffff;
        Self(format!("{}-{random:0DIGITS$x}", compact(&now())))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a text that somebody typed may stand for it: the beginning of the id, or of its digits.
    pub(super) fn begins_with(&self, text: &str) -> bool {
        self.0.starts_with(text)
            || self.0.get(TIME_LENGTH + 1..).is_some_and(|digits| digits.starts_with(text))
    }

    /// Whether the run began at that time, RFC 3339 UTC as [`now`] writes it, or later.
    pub(crate) fn is_since(&self, time: &str) -> bool {
        self.0.get(..TIME_LENGTH).is_some_and(|began| began >= compact(time).as_str())
    }
}

/// `2026-11-21T18:54:00.123Z` becomes `20261121T185400123Z`.
fn compact(time: &str) -> String {
    time.chars().filter(char::is_ascii_alphanumeric).collect()
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl FromStr for RunId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let form = b"00000000T000000000Z-xxxxxxxx";
        let fits = text.len() == form.len()
            && text.bytes().zip(form).all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                b'x' => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
                literal => byte == *literal,
            });
        if fits {
            return Ok(Self(text.to_owned()));
        }
        Err(Error::new(Kind::Usage, format!("`{}` is no id of a run", text.escape_debug()))
            .hint("run `host run list` to see the ids"))
    }
}

impl TryFrom<String> for RunId {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_sorts_by_time_is_unique_and_is_read_back() {
        let mut ids: Vec<RunId> = (0..1000).map(|_| RunId::new()).collect();
        let times: Vec<&str> = ids.iter().map(|id| &id.as_str()[..TIME_LENGTH]).collect();
        assert!(times.is_sorted());
        assert!(ids.iter().all(|id| id.as_str().parse::<RunId>().unwrap() == *id));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "..", "20261121T185400123Z-../../..", "20261121T185400123Z-1A2B3C4D", "x"] {
            assert_eq!(text.parse::<RunId>().unwrap_err().kind, Kind::Usage, "{text}");
        }
    }

    #[test]
    fn is_found_by_its_beginning_and_by_its_digits() {
        let id: RunId = "20261121T185400123Z-1a2b3c4d".parse().unwrap();
        assert!(
            ["2026", "20261121T185400123Z-1a", "1a2b3c4d", "1a2"].iter().all(|text| id.begins_with(text))
        );
        assert!(!id.begins_with("2b3c"));
        assert!(id.is_since("2026-11-21T18:54:00.123Z") && id.is_since("2026-11-21T00:00:00.000Z"));
        assert!(!id.is_since("2026-11-21T18:54:00.124Z"));
    }
}
