//! What a derivation returns is what the description promises.

use std::collections::BTreeSet;

use super::run::{Drained, Listener, Outcome};
use super::{Faults, Suite};
use crate::derived::{Matrix, Report, Severity};
use crate::table::Values;
use crate::{Column, ColumnContract, MatrixContract, TableContract};

/// Every example derives, keeps the contract of its output to the last value, and gives rise to no error.
#[must_use]
pub fn examples_keep_the_contract(suite: &Suite) -> Faults {
    if suite.examples.is_empty() {
        return vec![
            "no dataset is embedded, so nothing can be tried: give an example to `conformance!`".to_owned(),
        ];
    }
    let mut faults = Faults::new();
    for example in &suite.examples {
        let found = match suite.run(example, &Listener::patient()) {
            Err(error) => vec![error.to_string()],
            Ok(outcome) => {
                let structure = structure(suite, &outcome);
                let values = if structure.is_empty() { values(suite, &outcome) } else { Faults::new() };
                let findings = outcome.report.findings.iter();
                let errors = findings.filter(|finding| finding.severity == Severity::Error);
                let errors = errors.map(|finding| format!("finding `{}`: {}", finding.code, finding.message));
                structure.into_iter().chain(values).chain(errors).collect()
            }
        };
        let inspected = suite.inspect(example, &Listener::patient());
        let inspection = inspected.err().map(|error| format!("inspection: {error}"));
        let all = found.iter().chain(&inspection);
        faults.extend(all.map(|fault| format!("example `{}`: {fault}", example.name)));
    }
    faults
}

/// What holds of every result, even of damaged inputs: names, types, lengths and sizes.
pub(super) fn structure(suite: &Suite, outcome: &Outcome) -> Faults {
    let output = &outcome.report.output;
    let Some(contract) = suite.descriptor.outputs.get(output) else {
        return vec![format!("output `{output}` is not in the description")];
    };
    let mut faults = Faults::new();
    // JSON knows neither NaN nor infinity: a report with one of them would be refused on the other side.
    let crossed = serde_json::to_string(&outcome.report).map(|text| serde_json::from_str::<Report>(&text));
    if let Err(error) | Ok(Err(error)) = crossed {
        faults.push(format!("the report does not survive JSON: {error}"));
    }
    for promised in &contract.tables {
        let found = outcome.tables.iter().filter(|table| table.name == promised.name).count();
        if found != 1 {
            faults.push(format!("table `{}` is there {found} times", promised.name));
        }
    }
    for table in &outcome.tables {
        match suite.promised(output, &table.name) {
            Some(promised) => {
                let found = columns(promised, table).into_iter().chain(batches(table));
                faults.extend(found.map(|fault| format!("table `{}`: {fault}", table.name)));
            }
            None => faults.push(format!("table `{}` is not in the contract", table.name)),
        }
    }
    for promised in contract.matrices.iter().filter(|promised| promised.required) {
        if outcome.matrix(&promised.name).is_none() {
            faults.push(format!("matrix `{}` is missing", promised.name));
        }
    }
    for matrix in &outcome.matrices {
        let name = &matrix.name;
        let Some(promised) = contract.matrices.iter().find(|promised| promised.name == *name) else {
            faults.push(format!("matrix `{name}` is not in the contract"));
            continue;
        };
        let rows = outcome.table(&promised.rows_of).map(Drained::rows);
        if rows != Some(matrix.size) || matrix.values.len() != matrix.size * matrix.size {
            faults.push(format!(
                "matrix `{name}` has size {} and {} elements, but table `{}` has {} rows",
                matrix.size,
                matrix.values.len(),
                promised.rows_of,
                rows.unwrap_or_default()
            ));
        }
    }
    faults
}

fn columns(promised: &TableContract, table: &Drained) -> Faults {
    let mut faults = Faults::new();
    for column in &promised.columns {
        let mut found = table.fields.iter().filter(|field| field.name == column.name);
        match (found.next(), found.next()) {
            (None, _) if column.required => faults.push(format!("column `{}` is missing", column.name)),
            (Some(_), Some(_)) => faults.push(format!("column `{}` is there twice", column.name)),
            (Some(field), None) if field.kind != column.kind => faults
                .push(format!("column `{}` is {:?}, promised is {:?}", column.name, field.kind, column.kind)),
            _ => {}
        }
    }
    let position = |name: &str| promised.columns.iter().position(|column| column.name == name);
    for field in table.fields.iter().filter(|field| position(&field.name).is_none()) {
        faults.push(format!("column `{}` is not in the contract", field.name));
    }
    if !table.fields.iter().filter_map(|field| position(&field.name)).is_sorted() {
        faults.push("its columns are in another order than in the contract".to_owned());
    }
    faults
}

fn batches(table: &Drained) -> Faults {
    let fits = |batch: &Vec<Column>| {
        let length = batch.first().map_or(0, Column::len);
        let whole = |column: &Column| {
            column.len() == length && column.validity.as_ref().is_none_or(|validity| validity.len() == length)
        };
        batch.len() == table.fields.len()
            && batch.iter().zip(&table.fields).all(|(column, field)| column.kind() == field.kind)
            && batch.iter().all(whole)
    };
    let misfits = table.batches.iter().enumerate().filter(|(_, batch)| !fits(batch));
    misfits.map(|(index, _)| format!("the columns of batch {index} differ in length or type")).collect()
}

/// Limits, nulls, identities and covariances; only for a result whose structure is right.
pub(super) fn values(suite: &Suite, outcome: &Outcome) -> Faults {
    let Some(contract) = suite.descriptor.outputs.get(&outcome.report.output) else { return Faults::new() };
    let mut faults = Faults::new();
    for promised in &contract.tables {
        let Some(table) = outcome.table(&promised.name) else { continue };
        if (table.rows() as u64) < promised.minimum_rows {
            faults.push(format!("table `{}` has only {} rows", table.name, table.rows()));
        }
        for column in &promised.columns {
            let is_identity = promised.row_id.as_ref() == Some(&column.name);
            let found = column_values(table, column, is_identity).into_iter();
            let place = format!("table `{}`, column `{}`", table.name, column.name);
            faults.extend(found.map(|fault| format!("{place}: {fault}")));
        }
    }
    for promised in &contract.matrices {
        if let (Some(matrix), Some(table)) =
            (outcome.matrix(&promised.name), outcome.table(&promised.rows_of))
        {
            let found = matrix_values(promised, matrix, table);
            faults.extend(found.map(|fault| format!("matrix `{}`: {fault}", matrix.name)));
        }
    }
    faults
}

/// Calls `number` for each number and `text` for each text that is not null; returns how many nulls there were.
fn visit<'t>(
    table: &'t Drained,
    name: &str,
    mut number: impl FnMut(f64),
    mut text: impl FnMut(&'t str),
) -> usize {
    let Some((_, pieces)) = table.column(name) else { return 0 };
    let mut nulls = 0;
    for piece in pieces {
        for index in 0..piece.len() {
            if piece.validity.as_ref().is_some_and(|validity| !validity[index]) {
                nulls += 1;
                continue;
            }
            match &piece.values {
                Values::Float64(values) => number(values[index]),
                Values::Float32(values) => number(values[index].into()),
                #[expect(clippy::cast_precision_loss, reason = "compared with limits only")]
                Values::Int64(values) | Values::Timestamp(values) => number(values[index] as f64),
                Values::Int32(values) => number(values[index].into()),
                Values::Utf8(values) => text(&values[index]),
                Values::Boolean(_) => {}
            }
        }
    }
    nulls
}

fn column_values(table: &Drained, column: &ColumnContract, is_identity: bool) -> BTreeSet<String> {
    let mut faults = BTreeSet::new();
    let mut seen = BTreeSet::new();
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    let nulls = visit(table, &column.name, |number| numbers.push(number), |text| texts.push(text));
    for number in numbers {
        let beyond = column.minimum.is_some_and(|minimum| number < minimum)
            || column.maximum.is_some_and(|maximum| number > maximum)
            || column.greater_than.is_some_and(|bound| number <= bound);
        if beyond || (column.finite && !number.is_finite()) {
            faults.insert(format!("{number} is outside of the promised range"));
        }
        if column.unique && !seen.insert(number.to_string()) {
            faults.insert(format!("{number} occurs twice"));
        }
    }
    for text in texts {
        if !column.allowed.is_empty() && !column.allowed.iter().any(|allowed| allowed == text) {
            faults.insert(format!("`{text}` is not among the allowed texts"));
        }
        if is_identity && text.is_empty() {
            faults.insert("a row has no name".to_owned());
        }
        if (column.unique || is_identity) && !seen.insert(text.to_owned()) {
            faults.insert(format!("`{text}` occurs twice"));
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows far below 2^53")]
    let (nulls, rows) = (nulls as f64, table.rows() as f64);
    if nulls > column.null_fraction * rows || (is_identity && nulls > 0.0) {
        faults.insert(format!("{nulls} of {rows} are null"));
    }
    faults
}

fn matrix_values(
    promised: &MatrixContract,
    matrix: &Matrix,
    table: &Drained,
) -> impl Iterator<Item = String> {
    let size = matrix.size;
    let at = |row: usize, column: usize| matrix.values[row * size + column];
    let close = |left: f64, right: f64, tolerance: f64| {
        (left - right).abs() <= tolerance * left.abs().max(right.abs())
    };
    let pairs = || (0..size).flat_map(|row| (0..row).map(move |column| (row, column)));
    let symmetric = pairs().all(|(row, column)| close(at(row, column), at(column, row), 1e-10));
    let mut diagonal = Vec::new();
    if let Some(name) = &promised.diagonal_is_square_of {
        visit(table, name, |number| diagonal.push(number), |_| {});
    }
    let squares = (0..).zip(&diagonal).all(|(row, error)| close(at(row, row), error * error, 1e-8));
    [
        (matrix.values.iter().all(|value| value.is_finite()), "an element is not finite"),
        (!promised.symmetric || symmetric, "it is not symmetric"),
        (!promised.positive_definite || has_cholesky_factor(matrix), "it is not positive definite"),
        (squares, "its diagonal is not the square of the uncertainties"),
    ]
    .into_iter()
    .filter(|(holds, _)| !holds)
    .map(|(_, what)| what.to_owned())
}

fn has_cholesky_factor(matrix: &Matrix) -> bool {
    let size = matrix.size;
    let mut factor = vec![0.0; size * size];
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[row * size + k] * factor[column * size + k]).sum();
            let rest: f64 = matrix.values[row * size + column] - known;
            if row == column && (rest.is_nan() || rest <= 0.0) {
                return false;
            }
            factor[row * size + column] =
                if row == column { rest.sqrt() } else { rest / factor[column * size + column] };
        }
    }
    true
}
