//! Distance priors derived from base parameters.

use cosmology::catalogue::Catalogue;
use plugin_api::{Context, Derived, Finding, Inputs, ModuleError, Severity};
use serde_json::json;

use crate::base::{self, Base, Spread};
use crate::base_parameter::BaseParameter;
use crate::checks::error_sizes;
use crate::compression::compress;
use crate::convention::{Convention, DecouplingRedshift, PLANCK_NEUTRINO_MASS_EV};
use crate::output::Dataset;
use crate::quantity::Quantity;
use crate::reader::{PARAMETERS, TABLE};
use crate::recognition::recognise_base;
use crate::releases::BASE_CONVENTION;
use crate::settings::{CovarianceKind, Settings};

pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    catalogue: &Catalogue,
    context: &Context<'_>,
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
    let mut base = base::read(inputs, context)?;
    refuse_contradictions(settings, &base)?;
    let (recognised, complete, mut findings) = recognise_base(&settings.release, &base.published)?;
    findings.append(&mut base.findings);
    findings.extend(assumed_neutrinos(settings, &base));
    let convention = Convention::of_derivation(settings);
    let compression = compress(&base, convention, settings.without_spectral_index, context)?;
    // In another convention it is another dataset, made of the same release.
    let (release, derived_from) = match recognised {
        Some(name) if compression.convention != BASE_CONVENTION => (None, Some(name)),
        release => (release, None),
    };
    let rows: Vec<(Quantity, f64)> =
        compression.quantities.iter().copied().zip(compression.values.iter().copied()).collect();
    findings.extend(error_sizes(&rows, &compression.covariance, VARIANCES));
    let has_index = base.varied.iter().any(|(parameter, _)| *parameter == BaseParameter::SpectralIndex);
    let named = |parameters: &[(BaseParameter, f64)]| -> serde_json::Map<String, serde_json::Value> {
        parameters.iter().map(|(parameter, value)| (parameter.name().to_owned(), json!(value))).collect()
    };
    let decoupling = compression.decoupling;
    let (samples, published_as) = match &base.spread {
        Spread::Covariance(_) => (None, "covariance of base parameters"),
        Spread::Samples(samples) => (Some(samples.len()), "chain of base parameters"),
    };
    let derivation = json!({
        "method": method(&base.spread, convention.z_star),
        "model": "flat ΛCDM",
        "mean": named(&base.varied),
        "fixed_by_the_file": named(&base.fixed),
        "samples": samples,
        "at_the_mean": {
            "z_star": decoupling.z_star,
            "sound_horizon_mpc": decoupling.sound_horizon_mpc,
            "comoving_distance_mpc": decoupling.distance_mpc,
        },
    });
    Dataset {
        rows,
        covariance: compression.covariance,
        precision: None,
        convention: Some(compression.convention),
        release,
        derived_from,
        complete,
        published_as,
        derivation: Some(derivation),
        left_out: (settings.without_spectral_index && has_index).then_some(Quantity::SpectralIndex),
        findings,
    }
    .build(catalogue)
}

const VARIANCES: &str =
    "base parameters and their covariance must be those of one fit, under the names of its heading";

fn method(spread: &Spread, z_star: DecouplingRedshift) -> String {
    let held = match z_star {
        DecouplingRedshift::HuSugiyama => "z* varies with the parameters",
        DecouplingRedshift::Fixed(_) | DecouplingRedshift::Boltzmann { .. } => "z* is held fixed",
    };
    match spread {
        Spread::Covariance(_) => format!(
            "the vector at the mean of the base parameters; covariance J C Jᵀ with J by central differences of fourth \
             order; {held}"
        ),
        Spread::Samples(_) => format!(
            "the vector of each sample; weighted mean and covariance Σ w d dᵀ / Σ w of the vectors; {held}"
        ),
    }
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
