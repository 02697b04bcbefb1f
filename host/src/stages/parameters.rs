//! Turns what the user typed into the values that a module declared, or says what is wrong.

use plugin_api::{Descriptor, ParameterKind, ParameterSpecification};
use serde_json::{Map, Value};

use crate::error::{Error, Kind, Result};

/// A value as it was given.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// From the command line.
    Text(String),
    /// From a manifest or a bundled dataset.
    Json(Value),
}

/// Checks names, types, ranges and allowed values, and fills in the defaults. Later entries win.
///
/// # Errors
/// [`Kind::BadInput`] naming the parameter, what was found and what is expected.
pub fn resolve(descriptor: &Descriptor, given: &[(String, Given)]) -> Result<Map<String, Value>> {
    let mut values = Map::new();
    for specification in &descriptor.parameters {
        if let Some(default) = &specification.default {
            values.insert(specification.name.clone(), normal(specification, default));
        }
    }
    for (name, given) in given {
        let specification = descriptor
            .parameters
            .iter()
            .find(|specification| specification.name == *name)
            .ok_or_else(|| unknown(descriptor, name))?;
        let value = match given {
            Given::Text(text) => read(specification, text)?,
            Given::Json(value) => normal(specification, value),
        };
        check(specification, &value)?;
        values.insert(name.clone(), value);
    }
    Ok(values)
}

fn unknown(descriptor: &Descriptor, name: &str) -> Error {
    let names = || descriptor.parameters.iter().map(|specification| specification.name.as_str());
    let error = Error::new(Kind::Usage, format!("module `{}` has no parameter `{name}`", descriptor.id));
    let error = match crate::text::nearest(name, names()) {
        Some(near) => error.hint(format!("did you mean `--param {near}=…`?")),
        None => error,
    };
    let names: Vec<&str> = names().collect();
    error.hint(format!("its parameters are: {}", names.join(", ")))
}

fn read(specification: &ParameterSpecification, text: &str) -> Result<Value> {
    let value = match specification.kind {
        ParameterKind::Number => {
            text.parse::<f64>().ok().and_then(serde_json::Number::from_f64).map(Value::Number)
        }
        ParameterKind::Integer => text.parse::<i64>().ok().map(Value::from),
        ParameterKind::Boolean => text.parse::<bool>().ok().map(Value::from),
        ParameterKind::String => Some(Value::from(text)),
    };
    value.ok_or_else(|| mismatch(specification, text))
}

/// `147` and `147.0` are the same number, so they are the same recipe.
fn normal(specification: &ParameterSpecification, value: &Value) -> Value {
    match value.as_f64() {
        Some(number) if specification.kind == ParameterKind::Number => Value::from(number),
        _ => value.clone(),
    }
}

fn check(specification: &ParameterSpecification, value: &Value) -> Result<()> {
    let fits = match specification.kind {
        ParameterKind::Number => value.is_number(),
        ParameterKind::Integer => value.is_i64(),
        ParameterKind::Boolean => value.is_boolean(),
        ParameterKind::String => value.is_string(),
    };
    if !fits {
        return Err(mismatch(specification, &value.to_string()));
    }
    let outside = |number: f64| {
        specification.minimum.is_some_and(|minimum| number < minimum)
            || specification.maximum.is_some_and(|maximum| number > maximum)
    };
    let forbidden = |text: &str| {
        !specification.allowed.is_empty() && !specification.allowed.iter().any(|one| one == text)
    };
    if value.as_f64().is_some_and(outside) || value.as_str().is_some_and(forbidden) {
        let found = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return Err(mismatch(specification, &found));
    }
    Ok(())
}

fn mismatch(specification: &ParameterSpecification, found: &str) -> Error {
    Error::new(
        Kind::BadInput,
        format!(
            "parameter `{}`: expected {}, found `{found}`",
            specification.name,
            expectation(specification)
        ),
    )
    .hint(match crate::text::nearest(found, specification.allowed.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{}={near}`?", specification.name),
        None => format!("{}: {}", specification.name, specification.meaning),
    })
}

/// What a parameter takes, in words.
#[must_use]
pub fn expectation(specification: &ParameterSpecification) -> String {
    if !specification.allowed.is_empty() {
        return format!("one of {}", specification.allowed.join(", "));
    }
    let kind = match specification.kind {
        ParameterKind::Number => "a number",
        ParameterKind::Integer => "an integer",
        ParameterKind::Boolean => "true or false",
        ParameterKind::String => "a text",
    };
    let unit = specification.unit.as_ref().filter(|unit| *unit != "1");
    let unit = unit.map(|unit| format!(" in {unit}")).unwrap_or_default();
    let range = match (specification.minimum, specification.maximum) {
        (Some(minimum), Some(maximum)) => format!(" between {minimum} and {maximum}"),
        (Some(minimum), None) => format!(" of at least {minimum}"),
        (None, Some(maximum)) => format!(" of at most {maximum}"),
        (None, None) => String::new(),
    };
    format!("{kind}{unit}{range}")
}
