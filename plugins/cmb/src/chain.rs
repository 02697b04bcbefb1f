//! A Markov chain: weighted samples.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Context, ModuleError};

use crate::raw_line::RawLine;

/// How many samples are worked on between two looks at whether the host wants to stop: milliseconds.
pub(crate) const BETWEEN_CHECKS: usize = 1024;

/// Lines of a chain under their heading, which begins with the weight, as GetDist and Cobaya write them.
#[derive(Debug)]
pub(crate) struct RawChain<'a> {
    pub(crate) heading: RawLine<'a>,
    pub(crate) lines: Vec<RawLine<'a>>,
}

/// A sample with its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) line: u64,
    pub(crate) weight: f64,
    pub(crate) values: Vec<f64>,
}

/// Samples with a weight, and the names of their columns, the weight left out.
#[derive(Debug, PartialEq)]
pub(crate) struct Samples {
    pub(crate) names: Vec<String>,
    pub(crate) samples: Vec<Sample>,
}

impl RawChain<'_> {
    pub(crate) fn read(&self, role: &str, context: &Context<'_>) -> Result<Samples, ModuleError> {
        let names = self.heading.fields();
        let mut samples = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            if index % BETWEEN_CHECKS == 0 {
                context.check_cancelled()?;
            }
            let fields = line.fields_below(role, self.heading, names.len())?;
            let mut values = Vec::with_capacity(names.len());
            for (column, field) in (1..).zip(fields) {
                values.push(line.number(role, column, field)?);
            }
            let weight = values.remove(0);
            if weight < 0.0 {
                let message = format!("the weight of this sample is {weight}, expected at least 0");
                return Err(ModuleError::bad_input(role, message).line(line.number).column(1));
            }
            if weight > 0.0 {
                samples.push(Sample { line: line.number, weight, values });
            }
        }
        if samples.is_empty() {
            return Err(ModuleError::bad_input(role, "no sample has a weight").line(self.heading.number));
        }
        Ok(Samples { names: names.into_iter().skip(1).map(str::to_owned).collect(), samples })
    }
}

impl Samples {
    /// The value of a column that never changes.
    pub(crate) fn constant(&self, column: usize) -> Option<f64> {
        let mut values = self.samples.iter().filter_map(|sample| sample.values.get(column).copied());
        let first = values.next()?;
        values.all(|value| value.to_bits() == first.to_bits()).then_some(first)
    }
}

fn total_weight(samples: &[Sample]) -> f64 {
    samples.iter().map(|sample| sample.weight).sum()
}

/// Weighted mean `Σ w x / Σ w` of each column.
pub(crate) fn means(samples: &[Sample]) -> Vec<f64> {
    let total = total_weight(samples);
    let mut means = vec![0.0; samples.first().map_or(0, |sample| sample.values.len())];
    for sample in samples {
        for (mean, value) in means.iter_mut().zip(&sample.values) {
            *mean += sample.weight / total * value;
        }
    }
    means
}

/// The means with the weighted covariance `Σ w d dᵀ / Σ w`, as GetDist has it.
pub(crate) fn moments(samples: &[Sample]) -> (Vec<f64>, SquareMatrix) {
    let (means, total) = (means(samples), total_weight(samples));
    let mut covariance = SquareMatrix::zeros(means.len());
    for sample in samples {
        let deviations: Vec<f64> =
            sample.values.iter().zip(&means).map(|(value, mean)| value - mean).collect();
        for (row, left) in deviations.iter().enumerate() {
            for (column, right) in deviations.iter().enumerate() {
                // The product of the deviations first: it is the same in both triangles to the last bit.
                let added = sample.weight / total * (left * right);
                covariance.set(row, column, covariance.get(row, column) + added);
            }
        }
    }
    (means, covariance)
}
