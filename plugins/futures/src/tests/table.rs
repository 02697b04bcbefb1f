//! Parquet files of numbers, for comparison.

use std::collections::BTreeMap;

use bytes::Bytes;
use parquet::column::reader::ColumnReader;
use parquet::file::reader::{FileReader, SerializedFileReader};

/// Every column of numbers as floats, missing values as NaN; texts are left out.
pub(super) fn numbers(file: Vec<u8>) -> BTreeMap<String, Vec<f64>> {
    let reader = SerializedFileReader::new(Bytes::from(file)).unwrap();
    let mut table: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for group in 0..reader.num_row_groups() {
        let group = reader.get_row_group(group).unwrap();
        let rows = usize::try_from(group.metadata().num_rows()).unwrap();
        for index in 0..group.num_columns() {
            let name = group.metadata().column(index).column_path().string();
            let column = match group.get_column_reader(index).unwrap() {
                ColumnReader::Int32ColumnReader(mut reader) => read(
                    rows,
                    |defined, values| {
                        reader.read_records(rows, Some(defined), None, values).unwrap();
                    },
                    |value: &i32| f64::from(*value),
                ),
                #[expect(clippy::cast_precision_loss, reason = "times to the second, or small numbers")]
                ColumnReader::Int64ColumnReader(mut reader) => read(
                    rows,
                    |defined, values| {
                        reader.read_records(rows, Some(defined), None, values).unwrap();
                    },
                    |value: &i64| *value as f64,
                ),
                ColumnReader::FloatColumnReader(mut reader) => read(
                    rows,
                    |defined, values| {
                        reader.read_records(rows, Some(defined), None, values).unwrap();
                    },
                    |value: &f32| f64::from(*value),
                ),
                ColumnReader::DoubleColumnReader(mut reader) => read(
                    rows,
                    |defined, values| {
                        reader.read_records(rows, Some(defined), None, values).unwrap();
                    },
                    |value: &f64| *value,
                ),
                _ => continue,
            };
            table.entry(name).or_default().extend(column);
        }
    }
    table
}

fn read<T>(
    rows: usize,
    read: impl FnOnce(&mut Vec<i16>, &mut Vec<T>),
    number: impl Fn(&T) -> f64,
) -> Vec<f64> {
    let (mut defined, mut values) = (Vec::new(), Vec::new());
    read(&mut defined, &mut values);
    if defined.is_empty() {
        return values.iter().map(number).collect();
    }
    assert_eq!(defined.len(), rows);
    let mut values = values.iter();
    let value = |level: &i16| if *level > 0 { values.next().map_or(f64::NAN, &number) } else { f64::NAN };
    defined.iter().map(value).collect()
}
