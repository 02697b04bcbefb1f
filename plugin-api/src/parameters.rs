//! The values the user set, after the host checked them against the descriptor and filled in the defaults.

use serde_json::{Map, Value};

use crate::ModuleError;

/// Parameters of one derivation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameters {
    values: Map<String, Value>,
}

impl Parameters {
    /// Wraps a JSON object; for tests of a module without a host.
    #[must_use]
    pub fn new(values: Map<String, Value>) -> Self {
        Self { values }
    }

    /// A number, or `None` when neither the user nor the descriptor gave one.
    ///
    /// # Errors
    /// [`ModuleError::BadParameter`] when the value has another type.
    pub fn number(&self, name: &str) -> Result<Option<f64>, ModuleError> {
        self.typed(name, "a number", Value::as_f64)
    }

    /// An integer.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn integer(&self, name: &str) -> Result<Option<i64>, ModuleError> {
        self.typed(name, "an integer", Value::as_i64)
    }

    /// A truth value; `false` when absent.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn flag(&self, name: &str) -> Result<bool, ModuleError> {
        Ok(self.typed(name, "true or false", Value::as_bool)?.unwrap_or(false))
    }

    /// A text.
    ///
    /// # Errors
    /// As [`number`](Self::number).
    pub fn text(&self, name: &str) -> Result<Option<&str>, ModuleError> {
        self.typed(name, "a text", Value::as_str)
    }

    fn typed<'v, T>(
        &'v self,
        name: &str,
        expected: &str,
        convert: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, ModuleError> {
        match self.values.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => convert(value).map(Some).ok_or_else(|| {
                ModuleError::bad_parameter(name, format!("expected {expected}, found `{value}`"))
            }),
        }
    }
}
