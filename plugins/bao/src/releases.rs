//! Releases that the module knows: how to recognise their numbers, and what the files themselves do not say.
//!
//! `releases.json` holds no measurement. It holds digests of parsed numbers, so that a file is recognised whatever its
//! line ends, comments and number format, and so that the first row which is not the published one can be named.

use cosmology::numbers::NumbersDigest;
use plugin_api::{Citation, ModuleError};
use serde::Deserialize;
use serde_json::Value;

use crate::quantity::{Quantity, edit_distance};
use crate::settings::{CovarianceKind, GridValue};

/// A published set of measurements.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) survey: String,
    pub(crate) citations: Vec<Citation>,
    pub(crate) licence: String,
    /// Measurements in the published order; empty for a grid.
    #[serde(default)]
    pub(crate) rows: Vec<ReleasedRow>,
    /// Digest of each row of the published covariance, or of its inverse.
    #[serde(default)]
    pub(crate) covariance_rows: Vec<NumbersDigest>,
    /// Digest of each published error, where there is no covariance.
    #[serde(default)]
    pub(crate) errors: Vec<NumbersDigest>,
    /// Whether anybody could write down the same covariance, so that it identifies nothing.
    #[serde(default)]
    pub(crate) generic_covariance: bool,
    #[serde(default)]
    pub(crate) grid: Option<ReleasedGrid>,
    /// Where the files were published, with their digests; copied into the metadata.
    pub(crate) files: Value,
    #[serde(default)]
    pub(crate) other_packagings: Option<Value>,
    #[serde(default)]
    pub(crate) fiducial_rd_mpc: Option<f64>,
    #[serde(default)]
    pub(crate) rd_rescale: Option<f64>,
    #[serde(default)]
    pub(crate) covariance_kind: Option<CovarianceKind>,
    /// Releases that hold the same or overlapping data; copied into the metadata.
    #[serde(default)]
    pub(crate) conflicts: Vec<Value>,
    #[serde(default)]
    pub(crate) notes: Vec<String>,
}

/// A row of a release: what it measures, and a digest of redshift and value.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedRow {
    pub(crate) z: f64,
    pub(crate) quantity: Label,
    pub(crate) tracer: String,
    pub(crate) numbers: NumbersDigest,
}

/// A grid of a release.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedGrid {
    pub(crate) redshift: f64,
    pub(crate) tracer: String,
    pub(crate) value: GridValue,
    pub(crate) axes: Vec<ReleasedAxis>,
    #[serde(default)]
    pub(crate) fiducial: Option<f64>,
    pub(crate) numbers: NumbersDigest,
}

/// An axis of a grid; the range is given where the file has no abscissa.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedAxis {
    pub(crate) quantity: Label,
    #[serde(default)]
    pub(crate) minimum: Option<f64>,
    #[serde(default)]
    pub(crate) maximum: Option<f64>,
}

/// A quantity under its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Label(pub(crate) Quantity);

impl TryFrom<String> for Label {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        Quantity::from_label(&label).map(Self).ok_or(format!("unknown quantity `{label}`"))
    }
}

#[derive(Deserialize)]
struct Document {
    releases: Vec<Release>,
}

/// Reads the embedded list.
pub(crate) fn known() -> Result<Vec<Release>, ModuleError> {
    let document: Document = serde_json::from_str(include_str!("../releases.json")).map_err(|error| {
        ModuleError::internal(format!("the embedded list of releases is damaged: {error}"))
    })?;
    Ok(document.releases)
}

/// Finds a release by the name the user typed.
pub(crate) fn named<'r>(releases: &'r [Release], name: &str) -> Result<&'r Release, ModuleError> {
    if let Some(release) = releases.iter().find(|release| release.name == name) {
        return Ok(release);
    }
    let nearest = releases.iter().min_by_key(|release| edit_distance(&release.name, name));
    let error = ModuleError::bad_parameter(
        "release",
        format!("no known release is called `{}`", name.escape_debug()),
    );
    Err(match nearest {
        Some(nearest) => {
            error.hint(format!("did you mean `{}`? `auto` recognises files by their numbers", nearest.name))
        }
        None => error,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_embedded_list_is_consistent() {
        let releases = known().unwrap();
        let names: BTreeSet<&str> = releases.iter().map(|release| release.name.as_str()).collect();
        assert_eq!(names.len(), releases.len());
        for release in &releases {
            assert!(release.grid.is_some() == release.rows.is_empty(), "{}", release.name);
            assert!(matches!(release.covariance_rows.len(), n if n == 0 || n == release.rows.len()));
            for row in &release.rows {
                assert!(row.z > 0.0 && !row.tracer.is_empty(), "{}", release.name);
            }
            assert!(
                !release.citations.is_empty() && !release.survey.is_empty() && !release.licence.is_empty()
            );
            // Else rows without tracers could be taken for duplicates before the release names them.
            let rows: BTreeSet<_> =
                release.rows.iter().map(|row| (row.z.to_bits(), row.quantity.0)).collect();
            assert_eq!(rows.len(), release.rows.len(), "{}", release.name);
            for conflict in &release.conflicts {
                for other in conflict["with"].as_array().unwrap() {
                    let other = other.as_str().unwrap();
                    assert!(names.contains(other) && other != release.name, "{}: {other}", release.name);
                    let back = &releases.iter().find(|candidate| candidate.name == other).unwrap().conflicts;
                    assert!(back.iter().any(|entry| entry["with"].to_string().contains(&release.name)));
                }
            }
        }
    }

    #[test]
    fn a_digest_sees_every_bit_but_not_the_sign_of_zero() {
        let digest = |numbers: &[f64]| NumbersDigest::of(numbers);
        assert_eq!(digest(&[0.0, 1.0]), digest(&[-0.0, 1.0]));
        assert_ne!(digest(&[1.0]), digest(&[1.0 + f64::EPSILON]));
        assert_ne!(digest(&[1.0, 2.0]), digest(&[2.0, 1.0]));
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_nearest() {
        let releases = known().unwrap();
        assert_eq!(named(&releases, "desi_dr2_all").unwrap().rows.len(), 13);
        let ModuleError::BadParameter(fault) = named(&releases, "desi_dr2_al").unwrap_err() else { panic!() };
        assert!(fault.hint.unwrap().contains("`desi_dr2_all`"));
    }
}
