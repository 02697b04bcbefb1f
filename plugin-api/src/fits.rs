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
    /// Whether the columns begin with one for each thing that is known of the whole dataset: name, version, module,
    /// title, citations, licence, units and metadata. FITS tables are flat and ASCII: the members of an object, and
    /// of each object of a list, have columns of their own (`citations_1_url`), any other list is one text, what is
    /// null or empty is left out, and a character beyond ASCII is written like `\u00e9`.
    #[serde(default)]
    pub metadata: bool,
    /// The rows of the dataset that the columns speak of; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_of: Option<FitsRows>,
    /// Columns of equal length.
    pub columns: Vec<FitsColumn>,
}

/// Rows of a table of the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitsRows {
    /// The table.
    pub table: String,
    /// Some of its rows, counted from 0, in this order; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Vec<u64>>,
}

/// A column of a binary table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FitsColumn {
    /// Value of `TTYPE`: letters, digits and `_`, and no two that differ by case alone.
    pub name: String,
    /// What stands in it.
    pub values: FitsValues,
}

impl FitsColumn {
    /// Names what stands in a column.
    pub fn new(name: impl Into<String>, values: FitsValues) -> Self {
        Self { name: name.into(), values }
    }
}

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FitsValues {
    /// A column of the dataset, which must have no null in the rows.
    Column {
        /// The column.
        column: String,
    },
    /// The number of each row in its table, counted from 0.
    RowNumbers,
    /// A matrix of the dataset: each cell holds one of its rows.
    MatrixRows {
        /// The matrix.
        matrix: String,
    },
    /// Given values, one for each row and all of one kind: texts, which may hold `{name}` and `{version}`, numbers,
    /// integers or truth values.
    Values {
        /// The values.
        values: Vec<Value>,
    },
    /// One such value in every row. A table of nothing else has one row.
    Constant {
        /// The value.
        value: Value,
    },
}
