//! Holds a dataset against what its module promises, and says everything that is wrong at once.
//!
//! One engine for every domain: it is driven by the [`OutputContract`](plugin_api::OutputContract) alone and knows no
//! dataset, no column and no quantity by name.
//!
//! # What is checked
//! | code | severity | what |
//! |---|---|---|
//! | `table.present`, `column.present`, `matrix.present` | error | what the contract requires is there, once |
//! | `table.unexpected`, `column.unexpected`, `matrix.unexpected` | warning | nothing else is there |
//! | `column.type` | error | the type promised |
//! | `column.order` | error | the columns' order |
//! | `table.rows` | error | at least `minimum_rows` rows |
//! | `row-id.null`, `row-id.unique` | error | every row has a name of its own |
//! | `column.finite` | error | no NaN, no infinity |
//! | `column.minimum`, `column.maximum`, `column.greater-than` | error | bounds |
//! | `column.null-fraction`, `column.unique`, `column.allowed`, `column.unit` | error | nulls, repetition, vocabulary, a unit for each value |
//! | `matrix.shape` | error | one row and column for each row of its table, at least one |
//! | `matrix.finite` | error | no NaN, no infinity |
//! | `matrix.symmetric` | error | `|a_ij - a_ji| <= tolerance * sqrt(|a_ii a_jj|)` (the larger of both elements where a diagonal element is 0) |
//! | `matrix.diagonal-positive` | error | every `a_ii > 0` |
//! | `matrix.diagonal` | error | `a_ii` equals the square of the column the contract names |
//! | `matrix.correlation` | error | `|a_ij| <= sqrt(a_ii a_jj)` |
//! | `matrix.positive-definite` | error | a Cholesky factor of the matrix, scaled to unit diagonal, exists |
//! | `matrix.condition` | note | reciprocal condition of the matrix scaled to unit diagonal |
//! | `model.shape` | error | a stated model has one finite prediction for each row of a column, and errors for them |
//! | `plot.reference` | error | every table, column, matrix and model that a plot names is there |
//!
//! What the module itself found is merged in under the module's own codes. A check that cannot run, or that the
//! configuration switches off, is listed as not run, never as passed.
//!
//! # What stops a dataset
//! * **Strict**: every error and every warning.
//! * **Standard**: every error.
//! * **Lenient**: every error that leaves the numbers in doubt. A broken promise about form alone does not stop it:
//!   `column.order`, `column.null-fraction`, `column.unique`, `column.allowed`, `column.unit`, `table.unexpected`,
//!   `column.unexpected`, `matrix.unexpected`, and `table.rows` as long as there is a row. Symmetry and diagonal are
//!   held to 1e-6 at least instead of the tolerance set.
//!
//! Notes never stop anything. Rows, columns and elements are counted from 1.
//!
//! Invariant: no shape, type or number makes the engine panic; a matrix is decomposed only after its shape, finite
//! elements, symmetry and diagonal are known to be right.

mod attachments;
pub(in crate::stages) mod cholesky;
mod columns;
mod matrices;
mod places;
#[cfg(test)]
mod properties;
mod tables;
#[cfg(test)]
mod tests;
mod verdict;

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;

pub use verdict::{Check, Outcome, Strictness, Verdict};

/// Relative tolerance of symmetry unless the configuration says otherwise.
pub const DEFAULT_TOLERANCE: f64 = 1e-10;

/// Places listed for one check; the rest is counted.
pub const PLACES_PER_CHECK: usize = 20;

/// Smallest relative tolerance of a diagonal against the column it is the square of: published uncertainties and
/// covariances are printed with about as many digits.
const DIAGONAL_TOLERANCE: f64 = 1e-8;

/// Tolerance of symmetry and diagonal under [`Strictness::Lenient`], unless a larger one is set.
const LENIENT_TOLERANCE: f64 = 1e-6;

/// What is checked and how strictly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// What stops a dataset.
    pub strictness: Strictness,
    /// Relative tolerance of symmetry, and of diagonals where it is larger than 1e-8.
    pub tolerance: f64,
    /// Whether symmetry, diagonal, correlations and positive definiteness of matrices are checked. Their shape and
    /// that they are finite always is.
    pub matrix_checks: bool,
    /// Whether minimum, maximum and lower bound of columns are checked.
    pub range_checks: bool,
}

impl Options {
    /// Everything is checked, with the default tolerance.
    #[must_use]
    pub fn new(strictness: Strictness) -> Self {
        Self { strictness, tolerance: DEFAULT_TOLERANCE, matrix_checks: true, range_checks: true }
    }

    fn symmetry_tolerance(&self) -> f64 {
        match self.strictness {
            Strictness::Lenient => self.tolerance.max(LENIENT_TOLERANCE),
            Strictness::Strict | Strictness::Standard => self.tolerance,
        }
    }

    fn diagonal_tolerance(&self) -> f64 {
        self.symmetry_tolerance().max(DIAGONAL_TOLERANCE)
    }
}

/// Holds a dataset against its contract. Never fails: what is wrong is the result.
#[must_use]
pub fn validate(dataset: &Dataset, options: &Options) -> Verdict {
    let mut verdict = Verdict::new(options.strictness);
    tables::check(dataset, options, &mut verdict);
    matrices::check(dataset, options, &mut verdict);
    attachments::check(dataset, &mut verdict);
    for finding in &dataset.findings {
        verdict.add_finding(finding);
    }
    verdict
}
