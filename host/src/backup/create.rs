//! Makes a snapshot: list at one moment, put what is new into the repository, publish the manifest.

use std::io::{self, Read};
use std::time::Instant;

use serde::Serialize;
use serde_json::json;

use super::capture::{Capture, Found};
use super::known::Known;
use super::manifest::{Content, Counts, Damage, Entry, LARGEST_MANIFEST, Manifest};
use super::objects::Deposit;
use super::path::Part;
use super::repository::{self, Repository};
use super::sources::Sources;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext, chain};
use crate::registry::check;
use crate::registry::{DEFAULT_WAIT, ItemSeverity, Lock};

/// How often everything is listed again because something that was listed is gone: somebody cleans up meanwhile.
const ATTEMPTS: u32 = 3;

/// How a snapshot is made.
#[derive(Debug, Clone)]
pub struct Options<'a> {
    /// What to call it.
    pub tag: Option<String>,
    /// Read every file, and every object that is there already, rather than believe that what looks the same is.
    pub full: bool,
    /// Who or what makes it.
    pub actor: &'a str,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct Created {
    /// The snapshot.
    pub id: String,
    /// When everything was as it is in it; RFC 3339, UTC.
    pub created: String,
    /// What it is called.
    pub tag: Option<String>,
    /// What was found of what was to be saved.
    pub parts: Vec<Part>,
    /// How much it holds.
    pub counts: Counts,
    /// Files that were read; the others are as the last snapshot has them.
    pub read_files: u64,
    /// Their size.
    pub read_bytes: u64,
    /// Objects that were not there yet.
    pub new_objects: u64,
    /// What they take on the disk.
    pub new_bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// How old the last snapshot of the data root was: what would have been lost without this one.
    pub seconds_since_last: Option<f64>,
    /// What is damaged, or could not be saved.
    pub damage: Vec<Damage>,
}

/// Makes a snapshot. Durable when it returns.
///
/// # Errors
/// [`Kind::Locked`] while another one is made or the repository is pruned; [`Kind::Storage`]. What is damaged in the data
/// root is no error: the result tells it.
pub fn create(repository: &Repository, sources: &Sources, options: &Options<'_>) -> Result<Created> {
    let started = Instant::now();
    refuse_inside(repository, sources)?;
    if options.full {
        repository.demand_key()?;
    }
    let _shared = repository.share()?;
    let one_at_a_time = repository.path().join(".create.lock");
    let _alone = Lock::on(&one_at_a_time, "the making of a snapshot", DEFAULT_WAIT)?;
    for folder in [repository.objects(), repository.snapshots()] {
        durable::sweep(&folder).storage("remove leftovers from the repository")?;
    }
    let origin = sources.registry.root().path().display().to_string();
    let ids = repository.ids()?;
    let previous = newest_of(repository, &ids, &origin);
    let last = previous.as_ref().and_then(|manifest| repository::time_of(&manifest.id));
    let known = previous.as_ref().filter(|_| !options.full).map(Known::of).unwrap_or_default();
    let mut deposit = Deposit::new(repository, options.full)?;

    let mut attempt = 1;
    let (capture, stored) = loop {
        let registered = damage_of_registry(sources)?;
        let capture = Capture::take(sources)?;
        let mut stored = Stored { damage: registered, ..Stored::default() };
        stored.damage.extend(capture.damage.iter().cloned());
        let complete = stored.all(&capture, &known, &mut deposit, attempt == ATTEMPTS)?;
        if complete {
            break (capture, stored);
        }
        attempt += 1;
    };
    deposit.finish()?;
    let Stored { entries, mut damage, read_files, read_bytes } = stored;
    damage.sort_by(|one, other| (&one.path, &one.message).cmp(&(&other.path, &other.message)));
    damage.dedup_by(|one, other| one.path == other.path);
    let created = crate::clock::text(capture.created);
    let id = repository::id(capture.created, &Digest::of(&serialized(&entries)?));
    let (counts, parts) = (Counts::of(&entries), capture.parts());
    let manifest = Manifest::new(
        id.clone(),
        created.clone(),
        options.tag.clone(),
        origin,
        parts.clone(),
        damage.clone(),
        entries,
        counts,
    );
    durable::publish_new(&repository.manifest_path(&id), &readable(manifest.to_bytes(), LARGEST_MANIFEST)?)
        .storage("write the snapshot")?;
    let details = json!({
        "origin": manifest.origin, "tag": options.tag, "files": counts.files, "bytes": counts.bytes,
        "new_bytes": deposit.new_bytes, "damaged": damage.len(),
    });
    drop(repository.record("create", options.actor, &id, details)?);
    Ok(Created {
        id,
        created,
        tag: options.tag.clone(),
        parts: parts.into_iter().collect(),
        counts,
        read_files,
        read_bytes,
        new_objects: deposit.new_objects,
        new_bytes: deposit.new_bytes,
        seconds: started.elapsed().as_secs_f64(),
        seconds_since_last: last.map(|last| capture.created.duration_since(last).as_secs_f64()),
        damage,
    })
}

fn serialized(entries: &[Entry]) -> Result<Vec<u8>> {
    serde_json::to_vec(entries)
        .map_err(|error| Error::new(Kind::Internal, "cannot write the snapshot").cause(error.to_string()))
}

/// The bytes of a manifest, if a reader takes so many.
fn readable(bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>> {
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    let message = format!("the list of what is in the snapshot would have {} bytes", bytes.len());
    Err(Error::new(Kind::Limit, message)
        .cause(format!("the limit is {limit}"))
        .hint("save it in several snapshots: `--include derived,registry`, then the other parts"))
}

/// A snapshot must not hold the repository that it is in.
fn refuse_inside(repository: &Repository, sources: &Sources) -> Result<()> {
    let own = fs_err::canonicalize(repository.path()).storage("look at the repository")?;
    for part in &sources.parts {
        let folder = sources.folder(*part).and_then(|folder| fs_err::canonicalize(folder).ok());
        if let Some(folder) = folder.filter(|folder| own.starts_with(folder)) {
            let message = format!("the repository `{}` lies in what it is to hold", own.display());
            return Err(Error::new(Kind::Usage, message)
                .cause(format!("`{}` is to be saved", folder.display()))
                .hint("name a folder elsewhere, best on another disk: `--repository DIR`"));
        }
    }
    Ok(())
}

/// What the registry itself says of its state; contents are read when they are saved.
fn damage_of_registry(sources: &Sources) -> Result<Vec<Damage>> {
    if !sources.parts.contains(&Part::Registry) {
        return Ok(Vec::new());
    }
    let report = check::check(sources.registry.root(), false)?;
    let damaged = report.items.into_iter().filter(|item| item.severity == ItemSeverity::Damage);
    Ok(damaged.map(|item| Damage { path: item.path, message: item.message }).collect())
}

/// The newest snapshot of the same data root that can be read.
fn newest_of(repository: &Repository, ids: &[String], origin: &str) -> Option<Manifest> {
    let readable = ids
        .iter()
        .rev()
        .filter_map(|id| repository.manifest(id).inspect_err(|error| tracing::warn!("{error}")).ok());
    readable.into_iter().find(|manifest| manifest.origin == origin)
}

#[derive(Debug, Default)]
struct Stored {
    entries: Vec<Entry>,
    damage: Vec<Damage>,
    read_files: u64,
    read_bytes: u64,
}

impl Stored {
    /// Puts everything into the repository. False if something that was listed is gone, unless it is the last attempt.
    fn all(
        &mut self,
        capture: &Capture,
        known: &Known<'_>,
        deposit: &mut Deposit<'_>,
        last_attempt: bool,
    ) -> Result<bool> {
        for found in &capture.found {
            let Some(seen) = found.file else {
                self.entries.push(Entry { path: found.path.clone(), mode: found.mode, file: None });
                continue;
            };
            let unchanged = known.same(found.path.as_str(), &seen).filter(|digest| deposit.has(digest));
            let (sha256, bytes) = match unchanged {
                Some(digest) => (digest, seen.bytes),
                None => match put(found, &seen, deposit)? {
                    Ok((digest, bytes)) => {
                        self.read_files += 1;
                        self.read_bytes = self.read_bytes.saturating_add(bytes);
                        (digest, bytes)
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        match (found.path.part(), last_attempt) {
                            (Part::Logs, _) => {}
                            (_, false) => return Ok(false),
                            (_, true) => self.name(found, "it went away while the snapshot was made"),
                        }
                        continue;
                    }
                    Err(error) => {
                        self.name(found, format!("it cannot be read and is not saved: {}", chain(&error)));
                        continue;
                    }
                },
            };
            if let Some(expected) = found.expected.filter(|expected| *expected != sha256) {
                self.name(found, format!("its sha256 is {sha256}, {expected} was registered"));
            } else if bytes < seen.bytes && found.path.part() != Part::Logs {
                self.name(
                    found,
                    format!("it became shorter while it was read: {bytes} bytes of {}", seen.bytes),
                );
            }
            let file = Some(Content { sha256, bytes, ..seen });
            self.entries.push(Entry { path: found.path.clone(), mode: found.mode, file });
        }
        Ok(true)
    }

    fn name(&mut self, found: &Found, message: impl Into<String>) {
        self.damage.push(Damage { path: found.path.as_str().to_owned(), message: message.into() });
    }
}

/// Puts what was listed into the repository: of a file that grew since no more than it was.
fn put(found: &Found, seen: &Content, deposit: &mut Deposit<'_>) -> Result<io::Result<(Digest, u64)>> {
    match &found.held {
        Some(bytes) => deposit.put(|| Ok(bytes.as_slice())),
        None => deposit.put(|| Ok(fs_err::File::open(&found.from)?.take(seen.bytes))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_that_nobody_could_read_is_not_published() {
        assert_eq!(readable(vec![0; 3], 3).unwrap().len(), 3);
        assert_eq!(readable(vec![0; 4], 3).unwrap_err().kind, Kind::Limit);
    }
}
