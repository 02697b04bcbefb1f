//! The gate: only what the validation engine accepted becomes a [`Validated`], and only that can be registered.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::stages::derive::Derived;
use crate::stages::validate::{Check, Options, Verdict, validate};

/// A derived dataset that holds what its contract promises, at the chosen strictness.
#[derive(Debug)]
pub struct Validated {
    pub(super) derived: Derived,
    pub(super) validation: Validation,
}

/// What was demanded and what was found, for the provenance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Validation {
    /// What was demanded.
    pub options: Options,
    /// What was found.
    pub verdict: Verdict,
}

impl Validated {
    /// Holds a dataset against its contract.
    ///
    /// # Errors
    /// [`Kind::CheckFailed`] with every blocking finding; [`Kind::Storage`] when a table cannot be read back.
    pub fn new(derived: Derived, options: &Options) -> Result<Self> {
        let verdict = validate(&derived.dataset, options);
        if let Some(cause) = derived.dataset.trouble() {
            let name = derived.ingested.plan.name.as_str();
            let message = format!("dataset `{name}` cannot be checked: a table cannot be read back");
            return Err(Error::new(Kind::Storage, message).cause(cause.to_owned()));
        }
        if verdict.accepted() {
            Ok(Self { derived, validation: Validation { options: *options, verdict } })
        } else {
            Err(rejection(derived.ingested.plan.name.as_str(), "nothing was registered", &verdict))
        }
    }

    /// What was checked.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        &self.validation.verdict
    }
}

/// The error for a dataset that broke its contract.
#[must_use]
pub fn rejection(name: &str, consequence: &str, verdict: &Verdict) -> Error {
    let blocking: Vec<&Check> = verdict.blocking().collect();
    let count = blocking.len();
    let plural = if count == 1 { "check" } else { "checks" };
    let mut error =
        Error::new(Kind::CheckFailed, format!("dataset `{name}` failed {count} {plural}; {consequence}"));
    for check in &blocking {
        error.causes.push(line(check));
    }
    for hint in blocking.iter().filter_map(|check| check.hint.as_ref()) {
        if !error.hints.contains(hint) {
            error.hints.push(hint.clone());
        }
    }
    match serde_json::to_value(verdict) {
        Ok(details) => error.details(details),
        Err(_) => error,
    }
}

/// One check as one line.
#[must_use]
pub fn line(check: &Check) -> String {
    let numbers = match (check.measured, check.limit) {
        (Some(measured), Some(limit)) => format!(" (measured {measured:e}, limit {limit:e})"),
        (Some(measured), None) => format!(" (measured {measured:e})"),
        _ => String::new(),
    };
    format!("{}: {}: {}{numbers}", check.code, check.place, check.message)
}
