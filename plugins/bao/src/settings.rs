//! The user's parameters, typed.

use plugin_api::{ModuleError, Parameters};

use crate::quantity::Quantity;

/// What the covariance file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
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

/// Which further basis to derive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    Native,
    Ratios,
    SphericalAndAlcockPaczynski,
}

/// Against which known release the files are held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReleaseChoice {
    Recognised,
    Ignored,
    Named(String),
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
    pub(crate) fiducial_rd_mpc: Option<f64>,
    pub(crate) rd_rescale: Option<f64>,
    pub(crate) quantities: Option<Vec<Quantity>>,
    pub(crate) tracers: Option<Vec<String>>,
    pub(crate) covariance_kind: Option<CovarianceKind>,
    pub(crate) basis: Basis,
    pub(crate) release: ReleaseChoice,
    pub(crate) grid_redshift: Option<f64>,
    pub(crate) grid_observables: Option<Vec<Quantity>>,
    pub(crate) grid_value: Option<GridValue>,
    pub(crate) grid_axis_minimum: Option<f64>,
    pub(crate) grid_axis_maximum: Option<f64>,
    pub(crate) grid_fiducial: Option<f64>,
}

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        let settings = Self {
            fiducial_rd_mpc: positive(parameters, "fiducial_rd_mpc")?,
            rd_rescale: positive(parameters, "rd_rescale")?,
            quantities: quantities(parameters, "quantity")?,
            tracers: parameters.text("tracer")?.map(tracers).transpose()?,
            covariance_kind: match parameters.text("covariance_kind")? {
                None => None,
                Some("covariance") => Some(CovarianceKind::Covariance),
                Some("inverse") => Some(CovarianceKind::Inverse),
                Some(other) => return Err(unknown("covariance_kind", other, "`covariance` or `inverse`")),
            },
            basis: match parameters.text("derive")? {
                None | Some("native") => Basis::Native,
                Some("ratios") => Basis::Ratios,
                Some("dv_fap") => Basis::SphericalAndAlcockPaczynski,
                Some(other) => return Err(unknown("derive", other, "`native`, `ratios` or `dv_fap`")),
            },
            release: match parameters.text("release")? {
                None | Some("auto") => ReleaseChoice::Recognised,
                Some("none") => ReleaseChoice::Ignored,
                Some(name) => ReleaseChoice::Named(name.to_owned()),
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
        };
        settings.check_ruler()?;
        Ok(settings)
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

    /// r_d of every cosmology in use lies between 120 and 180 Mpc, so a value outside has another unit or meaning.
    fn check_ruler(&self) -> Result<(), ModuleError> {
        if let Some(fiducial) = self.fiducial_rd_mpc
            && !(120.0..=180.0).contains(&fiducial)
        {
            let error = ModuleError::bad_parameter(
                "fiducial_rd_mpc",
                format!("`{fiducial}` is no sound horizon in Mpc, which lies between 120 and 180"),
            );
            return Err(error.hint(if (fiducial - 1.0).abs() < 1e-9 {
                "values that are ratios to r_d need no fiducial: leave the parameter out"
            } else {
                "give r_d in Mpc, not in Mpc/h"
            }));
        }
        let Some(rescale) = self.rd_rescale else { return Ok(()) };
        if self.fiducial_rd_mpc.is_some() {
            return Err(ModuleError::bad_parameter(
                "rd_rescale",
                "cannot be combined with `fiducial_rd_mpc`: both say how r_d enters the values",
            ));
        }
        if (0.8..=1.25).contains(&rescale) {
            return Ok(());
        }
        Err(ModuleError::bad_parameter(
            "rd_rescale",
            format!("`{rescale}` is no ratio of two definitions of r_d, which lies between 0.8 and 1.25"),
        )
        .hint("for values stored with a fiducial r_d pass `--param fiducial_rd_mpc=…`"))
    }
}

fn positive(parameters: &Parameters, name: &str) -> Result<Option<f64>, ModuleError> {
    let number = parameters.number(name)?;
    match number {
        Some(number) if !number.is_finite() || number <= 0.0 => {
            Err(ModuleError::bad_parameter(name, format!("expected a positive number, found `{number}`")))
        }
        _ => Ok(number),
    }
}

fn unknown(parameter: &str, found: &str, expected: &str) -> ModuleError {
    ModuleError::bad_parameter(parameter, format!("expected {expected}, found `{found}`"))
}

fn quantities(parameters: &Parameters, name: &str) -> Result<Option<Vec<Quantity>>, ModuleError> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    let read = |label: &str| {
        Quantity::from_label(label.trim()).ok_or_else(|| {
            ModuleError::bad_parameter(name, format!("unknown quantity `{}`", label.trim()))
                .hint(format!("did you mean `{}`?", Quantity::nearest(label)))
        })
    };
    text.split(',').map(read).collect::<Result<_, _>>().map(Some)
}

fn tracers(text: &str) -> Result<Vec<String>, ModuleError> {
    let read = |name: &str| {
        let name = name.trim();
        let plain = name.chars().all(|character| character.is_alphanumeric() || "+-_.()".contains(character));
        if name.is_empty() || name.len() > 64 || !plain {
            let message = format!("`{}` is no name of a tracer", name.escape_debug());
            return Err(ModuleError::bad_parameter("tracer", message)
                .hint("letters, digits and `+-_.()`; one name, or one for each row separated by commas"));
        }
        Ok(name.to_owned())
    };
    text.split(',').map(read).collect()
}

/// Spreads one value over all rows, or checks that there is one for each.
pub(crate) fn spread<T: Clone>(parameter: &str, values: &[T], rows: usize) -> Result<Vec<T>, ModuleError> {
    match values {
        [one] => Ok(vec![one.clone(); rows]),
        _ if values.len() == rows => Ok(values.to_vec()),
        _ => Err(ModuleError::bad_parameter(parameter, format!("{} values for {rows} rows", values.len()))
            .hint("give one for all rows, or one for each, separated by commas")),
    }
}
