//! What a module says about itself: the file `module.json` that [`export_module!`](crate::export_module) embeds in
//! the library, where a host reads it without running any code of the module.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything a host may know about a module before it runs one line of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Descriptor {
    /// Always `host.module/1`.
    pub schema: String,
    /// Name the user types after `--plugin`: lower-case letters, digits, `_` and `-`.
    pub id: String,
    /// One line for lists.
    pub title: String,
    /// A paragraph for `host plugin info`.
    #[serde(default)]
    pub description: String,
    /// SPDX expression of the module's own code.
    #[serde(default)]
    pub licence: String,
    /// Papers that define what the module does.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// Files the module reads, by role.
    #[serde(default)]
    pub inputs: Vec<InputRole>,
    /// Values the user may set with `--param NAME=VALUE`.
    #[serde(default)]
    pub parameters: Vec<ParameterSpecification>,
    /// What the module promises to return, by output name. [`Derived::output`](crate::Derived::output) picks one.
    pub outputs: BTreeMap<String, OutputContract>,
    /// Datasets whose input files travel inside the library. The first is what `host prepare --plugin ID` makes.
    #[serde(default)]
    pub bundled: Vec<BundledDataset>,
    /// Embedded file, as given to [`export_module!`](crate::export_module), with the public datasets this module
    /// reads: a document of schema `host.datasets/1`, as a user's datasets manifest, in which an input has a `url` or
    /// is `bundled`, and a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalogue: Option<String>,
}

/// A paper or data release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// Authors, title, journal or arXiv number, as a reader would cite it.
    pub text: String,
    /// Where to find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A file the module reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRole {
    /// Name the user types in `--input ROLE=PATH`.
    pub role: String,
    /// What the file holds and in which layout.
    pub meaning: String,
    /// Whether a derivation without it is refused by the host. Roles of which one or the other is needed are
    /// optional here and checked by the module.
    #[serde(default)]
    pub required: bool,
    /// What the host demands of the bytes before the module sees them.
    #[serde(default)]
    pub form: InputForm,
}

/// What the host checks of an input before the module sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InputForm {
    /// UTF-8 text, not HTML, no NUL byte.
    #[default]
    Text,
    /// Any bytes.
    Binary,
}

/// A value the user may set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ParameterSpecification {
    /// Name the user types in `--param NAME=VALUE`.
    pub name: String,
    /// What it does, with its unit.
    pub meaning: String,
    /// Type of the value.
    #[serde(rename = "type")]
    pub kind: ParameterKind,
    /// Unit of a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Value when the user sets none; absent means that the module sees no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    /// Smallest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Largest number allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// The only strings allowed, when not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParameterKind {
    /// A finite 64-bit float.
    Number,
    /// A 64-bit integer.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
}

/// The shape of one kind of result. The host's validation engine needs nothing else.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OutputContract {
    /// What this kind of result is.
    #[serde(default)]
    pub meaning: String,
    /// Tables, the principal one first.
    pub tables: Vec<TableContract>,
    /// Square matrices bound to the rows of a table.
    #[serde(default)]
    pub matrices: Vec<MatrixContract>,
}

/// Promise about one table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TableContract {
    /// Name of the table and of its file.
    pub name: String,
    /// What a row is.
    #[serde(default)]
    pub meaning: String,
    /// Column that identifies a row; matrices are addressed by it. Its values are unique and never null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
    /// Fewest rows of a sensible result.
    #[serde(default = "one")]
    pub minimum_rows: u64,
    /// Columns, in order.
    pub columns: Vec<ColumnContract>,
}

fn one() -> u64 {
    1
}

/// Promise about one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnContract {
    /// Name.
    pub name: String,
    /// Type of the values.
    #[serde(rename = "type")]
    pub kind: ColumnKind,
    /// Unit of every value; `1` is dimensionless. Absent for text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Text column that holds the unit of each row, where rows differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit_column: Option<String>,
    /// What the value is, with frame and convention.
    pub meaning: String,
    /// Whether the column must be there.
    #[serde(default = "yes")]
    pub required: bool,
    /// Whether NaN and infinity are errors (floats only).
    #[serde(default = "yes")]
    pub finite: bool,
    /// Smallest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum: Option<f64>,
    /// Largest value allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum: Option<f64>,
    /// Values must be larger than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greater_than: Option<f64>,
    /// Largest fraction of nulls allowed, 0 to 1.
    #[serde(default)]
    pub null_fraction: f64,
    /// Whether no value may occur twice.
    #[serde(default)]
    pub unique: bool,
    /// The only texts allowed, when not empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Type of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ColumnKind {
    /// 64-bit IEEE float.
    Float64,
    /// 32-bit IEEE float.
    Float32,
    /// 64-bit signed integer.
    Int64,
    /// 32-bit signed integer.
    Int32,
    /// `true` or `false`.
    Boolean,
    /// UTF-8 text.
    Utf8,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    TimestampNanosecondsUtc,
}

/// Promise about one square matrix of 64-bit floats, row-major.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MatrixContract {
    /// Name of the matrix and of its file.
    pub name: String,
    /// What an element is.
    #[serde(default)]
    pub meaning: String,
    /// Table whose rows the rows and columns of the matrix are, in the same order.
    pub rows_of: String,
    /// Whether it must be there.
    #[serde(default = "yes")]
    pub required: bool,
    /// Whether element (i, j) must equal element (j, i) to a relative 1e-10.
    #[serde(default)]
    pub symmetric: bool,
    /// Whether a Cholesky factor must exist.
    #[serde(default)]
    pub positive_definite: bool,
    /// Column of the table whose square the diagonal must equal to a relative 1e-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub diagonal_is_square_of: Option<String>,
}

/// A dataset whose input files travel inside the library.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BundledDataset {
    /// Name under which it is registered unless the user gives another.
    pub name: String,
    /// One line.
    pub title: String,
    /// Papers to cite when using it.
    #[serde(default)]
    pub citations: Vec<Citation>,
    /// Licence of the data.
    #[serde(default)]
    pub licence: String,
    /// Embedded file and its digest, by role.
    pub inputs: BTreeMap<String, BundledFile>,
    /// Parameters it is prepared with.
    #[serde(default)]
    pub parameters: BTreeMap<String, serde_json::Value>,
    /// Digest of what the module derives from it, so that a change of the result is noticed by `cargo test` and
    /// `host plugin test` before anybody else notices it. Write `""`, and the failing check tells the value.
    ///
    /// It is the sha256, in lower-case hexadecimal, of the text `host.result/1` and a line end, then the report (output,
    /// names, metadata, findings, exports, models, plots) as JSON with sorted keys and no blanks, then each table (name,
    /// number of columns; of each column name, type, number of rows and the values, each behind a byte that is 0 for a
    /// null) and each matrix (name, size, elements). Numbers are little endian, and every text has its length in bytes in
    /// front, as a 64-bit number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_sha256: Option<String>,
}

/// One embedded file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BundledFile {
    /// Path given to [`export_module!`](crate::export_module).
    pub file: String,
    /// sha256 of its bytes, lower-case hexadecimal.
    pub sha256: String,
}
