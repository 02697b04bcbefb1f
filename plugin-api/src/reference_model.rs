//! What a stated model predicts for each row: something to hold data against without a theory code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Predictions of one fully stated model for the rows of one column.
///
/// The host computes chi-squared from them, shows it, and says how it differs between two datasets. They are no
/// data and enter no export but the dataset's own document. Observations and predictions must be finite, and errors be
/// given by `matrix` or by `uncertainty`, not by both; anything else breaks the contract (`model.shape`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceModel {
    /// Machine-readable and the same in all datasets that can be compared: `planck2018_flat_lcdm`.
    pub name: String,
    /// One line with the model and its source.
    pub meaning: String,
    /// Every number that defines it, named with its unit.
    pub parameters: BTreeMap<String, Value>,
    /// Table of the observed values.
    pub table: String,
    /// Column of the observed values.
    pub column: String,
    /// Their covariance; absent when `uncertainty` holds independent errors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// Column with independent errors, where there is no matrix.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncertainty: Option<String>,
    /// One for each row of the table, in its order and unit.
    pub prediction: Vec<f64>,
    /// Whether a constant common to all rows is unknown and fitted, as the absolute magnitude of supernovae is:
    /// chi-squared is then r'C⁻¹r - (1'C⁻¹r)² / (1'C⁻¹1), without a logarithmic term.
    #[serde(default)]
    pub free_offset: bool,
}
