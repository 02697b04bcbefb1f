//! How r_d enters the values: what the user says, what a recognised release says, and that both agree.

use plugin_api::ModuleError;
use serde_json::{Value, json};

use super::releases::{CovarianceKind, Release};
use super::settings::VectorSettings;

/// The convention a dataset is stored with. No number of it is ever changed by it: it is recorded, exported, and used
/// where ratios are derived on request.
#[derive(Debug, Clone, PartialEq)]
pub struct Conventions {
    /// Fiducial r_d that is folded into the values, in Mpc.
    pub fiducial_rd_mpc: Option<f64>,
    /// Ratio of the sound horizon that the values use to r_d.
    pub rd_rescale: Option<f64>,
    /// What the file of the covariance holds.
    pub covariance_kind: CovarianceKind,
    fiducial_source: &'static str,
    rescale_source: &'static str,
}

impl Conventions {
    /// The convention by parameters, or by the recognised release.
    ///
    /// # Errors
    /// [`ModuleError::BadParameter`] when a parameter contradicts the recognised release.
    pub fn settle(settings: &VectorSettings, release: Option<&Release>) -> Result<Self, ModuleError> {
        let (fiducial_rd_mpc, fiducial_source) = settle(
            "fiducial_rd_mpc",
            settings.fiducial_rd_mpc,
            release.and_then(|release| release.fiducial_rd_mpc.map(|value| (value, release))),
        )?;
        let (rd_rescale, rescale_source) = settle(
            "rd_rescale",
            settings.rd_rescale,
            release.and_then(|release| release.rd_rescale.map(|value| (value, release))),
        )?;
        let covariance_kind = match (settings.covariance_kind, release) {
            (Some(given), Some(release))
                if !release.covariance_rows.is_empty() && given != released_kind(release) =>
            {
                let message = format!(
                    "the second file of `{}` is its {}, not its {}",
                    release.name,
                    described(released_kind(release)),
                    described(given)
                );
                return Err(
                    ModuleError::bad_parameter("covariance_kind", message).hint("leave the parameter out")
                );
            }
            (Some(given), _) => given,
            (None, Some(release)) => released_kind(release),
            (None, None) => CovarianceKind::Covariance,
        };
        if fiducial_rd_mpc.is_some() && rd_rescale.is_some() {
            return Err(ModuleError::bad_parameter(
                if settings.rd_rescale.is_some() { "rd_rescale" } else { "fiducial_rd_mpc" },
                "the recognised release states how r_d enters its values, and it is not this way",
            )
            .hint("leave the parameter out; if the values are not those of the release pass `--param release=none`"));
        }
        Ok(Self { fiducial_rd_mpc, rd_rescale, covariance_kind, fiducial_source, rescale_source })
    }

    /// `x` in units of r_d when it is stored as a length, by the convention.
    #[must_use]
    pub fn in_rulers(&self, x: f64) -> f64 {
        match (self.fiducial_rd_mpc, self.rd_rescale) {
            (Some(fiducial), _) => x / fiducial,
            (None, Some(rescale)) => x * rescale,
            (None, None) => x,
        }
    }

    /// The convention in words and numbers.
    #[must_use]
    pub fn metadata(&self) -> Value {
        let meaning = match (self.fiducial_rd_mpc, self.rd_rescale) {
            (Some(fiducial), _) => format!(
                "values that hold r_d are stored with r_d/({fiducial} Mpc) in its place: lengths as D (r_fid/r_d) in \
                 Mpc, H as H (r_d/r_fid) in km/s/Mpc"
            ),
            (None, Some(rescale)) => {
                format!(
                    "r_d of the values is another definition of the sound horizon: {rescale} times the theory's r_d"
                )
            }
            (None, None) => "values are ratios to r_d, or products with it".to_owned(),
        };
        json!({
            "ruler": "rs in labels is r_d, the comoving sound horizon at the baryon drag epoch",
            "meaning": meaning,
            "fiducial_rd_mpc": self.fiducial_rd_mpc,
            "fiducial_rd_mpc_source": self.fiducial_rd_mpc.map(|_| self.fiducial_source),
            "rd_rescale": self.rd_rescale,
            "rd_rescale_source": self.rd_rescale.map(|_| self.rescale_source),
        })
    }
}

fn released_kind(release: &Release) -> CovarianceKind {
    release.covariance_kind.unwrap_or(CovarianceKind::Covariance)
}

fn described(kind: CovarianceKind) -> &'static str {
    match kind {
        CovarianceKind::Covariance => "covariance",
        CovarianceKind::Inverse => "inverse covariance",
    }
}

/// The user's value, or that of the release; an error when they differ by more than rounding.
fn settle(
    name: &str,
    given: Option<f64>,
    released: Option<(f64, &Release)>,
) -> Result<(Option<f64>, &'static str), ModuleError> {
    match (given, released) {
        (Some(given), Some((stated, release))) if (given / stated - 1.0).abs() > 1e-6 => {
            let message = format!("`{given}` contradicts `{}`, which states {stated}", release.name);
            Err(ModuleError::bad_parameter(name, message).hint(
                "leave the parameter out; if the values are not those of the release pass `--param release=none`",
            ))
        }
        (Some(given), _) => Ok((Some(given), "parameter")),
        (None, Some((stated, _))) => Ok((Some(stated), "recognised release")),
        (None, None) => Ok((None, "none")),
    }
}
