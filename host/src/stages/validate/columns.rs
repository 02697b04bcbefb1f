//! The values of one column.

use std::collections::BTreeSet;

use plugin_api::{ColumnContract, ColumnKind};

use super::Options;
use super::places::{self, Rows};
use super::verdict::{Failure, Failures, Verdict};
use crate::dataset::{Cell, ColumnView, Extent, Table};

/// Which column is looked at.
pub(super) struct Subject<'a> {
    pub(super) table: &'a Table,
    pub(super) contract: &'a ColumnContract,
    pub(super) rows: &'a Rows<'a>,
}

impl Subject<'_> {
    fn whole(&self) -> String {
        places::column(&self.table.name, &self.contract.name)
    }

    fn cell(&self, row: usize) -> String {
        places::cell(&self.table.name, &self.rows.row(row), &self.contract.name)
    }
}

pub(super) fn check(subject: &Subject, view: &ColumnView, options: &Options, verdict: &mut Verdict) {
    let contract = subject.contract;
    let float = matches!(contract.kind, ColumnKind::Float64 | ColumnKind::Float32);
    let extent = view.extent();
    if float && contract.finite {
        check_finite(subject, view, extent, verdict);
    }
    check_bounds(subject, view, extent, options, verdict);
    check_nulls(subject, view, verdict);
    if contract.unique {
        let failures = repeated(subject.table, &contract.name, view, subject.rows);
        verdict.conclude("column.unique", &subject.whole(), failures, "no value occurs twice", "");
    }
    if !contract.allowed.is_empty() {
        check_allowed(subject, view, verdict);
    }
    if let Some(unit_column) = &contract.unit_column {
        check_unit(subject, view, unit_column, verdict);
    }
}

fn check_finite(subject: &Subject, view: &ColumnView, extent: Extent, verdict: &mut Verdict) {
    let mut failures = Failures::default();
    let suspects = (!extent.finite).then(|| view.cells()).into_iter().flatten();
    for (row, cell) in suspects.enumerate().filter(|(_, cell)| cell.is_not_finite()) {
        failures.add(|| (subject.cell(row), Failure::new(format!("{cell} is not a finite number"))));
    }
    let passed = format!("{} values are finite", view.len() - view.nulls());
    verdict.conclude("column.finite", &subject.whole(), failures, &passed, "correct the value in the input");
}

struct Bound {
    code: &'static str,
    limit: f64,
    holds: fn(f64, f64) -> bool,
    wrong: &'static str,
    right: &'static str,
}

fn check_bounds(
    subject: &Subject,
    view: &ColumnView,
    extent: Extent,
    options: &Options,
    verdict: &mut Verdict,
) {
    let contract = subject.contract;
    let unit = contract
        .unit
        .as_deref()
        .filter(|unit| *unit != "1")
        .map(|unit| format!(" {unit}"))
        .unwrap_or_default();
    for bound in bounds(contract) {
        let limit = bound.limit;
        if !options.range_checks {
            verdict.not_run(bound.code, subject.whole(), "switched off by the configuration");
            continue;
        }
        let mut failures = Failures::default();
        let (smallest, largest) = extent.bounds;
        let all_hold = extent.is_empty() || ((bound.holds)(smallest, limit) && (bound.holds)(largest, limit));
        let suspects = (!all_hold).then(|| view.cells()).into_iter().flatten();
        for (row, cell) in suspects.enumerate() {
            // NaN is neither above nor below; whether it may be there is another check.
            let Some(value) = cell.number().filter(|value| !value.is_nan()) else { continue };
            if !(bound.holds)(value, limit) {
                failures.add(|| {
                    let message = format!("{cell}{unit} is {} {limit:?}{unit}", bound.wrong);
                    (subject.cell(row), Failure::new(message).numbers(value, limit))
                });
            }
        }
        let passed = format!("every value is {} {limit:?}{unit}", bound.right);
        let hint = "check the value and its unit in the input";
        verdict.conclude(bound.code, &subject.whole(), failures, &passed, hint);
    }
}

fn bounds(contract: &ColumnContract) -> impl Iterator<Item = Bound> {
    let minimum = contract.minimum.map(|limit| Bound {
        code: "column.minimum",
        limit,
        holds: |value, limit| value >= limit,
        wrong: "below",
        right: "at least",
    });
    let greater_than = contract.greater_than.map(|limit| Bound {
        code: "column.greater-than",
        limit,
        holds: |value, limit| value > limit,
        wrong: "not larger than",
        right: "larger than",
    });
    let maximum = contract.maximum.map(|limit| Bound {
        code: "column.maximum",
        limit,
        holds: |value, limit| value <= limit,
        wrong: "above",
        right: "at most",
    });
    [minimum, greater_than, maximum].into_iter().flatten()
}

fn check_nulls(subject: &Subject, view: &ColumnView, verdict: &mut Verdict) {
    let limit = subject.contract.null_fraction;
    let (nulls, rows) = (view.nulls(), view.len());
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows far below 2^53, for a fraction")]
    let fraction = if rows == 0 { 0.0 } else { nulls as f64 / rows as f64 };
    if fraction <= limit {
        let message = format!("{nulls} of {rows} values are null");
        verdict.pass("column.null-fraction", subject.whole(), message);
        return;
    }
    let first = view.cells().position(|cell| cell == Cell::Null).unwrap_or(0);
    let message = format!(
        "{nulls} of {rows} values are null, the first in {}; the contract allows a fraction of {limit}",
        subject.rows.row(first)
    );
    verdict.fail("column.null-fraction", subject.whole(), Failure::new(message).numbers(fraction, limit));
}

fn check_allowed(subject: &Subject, view: &ColumnView, verdict: &mut Verdict) {
    let allowed: BTreeSet<&str> = subject.contract.allowed.iter().map(String::as_str).collect();
    let mut failures = Failures::default();
    // Texts come in runs.
    let mut last_allowed = None;
    for (row, cell) in view.cells().enumerate() {
        let text;
        if last_allowed == Some(cell) {
            continue;
        }
        let value = match cell {
            Cell::Null => continue,
            Cell::Text(value) => value,
            other => {
                text = other.to_string();
                &text
            }
        };
        if allowed.contains(value) {
            last_allowed = Some(cell);
        } else {
            failures.add(|| {
                let nearest = crate::text::nearest(value, allowed.iter().copied());
                let also = nearest.map(|one| format!("; did you mean `{one}`?")).unwrap_or_default();
                (subject.cell(row), Failure::new(format!("`{value}` is not one of the allowed texts{also}")))
            });
        }
    }
    let hint = format!("allowed: {}", subject.contract.allowed.join(", "));
    let passed = format!("every value is one of {} allowed texts", allowed.len());
    verdict.conclude("column.allowed", &subject.whole(), failures, &passed, &hint);
}

fn check_unit(subject: &Subject, view: &ColumnView, unit_column: &str, verdict: &mut Verdict) {
    let units = subject.table.column(unit_column).filter(|units| units.kind() == ColumnKind::Utf8);
    let Some(units) = units else {
        let message = format!("its units should be in the text column `{unit_column}`, which is not there");
        verdict.fail("column.unit", subject.whole(), Failure::new(message));
        return;
    };
    let mut failures = Failures::default();
    for (row, (cell, unit)) in view.cells().zip(units.cells()).enumerate() {
        let filled = matches!(unit, Cell::Text(text) if !text.trim().is_empty());
        if cell != Cell::Null && !filled {
            let message = format!("the value has no unit in column `{unit_column}`");
            failures.add(|| (subject.cell(row), Failure::new(message)));
        }
    }
    let passed = format!("every value has a unit in column `{unit_column}`");
    verdict.conclude("column.unit", &subject.whole(), failures, &passed, "");
}

/// The rows whose value an earlier row has already.
pub(super) fn repeated(table: &Table, column: &str, view: &ColumnView, rows: &Rows) -> Failures {
    let mut pairs = if view.kind() == ColumnKind::Utf8 {
        repeated_pairs(view.cells().map(|cell| if let Cell::Text(text) = cell { Some(text) } else { None }))
    } else {
        repeated_pairs(view.cells().map(|cell| key(&cell)))
    };
    pairs.sort_unstable();
    let mut failures = Failures::default();
    for (row, first) in pairs {
        failures.add(|| {
            let value = view.cell(row).unwrap_or(Cell::Null);
            let message = format!("`{value}` is already in row {}", first + 1);
            (places::cell(&table.name, &rows.row(row), column), Failure::new(message))
        });
    }
    failures
}

/// A number that is equal for equal values; the two zeros are equal, and so are NaNs of the same bits.
fn key(cell: &Cell) -> Option<i64> {
    match *cell {
        Cell::Float64(value) => Some((value + 0.0).to_bits().cast_signed()),
        Cell::Float32(value) => Some(i64::from((value + 0.0).to_bits())),
        Cell::Int64(value) | Cell::Timestamp(value) => Some(value),
        Cell::Int32(value) => Some(i64::from(value)),
        Cell::Boolean(value) => Some(i64::from(value)),
        Cell::Null | Cell::Text(_) => None,
    }
}

/// Each row whose key an earlier row has, with the first such row.
fn repeated_pairs<T: Ord>(keys: impl Iterator<Item = Option<T>>) -> Vec<(usize, usize)> {
    let mut sorted: Vec<(T, usize)> = keys.enumerate().filter_map(|(row, key)| Some((key?, row))).collect();
    sorted.sort_unstable();
    let groups = sorted.chunk_by(|(left, _), (right, _)| left == right);
    groups.flat_map(|group| group.iter().skip(1).map(|(_, row)| (*row, group[0].1))).collect()
}
