//! Modules by the id that a verb is given: which there are, and which of them are installed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::Context;
use crate::error::{Error, Kind, Result};
use crate::modules::discover::{self, State};
use crate::packages::store::{Receipt, Store};
use crate::text;

impl Context {
    /// Folders that the configuration names and that are not there.
    pub(super) fn missing_plugin_directories(&self) -> impl Iterator<Item = &Path> {
        let configured = self.settings.plugin_directories().iter().map(PathBuf::as_path);
        configured.filter(|folder| !folder.is_dir())
    }

    /// Demands that a module id by which something is chosen is known: to the search path, or to whom nothing was
    /// found for it.
    pub(super) fn demand_module<'i>(
        &self,
        id: &str,
        others: impl IntoIterator<Item = &'i str>,
    ) -> Result<()> {
        let mut known: BTreeSet<String> = others.into_iter().map(str::to_owned).collect();
        if known.contains(id) {
            return Ok(());
        }
        known.extend(discover::scan(&self.search_path).into_iter().filter_map(|candidate| {
            match candidate.state {
                State::Module { embedded, .. } | State::Disabled(embedded) => Some(embedded.descriptor.id),
                State::Untrusted(_) | State::Broken(_) => candidate.installed_id,
            }
        }));
        if known.contains(id) {
            return Ok(());
        }
        let error = Error::new(Kind::Usage, format!("no module `{}` is known", text::plain(id)));
        Err(match text::nearest(&id.to_lowercase(), known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `--plugin {near}`?")),
            None => error,
        }
        .hint("run `host plugin list` to see the modules"))
    }

    /// The receipt of an installed module.
    ///
    /// A module that is found beside the host, or in a folder of the search path, is no installed one: it is said what
    /// can be done with it.
    pub(super) fn installed(&self, store: &Store, id: &str) -> Result<Receipt> {
        let error = match store.require(id) {
            Err(error) if error.kind == Kind::Usage => error,
            answered => return answered,
        };
        let found =
            discover::scan(&self.search_path).into_iter().find_map(|candidate| match candidate.state {
                State::Module { embedded, shadowed_by: None } if embedded.descriptor.id == id => {
                    Some((candidate.path, embedded.manifest.version))
                }
                _ => None,
            });
        let Some((path, version)) = found else { return Err(error) };
        let message = format!("module `{id}` {version} is `{}`: found, not installed", path.display());
        Err(Error::new(Kind::Usage, message)
            .hint(
                "only installed modules are switched, enabled and removed; for this one, move its file away",
            )
            .hint(
                "to have it managed, type `host plugin pack` in its sources, then `host plugin install FILE`",
            ))
    }
}
