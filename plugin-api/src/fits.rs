//! FITS binary tables of an export: the container of several communities.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A binary table extension.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FitsTable {
    /// Value of `EXTNAME`.
    pub name: String,
    /// Further header cards: texts, integers, numbers and truth values by keyword. A text may hold `{name}` and
    /// `{version}`, which stand for the dataset's.
    #[serde(default)]
    pub header: BTreeMap<String, Value>,
    /// Columns of equal length.
    pub columns: Vec<FitsColumn>,
}

/// A column of a binary table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitsColumn {
    /// Value of `TTYPE`.
    pub name: String,
    /// What stands in it.
    pub values: FitsValues,
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FitsValues {
    /// A column of the dataset; `rows` picks some of its rows, counted from 0, in this order.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The rows; absent for all.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rows: Option<Vec<u64>>,
    },
    /// A matrix of the dataset: each cell holds one of its rows.
    MatrixRows {
        /// The matrix.
        matrix: String,
    },
    /// A matrix of the dataset: each cell holds one of its elements, row after row.
    MatrixElements {
        /// The matrix.
        matrix: String,
    },
    /// Given numbers.
    Numbers {
        /// One for each row.
        values: Vec<f64>,
    },
    /// Given integers.
    Integers {
        /// One for each row.
        values: Vec<i64>,
    },
    /// Given truth values.
    Truths {
        /// One for each row.
        values: Vec<bool>,
    },
    /// Given texts, which may hold `{name}` and `{version}`.
    Texts {
        /// One for each row.
        values: Vec<String>,
    },
}
