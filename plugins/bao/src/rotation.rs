//! Other bases on request: ratios to r_d, or D_V/r_d and F_AP, with the covariance propagated by the Jacobian.
//!
//! The published basis stays the primary one. Where the map is not linear (H to D_H, D_M and D_H to D_V) a Gaussian
//! in one basis is not one in the other, and chi-squared changes at second order.
//!
//! With `m = D_M/r_d` and `h = D_H/r_d`: `D_V/r_d = (z m² h)^(1/3)`, so `dln D_V = 2/3 dln m + 1/3 dln h`, and
//! `F_AP = m/h`.

use std::collections::BTreeSet;

use cosmology::constants::SPEED_OF_LIGHT_KM_S;
use cosmology::matrix::SquareMatrix;
use cosmology::measurements::conventions::Conventions;
use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::vector::{Measurement, row_id};
use plugin_api::{Matrix, ModuleError, Table};

use crate::settings::Basis;

/// The derived rows and their covariance.
#[derive(Debug)]
pub(crate) struct Rotated {
    rows: Vec<Row>,
    uncertainties: Vec<f64>,
    sources: Vec<String>,
    pub(crate) matrix: Matrix,
    /// For the metadata.
    pub(crate) meaning: &'static str,
}

/// A derived value and its slope in each native value it depends on.
#[derive(Debug)]
struct Row {
    tracer: String,
    quantity: Quantity,
    z: f64,
    value: f64,
    slopes: Vec<(usize, f64)>,
}

/// A dimensionless value and its slope in the native one.
#[derive(Debug, Clone, Copy)]
struct Ratio {
    source: usize,
    quantity: Quantity,
    value: f64,
    slope: f64,
}

pub(crate) fn rotate(
    measurements: &[Measurement],
    covariance: &SquareMatrix,
    conventions: &Conventions,
    basis: Basis,
) -> Result<Rotated, ModuleError> {
    let ratios: Vec<Ratio> =
        measurements.iter().enumerate().map(|(index, row)| ratio(index, row, conventions)).collect();
    let (rows, meaning) = match basis {
        Basis::SphericalAndAlcockPaczynski => (
            spherical(measurements, &ratios)?,
            "D_V/r_d and F_AP of each tracer and redshift; first-order propagation, the native basis is primary",
        ),
        Basis::Native | Basis::Ratios => (
            ratios.iter().map(|ratio| kept(measurements, *ratio)).collect(),
            "ratios to r_d; first-order propagation, the native basis is primary",
        ),
    };
    let mut seen = BTreeSet::new();
    for row in &rows {
        if !seen.insert(row_id(&row.tracer, row.quantity, row.z)) {
            let message = format!("{} at z = {} would be derived twice", row.quantity, row.z);
            return Err(ModuleError::bad_parameter("derive", message)
                .hint("the mean holds the same distance in two forms; leave `derive` out"));
        }
    }
    let jacobian: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| {
            let mut slopes = vec![0.0; measurements.len()];
            for &(source, slope) in &row.slopes {
                slopes[source] = slope;
            }
            slopes
        })
        .collect();
    let propagated = covariance.propagated(&jacobian);
    let uncertainties = (0..rows.len()).map(|index| propagated.get(index, index).max(0.0).sqrt()).collect();
    let sources = rows
        .iter()
        .map(|row| {
            let names: Vec<&str> =
                row.slopes.iter().map(|&(source, _)| measurements[source].row_id.as_str()).collect();
            names.join(" ")
        })
        .collect();
    let matrix = Matrix::new("derived_covariance", rows.len(), propagated.into_values());
    Ok(Rotated { rows, uncertainties, sources, matrix, meaning })
}

impl Rotated {
    pub(crate) fn table(&self) -> Table<'static> {
        let text = |of: &dyn Fn(&Row) -> String| -> Vec<String> { self.rows.iter().map(of).collect() };
        let number = |of: &dyn Fn(&Row) -> f64| -> Vec<f64> { self.rows.iter().map(of).collect() };
        Table::new("derived")
            .column("row_id", text(&|row| row_id(&row.tracer, row.quantity, row.z)))
            .column("tracer", text(&|row| row.tracer.clone()))
            .column("quantity", text(&|row| row.quantity.label().to_owned()))
            .column("z", number(&|row| row.z))
            .column("observable", number(&|row| row.value))
            .column("uncertainty", self.uncertainties.clone())
            .column("derived_from", self.sources.clone())
            .build()
    }
}

/// A native value as a ratio to r_d.
fn ratio(source: usize, row: &Measurement, conventions: &Conventions) -> Ratio {
    let ruler = conventions.in_rulers(1.0);
    let (quantity, value, slope) = match row.quantity {
        Quantity::SphericalRatio | Quantity::TransverseRatio | Quantity::RadialRatio => {
            (row.quantity, conventions.in_rulers(row.value), ruler)
        }
        Quantity::AngularRatio => {
            let stretch = 1.0 + row.z;
            (Quantity::TransverseRatio, stretch * conventions.in_rulers(row.value), stretch * ruler)
        }
        Quantity::InverseSphericalRatio => inverse(Quantity::SphericalRatio, ruler, row.value),
        Quantity::HubbleTimesRuler => {
            inverse(Quantity::RadialRatio, conventions.in_rulers(SPEED_OF_LIGHT_KM_S), row.value)
        }
        Quantity::AlcockPaczynski | Quantity::Growth => (row.quantity, row.value, 1.0),
    };
    Ratio { source, quantity, value, slope }
}

/// `numerator / x` and its slope.
fn inverse(quantity: Quantity, numerator: f64, x: f64) -> (Quantity, f64, f64) {
    let value = numerator / x;
    (quantity, value, -value / x)
}

fn kept(measurements: &[Measurement], ratio: Ratio) -> Row {
    let native = &measurements[ratio.source];
    Row {
        tracer: native.tracer.clone(),
        quantity: ratio.quantity,
        z: native.z,
        value: ratio.value,
        slopes: vec![(ratio.source, ratio.slope)],
    }
}

/// D_V and F_AP where a redshift has both directions; everything else is kept as a ratio. Groups come in the order of
/// their first row.
fn spherical(measurements: &[Measurement], ratios: &[Ratio]) -> Result<Vec<Row>, ModuleError> {
    let mut groups: Vec<Vec<Ratio>> = Vec::new();
    for ratio in ratios {
        let row = &measurements[ratio.source];
        let same = |group: &&mut Vec<Ratio>| {
            group.first().is_some_and(|first| {
                let other = &measurements[first.source];
                other.z.to_bits() == row.z.to_bits() && other.tracer == row.tracer
            })
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(*ratio),
            None => groups.push(vec![*ratio]),
        }
    }
    let mut rows = Vec::new();
    let mut combined = 0;
    for group in groups {
        let find = |quantity: Quantity| group.iter().copied().find(|ratio| ratio.quantity == quantity);
        let pair = find(Quantity::TransverseRatio).zip(find(Quantity::RadialRatio));
        if let Some((transverse, radial)) = pair {
            combined += 1;
            rows.extend(combine(measurements, transverse, radial));
        }
        let used = |ratio: &Ratio| {
            pair.is_some_and(|(transverse, radial)| {
                [transverse.source, radial.source].contains(&ratio.source)
            })
        };
        rows.extend(group.iter().filter(|ratio| !used(ratio)).map(|ratio| kept(measurements, *ratio)));
    }
    if combined == 0 {
        return Err(ModuleError::bad_parameter("derive", "no redshift has both D_M (or D_A) and D_H (or H)")
            .hint("`dv_fap` combines the two; leave `derive` out"));
    }
    Ok(rows)
}

fn combine(measurements: &[Measurement], transverse: Ratio, radial: Ratio) -> [Row; 2] {
    let native = &measurements[transverse.source];
    let (m, h) = (transverse.value, radial.value);
    let row = |quantity: Quantity, value: f64, transverse_power: f64, radial_power: f64| Row {
        tracer: native.tracer.clone(),
        quantity,
        z: native.z,
        value,
        slopes: vec![
            (transverse.source, value * transverse_power / m * transverse.slope),
            (radial.source, value * radial_power / h * radial.slope),
        ],
    };
    [
        row(Quantity::SphericalRatio, (native.z * m * m * h).cbrt(), 2.0 / 3.0, 1.0 / 3.0),
        row(Quantity::AlcockPaczynski, m / h, 1.0, -1.0),
    ]
}
