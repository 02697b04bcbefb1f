//! Inverts symmetric positive definite matrices: a covariance from its published inverse, and back.

use nalgebra::DMatrix;

use crate::matrix::{NotACovariance, SquareMatrix};

/// Rows that are inverted by an unblocked Cholesky factor. Larger wastes matrix products, smaller their preparation.
const LEAF: usize = 48;

impl SquareMatrix {
    /// The covariance whose inverse this is; symmetric to the last bit.
    ///
    /// Method: halves are inverted one by the other's Schur complement, so that nearly all the work is in matrix
    /// products; 2n³/3 multiplications.
    ///
    /// # Errors
    /// [`NotACovariance`] when this is not symmetric (to a relative 1e-10) or not positive definite.
    pub fn inverted(&self) -> Result<Self, NotACovariance> {
        let size = self.size();
        for row in 0..size {
            for column in 0..row {
                let (lower, upper) = (self.get(row, column), self.get(column, row));
                let scale = (self.get(row, row) * self.get(column, column)).abs().sqrt();
                if (lower - upper).abs() > 1e-10 * scale.max(lower.abs()) {
                    return Err(NotACovariance::Asymmetric { row, column });
                }
            }
        }
        let inverse = inverse(&DMatrix::from_row_slice(size, size, self.values()), 0)?;
        let mut result = Self::zeros(size);
        for row in 0..size {
            for column in 0..=row {
                let mean = 0.5 * (inverse[(row, column)] + inverse[(column, row)]);
                result.set(row, column, mean);
                result.set(column, row, mean);
            }
        }
        Ok(result)
    }
}

/// With the blocks A, B, Bᵀ, D of a matrix, S = D - B A⁻¹ Bᵀ and T = B A⁻¹, its inverse has the blocks A⁻¹ + Tᵀ S⁻¹ T,
/// -S⁻¹ T and S⁻¹ (Banachiewicz). `first` is the row of the whole matrix at which this one begins.
fn inverse(matrix: &DMatrix<f64>, first: usize) -> Result<DMatrix<f64>, NotACovariance> {
    let size = matrix.nrows();
    if size <= LEAF {
        return inverse_of_leaf(matrix, first);
    }
    let half = size / 2;
    let rest = size - half;
    let upper = inverse(&matrix.view((0, 0), (half, half)).into_owned(), first)?;
    let below = matrix.view((half, 0), (rest, half));
    let mut projection = DMatrix::zeros(rest, half);
    projection.gemm(1.0, &below, &upper, 0.0);
    let mut complement = matrix.view((half, half), (rest, rest)).into_owned();
    complement.gemm(-1.0, &projection, &below.transpose(), 1.0);
    let lower = inverse(&complement, first + half)?;

    let mut result = DMatrix::zeros(size, size);
    let mut side = DMatrix::zeros(rest, half);
    side.gemm(-1.0, &lower, &projection, 0.0);
    let mut corner = upper;
    corner.gemm(-1.0, &projection.transpose(), &side, 1.0);
    result.view_mut((0, 0), (half, half)).copy_from(&corner);
    result.view_mut((half, 0), (rest, half)).copy_from(&side);
    result.view_mut((0, half), (half, rest)).copy_from(&side.transpose());
    result.view_mut((half, half), (rest, rest)).copy_from(&lower);
    Ok(result)
}

/// By Cholesky factor; only the lower triangle is read.
fn inverse_of_leaf(matrix: &DMatrix<f64>, first: usize) -> Result<DMatrix<f64>, NotACovariance> {
    let size = matrix.nrows();
    let mut factor = DMatrix::<f64>::zeros(size, size);
    for row in 0..size {
        for column in 0..=row {
            let known: f64 = (0..column).map(|k| factor[(row, k)] * factor[(column, k)]).sum();
            let rest = matrix[(row, column)] - known;
            if row == column {
                // Written so that NaN is refused as well.
                if rest.is_nan() || rest <= 0.0 {
                    return Err(NotACovariance::NotPositiveDefinite { row: first + row });
                }
                factor[(row, row)] = rest.sqrt();
            } else {
                factor[(row, column)] = rest / factor[(column, column)];
            }
        }
    }
    // Columns of L⁻¹ by forward substitution; the inverse is L⁻ᵀ L⁻¹.
    let mut inverse_factor = DMatrix::<f64>::zeros(size, size);
    for column in 0..size {
        for row in column..size {
            let unit = if row == column { 1.0 } else { 0.0 };
            let known: f64 = (column..row).map(|k| factor[(row, k)] * inverse_factor[(k, column)]).sum();
            inverse_factor[(row, column)] = (unit - known) / factor[(row, row)];
        }
    }
    Ok(inverse_factor.transpose() * inverse_factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(text: &str, size: usize) -> SquareMatrix {
        SquareMatrix::read("covariance", text, size).unwrap().matrix
    }

    /// Correlations that fall with the distance of the rows, on errors that differ: like a covariance in redshift.
    #[expect(clippy::cast_precision_loss, reason = "row numbers are small")]
    fn covariance(size: usize) -> SquareMatrix {
        let mut result = SquareMatrix::zeros(size);
        for row in 0..size {
            for column in 0..size {
                let distance = row.abs_diff(column) as f64;
                let errors = (1.0 + (row % 7) as f64) * (1.0 + (column % 7) as f64);
                let noise = if row == column { 0.3 } else { 0.0 };
                result.set(row, column, 0.01 * errors * ((-distance / 40.0).exp() + noise));
            }
        }
        result
    }

    #[test]
    fn the_inverse_of_the_inverse_is_the_matrix() {
        let given = matrix("4 1 0.5\n1 3 -0.25\n0.5 -0.25 2\n", 3);
        let back = given.inverted().unwrap().inverted().unwrap();
        for (left, right) in given.into_values().into_iter().zip(back.into_values()) {
            assert!((left - right).abs() < 1e-14);
        }
    }

    #[test]
    fn the_product_with_the_inverse_is_one_across_block_borders() {
        for size in [1, LEAF, LEAF + 1, 2 * LEAF + 1, 301] {
            let given = covariance(size);
            let inverse = given.inverted().unwrap();
            let dense = |matrix: &SquareMatrix| DMatrix::from_row_slice(size, size, matrix.values());
            let error = (dense(&given) * dense(&inverse) - DMatrix::identity(size, size)).amax();
            assert!(error < 1e-12, "size {size}: {error:e}");
        }
    }

    #[test]
    fn what_is_no_covariance_is_not_inverted() {
        assert_eq!(
            matrix("1 0.5\n-0.5 1\n", 2).inverted(),
            Err(NotACovariance::Asymmetric { row: 1, column: 0 })
        );
        assert_eq!(matrix("1 5\n5 1\n", 2).inverted(), Err(NotACovariance::NotPositiveDefinite { row: 1 }));
        assert_eq!(matrix("-1 0\n0 1\n", 2).inverted(), Err(NotACovariance::NotPositiveDefinite { row: 0 }));
        for bad in [0, LEAF, 150, 200] {
            let mut wrong = covariance(201);
            wrong.set(bad, bad, f64::NAN);
            assert_eq!(wrong.inverted(), Err(NotACovariance::NotPositiveDefinite { row: bad }));
            wrong.set(bad, bad, -1.0);
            assert_eq!(wrong.inverted(), Err(NotACovariance::NotPositiveDefinite { row: bad }));
        }
    }
}
