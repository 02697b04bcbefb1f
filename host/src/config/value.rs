//! What a setting may be, and how it is read from JSON and from the text of a variable or flag.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::Number;

use super::json::{Content, Member, Node};
use crate::schedule::{Period, Recurrence};
use crate::secret::Reference;

/// What is written in place of a recurrence that there is not.
pub(super) const OFF: &str = "off";

/// What a setting may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// `true` or `false`.
    Boolean,
    /// A whole number within limits, both included.
    Integer {
        /// The least allowed.
        minimum: u64,
        /// The greatest allowed.
        maximum: u64,
    },
    /// A number within limits, both included.
    Number {
        /// The least allowed.
        minimum: f64,
        /// The greatest allowed.
        maximum: f64,
    },
    /// One of a few words, in any case.
    Choice {
        /// The words.
        words: &'static [&'static str],
        /// Other words for them: (what may be written, what it means).
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// A file or folder.
    Path,
    /// Folders; what the layers give is joined, the highest first.
    PathList,
    /// A text that is written as others demand.
    Text(Grammar),
    /// A program and its arguments.
    Command,
    /// Where a secret is; the secret itself is refused.
    Secret,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grammar {
    /// When something recurs, or `off`.
    Recurrence(Period),
    /// The name of a time zone.
    TimeZone,
    /// A line that can stand in the head of a mail.
    Addresses,
}

/// A checked value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Boolean(bool),
    Integer(u64),
    Number(f64),
    Word(&'static str),
    Path(PathBuf),
    Paths(Vec<PathBuf>),
    Text(String),
    Command(Vec<String>),
    Secret(Reference),
    Nothing,
}

impl Value {
    pub(super) fn to_json(&self) -> serde_json::Value {
        let text = |path: &PathBuf| serde_json::Value::from(path.to_string_lossy().into_owned());
        match self {
            Self::Boolean(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            // `3600`, not `3600.0`, as a person would write it.
            Self::Number(value) => {
                whole_float(*value).map_or_else(|| (*value).into(), serde_json::Value::from)
            }
            Self::Word(word) => (*word).into(),
            Self::Path(path) => text(path),
            Self::Paths(paths) => paths.iter().map(text).collect(),
            Self::Text(text) => text.as_str().into(),
            Self::Command(words) => words.as_slice().into(),
            Self::Secret(reference) => serde_json::to_value(reference).unwrap_or_default(),
            Self::Nothing => serde_json::Value::Null,
        }
    }
}

/// What a relative path and `~` mean where the value was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Base<'base> {
    pub(super) directory: &'base Path,
    pub(super) home: Option<&'base Path>,
}

/// Which kind of text a value comes from; they differ in how several folders are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// Folders are joined as in `PATH`.
    Variable,
    /// One folder; the flag is repeated for more.
    Flag,
}

/// What was found in place of a value of the shape, and how to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    pub(super) found: String,
    pub(super) hint: Option<String>,
    /// Where it stands, if it is an item of a list and not the whole value.
    pub(super) position: Option<super::json::Position>,
}

const GREATEST_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;

impl Shape {
    /// What must be written, as it fits after "must be".
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Boolean => "`true` or `false`".to_owned(),
            Self::Integer { minimum, maximum } => format!("a whole number from {minimum} to {maximum}"),
            Self::Number { minimum, maximum } => {
                format!("a number from {} to {}", plain(*minimum), plain(*maximum))
            }
            Self::Choice { words, .. } => {
                let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
                format!("one of {}", words.join(", "))
            }
            Self::Path => "a path".to_owned(),
            Self::PathList => "a list of paths".to_owned(),
            Self::Text(grammar) => grammar.expected().to_owned(),
            Self::Command => "a list of a program and its arguments".to_owned(),
            Self::Secret => "`{\"env\": \"VARIABLE\"}` or `{\"file\": \"PATH\"}`".to_owned(),
        }
    }

    /// Reads a value of a configuration file.
    pub(super) fn read_json(&self, node: &Node, base: Base<'_>) -> Result<Value, Mismatch> {
        let mismatch =
            |hint: Option<String>| Mismatch { found: describe(&node.content), hint, position: None };
        match (self, &node.content) {
            (_, Content::Null) => {
                Err(mismatch(Some("delete the line to get the value of the layer below".to_owned())))
            }
            (Self::Boolean, Content::Boolean(value)) => Ok(Value::Boolean(*value)),
            (Self::Integer { .. }, Content::Number(number)) => {
                self.integer(whole(number)).ok_or_else(|| mismatch(None))
            }
            (Self::Number { .. }, Content::Number(number)) => {
                self.number(number.as_f64()).ok_or_else(|| mismatch(None))
            }
            (Self::Choice { .. }, Content::Text(text)) => {
                self.word(text).ok_or_else(|| mismatch(self.nearest_word(text)))
            }
            (Self::Path, Content::Text(text)) => {
                base.resolve(OsStr::new(text)).map(Value::Path).map_err(|hint| mismatch(Some(hint)))
            }
            (Self::PathList, Content::List(items)) => {
                let paths: Result<Vec<PathBuf>, Mismatch> =
                    items.iter().map(|item| read_item(item, base)).collect();
                paths.map(Value::Paths)
            }
            (Self::PathList | Self::Command, Content::Text(_)) => {
                Err(mismatch(Some("put it between `[` and `]`".to_owned())))
            }
            (Self::Text(grammar), Content::Text(text)) => grammar.read(text).ok_or_else(|| mismatch(None)),
            (Self::Command, Content::List(items)) => {
                let words: Option<Vec<String>> = items.iter().map(word).collect();
                words.filter(|words| !words.is_empty()).map(Value::Command).ok_or_else(|| mismatch(None))
            }
            (Self::Secret, Content::Object(members)) => {
                reference(members, base).ok_or_else(|| mismatch(None))
            }
            (Self::Secret, Content::Text(_)) => Err(Mismatch {
                found: "a text, which is not repeated here".to_owned(),
                hint: Some("put it into a file with mode 0600 and name that".to_owned()),
                position: None,
            }),
            (Self::Boolean | Self::Integer { .. } | Self::Number { .. }, Content::Text(text)) => {
                let unquoted = self.read_text(OsStr::new(text), TextKind::Flag, base).ok();
                Err(mismatch(unquoted.map(|value| format!("write {} without quotes", value.to_json()))))
            }
            _ => Err(mismatch(None)),
        }
    }

    /// Reads the value of a variable or flag.
    pub(super) fn read_text(&self, text: &OsStr, kind: TextKind, base: Base<'_>) -> Result<Value, Mismatch> {
        let mismatch = |hint| Mismatch { found: quote(&text.to_string_lossy()), hint, position: None };
        match self {
            Self::Path => base.resolve(text).map(Value::Path).map_err(|hint| mismatch(Some(hint))),
            Self::PathList => {
                let parts: Vec<PathBuf> = match kind {
                    TextKind::Variable => {
                        std::env::split_paths(text).filter(|path| !path.as_os_str().is_empty()).collect()
                    }
                    TextKind::Flag => vec![PathBuf::from(text)],
                };
                let paths: Result<Vec<PathBuf>, String> =
                    parts.iter().map(|part| base.resolve(part.as_os_str())).collect();
                paths.map(Value::Paths).map_err(|hint| mismatch(Some(hint)))
            }
            Self::Secret => secret_text(text, base).ok_or_else(|| Mismatch {
                found: "a text, which is not repeated here".to_owned(),
                hint: Some("write `file:PATH` or `env:VARIABLE`".to_owned()),
                position: None,
            }),
            _ => {
                let word = text.to_str().map(str::trim).ok_or_else(|| mismatch(None))?;
                let value = match self {
                    Self::Boolean => boolean(word).map(Value::Boolean),
                    Self::Integer { .. } => self.integer(whole_text(word)),
                    Self::Number { .. } => self.number(word.parse().ok()),
                    Self::Text(grammar) => grammar.read(word),
                    Self::Command => {
                        let words: Vec<String> = word.split_whitespace().map(str::to_owned).collect();
                        (!words.is_empty()).then_some(Value::Command(words))
                    }
                    _ => self.word(word),
                };
                value.ok_or_else(|| mismatch(self.nearest_word(word)))
            }
        }
    }

    fn integer(&self, value: Option<u64>) -> Option<Value> {
        let Self::Integer { minimum, maximum } = self else { return None };
        value.filter(|value| (minimum..=maximum).contains(&value)).map(Value::Integer)
    }

    fn number(&self, value: Option<f64>) -> Option<Value> {
        let Self::Number { minimum, maximum } = self else { return None };
        value.filter(|value| (minimum..=maximum).contains(&value)).map(Value::Number)
    }

    fn word(&self, text: &str) -> Option<Value> {
        let Self::Choice { words, synonyms } = self else { return None };
        let meant =
            synonyms.iter().find(|(other, _)| other.eq_ignore_ascii_case(text)).map_or(text, |pair| pair.1);
        words.iter().find(|word| word.eq_ignore_ascii_case(meant)).map(|word| Value::Word(word))
    }

    fn nearest_word(&self, text: &str) -> Option<String> {
        let Self::Choice { words, .. } = self else { return None };
        super::keys::nearest(text, words.iter().copied()).map(|word| format!("did you mean `{word}`?"))
    }
}

impl Grammar {
    fn expected(self) -> &'static str {
        match self {
            Self::Recurrence(period) => period.expected(),
            Self::TimeZone => "the name of a time zone such as `UTC` or `Europe/Berlin`",
            Self::Addresses => "an address, or several with commas between them",
        }
    }

    fn read(self, text: &str) -> Option<Value> {
        let text = text.trim();
        let is_well = match self {
            Self::Recurrence(period) => text == OFF || Recurrence::parse(period, text).is_some(),
            Self::TimeZone => jiff::tz::TimeZone::get(text).is_ok(),
            Self::Addresses => text.contains('@') && text.chars().all(|sign| !sign.is_control()),
        };
        is_well.then(|| Value::Text(text.to_owned()))
    }
}

fn word(item: &Node) -> Option<String> {
    match &item.content {
        Content::Text(text) if !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}

fn reference(members: &[Member], base: Base<'_>) -> Option<Value> {
    let [Member { name, value, .. }] = members else { return None };
    let Content::Text(text) = &value.content else { return None };
    named(name, text, base)
}

/// `file:PATH` or `env:VARIABLE`, as a variable or flag has it.
fn secret_text(text: &OsStr, base: Base<'_>) -> Option<Value> {
    let (kind, rest) = text.to_str()?.split_once(':')?;
    named(kind, rest, base)
}

fn named(kind: &str, text: &str, base: Base<'_>) -> Option<Value> {
    match kind {
        "file" => Some(Value::Secret(Reference::File(base.resolve(OsStr::new(text)).ok()?))),
        "env" if !text.is_empty() && !text.contains(['=', '\0']) => {
            Some(Value::Secret(Reference::Env(text.to_owned())))
        }
        _ => None,
    }
}

fn read_item(item: &Node, base: Base<'_>) -> Result<PathBuf, Mismatch> {
    let mismatch = |hint| Mismatch { found: describe(&item.content), hint, position: Some(item.position) };
    match &item.content {
        Content::Text(text) => base.resolve(OsStr::new(text)).map_err(|hint| mismatch(Some(hint))),
        _ => Err(mismatch(None)),
    }
}

impl Base<'_> {
    /// The path meant by `text`: `~` is the home directory, a relative path counts from the base's directory.
    pub(super) fn resolve(self, text: &OsStr) -> Result<PathBuf, String> {
        let path = Path::new(text);
        if text.is_empty() || text.as_encoded_bytes().contains(&0) {
            return Err("write a path that is not empty".to_owned());
        }
        let mut components = path.components();
        let first = components.next().map(|component| component.as_os_str().as_encoded_bytes().to_vec());
        if first.as_deref() == Some(b"~") {
            let home = self.home.ok_or("the home directory is unknown: write the path in full")?;
            return Ok(home.join(components.as_path()));
        }
        if first.is_some_and(|first| first.starts_with(b"~")) {
            return Err(
                "write the home directory of another user in full, or `./~…` for a folder of that name"
                    .to_owned(),
            );
        }
        // Collected from components, so that `./` and doubled slashes do not show up in messages.
        Ok(self.directory.join(path).components().collect())
    }
}

fn boolean(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn whole_text(word: &str) -> Option<u64> {
    word.parse().ok().or_else(|| whole_float(word.parse().ok()?))
}

fn whole(number: &Number) -> Option<u64> {
    number.as_u64().or_else(|| whole_float(number.as_f64()?))
}

/// `1e9` is a whole number too.
fn whole_float(value: f64) -> Option<u64> {
    let whole = value.fract().abs() < f64::MIN_POSITIVE && (0.0..=GREATEST_EXACT_INTEGER).contains(&value);
    whole.then(|| to_u64(value))
}

/// The whole part of a number; negative numbers give 0, too large ones the greatest number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "saturation is what is wanted, and callers have checked the range"
)]
pub(super) fn to_u64(value: f64) -> u64 {
    value as u64
}

/// The number as a person would write it.
pub(super) fn plain(value: f64) -> String {
    if value != 0.0 && (value.abs() < 1e-3 || value.abs() >= 1e9) {
        format!("{value:e}")
    } else {
        format!("{value}")
    }
}

/// What was found, for a message.
fn describe(content: &Content) -> String {
    match content {
        Content::Null => "`null`".to_owned(),
        Content::Boolean(value) => format!("`{value}`"),
        Content::Number(number) => format!("`{number}`"),
        Content::Text(text) => quote(text),
        Content::List(_) => "a list".to_owned(),
        Content::Object(_) => "an object".to_owned(),
    }
}

/// A text between backticks and quotes, shortened, with nothing in it that could steer a terminal.
fn quote(text: &str) -> String {
    format!("`\"{}\"`", printable(text, 60))
}

/// The text without anything that could steer a terminal, cut after so many characters.
pub(super) fn printable(text: &str, maximum: usize) -> Cow<'_, str> {
    let clean = |character: char| !character.is_control() && !is_invisible(character);
    if text.chars().all(clean) && text.chars().nth(maximum).is_none() {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for character in text.chars().take(maximum) {
        if clean(character) {
            shown.push(character);
        } else {
            shown.extend(character.escape_unicode());
        }
    }
    if text.chars().nth(maximum).is_some() {
        shown.push('…');
    }
    Cow::Owned(shown)
}

/// Characters that reorder or hide the text around them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::path::{Path, PathBuf};

    use super::{Base, Grammar, Mismatch, Shape, TextKind, Value, plain, printable};
    use crate::config::json;
    use crate::schedule::Period;
    use crate::secret::Reference;

    const INTEGER: Shape = Shape::Integer { minimum: 1, maximum: 2_000_000_000 };
    const NUMBER: Shape = Shape::Number { minimum: 0.001, maximum: 100.0 };
    const LEVEL: Shape = Shape::Choice { words: &["INFO", "WARNING"], synonyms: &[("WARN", "WARNING")] };

    fn base() -> Base<'static> {
        Base { directory: Path::new("/project"), home: Some(Path::new("/home/someone")) }
    }

    fn from_json(shape: Shape, text: &str) -> Result<Value, Mismatch> {
        shape.read_json(&json::parse(text).unwrap(), base())
    }

    fn from_text(shape: Shape, text: &str) -> Option<Value> {
        shape.read_text(OsStr::new(text), TextKind::Variable, base()).ok()
    }

    #[test]
    fn numbers_keep_to_their_limits_in_every_notation() {
        assert_eq!(from_json(INTEGER, "1e9"), Ok(Value::Integer(1_000_000_000)));
        assert_eq!(from_text(INTEGER, " 1e9 "), Some(Value::Integer(1_000_000_000)));
        for wrong in ["0", "-1", "1.5", "2000000001", "1e300", "true", "[1]", "null", "\"5\""] {
            assert!(from_json(INTEGER, wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "NaN", "inf", "0x10", "1_000", "-0.5"] {
            assert_eq!(from_text(INTEGER, wrong), None, "{wrong}");
            assert_eq!(from_text(NUMBER, wrong), None, "{wrong}");
        }
        assert_eq!(from_json(NUMBER, "100"), Ok(Value::Number(100.0)));
        assert!(from_json(NUMBER, "100.00000001").is_err());
    }

    #[test]
    fn quoted_numbers_and_booleans_get_a_hint() {
        let hint = |shape, text| from_json(shape, text).unwrap_err().hint;
        assert_eq!(hint(INTEGER, "\"5\"").as_deref(), Some("write 5 without quotes"));
        assert_eq!(hint(Shape::Boolean, "\"yes\"").as_deref(), Some("write true without quotes"));
        assert_eq!(hint(INTEGER, "\"five\""), None);
        assert_eq!(hint(LEVEL, "\"inof\"").as_deref(), Some("did you mean `INFO`?"));
    }

    #[test]
    fn a_secret_is_named_and_never_written() {
        let file = Value::Secret(Reference::File("/project/hook".into()));
        assert_eq!(from_json(Shape::Secret, r#"{"file": "hook"}"#), Ok(file.clone()));
        assert_eq!(from_text(Shape::Secret, "file:hook"), Some(file));
        let variable = Value::Secret(Reference::Env("HOOK".to_owned()));
        assert_eq!(from_json(Shape::Secret, r#"{"env": "HOOK"}"#), Ok(variable.clone()));
        assert_eq!(from_text(Shape::Secret, "env:HOOK"), Some(variable));
        let written = from_json(Shape::Secret, r#""https://example.org/hidden""#).unwrap_err();
        assert!(!written.found.contains("hidden") && written.hint.unwrap().contains("0600"));
        for wrong in
            ["{}", r#"{"env": 1}"#, r#"{"env": "A", "file": "b"}"#, r#"{"word": "x"}"#, r#"{"env": ""}"#]
        {
            assert!(from_json(Shape::Secret, wrong).is_err(), "{wrong}");
        }
        assert_eq!(from_text(Shape::Secret, "https://example.org/hidden"), None);
    }

    #[test]
    fn texts_and_commands_are_what_is_demanded() {
        let daily = Shape::Text(Grammar::Recurrence(Period::Daily));
        assert_eq!(from_text(daily, " 06:00 "), Some(Value::Text("06:00".to_owned())));
        assert_eq!(from_text(daily, "off"), Some(Value::Text("off".to_owned())));
        assert_eq!(from_text(daily, "6"), None);
        let zone = Shape::Text(Grammar::TimeZone);
        assert!(
            from_json(zone, r#""Europe/Berlin""#).is_ok() && from_json(zone, r#""Europe/Nowhere""#).is_err()
        );
        let command = |words: [&str; 2]| Value::Command(words.map(str::to_owned).to_vec());
        assert_eq!(from_json(Shape::Command, r#"["send", "-t"]"#), Ok(command(["send", "-t"])));
        assert_eq!(from_text(Shape::Command, "send  -t"), Some(command(["send", "-t"])));
        for wrong in ["[]", "[1]", r#""send""#] {
            assert!(from_json(Shape::Command, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn words_match_in_any_case_and_by_synonym() {
        assert_eq!(from_text(LEVEL, "info"), Some(Value::Word("INFO")));
        assert_eq!(from_text(LEVEL, "Warn"), Some(Value::Word("WARNING")));
        assert_eq!(from_text(Shape::Boolean, "ON"), Some(Value::Boolean(true)));
        assert_eq!(from_text(Shape::Boolean, "maybe"), None);
    }

    #[test]
    fn paths_count_from_where_they_were_written() {
        let path = |text| match from_text(Shape::Path, text) {
            Some(Value::Path(path)) => Some(path),
            _ => None,
        };
        assert_eq!(path("./data"), Some(PathBuf::from("/project/data")));
        assert_eq!(path("/data"), Some(PathBuf::from("/data")));
        assert_eq!(path("~/data"), Some(PathBuf::from("/home/someone/data")));
        assert_eq!(path("~"), Some(PathBuf::from("/home/someone")));
        assert_eq!(path("~root/data"), None);
        assert_eq!(path(""), None);
        assert!(from_json(Shape::Path, "\"a\\u0000b\"").is_err());
    }

    #[test]
    fn lists_of_paths_come_from_all_sources() {
        let both = Value::Paths(vec![PathBuf::from("/a"), PathBuf::from("/project/b")]);
        assert_eq!(from_json(Shape::PathList, "[\"/a\", \"b\"]"), Ok(both.clone()));
        #[cfg(unix)]
        assert_eq!(from_text(Shape::PathList, "/a::b"), Some(both));
        let mismatch = from_json(Shape::PathList, "[\n1]").unwrap_err();
        assert_eq!((mismatch.found.as_str(), mismatch.position.unwrap().line), ("`1`", 2));
        let one = Shape::PathList.read_text(OsStr::new("/a:b"), TextKind::Flag, base());
        assert_eq!(one, Ok(Value::Paths(vec![PathBuf::from("/a:b")])));
    }

    #[test]
    fn nothing_found_can_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[31mb\u{202e}", 60), "a\\u{1b}[31mb\\u{202e}");
        assert_eq!(printable("abcdef", 3), "abc…");
        assert_eq!(plain(1e-10), "1e-10");
        assert_eq!(plain(0.8), "0.8");
    }
}
