//! Tables without an Arrow dependency: a module fills vectors, the boundary hands them over without a copy.

use std::fmt;

use crate::remarks::{Closing, Remarks};
use crate::{ColumnKind, ModuleError};

/// A named table: all at once, or batch after batch.
pub struct Table<'a> {
    pub(crate) name: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) batches: Box<dyn Iterator<Item = Result<Vec<Column>, ModuleError>> + Send + 'a>,
    pub(crate) closing: Option<Closing<'a>>,
}

/// Name and type of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Name in the contract.
    pub name: String,
    /// Type in the contract.
    pub kind: ColumnKind,
}

impl<'a> Table<'a> {
    /// An empty table; add columns of equal length with [`TableBuilder::column`].
    #[expect(clippy::new_ret_no_self, reason = "a table is made by its builder")]
    pub fn new(name: impl Into<String>) -> TableBuilder {
        TableBuilder { name: name.into(), fields: Vec::new(), columns: Vec::new() }
    }

    /// A table produced while it is read. Each batch holds one column for each field, all of the same length.
    pub fn streamed(
        name: impl Into<String>,
        fields: Vec<Field>,
        batches: impl Iterator<Item = Result<Vec<Column>, ModuleError>> + Send + 'a,
    ) -> Self {
        Self { name: name.into(), fields, batches: Box::new(batches), closing: None }
    }

    /// Adds what can be said of the rows only when they have been made. `remarks` is called when every table has been
    /// read; a host of plugin-api 1.1 refuses such a result.
    #[must_use]
    pub fn remarks(mut self, remarks: impl FnOnce() -> Result<Remarks, ModuleError> + Send + 'a) -> Self {
        self.closing = Some(Closing::new(remarks));
        self
    }

    /// Name of the table.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its columns' names and types.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// Reads the batches; for tests of a module without a host.
    #[must_use]
    pub fn into_batches(self) -> Box<dyn Iterator<Item = Result<Vec<Column>, ModuleError>> + Send + 'a> {
        self.batches
    }
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Table")
            .field("name", &self.name)
            .field("fields", &self.fields)
            .finish_non_exhaustive()
    }
}

/// Collects the columns of a table.
#[derive(Debug)]
pub struct TableBuilder {
    name: String,
    fields: Vec<Field>,
    columns: Vec<Column>,
}

impl TableBuilder {
    /// Adds a column: a `Vec` of `f64`, `f32`, `i64`, `i32`, `bool`, `String`, or of `Option`s of these.
    #[must_use]
    pub fn column(mut self, name: impl Into<String>, column: impl Into<Column>) -> Self {
        let column = column.into();
        self.fields.push(Field { name: name.into(), kind: column.kind() });
        self.columns.push(column);
        self
    }

    /// The finished table. Columns of unequal length become an error when the host reads it.
    #[must_use]
    pub fn build<'a>(self) -> Table<'a> {
        Table::streamed(self.name, self.fields, std::iter::once(Ok(self.columns)))
    }
}

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    pub(crate) values: Values,
    /// One entry for each value, `false` where it is null; `None` when none is.
    pub(crate) validity: Option<Vec<bool>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Values {
    Float64(Vec<f64>),
    Float32(Vec<f32>),
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Boolean(Vec<bool>),
    Utf8(Vec<String>),
    Timestamp(Vec<i64>),
}

impl Column {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn timestamps(nanoseconds: Vec<i64>) -> Self {
        Self { values: Values::Timestamp(nanoseconds), validity: None }
    }

    /// Number of values.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Float64(values) => values.len(),
            Values::Float32(values) => values.len(),
            Values::Int64(values) | Values::Timestamp(values) => values.len(),
            Values::Int32(values) => values.len(),
            Values::Boolean(values) => values.len(),
            Values::Utf8(values) => values.len(),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Type of the values.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        match &self.values {
            Values::Float64(_) => ColumnKind::Float64,
            Values::Float32(_) => ColumnKind::Float32,
            Values::Int64(_) => ColumnKind::Int64,
            Values::Int32(_) => ColumnKind::Int32,
            Values::Boolean(_) => ColumnKind::Boolean,
            Values::Utf8(_) => ColumnKind::Utf8,
            Values::Timestamp(_) => ColumnKind::TimestampNanosecondsUtc,
        }
    }

    /// The numbers of a float column; for tests of a module without a host.
    #[must_use]
    pub fn as_f64(&self) -> Option<&[f64]> {
        match &self.values {
            Values::Float64(values) => Some(values),
            _ => None,
        }
    }

    /// The texts of a text column; for tests of a module without a host.
    #[must_use]
    pub fn as_text(&self) -> Option<&[String]> {
        match &self.values {
            Values::Utf8(values) => Some(values),
            _ => None,
        }
    }
}

macro_rules! column_from {
    ($($type:ty => $variant:ident),* $(,)?) => {$(
        impl From<Vec<$type>> for Column {
            fn from(values: Vec<$type>) -> Self {
                Self { values: Values::$variant(values), validity: None }
            }
        }

        impl From<Vec<Option<$type>>> for Column {
            fn from(values: Vec<Option<$type>>) -> Self {
                let validity = values.iter().map(Option::is_some).collect();
                let values = values.into_iter().map(Option::unwrap_or_default).collect();
                Self { values: Values::$variant(values), validity: Some(validity) }
            }
        }
    )*};
}

column_from! {
    f64 => Float64,
    f32 => Float32,
    i64 => Int64,
    i32 => Int32,
    bool => Boolean,
    String => Utf8,
}
