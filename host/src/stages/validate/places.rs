//! Places in words: which row of which table, which element of which matrix.

use plugin_api::TableContract;

use crate::dataset::{Cell, ColumnView, Table};

/// Longest row name written out.
const LONGEST_NAME: usize = 80;

/// Names the rows of a table for messages.
#[derive(Debug, Default)]
pub(super) struct Rows<'a> {
    names: Option<ColumnView<'a>>,
}

impl<'a> Rows<'a> {
    pub(super) fn of(contract: Option<&TableContract>, table: Option<&'a Table>) -> Self {
        let column = contract.and_then(|contract| contract.row_id.as_deref());
        Self { names: column.and_then(|column| table?.column(column)) }
    }

    /// ``row 3 (`b`)``; rows are counted from 1 in words and from 0 in `index`.
    pub(super) fn row(&self, index: usize) -> String {
        match self.name(index) {
            Some(name) => format!("row {} (`{name}`)", index + 1),
            None => format!("row {}", index + 1),
        }
    }

    /// `` `b` `` where the row has a name, `row 3` otherwise.
    pub(super) fn short(&self, index: usize) -> String {
        self.name(index).map_or_else(|| format!("row {}", index + 1), |name| format!("`{name}`"))
    }

    fn name(&self, index: usize) -> Option<String> {
        let name = match self.names.as_ref()?.cell(index)? {
            Cell::Null => return None,
            cell => cell.to_string(),
        };
        if name.is_empty() {
            return None;
        }
        Some(match name.char_indices().nth(LONGEST_NAME) {
            Some((end, _)) => format!("{}…", &name[..end]),
            None => name,
        })
    }
}

pub(super) fn table(table: &str) -> String {
    format!("table `{table}`")
}

pub(super) fn column(table: &str, column: &str) -> String {
    format!("table `{table}`, column `{column}`")
}

pub(super) fn cell(table: &str, row: &str, column: &str) -> String {
    format!("table `{table}`, {row}, column `{column}`")
}

pub(super) fn matrix(matrix: &str) -> String {
    format!("matrix `{matrix}`")
}

/// ``matrix `covariance`, element (3, 4): `b` with `c` ``.
pub(super) fn element(matrix: &str, rows: &Rows, row: usize, column: usize) -> String {
    let (first, second) = (rows.short(row), rows.short(column));
    format!("matrix `{matrix}`, element ({}, {}): {first} with {second}", row + 1, column + 1)
}

/// ``matrix `covariance`, row 3 (`b`)``.
pub(super) fn matrix_row(matrix: &str, rows: &Rows, row: usize) -> String {
    format!("matrix `{matrix}`, {}", rows.row(row))
}
