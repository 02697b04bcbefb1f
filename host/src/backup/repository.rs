//! The folder that snapshots are kept in. The only place that knows its layout.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::cipher::Cipher;
use super::manifest::{LARGEST_MANIFEST, Manifest};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::registry::audit::{Action, AuditLog};
use crate::registry::{DEFAULT_WAIT, Lock, sealed};
use crate::secret::Reference;

/// Names the layout in `format.json`; the number goes up when an older host could misread it.
const FORMAT: &str = "host.backup/1";

/// The same with encrypted objects.
const ENCRYPTED: &str = "host.backup/2";

/// No small file of a repository is longer.
const LONGEST_NOTE: u64 = 64 * 1024;

/// What the messages of locks call it.
const WHAT: &str = "the backup repository";

/// What may stand in the folder before it is one.
const ENTRIES: [&str; 3] = ["objects", "snapshots", ".lock"];

/// A repository that exists.
#[derive(Debug, Clone)]
pub struct Repository {
    path: PathBuf,
    cipher: Cipher,
}

impl Repository {
    /// Makes a repository, and says whether there was none. What files hold is encrypted to the public keys, if there are
    /// any.
    ///
    /// # Errors
    /// [`Kind::Usage`] if the folder holds something else, or a repository with other public keys;
    /// [`Kind::Incompatible`] if a newer host made it, [`Kind::Storage`].
    pub fn init(path: &Path, recipients: &[String]) -> Result<(Self, bool)> {
        let cipher = Cipher::for_recipients(recipients)?;
        if path.join("format.json").exists() {
            let there = Self::open(path)?;
            if !recipients.is_empty() && there.cipher.recipients() != cipher.recipients() {
                let message = format!("`{}` is a repository with other public keys", path.display());
                return Err(Error::new(Kind::Usage, message)
                    .hint("name another folder: what is in this one stays as it is"));
            }
            return Ok((there, false));
        }
        if let Some(stranger) = stranger(path).storage("look at the folder of the repository")? {
            let message = format!("`{}` is no backup repository, and it is not empty", path.display());
            return Err(Error::new(Kind::Usage, message)
                .cause(format!("there is `{stranger}` in it"))
                .hint("name a folder of its own: `host backup init --repository DIR`"));
        }
        let repository = Self { path: path.to_owned(), cipher };
        durable::sweep(path).storage("remove what was left of the making of the repository")?;
        for folder in [repository.objects(), repository.snapshots()] {
            durable::create_directories(&folder).storage("make the backup repository")?;
        }
        durable::sync_directory(path).storage("make the backup repository")?;
        let format = match repository.cipher.recipients() {
            none if none.is_empty() => json!({"schema": FORMAT}),
            recipients => json!({"schema": ENCRYPTED, "recipients": recipients}),
        };
        let format = sealed::pretty(&format);
        durable::publish(&path.join("format.json"), &format).storage("make the backup repository")?;
        Ok((repository, true))
    }

    /// Opens a repository that must exist.
    ///
    /// # Errors
    /// [`Kind::NoDataRoot`] if there is none, [`Kind::Incompatible`] if another host made it, [`Kind::Storage`].
    pub fn open(path: &Path) -> Result<Self> {
        let format = path.join("format.json");
        let bytes = match note(&format) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                let message = format!("there is no backup repository at `{}`", path.display());
                return Err(Error::new(Kind::NoDataRoot, message)
                    .hint("run `host backup init` to make one")
                    .hint("name another with `--repository DIR`, or set `backup.repository`"));
            }
            bytes => bytes.storage("open the backup repository")?,
        };
        let found = serde_json::from_slice::<Value>(&bytes).ok();
        let schema = found.as_ref().and_then(|value| value.get("schema")).and_then(Value::as_str);
        if schema == Some(FORMAT) {
            return Ok(Self { path: path.to_owned(), cipher: Cipher::default() });
        }
        let recipients = found.as_ref().and_then(|value| value.get("recipients"));
        let recipients = recipients.and_then(|list| Vec::<String>::deserialize(list).ok());
        if let Some(recipients) = recipients.filter(|list| schema == Some(ENCRYPTED) && !list.is_empty()) {
            return Ok(Self { path: path.to_owned(), cipher: Cipher::for_recipients(&recipients)? });
        }
        let found =
            schema.map_or_else(|| "nothing that can be read".to_owned(), |schema| format!("`{schema}`"));
        let message = format!("this host cannot read the backup repository `{}`", path.display());
        Err(Error::new(Kind::Incompatible, message)
            .cause(format!("`{}` says {found}, this host reads `{FORMAT}`", format.display()))
            .hint("use the host that made it, or another repository with `--repository DIR`"))
    }

    /// The same, with the key that a setting names, if it names one.
    ///
    /// # Errors
    /// The key cannot be read.
    pub fn unlocked_by(mut self, identity: Option<&Reference>) -> Result<Self> {
        if let Some(reference) = identity.filter(|_| self.cipher.is_closed()) {
            self.cipher.unlock(reference)?;
        }
        Ok(self)
    }

    /// The public keys that objects are encrypted to.
    #[must_use]
    pub fn recipients(&self) -> Vec<String> {
        self.cipher.recipients()
    }

    /// Demands that objects can be read.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] when they are encrypted and nobody named a key.
    pub fn demand_key(&self) -> Result<()> {
        self.cipher.demand_key()
    }

    pub(super) fn cipher(&self) -> &Cipher {
        &self.cipher
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn objects(&self) -> PathBuf {
        self.path.join("objects")
    }

    /// The folder of the objects whose digests begin with that byte.
    pub(super) fn shard(&self, first: u8) -> PathBuf {
        self.objects().join(format!("{first:02x}"))
    }

    /// Where an object is.
    pub(super) fn object(&self, digest: &Digest) -> PathBuf {
        self.shard(digest.as_bytes()[0]).join(digest.to_string())
    }

    pub(super) fn snapshots(&self) -> PathBuf {
        self.path.join("snapshots")
    }

    pub(super) fn manifest_path(&self, id: &str) -> PathBuf {
        self.snapshots().join(format!("{id}.json"))
    }

    /// What was done to the repository, each line chained to the one before.
    #[must_use]
    pub fn history(&self) -> AuditLog {
        let folder = self.history_folder();
        AuditLog::of_files(folder.join("history.jsonl"), folder.join("head.json"))
    }

    /// The folder of the history, and of what was noted of the last drill.
    pub(super) fn history_folder(&self) -> PathBuf {
        self.path.join("history")
    }

    /// Adds a line to the history. Nobody else writes in its folder while the lock lives.
    pub(super) fn record(&self, action: &str, actor: &str, subject: &str, details: Value) -> Result<Lock> {
        let folder = self.history_folder();
        durable::create_directories(&folder).storage("write the history of the repository")?;
        let lock = Lock::on(&folder.join(".lock"), "the history of the repository", DEFAULT_WAIT)?;
        durable::sweep(&folder).storage("remove leftovers from the repository")?;
        self.history().append_once(&Action {
            time: crate::clock::now(),
            actor: actor.to_owned(),
            action: format!("backup-{action}"),
            subject: subject.to_owned(),
            details,
        })?;
        Ok(lock)
    }

    /// Keeps objects from being removed while it lives.
    pub(super) fn share(&self) -> Result<Lock> {
        Lock::shared_on(&self.path.join(".lock"), WHAT, DEFAULT_WAIT)
    }

    /// Waits until nobody else adds or removes anything.
    pub(super) fn alone(&self) -> Result<Lock> {
        Lock::on(&self.path.join(".lock"), WHAT, DEFAULT_WAIT)
    }

    /// The ids of all snapshots, oldest first, also of those that are damaged.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn ids(&self) -> Result<Vec<String>> {
        let names = names(&self.snapshots()).storage("list the snapshots")?;
        Ok(names.iter().filter_map(|name| id_of(name).map(str::to_owned)).collect())
    }

    /// The ids of snapshots that were made and never forgotten, and whose manifests are gone, oldest first. A manifest is
    /// published before the line that tells of it, and stays until a line says that it is forgotten: whatever the moment at
    /// which a process was killed, what this names was taken by somebody else.
    ///
    /// # Errors
    /// The history cannot be read. A line of it that is damaged tells of nothing.
    pub fn lost(&self) -> Result<Vec<String>> {
        let mut expected = BTreeSet::new();
        for entry in self.history().entries()?.flatten() {
            match entry.action.as_str() {
                "backup-create" => drop(expected.insert(entry.subject)),
                "backup-forget" => {
                    let forgotten = entry.details.get("forgotten").and_then(Value::as_array);
                    for id in forgotten.into_iter().flatten().filter_map(Value::as_str) {
                        let _ = expected.remove(id);
                    }
                }
                _ => {}
            }
        }
        // Nothing is forgotten meanwhile by who has a lock on the repository, and what is made later is not in the set.
        let there: BTreeSet<String> = self.ids()?.into_iter().collect();
        Ok(expected.difference(&there).filter(|id| time_of(id).is_some()).cloned().collect())
    }

    /// What all objects take on the disk.
    ///
    /// # Errors
    /// The folders cannot be read.
    pub fn stored_bytes(&self) -> Result<u64> {
        let mut bytes = 0_u64;
        for shard in names(&self.objects()).storage("list the objects")? {
            let folder = self.objects().join(shard);
            for name in if folder.is_dir() { names(&folder).storage("list the objects")? } else { Vec::new() }
            {
                // What is pruned meanwhile takes nothing.
                bytes += fs_err::symlink_metadata(folder.join(name)).map_or(0, |metadata| metadata.len());
            }
        }
        Ok(bytes)
    }

    /// Reads a snapshot.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is damaged, [`Kind::Storage`] if it cannot be read.
    pub fn manifest(&self, id: &str) -> Result<Manifest> {
        let path = self.manifest_path(id);
        let mut bytes = Vec::new();
        let file = durable::open(&path).storage("read a snapshot")?;
        file.take(LARGEST_MANIFEST + 1).read_to_end(&mut bytes).storage("read a snapshot")?;
        let parsed = if u64::try_from(bytes.len()).is_ok_and(|length| length <= LARGEST_MANIFEST) {
            Manifest::parse(&bytes, id)
        } else {
            Err(format!("it has more than {LARGEST_MANIFEST} bytes"))
        };
        parsed.map_err(|message| {
            Error::new(Kind::Corrupt, format!("snapshot `{id}` is damaged"))
                .cause(format!("`{}`: {message}", path.display()))
                .hint("run `host backup check` to see everything that is damaged")
                .hint("choose another snapshot: `host backup list`")
        })
    }

    /// The newest snapshot with the datasets of a data root; nothing if there is none.
    ///
    /// # Errors
    /// One that may be newer cannot be read.
    pub fn newest(&self, data_root: &Path) -> Result<Option<String>> {
        for found in self.with_datasets()? {
            let (id, origin) = found?;
            if Path::new(&origin) == data_root {
                return Ok(Some(id));
            }
        }
        Ok(None)
    }

    /// The id that `typed` stands for: itself, its beginning, or `latest`, the newest with the datasets of that data root;
    /// where the repository knows another one alone, of that.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is none, or there are several.
    pub fn resolve(&self, typed: &str, data_root: &Path) -> Result<String> {
        let ids = self.ids()?;
        let hint = "run `host backup list` to see what there is";
        let mut found = ids.iter().filter(|id| id.starts_with(typed) && !typed.is_empty());
        match (typed, ids.last(), found.next(), found.next()) {
            ("latest", Some(newest), ..) => self.latest(data_root, newest),
            (_, _, Some(newest), None) => Ok(newest.clone()),
            (_, None, ..) => Err(Error::new(Kind::Usage, "the repository holds no snapshot")
                .hint("run `host backup create` to make the first")),
            (_, _, None, _) => {
                Err(Error::new(Kind::Usage, format!("there is no snapshot `{typed}`")).hint(hint))
            }
            _ => Err(Error::new(Kind::Usage, format!("several snapshots begin with `{typed}`")).hint(hint)),
        }
    }

    /// What `latest` stands for; `newest` where no snapshot has datasets.
    fn latest(&self, data_root: &Path, newest: &str) -> Result<String> {
        let mut others = BTreeMap::new();
        for found in self.with_datasets()? {
            match found {
                Ok((id, origin)) if Path::new(&origin) == data_root => return Ok(id),
                Ok((id, origin)) => drop(others.entry(origin).or_insert(id)),
                Err(error) if others.is_empty() => return Err(error),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        if others.len() > 1 {
            let message =
                format!("no snapshot is of `{}`, and several other data roots are", data_root.display());
            let error = Error::new(Kind::Usage, message).hint("name the snapshot in place of `latest`");
            return Err(others.iter().fold(error, |error, (origin, id)| {
                error.cause(format!("the newest of `{}` is {id}", origin.escape_debug()))
            }));
        }
        Ok(others.into_values().next().unwrap_or_else(|| newest.to_owned()))
    }

    /// The snapshots with datasets and the data roots that they are of, the newest first.
    fn with_datasets(&self) -> Result<impl Iterator<Item = Result<(String, String)>>> {
        let read = |id: String| match self.manifest(&id) {
            Ok(manifest) => manifest.has_datasets().then_some(Ok((id, manifest.origin))),
            Err(error) => Some(Err(error)),
        };
        Ok(self.ids()?.into_iter().rev().filter_map(read))
    }
}

/// What a small file of the repository holds; of a large one the beginning, which nobody can read.
pub(super) fn note(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    durable::open(path)?.take(LONGEST_NOTE).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The names in a folder, in order; none if it is not there.
pub(super) fn names(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs_err::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = entries
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<io::Result<Vec<_>>>()?;
    names.sort();
    Ok(names)
}

fn stranger(path: &Path) -> io::Result<Option<String>> {
    let known = |name: &String| ENTRIES.contains(&name.as_str()) || durable::is_leftover(name);
    Ok(names(path)?.into_iter().find(|name| !known(name)))
}

/// The id in the name of a manifest's file.
pub(super) fn id_of(file: &str) -> Option<&str> {
    let id = file.strip_suffix(".json")?;
    time_of(id).map(|_| id)
}

/// The id of a snapshot of that time with that content.
pub(super) fn id(created: Timestamp, content: &Digest) -> String {
    let time: String = crate::clock::text(created).chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{time}-{}", content.to_string().get(..8).unwrap_or_default())
}

/// When the snapshot of that id was made; nothing for what is no id.
#[must_use]
pub fn time_of(id: &str) -> Option<Timestamp> {
    let (time, content) = id.split_once('-')?;
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if content.len() != 8 || !content.bytes().all(hexadecimal) || time.len() != 19 || !time.is_ascii() {
        return None;
    }
    let [date, clock, milliseconds] = [time.get(..8)?, time.get(9..15)?, time.get(15..18)?];
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{milliseconds}Z",
        date.get(..4)?,
        date.get(4..6)?,
        date.get(6..)?,
        clock.get(..2)?,
        clock.get(2..4)?,
        clock.get(4..)?
    );
    let created = text.parse().ok()?;
    // One spelling for each time.
    let digest: String = crate::clock::text(created).chars().filter(char::is_ascii_alphanumeric).collect();
    (digest == time).then_some(created)
}
