//! The name of a dataset, which is also the name of its folder. A value of the type is safe to join to a path.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Kind, Result};

/// Longest name in characters.
const LONGEST: usize = 128;

/// Names that some systems give to devices, with or without something after a dot.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A valid name: an ASCII letter or digit, then at most 127 of those and of `.`, `_`, `+`, `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetName(String);

impl DatasetName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`Kind::Usage`] that names what is wrong with it.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        match fault(&name) {
            None => Ok(Self(name)),
            Some(fault) => {
                let shown: String = name.escape_debug().take(LONGEST).collect();
                Err(Error::new(Kind::Usage, format!("`{shown}` cannot be the name of a dataset: {fault}"))
                    .hint("use letters, digits and `.`, `_`, `+`, `-`, with a letter or digit first"))
            }
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What is wrong with a name.
fn fault(name: &str) -> Option<String> {
    let first = name.chars().next();
    match first {
        None => return Some("it is empty".to_owned()),
        Some(character) if !character.is_ascii_alphanumeric() => {
            return Some(format!("it begins with `{}`", character.escape_debug()));
        }
        Some(_) => {}
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || "._+-".contains(character);
    if let Some((index, character)) = name.chars().enumerate().find(|&(_, character)| !allowed(character)) {
        return Some(format!("it has `{}` at place {}", character.escape_debug(), index + 1));
    }
    if name.len() > LONGEST {
        return Some(format!("it has {} characters, {LONGEST} are allowed", name.len()));
    }
    let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
    let numbered =
        |prefix| stem.strip_prefix(prefix).is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']));
    if DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt") {
        return Some("some systems reserve it for a device".to_owned());
    }
    None
}

impl fmt::Display for DatasetName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl AsRef<str> for DatasetName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatasetName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

impl Serialize for DatasetName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for DatasetName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn accepts_names_in_use() {
        for name in ["a", "desi_dr2", "DESI-DR2.bao+cmb", "9", &"x".repeat(128), "command", "null", "com10"] {
            assert_eq!(DatasetName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (name, expected) in [
            ("", "it is empty"),
            ("..", "it begins with `.`"),
            ("../x", "it begins with `.`"),
            ("-rf", "it begins with `-`"),
            ("a/b", "it has `/` at place 2"),
            ("a\nb", "it has `\\n` at place 2"),
            ("ab\u{e9}", "it has `\u{e9}` at place 3"),
            ("NUL.txt", "some systems reserve it for a device"),
            ("com1", "some systems reserve it for a device"),
        ] {
            let error = DatasetName::new(name).unwrap_err();
            assert!(error.message.ends_with(expected), "{}", error.message);
            assert_eq!(error.kind, Kind::Usage);
        }
        assert!(DatasetName::new("x".repeat(4096)).unwrap_err().message.contains("4096 characters"));
    }

    proptest! {
        #[test]
        fn a_valid_name_is_one_plain_path_component(name in ".{0,12}") {
            if let Ok(valid) = DatasetName::new(name.clone()) {
                let components: Vec<_> = Path::new(valid.as_str()).components().collect();
                prop_assert_eq!(components, [Component::Normal(name.as_ref())]);
                prop_assert!(!crate::durable::is_leftover(valid.as_str()));
                let json = serde_json::to_string(&valid).unwrap();
                prop_assert_eq!(serde_json::from_str::<DatasetName>(&json).unwrap(), valid);
            }
        }
    }
}
