mod fits;

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use arrow_array::{ArrayRef, Float32Array, Float64Array, Int64Array, StringArray, TimestampNanosecondArray};
use plugin_api::{ExportContent, ExportFile, ExportFormat, FieldSource};
use serde_json::{Value as Json, json};

use super::{FormatInfo, export, formats};
use crate::dataset::samples::{dataset, floats, header, table, texts};
use crate::dataset::{Cell, Dataset, encode, npy};
use crate::error::{Kind, Result};

struct Exported {
    directory: tempfile::TempDir,
    names: Vec<String>,
}

impl Exported {
    fn text(&self, name: &str) -> String {
        fs_err::read_to_string(self.directory.path().join(name)).unwrap()
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs_err::read(self.directory.path().join(name)).unwrap()
    }
}

fn try_export(dataset: &Dataset, format: &str) -> Result<Exported> {
    let encoded = encode(dataset, header()).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let written = export(&encoded.document, dataset, "set", &encoded.version, format, directory.path())?;
    let names = written.iter().map(|path| {
        assert_eq!(path.parent(), Some(directory.path()));
        path.file_name().unwrap().to_str().unwrap().to_owned()
    });
    Ok(Exported { names: names.collect(), directory })
}

fn exported(dataset: &Dataset, format: &str) -> Exported {
    try_export(dataset, format).unwrap()
}

/// A table with nulls, NaN and every awkward value that its formats must keep apart.
fn awkward() -> Dataset {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("row_id", texts(&["x", "y, \"z\"", "w"])),
        ("wide", Arc::new(Float64Array::from(vec![Some(f64::NAN), None, Some(-0.0)]))),
        ("narrow", Arc::new(Float32Array::from(vec![0.1, f32::NEG_INFINITY, 1e-9]))),
        ("count", Arc::new(Int64Array::from(vec![Some(i64::MAX), None, Some(-1)]))),
        ("time", Arc::new(TimestampNanosecondArray::from(vec![0, 1, 2]).with_timezone("UTC"))),
        ("remark", Arc::new(StringArray::from(vec![None, Some(""), Some("é")]))),
    ];
    Dataset { tables: vec![table("data", columns)], ..dataset() }
}

fn layout(files: Vec<(&str, ExportContent)>) -> Dataset {
    let files = files
        .into_iter()
        .map(|(suffix, content)| ExportFile { suffix: suffix.to_owned(), content })
        .collect();
    let format = ExportFormat { meaning: "what a fit reads".to_owned(), files };
    Dataset { exports: BTreeMap::from([("fit".to_owned(), format)]), ..dataset() }
}

fn columns(columns: &[&str], header: Option<&str>) -> ExportContent {
    let columns = columns.iter().map(|&column| column.to_owned()).collect();
    ExportContent::Columns { table: "data".to_owned(), columns, header: header.map(str::to_owned) }
}

#[test]
fn json_holds_everything_to_the_last_bit() {
    let one = dataset();
    let out = exported(&one, "json");
    assert_eq!(out.names, ["set.json"]);
    let json: Json = serde_json::from_str(&out.text("set.json")).unwrap();
    assert_eq!(json["dataset"]["name"], "set");
    assert_eq!(json["dataset"]["metadata"]["convention"], "as printed");
    assert_eq!(json["tables"]["data"]["place"], json!([0.51, 0.3, 1e-7]));
    assert_eq!(json["tables"]["data"]["row_id"], json!(["a", "b", "c"]));
    let third = json["tables"]["data"]["observable"][2].as_f64().unwrap();
    assert_eq!(third.to_bits(), (1.0_f64 / 3.0).to_bits());
    assert_eq!(json["matrices"]["covariance"][1], json!([0.05, 0.0625, -0.1]));
    assert_eq!(json["not_finite"], json!([]));
}

#[test]
fn json_lists_what_it_cannot_write() {
    let mut one = awkward();
    one.matrices[0].values = vec![0.25, 0.05, 0.1, 0.05, f64::INFINITY, -0.1, 0.1, -0.1, 4.0].into();
    let json: Json = serde_json::from_str(&exported(&one, "json").text("set.json")).unwrap();
    assert_eq!(json["tables"]["data"]["wide"], json!([null, null, -0.0]));
    assert_eq!(json["tables"]["data"]["count"], json!([i64::MAX, null, -1]));
    assert_eq!(json["tables"]["data"]["time"][2], "1970-01-01T00:00:00.000000002Z");
    let expected = json!([
        {"kind": "cell", "table": "data", "column": "wide", "index": 0, "value": "NaN"},
        {"kind": "cell", "table": "data", "column": "narrow", "index": 1, "value": "-inf"},
        {"kind": "element", "matrix": "covariance", "index": [1, 1], "value": "inf"},
    ]);
    assert_eq!(json["not_finite"], expected);
}

#[test]
fn csv_has_headers_row_names_and_every_digit() {
    let out = exported(&dataset(), "csv");
    assert_eq!(out.names, ["set_data.csv", "set_covariance.csv", "set_metadata.json"]);
    let expected = "row_id,kind,place,observable,uncertainty,unit\na,length,0.51,13.0,0.5,1\n\
                    b,weight,0.3,0.30000000000000004,0.25,kg\nc,length,1.0e-7,0.3333333333333333,2.0,m\n";
    assert_eq!(out.text("set_data.csv"), expected);
    let expected = "row_id,a,b,c\na,0.25,0.05,0.1\nb,0.05,0.0625,-0.1\nc,0.1,-0.1,4.0\n";
    assert_eq!(out.text("set_covariance.csv"), expected);
    let metadata: Json = serde_json::from_str(&out.text("set_metadata.json")).unwrap();
    assert_eq!(metadata["citations"][0]["text"], "A. Author, Journal 1");
}

#[test]
fn csv_says_nan_and_quotes_texts() {
    let text = exported(&awkward(), "csv").text("set_data.csv");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[1], "x,NaN,0.1,9223372036854775807,1970-01-01T00:00:00.000000000Z,");
    assert_eq!(lines[2], "\"y, \"\"z\"\"\",,-inf,,1970-01-01T00:00:00.000000001Z,");
    assert_eq!(lines[3], "w,-0.0,1.0e-9,-1,1970-01-01T00:00:00.000000002Z,é");
}

#[test]
fn parquet_gives_the_bytes_that_are_stored() {
    let one = dataset();
    let encoded = encode(&one, header()).unwrap();
    let out = exported(&one, "parquet");
    assert_eq!(out.names, ["set_data.parquet", "set_covariance.npy", "set_metadata.json"]);
    assert_eq!(out.bytes("set_data.parquet"), encoded.files[0].to_bytes());
    assert_eq!(out.bytes("set_covariance.npy"), encoded.files[1].to_bytes());
}

fn arrays(npz: Vec<u8>) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(npz)).unwrap();
    let count = archive.len();
    let read = |index| {
        let mut file = archive.by_index(index).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        (file.name().unwrap().into_owned(), bytes)
    };
    (0..count).map(read).collect()
}

#[test]
fn npz_has_the_names_that_scripts_use() {
    let arrays = arrays(exported(&dataset(), "npz").bytes("set.npz"));
    let names: Vec<_> = arrays.iter().map(|(name, _)| &**name).collect();
    let columns = ["row_id.npy", "kind.npy", "place.npy", "observable.npy", "uncertainty.npy", "unit.npy"];
    assert_eq!(names, [&columns[..], &["covariance.npy", "metadata_json.npy"]].concat());
    let place = npy::read(&arrays[2].1).unwrap();
    assert_eq!((place.descriptor, &place.shape[..]), ("<f8", &[3][..]));
    assert_eq!(place.data[..8], 0.51_f64.to_le_bytes());
    assert_eq!(npy::read_square(&arrays[6].1, 3).unwrap(), dataset().matrices[0].values);
    let metadata = npy::read(&arrays[7].1).unwrap();
    assert!(metadata.shape.is_empty());
    let text: String = metadata
        .data
        .chunks_exact(4)
        .map(|unit| char::from_u32(u32::from_le_bytes(unit.try_into().unwrap())).unwrap())
        .collect();
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(json["title"], "Some measurements");
}

#[test]
fn npz_marks_nulls_and_further_tables() {
    let mut one = awkward();
    one.tables.push(table("grid", vec![("axis", floats(&[1.0, 2.0]))]));
    let arrays: BTreeMap<_, _> = arrays(exported(&one, "npz").bytes("set.npz")).into_iter().collect();
    let valid = npy::read(&arrays["wide__valid.npy"]).unwrap();
    assert_eq!((valid.descriptor, valid.data), ("|b1", &[1, 0, 1][..]));
    assert_eq!(npy::read(&arrays["count.npy"]).unwrap().descriptor, "<i8");
    assert_eq!(npy::read(&arrays["time.npy"]).unwrap().descriptor, "<M8[ns]");
    assert_eq!(npy::read(&arrays["narrow.npy"]).unwrap().data.len(), 12);
    assert!(arrays.contains_key("grid.axis.npy") && !arrays.contains_key("narrow__valid.npy"));
}

#[test]
fn npz_refuses_names_that_collide_or_leave() {
    for name in ["covariance", "metadata_json", "a/b", "", ".."] {
        let one = Dataset { tables: vec![table("data", vec![(name, floats(&[1.0]))])], ..dataset() };
        assert_eq!(try_export(&one, "npz").err().unwrap().kind, Kind::CheckFailed, "{name}");
    }
}

#[test]
fn the_same_dataset_gives_the_same_bytes() {
    for format in ["json", "csv", "parquet", "npz"] {
        let (one, other) = (exported(&awkward(), format), exported(&awkward(), format));
        assert_eq!(one.names, other.names);
        for name in &one.names {
            assert_eq!(one.bytes(name), other.bytes(name), "{name}");
        }
    }
}

#[test]
fn layouts_of_the_module_are_written_as_declared() {
    let fields = BTreeMap::from([
        (
            "observations".to_owned(),
            FieldSource::Column { table: "data".into(), column: "observable".into() },
        ),
        ("covariance".to_owned(), FieldSource::Matrix { matrix: "covariance".into() }),
        ("metadata".to_owned(), FieldSource::Metadata),
    ]);
    let one = layout(vec![
        ("_mean.txt", columns(&["place", "observable", "kind"], Some("# place value kind"))),
        ("_cov.txt", ExportContent::Matrix { matrix: "covariance".into(), leading_size: false }),
        ("_sized.txt", ExportContent::Matrix { matrix: "covariance".into(), leading_size: true }),
        (".yaml", ExportContent::Text { text: "path: {directory}\nfile: {name}_mean.txt {other} {".into() }),
        (".json", ExportContent::Document { fields }),
    ]);
    let out = exported(&one, "fit");
    assert_eq!(out.names, ["set_mean.txt", "set_cov.txt", "set_sized.txt", "set.yaml", "set.json"]);
    let mean = "# place value kind\n0.51 13.0 length\n0.3 0.30000000000000004 weight\n1.0e-7 0.3333333333333333 length\n";
    assert_eq!(out.text("set_mean.txt"), mean);
    assert_eq!(out.text("set_cov.txt"), "0.25 0.05 0.1\n0.05 0.0625 -0.1\n0.1 -0.1 4.0\n");
    assert_eq!(out.text("set_sized.txt"), "3\n0.25\n0.05\n0.1\n0.05\n0.0625\n-0.1\n0.1\n-0.1\n4.0\n");
    let directory = out.directory.path().display();
    assert_eq!(out.text("set.yaml"), format!("path: \"{directory}\"\nfile: set_mean.txt {{other}} {{"));
    let json: Json = serde_json::from_str(&out.text("set.json")).unwrap();
    assert_eq!(json["observations"], json!([13.0, 0.1 + 0.2, 1.0 / 3.0]));
    assert_eq!(json["covariance"][2], json!([0.1, -0.1, 4.0]));
    assert_eq!(json["metadata"]["module"]["id"], "things");
}

#[test]
fn layouts_refuse_what_their_reader_would_misread() {
    let spoil = |column: &str, array: ArrayRef, content: ExportContent| {
        let mut one = layout(vec![("_x", content)]);
        one.tables = vec![table("data", vec![(column, array)])];
        let error = try_export(&one, "fit").err().unwrap();
        assert_eq!(error.kind, Kind::CheckFailed);
        error.to_string()
    };
    let not_a_number = spoil("place", floats(&[1.0, f64::NAN]), columns(&["place"], None));
    assert!(not_a_number.contains("table `data`, row 2, column `place`: NaN"), "{not_a_number}");
    let blank = spoil("kind", texts(&["a b"]), columns(&["kind"], None));
    assert!(blank.contains("has a blank"), "{blank}");
    let null: ArrayRef = Arc::new(Float64Array::from(vec![None]));
    assert!(spoil("place", null, columns(&["place"], None)).contains("it is null"));
    let source = FieldSource::Column { table: "data".into(), column: "place".into() };
    let fields = BTreeMap::from([("x".to_owned(), source)]);
    assert!(
        spoil("place", floats(&[f64::INFINITY]), ExportContent::Document { fields }).contains("inf is not")
    );
}

#[test]
fn layouts_that_make_no_sense_blame_the_module() {
    for content in
        [columns(&["nowhere"], None), ExportContent::Matrix { matrix: "nowhere".into(), leading_size: false }]
    {
        let error = try_export(&layout(vec![("_x", content)]), "fit").err().unwrap();
        assert_eq!(error.kind, Kind::PluginCrashed, "{error}");
        assert!(error.to_string().contains("`nowhere`"), "{error}");
    }
}

#[test]
fn nothing_is_written_outside_the_folder_or_twice() {
    let text = || ExportContent::Text { text: String::new() };
    for suffixes in [vec!["/../../x"], vec!["..x"], vec!["\\x"], vec!["_a", "_A"], vec!["\n"]] {
        let one = layout(suffixes.iter().map(|suffix| (*suffix, text())).collect());
        let encoded = encode(&one, header()).unwrap();
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("made");
        let error = export(&encoded.document, &one, "set", &encoded.version, "fit", &directory).unwrap_err();
        assert_eq!(error.kind, Kind::PluginCrashed, "{suffixes:?}");
        assert!(!directory.exists());
    }
}

#[test]
fn formats_are_listed_and_an_unknown_one_is_told_them() {
    let one = layout(vec![]);
    let encoded = encode(&one, header()).unwrap();
    let names: Vec<_> = formats(&encoded.document).into_iter().map(|FormatInfo { name, .. }| name).collect();
    assert_eq!(names, ["json", "csv", "parquet", "npz", "fit"]);
    let error =
        export(&encoded.document, &one, "set", &encoded.version, "nzp", Path::new("unused")).unwrap_err();
    assert_eq!(error.kind, Kind::Usage);
    assert_eq!(error.hints[0], "did you mean `--format npz`?");
    assert!(error.hints[1].contains("`fit`"));
}

#[test]
fn numbers_show_that_they_are_floats_and_read_back() {
    for (value, text) in [
        (0.51, "0.51"),
        (13.0, "13.0"),
        (1e-7, "1.0e-7"),
        (2.5e16, "2.5e+16"),
        (-0.0, "-0.0"),
        (1e300, "1.0e+300"),
    ] {
        let written = super::numbers::cell_text(&Cell::Float64(value));
        assert_eq!(written, text);
        assert_eq!(written.parse::<f64>().unwrap().to_bits(), value.to_bits());
    }
}
