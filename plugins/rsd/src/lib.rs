//! Growth of structure from redshift-space distortions: f sigma8 with the cosmology each value was measured with, and
//! joint vectors of distances and growth.
//!
//! # Invariants
//! * The published values, their order and digits are the table `data`. Nothing in it is scaled or corrected.
//! * A measurement assumes a reference cosmology. It is part of the row; a correction for it goes into a further table,
//!   with the covariance, for a cosmology the user names.
//! * Covariance blocks stand at the rows they were published for, identified by redshift and error.
#![forbid(unsafe_code)]

mod alcock_paczynski;
mod blocks;
mod exports;
mod growth;
mod latex;
mod references;
mod releases;
mod settings;
mod table;
#[cfg(test)]
mod tests;

use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, export_module};

/// The module.
#[derive(Debug, Default)]
pub struct Rsd;

/// Derives a dataset from the inputs; the whole of [`Rsd`] without a host.
///
/// # Errors
/// [`ModuleError::BadInput`] and [`ModuleError::BadParameter`] with the place of the fault and what to do.
pub fn derive(inputs: &Inputs<'_>, parameters: &Parameters) -> Result<Derived<'static>, ModuleError> {
    let settings = settings::Settings::read(parameters)?;
    growth::derive(inputs, &settings, &releases::Known::read()?)
}

impl DerivationModule for Rsd {
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
    module: Rsd,
    descriptor: "../module.json",
    files: [
        "../catalogue.json",
        "../bundled/growth_gold2018.txt",
        "../bundled/wigglez_block.txt",
        "../bundled/sdss_quasar_block.txt",
    ],
}
