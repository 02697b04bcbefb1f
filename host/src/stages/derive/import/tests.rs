//! Answers that no worker gave.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, Int8Array, Int64Array, LargeStringArray, NullArray, RecordBatch,
    RecordBatchOptions, StringArray, StringViewArray,
};
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{DataType, Field, Schema};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::dataset::Rows;
use crate::dataset::samples::batches;
use crate::error::{Error, Kind};

fn descriptor() -> Descriptor {
    serde_json::from_value(json!({
        "schema": "host.module/1", "id": "forger", "title": "", "inputs": [], "parameters": [],
        "outputs": { "numbers": { "meaning": "numbers", "tables": [] } },
    }))
    .unwrap()
}

fn stream(batches: &[RecordBatch]) -> Vec<u8> {
    let mut writer = StreamWriter::try_new(Vec::new(), &batches[0].schema()).unwrap();
    for batch in batches {
        writer.write(batch).unwrap();
    }
    writer.into_inner().unwrap()
}

fn column(name: &str, values: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([(name, values)]).unwrap()
}

fn floats(rows: usize) -> RecordBatch {
    column("value", Arc::new(Float64Array::from(vec![0.5; rows])))
}

/// An answer with the given tables, as a worker writes it.
fn answer(tables: &[&[u8]], change: impl FnOnce(&mut Report)) -> Vec<u8> {
    let mut report = Report { output: "numbers".to_owned(), ..Report::default() };
    report.tables = (0..tables.len()).map(|number| format!("t{number}")).collect();
    change(&mut report);
    let report = serde_json::to_vec(&report).unwrap();
    [&length(&report)[..], &report, &tables.concat()].concat()
}

fn length(bytes: &[u8]) -> [u8; 8] {
    (bytes.len() as u64).to_le_bytes()
}

fn import(tables: &[&[u8]]) -> Result<Dataset> {
    import_bytes(&answer(tables, |_| {}))
}

fn import_bytes(mut bytes: &[u8]) -> Result<Dataset> {
    read(&descriptor(), &mut bytes, &mut Spool::none())
}

#[track_caller]
fn assert_refused(result: Result<Dataset>, kind: Kind, cause: &str) {
    let error: Error = result.expect_err("it was taken over");
    assert_eq!(error.kind, kind, "{error:?}");
    assert!(error.message.contains("`forger`") && !error.hints.is_empty(), "{error:?}");
    assert!(error.causes.iter().any(|found| found.contains(cause)), "{error:?}");
}

#[test]
fn what_a_worker_writes_is_read() {
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("ccc")]));
    let batch = column("text", text);
    let sliced = floats(100).slice(7, 50);
    let (first, second) = (stream(&[batch.clone(), batch.slice(1, 2)]), stream(&[sliced.clone(), floats(0)]));
    let dataset = import(&[&first, &second]).unwrap();
    assert_eq!(batches(&dataset.tables[0]), [batch.clone(), batch.slice(1, 2)]);
    assert_eq!(batches(&dataset.tables[1]), [sliced, floats(0)]);
}

#[test]
fn a_large_table_goes_into_a_file_and_is_the_same_table() {
    let parent = tempfile::tempdir().unwrap();
    let mut spool = Spool::new(parent.path().to_owned());
    let parts = [floats(10_000), floats(10_001), floats(7)];
    let bytes = answer(&[&stream(&parts), &stream(&[floats(3)])], |_| {});
    let stored = read(&descriptor(), &mut &*bytes, &mut spool).unwrap();
    let held = import_bytes(&bytes).unwrap();
    assert!(matches!(stored.tables[0].content, Rows::Stored(_)));
    assert_eq!(stored.tables[1], held.tables[1]);
    let [stored, held] = [&stored, &held].map(|dataset| dataset.tables[0].column("value").unwrap());
    assert_eq!((stored.len(), stored.nulls(), stored.extent()), (held.len(), held.nulls(), held.extent()));
    assert!(stored.cells().eq(held.cells()));
    let folder = spool.into_directory().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    drop(folder);
    assert_eq!(std::fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn a_large_table_that_cannot_be_stored_is_no_fault_of_the_module() {
    let mut spool = Spool::new("/nowhere/at/all".into());
    let bytes = answer(&[&stream(&[floats(20_000)])], |_| {});
    let error = read(&descriptor(), &mut &*bytes, &mut spool).unwrap_err();
    assert_eq!(error.kind, Kind::Storage, "{error:?}");
}

#[test]
fn types_that_no_contract_can_promise_are_refused() {
    let arrays: [ArrayRef; 6] = [
        Arc::new(Int8Array::from(vec![1])),
        Arc::new(LargeStringArray::from(vec!["a"])),
        Arc::new(StringViewArray::from(vec!["a text that does not fit into a view of it"])),
        Arc::new(DictionaryArray::<Int32Type>::from_iter(["a", "b"])),
        Arc::new(NullArray::new(1_000_000_000)),
        arrow_array::new_empty_array(&DataType::new_list(DataType::Float64, true)),
    ];
    for array in arrays {
        let said = array.data_type().to_string();
        let found = import(&[&stream(&[column("odd", array)])]);
        assert!(found.is_err(), "{said}");
        assert_refused(found, Kind::PluginCrashed, "column `odd`: of a type that no contract can promise");
    }
}

#[test]
fn rows_without_columns_are_refused() {
    let options = RecordBatchOptions::new().with_row_count(Some(usize::MAX / 4));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::empty()), Vec::new(), &options).unwrap();
    assert_refused(import(&[&stream(&[batch])]), Kind::PluginCrashed, "a table without columns");
    assert_refused(import(&[b""]), Kind::PluginCrashed, "ends early");
}

/// Replaces a number of 64 bits wherever it stands.
fn restated(bytes: &[u8], from: i64, to: i64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let places = (0..bytes.len() - 8).filter(|at| bytes[*at..*at + 8] == from.to_le_bytes());
    let places: Vec<usize> = places.collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + 8].copy_from_slice(&to.to_le_bytes());
    }
    bytes
}

#[test]
fn numbers_that_are_only_stated_cost_nothing() {
    let sound = stream(&[floats(0x123)]);
    for rows in [1_000_000_000, i64::MAX, -1, i64::MIN] {
        assert_refused(import(&[&restated(&sound, 0x123, rows)]), Kind::PluginCrashed, "rows are stated");
    }
    // The length of the one buffer.
    for length in [i64::MAX, -8, 0x200 * 8] {
        let forged = restated(&sound, 0x123 * 8, length);
        assert_refused(import(&[&forged]), Kind::PluginCrashed, "a column lies outside its table");
    }
    // Not many more than there are bytes for.
    assert_refused(import(&[&restated(&sound, 0x123, 0x200)]), Kind::PluginCrashed, "");
}

#[test]
fn columns_that_share_their_bytes_are_refused() {
    let column: ArrayRef = Arc::new(Int64Array::from(vec![7; 0x123]));
    let sound = RecordBatch::try_from_iter([("a", Arc::clone(&column)), ("b", column)]).unwrap();
    let sound = stream(&[sound]);
    assert!(import(&[&sound]).is_ok());
    // Two columns, each as long as there is room for both.
    let forged = restated(&sound, 0x123 * 8, 0x123 * 16);
    assert_refused(import(&[&forged]), Kind::PluginCrashed, "on top of another");
}

#[test]
fn more_tables_than_any_dataset_has_are_a_limit() {
    let table = stream(&[floats(1)]);
    assert_refused(import(&vec![&*table; 1001]), Kind::Limit, "1001 tables and matrices");
}

#[test]
fn a_matrix_has_the_elements_that_its_size_says() {
    let header = |size| {
        move |report: &mut Report| {
            report.matrices.push(MatrixHeader { name: "m".to_owned(), size });
        }
    };
    let with = |size, elements: &[f64]| {
        let bytes: Vec<u8> = elements.iter().flat_map(|element| element.to_le_bytes()).collect();
        let count = (elements.len() as u64).to_le_bytes();
        import_bytes(&[&*answer(&[], header(size)), &count, &bytes].concat())
    };
    assert_eq!(*with(2, &[1.0, 0.5, 0.5, 2.0]).unwrap().matrices[0].values, [1.0, 0.5, 0.5, 2.0]);
    assert_refused(with(3, &[1.0; 4]), Kind::PluginCrashed, "matrix `m` of size 3 has 4 elements");
    assert_refused(with(usize::MAX, &[]), Kind::PluginCrashed, "has 0 elements");
    let cut = import_bytes(&[&*answer(&[], header(1 << 20)), &(1_u64 << 40).to_le_bytes()].concat());
    assert_refused(cut, Kind::PluginCrashed, "it ends early");
}

#[test]
fn streams_that_go_on_or_end_early_are_refused() {
    let sound = stream(&[floats(3), floats(4)]);
    for length in 0..sound.len() {
        assert!(import(&[&sound[..length]]).is_err(), "{length} of {}", sound.len());
    }
    let behind = [&*sound, b"more"].concat();
    assert_refused(import(&[&behind]), Kind::PluginCrashed, "it goes on after its end");
    let twice = [&sound[..sound.len() - 8], &*sound].concat();
    assert_refused(import(&[&twice]), Kind::PluginCrashed, "holds something else than rows");
}

#[test]
fn names_of_columns_are_plain_and_told_apart() {
    for (name, cause) in [
        ("", "is no name of a column"),
        ("a\u{1b}[2J", "is no name of a column"),
        (&*"x".repeat(300), "is no name of a column"),
    ] {
        let table = stream(&[column(name, Arc::new(Int64Array::from(vec![1])))]);
        assert_refused(import(&[&table]), Kind::PluginCrashed, cause);
    }
    let fields = vec![Field::new("a", DataType::Int64, false); 2];
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let arrays = vec![Arc::clone(&values), values];
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    assert_refused(import(&[&stream(&[batch])]), Kind::PluginCrashed, "`a` is there twice");
}

#[test]
fn more_columns_and_batches_than_any_dataset_has_are_a_limit() {
    let fields: Vec<_> =
        (0..10_001).map(|number| Field::new(format!("c{number}"), DataType::Int64, false)).collect();
    let batch = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
    assert_refused(import(&[&stream(&[batch])]), Kind::Limit, "10001 columns of a table, the limit is 10000");
    // Names that stand for megabytes each.
    let long = |number| Field::new(format!("{number}{}", "x".repeat(50_000)), DataType::Int64, false);
    let fields: Vec<_> = (0..100).map(long).collect();
    let batch = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
    assert_refused(import(&[&stream(&[batch])]), Kind::Limit, "bytes of a table's description");
    let thousand = (0..1000).map(|number| Field::new(format!("c{number}"), DataType::Int64, false));
    let empty = RecordBatch::new_empty(Arc::new(Schema::new(thousand.collect::<Vec<_>>())));
    let many = vec![empty; ARRAYS_LIMIT / 1000 + 1];
    assert_refused(import(&[&stream(&many)]), Kind::Limit, "columns times batches");
}

#[test]
fn reports_that_take_much_more_room_than_bytes_are_a_limit() {
    let import = |report: &str| import_bytes(&[&length(report.as_bytes())[..], report.as_bytes()].concat());
    let with = |metadata: &str| {
        format!(
            r#"{{"output":"numbers","tables":[],"matrices":[],"metadata":{{"a":{metadata}}},"findings":[],"exports":{{}}}}"#
        )
    };
    assert!(import(&with("[1,{\"b\":\"\\\"{{{{\"}]")).is_ok());
    assert_refused(
        import(&with(&format!("[{}0]", "{},".repeat(60_000)))),
        Kind::Limit,
        "objects in its report",
    );
    assert_refused(
        import(&with(&format!("[{}0]", "0,".repeat(2_100_000)))),
        Kind::Limit,
        "values in its report",
    );
    assert_refused(
        import(&with(&format!("\"{}\"", "x".repeat(17 << 20)))),
        Kind::Limit,
        "bytes of its report",
    );
    assert_refused(import(&with(&format!("\"{}\"", "x".repeat(2 << 20)))), Kind::Limit, "bytes of metadata");
    let nested = |levels: usize| with(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    assert!(import(&nested(32)).is_ok());
    assert_refused(import(&nested(33)), Kind::Limit, "33 levels of metadata");
    assert_refused(import(&nested(200)), Kind::PluginCrashed, "recursion limit");
    assert_refused(import(&with("NaN")), Kind::PluginCrashed, "the report is not what it should be");
}

proptest! {
    /// No damage to a sound answer makes the reader panic, and what it takes over fits the bytes.
    #[test]
    fn damaged_streams_are_refused_or_harmless(flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..6)) {
        let text: ArrayRef = Arc::new(StringArray::from(vec![Some("a"), None, Some("ccc")]));
        let batch = RecordBatch::try_from_iter([("text", text), ("value", Arc::new(Float64Array::from(vec![1.0; 3])) as ArrayRef)]);
        let mut bytes = stream(&[batch.unwrap()]);
        for (place, bit) in flips {
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
        }
        if let Ok(dataset) = import(&[&bytes]) {
            prop_assert!(dataset.tables[0].rows() <= 8 * bytes.len());
        }
    }
}

/// An answer without tables whose metadata have `known`, and these remarks behind it.
fn remarked(remarks: &[u8]) -> Result<Dataset> {
    let note = |report: &mut Report| {
        report.remarks = true;
        report.metadata.insert("known".to_owned(), json!(1));
    };
    import_bytes(&[&answer(&[], note)[..], &length(remarks), remarks].concat())
}

#[test]
fn remarks_behind_the_tables_join_the_report() {
    let remarks = json!({
        "metadata": { "later": 2 },
        "findings": [{ "code": "c", "severity": "note", "place": "p", "message": "m" }],
    });
    let dataset = remarked(remarks.to_string().as_bytes()).unwrap();
    assert_eq!(json!(dataset.metadata), json!({ "known": 1, "later": 2 }));
    assert_eq!(dataset.findings.len(), 1);
}

#[test]
fn remarks_are_bounded_as_a_report_is() {
    let many = format!("{{\"findings\":[{}]}}", vec!["{}"; 60_000].join(","));
    let metadata = |value: &str| format!("{{\"metadata\":{{{value}}}}}");
    let deep = metadata(&format!("\"deep\":{}{}", "[".repeat(40), "]".repeat(40)));
    for (remarks, why) in [
        (metadata("\"known\":2"), "`known` twice"),
        (many, "objects"),
        (deep, "levels"),
        ("[".to_owned(), "remarks"),
        (String::new(), "remarks"),
    ] {
        let error = remarked(remarks.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    let error = import_bytes(&answer(&[], |report| report.remarks = true)).unwrap_err();
    assert!(error.to_string().contains("ends early"), "{error}");
}
