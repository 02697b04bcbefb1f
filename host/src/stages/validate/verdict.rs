//! What the checks found, and whether it stops the dataset.
//!
//! Invariant: whether a check blocks is decided in one place, when it is added, so every reader of a verdict agrees.

use plugin_api::{Finding, Severity};
use serde::{Deserialize, Serialize};

use super::PLACES_PER_CHECK;

/// Errors about form alone: the numbers are what they are without them.
const FORM_ALONE: [&str; 6] =
    ["column.allowed", "column.null-fraction", "column.order", "column.unique", "column.unit", "table.rows"];

/// What stops a dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strictness {
    /// Errors and warnings.
    Strict,
    /// Errors.
    Standard,
    /// Errors that leave the numbers in doubt.
    Lenient,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The promise holds.
    Passed,
    /// It does not.
    Failed,
    /// Nobody looked: switched off, or impossible after an earlier failure.
    NotRun,
}

/// One promise, and whether it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Stable, machine-readable: `matrix.symmetric`.
    pub code: String,
    /// Where: table, row, column; matrix, element.
    pub place: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How bad a failure is.
    pub severity: Severity,
    /// Whether it stops the dataset at the verdict's strictness.
    pub blocking: bool,
    /// The number measured, when there is one that is finite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// The number it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What was found.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Check {
    /// Whether the promise was checked and holds.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == Outcome::Passed
    }

    /// Whether the promise was checked and does not hold.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.outcome == Outcome::Failed
    }
}

/// Everything that was checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What stops the dataset.
    pub strictness: Strictness,
    /// Passed, failed and not run, in the order of the contract; what the module found comes last.
    pub checks: Vec<Check>,
}

impl Verdict {
    pub(super) fn new(strictness: Strictness) -> Self {
        Self { strictness, checks: Vec::new() }
    }

    /// The checks that stop the dataset.
    pub fn blocking(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.blocking)
    }

    /// The checks that failed, whether or not they stop the dataset.
    pub fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.failed())
    }

    /// The number of checks that ended in the given way.
    #[must_use]
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checks.iter().filter(|check| check.outcome == outcome).count()
    }

    /// Whether nothing stops the dataset.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.blocking().next().is_none()
    }

    pub(super) fn pass(&mut self, code: &str, place: String, message: impl Into<String>) {
        self.add(code, place, Outcome::Passed, Severity::Error, Failure::new(message));
    }

    pub(super) fn note(&mut self, code: &str, place: String, measured: f64, message: String) {
        let measured = Some(measured);
        self.add(code, place, Outcome::Passed, Severity::Note, Failure { measured, ..Failure::new(message) });
    }

    pub(super) fn not_run(&mut self, code: &str, place: String, why: &str) {
        self.add(code, place, Outcome::NotRun, Severity::Error, Failure::new(why));
    }

    pub(super) fn fail(&mut self, code: &str, place: String, failure: Failure) {
        self.add(code, place, Outcome::Failed, Severity::Error, failure);
    }

    pub(super) fn warn(&mut self, code: &str, place: String, failure: Failure) {
        self.add(code, place, Outcome::Failed, Severity::Warning, failure);
    }

    /// Lists the failures of one check, or that it passed. `whole` is the place the check is about.
    pub(super) fn conclude(&mut self, code: &str, whole: &str, failures: Failures, passed: &str, hint: &str) {
        if failures.total == 0 {
            self.pass(code, whole.to_owned(), passed);
            return;
        }
        let rest = failures.total - failures.listed.len();
        for (place, failure) in failures.listed {
            self.fail(code, place, failure.hint(hint));
        }
        if rest > 0 {
            let message = format!("{rest} more like these, {} in all", failures.total);
            self.fail(code, whole.to_owned(), Failure::new(message).hint(hint));
        }
    }

    pub(super) fn add_finding(&mut self, finding: &Finding) {
        let failure = Failure {
            measured: finding.measured,
            limit: finding.limit,
            hint: finding.hint.clone(),
            ..Failure::new(&*finding.message)
        };
        // The module judged its own data: an error of its own stops the dataset whatever code it bears.
        let blocking = match self.strictness {
            Strictness::Strict => finding.severity >= Severity::Warning,
            Strictness::Standard | Strictness::Lenient => finding.severity == Severity::Error,
        };
        let place = finding.place.clone();
        self.push(&finding.code, place, Outcome::Failed, finding.severity, failure, blocking);
    }

    fn add(&mut self, code: &str, place: String, outcome: Outcome, severity: Severity, failure: Failure) {
        let blocking = outcome == Outcome::Failed
            && match self.strictness {
                Strictness::Strict => severity >= Severity::Warning,
                Strictness::Standard => severity == Severity::Error,
                Strictness::Lenient => {
                    severity == Severity::Error && (failure.unusable || !FORM_ALONE.contains(&code))
                }
            };
        self.push(code, place, outcome, severity, failure, blocking);
    }

    fn push(
        &mut self,
        code: &str,
        place: String,
        outcome: Outcome,
        severity: Severity,
        failure: Failure,
        blocking: bool,
    ) {
        self.checks.push(Check {
            code: code.to_owned(),
            place,
            outcome,
            severity,
            blocking,
            // JSON has no NaN and no infinity; the message says them in words.
            measured: failure.measured.filter(|value| value.is_finite()),
            limit: failure.limit.filter(|value| value.is_finite()),
            message: failure.message,
            hint: failure.hint,
        });
    }
}

/// What was found at one place.
#[derive(Debug)]
pub(super) struct Failure {
    message: String,
    measured: Option<f64>,
    limit: Option<f64>,
    hint: Option<String>,
    unusable: bool,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), measured: None, limit: None, hint: None, unusable: false }
    }

    pub(super) fn numbers(mut self, measured: f64, limit: f64) -> Self {
        self.measured = Some(measured);
        self.limit = Some(limit);
        self
    }

    pub(super) fn hint(mut self, hint: &str) -> Self {
        if !hint.is_empty() {
            self.hint = Some(hint.to_owned());
        }
        self
    }

    /// Stops a lenient verdict too, though its code is about form.
    pub(super) fn unusable(mut self) -> Self {
        self.unusable = true;
        self
    }
}

/// The first failures of one check, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Failures {
    listed: Vec<(String, Failure)>,
    total: usize,
}

impl Failures {
    /// Counts a failure; describes it only while it will be listed.
    pub(super) fn add(&mut self, describe: impl FnOnce() -> (String, Failure)) {
        self.total += 1;
        if self.listed.len() < PLACES_PER_CHECK {
            self.listed.push(describe());
        }
    }

    /// Failures that were not added one by one.
    pub(super) fn add_uncounted(&mut self, more: usize) {
        self.total += more;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// The worst elements of a matrix by some measure, largest first, and how many there are.
#[derive(Debug, Default)]
pub(super) struct Worst {
    listed: Vec<(f64, usize, usize)>,
    total: usize,
}

impl Worst {
    pub(super) fn add(&mut self, measure: f64, row: usize, column: usize) {
        self.total += 1;
        // Elements come in order, so of equal measures the first stays first.
        let place = self.listed.partition_point(|(listed, ..)| listed.total_cmp(&measure).is_ge());
        if place < PLACES_PER_CHECK {
            self.listed.truncate(PLACES_PER_CHECK - 1);
            self.listed.insert(place, (measure, row, column));
        }
    }

    pub(super) fn into_failures(
        self,
        mut describe: impl FnMut(f64, usize, usize) -> (String, Failure),
    ) -> Failures {
        let mut failures = Failures::default();
        let rest = self.total - self.listed.len();
        for (measure, row, column) in self.listed {
            failures.add(|| describe(measure, row, column));
        }
        failures.add_uncounted(rest);
        failures
    }
}
