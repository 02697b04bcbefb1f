//! A dataset in memory and on disk.
//!
//! In memory it is a [`Dataset`]: Arrow tables, square matrices, and what the module said about them. On disk it is
//! a handful of files that [`encode()`] makes and [`decode()`] reads: `dataset.json` (the [`DatasetDocument`]), one
//! Parquet file for each table and one npy file for each matrix.
//!
//! Invariants:
//! * The document lists the digest of every other content file, so the document's own digest is the **version** of
//!   the dataset.
//! * The same dataset gives the same bytes: no clock, path, host name, hash order or batch boundary reaches them.
//! * What is decoded has been verified: sizes, digests and shapes agree with the document, or
//!   [`Kind::Corrupt`](crate::error::Kind::Corrupt) names the file and what differs.

mod columns;
mod decode;
mod document;
mod encode;
mod intake;
pub(crate) mod npy;
pub(crate) mod parquet_file;
#[cfg(test)]
pub(crate) mod samples;
mod spool;
mod stored;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::ScalarBuffer;
use arrow_schema::SchemaRef;
use plugin_api::{ExportFormat, Finding, OutputContract, Plot, ReferenceModel};
use serde_json::Value as Json;

pub use columns::{Cell, ColumnView, Extent, data_type_of, kind_name, kind_of};
pub use decode::{decode, read_document};
pub(crate) use document::is_plain_name;
pub use document::{
    DATASET_SCHEMA, DOCUMENT_FILE, DatasetDocument, DocumentHeader, EncodedDataset, EncodedFile, MatrixFile,
    ModuleIdentity, TableFile,
};
pub use encode::encode;
pub use intake::Intake;
pub use spool::Spool;
pub use stored::Stored;

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Name in the contract.
    pub name: String,
    /// Names and types of the columns.
    pub schema: SchemaRef,
    /// The rows.
    pub content: Rows,
}

/// Where the rows of a table are.
#[derive(Debug, Clone, PartialEq)]
pub enum Rows {
    /// In memory, as batches that all have the columns of the table.
    Held(Vec<RecordBatch>),
    /// In the file that will be registered.
    Stored(Arc<Stored>),
}

impl Table {
    /// A table whose rows are in memory.
    #[must_use]
    pub fn held(name: String, schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { name, schema, content: Rows::Held(batches) }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        match &self.content {
            Rows::Held(batches) => batches.iter().map(RecordBatch::num_rows).sum(),
            Rows::Stored(stored) => stored.rows(),
        }
    }

    /// The first column of the given name, typed; `None` when there is none, when no
    /// [`ColumnKind`](plugin_api::ColumnKind) is its type, or when a batch disagrees with the schema.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<ColumnView<'_>> {
        ColumnView::of(self, name)
    }
}

/// A square matrix, row-major.
#[derive(Debug, Clone, PartialEq)]
pub struct SquareMatrix {
    /// Name in the contract.
    pub name: String,
    /// Number of rows and of columns.
    pub size: usize,
    /// Elements, row after row. Whoever builds the value answers for `size * size` of them; whoever reads it checks.
    pub values: ScalarBuffer<f64>,
}

impl SquareMatrix {
    /// The rows, or nothing when the number of elements does not fit the size.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        let fits = self.size.checked_mul(self.size) == Some(self.values.len());
        let elements: &[f64] = if fits { &self.values } else { &[] };
        elements.chunks_exact(self.size.max(1))
    }
}

/// What a derivation made, held against no promise yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Which of the module's outputs this is.
    pub output: String,
    /// What the module promises of that output.
    pub contract: OutputContract,
    /// Tables, the principal one first.
    pub tables: Vec<Table>,
    /// Square matrices.
    pub matrices: Vec<SquareMatrix>,
    /// What is true of the whole dataset.
    pub metadata: BTreeMap<String, Json>,
    /// What the module noticed.
    pub findings: Vec<Finding>,
    /// Layouts of other programs, by format name.
    pub exports: BTreeMap<String, ExportFormat>,
    /// What stated models predict for the rows.
    pub models: Vec<ReferenceModel>,
    /// Pictures, by name.
    pub plots: BTreeMap<String, Plot>,
}

impl Dataset {
    /// Why rows that were stored cannot be read back, if they could not: what was looked at then is not all there is.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.tables.iter().find_map(|table| match &table.content {
            Rows::Held(_) => None,
            Rows::Stored(stored) => stored.trouble(),
        })
    }

    /// The table of a name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The matrix of a name.
    #[must_use]
    pub fn matrix(&self, name: &str) -> Option<&SquareMatrix> {
        self.matrices.iter().find(|matrix| matrix.name == name)
    }
}
