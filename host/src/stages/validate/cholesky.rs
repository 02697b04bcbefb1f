//! Numerical linear algebra of symmetric matrices: Cholesky factor, condition, smallest eigenvalue.
//!
//! Invariant: callers pass square matrices of finite elements; nothing here looks at names or tolerances.

use std::cmp::Ordering;

use nalgebra::{DMatrix, DMatrixViewMut, DVector, SymmetricEigen};

/// Columns that one product with everything to their left brings up to date. Narrower wastes the product, wider the
/// cache.
const BLOCK: usize = 96;

/// Columns factored one by one.
const STRIP: usize = 12;

/// Largest matrix whose eigenvalues are worth the wait.
const LARGEST_EIGENPROBLEM: usize = 500;

/// A row that leaves no positive remainder after the rows before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::stages) struct Pivot {
    pub(super) row: usize,
    pub(super) value: f64,
}

/// The lower Cholesky factor of a symmetric matrix, of which only the lower triangle is read; what is above the
/// diagonal of the result means nothing. A pivot must be larger than `floor`.
///
/// Method: left-looking by blocks of columns, so nearly all the work is in matrix products. O(n³/3) time.
pub(in crate::stages) fn factor(mut matrix: DMatrix<f64>, floor: f64) -> Result<DMatrix<f64>, Pivot> {
    let size = matrix.nrows();
    for start in (0..size).step_by(BLOCK) {
        let width = BLOCK.min(size - start);
        let (done, mut block) = matrix.columns_range_pair_mut(..start, start..start + width);
        let (done, mut block) = (done.rows(start, size - start), block.rows_mut(start, size - start));
        if start > 0 {
            block.gemm(-1.0, &done, &done.rows(0, width).transpose(), 1.0);
        }
        factor_columns(&mut block, floor).map_err(|pivot| Pivot { row: start + pivot.row, ..pivot })?;
    }
    Ok(matrix)
}

/// Factors the first columns of what is left of a matrix: the left half, then the right half without its share.
fn factor_columns(block: &mut DMatrixViewMut<f64>, floor: f64) -> Result<(), Pivot> {
    let (height, width) = block.shape();
    if width <= STRIP {
        return factor_strip(block, floor);
    }
    let half = width / 2;
    let (mut left, mut right) = block.columns_range_pair_mut(..half, half..);
    factor_columns(&mut left, floor)?;
    let left = left.rows(half, height - half);
    let mut right = right.rows_mut(half, height - half);
    right.gemm(-1.0, &left, &left.rows(0, width - half).transpose(), 1.0);
    factor_columns(&mut right, floor).map_err(|pivot| Pivot { row: half + pivot.row, ..pivot })
}

fn factor_strip(strip: &mut DMatrixViewMut<f64>, floor: f64) -> Result<(), Pivot> {
    let (height, width) = strip.shape();
    for column in 0..width {
        let below = height - column;
        for previous in 0..column {
            let factor = strip[(column, previous)];
            let (from, mut to) = strip.columns_range_pair_mut(previous, column);
            to.rows_mut(column, below).axpy(-factor, &from.rows(column, below), 1.0);
        }
        let pivot = strip[(column, column)];
        // Also true of a pivot that is no number.
        if !matches!(pivot.partial_cmp(&floor), Some(Ordering::Greater)) {
            return Err(Pivot { row: column, value: pivot });
        }
        strip.view_mut((column, column), (below, 1)).scale_mut(pivot.sqrt().recip());
    }
    Ok(())
}

/// Estimates the largest absolute column sum of the inverse from the Cholesky factor.
///
/// Method: Hager, SIAM J. Sci. Stat. Comput. 5 (1984) 311, algorithm for the 1-norm; a lower bound, hardly ever more
/// than a factor of 3 off. O(n²) time.
pub(super) fn inverse_norm(factor: &DMatrix<f64>) -> f64 {
    let size = factor.nrows();
    #[expect(clippy::cast_precision_loss, reason = "a number of rows is far below 2^53")]
    let mut probe = DVector::from_element(size, 1.0 / size as f64);
    let mut norm = 0.0_f64;
    for _ in 0..5 {
        let Some(solution) = solve(factor, probe.clone()) else { return f64::INFINITY };
        norm = norm.max(solution.lp_norm(1));
        let Some(gradient) = solve(factor, solution.map(f64::signum)) else { return f64::INFINITY };
        let steepest = gradient.icamax();
        if gradient[steepest].abs() <= gradient.dot(&probe) {
            break;
        }
        probe.fill(0.0);
        probe[steepest] = 1.0;
    }
    norm
}

fn solve(factor: &DMatrix<f64>, mut right: DVector<f64>) -> Option<DVector<f64>> {
    let solved =
        factor.solve_lower_triangular_mut(&mut right) && factor.tr_solve_lower_triangular_mut(&mut right);
    solved.then_some(right)
}

/// The smallest eigenvalue of a symmetric matrix, unless it is too large to wait for or the iteration fails.
pub(super) fn smallest_eigenvalue(size: usize, values: &[f64]) -> Option<f64> {
    if !(1..=LARGEST_EIGENPROBLEM).contains(&size) {
        return None;
    }
    let matrix = DMatrix::from_row_slice(size, size, values);
    let largest = matrix.amax();
    if largest <= 0.0 {
        return Some(0.0);
    }
    // Elements of moderate size neither overflow nor underflow when squared.
    let eigen = SymmetricEigen::try_new(matrix / largest, f64::EPSILON, 100 * size)?;
    Some(eigen.eigenvalues.min() * largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factor_multiplies_back_across_block_borders() {
        for size in [1, 2, STRIP, STRIP + 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7] {
            let matrix = DMatrix::from_fn(size, size, |row, column| if row == column { 4.0 } else { 1.0 });
            let factor = factor(matrix.clone(), 0.0).unwrap().lower_triangle();
            assert!((&factor * factor.transpose() - matrix).amax() < 1e-12, "size {size}");
        }
    }

    #[test]
    fn the_row_that_breaks_definiteness_is_named() {
        let size = 2 * BLOCK;
        for bad in [0, 1, BLOCK - 1, BLOCK, size - 1] {
            let mut matrix = DMatrix::identity(size, size);
            matrix[(bad, bad)] = -0.5;
            assert_eq!(factor(matrix, 0.0), Err(Pivot { row: bad, value: -0.5 }));
        }
        assert!(factor(DMatrix::from_element(1, 1, f64::NAN), 0.0).is_err());
    }

    #[test]
    fn inverse_norm_of_a_diagonal_is_exact() {
        let factor = factor(DMatrix::from_diagonal(&DVector::from_vec(vec![4.0, 0.25, 1.0])), 0.0).unwrap();
        assert!((inverse_norm(&factor) - 4.0).abs() < 1e-14);
    }

    #[test]
    fn smallest_eigenvalue_survives_extreme_scales() {
        for scale in [1e-200, 1.0, 1e200] {
            let values = [2.0 * scale, 3.0 * scale, 3.0 * scale, 2.0 * scale];
            let smallest = smallest_eigenvalue(2, &values).unwrap();
            assert!((smallest / scale + 1.0).abs() < 1e-12, "{smallest} at {scale}");
        }
        assert_eq!(smallest_eigenvalue(0, &[]), None);
        assert_eq!(smallest_eigenvalue(2, &[0.0; 4]), Some(0.0));
    }
}
