//! Reads a table that a worker wrote, as if every number in it were forged.
//!
//! Invariant: what is allocated follows from the bytes that are there, never from a number that they state. The columns of a
//! batch stay where its bytes were read to. A buffer that is used by two columns, compressed or out of place would have to be
//! written out, which is how a small file becomes a large table: no honest worker writes one.

use std::io::Read;

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_ipc::convert::fb_to_schema;
use arrow_ipc::reader::RecordBatchDecoder;
use arrow_ipc::{Endianness, Message, MessageHeader, Type, root_as_message_with_opts};
use arrow_schema::{Schema, SchemaRef};
use flatbuffers::{InvalidFlatbuffer, VerifierOptions};
use plugin_api::ModuleError;
use plugin_api::host_side::guarded;

use super::fault::{Fault, Result, at_most, shown};
use crate::dataset::{self, Intake, Spool, kind_of};

/// Far more than any dataset has.
const COLUMNS_LIMIT: usize = 10_000;

/// Columns times batches. Each costs the host some hundred bytes, whatever little stands in it.
pub(super) const ARRAYS_LIMIT: usize = 1 << 18;

/// Longest name of a column, bytes.
const NAME_LIMIT_BYTES: usize = 256;

/// Description of a table or batch, without its values. Counted as often as something in it is referred to.
const DESCRIPTION_LIMIT_BYTES: usize = 4 << 20;

/// Begins every message of a stream.
const MARKER: [u8; 4] = [0xff; 4];

/// Room that is used for bytes before any of them has come.
const STEP_BYTES: usize = 8 << 20;

/// Room that is reserved, which costs nothing until it is used; beyond it what has come is copied as more comes.
const RESERVED_BYTES: usize = 64 << 20;

/// Reads one table; `arrays` is what the limit still allows.
pub(super) fn read(
    name: &str,
    from: &mut dyn Read,
    arrays: &mut usize,
    spool: &mut Spool,
) -> Result<dataset::Table> {
    let options = VerifierOptions {
        max_apparent_size: DESCRIPTION_LIMIT_BYTES,
        max_tables: 8 * COLUMNS_LIMIT,
        max_depth: 16,
        ..VerifierOptions::default()
    };
    let first = next_description(from)?.ok_or_else(|| Fault::malformed("a table without columns"))?;
    let schema = schema_of(&message(&options, &first)?)?;
    let mut table = Table::new(name, SchemaRef::clone(&schema), arrays, spool)?;
    while let Some(description) = next_description(from)? {
        let message = message(&options, &description)?;
        let body = take(from, usize::try_from(message.bodyLength()).unwrap_or(usize::MAX))?;
        table.push(batch_of(&message, &body, &schema)?)?;
    }
    table.finish()
}

/// A table that is coming in.
pub(super) struct Table<'s> {
    name: String,
    columns: usize,
    arrays: &'s mut usize,
    intake: Intake<'s>,
}

impl<'s> Table<'s> {
    pub(super) fn new(
        name: &str,
        schema: SchemaRef,
        arrays: &'s mut usize,
        spool: &'s mut Spool,
    ) -> Result<Self> {
        check_columns(&schema)?;
        let columns = schema.fields().len();
        Ok(Self {
            name: name.to_owned(),
            columns,
            arrays,
            intake: Intake::new(name.to_owned(), schema, spool),
        })
    }

    /// Takes in the next rows.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<()> {
        // What is not kept takes no room.
        if self.intake.holds() {
            let used = ARRAYS_LIMIT - *self.arrays + self.columns;
            at_most("columns times batches", used, ARRAYS_LIMIT)?;
            *self.arrays -= self.columns;
        }
        self.intake.push(batch).map_err(|cause| Fault::Storage { table: self.name.clone(), cause })
    }

    pub(super) fn finish(self) -> Result<dataset::Table> {
        let Self { name, intake, .. } = self;
        intake.finish().map_err(|cause| Fault::Storage { table: name, cause })
    }
}

/// The description of the next message; `None` at the end of the stream.
fn next_description(from: &mut dyn Read) -> Result<Option<Buffer>> {
    let mut head = [0; 8];
    from.read_exact(&mut head).map_err(|error| Fault::unreadable(&error))?;
    let [m0, m1, m2, m3, s0, s1, s2, s3] = head;
    if [m0, m1, m2, m3] != MARKER {
        return Err(Fault::malformed("a table's stream holds something that is no message"));
    }
    let size = usize::try_from(u32::from_le_bytes([s0, s1, s2, s3])).unwrap_or(usize::MAX);
    at_most("bytes of a table's description", size, DESCRIPTION_LIMIT_BYTES)?;
    if size == 0 { Ok(None) } else { take(from, size).map(Some) }
}

/// A number as a worker writes it.
pub(super) fn number(from: &mut dyn Read) -> Result<usize> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes).map_err(|error| Fault::unreadable(&error))?;
    Ok(usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX))
}

/// So many bytes, where any number may begin. Room is made as they come.
pub(super) fn take(from: &mut dyn Read, length: usize) -> Result<Buffer> {
    let mut taken = MutableBuffer::with_capacity(length.min(RESERVED_BYTES));
    while taken.len() < length {
        let start = taken.len();
        taken.resize(length.min(start.saturating_add(STEP_BYTES.max(start / 2))), 0);
        let room = taken.as_slice_mut().get_mut(start..).unwrap_or_default();
        from.read_exact(room).map_err(|error| Fault::unreadable(&error))?;
    }
    Ok(taken.into())
}

fn message<'b>(options: &VerifierOptions, description: &'b Buffer) -> Result<Message<'b>> {
    root_as_message_with_opts(options, description).map_err(|error| match error {
        InvalidFlatbuffer::TooManyTables => too_much("parts of a table's description", options.max_tables),
        InvalidFlatbuffer::ApparentSizeTooLarge => {
            too_much("bytes of a table's description", options.max_apparent_size)
        }
        error => Fault::malformed(format!("a table's description is damaged: {}", shown(&error.to_string()))),
    })
}

/// The verifier stops counting when there is more than the limit.
fn too_much(what: &'static str, limit: usize) -> Fault {
    Fault::TooMuch { what, found: limit as u64 + 1, limit: limit as u64 }
}

fn schema_of(message: &Message<'_>) -> Result<SchemaRef> {
    let schema = message.header_as_schema().filter(|_| message.bodyLength() == 0);
    let schema = schema.ok_or_else(|| Fault::malformed("a table does not begin with its columns"))?;
    if !schema.endianness().equals_to_target_endianness() || schema.endianness() != Endianness::Little {
        return Err(Fault::malformed("a table for a machine of another byte order"));
    }
    let fields = schema.fields().ok_or_else(|| Fault::malformed("a table without columns"))?;
    at_most("columns of a table", fields.len(), COLUMNS_LIMIT)?;
    for field in fields {
        let plain = matches!(
            field.type_type(),
            Type::Int | Type::FloatingPoint | Type::Bool | Type::Utf8 | Type::Timestamp
        );
        let nested = field.children().is_some_and(|children| !children.is_empty());
        if !plain || nested || field.dictionary().is_some() {
            let name = shown(field.name().unwrap_or_default());
            return Err(Fault::malformed(format!("column `{name}`: {NO_KIND}")));
        }
    }
    // It panics at widths that do not exist.
    let schema = guarded(|| Ok(fb_to_schema(schema)))
        .map_err(|error| Fault::malformed(format!("a table's columns are damaged: {error}")))?;
    Ok(SchemaRef::new(schema))
}

const NO_KIND: &str = "of a type that no contract can promise; the types are float64, float32, int64, int32, \
                       boolean, utf8 and timestamp-nanoseconds-utc";

/// Whether a contract can speak of every column, and each can be told from the others.
pub(super) fn check_columns(schema: &Schema) -> Result<()> {
    at_most("columns of a table", schema.fields().len(), COLUMNS_LIMIT)?;
    if schema.fields().is_empty() {
        return Err(Fault::malformed("a table without columns"));
    }
    let mut names = std::collections::BTreeSet::new();
    for field in schema.fields() {
        let name = shown(field.name());
        if field.name().is_empty()
            || field.name().len() > NAME_LIMIT_BYTES
            || field.name().contains(char::is_control)
        {
            return Err(Fault::malformed(format!("`{name}` is no name of a column")));
        }
        if kind_of(field.data_type()).is_none() {
            return Err(Fault::malformed(format!("column `{name}`: {NO_KIND}")));
        }
        if !names.insert(field.name()) {
            return Err(Fault::malformed(format!("column `{name}` is there twice")));
        }
    }
    Ok(())
}

fn batch_of(message: &Message<'_>, body: &Buffer, schema: &SchemaRef) -> Result<RecordBatch> {
    if message.header_type() != MessageHeader::RecordBatch {
        return Err(Fault::malformed("a table's stream holds something else than rows"));
    }
    let batch = message.header_as_record_batch().ok_or_else(|| Fault::malformed("rows without columns"))?;
    check_lengths(&batch, body.len(), schema.fields().len())?;
    let version = message.version();
    #[expect(clippy::disallowed_types, reason = "what Arrow's reader asks for; it stays empty")]
    let dictionaries = std::collections::HashMap::new();
    guarded(|| {
        RecordBatchDecoder::try_new(body, batch, SchemaRef::clone(schema), &dictionaries, &version)
            // Else a buffer that is out of place would be copied.
            .and_then(|decoder| decoder.with_require_alignment(true).read_record_batch())
            .map_err(|error| ModuleError::internal(error.to_string()))
    })
    .map_err(|error| Fault::malformed(error.to_string()))
}

/// Holds what a batch states against the bytes that are there.
fn check_lengths(batch: &arrow_ipc::RecordBatch<'_>, bytes: usize, columns: usize) -> Result<()> {
    if batch.compression().is_some() || batch.variadicBufferCounts().is_some_and(|counts| !counts.is_empty())
    {
        return Err(Fault::malformed("the rows of a table are packed in a way that no worker writes"));
    }
    let (rows, bytes) = (batch.length(), bytes as u64);
    // Nothing takes less than a bit.
    if u64::try_from(rows).map_or(true, |rows| rows > bytes.saturating_mul(8)) {
        return Err(Fault::malformed(format!("{rows} rows are stated, there are {bytes} bytes for them")));
    }
    let nodes = batch.nodes().into_iter().flatten();
    if batch.nodes().map_or(0, |nodes| nodes.len()) != columns
        || nodes.into_iter().any(|node| node.length() != rows || !(0..=rows).contains(&node.null_count()))
    {
        return Err(Fault::malformed("the columns of a table have different lengths"));
    }
    let mut used = 0_u64;
    for buffer in batch.buffers().into_iter().flatten() {
        let (start, length) = (u64::try_from(buffer.offset()), u64::try_from(buffer.length()));
        let (Ok(start), Ok(length)) = (start, length) else {
            return Err(Fault::malformed("a column lies outside its table"));
        };
        used = used.saturating_add(length);
        if start.saturating_add(length) > bytes || used > bytes {
            return Err(Fault::malformed("a column lies outside its table or on top of another"));
        }
    }
    Ok(())
}
