//! Brings a snapshot back: written beside the target as a whole, compared while it is written, and then renamed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use super::manifest::{Counts, Entry};
use super::objects::{self, Fault};
use super::path::Part;
use super::repository::Repository;
use crate::digest::Digest;
use crate::durable::{self, StagedDirectory};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::registry::audit::{Action, AuditLog};
use crate::registry::{DEFAULT_WAIT, Lock, MAINTENANCE_FILE};

/// Datasets come before the records that name them.
const ORDER: [Part; 7] =
    [Part::Derived, Part::Raw, Part::Logs, Part::Config, Part::Trust, Part::Plugins, Part::Registry];

/// How a snapshot is brought back.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// Where to; a folder that is not there, is empty, or whose parts may be replaced.
    pub target: &'a Path,
    /// These parts alone.
    pub only: Option<BTreeSet<Part>>,
    /// Take files of datasets and modules that the target has already from there.
    pub delta: bool,
    /// Whether parts that are there may be replaced.
    pub replace: bool,
    /// Who or what does it.
    pub actor: &'a str,
}

/// What was brought back.
#[derive(Debug, Clone, Serialize)]
pub struct Restored {
    /// The snapshot.
    pub id: String,
    /// Where it is.
    pub target: PathBuf,
    /// What is there now.
    pub parts: Vec<Part>,
    /// How much.
    pub counts: Counts,
    /// Files that were there already and were not written again.
    pub kept_files: u64,
    /// How long it took.
    pub seconds: f64,
    /// What was damaged already when the snapshot was made.
    pub damage: Vec<super::Damage>,
}

/// Brings a snapshot back. Durable when it returns.
///
/// # Errors
/// [`Kind::Usage`] if the target is not empty and nothing may be replaced, or the snapshot has none of the parts;
/// [`Kind::Corrupt`] if an object is missing or damaged: then nothing was changed; [`Kind::Locked`], [`Kind::Storage`].
pub fn restore(repository: &Repository, id: &str, options: &Options<'_>) -> Result<Restored> {
    repository.demand_key()?;
    let started = Instant::now();
    let _shared = repository.share()?;
    let manifest = repository.manifest(id)?;
    let wanted = |part: Part| options.only.as_ref().is_none_or(|only| only.contains(&part));
    let entries: Vec<&Entry> = manifest.entries.iter().filter(|entry| wanted(entry.path.part())).collect();
    let parts: BTreeSet<Part> = entries.iter().map(|entry| entry.path.part()).collect();
    if parts.is_empty() {
        let held = manifest.parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ");
        return Err(Error::new(Kind::Usage, format!("snapshot `{id}` has none of these parts"))
            .hint(format!("it has {held}")));
    }
    let target = resolved(options.target)?;
    let empty = is_empty(&target)?;
    if !empty && !options.replace {
        let message = format!("`{}` is not empty", target.display());
        return Err(Error::new(Kind::Usage, message)
            .hint("name a folder that is not there: `--target DIR`")
            .hint("to replace the same parts of it, add `--yes`; what is there of them is removed"));
    }
    let beside = Beside::of(&target)?;
    let mut writing = Writing { repository, delta: None, kept_files: 0 };
    if empty {
        let staged = StagedDirectory::create(&beside.path).storage("write beside the target")?;
        writing.fill(&staged, &entries, None)?;
        staged.commit(&target).storage("put the restored folder in its place")?;
    } else {
        let lock = lock_of(&target)?;
        writing.delta = options.delta.then(|| target.clone());
        let mut staged = Vec::new();
        for part in ORDER.into_iter().filter(|part| parts.contains(part)) {
            let those: Vec<&Entry> =
                entries.iter().copied().filter(|entry| entry.path.part() == part).collect();
            let directory = StagedDirectory::create(&beside.path).storage("write beside the target")?;
            writing.fill(&directory, &those, Some(part))?;
            staged.push((part, directory));
        }
        if lock.is_some() {
            told(id, &parts, &staged, &target, options.actor)?;
        }
        // Whatever can fail because of the repository has been done; what follows is renames.
        for (part, directory) in staged {
            put(part, directory, &target)?;
        }
    }
    beside.remove();
    let (counts, kept_files) = (Counts::of(entries), writing.kept_files);
    let details = json!({
        "target": target, "parts": parts, "files": counts.files, "bytes": counts.bytes, "replaced": !empty,
    });
    drop(repository.record("restore", options.actor, id, details)?);
    Ok(Restored {
        id: id.to_owned(),
        target,
        parts: parts.into_iter().collect(),
        counts,
        kept_files,
        seconds: started.elapsed().as_secs_f64(),
        damage: manifest.damage,
    })
}

/// Tells the audit log of a data root that lives on. Where the log itself is replaced, the line stands in the one that
/// comes, with the end of the one that goes: whoever kept that digest elsewhere can show what was cut off.
fn told(
    id: &str,
    parts: &BTreeSet<Part>,
    staged: &[(Part, StagedDirectory)],
    target: &Path,
    actor: &str,
) -> Result<()> {
    let registry = target.join(Part::Registry.name());
    let live = AuditLog::new(&registry.join("audit"));
    let before = live.verify()?;
    let action = Action {
        time: crate::clock::now(),
        actor: actor.to_owned(),
        action: "backup-restore".to_owned(),
        subject: "data root".to_owned(),
        details: json!({
            "snapshot": id, "parts": parts,
            "before": {"lines": before.lines, "head": before.head, "intact": before.intact()},
        }),
    };
    let Some((_, coming)) = staged.iter().find(|(part, _)| *part == Part::Registry) else {
        return live.append_once(&action);
    };
    keep_maintenance(&registry, coming)?;
    AuditLog::new(&coming.path().join("audit")).append_once(&action)
}

/// Whether nothing may be written is of the data root, not of the snapshot.
fn keep_maintenance(registry: &Path, coming: &StagedDirectory) -> Result<()> {
    let doing = "keep the maintenance";
    let saved = coming.path().join(MAINTENANCE_FILE);
    if saved.symlink_metadata().is_ok() {
        durable::remove(&saved).storage(doing)?;
    }
    let live = registry.join(MAINTENANCE_FILE);
    if live.symlink_metadata().is_ok() {
        coming.link_file_at(Path::new(MAINTENANCE_FILE), &live).storage(doing)?;
    }
    durable::sync_directory(coming.path()).storage(doing)
}

/// Puts a part in the place of what is there of it.
fn put(part: Part, staged: StagedDirectory, target: &Path) -> Result<()> {
    let place = target.join(part.name());
    let doing = "put a restored part in its place";
    if place.symlink_metadata().is_err() {
        return staged.commit(&place).storage(doing);
    }
    let lock = place.join(".lock");
    if part == Part::Registry && lock.is_file() {
        // Who waits for the lock must not find another file under its name.
        staged.link_file_at(Path::new(".lock"), &lock).storage(doing)?;
    }
    staged.replace(&place).storage(doing)
}

/// Keeps writers out of a data root that is there.
fn lock_of(target: &Path) -> Result<Option<Lock>> {
    let registry = target.join("registry");
    registry.is_dir().then(|| Lock::on(&registry.join(".lock"), "the data root", DEFAULT_WAIT)).transpose()
}

/// The target itself where the one named is a link to it.
fn resolved(target: &Path) -> Result<PathBuf> {
    if target.exists() {
        return fs_err::canonicalize(target).storage("look at the target");
    }
    std::path::absolute(target).storage("look at the target")
}

fn is_empty(target: &Path) -> Result<bool> {
    match fs_err::read_dir(target) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        entries => Ok(entries.storage("look at the target")?.next().is_none()),
    }
}

/// The folder beside the target that it is written in. A rerun finds it and removes what a killed run left there.
struct Beside {
    path: PathBuf,
    _lock: Lock,
}

impl Beside {
    fn of(target: &Path) -> Result<Self> {
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            let message = format!("`{}` cannot be restored to", target.display());
            return Err(Error::new(Kind::Usage, message).hint("name a folder below another: `--target DIR`"));
        };
        let path = parent.join(format!(".{}.restoring", name.to_string_lossy()));
        durable::create_directories(&path).storage("write beside the target")?;
        let lock = Lock::on_folder(&path, "the target", DEFAULT_WAIT)?;
        durable::sweep(&path).storage("remove what an interrupted restore left")?;
        Ok(Self { path, _lock: lock })
    }

    fn remove(self) {
        // Only an empty folder can be removed; one that stays is swept by the next restore to the same place.
        drop(fs_err::remove_dir(&self.path));
    }
}

/// Writes entries of a snapshot.
pub(super) struct Writing<'a> {
    pub(super) repository: &'a Repository,
    /// A folder that may have some of the files already.
    pub(super) delta: Option<PathBuf>,
    pub(super) kept_files: u64,
}

impl Writing<'_> {
    /// Writes entries into a folder that nobody sees yet, durably. Where it is to be a part itself, its entries lie
    /// directly in it.
    pub(super) fn fill(
        &mut self,
        staged: &StagedDirectory,
        entries: &[&Entry],
        part: Option<Part>,
    ) -> Result<()> {
        let relative = |entry: &Entry| match part {
            None => entry.path.to_path(),
            Some(part) => {
                entry.path.to_path().strip_prefix(part.name()).map(Path::to_owned).unwrap_or_default()
            }
        };
        let doing = "write the restored files";
        for entry in entries {
            let path = relative(entry);
            if entry.file.is_some() {
                self.file(staged, &path, entry)?;
            } else if !path.as_os_str().is_empty() {
                staged.create_folder(&path).storage(doing)?;
            }
        }
        // A folder that may not be written to gets that mode when everything is in it.
        for entry in entries.iter().rev().filter(|entry| entry.file.is_none()) {
            let path = relative(entry);
            if path.as_os_str().is_empty() {
                staged.finish(entry.mode).storage(doing)?;
            } else {
                staged.finish_folder(&path, entry.mode).storage(doing)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, staged: &StagedDirectory, path: &Path, entry: &Entry) -> Result<()> {
        let Some(content) = entry.file else { return Ok(()) };
        // What is never changed in place may have two names for as long as the old one is there.
        let constant = matches!(entry.path.part(), Part::Derived | Part::Plugins | Part::Raw);
        if let Some(there) =
            self.delta.as_ref().filter(|_| constant).map(|delta| delta.join(entry.path.to_path()))
            && is_same(&there, entry)
            && staged.link_file_at(path, &there).is_ok()
        {
            self.kept_files += 1;
            return Ok(());
        }
        let doing = "write the restored files";
        let mut file = staged.create_file_at(path, entry.mode).storage(doing)?;
        match objects::read(self.repository, &content.sha256, content.bytes, &mut file) {
            Ok(()) => file.sync_all().storage(doing),
            Err(Fault::Writing(error)) => Err(Error::storage(format!("cannot {doing}"), &error)),
            Err(Fault::Missing) => Err(lost(self.repository, entry, &content.sha256, "it is missing")),
            Err(Fault::Damaged(why)) => Err(lost(self.repository, entry, &content.sha256, &why)),
        }
    }
}

fn is_same(there: &Path, entry: &Entry) -> bool {
    use std::os::unix::fs::PermissionsExt;
    let Some(content) = entry.file else { return false };
    let looks_the_same = fs_err::symlink_metadata(there).is_ok_and(|metadata| {
        metadata.is_file()
            && metadata.len() == content.bytes
            && metadata.permissions().mode() & 0o7777 == entry.mode
    });
    looks_the_same && Digest::of_file(there).is_ok_and(|(digest, _)| digest == content.sha256)
}

fn lost(repository: &Repository, entry: &Entry, digest: &Digest, why: &str) -> Error {
    let message = format!("`{}` cannot be restored", entry.path.as_str());
    Error::new(Kind::Corrupt, message)
        .cause(format!("object `{}`: {why}", repository.object(digest).display()))
        .hint("run `host backup check` to see everything that is damaged")
        .hint("choose another snapshot: `host backup list`")
        .hint("while the data root still has the file, `host backup create --full` puts the object back")
}
