//! Baryon acoustic oscillation measurements: reads what surveys publish, keeps every number as it is, and says what it
//! means.
//!
//! Two kinds of result: `gaussian`, a vector of measurements with its covariance, and `grid`, a tabulated likelihood.
//!
//! # Invariants
//! * The published basis, order and digits are the primary table. Nothing is scaled, corrected, sorted or selected.
//! * Other bases are further tables, made on request with the covariance propagated.
//! * The list of known releases gives names and guards, never a number of a measurement.
#![forbid(unsafe_code)]

mod description;
mod exports;
mod gaussian;
mod grid;
mod releases;
mod rotation;
mod settings;
#[cfg(test)]
mod tests;

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, export_module};

/// The module.
#[derive(Debug, Default)]
pub struct Bao;

/// Derives a dataset from the inputs; the whole of [`Bao`] without a host.
///
/// # Errors
/// [`ModuleError::BadInput`] and [`ModuleError::BadParameter`] with the place of the fault and what to do.
pub fn derive(inputs: &Inputs<'_>, parameters: &Parameters) -> Result<Derived<'static>, ModuleError> {
    let settings = settings::Settings::read(parameters)?;
    let known = releases::Known::read()?;
    if inputs.get(grid::GRID).is_some() {
        return grid::derive(inputs, &settings, &known);
    }
    settings.refuse_grid_parameters()?;
    gaussian::derive(inputs, &settings, &known)
}

impl DerivationModule for Bao {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        context.check_cancelled()?;
        context.progress(0.0, "reading the measurements");
        let derived = derive(inputs, parameters)?;
        context.progress(1.0, "measurements read");
        Ok(derived)
    }
}

export_module! {
    module: Bao,
    descriptor: "../module.json",
    files: [
        "../catalogue.json",
        "../bundled/desi_dr2_mean.txt",
        "../bundled/desi_dr2_covariance.txt",
        "../bundled/sixdf_2011_mean.txt",
    ],
}
