//! Releases that the module knows, and the embedded files that list them.

use cosmology::catalogue::Catalogue;
use cosmology::measurements::releases::{Label, Release, no_release};
use cosmology::numbers::NumbersDigest;
use plugin_api::ModuleError;
use serde::Deserialize;

use crate::settings::GridValue;

/// Everything the module knows of published data.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) vectors: Vec<Release>,
    pub(crate) grids: Vec<GridRelease>,
    pub(crate) catalogue: Catalogue,
}

/// A published grid.
#[derive(Debug, Deserialize)]
pub(crate) struct GridRelease {
    pub(crate) name: String,
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

impl Known {
    /// Reads the embedded lists.
    pub(crate) fn read() -> Result<Self, ModuleError> {
        #[derive(Deserialize)]
        struct Releases {
            vectors: Vec<Release>,
            grids: Vec<GridRelease>,
        }
        let Releases { vectors, grids } =
            serde_json::from_str(include_str!("../releases.json")).map_err(|error| {
                ModuleError::internal(format!("the embedded list of releases is damaged: {error}"))
            })?;
        let catalogue = Catalogue::parse(include_str!("../catalogue.json"))?;
        Ok(Self { vectors, grids, catalogue })
    }

    /// Finds the grid that the user named.
    pub(crate) fn grid(&self, name: &str) -> Result<&GridRelease, ModuleError> {
        if self.vectors.iter().any(|release| release.name == name) {
            return Err(ModuleError::bad_parameter("release", format!("`{name}` is a vector, not a grid"))
                .hint("give its files with `--input mean=PATH --input covariance=PATH`"));
        }
        self.grids
            .iter()
            .find(|release| release.name == name)
            .ok_or_else(|| no_release(self.grids.iter().map(|release| release.name.as_str()), name))
    }

    /// Refuses the name of a grid where a vector is read.
    pub(crate) fn refuse_grid(&self, name: &str) -> Result<(), ModuleError> {
        if self.grids.iter().any(|release| release.name == name) {
            return Err(ModuleError::bad_parameter("release", format!("`{name}` is a grid, not a vector"))
                .hint("give its file with `--input grid=PATH`"));
        }
        Ok(())
    }
}
