//! The user's parameters about a vector, typed.

use plugin_api::{ModuleError, Parameters};

use super::quantity::Quantity;
use super::releases::CovarianceKind;
use crate::release_choice::ReleaseChoice;

/// Each parameter as the user gave it: absent ones may be filled in by a recognised release.
#[derive(Debug, Clone, PartialEq)]
pub struct VectorSettings {
    /// Fiducial r_d that is folded into the values, in Mpc.
    pub fiducial_rd_mpc: Option<f64>,
    /// Ratio of the sound horizon that the values use to r_d.
    pub rd_rescale: Option<f64>,
    /// Quantity of all rows or of each.
    pub quantities: Option<Vec<Quantity>>,
    /// Tracer of all rows or of each.
    pub tracers: Option<Vec<String>>,
    /// What the covariance file holds.
    pub covariance_kind: Option<CovarianceKind>,
    /// Against which known release the files are held.
    pub release: ReleaseChoice,
}

impl VectorSettings {
    /// Reads `fiducial_rd_mpc`, `rd_rescale`, `quantity`, `tracer`, `covariance_kind` and `release`.
    ///
    /// # Errors
    /// [`ModuleError::BadParameter`] with what to type instead.
    pub fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
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
            release: ReleaseChoice::read(parameters)?,
        };
        settings.check_ruler()?;
        Ok(settings)
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

/// A parameter that must be a positive number.
///
/// # Errors
/// [`ModuleError::BadParameter`] when it is none.
pub fn positive(parameters: &Parameters, name: &str) -> Result<Option<f64>, ModuleError> {
    let number = parameters.number(name)?;
    match number {
        Some(number) if !number.is_finite() || number <= 0.0 => {
            Err(ModuleError::bad_parameter(name, format!("expected a positive number, found `{number}`")))
        }
        _ => Ok(number),
    }
}

/// The error for a word that is not among the allowed ones.
#[must_use]
pub fn unknown(parameter: &str, found: &str, expected: &str) -> ModuleError {
    ModuleError::bad_parameter(parameter, format!("expected {expected}, found `{found}`"))
}

/// A parameter with the labels of quantities, separated by commas.
///
/// # Errors
/// [`ModuleError::BadParameter`] with the nearest label for an unknown one.
pub fn quantities(parameters: &Parameters, name: &str) -> Result<Option<Vec<Quantity>>, ModuleError> {
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
///
/// # Errors
/// [`ModuleError::BadParameter`] for another count.
pub fn spread<T: Clone>(parameter: &str, values: &[T], rows: usize) -> Result<Vec<T>, ModuleError> {
    match values {
        [one] => Ok(vec![one.clone(); rows]),
        _ if values.len() == rows => Ok(values.to_vec()),
        _ => Err(ModuleError::bad_parameter(parameter, format!("{} values for {rows} rows", values.len()))
            .hint("give one for all rows, or one for each, separated by commas")),
    }
}
