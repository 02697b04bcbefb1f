//! Rows of the same identity, and values that differ in them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, ColumnDifference, Names, TableDifference};
use crate::dataset::{Cell, Dataset, Table};

/// Rows listed by name; the rest is counted.
const LISTED_ROWS: usize = 20;

/// Rows of the same identity.
pub(super) struct Pairing {
    /// Identities in the first dataset.
    pub(super) rows_a: Vec<String>,
    pub(super) rows_b: Vec<String>,
    /// Places of the rows of both, in the order of the first dataset.
    pub(super) common: Vec<(usize, usize)>,
}

impl Pairing {
    pub(super) fn of(a: &Dataset, b: &Dataset, table: &str) -> Self {
        let (rows_a, rows_b) = (identities(a, table), identities(b, table));
        let places: BTreeMap<&str, usize> =
            rows_b.iter().enumerate().map(|(place, row)| (row.as_str(), place)).collect();
        let common = rows_a.iter().enumerate();
        let common = common.filter_map(|(place, row)| Some((place, *places.get(row.as_str())?))).collect();
        Self { rows_a, rows_b, common }
    }
}

/// The names of the rows as the contract has them, or their numbers.
fn identities(dataset: &Dataset, table: &str) -> Vec<String> {
    let contract = dataset.contract.tables.iter().find(|contract| contract.name == table);
    let name = contract.and_then(|contract| contract.row_id.as_ref());
    let Some(table) = dataset.table(table) else { return Vec::new() };
    match name.and_then(|name| table.column(name)) {
        Some(column) => column.cells().map(|cell| cell.to_string()).collect(),
        None => (1..=table.rows()).map(|row| row.to_string()).collect(),
    }
}

pub(super) fn table_difference(a: &Dataset, b: &Dataset, name: &str, pairing: &Pairing) -> TableDifference {
    let only = |rows: &[String], others: &[String]| {
        let others: BTreeSet<&String> = others.iter().collect();
        let only: Vec<&String> = rows.iter().filter(|row| !others.contains(row)).collect();
        Names { count: only.len(), first: only.into_iter().take(LISTED_ROWS).cloned().collect() }
    };
    let columns = |dataset: &Dataset| -> BTreeSet<String> {
        let table = dataset.table(name);
        table.into_iter().flat_map(|table| table.schema.fields()).map(|field| field.name().clone()).collect()
    };
    let (columns_a, columns_b) = (columns(a), columns(b));
    let changes = columns_a
        .intersection(&columns_b)
        .filter_map(|column| column_difference(a.table(name)?, b.table(name)?, column, pairing));
    TableDifference {
        table: name.to_owned(),
        only_in_a: only(&pairing.rows_a, &pairing.rows_b),
        only_in_b: only(&pairing.rows_b, &pairing.rows_a),
        common: pairing.common.len(),
        reordered: !pairing.common.is_sorted_by_key(|(_, place)| *place),
        columns: changes.collect(),
        columns_only_in_a: columns_a.difference(&columns_b).cloned().collect(),
        columns_only_in_b: columns_b.difference(&columns_a).cloned().collect(),
    }
}

impl TableDifference {
    pub(super) fn is_one(&self) -> bool {
        self.only_in_a.count + self.only_in_b.count > 0
            || self.reordered
            || !(self.columns_only_in_a.is_empty()
                && self.columns_only_in_b.is_empty()
                && self.columns.is_empty())
    }
}

fn column_difference(a: &Table, b: &Table, column: &str, pairing: &Pairing) -> Option<ColumnDifference> {
    let (view_a, view_b) = (a.column(column)?, b.column(column)?);
    let (cells_a, cells_b): (Vec<Cell>, Vec<Cell>) = (view_a.cells().collect(), view_b.cells().collect());
    let mut changed = 0;
    let mut first = None;
    let mut largest_absolute: Option<Change<f64>> = None;
    let mut largest_relative: Option<Change<f64>> = None;
    for (place_a, place_b) in &pairing.common {
        let (Some(one), Some(other)) = (cells_a.get(*place_a), cells_b.get(*place_b)) else { continue };
        if same(one, other) {
            continue;
        }
        changed += 1;
        let row = || pairing.rows_a.get(*place_a).cloned().unwrap_or_default();
        first.get_or_insert_with(|| Change {
            row: row(),
            a: one.to_string(),
            b: other.to_string(),
            change: None,
        });
        if let (Some(a), Some(b)) = (one.number(), other.number()) {
            let consider = |largest: &mut Option<Change<f64>>, change: f64| {
                let most = largest.as_ref().and_then(|largest| largest.change);
                if change.is_finite() && most.is_none_or(|most| change.abs() > most.abs()) {
                    *largest = Some(Change { row: row(), a, b, change: Some(change) });
                }
            };
            consider(&mut largest_absolute, b - a);
            consider(&mut largest_relative, (b - a) / a.abs());
        }
    }
    Some(ColumnDifference {
        column: column.to_owned(),
        changed,
        first: first?,
        largest_absolute,
        largest_relative,
    })
}

/// Equal to the last bit; NaN equals itself, and both zeros are zero.
fn same(one: &Cell, other: &Cell) -> bool {
    match (one, other) {
        (Cell::Float64(one), Cell::Float64(other)) => same_number(*one, *other),
        _ => one == other || (one.is_not_finite() && one.to_string() == other.to_string()),
    }
}

#[expect(clippy::float_cmp, reason = "any difference is one")]
pub(super) fn same_number(one: f64, other: f64) -> bool {
    one == other || (one.is_nan() && other.is_nan())
}
