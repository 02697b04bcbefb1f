//! From base parameters to (R, l_A, ω_b, n_s). Of a chain, each sample has its vector, and mean and covariance are those
//! of the vectors; the covariance of a mean is propagated to first order: `J C Jᵀ`, where J holds the derivatives of z*
//! as well.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Context, ModuleError};

use crate::base::{Base, Spread};
use crate::base_parameter::BaseParameter;
use crate::chain::{BETWEEN_CHECKS, Sample, moments};
use crate::convention::{Convention, Decoupling};
use crate::quantity::Quantity;
use crate::reader::{COVARIANCE, PARAMETERS};

/// Step of the derivatives in units of the parameter. Fourth-order differences leave out `h⁴ f⁽⁵⁾/30`, about 1e-12 here,
/// and rounding adds about 1e-12.
const RELATIVE_STEP: f64 = 1e-3;

/// What is derived.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compression {
    pub(crate) quantities: Vec<Quantity>,
    pub(crate) values: Vec<f64>,
    pub(crate) covariance: SquareMatrix,
    /// At the mean of the base parameters.
    pub(crate) decoupling: Decoupling,
    /// With the neutrinos that the file states.
    pub(crate) convention: Convention,
}

pub(crate) fn compress(
    base: &Base,
    convention: Convention,
    without_spectral_index: bool,
    context: &Context<'_>,
) -> Result<Compression, ModuleError> {
    let (parameters, means): (Vec<BaseParameter>, Vec<f64>) = base.varied.iter().copied().unzip();
    let (fixed, fixed_values): (Vec<BaseParameter>, Vec<f64>) = base.fixed.iter().copied().unzip();
    let point = Point::new(convention).with(&fixed, &fixed_values);
    let mut quantities = vec![Quantity::ShiftParameter, Quantity::AcousticScale, Quantity::Baryons];
    if parameters.contains(&BaseParameter::SpectralIndex) && !without_spectral_index {
        quantities.push(Quantity::SpectralIndex);
    }
    let vector = |values: &[f64]| point.with(&parameters, values).vector(&quantities);
    let (values, covariance, role) = match &base.spread {
        Spread::Covariance(covariance) => {
            let covariance = covariance.propagated(&jacobian(vector, &means, RELATIVE_STEP));
            (vector(&means), covariance, COVARIANCE)
        }
        Spread::Samples(samples) => {
            let mut vectors = Vec::with_capacity(samples.len());
            for batch in samples.chunks(BETWEEN_CHECKS) {
                context.check_cancelled()?;
                vectors
                    .extend(batch.iter().map(|sample| Sample { values: vector(&sample.values), ..*sample }));
            }
            let (values, covariance) = moments(&vectors);
            (values, covariance, PARAMETERS)
        }
    };
    demand_full_rank(role, &covariance, &quantities)?;
    let mean = point.with(&parameters, &means);
    Ok(Compression {
        values,
        quantities,
        covariance,
        decoupling: mean.decoupling(),
        convention: mean.convention,
    })
}

/// A point in the space of base parameters.
#[derive(Debug, Clone, Copy)]
struct Point {
    omega_b: f64,
    omega_cdm: f64,
    hubble_constant: f64,
    n_s: f64,
    convention: Convention,
}

impl Point {
    fn new(convention: Convention) -> Self {
        // All but the convention is set by `with`: `base` demands it.
        Self { omega_b: 0.0, omega_cdm: 0.0, hubble_constant: 0.0, n_s: 0.0, convention }
    }

    fn with(mut self, parameters: &[BaseParameter], values: &[f64]) -> Self {
        for (parameter, &value) in parameters.iter().zip(values) {
            match parameter {
                BaseParameter::Baryons => self.omega_b = value,
                BaseParameter::ColdDarkMatter => self.omega_cdm = value,
                BaseParameter::HubbleConstant => self.hubble_constant = value,
                BaseParameter::SpectralIndex => self.n_s = value,
                BaseParameter::NeutrinoMasses => self.convention.sum_neutrino_masses_ev = Some(value),
                BaseParameter::NeutrinoNumber => {
                    let number = &mut self.convention.effective_neutrino_number;
                    *number = number.map(|_| value);
                }
            }
        }
        self
    }

    fn decoupling(&self) -> Decoupling {
        let omega_m = self.omega_b + self.omega_cdm + self.convention.omega_neutrinos();
        self.convention.decoupling(self.hubble_constant, self.omega_b, omega_m)
    }

    fn vector(&self, quantities: &[Quantity]) -> Vec<f64> {
        let decoupling = self.decoupling();
        let value = |quantity: &Quantity| match quantity {
            Quantity::ShiftParameter => decoupling.shift_parameter,
            Quantity::AcousticScale => decoupling.acoustic_scale,
            Quantity::AcousticAngle => std::f64::consts::PI / decoupling.acoustic_scale,
            Quantity::Baryons => self.omega_b,
            Quantity::BaryonsAndColdMatter => self.omega_b + self.omega_cdm,
            Quantity::SpectralIndex => self.n_s,
        };
        quantities.iter().map(value).collect()
    }
}

/// `∂y_i/∂x_j` by central differences of fourth order (Abramowitz & Stegun 1964, 25.3.6):
/// `(y(x-2h) - 8 y(x-h) + 8 y(x+h) - y(x+2h)) / 12h`.
pub(crate) fn jacobian(
    function: impl Fn(&[f64]) -> Vec<f64>,
    at: &[f64],
    relative_step: f64,
) -> Vec<Vec<f64>> {
    let mut jacobian = vec![vec![0.0; at.len()]; function(at).len()];
    for (column, &value) in at.iter().enumerate() {
        let step = relative_step * value.abs().max(1e-6);
        let shifted = |steps: f64| {
            let mut point = at.to_vec();
            if let Some(coordinate) = point.get_mut(column) {
                *coordinate += steps * step;
            }
            function(&point)
        };
        let [far_below, below, above, far_above] = [-2.0, -1.0, 1.0, 2.0].map(shifted);
        let differences = far_below.iter().zip(&below).zip(above.iter().zip(&far_above));
        for (row, ((far_below, below), (above, far_above))) in jacobian.iter_mut().zip(differences) {
            if let Some(element) = row.get_mut(column) {
                *element = ((far_below - far_above) + 8.0 * (above - below)) / (12.0 * step);
            }
        }
    }
    jacobian
}

/// Refuses a covariance in which one quantity follows from the others: its correlations have an inverse whose diagonal
/// is 1/(1 - r²) with r the multiple correlation.
fn demand_full_rank(
    role: &str,
    covariance: &SquareMatrix,
    quantities: &[Quantity],
) -> Result<(), ModuleError> {
    const LARGEST_INFLATION: f64 = 1e8;
    let mut correlations = SquareMatrix::zeros(covariance.size());
    for row in 0..covariance.size() {
        for column in 0..covariance.size() {
            let scale = (covariance.get(row, row) * covariance.get(column, column)).sqrt();
            correlations.set(row, column, covariance.get(row, column) / scale);
        }
    }
    let inflation = |inverse: &SquareMatrix| {
        (0..inverse.size()).map(|index| inverse.get(index, index)).fold(0.0, f64::max)
    };
    match correlations.inverted() {
        Ok(inverse) if inflation(&inverse) < LARGEST_INFLATION => Ok(()),
        _ => {
            let names: Vec<&str> = quantities.iter().map(|quantity| quantity.label()).collect();
            let message = format!("the covariance of {} that follows has not full rank", names.join(", "));
            Err(ModuleError::bad_input(role, message)
                .hint("the parameters must vary independently of each other"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_of_known_functions_are_exact() {
        let function = |x: &[f64]| vec![x[0].powi(3) * x[1], x[1].exp()];
        let found = jacobian(function, &[2.0, 0.5], 1e-3);
        let expected = [[6.0, 8.0], [0.0, 0.5_f64.exp()]];
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-10, "{found} {expected}");
        }
    }

    #[test]
    fn quantities_that_follow_from_each_other_are_refused() {
        let quantities = [Quantity::AcousticScale, Quantity::AcousticAngle];
        let mut matrix = SquareMatrix::diagonal(&[1.0, 1.0]);
        demand_full_rank(COVARIANCE, &matrix, &quantities).unwrap();
        for correlation in [1.0, -1.0, 1.0 - 1e-12, f64::NAN] {
            matrix.set(0, 1, correlation);
            matrix.set(1, 0, correlation);
            assert!(demand_full_rank(COVARIANCE, &matrix, &quantities).is_err(), "{correlation}");
        }
    }
}
