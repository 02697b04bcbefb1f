//! Releases that the module knows, and the embedded files that list them.

use cosmology::catalogue::Catalogue;
use cosmology::measurements::releases::Release;
use plugin_api::{Finding, ModuleError, Severity};
use serde::Deserialize;

use crate::table::ROLES;

/// Everything the module knows of published data.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) vectors: Vec<Release>,
    overlaps: Vec<Overlap>,
    pub(crate) catalogue: Catalogue,
}

/// Rows of one release that were measured from the same galaxies.
#[derive(Debug, Deserialize)]
struct Overlap {
    release: String,
    /// Rows of the release, from 1.
    rows: Vec<usize>,
    reason: String,
}

impl Known {
    /// Reads the embedded lists.
    pub(crate) fn read() -> Result<Self, ModuleError> {
        #[derive(Deserialize)]
        struct Releases {
            vectors: Vec<Release>,
            overlaps: Vec<Overlap>,
        }
        let Releases { vectors, overlaps } =
            serde_json::from_str(include_str!("../releases.json")).map_err(|error| {
                ModuleError::internal(format!("the embedded list of releases is damaged: {error}"))
            })?;
        let catalogue = Catalogue::parse(include_str!("../catalogue.json"))?;
        Ok(Self { vectors, overlaps, catalogue })
    }

    /// Warns of rows that must not be fitted together.
    pub(crate) fn double_counting(&self, release: &str) -> impl Iterator<Item = Finding> {
        self.overlaps.iter().filter(move |overlap| overlap.release == release).map(|overlap| {
            let rows: Vec<String> = overlap.rows.iter().map(ToString::to_string).collect();
            let message =
                format!("rows {} hold some of the same information: {}", rows.join(", "), overlap.reason);
            let place = format!("input `{}`", ROLES.values);
            Finding::new(Severity::Warning, "rows.double-counting", place, message)
                .hint("fit at most one analysis of each sample: write those rows into a table of your own")
        })
    }
}
