//! Tables and reports that no worker writes.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Float64Array, NullArray, RecordBatch, RecordBatchOptions};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::Schema;

/// A number of rows that is easily found again among the bytes.
const ROWS: i64 = 0x0123;

const MANY: usize = 1_000_000_000;

fn stream(batch: &RecordBatch) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batch.schema()).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn one_column(values: ArrayRef) -> Vec<u8> {
    stream(&RecordBatch::try_from_iter([("value", values)]).unwrap())
}

/// What a worker may well write.
pub(super) fn sound() -> Vec<u8> {
    one_column(Arc::new(Float64Array::from(vec![1.0; usize::try_from(ROWS).unwrap()])))
}

/// The same, saying that it has many more rows.
pub(super) fn a_billion_rows() -> Vec<u8> {
    let mut bytes = sound();
    let stated = ROWS.to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 8).filter(|at| bytes[*at..*at + 8] == stated).collect();
    assert!(places.len() >= 2, "the number of rows is not there");
    for place in places {
        bytes[place..place + 8].copy_from_slice(&(MANY as u64).to_le_bytes());
    }
    bytes
}

/// Rows that take no room.
pub(super) fn rows_of_nothing() -> Vec<u8> {
    one_column(Arc::new(NullArray::new(MANY)))
}

/// Rows without anything in them.
pub(super) fn no_columns() -> Vec<u8> {
    let options = RecordBatchOptions::new().with_row_count(Some(MANY));
    let schema = Arc::new(Schema::empty());
    stream(&RecordBatch::try_new_with_options(schema, Vec::new(), &options).unwrap())
}

/// Values that stand for others.
pub(super) fn a_dictionary() -> Vec<u8> {
    one_column(Arc::new(DictionaryArray::<Int32Type>::from_iter(["a", "b", "a"])))
}

/// A table that ends in the middle.
pub(super) fn cut_off() -> Vec<u8> {
    let mut bytes = sound();
    bytes.truncate(bytes.len() * 3 / 4);
    bytes
}

fn report(metadata: &str) -> Vec<u8> {
    format!(
        r#"{{"output":"numbers","tables":[],"matrices":[],"metadata":{{"a":{metadata}}},"findings":[],"exports":{{}}}}"#
    )
    .into_bytes()
}

pub(super) fn not_a_number() -> Vec<u8> {
    report("NaN")
}

pub(super) fn nested_for_ever() -> Vec<u8> {
    report(&"[".repeat(1_000_000))
}

/// Little to write, much to hold.
pub(super) fn a_million_objects() -> Vec<u8> {
    report(&format!("[{}{{}}]", "{\"\":0},".repeat(1_000_000)))
}
