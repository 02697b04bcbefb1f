//! What is made from the table for others: the JSON Schema of a file, and the reference.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::keys::{self, DefaultValue, KEYS, Key};
use super::value::{Shape, plain};

/// The JSON Schema of a configuration file, for editors. It accepts every file the host accepts.
#[must_use]
pub fn schema() -> Value {
    let mut sections = Map::new();
    for section in keys::sections() {
        let properties: Map<String, Value> = KEYS
            .iter()
            .filter(|key| key.section() == section)
            .map(|key| (key.name().to_owned(), property(key)))
            .collect();
        let mut object = json!({"type": "object", "additionalProperties": false, "properties": properties});
        if let Some(exclusive) = exclusive(section) {
            object["not"] = exclusive;
        }
        sections.insert(section.to_owned(), object);
    }
    sections.insert("$schema".to_owned(), json!({"type": "string", "description": "Where this schema is."}));
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "host.configuration/1",
        "title": "Configuration of `host`",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

/// The pair of keys of a section that may not be given together.
fn exclusive(section: &str) -> Option<Value> {
    let key = KEYS.iter().find(|key| key.section() == section && key.stands_for.is_some())?;
    let other = keys::find(key.stands_for?.key)?;
    Some(json!({"required": [key.name(), other.name()]}))
}

fn property(key: &Key) -> Value {
    let mut property = match key.shape {
        Shape::Boolean => json!({"type": "boolean"}),
        Shape::Integer { minimum, maximum } => {
            json!({"type": "integer", "minimum": minimum, "maximum": maximum})
        }
        Shape::Number { minimum, maximum } => {
            json!({"type": "number", "minimum": minimum, "maximum": maximum})
        }
        Shape::Choice { words, synonyms } => {
            let written: Vec<&str> =
                words.iter().copied().chain(synonyms.iter().map(|pair| pair.0)).collect();
            let pattern: Vec<String> = written.iter().map(|word| in_any_case(word)).collect();
            // The list is what an editor offers; the pattern is what the host accepts.
            json!({"type": "string", "anyOf": [{"enum": words}, {"pattern": format!("^({})$", pattern.join("|"))}]})
        }
        Shape::Path | Shape::Text(_) => json!({"type": "string", "minLength": 1}),
        Shape::PathList => json!({"type": "array", "items": {"type": "string", "minLength": 1}}),
        Shape::Command => json!({"type": "array", "minItems": 1, "items": {"type": "string"}}),
        Shape::Secret => json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "properties": {
                "env": {"type": "string", "minLength": 1},
                "file": {"type": "string", "minLength": 1},
            },
        }),
    };
    let unit = key.unit.map(|unit| format!(" Unit: {unit}.")).unwrap_or_default();
    let description = format!("{}{unit} {} Variable: {}.", key.meaning, key.effect, key.variable);
    property["description"] = Value::from(description);
    if let Some(default) = fixed_default(key.default) {
        property["default"] = default;
    }
    property
}

fn in_any_case(word: &str) -> String {
    let letter = |letter: char| match letter {
        letter if letter.is_ascii_alphabetic() => {
            format!("[{}{}]", letter.to_ascii_uppercase(), letter.to_ascii_lowercase())
        }
        other => other.to_string(),
    };
    word.chars().map(letter).collect()
}

/// A default that is the same for everybody.
fn fixed_default(default: DefaultValue) -> Option<Value> {
    match default {
        DefaultValue::Boolean(value) => Some(value.into()),
        DefaultValue::Integer(value) => Some(value.into()),
        DefaultValue::Number(value) => Some(value.into()),
        DefaultValue::Word(word) | DefaultValue::Text(word) => Some(word.into()),
        DefaultValue::EmptyList => Some(json!([])),
        DefaultValue::BelowHome(_)
        | DefaultValue::BelowAnyHome(_)
        | DefaultValue::BelowDataRoot(_)
        | DefaultValue::Processors
        | DefaultValue::Nothing
        | DefaultValue::OfOther => None,
    }
}

/// The reference of all keys, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    for section in keys::sections() {
        let line = format!(
            "## `{section}`\n\n| Key | Value | Default | Variable | Meaning and effect |\n|---|---|---|---|---|\n"
        );
        text.push_str(&line);
        for key in KEYS.iter().filter(|key| key.section() == section) {
            let unit = key.unit.map(|unit| format!(", in {unit}")).unwrap_or_default();
            let default = default_text(key.default);
            writeln!(
                text,
                "| `{}` | {}{unit} | {default} | `{}` | {} {} |",
                key.path,
                key.shape.expected(),
                key.variable,
                key.meaning,
                key.effect
            )
            .expect("writing to a string cannot fail");
        }
        text.push('\n');
    }
    text
}

fn default_text(default: DefaultValue) -> String {
    match default {
        DefaultValue::Boolean(value) => format!("`{value}`"),
        DefaultValue::Integer(value) => format!("`{value}`"),
        DefaultValue::Number(value) => format!("`{}`", plain(value)),
        DefaultValue::Word(word) | DefaultValue::Text(word) => format!("`{word}`"),
        DefaultValue::BelowHome(rest) | DefaultValue::BelowAnyHome(rest) => format!("`~/{rest}`"),
        DefaultValue::BelowDataRoot(rest) => format!("`{rest}` in the data root"),
        DefaultValue::Processors => "the number of processors".to_owned(),
        DefaultValue::EmptyList | DefaultValue::Nothing => "none".to_owned(),
        DefaultValue::OfOther => "as that key".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{reference, schema};
    use crate::config::keys::KEYS;

    #[test]
    fn the_schema_has_every_key_and_allows_no_other() {
        let schema = schema();
        for key in KEYS {
            let section = &schema["properties"][key.section()];
            assert_eq!(section["additionalProperties"], false);
            assert!(section["properties"][key.name()]["description"].is_string(), "{}", key.path);
        }
        assert_eq!(schema["properties"]["processing"]["properties"]["chunk_size"]["default"], 10_000);
        assert_eq!(schema["properties"]["validation"]["not"]["required"][0], "strict_mode");
        let pattern = &schema["properties"]["logging"]["properties"]["format"]["anyOf"][1]["pattern"];
        assert_eq!(pattern, "^([Tt][Ee][Xx][Tt]|[Jj][Ss][Oo][Nn])$");
    }

    #[test]
    fn the_reference_has_a_row_for_every_key() {
        let reference = reference();
        for key in KEYS {
            let row = reference.lines().find(|line| line.starts_with(&format!("| `{}` |", key.path)));
            assert_eq!(row.map(|row| row.matches(" | ").count()), Some(4), "{}", key.path);
        }
    }
}
