//! Frees what no snapshot names. Alone under the lock: nobody makes a snapshot meanwhile that would need it.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;

use super::repository::{self, Repository};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};

/// What was freed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Pruned {
    /// Objects that no snapshot named.
    pub removed_objects: u64,
    /// What they took on the disk.
    pub freed_bytes: u64,
    /// Objects that stay.
    pub kept_objects: u64,
    /// What killed processes had left.
    pub leftovers: usize,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// Removes every object that no snapshot names.
///
/// # Errors
/// [`Kind::Corrupt`] if a manifest is missing or cannot be read, since nobody knows what it needs; [`Kind::Locked`], [`Kind::Storage`].
pub fn prune(repository: &Repository, dry_run: bool, actor: &str) -> Result<Pruned> {
    let _alone = repository.alone()?;
    let mut pruned = Pruned { dry_run, ..Pruned::default() };
    if let Some(id) = repository.lost()?.first() {
        let path = repository.manifest_path(id);
        return Err(Error::new(
            Kind::Corrupt,
            "nothing is pruned while the manifest of a snapshot is missing",
        )
        .cause(format!("`{}` is not there, and nobody has forgotten that snapshot", path.display()))
        .hint("put it back from a copy of the repository")
        .hint(format!("type `host backup forget {id}` to give it up")));
    }
    let mut needed = BTreeSet::new();
    for id in repository.ids()? {
        let manifest = repository.manifest(&id).map_err(|error| {
            let causes = error.causes.into_iter();
            let refusal = Error::new(Kind::Corrupt, "nothing is pruned while a snapshot cannot be read");
            causes
                .fold(refusal, Error::cause)
                .hint("put its manifest back from a copy of the repository")
                .hint(format!("type `host backup forget {id}` to give it up"))
        })?;
        needed.extend(manifest.objects().map(|content| content.sha256));
    }
    let mut extra = Vec::new();
    for shard in repository::names(&repository.objects()).storage("list the objects")? {
        let folder = repository.objects().join(shard);
        if !folder.is_dir() {
            continue;
        }
        for name in repository::names(&folder).storage("list the objects")? {
            let Ok(digest) = name.parse::<Digest>() else { continue };
            if needed.contains(&digest) {
                pruned.kept_objects += 1;
                continue;
            }
            let path = folder.join(name);
            let bytes = fs_err::symlink_metadata(&path).storage("look at an object")?.len();
            pruned.removed_objects += 1;
            pruned.freed_bytes = pruned.freed_bytes.saturating_add(bytes);
            extra.push(path);
        }
    }
    if dry_run {
        return Ok(pruned);
    }
    // Earlier hosts drilled in the repository.
    for folder in [repository.objects(), repository.snapshots(), repository.path().join("drills")] {
        pruned.leftovers += durable::sweep(&folder).storage("remove leftovers from the repository")?;
    }
    if extra.is_empty() {
        return Ok(pruned);
    }
    // A forgotten manifest must not come back after a loss of power when its objects are gone.
    durable::sync_directory(&repository.snapshots()).storage("prune the repository")?;
    let details = json!({"objects": pruned.removed_objects, "bytes": pruned.freed_bytes});
    drop(repository.record("prune", actor, "objects", details)?);
    for path in extra {
        durable::remove(&path).storage("remove an object")?;
    }
    Ok(pruned)
}
