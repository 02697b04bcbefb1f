//! Type Ia supernova compilations: reads what surveys publish, keeps every number as it is, and says what it means.
//!
//! # Invariants
//! * Redshift frames are kept apart, and a frame that a release does not have is null, never a copy of another one.
//! * Cuts act on table and covariance together and are recorded with their counts; of an inverse covariance, the
//!   covariance is cut.
//! * Errors are added to a covariance only where the release says that it lacks them.
//! * The list of known releases gives names and guards, never a number of a measurement.
#![forbid(unsafe_code)]

mod assembly;
mod composite;
mod covariance;
mod description;
mod exports;
mod layout;
mod pictures;
mod plausibility;
mod reader;
mod recognition;
mod sample;
mod selection;
mod settings;
#[cfg(test)]
mod tests;

use cosmology::catalogue::Catalogue;
use plugin_api::{
    Context, DerivationModule, Derived, Inputs, Matrix, ModuleError, Parameters, export_module,
};
use serde_json::json;

use crate::covariance::{COVARIANCE, Published};
use crate::recognition::Recognition;
use crate::settings::{Calibrators, Settings};

/// The module.
#[derive(Debug, Default)]
pub struct Sn;

/// Derives a dataset from the inputs; the whole of [`Sn`] without a host.
///
/// # Errors
/// [`ModuleError::BadInput`] and [`ModuleError::BadParameter`] with the place of the fault and what to do.
pub fn derive(inputs: &Inputs<'_>, parameters: &Parameters) -> Result<Derived<'static>, ModuleError> {
    let settings = Settings::read(parameters)?;
    let mut sample = layout::read(&inputs.require(layout::TABLE)?)?;
    let mut published = match inputs.get(COVARIANCE) {
        Some(input) => Some(Published::read(&input, sample.len(), settings.inverse)?),
        None => None,
    };
    let recognition = recognition::recognise(&settings.release, &sample, published.as_ref())?;
    composite::standardise(&mut sample, &settings)?;
    composite::add_blocks(published.as_mut(), inputs, &settings)?;
    let with_calibrators = matches!(settings.calibrators, Some(Calibrators::Include | Calibrators::Only));
    recognition.demand(&settings.release, with_calibrators)?;
    let has_covariance = published.is_some();
    let selection = selection::select(&sample, &settings)?;
    let assembled = assembly::assemble(&sample, &settings, published, &selection.rows)?;
    let mut findings = recognition.findings.clone();
    findings.extend(plausibility::values(&sample));
    findings.extend(assembled.findings);

    let published_rows = sample.len();
    let sample =
        if selection.rows.len() == published_rows { sample } else { sample.selected(&selection.rows) };
    // A negative variance is a finding; the zero here keeps the column free of NaN.
    let uncertainty: Vec<f64> =
        assembled.covariance.diagonal_values().iter().map(|variance| variance.max(0.0).sqrt()).collect();
    let (model, hubble, correlation) = pictures::reference(&sample, &uncertainty, with_calibrators);

    let mut derived = Derived::new("supernovae").table(sample.table(uncertainty));
    let size = sample.len();
    derived = derived.matrix(Matrix::new("covariance", size, assembled.covariance.into_values()));
    if let Some(precision) = assembled.precision {
        derived = derived.matrix(Matrix::new("precision", size, precision.into_values()));
    }
    derived.findings = findings;
    derived = derived
        .note("corrections", json!(assembled.corrections))
        .note("selections", json!(selection.recorded))
        .note("rows", json!({"published": published_rows, "selected": size}))
        .note("covariance_structure", assembled.structure)
        .export("cobaya", exports::cobaya(&sample, with_calibrators))
        .export("fit", exports::fit(&sample))
        .model(model)
        .plot("hubble_diagram", hubble)
        .plot("correlation", correlation);
    let tracer = recognition.release.as_deref().unwrap_or("supernovae");
    derived = exports::shared(derived, &sample, with_calibrators, tracer);
    derived = description::describe(derived, &sample, &settings, with_calibrators);
    name_release(derived, &recognition, with_calibrators, has_covariance)
}

/// Notes which published data this is.
fn name_release(
    mut derived: Derived<'static>,
    recognition: &Recognition,
    with_calibrators: bool,
    has_covariance: bool,
) -> Result<Derived<'static>, ModuleError> {
    derived.metadata.extend(recognition.shared.metadata());
    let name = recognition.name(with_calibrators);
    if name.is_some() {
        let known = match (recognition.complete, recognition.covariance) {
            (true, true) => "every number of table and covariance is the published one",
            (true, false) if has_covariance => {
                "every row of the table is the published one; which numbers of the covariance are, is not known here"
            }
            (true, false) => "every row of the table is the published one",
            _ => "not every number is the published one",
        };
        derived = derived.note("release_recognition", json!(known));
    }
    let catalogue = Catalogue::parse(include_str!("../catalogue.json"))?;
    let Some(variant) = &recognition.variant else { return Ok(catalogue.describe(derived, name)) };
    let of_table = recognition.release.as_deref();
    derived = catalogue.describe(derived, of_table);
    let table =
        of_table.and_then(|name| catalogue.get(name)).map(|known| known.inputs[layout::TABLE].clone());
    let others: Vec<&str> = catalogue.names().collect();
    let conflicts = json!([{"with": others, "reason": "compilations of the same supernovae"}]);
    Ok(derived
        .note("release", json!(variant.name))
        .note("title", json!(variant.title))
        .note("published_files", json!({ layout::TABLE: table }))
        .note("conflicts", conflicts)
        .note("notes", json!(["the covariance is not the one of the catalogue"])))
}

impl DerivationModule for Sn {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        context.check_cancelled()?;
        context.progress(0.0, "reading the supernovae");
        let derived = derive(inputs, parameters)?;
        context.progress(1.0, "supernovae read");
        Ok(derived)
    }
}

export_module! {
    module: Sn,
    descriptor: "../module.json",
    files: ["../catalogue.json", "../bundled/union3_table.txt", "../bundled/union3_covariance.txt"],
}
