use std::path::Path;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampNanosecondArray,
};
use arrow_buffer::NullBuffer;
use arrow_schema::{DataType, Field, Schema};
use plugin_api::{Finding, Severity};
use proptest::prelude::*;

use super::EncodedFile;
use super::samples::{batches, dataset, floats, header, table, texts};
use super::*;
use crate::error::{Error, Kind};

fn store(encoded: &EncodedDataset) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    for file in &encoded.files {
        crate::durable::publish(&directory.path().join(file.name()), &file.to_bytes()).unwrap();
    }
    directory
}

/// Replaces a stored file, or removes it.
fn tamper(directory: &Path, file: &str, bytes: Option<&[u8]>) {
    match bytes {
        Some(bytes) => crate::durable::publish(&directory.join(file), bytes).unwrap(),
        None => fs_err::remove_file(directory.join(file)).unwrap(),
    }
}

fn refusal(directory: &Path) -> Error {
    let error = decode(directory, None, 10_000).unwrap_err();
    assert_eq!(error.kind, Kind::Corrupt, "{error}");
    error
}

/// One table with every kind of column, with and without nulls, and awkward values.
fn every_kind() -> Table {
    let zone = "UTC";
    let columns: Vec<(&str, ArrayRef)> = vec![
        (
            "float64",
            Arc::new(Float64Array::from(vec![Some(-0.0), None, Some(f64::from_bits(0x7ff8_0000_dead_beef))])),
        ),
        ("float32", Arc::new(Float32Array::from(vec![Some(0.1), None, Some(f32::INFINITY)]))),
        ("int64", Arc::new(Int64Array::from(vec![Some(i64::MIN), None, Some(i64::MAX)]))),
        ("int32", Arc::new(Int32Array::from(vec![Some(i32::MIN), None, Some(0)]))),
        ("boolean", Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)]))),
        ("utf8", Arc::new(StringArray::from(vec![Some(""), None, Some("é \"quoted\", 日本")]))),
        (
            "time",
            Arc::new(
                TimestampNanosecondArray::from(vec![Some(-1), None, Some(1_700_000_000_123_456_789)])
                    .with_timezone(zone),
            ),
        ),
    ];
    table("data", columns)
}

#[test]
fn what_is_written_reads_back() {
    let mut original = dataset();
    original
        .findings
        .push(Finding::new(Severity::Note, "things.note", "row 1", "a remark").measured(1.5, 2.0));
    let encoded = encode(&original, header()).unwrap();
    let names: Vec<_> = encoded.files.iter().map(EncodedFile::name).collect();
    assert_eq!(names, ["data.parquet", "covariance.npy", "dataset.json"]);
    let directory = store(&encoded);
    let (document, decoded) = decode(directory.path(), Some(&encoded.version), 10_000).unwrap();
    assert_eq!(document, encoded.document);
    assert_eq!(decoded, original);
    assert_eq!(document.matrices[0].rows_of.as_deref(), Some("data"));
}

#[test]
fn every_kind_of_column_keeps_its_bits() {
    let mut original = dataset();
    original.tables = vec![every_kind()];
    let encoded = encode(&original, header()).unwrap();
    let (_, decoded) = decode(store(&encoded).path(), None, 3).unwrap();
    assert_eq!(decoded.tables[0].schema, original.tables[0].schema);
    for name in ["float64", "float32", "int64", "int32", "boolean", "utf8", "time"] {
        let bits = |dataset: &Dataset| -> Vec<_> {
            let cells = dataset.tables[0].column(name).unwrap();
            cells
                .cells()
                .map(|cell| match cell {
                    Cell::Float64(value) => format!("{:x}", value.to_bits()),
                    Cell::Float32(value) => format!("{:x}", value.to_bits()),
                    other => other.to_string(),
                })
                .collect()
        };
        assert_eq!(bits(&decoded), bits(&original), "{name}");
    }
    let times = decoded.tables[0].column("time").unwrap();
    assert_eq!(times.cell(2).unwrap().to_string(), "2023-11-14T22:13:20.123456789Z");
    assert_eq!(times.cell(3), None);
    assert_eq!(times.nulls(), 1);
}

#[test]
fn batch_borders_do_not_reach_the_bytes() {
    let whole = every_kind();
    let mut pieces = whole.clone();
    let mut rows: Vec<_> = (0..3).map(|row| batches(&whole)[0].slice(row, 1)).collect();
    rows.insert(1, batches(&whole)[0].slice(0, 0));
    pieces.content = Rows::Held(rows);
    let (mut one, mut other) = (dataset(), dataset());
    (one.tables, other.tables) = (vec![whole], vec![pieces]);
    assert_eq!(encode(&one, header()).unwrap(), encode(&other, header()).unwrap());
}

#[test]
fn empty_tables_and_matrices_are_stored() {
    let mut original = dataset();
    original.tables = vec![table("data", vec![("row_id", texts(&[])), ("value", floats(&[]))])];
    original.tables[0].content = Rows::Held(Vec::new());
    original.matrices = vec![SquareMatrix { name: "covariance".into(), size: 0, values: vec![].into() }];
    let encoded = encode(&original, header()).unwrap();
    let (document, decoded) = decode(store(&encoded).path(), None, 3).unwrap();
    assert_eq!(document.tables[0].rows, 0);
    assert_eq!(decoded.tables[0].rows(), 0);
    assert_eq!(decoded.tables[0].schema, original.tables[0].schema);
    assert_eq!(decoded.matrices, original.matrices);
}

#[test]
fn the_document_is_pretty_sorted_and_says_its_schema() {
    let encoded = encode(&dataset(), header()).unwrap();
    let text = String::from_utf8(encoded.files.last().unwrap().to_bytes()).unwrap();
    assert!(text.starts_with("{\n  \"schema\": \"host.dataset/1\",\n  \"title\""), "{text}");
    assert!(text.ends_with("}\n"));
    assert_eq!(encoded.version, crate::digest::Digest::of(text.as_bytes()));
}

#[test]
fn numbers_of_findings_that_json_cannot_hold_stay_out() {
    let mut original = dataset();
    original.findings.push(Finding::new(Severity::Note, "a.b", "here", "NaN found").measured(f64::NAN, 1.0));
    let encoded = encode(&original, header()).unwrap();
    let (document, _) = decode(store(&encoded).path(), None, 3).unwrap();
    assert_eq!(document, encoded.document);
    assert_eq!(document.findings[0].measured, None);
}

#[test]
fn what_cannot_be_stored_is_refused() {
    let refuse = |change: fn(&mut Dataset)| {
        let mut dataset = dataset();
        change(&mut dataset);
        let error = encode(&dataset, header()).unwrap_err();
        assert_eq!(error.kind, Kind::PluginCrashed);
        error.to_string()
    };
    for name in ["", "../data", "a/b", ".hidden", "a b", "-x", "a..b"] {
        let mut dataset = dataset();
        dataset.tables[0].name = name.to_owned();
        assert_eq!(encode(&dataset, header()).unwrap_err().kind, Kind::PluginCrashed, "{name}");
    }
    let twice = refuse(|dataset| {
        let mut again = dataset.tables[0].clone();
        again.name = "DATA".to_owned();
        dataset.tables.push(again);
    });
    assert!(twice.contains("table `DATA` occurs twice"), "{twice}");
    let short = refuse(|dataset| dataset.matrices[0].values = vec![1.0].into());
    assert!(short.contains("3 rows and columns and has 1 elements"), "{short}");
    let huge = refuse(|dataset| dataset.matrices[0].size = usize::MAX);
    assert!(huge.contains("has 9 elements"), "{huge}");
    let bare =
        refuse(|dataset| dataset.tables[0] = table("data", vec![("x", floats(&[])), ("x", floats(&[]))]));
    assert!(bare.contains("column `x` occurs twice"), "{bare}");
    let mut none = dataset();
    none.tables[0].schema = Arc::new(arrow_schema::Schema::empty());
    none.tables[0].content = Rows::Held(vec![RecordBatch::new_empty(Arc::clone(&none.tables[0].schema))]);
    assert!(encode(&none, header()).unwrap_err().to_string().contains("no column"));
}

#[test]
fn damage_names_the_file_and_what_differs() {
    let encoded = encode(&dataset(), header()).unwrap();
    let parquet = encoded.files[0].to_bytes();
    let mut flipped = parquet.clone();
    flipped[40] ^= 1;
    let cases: [(&str, Option<&[u8]>, &str); 5] = [
        ("data.parquet", Some(&parquet[1..]), "bytes, the document says"),
        ("data.parquet", Some(&flipped), "its sha256 is"),
        ("covariance.npy", None, "it is missing"),
        ("dataset.json", None, "it is missing"),
        ("dataset.json", Some(b"{"), "EOF"),
    ];
    for (file, bytes, expected) in cases {
        let directory = store(&encoded);
        tamper(directory.path(), file, bytes);
        let error = refusal(directory.path()).to_string();
        assert!(error.contains(file) && error.contains(expected), "{error}");
    }
}

/// The document is edited to match: sizes and digests are right, what they claim is not.
#[test]
fn a_consistent_lie_is_still_noticed() {
    let encoded = encode(&dataset(), header()).unwrap();
    let text = String::from_utf8(encoded.files[2].to_bytes()).unwrap();
    let cases = [
        ("\"rows\": 3", "\"rows\": 4", "data.parquet", "3 rows, the document says 4"),
        ("\"size\": 3", "\"size\": 2", "covariance.npy", "its shape is [3, 3]"),
        ("\"file\": \"data.parquet\"", "\"file\": \"../data.parquet\"", "dataset.json", "`../data.parquet`"),
        ("host.dataset/1", "host.dataset/2", "dataset.json", "host.dataset/2"),
    ];
    for (from, to, file, expected) in cases {
        let directory = store(&encoded);
        let lie = text.replacen(from, to, 1);
        assert_ne!(lie, text);
        tamper(directory.path(), "dataset.json", Some(lie.as_bytes()));
        let error = refusal(directory.path()).to_string();
        assert!(error.contains(file) && error.contains(expected), "{error}");
    }
    let mut document = encoded.document.clone();
    let garbage = b"PAR1 this is no Parquet file PAR1";
    document.tables[0].bytes = garbage.len() as u64;
    document.tables[0].sha256 = crate::digest::Digest::of(garbage);
    let directory = store(&encoded);
    tamper(directory.path(), "data.parquet", Some(garbage));
    tamper(directory.path(), "dataset.json", Some(&serde_json::to_vec(&document).unwrap()));
    assert!(refusal(directory.path()).to_string().contains("data.parquet"));
}

/// A whole dataset swapped for another is consistent in itself; only its version tells.
#[test]
fn another_version_is_not_taken_for_the_one_registered() {
    let encoded = encode(&dataset(), header()).unwrap();
    let other = crate::digest::Digest::of(b"another");
    let directory = store(&encoded);
    assert_eq!(read_document(directory.path(), Some(&encoded.version)).unwrap(), encoded.document);
    for error in [
        decode(directory.path(), Some(&other), 10_000).unwrap_err(),
        read_document(directory.path(), Some(&other)).unwrap_err(),
    ] {
        assert_eq!(error.kind, Kind::Corrupt);
        assert!(error.to_string().contains("dataset.json"), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_in_place_of_a_file_is_refused() {
    let encoded = encode(&dataset(), header()).unwrap();
    let directory = store(&encoded);
    let file = directory.path().join("data.parquet");
    crate::durable::rename(&file, &directory.path().join("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", &file).unwrap();
    assert!(refusal(directory.path()).to_string().contains("not a regular file"));
}

#[test]
fn npy_headers_are_aligned_and_read_back() {
    for shape in [vec![], vec![3], vec![2, 3]] {
        let count = shape.iter().product();
        let bytes = npy::floats(&shape, &vec![1.5; count].into());
        let array = npy::read(&bytes).unwrap();
        assert_eq!((array.descriptor, &array.shape), ("<f8", &shape));
        assert_eq!((bytes.len() - array.data.len()) % 64, 0);
        assert_eq!(array.data.len(), 8 * count);
    }
    let bytes = npy::texts(&[3], ["a", "", "日本"].into_iter()).unwrap();
    let array = npy::read(&bytes).unwrap();
    assert_eq!((array.descriptor, array.shape, array.data.len()), ("<U2", vec![3], 24));
    assert_eq!(npy::read(&npy::texts(&[1], std::iter::once("")).unwrap()).unwrap().descriptor, "<U1");
}

#[test]
fn npy_matrices_must_fit() {
    let good = npy::floats(&[2, 2], &vec![1.0, 2.0, 3.0, f64::NAN].into());
    assert_eq!(npy::read_square(&good, 2).unwrap()[2].to_bits(), 3.0_f64.to_bits());
    for (bytes, size) in [
        (&good[..], 3),
        (&good[..good.len() - 1], 2),
        (&good[..20], 2),
        (b"", 0),
        (&npy::floats(&[4], &vec![0.0; 4].into()), 2),
        (&npy::array("<f4", &[2, 2], &[0; 16]), 2),
        (&npy::floats(&[usize::MAX, usize::MAX], &Vec::new().into()), u64::MAX),
    ] {
        assert!(npy::read_square(bytes, size).is_err());
    }
}

/// More rows than a row group, cut in two ways.
#[test]
fn the_bytes_of_a_large_table_do_not_depend_on_its_batches() {
    let rows = parquet_file::ROWS_PER_GROUP + 12_345;
    let values: Vec<f64> = (0..u32::try_from(rows).unwrap()).map(|row| f64::from(row).sqrt()).collect();
    let column: ArrayRef = Arc::new(Float64Array::from(values.clone()));
    let whole = table("t", vec![("x", column)]);
    let mut cut = whole.clone();
    let mut pieces = Vec::new();
    for (start, end) in [(0, 1), (1, 1), (1, 70_000), (70_000, rows - 3), (rows - 3, rows)] {
        pieces.push(batches(&whole)[0].slice(start, end - start));
    }
    cut.content = Rows::Held(pieces);
    let write = |table| parquet_file::write(table, parquet_file::ROWS_PER_GROUP).unwrap();
    let bytes = write(&whole);
    assert!(bytes == write(&cut));
    let read = parquet_file::read("t", bytes, rows as u64, 10_000).unwrap();
    let found: Vec<f64> = read.column("x").unwrap().cells().filter_map(|cell| cell.number()).collect();
    assert_eq!(found, values);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn reading_npy_never_panics(bytes: Vec<u8>, size in 0_u64..5, keep in 0_usize..200) {
        let _ = npy::read_square(&bytes, size);
        let mut near = npy::floats(&[2, 2], &vec![0.0; 4].into());
        near.truncate(keep);
        for (place, byte) in bytes.iter().enumerate() {
            if let Some(target) = near.get_mut(8 + place * 3) {
                *target = *byte;
            }
        }
        let _ = npy::read_square(&near, size);
    }

    #[test]
    fn reading_parquet_never_panics(place in 0_usize..2000, byte: u8, keep in 0_usize..4000) {
        let mut bytes = parquet_file::write(&every_kind(), 2).unwrap();
        let place = place % bytes.len();
        bytes[place] = byte;
        bytes.truncate(keep.max(bytes.len() / 2));
        let _ = parquet_file::read("data", bytes, 3, 10_000);
    }

    #[test]
    fn the_extent_is_that_of_the_cells(batches: Vec<Vec<Option<f64>>>) {
        let fields = vec![Field::new("x", DataType::Float64, true)];
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let batch = |values: Vec<Option<f64>>| {
            // Under a null stands what would be out of every bound.
            let nulls = values.iter().map(Option::is_some).collect::<NullBuffer>();
            let values = values.into_iter().map(|value| value.unwrap_or(f64::INFINITY)).collect::<Vec<_>>();
            let column: ArrayRef = Arc::new(Float64Array::new(values.into(), Some(nulls)));
            RecordBatch::try_new(Arc::clone(&schema), vec![column]).unwrap()
        };
        let batches = batches.into_iter().map(batch).collect();
        let table = Table::held("t".to_owned(), Arc::clone(&schema), batches);
        let column = table.column("x").unwrap();
        let numbers = || column.cells().filter_map(|cell| cell.number()).filter(|number| !number.is_nan());
        let expected = Extent {
            bounds: (numbers().fold(f64::INFINITY, f64::min), numbers().fold(f64::NEG_INFINITY, f64::max)),
            finite: !column.cells().any(|cell| cell.is_not_finite()),
        };
        prop_assert_eq!(column.extent(), expected);
    }

    #[test]
    fn random_tables_read_back(values: Vec<Option<f64>>, rows_per_group in 0_usize..7) {
        let column: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let bytes = parquet_file::write(&table("t", vec![("x", column)]), rows_per_group).unwrap();
        let read = parquet_file::read("t", bytes, values.len() as u64, 2).unwrap();
        let bits = |value: Option<f64>| value.map(f64::to_bits);
        let found: Vec<_> = read.column("x").unwrap().cells().map(|cell| bits(cell.number())).collect();
        prop_assert_eq!(found, values.into_iter().map(bits).collect::<Vec<_>>());
    }
}
