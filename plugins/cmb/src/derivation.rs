//! Distance priors derived from base parameters.

use cosmology::catalogue::Catalogue;
use plugin_api::{Derived, Finding, Inputs, ModuleError, Severity};
use serde_json::json;

use crate::base::{self, Base};
use crate::base_parameter::BaseParameter;
use crate::compression::compress;
use crate::convention::{Convention, PLANCK_NEUTRINO_MASS_EV};
use crate::output::Dataset;
use crate::quantity::Quantity;
use crate::reader::{PARAMETERS, TABLE};
use crate::recognition::recognise_base;
use crate::settings::{CovarianceKind, Settings};

pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    catalogue: &Catalogue,
) -> Result<Derived<'static>, ModuleError> {
    if inputs.get(TABLE).is_some() {
        return Err(ModuleError::bad_input(TABLE, "has no meaning for base parameters").hint("leave it out"));
    }
    if settings.covariance_kind == Some(CovarianceKind::Inverse) {
        return Err(ModuleError::bad_parameter(
            "covariance_kind",
            "a covariance of base parameters is no inverse",
        )
        .hint("invert it first, with all of its parameters"));
    }
    let base = base::read(inputs)?;
    refuse_contradictions(settings, &base)?;
    let (release, complete, mut findings) = recognise_base(&settings.release, &base.published)?;
    findings.extend(assumed_neutrinos(settings, &base));
    let compression = compress(&base, Convention::of_derivation(settings), settings.without_spectral_index)?;
    let has_index = base.varied.iter().any(|(parameter, _)| *parameter == BaseParameter::SpectralIndex);
    let named = |parameters: &[(BaseParameter, f64)]| -> serde_json::Map<String, serde_json::Value> {
        parameters.iter().map(|(parameter, value)| (parameter.name().to_owned(), json!(value))).collect()
    };
    let decoupling = compression.decoupling;
    let derivation = json!({
        "method": "the vector at the mean of the base parameters; covariance J C Jᵀ with J by central differences of \
                   fourth order, ∂z*/∂parameters included",
        "model": "flat ΛCDM",
        "mean": named(&base.varied),
        "fixed_by_the_file": named(&base.fixed),
        "samples": base.samples,
        "at_the_mean": {
            "z_star": decoupling.z_star,
            "sound_horizon_mpc": decoupling.sound_horizon_mpc,
            "comoving_distance_mpc": decoupling.distance_mpc,
        },
    });
    Dataset {
        rows: compression.quantities.into_iter().zip(compression.values).collect(),
        covariance: compression.covariance,
        precision: None,
        convention: Some(compression.convention),
        release,
        complete,
        published_as: if base.samples.is_some() {
            "chain of base parameters"
        } else {
            "covariance of base parameters"
        },
        derivation: Some(derivation),
        left_out: (settings.without_spectral_index && has_index).then_some(Quantity::SpectralIndex),
        findings,
    }
    .build(catalogue)
}

/// Planck's base model fixes the neutrinos, and its files do not say so: whoever reads the dataset should know.
fn assumed_neutrinos(settings: &Settings, base: &Base) -> Option<Finding> {
    let stated =
        base.varied.iter().chain(&base.fixed).any(|(known, _)| *known == BaseParameter::NeutrinoMasses);
    if stated || settings.sum_neutrino_masses_ev.is_some() {
        return None;
    }
    let message = format!(
        "neither the file nor a parameter states the neutrino masses: {PLANCK_NEUTRINO_MASS_EV} eV, as in Planck's base ΛCDM"
    );
    let place = format!("input `{PARAMETERS}`");
    let finding = Finding::new(Severity::Note, "convention.neutrino-masses", place, message);
    Some(finding.hint("state them with `--param sum_neutrino_masses_ev=…`"))
}

/// A parameter may repeat what the file says of neutrinos.
fn refuse_contradictions(settings: &Settings, base: &Base) -> Result<(), ModuleError> {
    for (parameter, name, given) in [
        (BaseParameter::NeutrinoMasses, "sum_neutrino_masses_ev", settings.sum_neutrino_masses_ev),
        (BaseParameter::NeutrinoNumber, "effective_neutrino_number", settings.effective_neutrino_number),
    ] {
        let stated = base.varied.iter().chain(&base.fixed).find(|(known, _)| *known == parameter);
        if let (Some(given), Some((_, stated))) = (given, stated)
            && (given - stated).abs() > 1e-9
        {
            return Err(ModuleError::bad_parameter(
                name,
                format!("`{given}` contradicts the file, which states {stated}"),
            )
            .hint("leave the parameter out"));
        }
    }
    Ok(())
}
