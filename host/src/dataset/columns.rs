//! Arrow types and the module contract's column kinds, side by side.
//!
//! Invariant: a [`ColumnView`] has found every batch of the requested type, so reading it cannot fail.

use std::fmt;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float32Type, Float64Type, Int32Type, Int64Type, TimestampNanosecondType};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType};
use arrow_schema::{DataType, TimeUnit};
use plugin_api::ColumnKind;

use super::{Rows, Stored, Table};

/// The Arrow type of a kind of column.
#[must_use]
pub fn data_type_of(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Float64 => DataType::Float64,
        ColumnKind::Float32 => DataType::Float32,
        ColumnKind::Int64 => DataType::Int64,
        ColumnKind::Int32 => DataType::Int32,
        ColumnKind::Boolean => DataType::Boolean,
        ColumnKind::Utf8 => DataType::Utf8,
        ColumnKind::TimestampNanosecondsUtc => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
    }
}

/// The kind of column of an Arrow type, if a contract can speak of it.
#[must_use]
pub fn kind_of(data_type: &DataType) -> Option<ColumnKind> {
    Some(match data_type {
        DataType::Float64 => ColumnKind::Float64,
        DataType::Float32 => ColumnKind::Float32,
        DataType::Int64 => ColumnKind::Int64,
        DataType::Int32 => ColumnKind::Int32,
        DataType::Boolean => ColumnKind::Boolean,
        DataType::Utf8 => ColumnKind::Utf8,
        DataType::Timestamp(TimeUnit::Nanosecond, Some(zone)) if matches!(&**zone, "UTC" | "+00:00") => {
            ColumnKind::TimestampNanosecondsUtc
        }
        _ => return None,
    })
}

/// The kind as a descriptor spells it.
#[must_use]
pub fn kind_name(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Float64 => "float64",
        ColumnKind::Float32 => "float32",
        ColumnKind::Int64 => "int64",
        ColumnKind::Int32 => "int32",
        ColumnKind::Boolean => "boolean",
        ColumnKind::Utf8 => "utf8",
        ColumnKind::TimestampNanosecondsUtc => "timestamp-nanoseconds-utc",
    }
}

/// One value of a column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// No value.
    Null,
    /// A 64-bit float, perhaps not finite.
    Float64(f64),
    /// A 32-bit float, perhaps not finite.
    Float32(f32),
    /// A 64-bit integer.
    Int64(i64),
    /// A 32-bit integer.
    Int32(i32),
    /// A truth value.
    Boolean(bool),
    /// Text.
    Text(&'a str),
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    Timestamp(i64),
}

impl Cell<'_> {
    /// The value as a 64-bit float: exact for floats and 32-bit integers, nearest for larger ones.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match *self {
            Self::Float64(value) => Some(value),
            Self::Float32(value) => Some(f64::from(value)),
            Self::Int64(value) | Self::Timestamp(value) => Some(nearest(value)),
            Self::Int32(value) => Some(f64::from(value)),
            Self::Null | Self::Boolean(_) | Self::Text(_) => None,
        }
    }

    /// Whether it is a float that is NaN or infinite.
    #[must_use]
    pub fn is_not_finite(&self) -> bool {
        match *self {
            Self::Float64(value) => !value.is_finite(),
            Self::Float32(value) => !value.is_finite(),
            _ => false,
        }
    }
}

impl fmt::Display for Cell<'_> {
    /// Shortest text that reads back to the same value; times in RFC 3339.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Null => formatter.write_str("null"),
            Self::Float64(value) => write!(formatter, "{value:?}"),
            Self::Float32(value) => write!(formatter, "{value:?}"),
            Self::Int64(value) => write!(formatter, "{value}"),
            Self::Int32(value) => write!(formatter, "{value}"),
            Self::Boolean(value) => write!(formatter, "{value}"),
            Self::Text(value) => formatter.write_str(value),
            Self::Timestamp(value) => match jiff::Timestamp::from_nanosecond(i128::from(value)) {
                Ok(time) => write!(formatter, "{time:.9}"),
                Err(_) => write!(formatter, "{value}"),
            },
        }
    }
}

/// One column of a table, across its batches.
#[derive(Debug, Clone)]
pub struct ColumnView<'a> {
    kind: ColumnKind,
    values: Values<'a>,
}

#[derive(Debug, Clone)]
enum Values<'a> {
    Held(Vec<&'a ArrayRef>),
    Stored(&'a Stored, usize),
}

impl<'a> ColumnView<'a> {
    pub(super) fn of(table: &'a Table, name: &str) -> Option<Self> {
        let (index, field) = table.schema.column_with_name(name)?;
        let kind = kind_of(field.data_type())?;
        let batches = match &table.content {
            Rows::Held(batches) => batches,
            // The writer of the file took no batch of another type.
            Rows::Stored(stored) => return Some(Self { kind, values: Values::Stored(stored, index) }),
        };
        let mut arrays = Vec::with_capacity(batches.len());
        for batch in batches {
            let array = batch.columns().get(index)?;
            if kind_of(array.data_type()) != Some(kind) {
                return None;
            }
            arrays.push(array);
        }
        Some(Self { kind, values: Values::Held(arrays) })
    }

    /// The values themselves.
    fn arrays(&self) -> Vec<&'a ArrayRef> {
        match &self.values {
            Values::Held(arrays) => arrays.clone(),
            Values::Stored(stored, index) => stored.values(*index).iter().collect(),
        }
    }

    /// Type of the values.
    #[must_use]
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }

    /// Number of values, nulls included.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.values {
            Values::Held(arrays) => arrays.iter().map(Array::len).sum(),
            Values::Stored(stored, _) => stored.rows(),
        }
    }

    /// Whether there is no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of nulls.
    #[must_use]
    pub fn nulls(&self) -> usize {
        match &self.values {
            Values::Held(arrays) => arrays.iter().map(Array::null_count).sum(),
            Values::Stored(stored, index) => stored.nulls(*index),
        }
    }

    /// Between which numbers the values lie. One pass over plain slices, for whoever needs to look at the cells one by
    /// one only when that tells of something wrong.
    #[must_use]
    pub fn extent(&self) -> Extent {
        match &self.values {
            Values::Held(arrays) => {
                let mut extent = Extent::default();
                for array in arrays {
                    extent.take_in(array, self.kind);
                }
                extent
            }
            Values::Stored(stored, index) => stored.extent(*index),
        }
    }

    /// All values, in order.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let kind = self.kind;
        self.arrays()
            .into_iter()
            .flat_map(move |array| (0..array.len()).map(move |row| cell(array, kind, row)))
    }

    /// The value of a row.
    #[must_use]
    pub fn cell(&self, mut row: usize) -> Option<Cell<'a>> {
        for array in self.arrays() {
            if row < array.len() {
                return Some(cell(array, self.kind, row));
            }
            row -= array.len();
        }
        None
    }
}

/// What numbers lie between, as [`Cell::number`] gives them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Smallest and largest number that is not NaN; infinity and minus infinity when there is none.
    pub bounds: (f64, f64),
    /// Whether every float is a finite number.
    pub finite: bool,
}

impl Default for Extent {
    fn default() -> Self {
        Self { bounds: (f64::INFINITY, f64::NEG_INFINITY), finite: true }
    }
}

impl Extent {
    /// Whether there is no number at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bounds.0 > self.bounds.1
    }

    /// Takes in the values of an array of a kind; truth values and texts are no numbers.
    pub(super) fn take_in(&mut self, array: &ArrayRef, kind: ColumnKind) {
        match kind {
            ColumnKind::Float64 => self.take_in_numbers::<Float64Type>(array, |value| value),
            ColumnKind::Float32 => self.take_in_numbers::<Float32Type>(array, f64::from),
            ColumnKind::Int64 => self.take_in_numbers::<Int64Type>(array, nearest),
            ColumnKind::Int32 => self.take_in_numbers::<Int32Type>(array, f64::from),
            ColumnKind::TimestampNanosecondsUtc => {
                self.take_in_numbers::<TimestampNanosecondType>(array, nearest);
            }
            ColumnKind::Boolean | ColumnKind::Utf8 => {}
        }
    }

    fn take_in_numbers<T: ArrowPrimitiveType>(
        &mut self,
        array: &ArrayRef,
        number: impl Fn(T::Native) -> f64,
    ) {
        let array = array.as_primitive::<T>();
        let whole = [(0, array.len())];
        match array.nulls() {
            // What stands under a null is nobody's value.
            Some(nulls) => self.take_in_slices(array.values(), nulls.valid_slices(), number),
            None => self.take_in_slices(array.values(), whole.into_iter(), number),
        }
    }

    fn take_in_slices<N: Copy>(
        &mut self,
        values: &[N],
        slices: impl Iterator<Item = (usize, usize)>,
        number: impl Fn(N) -> f64,
    ) {
        // Values that do not wait for each other: each is taken in by the lane of its place.
        let mut lanes = [Lane { smallest: self.bounds.0, largest: self.bounds.1, nothing: 0.0 }; 8];
        for values in slices.filter_map(|(start, end)| values.get(start..end)) {
            let (chunks, rest) = values.as_chunks::<8>();
            for chunk in chunks {
                for (lane, value) in lanes.iter_mut().zip(chunk) {
                    lane.take_in(number(*value));
                }
            }
            for (lane, value) in lanes.iter_mut().zip(rest) {
                lane.take_in(number(*value));
            }
        }
        for lane in lanes {
            self.bounds = (self.bounds.0.min(lane.smallest), self.bounds.1.max(lane.largest));
            self.finite &= !lane.nothing.is_nan();
        }
    }
}

/// A part of an [`Extent`].
#[derive(Clone, Copy)]
struct Lane {
    smallest: f64,
    largest: f64,
    /// NaN as soon as one value was not finite: nothing times that is NaN.
    nothing: f64,
}

impl Lane {
    fn take_in(&mut self, value: f64) {
        // Comparisons with NaN are false: it is taken in by neither.
        self.smallest = if value < self.smallest { value } else { self.smallest };
        self.largest = if value > self.largest { value } else { self.largest };
        self.nothing += value * 0.0;
    }
}

/// The nearest float, as a bound of a contract is one.
#[expect(
    clippy::cast_precision_loss,
    reason = "bounds of a contract are floats; nearest is what they can tell"
)]
fn nearest(value: i64) -> f64 {
    value as f64
}

/// Reads one value; `kind` has been compared with the array's type, and `row` with its length.
fn cell(array: &ArrayRef, kind: ColumnKind, row: usize) -> Cell<'_> {
    if array.is_null(row) {
        return Cell::Null;
    }
    match kind {
        ColumnKind::Float64 => Cell::Float64(array.as_primitive::<Float64Type>().value(row)),
        ColumnKind::Float32 => Cell::Float32(array.as_primitive::<Float32Type>().value(row)),
        ColumnKind::Int64 => Cell::Int64(array.as_primitive::<Int64Type>().value(row)),
        ColumnKind::Int32 => Cell::Int32(array.as_primitive::<Int32Type>().value(row)),
        ColumnKind::Boolean => Cell::Boolean(array.as_boolean().value(row)),
        ColumnKind::Utf8 => Cell::Text(array.as_string::<i32>().value(row)),
        ColumnKind::TimestampNanosecondsUtc => {
            Cell::Timestamp(array.as_primitive::<TimestampNanosecondType>().value(row))
        }
    }
}
