//! A Markov chain: weighted samples.

use cosmology::matrix::SquareMatrix;
use plugin_api::ModuleError;

use crate::reader::RawLine;

/// Samples with the names of their columns, the weight left out.
#[derive(Debug, PartialEq)]
pub(crate) struct Samples {
    pub(crate) names: Vec<String>,
    /// Line of the first.
    pub(crate) line: u64,
    weights: Vec<f64>,
    rows: Vec<Vec<f64>>,
}

impl Samples {
    /// Reads rows that begin with their weight, as GetDist and Cobaya write them.
    pub(crate) fn read(role: &str, names: &[&str], lines: &[RawLine<'_>]) -> Result<Self, ModuleError> {
        let (mut weights, mut rows) = (Vec::new(), Vec::new());
        for line in lines {
            let mut values = Vec::with_capacity(names.len());
            for (column, field) in (1..).zip(line.fields()) {
                values.push(line.number(role, column, field)?);
            }
            let weight = values.remove(0);
            if weight < 0.0 {
                let message = format!("the weight of this sample is {weight}, expected at least 0");
                return Err(ModuleError::bad_input(role, message).line(line.number).column(1));
            }
            weights.push(weight);
            rows.push(values);
        }
        let line = lines.first().map_or(1, |line| line.number);
        if weights.iter().sum::<f64>() <= 0.0 {
            return Err(ModuleError::bad_input(role, "no sample has a weight").line(line));
        }
        let names = names.iter().skip(1).map(|name| (*name).to_owned()).collect();
        Ok(Self { names, line, weights, rows })
    }

    pub(crate) fn count(&self) -> usize {
        self.rows.len()
    }

    fn weighted(&self, value: impl Fn(&[f64]) -> f64) -> f64 {
        let sum: f64 = self.rows.iter().zip(&self.weights).map(|(row, weight)| weight * value(row)).sum();
        sum / self.weights.iter().sum::<f64>()
    }

    /// Weighted mean of each column.
    pub(crate) fn means(&self) -> Vec<f64> {
        let column = |index: usize| self.weighted(|row| row.get(index).copied().unwrap_or_default());
        (0..self.names.len()).map(column).collect()
    }

    /// Weighted covariance `Σ w d dᵀ / Σ w` of some columns, as GetDist has it.
    pub(crate) fn covariance(&self, columns: &[usize]) -> SquareMatrix {
        let means = self.means();
        let deviation = |row: &[f64], column: usize| {
            row.get(column).copied().unwrap_or_default() - means.get(column).copied().unwrap_or_default()
        };
        let mut covariance = SquareMatrix::zeros(columns.len());
        for (i, &left) in columns.iter().enumerate() {
            for (j, &right) in columns.iter().enumerate().take(i + 1) {
                let value = self.weighted(|row| deviation(row, left) * deviation(row, right));
                covariance.set(i, j, value);
                covariance.set(j, i, value);
            }
        }
        covariance
    }
}
