//! Tables: present, complete, in order, with rows that can be told apart.

use plugin_api::{ColumnContract, TableContract};

use super::places::{self, Rows};
use super::verdict::{Failure, Failures, Verdict};
use super::{Options, columns};
use crate::dataset::{Cell, ColumnView, Dataset, Table, kind_name, kind_of};

pub(super) fn check(dataset: &Dataset, options: &Options, verdict: &mut Verdict) {
    for contract in &dataset.contract.tables {
        let found = dataset.tables.iter().filter(|table| table.name == contract.name).count();
        let place = places::table(&contract.name);
        match (dataset.table(&contract.name), found) {
            (Some(table), 1) => {
                verdict.pass("table.present", place, "present");
                check_table(contract, table, options, verdict);
            }
            (None, _) => verdict.fail("table.present", place, Failure::new("missing")),
            (Some(_), _) => {
                verdict.fail("table.present", place, Failure::new(format!("occurs {found} times")));
            }
        }
    }
    for table in &dataset.tables {
        if !dataset.contract.tables.iter().any(|contract| contract.name == table.name) {
            let failure = Failure::new("the contract does not name this table, so nothing in it is checked");
            verdict.warn("table.unexpected", places::table(&table.name), failure);
        }
    }
}

fn check_table(contract: &TableContract, table: &Table, options: &Options, verdict: &mut Verdict) {
    check_row_count(contract, table, verdict);
    check_order(contract, table, verdict);
    for field in table.schema.fields() {
        if !contract.columns.iter().any(|column| column.name == *field.name()) {
            let failure = Failure::new("the contract does not name this column, so nothing in it is checked");
            verdict.warn("column.unexpected", places::column(&table.name, field.name()), failure);
        }
    }
    let rows = Rows::of(Some(contract), Some(table));
    check_row_id(contract, table, &rows, verdict);
    for column in &contract.columns {
        if let Some(view) = check_presence(column, table, verdict) {
            columns::check(
                &columns::Subject { table, contract: column, rows: &rows },
                &view,
                options,
                verdict,
            );
        }
    }
}

fn check_row_count(contract: &TableContract, table: &Table, verdict: &mut Verdict) {
    let rows = table.rows();
    let place = places::table(&table.name);
    if rows as u64 >= contract.minimum_rows {
        verdict.pass("table.rows", place, format!("{rows} rows, at least {} needed", contract.minimum_rows));
        return;
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows far below 2^53, for a report")]
    let failure = Failure::new(format!("{rows} rows, at least {} needed", contract.minimum_rows))
        .numbers(rows as f64, contract.minimum_rows as f64)
        .hint("check that the input is complete");
    verdict.fail("table.rows", place, if rows == 0 { failure.unusable() } else { failure });
}

/// Columns that both sides name must come in the contract's order; others are the business of other checks.
fn check_order(contract: &TableContract, table: &Table, verdict: &mut Verdict) {
    let promised: Vec<&str> = contract
        .columns
        .iter()
        .map(|column| &*column.name)
        .filter(|name| table.schema.index_of(name).is_ok())
        .collect();
    let mut found: Vec<&str> = Vec::with_capacity(promised.len());
    for field in table.schema.fields() {
        if promised.contains(&field.name().as_str()) && !found.contains(&field.name().as_str()) {
            found.push(field.name());
        }
    }
    let place = places::table(&table.name);
    match promised.iter().zip(&found).find(|(promised, found)| promised != found) {
        None => verdict.pass("column.order", place, "columns are in the contract's order"),
        Some((promised, found)) => {
            let failure =
                Failure::new(format!("column `{found}` stands where the contract has `{promised}`"));
            verdict.fail("column.order", place, failure);
        }
    }
}

fn check_row_id(contract: &TableContract, table: &Table, rows: &Rows, verdict: &mut Verdict) {
    let Some(name) = &contract.row_id else { return };
    let whole = places::column(&table.name, name);
    let Some(view) = table.column(name) else {
        verdict.fail(
            "row-id.null",
            whole.clone(),
            Failure::new("there is no such column, so no row has a name"),
        );
        verdict.not_run("row-id.unique", whole, "no row has a name");
        return;
    };
    let mut failures = Failures::default();
    for (index, cell) in view.cells().enumerate() {
        if matches!(cell, Cell::Null | Cell::Text("")) {
            failures.add(|| {
                let place = places::cell(&table.name, &format!("row {}", index + 1), name);
                (place, Failure::new("the row has no name"))
            });
        }
    }
    verdict.conclude("row-id.null", &whole, failures, "every row has a name", "");
    let failures = columns::repeated(table, name, &view, rows);
    let hint = "a measurement may be there twice: remove one from the input";
    verdict.conclude("row-id.unique", &whole, failures, "no two rows have the same name", hint);
}

/// Reports whether the column is there with its type, and returns it if so.
fn check_presence<'a>(
    column: &ColumnContract,
    table: &'a Table,
    verdict: &mut Verdict,
) -> Option<ColumnView<'a>> {
    let place = places::column(&table.name, &column.name);
    let fields: Vec<_> = table.schema.fields().iter().filter(|field| *field.name() == column.name).collect();
    let field = match fields[..] {
        [] if column.required => {
            verdict.fail("column.present", place, Failure::new("missing"));
            return None;
        }
        // Nothing was promised.
        [] => return None,
        [field] => field,
        _ => {
            verdict.fail("column.present", place, Failure::new(format!("occurs {} times", fields.len())));
            return None;
        }
    };
    verdict.pass("column.present", place.clone(), "present");
    let promised = kind_name(column.kind);
    let found = kind_of(field.data_type());
    if found != Some(column.kind) {
        let found = found.map_or_else(|| field.data_type().to_string(), |kind| kind_name(kind).to_owned());
        verdict.fail(
            "column.type",
            place,
            Failure::new(format!("of type `{found}`, the contract promises `{promised}`")),
        );
        return None;
    }
    let Some(view) = table.column(&column.name) else {
        verdict.fail(
            "column.type",
            place,
            Failure::new("a part of the table does not have the type of the whole"),
        );
        return None;
    };
    verdict.pass("column.type", place, format!("of type `{promised}`"));
    Some(view)
}
