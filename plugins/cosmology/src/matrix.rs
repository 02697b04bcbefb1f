//! Dense square matrices: what a published covariance needs before it is handed to the host, which checks it.

use std::fmt;

use plugin_api::ModuleError;

use crate::text::{counted, number_lines};

/// A square matrix, row after row.
#[derive(Debug, Clone, PartialEq)]
pub struct SquareMatrix {
    pub(crate) size: usize,
    pub(crate) values: Vec<f64>,
}

/// A matrix read from a file, and the line of each of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct MatrixFile {
    /// The matrix.
    pub matrix: SquareMatrix,
    /// Line of each row in the file.
    pub lines: Vec<u64>,
}

/// Why a matrix has no inverse as a covariance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum NotACovariance {
    /// Elements (`row`, `column`) and (`column`, `row`) differ; both count from 0.
    Asymmetric {
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
    /// The leading block that ends at `row` (from 0) is not positive definite.
    NotPositiveDefinite {
        /// Row.
        row: usize,
    },
}

impl fmt::Display for NotACovariance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asymmetric { row, column } => {
                let (row, column) = (row + 1, column + 1);
                write!(formatter, "elements ({row}, {column}) and ({column}, {row}) differ")
            }
            Self::NotPositiveDefinite { row } => {
                write!(
                    formatter,
                    "not positive definite: the first {} have no Cholesky factor",
                    counted(row + 1, "row")
                )
            }
        }
    }
}

impl SquareMatrix {
    /// A matrix of zeros.
    #[must_use]
    pub fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    /// A matrix with these numbers on the diagonal and zeros elsewhere.
    #[must_use]
    pub fn diagonal(diagonal: &[f64]) -> Self {
        let mut matrix = Self::zeros(diagonal.len());
        for (index, &value) in diagonal.iter().enumerate() {
            matrix.set(index, index, value);
        }
        matrix
    }

    /// Reads `size` lines of `size` numbers, the covariance of `size` measurements.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] when a field is no number or the shape is another.
    pub fn read(role: &str, text: &str, size: usize) -> Result<MatrixFile, ModuleError> {
        let read = number_lines(role, text)?;
        let columns = read.first().map_or(0, |line| line.values.len());
        if read.len() != size || columns != size {
            let message = format!(
                "{} × {} for {}",
                counted(read.len(), "row"),
                counted(columns, "column"),
                counted(size, "measurement")
            );
            let hint = if columns == 1 {
                "a covariance has as many columns as rows; errors without correlations belong into the third column of the mean"
            } else {
                "take mean and covariance from the same release, with the same selection of rows"
            };
            return Err(ModuleError::bad_input(role, message).hint(hint));
        }
        let lines = read.iter().map(|line| line.number).collect();
        let values = read.into_iter().flat_map(|line| line.values).collect();
        Ok(MatrixFile { matrix: Self { size, values }, lines })
    }

    /// Number of rows and of columns.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// Element in `row` and `column`, from 0; 0 outside of the matrix.
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> f64 {
        if column < self.size {
            self.values.get(row * self.size + column).copied().unwrap_or(0.0)
        } else {
            0.0
        }
    }

    /// Sets an element; does nothing outside of the matrix.
    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        if column < self.size
            && let Some(element) = self.values.get_mut(row * self.size + column)
        {
            *element = value;
        }
    }

    /// The rows, first to last.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.size.max(1))
    }

    /// All elements, row after row.
    #[must_use]
    pub fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// Covariance of `y(x)` for this covariance of `x`: `J C Jᵀ`, with `jacobian[i][j] = ∂y_i/∂x_j`.
    ///
    /// The result is symmetric to the last bit; an asymmetry of `self` is averaged away, so check that first.
    #[must_use]
    pub fn propagated(&self, jacobian: &[Vec<f64>]) -> Self {
        let dot = |left: &[f64], right: &[f64]| -> f64 { left.iter().zip(right).map(|(a, b)| a * b).sum() };
        let columns: Vec<Vec<f64>> =
            (0..self.size).map(|column| (0..self.size).map(|row| self.get(row, column)).collect()).collect();
        let half: Vec<Vec<f64>> =
            jacobian.iter().map(|row| columns.iter().map(|column| dot(row, column)).collect()).collect();
        let element = |i: usize, j: usize| -> f64 { dot(&half[i], &jacobian[j]) };
        let mut result = Self::zeros(jacobian.len());
        for i in 0..jacobian.len() {
            for j in 0..=i {
                let value = if i == j { element(i, i) } else { 0.5 * (element(i, j) + element(j, i)) };
                result.set(i, j, value);
                result.set(j, i, value);
            }
        }
        result
    }

    /// The diagonal.
    #[must_use]
    pub fn diagonal_values(&self) -> Vec<f64> {
        (0..self.size).map(|index| self.get(index, index)).collect()
    }

    /// Adds a multiple of another matrix of the same size.
    pub fn add_scaled(&mut self, factor: f64, other: &Self) {
        for (element, added) in self.values.iter_mut().zip(&other.values) {
            *element += factor * added;
        }
    }

    /// Adds to the diagonal.
    pub fn add_to_diagonal(&mut self, variances: &[f64]) {
        for (index, variance) in variances.iter().enumerate() {
            self.set(index, index, self.get(index, index) + variance);
        }
    }

    /// Takes the elements of a square matrix, row after row; `None` when their count is not `size * size`.
    #[must_use]
    pub fn from_values(size: usize, values: Vec<f64>) -> Option<Self> {
        (size.checked_mul(size)? == values.len()).then_some(Self { size, values })
    }

    /// All elements, row after row.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(text: &str, size: usize) -> SquareMatrix {
        SquareMatrix::read("covariance", text, size).unwrap().matrix
    }

    #[test]
    fn a_wrong_shape_is_told_in_rows_columns_and_measurements() {
        let error = SquareMatrix::read("covariance", "1 0\n0 1\n", 3).unwrap_err();
        assert!(error.to_string().ends_with("2 rows × 2 columns for 3 measurements"), "{error}");
        let error = SquareMatrix::read("covariance", "1\n2\n", 2).unwrap_err();
        assert!(error.to_string().ends_with("2 rows × 1 column for 2 measurements"), "{error}");
    }

    #[test]
    fn one_number_is_a_matrix() {
        let file = SquareMatrix::read("covariance", "5.78998687e-03", 1).unwrap();
        assert_eq!((file.matrix.get(0, 0), file.lines), (5.789_986_87e-3, vec![1]));
    }

    #[test]
    fn propagation_is_the_sandwich_product() {
        // y = (x0 + x1, 2 x1): C = [[1, 0.5], [0.5, 4]] gives [[6, 9], [9, 16]].
        let propagated = matrix("1 0.5\n0.5 4\n", 2).propagated(&[vec![1.0, 1.0], vec![0.0, 2.0]]);
        assert_eq!(propagated.into_values(), [6.0, 9.0, 9.0, 16.0]);
    }
}
