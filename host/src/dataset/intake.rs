//! Takes a table in batch by batch: a small one is kept in memory, of a large one nothing is.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use fs_err::File;

use super::parquet_file::{self, Size};
use super::stored::Notes;
use super::{Rows, Spool, Table};
use crate::digest::Hashing;

/// A table that is coming in.
pub struct Intake<'s> {
    spool: &'s mut Spool,
    name: String,
    schema: SchemaRef,
    rows: usize,
    held: Vec<RecordBatch>,
    storing: Option<Storing>,
}

/// A large table on its way into a file.
struct Storing {
    writer: parquet_file::Writer<Hashing<File>>,
    notes: Notes,
}

impl<'s> Intake<'s> {
    /// A table of a name that can be a file name.
    pub fn new(name: String, schema: SchemaRef, spool: &'s mut Spool) -> Self {
        Self { spool, name, schema, rows: 0, held: Vec::new(), storing: None }
    }

    /// Whether batches are kept in memory so far.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.storing.is_none()
    }

    /// Takes in the next rows, which have the columns of the schema.
    ///
    /// # Errors
    /// Why they cannot be stored, in words.
    pub fn push(&mut self, batch: RecordBatch) -> Result<(), String> {
        self.rows = self.rows.saturating_add(batch.num_rows());
        self.held.push(batch);
        if self.storing.is_none() && self.rows > self.spool.rows_in_memory() {
            self.storing = Some(self.begin()?);
        }
        let Some(storing) = &mut self.storing else { return Ok(()) };
        for batch in self.held.drain(..) {
            storing.notes.take_in(&batch);
            storing.writer.write(&batch)?;
        }
        Ok(())
    }

    fn begin(&mut self) -> Result<Storing, String> {
        let file = self.spool.file(&parquet_file::name_of(&self.name)).map_err(|error| error.to_string())?;
        let writer = parquet_file::Writer::new(
            &self.schema,
            parquet_file::ROWS_PER_GROUP,
            Size::Large,
            Hashing::new(file),
        )?;
        Ok(Storing { writer, notes: Notes::new(&self.schema) })
    }

    /// The table, when all of it has come. What was written is durable.
    ///
    /// # Errors
    /// Why it cannot be stored, in words.
    pub fn finish(self) -> Result<Table, String> {
        let Self { name, schema, held, storing, spool, .. } = self;
        let Some(Storing { writer, notes }) = storing else { return Ok(Table::held(name, schema, held)) };
        let (file, sha256, bytes) = writer.finish()?.finish();
        file.sync_all().map_err(|error| error.to_string())?;
        // Opened again, since a new file can only be written.
        let file = spool.open(&parquet_file::name_of(&name)).map_err(|error| error.to_string())?;
        Ok(Table { name, schema, content: Rows::Stored(Arc::new(notes.of_file(file, sha256, bytes))) })
    }
}
