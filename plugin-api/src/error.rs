//! Why a derivation failed, in words that a user can act on.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a derivation failed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum ModuleError {
    /// An input cannot be what its role says.
    BadInput(Fault),
    /// A parameter, or its combination with others or with the inputs, makes no sense.
    BadParameter(Fault),
    /// A limit was reached.
    LimitExceeded {
        /// What was limited.
        what: String,
        /// The limit.
        #[serde(serialize_with = "finite")]
        limit: f64,
        /// What was found.
        #[serde(serialize_with = "finite")]
        found: f64,
    },
    /// The host asked the module to stop, and it did.
    Cancelled,
    /// A fault of the module itself.
    Internal {
        /// What went wrong.
        message: String,
    },
    /// The module panicked; filled in by the guard of [`export_module!`](crate::export_module).
    Panic {
        /// The panic's text.
        message: String,
        /// `file:line:column` in the module's source.
        location: String,
    },
}

/// A fault with its place.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// Input role or parameter name.
    pub subject: String,
    /// Line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Field or column in the line, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// What is wrong, with the value found and what was expected.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

fn fault(subject: String, message: String) -> Fault {
    Fault { subject, message: presentable(message), ..Fault::default() }
}

/// A text that may quote an input, as it can stand in a line of a terminal: control characters escaped, long ones cut.
pub(crate) fn presentable(text: String) -> String {
    const LONGEST: usize = 1000;
    if text.len() <= LONGEST && !text.contains(char::is_control) {
        return text;
    }
    let mut shown = String::new();
    for character in text.chars().take(LONGEST) {
        if character.is_control() {
            shown.extend(character.escape_debug());
        } else {
            shown.push(character);
        }
    }
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// JSON knows no infinity.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn finite<S: serde::Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let number = if number.is_nan() { 0.0 } else { number.clamp(f64::MIN, f64::MAX) };
    serializer.serialize_f64(number)
}

impl ModuleError {
    /// An input is wrong.
    pub fn bad_input(role: impl Into<String>, message: impl Into<String>) -> Self {
        Self::BadInput(fault(role.into(), message.into()))
    }

    /// A parameter is wrong.
    pub fn bad_parameter(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self::BadParameter(fault(name.into(), message.into()))
    }

    /// The module itself is wrong.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Internal { message: message.into() }
    }

    /// Adds the line of the input, counted from 1.
    #[must_use]
    pub fn line(self, line: u64) -> Self {
        self.with(|fault| fault.line = Some(line))
    }

    /// Adds the field of the line, counted from 1.
    #[must_use]
    pub fn column(self, column: u64) -> Self {
        self.with(|fault| fault.column = Some(column))
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        let hint = presentable(hint.into());
        self.with(|fault| fault.hint = Some(hint))
    }

    fn with(mut self, change: impl FnOnce(&mut Fault)) -> Self {
        if let Self::BadInput(fault) | Self::BadParameter(fault) = &mut self {
            change(fault);
        }
        self
    }
}

impl fmt::Display for ModuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadInput(fault) => {
                write!(formatter, "input `{}`", fault.subject)?;
                if let Some(line) = fault.line {
                    write!(formatter, ", line {line}")?;
                }
                if let Some(column) = fault.column {
                    write!(formatter, ", field {column}")?;
                }
                write!(formatter, ": {}", fault.message)
            }
            Self::BadParameter(fault) => {
                write!(formatter, "parameter `{}`: {}", fault.subject, fault.message)
            }
            Self::LimitExceeded { what, limit, found } => {
                write!(formatter, "{what} is {found}, the limit is {limit}")
            }
            Self::Cancelled => formatter.write_str("cancelled"),
            Self::Internal { message } => formatter.write_str(message),
            Self::Panic { message, location } => write!(formatter, "panicked at {location}: {message}"),
        }
    }
}

impl std::error::Error for ModuleError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_input_holds_can_be_quoted_in_one_line() {
        let long = format!("`{}`", "7".repeat(5000));
        let ModuleError::BadInput(fault) = ModuleError::bad_input("table", long).hint("a\u{1b}[2Jb\n") else {
            panic!()
        };
        assert_eq!(fault.message.chars().count(), 1001);
        assert!(fault.message.ends_with("7…"));
        assert_eq!(fault.hint.as_deref(), Some("a\\u{1b}[2Jb\\n"));
    }
}
