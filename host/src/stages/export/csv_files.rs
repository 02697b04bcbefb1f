//! `csv`: a file for each table and each matrix, with header lines.

use plugin_api::OutputContract;

use super::{OutputFile, Source, identity, numbers, typed_column};
use crate::dataset::{Cell, ColumnView, Dataset, SquareMatrix, Table};
use crate::error::{Error, Kind, Result};

pub(super) fn files(source: &Source) -> Result<Vec<OutputFile>> {
    let mut files = Vec::new();
    for table in &source.dataset.tables {
        let name = format!("{}_{}.csv", source.name, table.name);
        files.push(OutputFile { name, bytes: table_text(table)? });
    }
    for matrix in &source.dataset.matrices {
        let name = format!("{}_{}.csv", source.name, matrix.name);
        files.push(OutputFile { name, bytes: matrix_text(source.dataset, matrix)? });
    }
    files.push(identity::file(source)?);
    Ok(files)
}

fn table_text(table: &Table) -> Result<Vec<u8>> {
    let fields = table.schema.fields();
    let mut writer = writer();
    writer.write_record(fields.iter().map(|field| field.name())).map_err(unwritable)?;
    let columns: Vec<_> =
        fields.iter().map(|field| typed_column(table, field.name())).collect::<Result<_>>()?;
    let mut cells: Vec<_> = columns.iter().map(ColumnView::cells).collect();
    let mut text = Vec::new();
    for _ in 0..table.rows() {
        for column in &mut cells {
            text.clear();
            numbers::push_cell(&mut text, &column.next().unwrap_or(Cell::Null));
            writer.write_field(&text).map_err(unwritable)?;
        }
        writer.write_record(None::<&[u8]>).map_err(unwritable)?;
    }
    finish(writer)
}

/// The first line and the first column name the rows, so that no element depends on another file's order.
fn matrix_text(dataset: &Dataset, matrix: &SquareMatrix) -> Result<Vec<u8>> {
    let (head, names) = row_names(&dataset.contract, dataset, matrix);
    let mut writer = writer();
    writer.write_field(&head).map_err(unwritable)?;
    writer.write_record(&names).map_err(unwritable)?;
    let mut text = Vec::new();
    for (name, elements) in names.iter().zip(matrix.rows()) {
        writer.write_field(name).map_err(unwritable)?;
        for element in elements {
            text.clear();
            numbers::push_float(&mut text, *element);
            writer.write_field(&text).map_err(unwritable)?;
        }
        writer.write_record(None::<&[u8]>).map_err(unwritable)?;
    }
    finish(writer)
}

/// Name of the column of row names, and the names; rows are counted from 1 where they have none.
fn row_names(contract: &OutputContract, dataset: &Dataset, matrix: &SquareMatrix) -> (String, Vec<String>) {
    let named = || {
        let rows_of = &contract.matrices.iter().find(|one| one.name == matrix.name)?.rows_of;
        let row_id = contract.tables.iter().find(|table| table.name == *rows_of)?.row_id.as_ref()?;
        let view = dataset.table(rows_of)?.column(row_id).filter(|view| view.len() == matrix.size)?;
        Some((row_id.clone(), view.cells().map(|cell| numbers::cell_text(&cell)).collect()))
    };
    named().unwrap_or_else(|| ("row".to_owned(), (1..=matrix.size).map(|row| row.to_string()).collect()))
}

fn writer() -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new().terminator(csv::Terminator::Any(b'\n')).from_writer(Vec::new())
}

fn finish(writer: csv::Writer<Vec<u8>>) -> Result<Vec<u8>> {
    writer.into_inner().map_err(|error| unwritable(error.into_error().into()))
}

#[expect(clippy::needless_pass_by_value, reason = "a function for `map_err`")]
fn unwritable(error: csv::Error) -> Error {
    Error::new(Kind::Internal, "cannot write CSV").cause(error.to_string())
}
