//! Pictures of a vector: a panel for each kind of quantity over redshift, and its correlations.

use std::collections::BTreeMap;

use plugin_api::{Axis, Curve, Only, Plot, Residuals, Series};

use super::conventions::Conventions;
use super::prediction::Theory;
use super::quantity::Quantity;
use super::vector::Measurement;
use crate::reference::PLANCK_2018;

/// More rows than this have no names beside a matrix.
const MOST_NAMED_ROWS: usize = 30;

/// Quantities that share an axis: name of the picture, label of the axis, title.
const PANELS: [(&str, &str, &str, &[Quantity]); 5] = [
    (
        "distances",
        "distance / r_d",
        "Distances over redshift",
        &[Quantity::TransverseRatio, Quantity::SphericalRatio, Quantity::RadialRatio, Quantity::AngularRatio],
    ),
    ("expansion", "H(z) r_d", "Expansion rate over redshift", &[Quantity::HubbleTimesRuler]),
    ("growth", "f sigma8", "Growth over redshift", &[Quantity::Growth]),
    ("inverse-distance", "r_d / D_V", "Inverse distance over redshift", &[Quantity::InverseSphericalRatio]),
    (
        "isotropy",
        "F_AP = D_M / D_H",
        "Alcock-Paczynski parameter over redshift",
        &[Quantity::AlcockPaczynski],
    ),
];

/// The pictures of the table `data` and its matrix `covariance`, by name.
#[must_use]
pub fn pictures(measurements: &[Measurement], conventions: &Conventions) -> BTreeMap<String, Plot> {
    let mut plots = BTreeMap::new();
    for (name, axis, title, quantities) in PANELS {
        let shown: Vec<Quantity> = quantities
            .iter()
            .copied()
            .filter(|quantity| measurements.iter().any(|row| row.quantity == *quantity))
            .collect();
        if !shown.is_empty() {
            plots.insert(name.to_owned(), panel(measurements, conventions, axis, title, &shown));
        }
    }
    if measurements.len() > 1 {
        let labels = (measurements.len() <= MOST_NAMED_ROWS).then(|| "row_id".to_owned());
        let title = "Correlations of the measurements".to_owned();
        plots.insert(
            "correlation".to_owned(),
            Plot::Correlation { title, matrix: "covariance".to_owned(), labels },
        );
    }
    plots
}

fn panel(
    measurements: &[Measurement],
    conventions: &Conventions,
    axis: &str,
    title: &str,
    quantities: &[Quantity],
) -> Plot {
    let rate_is_scaled = quantities == [Quantity::HubbleTimesRuler] && conventions.fiducial_rd_mpc.is_some();
    let label = if rate_is_scaled { "H(z) r_d / r_fid" } else { axis };
    let unit = match quantities {
        [Quantity::HubbleTimesRuler] => Quantity::HubbleTimesRuler.unit(rate_is_scaled),
        _ => "",
    };
    Plot::Points {
        title: title.to_owned(),
        x: Axis { label: "redshift z".to_owned(), unit: String::new(), logarithmic: false },
        y: Axis { label: label.to_owned(), unit: unit.to_owned(), logarithmic: false },
        series: quantities.iter().map(|quantity| series(*quantity, conventions)).collect(),
        curves: quantities.iter().map(|quantity| curve(*quantity, measurements, conventions)).collect(),
        residuals: Some(Residuals {
            model: PLANCK_2018.name.to_owned(),
            label: "measured - Planck 2018".to_owned(),
        }),
    }
}

fn series(quantity: Quantity, conventions: &Conventions) -> Series {
    Series {
        label: quantity.symbol().to_owned(),
        table: "data".to_owned(),
        x: "z".to_owned(),
        y: "observable".to_owned(),
        error: Some("uncertainty".to_owned()),
        only: Some(Only { column: "quantity".to_owned(), equals: quantity.label().to_owned() }),
        scale: axis_scale(quantity, conventions),
    }
}

/// From the stored value to the axis, which shows ratios to r_d where lengths are stored.
fn axis_scale(quantity: Quantity, conventions: &Conventions) -> f64 {
    match quantity {
        quantity if quantity.is_length_ratio() => conventions.in_rulers(1.0),
        Quantity::InverseSphericalRatio => 1.0 / conventions.in_rulers(1.0),
        _ => 1.0,
    }
}

/// The reference cosmology, from a little below the first to a little beyond the last row of the quantity.
fn curve(quantity: Quantity, measurements: &[Measurement], conventions: &Conventions) -> Curve {
    const NODES: u32 = 80;
    let redshifts = || measurements.iter().filter(|row| row.quantity == quantity).map(|row| row.z);
    let highest = 1.05 * redshifts().fold(0.0, f64::max);
    // A redshift that is almost zero is no reason to draw the curve over hundreds of decades.
    let lowest = (0.8 * redshifts().fold(f64::INFINITY, f64::min)).max(1e-3 * highest);
    let theory = Theory::reference();
    let scale = axis_scale(quantity, conventions);
    // Equal ratios of redshift put nodes where the curves bend.
    let x: Vec<f64> = (0..=NODES)
        .map(|node| lowest * (highest / lowest).powf(f64::from(node) / f64::from(NODES)))
        .collect();
    let y = x.iter().map(|&z| scale * theory.stored(quantity, z, conventions)).collect();
    Curve {
        label: format!("{}, Planck 2018", quantity.symbol()),
        series: Some(quantity.symbol().to_owned()),
        x,
        y,
    }
}
