//! What was found, as programs read it.

use serde::Serialize;
use serde_json::Value as Json;

use crate::stages::comparison::Comparison;

/// Everything that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Whether nothing differs.
    pub equal: bool,
    /// Title, module, licence, citations and metadata, by key, with a `/` before the keys of objects.
    pub conventions: Vec<ConventionChange>,
    /// Units of columns.
    pub units: Vec<UnitChange>,
    /// Tables of either.
    pub tables: Vec<TableDifference>,
    /// Matrices of either.
    pub matrices: Vec<MatrixDifference>,
    /// Models of the same name in both.
    pub models: Vec<ModelDifference>,
}

/// An entry that differs; null where one has none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ConventionChange {
    /// Which.
    pub key: String,
    /// In the first dataset.
    pub a: Json,
    /// In the second dataset.
    pub b: Json,
}

/// A column whose unit differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnitChange {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// In the first dataset.
    pub a: Option<String>,
    /// In the second dataset.
    pub b: Option<String>,
}

/// Some names, and how many there are in all.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Names {
    /// All.
    pub count: usize,
    /// The first of them.
    pub first: Vec<String>,
}

/// How a table differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TableDifference {
    /// The table.
    pub table: String,
    /// Rows that only the first dataset has.
    pub only_in_a: Names,
    /// Rows that only the second dataset has.
    pub only_in_b: Names,
    /// Rows of both.
    pub common: usize,
    /// Whether the rows of both come in another order.
    pub reordered: bool,
    /// Columns that only the first dataset has.
    pub columns_only_in_a: Vec<String>,
    /// Columns that only the second dataset has.
    pub columns_only_in_b: Vec<String>,
    /// Columns with other values in rows of both.
    pub columns: Vec<ColumnDifference>,
}

/// How the values of a column differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnDifference {
    /// The column.
    pub column: String,
    /// Rows whose value differs.
    pub changed: usize,
    /// The first of them, with both values as text.
    pub first: Change<String>,
    /// The largest difference of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_absolute: Option<Change<f64>>,
    /// The largest difference of numbers by the first value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_relative: Option<Change<f64>>,
}

/// A value that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change<T> {
    /// Identity of the row.
    pub row: String,
    /// In the first dataset.
    pub a: T,
    /// In the second dataset.
    pub b: T,
    /// How much, for numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<f64>,
}

/// How a matrix differs on the rows of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MatrixDifference {
    /// The matrix.
    pub matrix: String,
    /// Rows in the first dataset; 0 when it has no such matrix.
    pub rows_in_a: usize,
    /// Rows in the second dataset.
    pub rows_in_b: usize,
    /// Rows of both.
    pub common: usize,
    /// Elements of them that differ.
    pub changed: usize,
    /// The largest difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_absolute: Option<ElementChange>,
    /// The largest difference by both standard deviations of the first dataset: the change of a correlation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_relative: Option<ElementChange>,
}

/// An element that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ElementChange {
    /// Identities of row and column.
    pub rows: [String; 2],
    /// In the first dataset.
    pub a: f64,
    /// In the second dataset.
    pub b: f64,
    /// How much.
    pub change: f64,
}

/// What a model says of both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelDifference {
    /// The model.
    pub model: String,
    /// The first dataset; absent when they cannot be compared.
    pub a: Option<Comparison>,
    /// The second dataset.
    pub b: Option<Comparison>,
    /// Change of chi-squared.
    pub change: Option<f64>,
    /// Whether the model has other parameters in the second dataset.
    pub other_parameters: bool,
    /// Whether its predictions for rows of both differ.
    pub other_predictions: bool,
}
