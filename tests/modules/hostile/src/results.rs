//! Results that break the contract, or what any contract can hold.

use plugin_api::{
    Column, ColumnKind, Derived, Field, Finding, Matrix, ModuleError, Plot, ReferenceModel, Severity, Table,
};

/// The result of a deed; three honest rows when there is no such deed.
pub fn of<'a>(deed: &str, rows: usize) -> Result<Derived<'a>, ModuleError> {
    let numbers = |table| Ok(Derived::new("numbers").table(table));
    match deed {
        "panic-in-stream" => {
            let batches = std::iter::from_fn(|| panic!("while the table is read"));
            numbers(Table::streamed("data", fields(), batches))
        }
        "error-in-stream" => {
            let error = ModuleError::bad_input("bytes", "not as promised").line(7).hint("look at line 7");
            numbers(Table::streamed("data", fields(), std::iter::once(Err(error))))
        }
        "endless-batches" => {
            let empty = || Ok(vec![names(0), Column::from(Vec::<f64>::new())]);
            numbers(Table::streamed("data", fields(), std::iter::repeat_with(empty)))
        }
        "many-columns" => {
            let named = |number| Field { name: format!("column_{number}"), kind: ColumnKind::Float64 };
            let fields: Vec<Field> = (0..20_000).map(named).collect();
            numbers(Table::streamed("data", fields, std::iter::empty()))
        }
        "not-utf8" => {
            let broken = unsafe { String::from_utf8_unchecked(vec![b'a', 0xff, 0xfe]) };
            numbers(Table::new("data").column("row_id", vec![broken]).column("value", vec![1.0]).build())
        }
        "unequal-columns" => {
            let columns = vec![names(3), Column::from(vec![1.0])];
            numbers(Table::streamed("data", fields(), std::iter::once(Ok(columns))))
        }
        "not-a-number" => {
            numbers(Table::new("data").column("row_id", names(1)).column("value", vec![f64::NAN]).build())
        }
        "random" => {
            // The address of a local differs from run to run.
            let here = 0_u8;
            let value = (std::ptr::from_ref(&here) as usize) as f64 + f64::from(std::process::id());
            numbers(Table::new("data").column("row_id", names(1)).column("value", vec![value]).build())
        }
        "wide" => {
            let value = vec![1.5_f64; rows];
            Ok(Derived::new("wide").table(Table::new("wide").column("value", value).build()))
        }
        "unknown-output" => Ok(Derived::new("nothing")),
        "escaping-name" => numbers(Table::new("../../escape").column("a", vec![1.0]).build()),
        "short-matrix" => Ok(table(rows).matrix(Matrix::new("covariance", 1_000_000_000, vec![1.0]))),
        "finding" => {
            let finding = Finding::new(Severity::Error, "hostile.finding", "nowhere", "this is wrong");
            Ok(table(rows).finding(finding.hint("do not trust it")))
        }
        "warning" => {
            Ok(table(rows).finding(Finding::new(Severity::Warning, "hostile.warning", "here", "odd")))
        }
        "many-findings" => {
            let finding = |_| Finding::new(Severity::Error, "hostile.finding", "everywhere", "this is wrong");
            Ok((0..20_000).map(finding).fold(table(rows), Derived::finding))
        }
        "million-findings" => {
            let finding = |_| Finding::new(Severity::Error, "hostile.finding", "everywhere", "this is wrong");
            Ok((0..1_000_000).map(finding).fold(table(rows), Derived::finding))
        }
        "long-finding" => {
            let message = "x".repeat(1 << 20);
            Ok(table(rows).finding(Finding::new(Severity::Error, "hostile.finding", "here", message)))
        }
        "huge-metadata" => Ok(table(rows).note("text", "x".repeat(8 << 20))),
        "deep-metadata" => {
            let mut value = serde_json::Value::Null;
            for _ in 0..100 {
                value = serde_json::Value::Array(vec![value]);
            }
            Ok(table(rows).note("deep", value))
        }
        "lying-model" => Ok(table(rows).model(ReferenceModel {
            name: "liar".to_owned(),
            meaning: String::new(),
            parameters: std::collections::BTreeMap::new(),
            table: "data".to_owned(),
            column: "value".to_owned(),
            matrix: None,
            uncertainty: Some("value".to_owned()),
            prediction: vec![0.0; 2],
            free_offset: false,
        })),
        "lying-plot" => {
            let names = ["covariance", "elsewhere", "value", "name"].map(str::to_owned);
            let [matrix, elsewhere, value, label] = names;
            let plot = Plot::Ellipses { title: String::new(), table: elsewhere, value, label, matrix };
            Ok(table(rows).plot("nowhere", plot))
        }
        _ => Ok(table(rows)),
    }
}

fn fields() -> Vec<Field> {
    vec![
        Field { name: "row_id".to_owned(), kind: ColumnKind::Utf8 },
        Field { name: "value".to_owned(), kind: ColumnKind::Float64 },
    ]
}

fn names(count: usize) -> Column {
    Column::from((0..count).map(|row| format!("row-{row}")).collect::<Vec<_>>())
}

fn table<'a>(rows: usize) -> Derived<'a> {
    let values: Vec<f64> = (0..rows).map(|row| row as f64).collect();
    Derived::new("numbers")
        .table(Table::new("data").column("row_id", names(rows)).column("value", values).build())
}
