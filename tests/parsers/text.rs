//! Tables and matrices as surveys publish them.

use std::fmt::Write;

use cosmology::named_table;
use plugin_api::ModuleError;
use plugin_api::text::{MatrixText, TextTable};

use super::assert_readable;

/// The place, when there is one, is inside the text.
fn assert_places(error: &ModuleError, text: &[u8]) {
    assert_readable(&error.to_string());
    let ModuleError::BadInput(fault) = error else { panic!("not the input's fault: {error:?}") };
    let lines = text.split(|byte| *byte == b'\n').count() as u64;
    assert!(fault.line.is_none_or(|line| (1..=lines.max(1)).contains(&line)), "{error:?} in {lines} lines");
    assert!(fault.column.is_none_or(|column| column >= 1), "{error:?}");
}

pub(super) fn named_table(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for read in
        [named_table::read("table", text), named_table::without_heading("table", text, &["a", "b"]).map(Some)]
    {
        match read {
            Ok(Some(table)) => assert_table(&table, text),
            Ok(None) => {}
            Err(error) => assert_places(&error, bytes),
        }
    }
}

fn assert_table(table: &TextTable<'_>, text: &str) {
    assert!(!table.lines().is_empty() && table.lines().is_sorted());
    for name in table.columns() {
        let Some(column) = table.column(name) else { panic!("the column `{name}` is not found by its name") };
        let fields: Vec<&str> = column.fields().collect();
        assert_eq!(fields.len(), table.lines().len());
        let lines: Vec<&str> = text.split('\n').collect();
        for (field, line) in fields.iter().zip(table.lines()) {
            let line = lines[usize::try_from(line - 1).expect("a line of the text")];
            // Inside quotation marks a quotation mark stands twice.
            assert!(line.contains(field) || line.contains('"'), "`{field}` is not in line `{line}`");
        }
        match column.numbers() {
            Ok(numbers) => {
                for (number, field) in numbers.iter().zip(&fields) {
                    // Never more or less than the text says.
                    let plain = field.parse::<f64>().map(f64::to_bits);
                    assert!(
                        number.is_finite() && plain.is_ok_and(|plain| plain == number.to_bits()),
                        "{field}"
                    );
                }
            }
            Err(error) => assert_places(&error, text.as_bytes()),
        }
    }
}

/// The first byte is the number of measurements.
pub(super) fn covariance_text(bytes: &[u8]) {
    let Some((size, bytes)) = bytes.split_first() else { return };
    let size = usize::from(*size);
    match MatrixText::read("covariance", bytes, size) {
        Ok((values, text)) => {
            assert_eq!(values.len(), size * size);
            assert!(values.iter().all(|value| value.is_finite()));
            if size == 0 {
                return;
            }
            assert!(text.line(0, 0) >= 1 && text.line(size - 1, size - 1) >= text.line(0, 0));
            let mut written = format!("{size}\n");
            for value in &values {
                writeln!(written, "{value:e}").expect("memory can be written to");
            }
            let (again, _) =
                MatrixText::read("covariance", written.as_bytes(), size).expect("it can be read");
            let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
            assert_eq!(bits(again), bits(values));
        }
        Err(error) => assert_places(&error, bytes),
    }
}
