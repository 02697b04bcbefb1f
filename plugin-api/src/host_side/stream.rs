//! Pulls a stream of the C interface that a module made, and refuses whatever no consumer could survive: missing
//! callbacks, null pointers, other types than a contract knows, counts that contradict each other.
//!
//! What is behind the pointers is the module's word. A consumer still has to validate offsets and UTF-8.

use std::ffi::{c_int, c_void};
use std::marker::PhantomData;

use super::array::{check, children, malformed};
use super::{c_text, read_error};
use crate::arrow_c::{
    ArrowArray, ArrowArrayStream, ArrowSchema, NULLABLE, format_of, released_array, released_schema,
};
use crate::{ColumnKind, ModuleError};

/// More columns than any table has.
const COLUMN_LIMIT: i64 = 1 << 16;

const KINDS: [ColumnKind; 7] = [
    ColumnKind::Float64,
    ColumnKind::Float32,
    ColumnKind::Int64,
    ColumnKind::Int32,
    ColumnKind::Boolean,
    ColumnKind::Utf8,
    ColumnKind::TimestampNanosecondsUtc,
];

/// A stream that may borrow from the inputs of its derivation.
#[derive(Debug)]
pub struct OutputStream<'d> {
    stream: ArrowArrayStream,
    fields: Vec<StreamField>,
    derivation: PhantomData<&'d ()>,
}

/// A column as its stream declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamField {
    /// Name.
    pub name: String,
    /// Type of the values.
    pub kind: ColumnKind,
    /// Whether nulls may occur.
    pub nullable: bool,
}

impl<'d> OutputStream<'d> {
    pub(super) fn new(stream: ArrowArrayStream) -> Self {
        Self { stream, fields: Vec::new(), derivation: PhantomData }
    }

    /// Asks for the columns. Must be called before [`next_batch`](Self::next_batch).
    ///
    /// # Errors
    /// What the module said, or [`ModuleError::Internal`] when its answer is malformed.
    pub fn fields(&mut self) -> Result<Vec<StreamField>, ModuleError> {
        let stream = &self.stream;
        let complete =
            stream.get_next.is_some() && stream.get_last_error.is_some() && stream.release.is_some();
        let Some(get_schema) = stream.get_schema.filter(|_| complete) else {
            return Err(malformed("its stream lacks a callback or is released"));
        };
        let mut schema = Schema(released_schema());
        // SAFETY: the stream is not released, and there is room for one schema.
        let status = unsafe { get_schema(self.address(), (&raw mut schema.0).cast()) };
        if status != 0 {
            // What a failing callback left behind is not looked at.
            schema.0.release = None;
            return Err(self.last_error(status));
        }
        if schema.0.release.is_none() {
            return Err(malformed("its schema is released"));
        }
        self.fields = schema.fields()?;
        Ok(self.fields.clone())
    }

    /// The next batch, a struct whose children are the columns; `None` at the end.
    ///
    /// # Errors
    /// As [`fields`](Self::fields).
    pub fn next_batch(&mut self) -> Result<Option<Batch<'d>>, ModuleError> {
        let Some(get_next) = self.stream.get_next else {
            return Err(malformed("its stream lacks a callback"));
        };
        let mut batch = Batch { array: released_array(), derivation: PhantomData };
        // SAFETY: as for the schema.
        let status = unsafe { get_next(self.address(), (&raw mut batch.array).cast()) };
        if status != 0 {
            batch.array.release = None;
            return Err(self.last_error(status));
        }
        if batch.array.release.is_none() {
            return Ok(None);
        }
        check(&batch.array, &self.fields)?;
        Ok(Some(batch))
    }

    fn address(&mut self) -> *mut c_void {
        (&raw mut self.stream).cast()
    }

    fn last_error(&mut self, status: c_int) -> ModuleError {
        let address = self.address();
        let text = self.stream.get_last_error.and_then(|last_error| {
            // SAFETY: the stream is not released; the text is a zero-terminated one or null.
            unsafe { c_text(last_error(address)) }
        });
        text.map_or_else(
            || ModuleError::internal(format!("its stream failed with code {status} and no text")),
            |text| read_error(&text),
        )
    }
}

/// A batch whose outer shape was checked. It may borrow from the inputs of its derivation.
#[derive(Debug)]
pub struct Batch<'d> {
    array: ArrowArray,
    derivation: PhantomData<&'d ()>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if let Some(release) = self.array.release {
            // SAFETY: it is set until the array is released or moved out, and this is the only owner.
            unsafe { release(&raw mut self.array) }
        }
    }
}

impl Batch<'_> {
    /// The C array, a `struct ArrowArray`.
    ///
    /// # Safety
    /// It must be released, once, while the derivation's inputs and services are alive.
    #[must_use]
    pub unsafe fn into_c_array(mut self) -> ArrowArray {
        std::mem::replace(&mut self.array, released_array())
    }
}

/// A schema that is released at the end.
struct Schema(ArrowSchema);

impl Drop for Schema {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: as for a batch.
            unsafe { release(&raw mut self.0) }
        }
    }
}

impl Schema {
    fn fields(&self) -> Result<Vec<StreamField>, ModuleError> {
        // SAFETY: null or a text that ends with zero.
        let format = unsafe { c_text(self.0.format) }.ok_or_else(|| malformed("its schema has no format"))?;
        if format != "+s" || !(0..=COLUMN_LIMIT).contains(&self.0.n_children) {
            return Err(malformed("its schema is not one of columns"));
        }
        // SAFETY: the module says that there are so many children.
        unsafe { children(self.0.children, self.0.n_children) }?.into_iter().map(field).collect()
    }
}

fn field(schema: &ArrowSchema) -> Result<StreamField, ModuleError> {
    // SAFETY: null or a text that ends with zero, as above.
    let (name, format) = unsafe { (c_text(schema.name), c_text(schema.format)) };
    let (Some(name), Some(format)) = (name, format) else {
        return Err(malformed("a column has no name or no format"));
    };
    let kind = KINDS.into_iter().find(|kind| format_of(*kind) == format);
    let kind = kind.filter(|_| schema.dictionary.is_null() && schema.n_children == 0).ok_or_else(|| {
        let known = KINDS.map(format_of).join(", ");
        malformed(format!(
            "column `{name}` has the Arrow format `{}`, known are {known}",
            format.escape_debug()
        ))
    })?;
    Ok(StreamField { name: name.into_owned(), kind, nullable: schema.flags & NULLABLE != 0 })
}
