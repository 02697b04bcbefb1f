//! `json`: the whole dataset in one file, and the pieces of JSON that layouts share.
//!
//! Invariant: JSON has no NaN and no infinity, so one is written as null **and** listed, never dropped in silence.

use serde::Serialize;

use super::identity::Identity;
use super::{OutputFile, Source, numbers, typed_column};
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
    let mut out = Vec::from(b"{\n\"dataset\": ");
    out.extend_from_slice(Identity::of(source, Vec::new()).compact()?.as_bytes());
    out.extend_from_slice(b",\n\"tables\": {");
    for (position, table) in source.dataset.tables.iter().enumerate() {
        separate(&mut out, position);
        key(&mut out, &table.name);
        out.push(b'{');
        for (position, field) in table.schema.fields().iter().enumerate() {
            separate(&mut out, position);
            key(&mut out, field.name());
            column(&mut out, &typed_column(table, field.name())?, |index, value| {
                let value = value.to_string();
                not_finite.push(NotFinite::Cell { table: &table.name, column: field.name(), index, value });
            });
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"},\n\"matrices\": {");
    for (position, one) in source.dataset.matrices.iter().enumerate() {
        separate(&mut out, position);
        key(&mut out, &one.name);
        matrix(&mut out, one, |row, column, value| {
            let value = value.to_string();
            not_finite.push(NotFinite::Element { matrix: &one.name, index: [row, column], value });
        });
    }
    out.extend_from_slice(b"},\n\"not_finite\": [");
    for (position, entry) in not_finite.iter().enumerate() {
        separate(&mut out, position);
        push_json(&mut out, entry);
    }
    out.extend_from_slice(b"]\n}\n");
    Ok(OutputFile { name: format!("{}.json", source.name), bytes: out })
}

/// A comma between members, each on a line of its own.
pub(super) fn separate(out: &mut Vec<u8>, position: usize) {
    out.extend_from_slice(if position == 0 { b"\n" } else { b",\n" });
}

pub(super) fn key(out: &mut Vec<u8>, name: &str) {
    push_json(out, name);
    out.extend_from_slice(b": ");
}

/// A column as an array. `not_finite` hears of each number written as null.
pub(super) fn column(out: &mut Vec<u8>, view: &ColumnView, mut not_finite: impl FnMut(usize, &Cell)) {
    out.push(b'[');
    for (index, cell) in view.cells().enumerate() {
        if index > 0 {
            out.extend_from_slice(b", ");
        }
        match cell {
            Cell::Text(text) => push_json(out, text),
            Cell::Timestamp(_) => push_json(out, &cell.to_string()),
            _ if cell.is_not_finite() => {
                not_finite(index, &cell);
                out.extend_from_slice(b"null");
            }
            Cell::Null => out.extend_from_slice(b"null"),
            // Truth values and numbers as text are JSON as they are.
            _ => numbers::push_cell(out, &cell),
        }
    }
    out.push(b']');
}

/// A matrix as an array of rows.
pub(super) fn matrix(
    out: &mut Vec<u8>,
    matrix: &SquareMatrix,
    mut not_finite: impl FnMut(usize, usize, f64),
) {
    out.push(b'[');
    for (row, elements) in matrix.rows().enumerate() {
        separate(out, row);
        out.push(b'[');
        for (column, element) in elements.iter().enumerate() {
            if column > 0 {
                out.extend_from_slice(b", ");
            }
            if element.is_finite() {
                numbers::push_float(out, *element);
            } else {
                not_finite(row, column, *element);
                out.extend_from_slice(b"null");
            }
        }
        out.push(b']');
    }
    out.push(b']');
}

fn push_json(out: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(out, value)
        .expect("texts and plain structs of texts and integers always have a JSON form");
}
