//! Published vectors that a module knows: how to recognise their numbers, and what the files themselves do not say.
//!
//! A list of releases holds no measured value. It holds digests of parsed numbers, so that a file is recognised whatever
//! its line ends, comments and number format, and so that the first row which is not the published one can be named.
//! What a covariance or a correction is built of, errors and reference cosmologies, stands there as numbers.

use plugin_api::ModuleError;
use serde::Deserialize;

use super::quantity::Quantity;
use super::reader::Row;
use crate::numbers::NumbersDigest;
use crate::text::nearest;

/// A published vector of measurements.
#[derive(Debug, Deserialize)]
pub struct Release {
    /// Its name in the module's catalogue.
    pub name: String,
    /// Measurements in the published order.
    pub rows: Vec<ReleasedRow>,
    /// Digest of each row of the published covariance, or of its inverse.
    #[serde(default)]
    pub covariance_rows: Vec<NumbersDigest>,
    /// Published error of each row, where there is no covariance.
    #[serde(default)]
    pub errors: Vec<f64>,
    /// Density of matter of the reference cosmology of each row, where it is published.
    #[serde(default)]
    pub reference_omega_matter: Vec<f64>,
    /// Whether anybody could write down the same covariance, so that it identifies nothing.
    #[serde(default)]
    pub generic_covariance: bool,
    /// Fiducial r_d that is folded into the values, in Mpc.
    #[serde(default)]
    pub fiducial_rd_mpc: Option<f64>,
    /// Ratio of the sound horizon that the values use to r_d.
    #[serde(default)]
    pub rd_rescale: Option<f64>,
    /// What the published matrix is.
    #[serde(default)]
    pub covariance_kind: Option<CovarianceKind>,
}

impl Release {
    /// Whether the rows are these measurements in this order, as far as the rows say; their values may differ.
    #[must_use]
    pub fn has_rows(&self, rows: &[Row]) -> bool {
        let same = |(row, released): (&Row, &ReleasedRow)| {
            row.z.to_bits() == released.z.to_bits()
                && row.quantity.is_none_or(|quantity| quantity == released.quantity.0)
        };
        rows.len() == self.rows.len() && rows.iter().zip(&self.rows).all(same)
    }
}

/// A row of a release: what it measures, and a digest of redshift and value.
#[derive(Debug, Deserialize)]
pub struct ReleasedRow {
    /// Redshift.
    pub z: f64,
    /// What it measures.
    pub quantity: Label,
    /// Sample.
    pub tracer: String,
    /// Digest of redshift and value.
    pub numbers: NumbersDigest,
}

/// A quantity under its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Label(
    /// The quantity.
    pub Quantity,
);

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        Quantity::from_label(&label).map(Self).ok_or(format!("unknown quantity `{label}`"))
    }
}

/// What a covariance file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CovarianceKind {
    /// The covariance.
    Covariance,
    /// Its inverse.
    Inverse,
}

impl CovarianceKind {
    /// Its name in parameters and metadata.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Covariance => "covariance",
            Self::Inverse => "inverse",
        }
    }
}

/// The error for a name that no release has.
pub fn no_release<'n>(names: impl IntoIterator<Item = &'n str>, name: &str) -> ModuleError {
    let message = format!("no known release is called `{}`", name.escape_debug());
    let error = ModuleError::bad_parameter("release", message);
    match nearest(names, name) {
        Some(nearest) => {
            error.hint(format!("did you mean `{nearest}`? `auto` recognises files by their numbers"))
        }
        None => error,
    }
}

/// Finds a release by the name the user typed.
///
/// # Errors
/// [`ModuleError::BadParameter`] with the nearest name when there is none.
pub fn named<'r>(releases: &'r [Release], name: &str) -> Result<&'r Release, ModuleError> {
    releases
        .iter()
        .find(|release| release.name == name)
        .ok_or_else(|| no_release(releases.iter().map(|release| release.name.as_str()), name))
}
