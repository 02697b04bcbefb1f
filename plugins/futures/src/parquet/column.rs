//! One column, whatever its numbers are stored as.

use ::parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::{ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::RowGroupReader;
use ::parquet::schema::types::ColumnDescriptor;

/// Nanoseconds of the unit of a column of times.
pub(super) fn unit_nanoseconds(column: &ColumnDescriptor) -> Option<i64> {
    match (column.logical_type_ref(), column.converted_type()) {
        (Some(LogicalType::Timestamp(time)), _) => Some(match time.unit {
            TimeUnit::MILLIS => 1_000_000,
            TimeUnit::MICROS => 1_000,
            TimeUnit::NANOS => 1,
        }),
        (_, ConvertedType::TIMESTAMP_MILLIS) => Some(1_000_000),
        (_, ConvertedType::TIMESTAMP_MICROS) => Some(1_000),
        _ => None,
    }
}

/// A column and the rows of it that were read last.
pub(super) enum Reader {
    Int32(Chunk<Int32Type>),
    Int64(Chunk<Int64Type>),
    Float(Chunk<FloatType>),
    Double(Chunk<DoubleType>),
    Text(Chunk<ByteArrayType>),
}

/// Values with the place of each row among them.
pub(super) struct Chunk<T: DataType> {
    reader: ColumnReaderImpl<T>,
    optional: bool,
    levels: Vec<i16>,
    values: Vec<T::T>,
    /// Index of the value of each row; beyond the end where there is none.
    places: Vec<usize>,
}

impl<T: DataType> Chunk<T> {
    fn new(reader: ColumnReaderImpl<T>, optional: bool) -> Self {
        Self { reader, optional, levels: Vec::new(), values: Vec::new(), places: Vec::new() }
    }

    fn next(&mut self, rows: usize) -> Result<usize> {
        self.levels.clear();
        self.values.clear();
        self.places.clear();
        let levels = self.optional.then_some(&mut self.levels);
        let (found, ..) = self.reader.read_records(rows, levels, None, &mut self.values)?;
        if self.optional {
            let mut next = 0;
            self.places.extend(self.levels.iter().map(|level| {
                let place = if *level > 0 { next } else { usize::MAX };
                next += usize::from(*level > 0);
                place
            }));
        } else {
            self.places.extend(0..found);
        }
        Ok(found)
    }

    fn get(&self, row: usize) -> Option<&T::T> {
        self.values.get(*self.places.get(row)?)
    }
}

impl Reader {
    /// The column with an index, which must be flat.
    pub(super) fn open(group: &dyn RowGroupReader, index: usize) -> Result<Self> {
        let column = group.metadata().column(index).column_descr_ptr();
        if column.max_rep_level() > 0 || column.max_def_level() > 1 {
            return Err(ParquetError::General("it is nested".to_owned()));
        }
        let optional = column.max_def_level() > 0;
        Ok(match group.get_column_reader(index)? {
            ColumnReader::Int32ColumnReader(reader) => Self::Int32(Chunk::new(reader, optional)),
            ColumnReader::Int64ColumnReader(reader) => Self::Int64(Chunk::new(reader, optional)),
            ColumnReader::FloatColumnReader(reader) => Self::Float(Chunk::new(reader, optional)),
            ColumnReader::DoubleColumnReader(reader) => Self::Double(Chunk::new(reader, optional)),
            ColumnReader::ByteArrayColumnReader(reader) => Self::Text(Chunk::new(reader, optional)),
            _ => return Err(ParquetError::General("neither numbers nor texts".to_owned())),
        })
    }

    /// Reads the next rows and returns how many there were.
    pub(super) fn next(&mut self, rows: usize) -> Result<usize> {
        match self {
            Self::Int32(chunk) => chunk.next(rows),
            Self::Int64(chunk) => chunk.next(rows),
            Self::Float(chunk) => chunk.next(rows),
            Self::Double(chunk) => chunk.next(rows),
            Self::Text(chunk) => chunk.next(rows),
        }
    }

    /// A number as it is.
    #[expect(clippy::cast_precision_loss, reason = "prices in whole points")]
    pub(super) fn float(&self, row: usize) -> Option<f64> {
        match self {
            Self::Int32(chunk) => chunk.get(row).map(|value| f64::from(*value)),
            Self::Int64(chunk) => chunk.get(row).map(|value| *value as f64),
            Self::Float(chunk) => chunk.get(row).map(|value| f64::from(*value)),
            Self::Double(chunk) => chunk.get(row).copied(),
            Self::Text(_) => None,
        }
    }

    /// A whole number, or a float that is one.
    pub(super) fn integer(&self, row: usize) -> Option<i64> {
        match self {
            // Unsigned numbers are stored by their bits; what is missed is beyond all bounds anyway.
            Self::Int32(chunk) => chunk.get(row).map(|value| i64::from(value.cast_unsigned())),
            Self::Int64(chunk) => chunk.get(row).copied(),
            _ => {
                let value = self.float(row).filter(|value| value.fract() == 0.0 && value.abs() < 9e15)?;
                #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
                Some(value as i64)
            }
        }
    }

    /// A text.
    pub(super) fn text(&self, row: usize) -> Option<&[u8]> {
        match self {
            Self::Text(chunk) => chunk.get(row).map(::parquet::data_type::ByteArray::data),
            _ => None,
        }
    }
}
