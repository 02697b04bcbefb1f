//! Pictures that were drawn before. A version never changes, so neither does what was drawn of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dataset::decode;
use crate::digest::Digest;
use crate::error::Result;
use crate::picture::{Picture, choose};
use crate::registry::index::Row;
use crate::registry::{DatasetName, Registry};

/// No larger dataset is read to draw it on a page, bytes.
pub const LARGEST_DRAWN: u64 = 64 << 20;

/// The most pictures that are kept; all are dropped when there are more.
const MOST_KEPT: usize = 1000;

/// The most bodies of pages that are kept.
const MOST_BODIES: usize = 32;

/// The most sketches drawn for one answer, so that the first one does not wait for all of them.
const MOST_NEW: usize = 16;

type Place = (String, Digest);

#[derive(Debug, Default)]
pub(super) struct Kept {
    sketches: Mutex<BTreeMap<Place, Option<Arc<str>>>>,
    bodies: Mutex<BTreeMap<(String, u64), Arc<str>>>,
}

impl Kept {
    /// A sketch for each row, where one can be drawn and has been.
    pub(super) fn sketches(&self, registry: &Registry, rows: &[Row], batch: usize) -> Vec<Option<Arc<str>>> {
        let mut new = 0;
        let mut sketch = |row: &Row| {
            let version = row.version?;
            let small = row.bytes.is_some_and(|bytes| bytes <= LARGEST_DRAWN);
            if row.damage.is_some() || !small {
                return None;
            }
            let place = (row.name.clone(), version);
            let known = self.sketches.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
            if let Some(sketch) = known {
                return sketch;
            }
            new += 1;
            if new > MOST_NEW {
                return None;
            }
            let sketch = draw(registry, &row.name, &version, batch);
            let mut sketches = self.sketches.lock().unwrap_or_else(PoisonError::into_inner);
            if sketches.len() >= MOST_KEPT {
                sketches.clear();
            }
            sketches.insert(place, sketch.clone());
            sketch
        };
        rows.iter().map(&mut sketch).collect()
    }

    /// The body of a dataset's page for one of its records, made when it is first asked for.
    pub(super) fn body(
        &self,
        name: &str,
        sequence: u64,
        make: impl FnOnce() -> Result<String>,
    ) -> Result<Arc<str>> {
        let place = (name.to_owned(), sequence);
        let known = self.bodies.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned();
        if let Some(body) = known {
            return Ok(body);
        }
        let body: Arc<str> = make()?.into();
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        if bodies.len() >= MOST_BODIES {
            bodies.clear();
        }
        bodies.insert(place, Arc::clone(&body));
        Ok(body)
    }
}

/// Nothing if there is no plot of points, or the dataset cannot be read: `check` says why.
fn draw(registry: &Registry, name: &str, version: &Digest, batch: usize) -> Option<Arc<str>> {
    let name = DatasetName::new(name).ok()?;
    let folder = registry.version_directory(&name, version);
    let (_, dataset) = decode(&folder, Some(version), batch).ok()?;
    let (_, plot) = choose(&dataset.plots, None).ok()?;
    Some(Picture::sketch(&dataset, plot)?.svg_part().into())
}
