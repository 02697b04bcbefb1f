//! The user's parameters, typed.

use cosmology::release_choice::ReleaseChoice;
use plugin_api::{ModuleError, Parameters};

/// What happens to supernovae whose distance Cepheids give. Without the parameter they are rows as all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Calibrators {
    /// They stay whatever their redshift, and their Cepheid distance stands for the theory.
    Include,
    Exclude,
    /// Nothing else stays.
    Only,
}

/// How the covariance of the observables comes from the file and the published errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Systematics {
    /// The file holds all of it.
    Total,
    /// The squares of the published errors are added to what the file holds.
    Added,
    /// Only the squares of the published errors.
    None,
}

impl Systematics {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Added => "added",
            Self::None => "none",
        }
    }
}

/// All parameters, each as the user gave it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) z_min: Option<f64>,
    pub(crate) z_max: Option<f64>,
    pub(crate) calibrators: Option<Calibrators>,
    pub(crate) exclude_ids: Vec<String>,
    pub(crate) systematics: Option<Systematics>,
    /// Whether the covariance file holds the inverse.
    pub(crate) inverse: Option<bool>,
    /// Coefficients of stretch and colour.
    pub(crate) alpha_beta: Option<(f64, f64)>,
    pub(crate) sigma_int_mag: f64,
    pub(crate) release: ReleaseChoice,
}

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        let (z_min, z_max) = (redshift(parameters, "z_min")?, redshift(parameters, "z_max")?);
        if let (Some(low), Some(high)) = (z_min, z_max)
            && low >= high
        {
            return Err(ModuleError::bad_parameter("z_max", format!("{high} is not above `z_min`, {low}")));
        }
        let alpha_beta = match (parameters.number("alpha")?, parameters.number("beta")?) {
            (Some(alpha), Some(beta)) => Some((alpha, beta)),
            (None, None) => None,
            (alpha, _) => {
                let missing = if alpha.is_some() { "beta" } else { "alpha" };
                return Err(ModuleError::bad_parameter(missing, "alpha and beta are only of use together")
                    .hint(format!("pass `--param {missing}=…` too")));
            }
        };
        let sigma_int_mag = parameters.number("sigma_int")?.unwrap_or(0.0);
        if !(0.0..1.0).contains(&sigma_int_mag) {
            let message =
                format!("`{sigma_int_mag}` is no intrinsic scatter, which lies between 0 and 1 mag");
            return Err(ModuleError::bad_parameter("sigma_int", message));
        }
        Ok(Self {
            z_min,
            z_max,
            calibrators: choice(
                parameters,
                "calibrators",
                &[
                    ("include", Calibrators::Include),
                    ("exclude", Calibrators::Exclude),
                    ("only", Calibrators::Only),
                ],
            )?,
            exclude_ids: parameters.text("exclude_ids")?.map(names).transpose()?.unwrap_or_default(),
            systematics: choice(
                parameters,
                "systematics",
                &[("total", Systematics::Total), ("added", Systematics::Added), ("none", Systematics::None)],
            )?,
            inverse: choice(parameters, "covariance_kind", &[("covariance", false), ("inverse", true)])?,
            alpha_beta,
            sigma_int_mag,
            release: ReleaseChoice::read(parameters)?,
        })
    }
}

fn redshift(parameters: &Parameters, name: &str) -> Result<Option<f64>, ModuleError> {
    let number = parameters.number(name)?;
    match number {
        Some(number) if !(0.0..=10.0).contains(&number) => {
            let message = format!("`{number}` is no redshift of a supernova, expected 0 to 10");
            Err(ModuleError::bad_parameter(name, message))
        }
        _ => Ok(number),
    }
}

fn choice<T: Copy>(
    parameters: &Parameters,
    name: &str,
    allowed: &[(&str, T)],
) -> Result<Option<T>, ModuleError> {
    let Some(text) = parameters.text(name)? else { return Ok(None) };
    if let Some((_, value)) = allowed.iter().find(|(word, _)| *word == text) {
        return Ok(Some(*value));
    }
    let words: Vec<String> = allowed.iter().map(|(word, _)| format!("`{word}`")).collect();
    let message = format!("expected {}, found `{}`", words.join(" or "), text.escape_debug());
    Err(ModuleError::bad_parameter(name, message))
}

fn names(text: &str) -> Result<Vec<String>, ModuleError> {
    let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    if names.contains(&String::new()) {
        return Err(ModuleError::bad_parameter("exclude_ids", "a name is empty")
            .hint("give names separated by commas, or leave the parameter out"));
    }
    Ok(names)
}
