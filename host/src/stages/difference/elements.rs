//! Elements of matrices that differ, on the rows of both.

use std::collections::BTreeMap;

use super::rows::{Pairing, same_number};
use super::{ElementChange, MatrixDifference, Side};
use crate::dataset::SquareMatrix;

pub(super) fn matrix_difference(
    a: Side,
    b: Side,
    name: &str,
    pairings: &BTreeMap<&str, Pairing>,
) -> MatrixDifference {
    let mut found = MatrixDifference {
        matrix: name.to_owned(),
        rows_in_a: a.1.matrix(name).map_or(0, |matrix| matrix.size),
        rows_in_b: b.1.matrix(name).map_or(0, |matrix| matrix.size),
        common: 0,
        changed: 0,
        largest_absolute: None,
        largest_relative: None,
    };
    let rows_of =
        |side: Side| Some(side.1.contract.matrices.iter().find(|one| one.name == name)?.rows_of.clone());
    let pairing = rows_of(a).or_else(|| rows_of(b)).and_then(|table| pairings.get(table.as_str()));
    let (Some(matrix_a), Some(matrix_b), Some(pairing)) = (a.1.matrix(name), b.1.matrix(name), pairing)
    else {
        return found;
    };
    let (rows_a, rows_b): (Vec<&[f64]>, Vec<&[f64]>) = (matrix_a.rows().collect(), matrix_b.rows().collect());
    let inside = |(one, other): &&(usize, usize)| *one < rows_a.len() && *other < rows_b.len();
    let common: Vec<(usize, usize)> = pairing.common.iter().filter(inside).copied().collect();
    found.common = common.len();
    let errors = errors(matrix_a);
    for (row_a, row_b) in &common {
        for (column_a, column_b) in &common {
            let (one, other) = (rows_a[*row_a][*column_a], rows_b[*row_b][*column_b]);
            if same_number(one, other) {
                continue;
            }
            found.changed += 1;
            let consider = |largest: &mut Option<ElementChange>, change: f64| {
                if change.is_finite() && largest.as_ref().is_none_or(|most| change.abs() > most.change.abs())
                {
                    let rows =
                        [*row_a, *column_a].map(|row| pairing.rows_a.get(row).cloned().unwrap_or_default());
                    *largest = Some(ElementChange { rows, a: one, b: other, change });
                }
            };
            consider(&mut found.largest_absolute, other - one);
            consider(&mut found.largest_relative, (other - one) / errors[*row_a] / errors[*column_a]);
        }
    }
    found
}

fn errors(matrix: &SquareMatrix) -> Vec<f64> {
    matrix.rows().enumerate().map(|(row, elements)| elements[row].sqrt()).collect()
}

impl MatrixDifference {
    pub(super) fn is_one(&self) -> bool {
        self.changed > 0 || self.rows_in_a != self.rows_in_b
    }
}
