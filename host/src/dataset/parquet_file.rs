//! Tables as Parquet files whose bytes depend on nothing but the table.
//!
//! Invariants: a fixed `created_by`, no key-value metadata (so no Arrow schema either: the Parquet types say all that
//! a contract can), no page index, and rows written in whole steps, so that neither the clock nor the way a module cut
//! its batches reaches the bytes. Floats are stored bit for bit, NaN payloads included.
//!
//! A large table is stored for speed: zstd level 1, the bytes of floats split, dictionaries for
//! texts alone. Measured for 514 800 rows of 65 columns, 39 of them 64-bit floats, in CPU seconds and megabytes: 0.57 s
//! and 65 MB, against 1.33 s and 50 MB with the settings of smaller tables, whose time nobody notices, and 0.31 s and
//! 185 MB without compression (`cargo bench -p host --bench parquet`).

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{Field, FieldRef, Schema, SchemaRef};
use arrow_select::concat::concat_batches;
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;
use plugin_api::host_side::guarded;
use plugin_api::{ColumnKind, ModuleError};

use super::{Rows, Table, kind_of};

/// Rows of a row group unless told otherwise: what the writer keeps in memory.
pub(crate) const ROWS_PER_GROUP: usize = 1 << 17;

/// Rows that the writer is given at once; fixed, since where pages end follows it.
const ROWS_PER_STEP: usize = 2048;

/// Rows of a column that are read at once.
const ROWS_PER_READ: usize = 1 << 13;

/// More rows than this are stored for speed.
const ROWS_OF_SMALL_TABLES: usize = super::spool::ROWS_IN_MEMORY;

/// zstd's own default, and its fastest.
const ZSTD_LEVELS: (i32, i32) = (3, 1);

/// For what a table is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// To take little room.
    Small,
    /// To be written and read fast.
    Large,
}

impl Size {
    fn of(rows: usize) -> Self {
        if rows > ROWS_OF_SMALL_TABLES { Self::Large } else { Self::Small }
    }
}

/// Name of the file of a table.
pub(crate) fn name_of(table: &str) -> String {
    format!("{table}.parquet")
}

/// Writes a table. `rows_per_group` of 0 is taken as 1.
///
/// # Errors
/// What is wrong with the table, in words.
pub(crate) fn write(table: &Table, rows_per_group: usize) -> Result<Vec<u8>, String> {
    let Rows::Held(batches) = &table.content else { return Err("it is in a file already".to_owned()) };
    let mut writer = Writer::new(&table.schema, rows_per_group, Size::of(table.rows()), Vec::new())?;
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    writer.finish()
}

/// Writes a table batch by batch.
pub(crate) struct Writer<W: Write + Send> {
    to: ArrowWriter<W>,
    schema: SchemaRef,
    /// Rows that are fewer than a step, in their order.
    waiting: Vec<RecordBatch>,
}

impl<W: Write + Send> Writer<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// What is wrong with the columns, in words.
    pub(crate) fn new(schema: &SchemaRef, rows_per_group: usize, size: Size, to: W) -> Result<Self, String> {
        if schema.fields().is_empty() {
            return Err("it has no column".to_owned());
        }
        let mut names = BTreeSet::new();
        if let Some(twice) = schema.fields().iter().find(|field| !names.insert(field.name())) {
            return Err(format!("column `{}` occurs twice", twice.name()));
        }
        // Metadata of fields would not be written; without it two schemas that differ in nothing else are equal.
        let plain =
            |field: &FieldRef| Field::new(field.name(), field.data_type().clone(), field.is_nullable());
        let fields: Vec<_> = schema.fields().iter().map(plain).collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&schema, rows_per_group, size)?)
            .with_skip_arrow_metadata(true);
        let to = ArrowWriter::try_new_with_options(to, Arc::clone(&schema), options).map_err(text)?;
        Ok(Self { to, schema, waiting: Vec::new() })
    }

    /// Writes the next rows. Whole steps are not copied.
    ///
    /// # Errors
    /// What is wrong with them, or with the file, in words.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<(), String> {
        let waiting: usize = self.waiting.iter().map(RecordBatch::num_rows).sum();
        if waiting + batch.num_rows() < ROWS_PER_STEP {
            self.waiting.push(batch.clone());
            return Ok(());
        }
        let missing = if waiting == 0 { 0 } else { ROWS_PER_STEP - waiting };
        if missing > 0 {
            self.waiting.push(batch.slice(0, missing));
            self.write_waiting()?;
        }
        let rest = batch.num_rows() - missing;
        let whole = rest - rest % ROWS_PER_STEP;
        for start in (missing..missing + whole).step_by(ROWS_PER_STEP) {
            self.write_columns(batch.slice(start, ROWS_PER_STEP).columns())?;
        }
        if rest > whole {
            self.waiting.push(batch.slice(missing + whole, rest - whole));
        }
        Ok(())
    }

    fn write_waiting(&mut self) -> Result<(), String> {
        let waiting = std::mem::take(&mut self.waiting);
        let Some(first) = waiting.first() else { return Ok(()) };
        let columns = concat_batches(&first.schema(), &waiting).map_err(text)?;
        self.write_columns(columns.columns())
    }

    fn write_columns(&mut self, columns: &[ArrayRef]) -> Result<(), String> {
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns.to_vec()).map_err(text)?;
        self.to.write(&batch).map_err(text)
    }

    /// Ends the file.
    ///
    /// # Errors
    /// Why it cannot be written, in words.
    pub(crate) fn finish(mut self) -> Result<W, String> {
        self.write_waiting()?;
        self.to.into_inner().map_err(text)
    }
}

fn properties(schema: &Schema, rows_per_group: usize, size: Size) -> Result<WriterProperties, String> {
    let large = size == Size::Large;
    let level = if large { ZSTD_LEVELS.1 } else { ZSTD_LEVELS.0 };
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("host".to_owned())
        .set_key_value_metadata(None)
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level).map_err(text)?))
        .set_max_row_group_row_count(Some(rows_per_group.max(1)))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_dictionary_enabled(true);
    for field in schema.fields() {
        let column = || ColumnPath::from(field.name().as_str());
        // Measured numbers hardly repeat: a dictionary would be built only to be thrown away.
        let float = matches!(kind_of(field.data_type()), Some(ColumnKind::Float64 | ColumnKind::Float32));
        let words = kind_of(field.data_type()) == Some(ColumnKind::Utf8);
        if float || (large && !words) {
            builder = builder.set_column_dictionary_enabled(column(), false);
        }
        if float && large {
            // Rows are looked for by time, contract or flag; extremes of what is measured would take a tenth of the time.
            builder = builder
                .set_column_encoding(column(), Encoding::BYTE_STREAM_SPLIT)
                .set_column_statistics_enabled(column(), EnabledStatistics::None);
        }
    }
    Ok(builder.build())
}

/// Reads a table of exactly `rows` rows.
///
/// # Errors
/// What is wrong with the bytes, in words. A panic of the reader is such an error too.
pub(crate) fn read(name: &str, bytes: Vec<u8>, rows: u64, rows_per_batch: usize) -> Result<Table, String> {
    let name = name.to_owned();
    guarded(move || read_unguarded(name, bytes, rows, rows_per_batch).map_err(ModuleError::internal)).map_err(
        |error| match error {
            ModuleError::Internal { message } => message,
            _ => "the Parquet reader cannot make sense of it".to_owned(),
        },
    )
}

fn read_unguarded(name: String, bytes: Vec<u8>, rows: u64, rows_per_batch: usize) -> Result<Table, String> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder =
        ParquetRecordBatchReaderBuilder::try_new_with_options(Bytes::from(bytes), options).map_err(text)?;
    // Before any row is read: a file that claims more rows than it should costs nothing.
    let found = builder.metadata().file_metadata().num_rows();
    if u64::try_from(found) != Ok(rows) {
        return Err(format!("it has {found} rows, the document says {rows}"));
    }
    let schema = Arc::clone(builder.schema());
    let mut batches = Vec::new();
    for batch in builder.with_batch_size(rows_per_batch.max(1)).build().map_err(text)? {
        batches.push(batch.map_err(text)?);
    }
    let table = Table::held(name, schema, batches);
    if u64::try_from(table.rows()) != Ok(rows) {
        return Err(format!("{} rows can be read from it, the document says {rows}", table.rows()));
    }
    Ok(table)
}

/// All values of one column, by its place, of a file that this process wrote.
///
/// # Errors
/// Why it cannot be read, in words.
pub(super) fn read_column(file: File, column: usize) -> Result<Vec<ArrayRef>, String> {
    let read = || -> Result<_, ParquetError> {
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(file, options)?;
        let projection = ProjectionMask::roots(builder.parquet_schema(), [column]);
        let batches = builder.with_projection(projection).with_batch_size(ROWS_PER_READ).build()?;
        Ok(batches.map(|batch| batch.map(|batch| Arc::clone(batch.column(0)))).collect::<Result<_, _>>()?)
    };
    guarded(|| read().map_err(|error| ModuleError::internal(error.to_string()))).map_err(text)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
