//! Layouts of other programs, as the module declared them.
//!
//! Invariant: a layout has no words for nulls, NaN or texts with blanks, and its reader would misread them, so such a
//! value is refused with its place.

use plugin_api::{ExportContent, ExportFile, ExportFormat, FieldSource};

use super::identity::Identity;
use super::{OutputFile, Source, fits, json, numbers, unsayable};
use crate::dataset::{Cell, ColumnView, SquareMatrix};
use crate::error::{Error, Kind, Result};

pub(super) fn files(source: &Source, format: &str, layout: &ExportFormat) -> Result<Vec<OutputFile>> {
    layout.files.iter().map(|file| one_file(&Layout { source, format }, file)).collect()
}

pub(super) struct Layout<'a> {
    pub(super) source: &'a Source<'a>,
    pub(super) format: &'a str,
}

fn one_file(layout: &Layout, file: &ExportFile) -> Result<OutputFile> {
    let bytes = match &file.content {
        ExportContent::Columns { table, columns, header } => {
            layout.columns(table, columns, header.as_deref())?
        }
        ExportContent::Matrix { matrix, leading_size } => layout.matrix(matrix, *leading_size)?,
        ExportContent::Text { text } => layout.text(text)?.into_bytes(),
        ExportContent::Fits { header, tables } => fits::file(layout, header, tables)?,
        ExportContent::Document { fields } => {
            let mut out = Vec::from(b"{");
            for (position, (name, field)) in fields.iter().enumerate() {
                json::separate(&mut out, position);
                json::key(&mut out, name);
                layout.field(&mut out, field)?;
            }
            out.extend_from_slice(b"\n}\n");
            out
        }
    };
    Ok(OutputFile { name: format!("{}{}", layout.source.name, file.suffix), bytes })
}

impl<'a> Layout<'a> {
    fn columns(&self, table: &str, columns: &[String], header: Option<&str>) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        if let Some(header) = header {
            out.extend_from_slice(header.as_bytes());
            out.push(b'\n');
        }
        let views: Vec<_> =
            columns.iter().map(|column| self.find_column(table, column)).collect::<Result<_>>()?;
        let rows = views.first().map_or(0, ColumnView::len);
        let mut cells: Vec<_> = views.iter().map(ColumnView::cells).collect();
        for row in 0..rows {
            for (position, (column, cells)) in columns.iter().zip(&mut cells).enumerate() {
                if position > 0 {
                    out.push(b' ');
                }
                let cell = cells.next().unwrap_or(Cell::Null);
                let text = numbers::cell_text(&cell);
                let blank =
                    text.is_empty() || text.contains(|one: char| one.is_whitespace() || one.is_control());
                if cell.is_not_finite() || blank {
                    let message = match cell {
                        Cell::Null => "it is null".to_owned(),
                        Cell::Text(text) => format!("the text {text:?} is empty or has a blank in it"),
                        cell => format!("{cell} is not a finite number"),
                    };
                    return Err(self.unsayable_cell(table, column, row, &message));
                }
                out.extend_from_slice(text.as_bytes());
            }
            out.push(b'\n');
        }
        Ok(out)
    }

    fn matrix(&self, name: &str, leading_size: bool) -> Result<Vec<u8>> {
        let matrix = self.find_matrix(name)?;
        let mut out = Vec::with_capacity(24 * matrix.values.len());
        if leading_size {
            out.extend_from_slice(format!("{}\n", matrix.size).as_bytes());
        }
        let separator = if leading_size { b'\n' } else { b' ' };
        for (row, elements) in matrix.rows().enumerate() {
            for (column, element) in elements.iter().enumerate() {
                if column > 0 {
                    out.push(separator);
                }
                if !element.is_finite() {
                    return Err(self.unsayable_element(name, row, column, *element));
                }
                numbers::push_float(&mut out, *element);
            }
            out.push(b'\n');
        }
        Ok(out)
    }

    /// One pass, so that a folder whose name looks like a placeholder stays what it is.
    fn text(&self, text: &str) -> Result<String> {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let (before, from) = rest.split_at(start);
            out.push_str(before);
            if let Some(after) = from.strip_prefix("{name}") {
                out.push_str(self.source.name);
                rest = after;
            } else if let Some(after) = from.strip_prefix("{folder}") {
                out.push_str(&self.directory()?);
                rest = after;
            } else if let Some(after) = from.strip_prefix("{directory}") {
                out.push_str(&serde_json::Value::from(self.directory()?).to_string());
                rest = after;
            } else {
                out.push('{');
                rest = &from[1..];
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn directory(&self) -> Result<String> {
        let Some(directory) = self.source.directory else {
            return Err(Error::new(
                Kind::Usage,
                "this format writes down the path of its folder, and objects have none",
            )
            .hint("export to a folder, or give another `--format`"));
        };
        let unusable = |cause: String| {
            Error::new(
                Kind::Usage,
                format!("the folder cannot be named in a file: `{}`", directory.display()),
            )
            .cause(cause)
            .hint("export to a folder whose path is plain text")
        };
        let absolute = std::path::absolute(directory).map_err(|error| unusable(error.to_string()))?;
        let text = absolute.to_str().ok_or_else(|| unusable("its path is not UTF-8".to_owned()))?;
        if text.contains(char::is_control) {
            return Err(unusable("its path has a control character".to_owned()));
        }
        Ok(text.to_owned())
    }

    fn field(&self, out: &mut Vec<u8>, field: &FieldSource) -> Result<()> {
        let mut refused = None;
        match field {
            FieldSource::Column { table, column } => {
                let view = self.find_column(table, column)?;
                json::column(out, &view, |row, cell| {
                    let message = format!("{cell} is not a finite number");
                    refused.get_or_insert_with(|| self.unsayable_cell(table, column, row, &message));
                });
            }
            FieldSource::Matrix { matrix } => {
                json::matrix(out, self.find_matrix(matrix)?, |row, column, element| {
                    refused.get_or_insert_with(|| self.unsayable_element(matrix, row, column, element));
                });
            }
            FieldSource::Metadata => {
                out.extend_from_slice(Identity::of(self.source, Vec::new()).compact()?.as_bytes());
            }
        }
        refused.map_or(Ok(()), Err)
    }

    pub(super) fn find_column(&self, table: &str, column: &str) -> Result<ColumnView<'a>> {
        let found = self.source.dataset.table(table).and_then(|table| table.column(column));
        found.ok_or_else(|| self.unknown(&format!("column `{column}` of table `{table}`")))
    }

    pub(super) fn find_matrix(&self, matrix: &str) -> Result<&'a SquareMatrix> {
        self.source.dataset.matrix(matrix).ok_or_else(|| self.unknown(&format!("matrix `{matrix}`")))
    }

    fn unknown(&self, what: &str) -> Error {
        self.blame(&format!("asks for {what}, which the dataset does not have"))
    }

    /// The layout itself makes no sense.
    pub(super) fn blame(&self, message: &str) -> Error {
        Error::new(Kind::PluginCrashed, format!("format `{}` {message}", self.format))
            .hint("report this to the authors of the module")
    }

    pub(super) fn unsayable_cell(&self, table: &str, column: &str, row: usize, message: &str) -> Error {
        unsayable(self.format, &format!("table `{table}`, row {}, column `{column}`", row + 1), message)
    }

    fn unsayable_element(&self, matrix: &str, row: usize, column: usize, element: f64) -> Error {
        let place = format!("matrix `{matrix}`, element ({}, {})", row + 1, column + 1);
        unsayable(self.format, &place, &format!("{element} is not a finite number"))
    }
}
