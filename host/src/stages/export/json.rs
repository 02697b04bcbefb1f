//! `json`: the whole dataset in one file, and the pieces of JSON that layouts share.
//!
//! Invariant: JSON has no NaN and no infinity, so one is written as null **and** listed, never dropped in silence.

use serde::Serialize;

use super::identity::Identity;
use super::{OutputFile, Source, typed_column};
use crate::dataset::{Cell, ColumnView, SquareMatrix};
use crate::error::Result;

/// A number that JSON cannot write. Indices count from 0, as the arrays do.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum NotFinite<'a> {
    Cell { table: &'a str, column: &'a str, index: usize, value: String },
    Element { matrix: &'a str, index: [usize; 2], value: String },
}

/// Writes every table, matrix and note of a dataset.
pub(super) fn whole(source: &Source) -> Result<OutputFile> {
    let mut not_finite = Vec::new();
    let mut out = String::from("{\n\"dataset\": ");
    out.push_str(&Identity::of(source, Vec::new()).compact()?);
    out.push_str(",\n\"tables\": {");
    for (position, table) in source.dataset.tables.iter().enumerate() {
        separate(&mut out, position);
        key(&mut out, &table.name);
        out.push('{');
        for (position, field) in table.schema.fields().iter().enumerate() {
            separate(&mut out, position);
            key(&mut out, field.name());
            column(&mut out, &typed_column(table, field.name())?, |index, value| {
                let value = value.to_string();
                not_finite.push(NotFinite::Cell { table: &table.name, column: field.name(), index, value });
            });
        }
        out.push('}');
    }
    out.push_str("},\n\"matrices\": {");
    for (position, one) in source.dataset.matrices.iter().enumerate() {
        separate(&mut out, position);
        key(&mut out, &one.name);
        matrix(&mut out, one, |row, column, value| {
            let value = value.to_string();
            not_finite.push(NotFinite::Element { matrix: &one.name, index: [row, column], value });
        });
    }
    out.push_str("},\n\"not_finite\": [");
    for (position, entry) in not_finite.iter().enumerate() {
        separate(&mut out, position);
        out.push_str(&json(entry));
    }
    out.push_str("]\n}\n");
    Ok(OutputFile { name: format!("{}.json", source.name), bytes: out.into_bytes() })
}

/// A comma between members, each on a line of its own.
pub(super) fn separate(out: &mut String, position: usize) {
    out.push_str(if position == 0 { "\n" } else { ",\n" });
}

pub(super) fn key(out: &mut String, name: &str) {
    out.push_str(&json(name));
    out.push_str(": ");
}

/// A column as an array. `not_finite` hears of each number written as null.
pub(super) fn column(out: &mut String, view: &ColumnView, mut not_finite: impl FnMut(usize, &Cell)) {
    out.push('[');
    for (index, cell) in view.cells().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        match cell {
            Cell::Text(text) => out.push_str(&json(text)),
            Cell::Timestamp(_) => out.push_str(&json(&cell.to_string())),
            _ if cell.is_not_finite() => {
                not_finite(index, &cell);
                out.push_str("null");
            }
            // `null`, `true` and Rust's shortest digits are JSON as they are.
            _ => out.push_str(&cell.to_string()),
        }
    }
    out.push(']');
}

/// A matrix as an array of rows.
pub(super) fn matrix(out: &mut String, matrix: &SquareMatrix, mut not_finite: impl FnMut(usize, usize, f64)) {
    out.push('[');
    for (row, elements) in matrix.rows().enumerate() {
        separate(out, row);
        out.push('[');
        for (column, element) in elements.iter().enumerate() {
            if column > 0 {
                out.push_str(", ");
            }
            if element.is_finite() {
                out.push_str(&Cell::Float64(*element).to_string());
            } else {
                not_finite(row, column, *element);
                out.push_str("null");
            }
        }
        out.push(']');
    }
    out.push(']');
}

fn json(value: &(impl Serialize + ?Sized)) -> String {
    serde_json::to_string(value)
        .expect("texts and plain structs of texts and integers always have a JSON form")
}
