//! What `prepare --from` is given: a list of names, a whole manifest, or what `host check --json` found damaged.

use std::collections::BTreeSet;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use super::manifest::{Manifest, read_text};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};

/// The schema of what `host check --json` prints.
const CHECK_SCHEMA: &str = "host.check/1";

/// What `prepare --from` is given.
#[derive(Debug)]
pub enum Batch {
    /// A list of names, each alone or with the digits of a version after an `@`.
    Names(Vec<String>),
    /// A manifest of which all datasets are meant.
    Whole(Manifest),
    /// A report of `host check`.
    Damage(Damage),
}

/// What a report of `host check` calls damaged.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// Versions of datasets, as `NAME@VERSION`.
    pub versions: BTreeSet<String>,
    /// Everything else: path, and what is wrong there.
    pub others: BTreeSet<(String, String)>,
}

/// One item of the report; everything else in it is for people.
#[derive(Deserialize)]
struct Item {
    severity: String,
    path: String,
    message: String,
    name: Option<String>,
    version: Option<Digest>,
}

/// One line of a list in JSON.
#[derive(Deserialize)]
struct Line {
    name: String,
    version: Option<Digest>,
}

impl Batch {
    /// Reads a list of names, one a line, as text or as JSON (`"NAME"` or `{"name": "NAME"}`), a whole manifest, or a
    /// report of `host check`; `-` is standard input.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when it is none of them.
    pub fn read(from: &Path) -> Result<Self> {
        Self::parse(&read_text(from)?, from)
    }

    fn parse(text: &str, from: &Path) -> Result<Self> {
        let bad = |cause: String| {
            Error::new(Kind::BadInput, format!("`{}` names no dataset", from.display())).cause(cause)
        };
        let whole: Option<Value> = serde_json::from_str(text).ok();
        let schema = whole.as_ref().and_then(|value| value.get("schema")).and_then(Value::as_str);
        match (schema, whole.as_ref()) {
            (Some(CHECK_SCHEMA), Some(report)) => return damage(report).map(Self::Damage).map_err(bad),
            (Some("host.error/1"), Some(report)) => {
                let message = report.pointer("/error/message").and_then(Value::as_str).unwrap_or_default();
                return Err(bad(format!("it is the failure of another command: {message}")));
            }
            _ => {}
        }
        let first = text.trim_start();
        let is_line = first.lines().next().is_some_and(|line| serde_json::from_str::<Line>(line).is_ok());
        if first.starts_with('{') && !is_line {
            return Manifest::parse(text, from).map(Self::Whole);
        }
        let lines = text.lines().enumerate().map(|(index, line)| name_of(line, index + 1));
        let names: Vec<String> =
            lines.filter_map(Result::transpose).collect::<Result<_, _>>().map_err(bad)?;
        if names.is_empty() {
            return Err(bad("it has no line with a name".to_owned()));
        }
        Ok(Self::Names(names))
    }
}

/// The name in a line, if there is one.
fn name_of(line: &str, number: usize) -> Result<Option<String>, String> {
    let line = line.trim();
    let malformed = |error: serde_json::Error| format!("line {number}: {error}");
    if line.starts_with('{') {
        let Line { name, version } = serde_json::from_str(line).map_err(malformed)?;
        return Ok(Some(version.map_or(name.clone(), |version| format!("{name}@{version}"))));
    }
    if line.starts_with('"') {
        return serde_json::from_str(line).map(Some).map_err(malformed);
    }
    let name = line.split('#').next().unwrap_or_default().trim();
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

fn damage(report: &Value) -> Result<Damage, String> {
    let items = report.pointer("/data/items").cloned().unwrap_or_default();
    let items: Vec<Item> = serde_json::from_value(items).map_err(|error| error.to_string())?;
    let mut damage = Damage::default();
    for item in items.into_iter().filter(|item| item.severity == "damage") {
        match (item.name, item.version) {
            (Some(name), Some(version)) => drop(damage.versions.insert(format!("{name}@{version}"))),
            _ => drop(damage.others.insert((item.path, item.message))),
        }
    }
    Ok(damage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Batch> {
        Batch::parse(text, Path::new("-"))
    }

    #[test]
    fn names_come_as_text_or_as_json() {
        let version = Digest::of(b"x");
        let cases = [
            ("one\n\n# all of it\ntwo # the second\n".to_owned(), vec!["one".to_owned(), "two".to_owned()]),
            ("\"one\"\n{\"name\": \"two\"}\n".to_owned(), vec!["one".to_owned(), "two".to_owned()]),
            (
                format!("{{\"name\": \"one\", \"version\": \"{version}\", \"severity\": \"damage\"}}"),
                vec![format!("one@{version}")],
            ),
        ];
        for (text, expected) in cases {
            let Batch::Names(names) = parse(&text).unwrap() else { panic!("{text}") };
            assert_eq!(names, expected);
        }
        for wrong in ["", "# nothing\n", "one\n{\"nam\": 1}\n", "\"one\n"] {
            assert_eq!(parse(wrong).unwrap_err().kind, Kind::BadInput, "{wrong}");
        }
    }

    #[test]
    fn a_report_of_check_names_what_is_damaged_and_nothing_else() {
        let version = Digest::of(b"x");
        let item = |severity: &str, name: Value, version: Value| {
            serde_json::json!({"severity": severity, "kind": "any", "path": "p", "message": "m", "name": name,
                               "version": version})
        };
        let (star, digest) = (Value::from("star"), Value::from(version.to_string()));
        let items = [
            item("damage", star.clone(), digest.clone()),
            item("damage", star.clone(), digest.clone()),
            item("damage", star.clone(), Value::Null),
            item("warning", star, digest),
        ];
        let report = serde_json::json!({"schema": CHECK_SCHEMA, "data": {"items": items}}).to_string();
        let Batch::Damage(damage) = parse(&report).unwrap() else { panic!("{report}") };
        assert_eq!(damage.versions.into_iter().collect::<Vec<_>>(), [format!("star@{version}")]);
        assert_eq!(damage.others.len(), 1);
        let failed = r#"{"schema": "host.error/1", "error": {"message": "no data root"}}"#;
        assert!(parse(failed).unwrap_err().to_string().contains("no data root"));
    }
}
