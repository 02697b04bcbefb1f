//! Expansion rates from cosmic chronometers: reads the published points, keeps every number as it is, and builds their
//! covariance.
//!
//! `C = diag(error²) + Σ_k v_k v_kᵀ` with `v_k(i) = H_i x_k(z_i)/100`, where `x_k` are the systematic components of
//! Moresco et al. 2020, arXiv:2003.07362, table 3, and only points measured with D4000 have them.
//!
//! # Invariants
//! * No point is merged, sorted, scaled or left out.
//! * Which points were measured with D4000 is data of a known release, or said by the user; it is never guessed.
//! * The list of known releases gives names and guards, never a number of a measurement.
#![forbid(unsafe_code)]

mod checks;
mod components;
mod dataset;
mod pictures;
mod recognition;
mod releases;
mod settings;
mod table;
mod terms;
#[cfg(test)]
mod tests;

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, export_module};

/// The module.
#[derive(Debug, Default)]
pub struct CosmicChronometers;

impl DerivationModule for CosmicChronometers {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        context.check_cancelled()?;
        context.progress(0.0, "reading the points");
        let derived = dataset::derive(inputs, parameters)?;
        context.progress(1.0, "points read");
        Ok(derived)
    }
}

export_module! {
    module: CosmicChronometers,
    descriptor: "../module.json",
    files: ["../catalogue.json", "../bundled/moresco2020_table.txt", "../bundled/moresco2020_components.txt"],
}
