//! Releases that the module knows: how to recognise their numbers, and what the files themselves do not say.
//!
//! `releases.json` holds no measurement. It holds digests of parsed numbers, and for each point its method and paper
//! after Moresco 2023, arXiv:2307.09501, table 1 (z = 0.07 to 1.965 and the footnote on 0.75 and 0.80).

use std::collections::BTreeMap;

use cosmology::catalogue::Catalogue;
use cosmology::numbers::NumbersDigest;
use plugin_api::ModuleError;
use serde::Deserialize;

/// Everything that is known.
#[derive(Debug, Deserialize)]
pub(crate) struct Known {
    /// Papers by their short names.
    pub(crate) sources: BTreeMap<String, String>,
    /// The published table of components.
    pub(crate) components: ReleasedComponents,
    pub(crate) releases: Vec<Release>,
}

/// A published table of components.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedComponents {
    pub(crate) numbers: NumbersDigest,
    pub(crate) source: String,
}

/// A published table.
#[derive(Debug, Deserialize)]
pub(crate) struct Release {
    /// Name in the catalogue.
    pub(crate) name: String,
    pub(crate) rows: Vec<ReleasedRow>,
    /// Its published covariance.
    #[serde(default)]
    pub(crate) covariance: Option<ReleasedCovariance>,
}

/// A point of a release: its redshift, digests of redshift and rate, of the error, and of its shares.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedRow {
    pub(crate) z: f64,
    pub(crate) measurement: NumbersDigest,
    pub(crate) error: NumbersDigest,
    #[serde(default)]
    pub(crate) contributions: Option<NumbersDigest>,
    pub(crate) method: String,
    pub(crate) source: String,
}

/// A published covariance: digest of each row.
#[derive(Debug, Deserialize)]
pub(crate) struct ReleasedCovariance {
    /// Name in the catalogue of table and covariance together.
    pub(crate) name: String,
    pub(crate) rows: Vec<NumbersDigest>,
}

/// Reads the embedded list.
pub(crate) fn known() -> Result<Known, ModuleError> {
    serde_json::from_str(include_str!("../releases.json"))
        .map_err(|error| ModuleError::internal(format!("the embedded list of releases is damaged: {error}")))
}

/// Reads the embedded catalogue.
pub(crate) fn catalogue() -> Result<Catalogue, ModuleError> {
    Catalogue::parse(include_str!("../catalogue.json"))
}
