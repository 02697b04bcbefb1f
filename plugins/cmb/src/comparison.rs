//! Compares two covariances as people read them: standard errors and correlations.

use cosmology::matrix::SquareMatrix;

use crate::quantity::Quantity;

/// How far two may differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Tolerance {
    /// Ratio of standard errors minus 1.
    pub(crate) relative_error: f64,
    /// Difference of correlations.
    pub(crate) correlation: f64,
}

/// An element that differs; on the diagonal it is the standard error, elsewhere the correlation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Difference {
    pub(crate) row: usize,
    pub(crate) column: usize,
    quantities: (Quantity, Quantity),
    pub(crate) found: f64,
    pub(crate) expected: f64,
}

impl Difference {
    pub(crate) fn place(&self) -> String {
        format!("matrix `covariance`, element ({}, {})", self.row + 1, self.column + 1)
    }

    pub(crate) fn found_message(&self) -> String {
        let (left, right) = self.quantities;
        if self.row == self.column {
            format!("the standard error of {left} is {:.3e}", self.found)
        } else {
            format!("the correlation of {right} and {left} is {:.4}", self.found)
        }
    }

    pub(crate) fn expected_text(&self) -> String {
        if self.row == self.column {
            format!("{:.3e}", self.expected)
        } else {
            format!("{:.4}", self.expected)
        }
    }
}

/// The elements of the lower triangle in which `found` differs from `expected`.
pub(crate) fn differences(
    found: &SquareMatrix,
    expected: &SquareMatrix,
    quantities: &[Quantity],
    tolerance: Tolerance,
) -> Vec<Difference> {
    let sigma = |matrix: &SquareMatrix, index: usize| matrix.get(index, index).sqrt();
    let correlation = |matrix: &SquareMatrix, row: usize, column: usize| {
        matrix.get(row, column) / (sigma(matrix, row) * sigma(matrix, column))
    };
    let mut differences = Vec::new();
    for (row, left) in quantities.iter().enumerate() {
        for (column, right) in quantities.iter().enumerate().take(row + 1) {
            let (found, expected, agree) = if row == column {
                let (found, expected) = (sigma(found, row), sigma(expected, row));
                (found, expected, (found / expected - 1.0).abs() <= tolerance.relative_error)
            } else {
                let (found, expected) = (correlation(found, row, column), correlation(expected, row, column));
                (found, expected, (found - expected).abs() <= tolerance.correlation)
            };
            // NaN, of a negative variance, agrees with nothing.
            if !agree {
                differences.push(Difference { row, column, quantities: (*left, *right), found, expected });
            }
        }
    }
    differences
}
