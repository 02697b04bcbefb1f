//! From the files to the dataset.

use cosmology::measurements::conventions::Conventions;
use cosmology::measurements::exports::shared;
use cosmology::measurements::pictures::pictures;
use cosmology::measurements::prediction::Theory;
use cosmology::measurements::reader::{Duplicate, Row};
use cosmology::measurements::releases::Release;
use cosmology::measurements::vector::{Measurement, Source, Vector};
use cosmology::release_choice::ReleaseChoice;
use plugin_api::{Derived, Inputs, ModuleError, Plot};
use serde_json::json;

use crate::alcock_paczynski::{applies, correct, described, hubble_times_angular_distance_km_s, predictions};
use crate::references::{References, missing};
use crate::releases::Known;
use crate::settings::Settings;
use crate::table::{ROLES, rows};
use crate::{blocks, exports};

/// Names of the output: the published values alone, or with corrected ones beside them.
const OUTPUT: &str = "growth";
const OUTPUT_WITH_CORRECTED: &str = "growth_and_corrected";

/// Derives the dataset of a table and whatever says how its rows are correlated.
pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    known: &Known,
) -> Result<Derived<'static>, ModuleError> {
    let mut rows = rows(inputs, settings)?;
    let references = References::take(inputs, settings, &mut rows)?;
    let source = Source {
        roles: ROLES,
        rows: rows.clone(),
        covariance: inputs.get(ROLES.covariance),
        duplicate: Duplicate::SameValue,
    };
    let mut vector = Vector::settle(source, &settings.vector, &known.vectors)?;
    let placed = blocks::place(inputs, &rows, &mut vector.covariance)?;
    if !placed.is_empty() {
        vector.published_as = "errors and blocks";
        for (index, row) in vector.measurements.iter_mut().enumerate() {
            // A block may be printed with more digits than the errors; where it is not, the error is kept to the bit.
            let uncertainty = vector.covariance.get(index, index).max(0.0).sqrt();
            if (uncertainty / row.uncertainty - 1.0).abs() > 1e-9 {
                row.uncertainty = uncertainty;
            }
        }
    }
    let mut differences = Vec::new();
    if settings.vector.release != ReleaseChoice::Ignored {
        differences.extend(blocks::compare(&rows, &vector, &placed)?);
    }
    if let Some(release) = vector.release {
        differences.extend(references.compare(&rows, release, settings)?);
    }
    let has_no_references = |release: &Release| release.reference_omega_matter.is_empty();
    vector.complete &=
        differences.is_empty() && (vector.release.is_none_or(has_no_references) || applies(&rows));
    vector.findings.extend(differences);
    let release = vector.release.map(|release| release.name.as_str());
    vector.findings.extend(release.into_iter().flat_map(|name| known.double_counting(name)));
    vector.findings.extend(missing(&rows));

    let references: Vec<Option<f64>> = rows.iter().map(|row| row.reference_omega_matter).collect();
    let products: Vec<Option<f64>> = rows
        .iter()
        .map(|row| row.reference_omega_matter.map(|omega| hubble_times_angular_distance_km_s(omega, row.z)))
        .collect();
    let table = vector
        .table()
        .column("reference_omega_matter", references)
        .column("reference_hubble_times_angular_distance_km_s", products)
        .build();
    let publication = release.and_then(|name| known.catalogue.get(name));
    let mut derived = Derived::new(OUTPUT)
        .table(table)
        .export("cobaya", exports::cobaya(&rows, &vector.conventions, publication))
        .export("fit", exports::fit(settings.target_omega_matter.is_some()));
    derived = shared(derived, &vector.measurements, &vector.conventions);
    derived.plots = pictures(&vector.measurements, &vector.conventions);
    let (measurements, covariance) = (vector.measurements.clone(), vector.covariance.clone());
    let conventions = vector.conventions.clone();
    derived = known.catalogue.describe(vector.describe(derived), release);
    with_references(&mut derived, &rows, &measurements, &conventions);
    derived = derived
        .note("blocks", json!(placed))
        .note("sigma8", "amplitude of linear matter fluctuations in spheres of 8 Mpc/h")
        .note(
            "reference_cosmology",
            "flat LCDM without radiation with `reference_omega_matter`; compare a value with f sigma8 / q, \
             q = H D_A / (H D_A)_ref, where the reference is known",
        );
    if let Some(target) = settings.target_omega_matter {
        OUTPUT_WITH_CORRECTED.clone_into(&mut derived.output);
        derived = correct(derived, &rows, &measurements, &covariance, target)?
            .export("cobaya_corrected", exports::cobaya_corrected(target, &conventions, publication));
    }
    Ok(derived)
}

/// The model of the reference cosmology and what its residuals are, with the references of the rows.
fn with_references(
    derived: &mut Derived<'_>,
    rows: &[Row],
    measurements: &[Measurement],
    conventions: &Conventions,
) {
    for model in &mut derived.models {
        model.prediction = predictions(&Theory::reference(), rows, measurements, conventions);
        model.meaning = format!("{}; {}", model.meaning, described(rows));
    }
    if let Some(Plot::Points { residuals: Some(residuals), .. }) = derived.plots.get_mut("growth")
        && applies(rows)
    {
        residuals.label.push_str(" / q");
    }
}
