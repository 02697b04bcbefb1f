//! What a stated cosmology predicts for the supernovae, and pictures of them.

use cosmology::background::FlatLambdaCdm;
use cosmology::reference::PLANCK_2018;
use plugin_api::{Axis, Curve, Plot, ReferenceModel, Residuals, Series};
use serde_json::json;

use crate::sample::{ObservableKind, Sample};

/// Points of the curve in the Hubble diagram.
const NODES: u32 = 120;

/// Distance modulus of a supernova: μ = 5 log10[(1 + z_hel) D_M(z) / Mpc] + 25. Light loses energy by the redshift that
/// is observed, z_hel; the distance belongs to the redshift of the cosmic expansion, z.
pub(crate) fn distance_modulus(cosmology: &FlatLambdaCdm, z: f64, z_hel: f64) -> f64 {
    5.0 * ((1.0 + z_hel) * cosmology.comoving_distance_mpc(z)).log10() + 25.0
}

/// Distance moduli of all rows; with `calibrators`, Cepheid distances where there are any.
pub(crate) fn distance_moduli(sample: &Sample, cosmology: &FlatLambdaCdm, calibrators: bool) -> Vec<f64> {
    let modulus = |row: usize| {
        let z_hel = sample.z_hel.as_ref().map_or(sample.z[row], |z_hel| z_hel[row]);
        let theory = || distance_modulus(cosmology, sample.z[row], z_hel);
        let measured = if calibrators { sample.calibrator_distance(row) } else { None };
        measured.unwrap_or_else(theory)
    };
    (0..sample.len()).map(modulus).collect()
}

/// The reference model with an offset that centres it on the data, which chi-squared does not depend on, and the
/// pictures with that model.
pub(crate) fn reference(
    sample: &Sample,
    uncertainty: &[f64],
    calibrators: bool,
) -> (ReferenceModel, Plot, Plot) {
    let cosmology = PLANCK_2018.background();
    let mut prediction = distance_moduli(sample, &cosmology, calibrators);
    let offset = weighted_mean(sample, &prediction, uncertainty);
    for value in &mut prediction {
        *value += offset;
    }
    let mut model = PLANCK_2018.model("data", "observable", Some("covariance"), prediction, true);
    model.parameters.insert("offset_mag".to_owned(), json!(offset));

    let label = match sample.kind {
        ObservableKind::Magnitude => "corrected apparent magnitude",
        ObservableKind::Modulus => "distance modulus",
    };
    let (low, high) =
        sample.z.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), &z| (low.min(z), high.max(z)));
    // A redshift that is almost zero is no reason to draw the curve over hundreds of decades.
    let low = low.max(1e-6 * high);
    let node = |index: u32| low * (high / low).powf(f64::from(index) / f64::from(NODES));
    let x: Vec<f64> = (0..=NODES).map(node).collect();
    let y = x.iter().map(|&z| distance_modulus(&cosmology, z, z) + offset).collect();
    let hubble = Plot::Points {
        title: "Hubble diagram".to_owned(),
        x: Axis { label: "redshift".to_owned(), unit: String::new(), logarithmic: true },
        y: Axis { label: label.to_owned(), unit: "mag".to_owned(), logarithmic: false },
        series: vec![Series {
            label: "supernovae".to_owned(),
            table: "data".to_owned(),
            x: "z".to_owned(),
            y: "observable".to_owned(),
            error: Some("uncertainty".to_owned()),
            only: None,
            scale: 1.0,
        }],
        curves: vec![Curve { label: "Planck 2018 flat ΛCDM, offset fitted".to_owned(), series: None, x, y }],
        residuals: Some(Residuals {
            model: PLANCK_2018.name.to_owned(),
            label: "observed - predicted".to_owned(),
        }),
    };
    let correlation = Plot::Correlation {
        title: "Correlation of the supernovae".to_owned(),
        matrix: "covariance".to_owned(),
        labels: Some("row_id".to_owned()),
    };
    (model, hubble, correlation)
}

/// Mean of observed minus predicted, weighted by the independent errors.
fn weighted_mean(sample: &Sample, prediction: &[f64], uncertainty: &[f64]) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for ((observed, predicted), sigma) in sample.observable.iter().zip(prediction).zip(uncertainty) {
        let weight = 1.0 / (sigma * sigma);
        // The square of an absurdly small error is zero.
        if weight.is_finite() {
            sum += weight * (observed - predicted);
            weights += weight;
        }
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}
