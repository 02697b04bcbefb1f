//! What a derivation returns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::remarks::Closing;
use crate::{FitsTable, ModuleError, Plot, ReferenceModel, Remarks, Table};

/// The result of a derivation: tables and matrices as the contract promises, and what a reader must know of them.
#[derive(Debug)]
pub struct Derived<'a> {
    /// Which of the descriptor's `outputs` this is.
    pub output: String,
    /// Tables, the principal one first.
    pub tables: Vec<Table<'a>>,
    /// Square matrices.
    pub matrices: Vec<Matrix>,
    /// Conventions, corrections, selections: anything that is true of the whole dataset. Part of its content, so no
    /// clock, path or host name.
    pub metadata: BTreeMap<String, Value>,
    /// What the module noticed. An `Error` stops the dataset, as a broken contract does.
    pub findings: Vec<Finding>,
    /// Layouts of other programs that the dataset can be written in, by format name.
    pub exports: BTreeMap<String, ExportFormat>,
    /// What stated models predict for the rows.
    pub models: Vec<ReferenceModel>,
    /// Pictures of the dataset, by name; the first in the order of names that is not a correlation is the one shown
    /// where there is room for one.
    pub plots: BTreeMap<String, Plot>,
}

impl<'a> Derived<'a> {
    /// An empty result of the given output.
    pub fn new(output: impl Into<String>) -> Self {
        Self {
            output: output.into(),
            tables: Vec::new(),
            matrices: Vec::new(),
            metadata: BTreeMap::new(),
            findings: Vec::new(),
            exports: BTreeMap::new(),
            models: Vec::new(),
            plots: BTreeMap::new(),
        }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: Table<'a>) -> Self {
        self.tables.push(table);
        self
    }

    /// What the tables remark, once their batches have been read; for tests of a module without a host.
    ///
    /// # Errors
    /// What the module says, and a key of the metadata that is given twice.
    pub fn remarks(&mut self) -> Result<Remarks, ModuleError> {
        Closing::remarks(self.closing())
    }

    pub(crate) fn closing(&mut self) -> Vec<Closing<'a>> {
        self.tables.iter_mut().filter_map(|table| table.closing.take()).collect()
    }

    /// Adds a matrix.
    #[must_use]
    pub fn matrix(mut self, matrix: Matrix) -> Self {
        self.matrices.push(matrix);
        self
    }

    /// Adds an entry of the metadata.
    ///
    /// The host knows seven keys. `title` (text), `citations` (array of objects with `text` and `url`) and
    /// `data_licence` (text) describe the dataset where the user and the bundled dataset say nothing. `release` (text)
    /// names the published data that this is, whatever name it is registered under, and `conflicts` (array of objects
    /// with `with`, an array of such names, and `reason`) those that hold some of the same information, so that using
    /// both would count it twice. `resembles` (text) names published data most of whose rows this has, although it is not
    /// that: whatever conflicts with them conflicts with this. `quality_score` (a number from 0 to 1) is shown in listings, where one can ask for
    /// what is below a limit.
    #[must_use]
    pub fn note(mut self, key: impl Into<String>, value: impl Into<Value>) -> Self {
        self.metadata.insert(key.into(), value.into());
        self
    }

    /// Adds a finding.
    #[must_use]
    pub fn finding(mut self, finding: Finding) -> Self {
        self.findings.push(finding);
        self
    }

    /// Adds a layout under the name the user types after `--format`.
    #[must_use]
    pub fn export(mut self, name: impl Into<String>, format: ExportFormat) -> Self {
        self.exports.insert(name.into(), format);
        self
    }

    /// Adds the predictions of a stated model.
    #[must_use]
    pub fn model(mut self, model: ReferenceModel) -> Self {
        self.models.push(model);
        self
    }

    /// Adds a picture under the name the user types after `--plot`.
    #[must_use]
    pub fn plot(mut self, name: impl Into<String>, plot: Plot) -> Self {
        self.plots.insert(name.into(), plot);
        self
    }
}

/// A square matrix, row-major. The host refuses `values` whose length is not `size * size`.
#[derive(Debug, Clone, PartialEq)]
pub struct Matrix {
    /// Name in the contract.
    pub name: String,
    /// Number of rows and of columns.
    pub size: usize,
    /// Elements, row after row.
    pub values: Vec<f64>,
}

impl Matrix {
    /// Wraps the elements of a square matrix, row after row.
    pub fn new(name: impl Into<String>, size: usize, values: Vec<f64>) -> Self {
        Self { name: name.into(), size, values }
    }

    /// The matrix with these elements on the diagonal and zeros elsewhere: variances without correlations.
    pub fn diagonal(name: impl Into<String>, diagonal: &[f64]) -> Self {
        let size = diagonal.len();
        let mut values = vec![0.0; size * size];
        for (index, element) in diagonal.iter().enumerate() {
            values[index * (size + 1)] = *element;
        }
        Self::new(name, size, values)
    }

    /// The covariance of independent measurements with these standard deviations: their squares on the diagonal.
    pub fn of_standard_deviations(name: impl Into<String>, standard_deviations: &[f64]) -> Self {
        let variances: Vec<f64> = standard_deviations.iter().map(|error| error * error).collect();
        Self::diagonal(name, &variances)
    }

    /// The same matrix under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The square roots of the diagonal, for the column of uncertainties beside a covariance; NaN where an element is
    /// negative.
    #[must_use]
    pub fn standard_deviations(&self) -> Vec<f64> {
        self.values.iter().step_by(self.size + 1).map(|variance| variance.sqrt()).collect()
    }
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Suspicious: stops the dataset under `--strict`.
    Warning,
    /// Wrong: stops the dataset, except where `--lenient` says otherwise.
    Error,
}

/// Something noticed about the data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable, machine-readable: `covariance.row-order`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// Where: input and line, table and row, matrix and element.
    pub place: String,
    /// What.
    pub message: String,
    /// The value measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// The value it was held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Finding {
    /// A finding without numbers or hint.
    pub fn new(
        severity: Severity,
        code: impl Into<String>,
        place: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            severity,
            place: place.into(),
            message: message.into(),
            measured: None,
            limit: None,
            hint: None,
        }
    }

    /// Adds what was measured and what it was held against.
    #[must_use]
    pub fn measured(mut self, measured: f64, limit: f64) -> Self {
        self.measured = Some(measured);
        self.limit = Some(limit);
        self
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A layout of another program: the files `host export NAME --format …` writes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ExportFormat {
    /// Which program reads it and how.
    pub meaning: String,
    /// Files, each named by the dataset's name and a suffix.
    pub files: Vec<ExportFile>,
}

/// One file of a layout.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExportFile {
    /// Appended to the dataset's name: `_mean.txt`.
    pub suffix: String,
    /// What stands in it.
    pub content: ExportContent,
}

/// What stands in an exported file. Numbers are written with the fewest digits that read back to the same bits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ExportContent {
    /// Columns of a table, separated by blanks, one row a line.
    Columns {
        /// The table.
        table: String,
        /// The columns.
        columns: Vec<String>,
        /// First line, written as it is; absent for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        header: Option<String>,
    },
    /// A matrix, separated by blanks, one row a line.
    Matrix {
        /// The matrix.
        matrix: String,
        /// Whether the first line is the number of rows and each element has a line of its own.
        #[serde(default)]
        leading_size: bool,
    },
    /// Text in which `{name}` stands for the dataset's name, `{folder}` for the path of the folder of the export, and
    /// `{directory}` for the same as a JSON string with its quotes, which YAML reads as well.
    Text {
        /// The text.
        text: String,
    },
    /// A FITS file: an empty primary array, then one binary table after the other.
    Fits {
        /// Further cards of the primary header, as in [`FitsTable::header`].
        #[serde(default)]
        header: BTreeMap<String, Value>,
        /// The tables, in order.
        tables: Vec<FitsTable>,
    },
    /// One JSON object.
    Document {
        /// Value of each key.
        fields: BTreeMap<String, FieldSource>,
    },
}

/// Where a value of an exported JSON object comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum FieldSource {
    /// A column, as an array.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A matrix, as an array of arrays.
    Matrix {
        /// The matrix.
        matrix: String,
    },
    /// Metadata, units, citations and identity of the dataset.
    Metadata,
}

/// The part of a result that crosses as JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[doc(hidden)]
pub struct Report {
    pub output: String,
    /// Names of the streamed tables, in order; matrices follow them in the list of streams.
    #[serde(default)]
    pub tables: Vec<String>,
    #[serde(default)]
    pub matrices: Vec<MatrixHeader>,
    #[serde(default)]
    pub metadata: BTreeMap<String, Value>,
    #[serde(default)]
    pub findings: Vec<Finding>,
    #[serde(default)]
    pub exports: BTreeMap<String, ExportFormat>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ReferenceModel>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plots: BTreeMap<String, Plot>,
    /// Whether one more stream follows, with [`Remarks`](crate::Remarks) as one text of JSON.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub remarks: bool,
}

/// Name and size of a matrix; its elements follow as a stream of one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[doc(hidden)]
pub struct MatrixHeader {
    pub name: String,
    pub size: usize,
}
