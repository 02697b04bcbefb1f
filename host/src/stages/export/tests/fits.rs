//! FITS files: read byte by byte against the standard, and by the library's own reader.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, TimestampNanosecondArray};
use fits_well::FitsReader;
use fits_well::table::ColumnData;
use plugin_api::{ExportContent, FitsColumn, FitsRows, FitsTable, FitsValues};
use proptest::prelude::{ProptestConfig, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use serde_json::{Value as Json, json};

use super::{exported, floats, layout, table, texts, try_export};
use crate::dataset::Dataset;
use crate::dataset::samples::dataset;
use crate::error::{Error, Kind};

const BLOCK: usize = 2880;
const CARD: usize = 80;

fn constant(value: Json) -> FitsValues {
    FitsValues::Constant { value }
}

fn values(values: &[Json]) -> FitsValues {
    FitsValues::Values { values: values.to_vec() }
}

fn column(name: &str) -> FitsValues {
    FitsValues::Column { column: name.to_owned() }
}

fn rows_of(table: &str, rows: Option<Vec<u64>>) -> FitsRows {
    FitsRows { table: table.to_owned(), rows }
}

fn one_table(columns: Vec<(&str, FitsValues)>) -> FitsTable {
    let columns = columns.into_iter().map(|(name, values)| FitsColumn::new(name, values)).collect();
    FitsTable {
        name: "points".to_owned(),
        rows_of: Some(rows_of("data", None)),
        columns,
        ..FitsTable::default()
    }
}

fn fits(tables: Vec<FitsTable>) -> ExportContent {
    ExportContent::Fits { header: BTreeMap::from([("LAYOUT".to_owned(), json!(2))]), tables }
}

fn written(table: FitsTable) -> Vec<u8> {
    exported(&layout(vec![(".fits", fits(vec![table]))]), "fit").bytes("set.fits")
}

fn refused_in(base: Dataset, table: FitsTable) -> Error {
    let one = Dataset { exports: layout(vec![(".fits", fits(vec![table]))]).exports, ..base };
    try_export(&one, "fit").err().unwrap()
}

fn refused(table: FitsTable) -> Error {
    refused_in(dataset(), table)
}

/// Cards of each header, without the padding, and the bytes after the last header.
fn parts(bytes: &[u8], headers: usize) -> (Vec<Vec<String>>, &[u8]) {
    assert_eq!(bytes.len() % BLOCK, 0);
    let mut rest = bytes;
    let mut found = Vec::new();
    for _ in 0..headers {
        let cards: Vec<String> =
            rest.chunks(CARD).map(|card| String::from_utf8_lossy(card).into_owned()).collect();
        let end = cards.iter().position(|card| card.trim_end() == "END").unwrap();
        let length = ((end + 1) * CARD).div_ceil(BLOCK) * BLOCK;
        assert!(rest[..length].iter().all(|byte| (0x20..0x7f).contains(byte)), "4.1: printable ASCII alone");
        assert!(cards[end + 1..length / CARD].iter().all(|card| card.trim().is_empty()));
        found.push(cards[..end].to_vec());
        rest = &rest[length..];
    }
    (found, rest)
}

#[test]
fn the_file_is_laid_out_as_the_standard_says() {
    let mut one = one_table(vec![
        ("observable", column("observable")),
        ("number", FitsValues::RowNumbers),
        ("id", column("row_id")),
        ("flag", constant(json!(true))),
        ("text", values(&[json!("{name}"), json!("it's")])),
    ]);
    one.rows_of = Some(rows_of("data", Some(vec![2, 0])));
    one.header.insert("AUTHOR".to_owned(), json!("O'Neill of {name}"));
    let bytes = written(one);
    let (headers, data) = parts(&bytes, 2);
    let starts = |header: &[String], cards: &[&str]| {
        for (found, card) in header.iter().zip(cards) {
            assert!(found.starts_with(card), "{found:?} is not {card:?}");
        }
    };
    // Table 7: the mandatory keywords of a primary header. Section 7.3.1: those of a binary table, in this order.
    starts(
        &headers[0],
        &[
            "SIMPLE  =                    T",
            "BITPIX  =                    8",
            "NAXIS   =                    0",
            "EXTEND  =                    T",
            "LAYOUT  =                    2",
        ],
    );
    starts(
        &headers[1],
        &[
            "XTENSION= 'BINTABLE'",
            "BITPIX  =                    8",
            "NAXIS   =                    2",
            "NAXIS1  =                   22",
            "NAXIS2  =                    2",
            "PCOUNT  =                    0",
            "GCOUNT  =                    1",
            "TFIELDS =                    5",
            "TFORM1  = '1D      '",
        ],
    );
    let header = headers[1].concat();
    for card in
        ["TTYPE1  = 'observable'", "TFORM2  = '1K      '", "TFORM3  = '1A      '", "TFORM4  = '1L      '"]
    {
        assert!(header.contains(card), "{card}");
    }
    assert!(header.contains("EXTNAME = 'points  '"));
    assert!(header.contains("AUTHOR  = 'O''Neill of set'"), "4.2.1: a quote is doubled");
    let mut row = (1.0_f64 / 3.0).to_be_bytes().to_vec();
    row.extend(2_i64.to_be_bytes());
    row.extend(b"cTset ");
    let mut other = 13.0_f64.to_be_bytes().to_vec();
    other.extend(0_i64.to_be_bytes());
    other.extend(b"aTit's");
    assert_eq!(data[..44], [row, other].concat());
    assert!(data[44..].iter().all(|byte| *byte == 0), "7.3.3: padded with zeros");
    assert_eq!(data.len(), BLOCK);
}

#[test]
fn long_texts_of_a_header_are_continued() {
    let long = "it's a long way ".repeat(20).trim_end().to_owned();
    let mut one = one_table(vec![("x", constant(json!(1.5)))]);
    one.header.insert("REMARK".to_owned(), json!(long));
    let bytes = written(one);
    assert!(parts(&bytes, 2).0[1].concat().contains("CONTINUE"), "4.2.1.2");
    let reader = FitsReader::from_bytes(bytes.as_slice()).unwrap();
    assert_eq!(reader.hdu(1).unwrap().header.get_text("REMARK").unwrap(), Some(long.as_str()));
}

#[test]
fn what_is_known_of_the_dataset_becomes_columns() {
    let mut one = layout(vec![(".fits", fits(vec![FitsTable { metadata: true, ..one_table(vec![]) }]))]);
    one.metadata.insert("who".to_owned(), json!({"names": ["Gómez", "B"], "of": [{"a": 1}, {"a": null}]}));
    let bytes = exported(&one, "fit").bytes("set.fits");
    let mut reader = FitsReader::from_bytes(bytes.as_slice()).unwrap();
    let found = reader.read_table(1).unwrap();
    let text = |name: &str| {
        let mut data = ColumnData::U8(Vec::new());
        found.column(name).unwrap().raw_into(&mut data).unwrap();
        let ColumnData::Character(bytes) = data else { panic!("{name} is no text") };
        String::from_utf8(bytes).unwrap()
    };
    assert_eq!(text("name"), "set");
    assert_eq!(text("convention"), "as printed");
    assert_eq!(text("who_names"), "G\\u00f3mez; B");
    assert_eq!(text("version").len(), 64);
    assert!(found.column("who_of_1_a").is_ok() && found.column("who_of_2_a").is_err());
}

#[test]
fn every_type_of_a_column_has_its_form() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
        ("count", Arc::new(Int64Array::from(vec![i64::MIN, 0, i64::MAX]))),
        ("time", Arc::new(TimestampNanosecondArray::from(vec![0, 1, 2]).with_timezone("UTC"))),
    ];
    let mut one = layout(vec![(
        ".fits",
        fits(vec![one_table(["flag", "count", "time"].map(|name| (name, column(name))).to_vec())]),
    )]);
    one.tables = vec![table("data", columns)];
    let bytes = exported(&one, "fit").bytes("set.fits");
    let (headers, data) = parts(&bytes, 2);
    assert!(headers[1].concat().contains("TFORM3  = '30A     '"));
    assert_eq!(data[..9], [b"T".as_slice(), &i64::MIN.to_be_bytes()].concat());
    assert_eq!(&data[9..39], b"1970-01-01T00:00:00.000000000Z");
}

#[test]
fn a_table_may_be_empty_and_a_float_may_be_nan() {
    let mut one =
        layout(vec![(".fits", fits(vec![one_table(vec![("z", column("z")), ("id", column("id"))])]))]);
    one.tables = vec![table("data", vec![("z", floats(&[])), ("id", texts(&[]))])];
    let bytes = exported(&one, "fit").bytes("set.fits");
    assert_eq!((parts(&bytes, 2).1.len(), bytes.len() / BLOCK), (0, 2));

    one.tables =
        vec![table("data", vec![("z", floats(&[f64::NAN, f64::INFINITY])), ("id", texts(&["", "a"]))])];
    let bytes = exported(&one, "fit").bytes("set.fits");
    let data = parts(&bytes, 2).1;
    assert_eq!(data[..9], [f64::NAN.to_be_bytes().as_slice(), b" "].concat());
    assert_eq!(data[9..18], [f64::INFINITY.to_be_bytes().as_slice(), b"a"].concat());
}

#[test]
fn a_matrix_is_a_column_of_rows() {
    let bytes = written(one_table(vec![("row", FitsValues::MatrixRows { matrix: "covariance".to_owned() })]));
    let (headers, data) = parts(&bytes, 2);
    assert!(headers[1].concat().contains("TFORM1  = '3D      '"));
    let expected = [0.25, 0.05, 0.1, 0.05, 0.0625, -0.1, 0.1, -0.1, 4.0_f64];
    assert_eq!(data[..72], expected.map(f64::to_be_bytes).concat());
}

#[test]
fn values_of_the_dataset_that_fits_cannot_hold_are_refused_with_their_place() {
    let refuse = |array: ArrayRef| {
        let base = Dataset { tables: vec![table("data", vec![("x", array)])], ..dataset() };
        let error = refused_in(base, one_table(vec![("x", column("x"))]));
        assert_eq!(error.kind, Kind::CheckFailed);
        error.to_string()
    };
    let place = "table `data`, row 2, column `x`: ";
    let null: ArrayRef = Arc::new(Float64Array::from(vec![Some(1.0), None]));
    for (array, message) in [
        (texts(&["a", "é"]), "printable ASCII"),
        (texts(&["a", "b\n"]), "printable ASCII"),
        (texts(&["a", "b "]), "ends in a blank"),
        (null, "it is null"),
    ] {
        let text = refuse(array);
        assert!(text.contains(place) && text.contains(message), "{text}");
    }
}

#[test]
fn layouts_that_no_file_can_follow_blame_the_module() {
    let many = |count: usize| {
        let columns =
            (0..count).map(|index| FitsColumn::new(format!("c{index}"), constant(json!(1)))).collect();
        FitsTable { columns, ..one_table(vec![]) }
    };
    // Section 7.3.1: TFIELDS is at most 999.
    let _ = written(many(999));
    let rows = |table: &str, rows: Vec<u64>| FitsTable {
        rows_of: Some(rows_of(table, Some(rows))),
        ..one_table(vec![("x", column("observable"))])
    };
    let header = |keyword: &str, value: Json| {
        let header = BTreeMap::from([(keyword.to_owned(), value)]);
        FitsTable { header, ..one_table(vec![("x", constant(json!(1)))]) }
    };
    for (table, message) in [
        (many(1000), "TFIELDS"),
        (rows("data", vec![0, 3]), "row 3 of 3"),
        (rows("none", vec![]), "`none`"),
        (FitsTable { rows_of: None, ..rows("data", vec![]) }, "whose rows"),
        (one_table(vec![("x", column("nowhere"))]), "`nowhere`"),
        (one_table(vec![("x", FitsValues::MatrixRows { matrix: "nowhere".to_owned() })]), "`nowhere`"),
        (one_table(vec![("x", values(&[json!(1)])), ("y", values(&[]))]), "does not fit"),
        (one_table(vec![("x", constant(json!(1))), ("X", constant(json!(1)))]), "`X`"),
        (one_table(vec![("a'b", constant(json!(1)))]), "`a\\'b`"),
        (one_table(vec![("", constant(json!(1)))]), "not plain"),
        (one_table(vec![("x", constant(json!("é")))]), "FITS cannot hold"),
        (one_table(vec![("x", constant(json!([1])))]), "neither text"),
        (one_table(vec![("x", values(&[json!(1), json!("a")]))]), "neither text"),
        (one_table(vec![("x", constant(json!(u64::MAX)))]), "neither text"),
        (FitsTable { name: "é".to_owned(), ..one_table(vec![]) }, "does not fit"),
        (header("NAXIS2", json!(7)), "`NAXIS2`"),
        (header("TFORM1", json!("9D")), "`TFORM1`"),
        (header("END", json!(1)), "`END`"),
        (header("lower", json!(1)), "`lower`"),
        (header("NINELONGS", json!(1)), "`NINELONGS`"),
        (header("X", json!("\n")), "does not fit"),
        (header("X", json!(null)), "neither text"),
    ] {
        let shown = format!("{table:?}");
        let error = refused(table);
        assert_eq!(error.kind, Kind::PluginCrashed, "{shown}: {error}");
        assert!(error.to_string().contains(message), "{message}: {error}");
    }
}

#[test]
fn a_text_cannot_fill_the_memory() {
    let long = "a".repeat(1 << 20);
    let rows = vec![0; 1 << 11];
    let columns = vec![("x", column("observable")), ("y", constant(json!(long)))];
    let error = refused(FitsTable { rows_of: Some(rows_of("data", Some(rows))), ..one_table(columns) });
    assert_eq!(error.kind, Kind::Limit);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn numbers_keep_their_bits_and_texts_their_letters(
        rows in prop::collection::vec((any::<u64>(), "[ -~]{0,90}[!-~]|"), 0..40),
        remark in "[ -~]{0,200}[!-~]",
    ) {
        let bits: Vec<f64> = rows.iter().map(|(bits, _)| f64::from_bits(*bits)).collect();
        let ids: Vec<&str> = rows.iter().map(|(_, id)| id.as_str()).collect();
        let mut points = one_table(vec![("x", column("x")), ("id", column("id"))]);
        points.header.insert("REMARK".to_owned(), json!(remark));
        let mut one = layout(vec![(".fits", fits(vec![points]))]);
        one.tables = vec![table("data", vec![("x", floats(&bits)), ("id", texts(&ids))])];
        let bytes = exported(&one, "fit").bytes("set.fits");
        prop_assert_eq!(&bytes, &exported(&one, "fit").bytes("set.fits"));
        parts(&bytes, 2);

        let mut reader = FitsReader::from_bytes(bytes.as_slice()).unwrap();
        prop_assert_eq!(reader.hdu(1).unwrap().header.get_text("REMARK").unwrap(), Some(remark.as_str()));
        let found = reader.read_table(1).unwrap();
        let mut data = ColumnData::U8(Vec::new());
        found.column("x").unwrap().raw_into(&mut data).unwrap();
        let ColumnData::F64(read) = &data else { panic!("no floats") };
        prop_assert!(read.iter().map(|value| value.to_bits()).eq(bits.iter().map(|value| value.to_bits())));
        found.column("id").unwrap().raw_into(&mut data).unwrap();
        let ColumnData::Character(read) = &data else { panic!("no texts") };
        let width = ids.iter().map(|id| id.len()).max().unwrap_or(0).max(1);
        let read: Vec<&str> =
            read.chunks(width).map(|text| std::str::from_utf8(text).unwrap().trim_end()).collect();
        prop_assert_eq!(read, ids);
    }
}
