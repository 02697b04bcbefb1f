//! Matrices: shape, finite, symmetric, diagonal, correlations, and only then a decomposition.

use nalgebra::DMatrix;
use plugin_api::{ColumnKind, MatrixContract};

use super::places::{self, Rows};
use super::verdict::{Failure, Failures, Verdict, Worst};
use super::{Options, cholesky};
use crate::dataset::{Dataset, SquareMatrix};

/// How far a correlation may exceed 1 by rounding.
const CORRELATION_SLACK: f64 = 1e-12;

/// Rows and columns compared with their mirror image at once, so that both stay in the cache.
const TILE: usize = 64;

const SWITCHED_OFF: &str = "switched off by the configuration";

pub(super) fn check(dataset: &Dataset, options: &Options, verdict: &mut Verdict) {
    for contract in &dataset.contract.matrices {
        let found = dataset.matrices.iter().filter(|matrix| matrix.name == contract.name).count();
        let place = places::matrix(&contract.name);
        match (dataset.matrix(&contract.name), found) {
            (Some(matrix), 1) => {
                verdict.pass("matrix.present", place, "present");
                check_matrix(dataset, contract, matrix, options, verdict);
            }
            (None, _) if contract.required => verdict.fail("matrix.present", place, Failure::new("missing")),
            // Nothing was promised.
            (None, _) => {}
            (Some(_), _) => {
                verdict.fail("matrix.present", place, Failure::new(format!("occurs {found} times")));
            }
        }
    }
    for matrix in &dataset.matrices {
        if !dataset.contract.matrices.iter().any(|contract| contract.name == matrix.name) {
            let failure = Failure::new("the contract does not name this matrix, so nothing in it is checked");
            verdict.warn("matrix.unexpected", places::matrix(&matrix.name), failure);
        }
    }
}

/// A matrix whose shape and finite elements are known to be right.
struct Subject<'a> {
    contract: &'a MatrixContract,
    rows: &'a Rows<'a>,
    size: usize,
    values: &'a [f64],
    /// Square roots of the absolute diagonal: the natural scale of a row.
    scales: Vec<f64>,
}

impl Subject<'_> {
    fn name(&self) -> &str {
        &self.contract.name
    }

    fn whole(&self) -> String {
        places::matrix(&self.contract.name)
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.size + column]
    }
}

fn check_matrix(
    dataset: &Dataset,
    contract: &MatrixContract,
    matrix: &SquareMatrix,
    options: &Options,
    verdict: &mut Verdict,
) {
    let table_contract = dataset.contract.tables.iter().find(|table| table.name == contract.rows_of);
    let rows = Rows::of(table_contract, dataset.table(&contract.rows_of));
    let usable = check_shape(dataset, contract, matrix, verdict) && check_finite(matrix, &rows, verdict);
    let stopped = match (options.matrix_checks, usable) {
        (true, true) => None,
        (false, _) => Some(SWITCHED_OFF),
        (true, false) => Some("needs a matrix of the right shape with finite elements"),
    };
    if let Some(why) = stopped {
        for code in codes(contract) {
            verdict.not_run(code, places::matrix(&contract.name), why);
        }
        return;
    }
    let size = matrix.size;
    let values: &[f64] = &matrix.values;
    let scales = (0..size).map(|row| values[row * size + row].abs().sqrt()).collect();
    let subject = Subject { contract, rows: &rows, size, values, scales };
    let mut sound = true;
    if contract.symmetric || contract.positive_definite {
        sound &= check_symmetric(&subject, options.symmetry_tolerance(), verdict);
    }
    if contract.positive_definite {
        sound &= check_diagonal_positive(&subject, verdict);
    }
    if let Some(column) = &contract.diagonal_is_square_of {
        check_diagonal(dataset, &subject, column, options.diagonal_tolerance(), verdict);
    }
    if contract.positive_definite {
        if sound {
            check_correlation(&subject, verdict);
            check_positive_definite(&subject, verdict);
        } else {
            let why = "needs a symmetric matrix with a positive diagonal";
            verdict.not_run("matrix.correlation", subject.whole(), why);
            verdict.not_run("matrix.positive-definite", subject.whole(), why);
        }
    }
}

/// The checks that a contract asks for beyond shape and finite elements.
fn codes(contract: &MatrixContract) -> impl Iterator<Item = &'static str> {
    let definite = contract.positive_definite;
    [
        ("matrix.symmetric", contract.symmetric || definite),
        ("matrix.diagonal-positive", definite),
        ("matrix.diagonal", contract.diagonal_is_square_of.is_some()),
        ("matrix.correlation", definite),
        ("matrix.positive-definite", definite),
    ]
    .into_iter()
    .filter_map(|(code, wanted)| wanted.then_some(code))
}

fn check_shape(
    dataset: &Dataset,
    contract: &MatrixContract,
    matrix: &SquareMatrix,
    verdict: &mut Verdict,
) -> bool {
    let (size, elements) = (matrix.size, matrix.values.len());
    let place = places::matrix(&contract.name);
    let Some(table) = dataset.table(&contract.rows_of) else {
        let message = format!("table `{}`, whose rows it belongs to, is missing", contract.rows_of);
        verdict.fail("matrix.shape", place, Failure::new(message));
        return false;
    };
    let rows = table.rows();
    let message = if size.checked_mul(size) != Some(elements) {
        format!("{size} rows and columns need another number of elements than {elements}")
    } else if size != rows {
        format!("{size} rows and columns, table `{}` has {rows} rows", table.name)
    } else if size == 0 {
        "it is empty".to_owned()
    } else {
        verdict.pass("matrix.shape", place, format!("{size} rows and columns, as table `{}`", table.name));
        return true;
    };
    #[expect(clippy::cast_precision_loss, reason = "numbers of rows far below 2^53, for a report")]
    let failure = Failure::new(message).numbers(size as f64, rows as f64);
    verdict.fail("matrix.shape", place, failure.hint("check that both inputs belong to the same release"));
    false
}

fn check_finite(matrix: &SquareMatrix, rows: &Rows, verdict: &mut Verdict) -> bool {
    let mut failures = Failures::default();
    // Whole blocks at once, which a processor does several elements at a time, before looking for the place.
    let finite = |block: &[f64]| block.iter().fold(true, |finite, value| finite & value.is_finite());
    let sound = matrix.values.chunks(256).all(finite);
    let suspects: &[f64] = if sound { &[] } else { &matrix.values };
    for (index, value) in suspects.iter().enumerate().filter(|(_, value)| !value.is_finite()) {
        failures.add(|| {
            let place = places::element(&matrix.name, rows, index / matrix.size, index % matrix.size);
            (place, Failure::new(format!("{value} is not a finite number")))
        });
    }
    let passed = format!("{} elements are finite", matrix.values.len());
    let whole = places::matrix(&matrix.name);
    verdict.conclude("matrix.finite", &whole, failures, &passed, "correct the element in the input");
    sound
}

fn check_symmetric(subject: &Subject, tolerance: f64, verdict: &mut Verdict) -> bool {
    let size = subject.size;
    let relative = |row: usize, column: usize| {
        let (one, other) = (subject.at(row, column), subject.at(column, row));
        let difference = (one - other).abs();
        if difference == 0.0 {
            // Minus zero and zero.
            return 0.0;
        }
        let scale = subject.scales[row] * subject.scales[column];
        difference / if scale > 0.0 { scale } else { one.abs().max(other.abs()) }
    };
    let mut worst = Worst::default();
    for first in (0..size).step_by(TILE) {
        for second in (first..size).step_by(TILE) {
            for row in first..size.min(first + TILE) {
                for column in second.max(row + 1)..size.min(second + TILE) {
                    if subject.at(row, column).to_bits() == subject.at(column, row).to_bits() {
                        continue;
                    }
                    let measure = relative(row, column);
                    if !matches!(measure.partial_cmp(&tolerance), Some(order) if order.is_le()) {
                        worst.add(measure, row, column);
                    }
                }
            }
        }
    }
    let failures = worst.into_failures(|measure, row, column| {
        let (one, other) = (subject.at(row, column), subject.at(column, row));
        let message =
            format!("{one:?}, and its mirror image is {other:?}: they differ by {measure:.3e} of the scale");
        (
            places::element(subject.name(), subject.rows, row, column),
            Failure::new(message).numbers(measure, tolerance),
        )
    });
    let symmetric = failures.is_empty();
    let passed = format!("symmetric to {tolerance:e}");
    let hint = "compare both elements with the publication: one of them was changed or misread";
    verdict.conclude("matrix.symmetric", &subject.whole(), failures, &passed, hint);
    symmetric
}

fn check_diagonal_positive(subject: &Subject, verdict: &mut Verdict) -> bool {
    let mut failures = Failures::default();
    for row in 0..subject.size {
        let value = subject.at(row, row);
        if value <= 0.0 {
            failures.add(|| {
                let message = format!("the diagonal element is {value:?}, it must be larger than 0");
                (
                    places::matrix_row(subject.name(), subject.rows, row),
                    Failure::new(message).numbers(value, 0.0),
                )
            });
        }
    }
    let positive = failures.is_empty();
    let passed = format!("{} diagonal elements are positive", subject.size);
    verdict.conclude(
        "matrix.diagonal-positive",
        &subject.whole(),
        failures,
        &passed,
        "correct the element in the input",
    );
    positive
}

fn check_diagonal(dataset: &Dataset, subject: &Subject, column: &str, tolerance: f64, verdict: &mut Verdict) {
    let table = dataset.table(&subject.contract.rows_of);
    let view = table.and_then(|table| table.column(column));
    let float = |kind| matches!(kind, ColumnKind::Float64 | ColumnKind::Float32);
    let Some(view) = view.filter(|view| float(view.kind()) && view.len() == subject.size) else {
        let message = format!("the diagonal should be the square of column `{column}`, which cannot be read");
        verdict.fail("matrix.diagonal", subject.whole(), Failure::new(message));
        return;
    };
    let mut failures = Failures::default();
    for (row, cell) in view.cells().enumerate() {
        let diagonal = subject.at(row, row);
        let number = cell.number().unwrap_or(f64::NAN);
        let square = number * number;
        let measure = (diagonal - square).abs() / diagonal.abs().max(square);
        // Both zero: 0/0 is no number, and no difference either.
        let same = diagonal.to_bits() == square.to_bits() || (square.is_finite() && measure <= tolerance);
        if !same {
            failures.add(|| {
                let message = format!(
                    "the diagonal element is {diagonal:?}, column `{column}` squared is {square:?}{}",
                    confusion(diagonal, number)
                );
                let place = places::matrix_row(subject.name(), subject.rows, row);
                (place, Failure::new(message).numbers(measure, tolerance))
            });
        }
    }
    let passed = format!("the diagonal is the square of column `{column}` to {tolerance:e}");
    let hint = "check that rows and matrix are in the same order and that the diagonal holds squares";
    verdict.conclude("matrix.diagonal", &subject.whole(), failures, &passed, hint);
}

/// The commonest reason, when the numbers show it.
fn confusion(diagonal: f64, number: f64) -> &'static str {
    if (diagonal - number).abs() <= 1e-8 * number.abs() { ": the diagonal is not squared" } else { "" }
}

fn check_correlation(subject: &Subject, verdict: &mut Verdict) {
    let scales = &subject.scales;
    let mut worst = Worst::default();
    for (row, elements) in subject.values.chunks_exact(subject.size).enumerate() {
        let largest = scales[row] * (1.0 + CORRELATION_SLACK);
        for (column, (element, scale)) in elements.iter().zip(scales).enumerate().skip(row + 1) {
            if element.abs() > largest * scale {
                worst.add((element / scales[row] / scale).abs(), row, column);
            }
        }
    }
    let failures = worst.into_failures(|measure, row, column| {
        let message = format!(
            "{:?} makes a correlation of size {measure:?}, it cannot be larger than 1",
            subject.at(row, column)
        );
        (
            places::element(subject.name(), subject.rows, row, column),
            Failure::new(message).numbers(measure, 1.0),
        )
    });
    let hint = "check this element and the two diagonal elements in the input";
    verdict.conclude(
        "matrix.correlation",
        &subject.whole(),
        failures,
        "every correlation is within -1 and 1",
        hint,
    );
}

/// Scaled to unit diagonal, a pivot is the part of a row's variance that the rows before it leave unexplained, so it
/// means the same in every unit and can be held against the rounding of the arithmetic.
fn check_positive_definite(subject: &Subject, verdict: &mut Verdict) {
    let Subject { size, values, scales, .. } = subject;
    let size = *size;
    let mut scaled = DMatrix::zeros(size, size);
    let mut norm = 0.0_f64;
    let inverse: Vec<f64> = scales.iter().map(|scale| scale.recip()).collect();
    let columns = scaled.as_mut_slice().chunks_exact_mut(size);
    for ((column, elements), scale) in columns.zip(values.chunks_exact(size)).zip(&inverse) {
        for ((target, element), other) in column.iter_mut().zip(elements).zip(&inverse) {
            *target = element * other * scale;
        }
        norm = norm.max(column.iter().map(|value| value.abs()).sum());
    }
    #[expect(clippy::cast_precision_loss, reason = "a number of rows is far below 2^53")]
    let floor = size as f64 * f64::EPSILON;
    match cholesky::factor(scaled, floor) {
        Ok(factor) => {
            verdict.pass("matrix.positive-definite", subject.whole(), "a Cholesky factor exists");
            let condition = 1.0 / (norm * cholesky::inverse_norm(&factor));
            let message = format!("reciprocal condition about {condition:.1e}, scaled to unit diagonal");
            verdict.note("matrix.condition", subject.whole(), condition, message);
        }
        Err(pivot) => {
            let eigenvalue = cholesky::smallest_eigenvalue(size, values)
                .map(|value| format!("; its smallest eigenvalue is {value:e}"))
                .unwrap_or_default();
            let message = format!(
                "not positive definite: scaled to unit diagonal, this row's pivot is {:e}, it must be larger than {floor:.1e}{eigenvalue}",
                pivot.value
            );
            let place = places::matrix_row(subject.name(), subject.rows, pivot.row);
            let hint = "this row contradicts the rows before it, or repeats them: compare its elements with the publication";
            verdict.fail(
                "matrix.positive-definite",
                place,
                Failure::new(message).numbers(pivot.value, floor).hint(hint),
            );
        }
    }
}
