//! A table whose rows are in a file already: what most checks ask for was noted on the way, the rest is read back.

use std::fs::File;
use std::sync::OnceLock;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;

use super::columns::{Extent, kind_of};
use super::parquet_file;
use crate::digest::Digest;

/// Rows in a file.
#[derive(Debug)]
pub struct Stored {
    file: File,
    rows: usize,
    sha256: Digest,
    bytes: u64,
    columns: Vec<Noted>,
    trouble: OnceLock<String>,
}

/// What was noted of a column.
#[derive(Debug, Default)]
struct Noted {
    nulls: usize,
    extent: Extent,
    /// Its values, once somebody asked for them.
    read: OnceLock<Vec<ArrayRef>>,
}

/// What is noted while batches pass by.
#[derive(Debug)]
pub(super) struct Notes {
    rows: usize,
    columns: Vec<Noted>,
}

impl Notes {
    pub(super) fn new(schema: &Schema) -> Self {
        Self { rows: 0, columns: schema.fields().iter().map(|_| Noted::default()).collect() }
    }

    pub(super) fn take_in(&mut self, batch: &RecordBatch) {
        self.rows += batch.num_rows();
        for (noted, array) in self.columns.iter_mut().zip(batch.columns()) {
            noted.nulls += array.null_count();
            if let Some(kind) = kind_of(array.data_type()) {
                noted.extent.take_in(array, kind);
            }
        }
    }

    /// The table, when `file` holds all of it.
    pub(super) fn of_file(self, file: File, sha256: Digest, bytes: u64) -> Stored {
        Stored { file, rows: self.rows, sha256, bytes, columns: self.columns, trouble: OnceLock::new() }
    }
}

impl Stored {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Digest of the file.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// Size of the file.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Why it could not be read back, if it could not.
    #[must_use]
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.get().map(String::as_str)
    }

    pub(super) fn nulls(&self, column: usize) -> usize {
        self.columns.get(column).map_or(0, |noted| noted.nulls)
    }

    pub(super) fn extent(&self, column: usize) -> Extent {
        self.columns.get(column).map_or_else(Extent::default, |noted| noted.extent)
    }

    /// The values of a column, read when they are first asked for; none at all, and [`trouble`](Self::trouble), when
    /// they cannot be read.
    pub(super) fn values(&self, column: usize) -> &[ArrayRef] {
        let Some(noted) = self.columns.get(column) else { return &[] };
        noted.read.get_or_init(|| {
            let file = self.file.try_clone().map_err(|error| error.to_string());
            file.and_then(|file| parquet_file::read_column(file, column)).unwrap_or_else(|cause| {
                // The first cause is as good as any later one.
                drop(self.trouble.set(cause));
                Vec::new()
            })
        })
    }
}

/// Files of the same digest are the same table.
impl PartialEq for Stored {
    fn eq(&self, other: &Self) -> bool {
        self.sha256 == other.sha256
    }
}
