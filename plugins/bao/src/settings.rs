//! The user's parameters, typed.

use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::settings::{VectorSettings, positive, quantities, unknown};
use plugin_api::{ModuleError, Parameters};

/// Which further basis to derive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    Native,
    Ratios,
    SphericalAndAlcockPaczynski,
}

/// What a node of a grid holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GridValue {
    Chi2,
    Probability,
    LikelihoodRatio,
    LogLikelihood,
}

impl GridValue {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Chi2 => "chi2",
            Self::Probability => "probability",
            Self::LikelihoodRatio => "likelihood_ratio",
            Self::LogLikelihood => "log_likelihood",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Chi2, Self::Probability, Self::LikelihoodRatio, Self::LogLikelihood]
            .into_iter()
            .find(|value| value.name() == name)
    }
}

/// All parameters, each as the user gave it: absent ones may be filled in by a recognised release.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) vector: VectorSettings,
    pub(crate) basis: Basis,
    pub(crate) grid_redshift: Option<f64>,
    pub(crate) grid_observables: Option<Vec<Quantity>>,
    pub(crate) grid_value: Option<GridValue>,
    pub(crate) grid_axis_minimum: Option<f64>,
    pub(crate) grid_axis_maximum: Option<f64>,
    pub(crate) grid_fiducial: Option<f64>,
}

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        Ok(Self {
            vector: VectorSettings::read(parameters)?,
            basis: match parameters.text("derive")? {
                None | Some("native") => Basis::Native,
                Some("ratios") => Basis::Ratios,
                Some("dv_fap") => Basis::SphericalAndAlcockPaczynski,
                Some(other) => return Err(unknown("derive", other, "`native`, `ratios` or `dv_fap`")),
            },
            grid_redshift: positive(parameters, "grid_redshift")?,
            grid_observables: quantities(parameters, "grid_observables")?,
            grid_value: match parameters.text("grid_value")? {
                None => None,
                Some(name) => Some(GridValue::from_name(name).ok_or_else(|| {
                    unknown(
                        "grid_value",
                        name,
                        "`chi2`, `probability`, `likelihood_ratio` or `log_likelihood`",
                    )
                })?),
            },
            grid_axis_minimum: parameters.number("grid_axis_minimum")?,
            grid_axis_maximum: parameters.number("grid_axis_maximum")?,
            grid_fiducial: positive(parameters, "grid_fiducial")?,
        })
    }

    /// A parameter that describes a grid says nothing about a vector.
    pub(crate) fn refuse_grid_parameters(&self) -> Result<(), ModuleError> {
        let given = [
            ("grid_redshift", self.grid_redshift.is_some()),
            ("grid_observables", self.grid_observables.is_some()),
            ("grid_value", self.grid_value.is_some()),
            ("grid_axis_minimum", self.grid_axis_minimum.is_some()),
            ("grid_axis_maximum", self.grid_axis_maximum.is_some()),
            ("grid_fiducial", self.grid_fiducial.is_some()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(ModuleError::bad_parameter(*name, "has no meaning without a grid")
                .hint("give the grid with `--input grid=PATH`")),
            None => Ok(()),
        }
    }
}
