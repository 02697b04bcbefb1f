//! The user's parameters, typed. Each is as given: what is absent may be filled in by a recognised release or a file.

use cosmology::release_choice::ReleaseChoice;
use plugin_api::{ModuleError, Parameters};

use crate::convention::{DecouplingRedshift, RadiationKind};

/// What the covariance file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CovarianceKind {
    Covariance,
    Inverse,
}

impl CovarianceKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Covariance => "covariance",
            Self::Inverse => "inverse",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) covariance_kind: Option<CovarianceKind>,
    pub(crate) z_star: Option<DecouplingRedshift>,
    pub(crate) radiation: Option<RadiationKind>,
    pub(crate) sum_neutrino_masses_ev: Option<f64>,
    pub(crate) effective_neutrino_number: Option<f64>,
    /// Whether n_s is left out, that is marginalised over.
    pub(crate) without_spectral_index: bool,
    pub(crate) release: ReleaseChoice,
}

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        let one_of = |name: &'static str, allowed: &[&str]| -> Result<Option<usize>, ModuleError> {
            let Some(text) = parameters.text(name)? else { return Ok(None) };
            allowed.iter().position(|word| *word == text).map(Some).ok_or_else(|| {
                let expected =
                    allowed.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
                ModuleError::bad_parameter(
                    name,
                    format!("expected {expected}, found `{}`", text.escape_debug()),
                )
            })
        };
        let within = |name: &'static str, low: f64, high: f64| match parameters.number(name)? {
            Some(number) if !(low..=high).contains(&number) => Err(ModuleError::bad_parameter(
                name,
                format!("expected a number between {low} and {high}, found `{number}`"),
            )),
            number => Ok(number),
        };
        let kinds = [CovarianceKind::Covariance, CovarianceKind::Inverse];
        Ok(Self {
            covariance_kind: one_of("covariance_kind", &kinds.map(CovarianceKind::name))?
                .and_then(|index| kinds.get(index).copied()),
            z_star: parameters.text("z_star")?.map(decoupling_redshift).transpose()?,
            radiation: one_of("radiation", &RadiationKind::ALL.map(RadiationKind::name))?
                .and_then(|index| RadiationKind::ALL.get(index).copied()),
            sum_neutrino_masses_ev: within("sum_neutrino_masses_ev", 0.0, 5.0)?,
            effective_neutrino_number: within("effective_neutrino_number", 0.0, 10.0)?,
            without_spectral_index: one_of("spectral_index", &["include", "exclude"])? == Some(1),
            release: ReleaseChoice::read(parameters)?,
        })
    }
}

fn decoupling_redshift(text: &str) -> Result<DecouplingRedshift, ModuleError> {
    if text == "hu_sugiyama" {
        return Ok(DecouplingRedshift::HuSugiyama);
    }
    match text.parse::<f64>() {
        Ok(z) if (900.0..=1300.0).contains(&z) => Ok(DecouplingRedshift::Fixed(z)),
        _ => Err(ModuleError::bad_parameter(
            "z_star",
            format!(
                "expected `hu_sugiyama` or a redshift between 900 and 1300, found `{}`",
                text.escape_debug()
            ),
        )),
    }
}
