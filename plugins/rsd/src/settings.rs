//! The user's parameters, typed.

use cosmology::measurements::settings::{VectorSettings, unknown};
use plugin_api::{ModuleError, Parameters};

/// All parameters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) vector: VectorSettings,
    /// Density of matter of the reference cosmology of all rows, where the files name none.
    pub(crate) reference_omega_matter: Option<f64>,
    /// Density of matter of the cosmology that values are to be brought to.
    pub(crate) target_omega_matter: Option<f64>,
}

impl Settings {
    pub(crate) fn read(parameters: &Parameters) -> Result<Self, ModuleError> {
        let target = density(parameters, "target_omega_matter")?;
        let target_omega_matter = match (parameters.text("alcock_paczynski")?, target) {
            (None | Some("none"), None) => None,
            (Some("apply"), Some(target)) => Some(target),
            (Some("apply"), None) => {
                return Err(ModuleError::bad_parameter(
                    "target_omega_matter",
                    "`alcock_paczynski=apply` needs the cosmology to bring the values to",
                )
                .hint(
                    "pass `--param target_omega_matter=…` with the matter density of your flat ΛCDM model",
                ));
            }
            (None | Some("none"), Some(_)) => {
                return Err(ModuleError::bad_parameter(
                    "target_omega_matter",
                    "has no meaning without the correction",
                )
                .hint("pass `--param alcock_paczynski=apply` as well"));
            }
            (Some(other), _) => return Err(unknown("alcock_paczynski", other, "`none` or `apply`")),
        };
        Ok(Self {
            vector: VectorSettings::read(parameters)?,
            reference_omega_matter: density(parameters, "reference_omega_matter")?,
            target_omega_matter,
        })
    }
}

fn density(parameters: &Parameters, name: &str) -> Result<Option<f64>, ModuleError> {
    match parameters.number(name)? {
        Some(density) if !(density > 0.0 && density <= 1.0) => {
            let message = format!("`{density}` is no density of matter, which is more than 0 and at most 1");
            Err(ModuleError::bad_parameter(name, message).hint("give Ω_m, not Ω_m h²"))
        }
        density => Ok(density),
    }
}
