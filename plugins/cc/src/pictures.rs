//! Expansion rate over redshift, and the correlations.

use cosmology::matrix::SquareMatrix;
use cosmology::reference::PLANCK_2018;
use plugin_api::{Axis, Curve, Derived, Only, Plot, ReferenceModel, Residuals, Series};

use crate::checks::structure;
use crate::table::Point;

/// Nodes of the curve.
const NODES: u32 = 120;

/// What Planck 2018 predicts for each point.
pub(crate) fn reference(points: &[Point]) -> ReferenceModel {
    let background = PLANCK_2018.background();
    let prediction = points.iter().map(|point| background.hubble_km_s_mpc(point.z)).collect();
    PLANCK_2018.model("data", "observable", Some("covariance"), prediction, false)
}

/// Adds the pictures; `methods` are those that occur, by what the column holds and what a reader sees.
pub(crate) fn add<'a>(
    derived: Derived<'a>,
    points: &[Point],
    methods: &[(&str, &str)],
    covariance: &SquareMatrix,
) -> Derived<'a> {
    let derived = derived.plot("expansion_rate", expansion_rate(points, methods));
    if structure(covariance) == "diagonal" {
        return derived;
    }
    derived.plot(
        "correlation",
        Plot::Correlation {
            title: "Correlations of H(z)".to_owned(),
            matrix: "covariance".to_owned(),
            labels: Some("row_id".to_owned()),
        },
    )
}

fn expansion_rate(points: &[Point], methods: &[(&str, &str)]) -> Plot {
    let axis =
        |label: &str, unit: &str| Axis { label: label.to_owned(), unit: unit.to_owned(), logarithmic: false };
    let series = methods.iter().map(|(method, label)| Series {
        label: (*label).to_owned(),
        table: "data".to_owned(),
        x: "z".to_owned(),
        y: "observable".to_owned(),
        error: Some("uncertainty".to_owned()),
        only: Some(Only { column: "method".to_owned(), equals: (*method).to_owned() }),
        scale: 1.0,
    });
    let end = 1.05 * points.iter().map(|point| point.z).fold(0.0, f64::max);
    let x: Vec<f64> = (0..=NODES).map(|node| end * f64::from(node) / f64::from(NODES)).collect();
    let background = PLANCK_2018.background();
    let y = x.iter().map(|&z| background.hubble_km_s_mpc(z)).collect();
    Plot::Points {
        title: "Expansion rate from cosmic chronometers".to_owned(),
        x: axis("redshift z", ""),
        y: axis("H(z)", "km/s/Mpc"),
        series: series.collect(),
        curves: vec![Curve { label: "Planck 2018, flat ΛCDM".to_owned(), series: None, x, y }],
        residuals: Some(Residuals {
            model: PLANCK_2018.name.to_owned(),
            label: "H(z) − Planck 2018".to_owned(),
        }),
    }
}
