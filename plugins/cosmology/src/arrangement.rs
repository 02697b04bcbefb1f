//! Matrices from triangles, without some of their rows, and without what rounding did to their symmetry.

use crate::matrix::SquareMatrix;

impl SquareMatrix {
    /// The matrix whose upper triangle this is, row after row; `None` when the count of numbers is no triangle of `size`.
    #[must_use]
    pub fn from_upper_triangle(size: usize, triangle: &[f64]) -> Option<Self> {
        if size.checked_mul(size + 1)? / 2 != triangle.len() {
            return None;
        }
        let mut matrix = Self::zeros(size);
        let mut rest = triangle;
        for row in 0..size {
            let (elements, below) = rest.split_at_checked(size - row)?;
            rest = below;
            for (column, &element) in (row..).zip(elements) {
                matrix.set(row, column, element);
                matrix.set(column, row, element);
            }
        }
        Some(matrix)
    }

    /// The rows and columns at these places, which must rise; places outside of the matrix are left out. Of a covariance
    /// that is the covariance of the chosen rows, of an inverse covariance it is not.
    #[must_use]
    pub fn selected(mut self, rows: &[usize]) -> Self {
        let kept: Vec<usize> = rows.iter().copied().filter(|&row| row < self.size).collect();
        debug_assert!(
            kept.is_sorted_by(|left, right| left < right),
            "an element would be overwritten before it is read"
        );
        let mut to = 0;
        for &row in &kept {
            for &column in &kept {
                self.values[to] = self.values[row * self.size + column];
                to += 1;
            }
        }
        self.values.truncate(to);
        self.values.shrink_to_fit();
        self.size = kept.len();
        self
    }

    /// Replaces mirrored elements by their mean where the rounding of a file made them unequal: by no more than
    /// `tolerance` of their errors. Answers how many pairs that were, and the largest difference. A larger difference
    /// stays as it is, and so does one below 1e-11, which is equality to 64-bit floats.
    pub fn average_mirrored(&mut self, tolerance: f64) -> (usize, f64) {
        /// Rows and columns compared with their mirror image at once, so that both stay in the cache.
        const TILE: usize = 64;
        const EQUAL: f64 = 1e-11;
        let scales: Vec<f64> = self.diagonal_values().iter().map(|variance| variance.abs().sqrt()).collect();
        let size = self.size;
        let (mut pairs, mut largest) = (0, 0.0_f64);
        for first in (0..size).step_by(TILE) {
            for second in (0..=first).step_by(TILE) {
                for row in first..size.min(first + TILE) {
                    for column in second..row.min(second + TILE) {
                        let (lower, upper) = (row * size + column, column * size + row);
                        let (left, right) = (self.values[lower], self.values[upper]);
                        let difference = (left - right).abs();
                        // Without this, each pair would cost a product.
                        if difference == 0.0 {
                            continue;
                        }
                        let relative = difference / (scales[row] * scales[column]);
                        if relative > EQUAL && relative <= tolerance {
                            let mean = 0.5 * (left + right);
                            self.values[lower] = mean;
                            self.values[upper] = mean;
                            pairs += 1;
                            largest = largest.max(difference);
                        }
                    }
                }
            }
        }
        (pairs, largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(text: &str, size: usize) -> SquareMatrix {
        SquareMatrix::read("covariance", text, size).unwrap().matrix
    }

    #[test]
    fn a_triangle_is_mirrored_and_a_selection_keeps_rows_and_columns() {
        let matrix = SquareMatrix::from_upper_triangle(3, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
        assert_eq!(matrix.values(), [1.0, 2.0, 3.0, 2.0, 4.0, 5.0, 3.0, 5.0, 6.0]);
        assert_eq!(matrix.clone().selected(&[0, 2]).into_values(), [1.0, 3.0, 3.0, 6.0]);
        assert_eq!(matrix.selected(&[1, 7]).into_values(), [4.0]);
        assert_eq!(SquareMatrix::from_upper_triangle(3, &[1.0; 5]), None);
        assert_eq!(SquareMatrix::from_values(2, vec![0.0; 3]), None);
    }

    #[test]
    fn rounding_is_averaged_away_and_a_real_asymmetry_stays() {
        let mut rounded = matrix("1 0.5\n0.50000001 1\n", 2);
        let (pairs, largest) = rounded.average_mirrored(1e-6);
        assert!(pairs == 1 && (largest - 1e-8).abs() < 1e-15);
        assert_eq!(rounded.get(0, 1).to_bits(), rounded.get(1, 0).to_bits());
        let mut flipped = matrix("1 0.5\n-0.5 1\n", 2);
        assert_eq!(flipped.average_mirrored(1e-6), (0, 0.0));
        assert_eq!(flipped, matrix("1 0.5\n-0.5 1\n", 2));
    }
}
