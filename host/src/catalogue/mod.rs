//! Every dataset that can be named: those of the user's manifest, of the modules' catalogues, and those that travel
//! inside modules. Reads files; runs no code of a module.
//!
//! Invariants: a name of the manifest hides the same name of every module; a name that two modules claim means neither
//! until the manifest decides; conflicts are those of all documents, hidden entries included.

mod batch;
pub mod conflicts;
mod dataset;
mod document;
mod manifest;
mod remote;
pub mod state;
mod strict;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::modules::discover::{self, SearchDirectory, State};
use crate::modules::manifest::Embedded;

pub use batch::{Batch, Damage};
pub use dataset::{Dataset, Origin};
pub use document::{Conflict, Input};
pub use manifest::Manifest;
pub(crate) use remote::unescaped;
pub use remote::{Address, RemoteFile};

use dataset::{Described, bundled_entry, completed};
use document::Entry;

/// Every dataset that can be named.
#[derive(Debug, Default)]
pub struct Catalogue {
    datasets: Vec<Dataset>,
    conflicts: Vec<(String, Conflict)>,
    faults: Vec<String>,
    manifest: Option<PathBuf>,
}

impl Catalogue {
    /// Reads the catalogues of all modules of the search path. A broken or shadowed module has none; a damaged
    /// catalogue is a fault that hides no other. A later manifest hides names of an earlier one.
    #[must_use]
    pub fn new(manifests: Vec<Manifest>, search_path: &[SearchDirectory]) -> Self {
        let mut catalogue = Self::default();
        for candidate in discover::scan(search_path) {
            if let State::Module { embedded, shadowed_by: None, .. } = candidate.state {
                catalogue.add_module(*embedded);
            }
        }
        for manifest in manifests {
            catalogue.add_manifest(manifest, search_path);
        }
        catalogue.datasets.sort_by(|one, other| (&one.name, &one.module).cmp(&(&other.name, &other.module)));
        catalogue
    }

    fn add_module(&mut self, embedded: Embedded) {
        let id = embedded.descriptor.id.clone();
        let entries = own_catalogue(&embedded).unwrap_or_else(|why| {
            self.faults.push(format!("the catalogue of module `{id}` cannot be used: {why}"));
            Vec::new()
        });
        let described =
            Arc::new(Described { version: embedded.manifest.version, descriptor: embedded.descriptor });
        let bundled = described.descriptor.bundled.iter();
        let bundled = bundled.filter(|dataset| entries.iter().all(|(name, _)| *name != dataset.name));
        let bundled: Vec<_> = bundled.map(|dataset| (dataset.name.clone(), bundled_entry(dataset))).collect();
        let entries = entries.into_iter().map(|(name, entry)| (name, entry, Origin::Catalogue));
        let bundled = bundled.into_iter().map(|(name, entry)| (name, entry, Origin::Bundled));
        for (name, entry, origin) in entries.chain(bundled) {
            self.conflicts.extend(entry.conflicts.iter().map(|conflict| (name.clone(), conflict.clone())));
            let (module, described) = (id.clone(), Some(Arc::clone(&described)));
            self.datasets.push(Dataset { name, module, origin, entry, folder: None, described });
        }
    }

    fn add_manifest(&mut self, manifest: Manifest, search_path: &[SearchDirectory]) {
        let mut own = Vec::new();
        for (name, entry) in manifest.datasets {
            self.conflicts.extend(entry.conflicts.iter().map(|conflict| (name.clone(), conflict.clone())));
            let module = entry.module.clone().unwrap_or_default();
            let of_module = || self.datasets.iter().filter(|dataset| dataset.module == module);
            let known = of_module().find(|dataset| dataset.name == name);
            let entry = if entry.inputs.is_empty() {
                let first = || of_module().find(|dataset| dataset.origin == Origin::Bundled);
                known.or_else(first).map_or(entry.clone(), |known| completed(entry, &known.entry))
            } else {
                entry
            };
            let described = of_module().find_map(|dataset| dataset.described.clone()).or_else(|| {
                let found = discover::find(search_path, &module).ok()?.embedded;
                Some(Arc::new(Described { version: found.manifest.version, descriptor: found.descriptor }))
            });
            let (origin, folder) = (Origin::Manifest, Some(manifest.folder.clone()));
            own.push(Dataset { name, module, origin, entry, folder, described });
        }
        self.datasets.retain(|dataset| own.iter().all(|hiding| hiding.name != dataset.name));
        self.datasets.extend(own);
        self.manifest.get_or_insert(manifest.path);
    }

    /// All datasets, by name; a name that two modules claim occurs twice.
    #[must_use]
    pub fn datasets(&self) -> &[Dataset] {
        &self.datasets
    }

    /// Catalogues that cannot be used, and why.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// The dataset of a name.
    ///
    /// # Errors
    /// [`Kind::Usage`] when nobody knows the name, or two modules claim it.
    pub fn find(&self, name: &str) -> Result<&Dataset> {
        let mut found = self.datasets.iter().filter(|dataset| dataset.name == name);
        match (found.next(), found.next()) {
            (Some(dataset), None) => Ok(dataset),
            (Some(one), Some(other)) => Err(self.ambiguous(one, other)),
            (None, _) => Err(self.unknown(name)),
        }
    }

    fn ambiguous(&self, one: &Dataset, other: &Dataset) -> Error {
        let Dataset { name, module, .. } = one;
        let manifest = self.manifest.as_ref().map_or_else(
            || "a datasets manifest (`--manifest FILE` or setting `registry.manifest_file`)".to_owned(),
            |path| format!("`{}`", path.display()),
        );
        Error::new(
            Kind::Usage,
            format!("two modules have a dataset `{name}`: `{module}` and `{}`", other.module),
        )
        .hint(format!("decide in {manifest}: \"datasets\": {{\"{name}\": {{\"module\": \"{module}\"}}}}"))
    }

    fn unknown(&self, name: &str) -> Error {
        let message = match &self.manifest {
            Some(path) => {
                format!(
                    "no dataset `{name}` in the manifest `{}`, nor in any module's catalogue",
                    path.display()
                )
            }
            None => format!("no dataset `{name}` in any module's catalogue"),
        };
        let mut error = Error::new(Kind::Usage, message);
        error.causes.clone_from(&self.faults);
        if let Some(near) = crate::text::nearest(name, self.datasets.iter().map(|known| known.name.as_str()))
        {
            error = error.hint(format!("did you mean `{near}`?"));
        }
        error.hint("run `host dataset list` to see what there is")
    }

    /// What conflicts with any of these names, said by either side.
    #[must_use]
    pub fn conflicts_of(&self, names: &BTreeSet<&str>) -> Vec<Conflict> {
        let meant = |conflict: &Conflict| conflict.with.iter().any(|with| names.contains(with.as_str()));
        let said = self.conflicts.iter().filter_map(|(owner, conflict)| {
            if names.contains(owner.as_str()) {
                return Some(conflict.clone());
            }
            let (with, reason) = (vec![owner.clone()], conflict.reason.clone());
            meant(conflict).then_some(Conflict { with, reason })
        });
        said.collect()
    }
}

fn own_catalogue(embedded: &Embedded) -> std::result::Result<Vec<(String, Entry)>, String> {
    let Some(file) = &embedded.descriptor.catalogue else { return Ok(Vec::new()) };
    let bytes = embedded.files.get(file).ok_or_else(|| format!("the file `{file}` is not embedded"))?;
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let datasets = document::parse_of_module(text, &embedded.descriptor.id, &embedded.files)?;
    Ok(datasets.into_iter().collect())
}

#[cfg(test)]
mod tests;
