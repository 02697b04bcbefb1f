//! Compressed measurements of the cosmic microwave background: the shift parameter R, the acoustic scale l_A, ω_b and
//! n_s, or θ*, ω_b and ω_bc, with their covariance.
//!
//! Either published priors are read as they are (role `priors`), or they are derived from base parameters of flat ΛCDM
//! with their covariance, or from a chain (role `parameters`).
//!
//! # Invariants
//! * A published number is never changed, and none is assumed for one that is missing.
//! * The convention (z*, radiation, neutrinos) is part of every derived dataset, and of every known release.
//! * No layout for Cobaya is declared: Cobaya 3.6 has no class that reads distance priors.
#![forbid(unsafe_code)]

mod base;
mod base_covariance;
mod base_parameter;
mod beyond;
mod chain;
mod checks;
mod comparison;
mod compression;
mod convention;
mod derivation;
mod output;
mod priors;
mod quantity;
mod raw_line;
mod reader;
mod recognised_matrix;
mod recognition;
mod releases;
mod settings;
mod table;
#[cfg(test)]
mod tests;

use cosmology::catalogue::Catalogue;
use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, export_module};

/// The module.
#[derive(Debug, Default)]
pub struct Cmb;

/// Derives a dataset from the inputs; the whole of [`Cmb`].
///
/// # Errors
/// [`ModuleError::BadInput`] and [`ModuleError::BadParameter`] with the place of the fault and what to do, and
/// [`ModuleError::Cancelled`].
pub fn derive(
    inputs: &Inputs<'_>,
    parameters: &Parameters,
    context: &Context<'_>,
) -> Result<Derived<'static>, ModuleError> {
    let settings = settings::Settings::read(parameters)?;
    let catalogue = Catalogue::parse(include_str!("../catalogue.json"))?;
    match (inputs.get(reader::PRIORS), inputs.get(reader::PARAMETERS)) {
        (Some(_), None) => priors::derive(inputs, &settings, &catalogue),
        (None, Some(_)) => derivation::derive(inputs, &settings, &catalogue, context),
        (Some(_), Some(_)) => {
            Err(ModuleError::bad_input(reader::PARAMETERS, "given beside `priors`: one dataset has one of them")
                .hint("leave one of them out"))
        }
        (None, None) => Err(ModuleError::bad_input(reader::PRIORS, "this input is missing, and so is `parameters`")
            .hint("give published priors with `--input priors=PATH`, or base parameters with `--input parameters=PATH`")),
    }
}

impl DerivationModule for Cmb {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        context.check_cancelled()?;
        context.progress(0.0, "reading the parameters");
        let derived = derive(inputs, parameters, context)?;
        context.progress(1.0, "parameters read");
        Ok(derived)
    }
}

export_module! {
    module: Cmb,
    descriptor: "../module.json",
    files: [
        "../catalogue.json",
        "../bundled/planck2018_distance_priors_lcdm.txt",
        "../bundled/planck2018_distance_priors_lcdm_inverse_covariance.txt",
        "../bundled/planck2018_distance_priors_lcdm_table.csv",
        "../bundled/desi_dr2_cmb_compression.txt",
    ],
}
