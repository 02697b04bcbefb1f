//! Restores a snapshot where nobody needs it, and looks at it as at any data root. A backup that was never restored is
//! a hope.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::manifest::{Counts, Damage, Entry, Manifest};
use super::path::Part;
use super::repository::{self, Repository};
use super::restore::Writing;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Result, StorageContext, chain};
use crate::registry::check;
use crate::registry::{DataRoot, ItemSeverity, Registry};

/// What a drill came to.
#[derive(Debug, Clone, Serialize)]
pub struct Drilled {
    /// The snapshot.
    pub id: String,
    /// How much was restored.
    pub counts: Counts,
    /// What went wrong, or is not as it was saved.
    pub failures: Vec<Damage>,
    /// Datasets that the restored registry has.
    pub datasets: u64,
    /// Lines of the restored audit log.
    pub audit_lines: u64,
    /// How long restoring took: what an operator waits for.
    pub restore_seconds: f64,
    /// How long looking at it took.
    pub check_seconds: f64,
    /// How old the snapshot was: what an operator would have lost.
    pub snapshot_age_seconds: f64,
}

/// When the last drill was, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastDrill {
    /// RFC 3339, UTC.
    pub at: String,
    /// The snapshot.
    pub snapshot: String,
    /// Whether everything was as it was saved.
    pub ok: bool,
}

/// The last drill of a repository; nothing if there was none, or nobody can say.
#[must_use]
pub fn last_drill(repository: &Repository) -> Option<LastDrill> {
    let bytes = repository::note(&repository.history_folder().join("drill.json")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// Restores a snapshot into a folder of `scratch`, never into the repository: what is encrypted there may lie on a disk
/// that others read. Compares every digest and mode, lets the registry check what it
/// finds there and verify the audit log, and removes it. When it was done is noted in the repository.
///
/// # Errors
/// The repository cannot be written, or the manifest is damaged. What is wrong with the restored files is no error: the
/// result tells it.
pub fn drill(repository: &Repository, id: &str, scratch: &Path, actor: &str) -> Result<Drilled> {
    repository.demand_key()?;
    let _shared = repository.share()?;
    let manifest = repository.manifest(id)?;
    durable::create_directories(scratch).storage("make the folder of the drill")?;
    durable::sweep(scratch).storage("remove what an interrupted drill left")?;
    let staged = StagedDirectory::create(scratch).storage("make the folder of the drill")?;
    let mut drilled = Drilled {
        id: id.to_owned(),
        counts: manifest.counts,
        failures: Vec::new(),
        datasets: 0,
        audit_lines: 0,
        restore_seconds: 0.0,
        check_seconds: 0.0,
        snapshot_age_seconds: repository::time_of(id)
            .map_or(0.0, |created| jiff::Timestamp::now().duration_since(created).as_secs_f64()),
    };
    let started = Instant::now();
    let entries: Vec<&Entry> = manifest.entries.iter().collect();
    let filled = Writing { repository, delta: None, kept_files: 0 }.fill(&staged, &entries, None);
    drilled.restore_seconds = started.elapsed().as_secs_f64();
    let started = Instant::now();
    match filled {
        Ok(()) => drilled.look(staged.path(), &manifest)?,
        Err(error) => drilled.fail("", chain(&error)),
    }
    drilled.check_seconds = started.elapsed().as_secs_f64();
    drop(staged);
    let ok = drilled.failures.is_empty();
    let details = json!({
        "ok": ok, "failures": drilled.failures.len(), "bytes": manifest.counts.bytes,
        "restore_seconds": drilled.restore_seconds, "snapshot_age_seconds": drilled.snapshot_age_seconds,
    });
    let _lock = repository.record("drill", actor, id, details)?;
    let last = LastDrill { at: crate::clock::now(), snapshot: id.to_owned(), ok };
    let bytes = crate::registry::sealed::pretty(&json!(last));
    durable::publish(&repository.history_folder().join("drill.json"), &bytes).storage("note the drill")?;
    Ok(drilled)
}

impl Drilled {
    fn fail(&mut self, path: &str, message: impl Into<String>) {
        self.failures.push(Damage { path: path.to_owned(), message: message.into() });
    }

    fn look(&mut self, root: &Path, manifest: &Manifest) -> Result<()> {
        for entry in &manifest.entries {
            if let Err(why) = compare(root, entry) {
                self.fail(entry.path.as_str(), why);
            }
        }
        let has = |part| manifest.parts.contains(&part);
        if !has(Part::Registry) {
            return Ok(());
        }
        let root = DataRoot::open(root)?;
        let audit = Registry::open(root.clone()).audit().verify()?;
        self.audit_lines = audit.lines;
        if let Some(broken) = audit.broken {
            self.fail("registry/audit/audit.jsonl", format!("line {}: {}", broken.line, broken.message));
        }
        // Records without the datasets that they name would all be called damaged.
        if has(Part::Derived) {
            let report = check::check(&root, true)?;
            self.datasets = report.datasets;
            for item in report.items.into_iter().filter(|item| item.severity == ItemSeverity::Damage) {
                self.fail(&item.path, item.message);
            }
        }
        Ok(())
    }
}

/// Whether something is what the manifest says.
fn compare(root: &Path, entry: &Entry) -> Result<(), String> {
    let path = root.join(entry.path.as_str());
    let metadata = fs_err::symlink_metadata(&path).map_err(|error| chain(&error))?;
    let mode = metadata.permissions().mode() & 0o7777;
    if mode != entry.mode {
        return Err(format!("its mode is {mode:o}, {:o} was saved", entry.mode));
    }
    match entry.file {
        None if metadata.is_dir() => Ok(()),
        Some(content) if metadata.is_file() => {
            let (digest, bytes) = Digest::of_file(&path).map_err(|error| chain(&error))?;
            if (digest, bytes) == (content.sha256, content.bytes) {
                Ok(())
            } else {
                Err(format!("its sha256 is {digest}, {} was saved", content.sha256))
            }
        }
        _ => Err("it is of another kind than was saved".to_owned()),
    }
}
