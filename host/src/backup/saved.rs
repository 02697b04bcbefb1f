//! What snapshots hold of single files, for whoever puts one back.

use std::collections::BTreeMap;
use std::path::Path;

use super::manifest::Content;
use super::objects::{self, Fault};
use super::repository::Repository;
use crate::digest::Digest;
use crate::durable::StagedDirectory;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::registry::audit::Head;
use crate::registry::{DatasetName, Lock, digests_listed};

/// No document of a data root is larger.
const LARGEST_DOCUMENT: u64 = 64 * 1024 * 1024;

/// The files of the snapshots of a repository; nothing is pruned while it lives.
#[derive(Debug)]
pub struct Saved {
    repository: Repository,
    /// The newest first.
    snapshots: Vec<(String, BTreeMap<String, Content>)>,
    _shared: Lock,
}

impl Saved {
    /// Reads the manifest of one snapshot, or of all. Of all, one that is damaged is left out with a warning.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if the one that was named is damaged; [`Kind::Usage`] if there is none; [`Kind::Locked`] or
    /// [`Kind::Storage`].
    pub fn open(repository: &Repository, snapshot: Option<&str>) -> Result<Self> {
        repository.demand_key()?;
        let shared = repository.share()?;
        let ids = match snapshot {
            Some(id) => vec![id.to_owned()],
            None => repository.ids()?,
        };
        let mut snapshots = Vec::new();
        for id in ids.into_iter().rev() {
            let manifest = match repository.manifest(&id) {
                Err(error) if snapshot.is_none() => {
                    tracing::warn!("{error}");
                    continue;
                }
                manifest => manifest?,
            };
            let files = manifest.entries.into_iter();
            let files = files.filter_map(|entry| Some((String::from(entry.path), entry.file?)));
            snapshots.push((id, files.collect()));
        }
        Ok(Self { repository: repository.clone(), snapshots, _shared: shared })
    }

    /// The bytes of a file with that path and digest, and the id of the newest snapshot that has it whole; nothing if none
    /// has.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if snapshots name it and none has it whole.
    pub fn document(&self, path: &str, sha256: &Digest) -> Result<Option<(Vec<u8>, &str)>> {
        let mut fault = None;
        for (id, files) in &self.snapshots {
            let Some(content) = files.get(path).filter(|content| content.sha256 == *sha256) else { continue };
            match self.read(content) {
                Ok(bytes) => return Ok(Some((bytes, id))),
                Err(why) => fault = Some(why),
            }
        }
        fault.map_or(Ok(None), |why| Err(unreadable(path, &why)))
    }

    /// The id of the newest snapshot that names a file of that path and digest.
    #[must_use]
    pub fn has(&self, path: &str, sha256: &Digest) -> Option<&str> {
        let holds = |files: &BTreeMap<String, Content>| {
            files.get(path).is_some_and(|content| content.sha256 == *sha256)
        };
        self.snapshots.iter().find(|(_, files)| holds(files)).map(|(id, _)| id.as_str())
    }

    /// The same for a version.
    #[must_use]
    pub fn has_version(&self, name: &DatasetName, version: &Digest) -> Option<&str> {
        self.has(&format!("derived/{name}/{version}/dataset.json"), version)
    }

    /// The content of a version, in a folder of `parent` that nobody sees yet, and the id of the snapshot that has it;
    /// nothing if none has.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if snapshots name it and none has it whole; [`Kind::Storage`].
    pub fn version(
        &self,
        name: &DatasetName,
        version: &Digest,
        parent: &Path,
    ) -> Result<Option<(StagedDirectory, &str)>> {
        let folder = format!("derived/{name}/{version}");
        let mut fault = None;
        for (id, files) in &self.snapshots {
            let file = |name: &str| files.get(&format!("{folder}/{name}"));
            let Some(document) = file("dataset.json").filter(|content| content.sha256 == *version) else {
                continue;
            };
            match self.stage(document, file, parent)? {
                Ok(staged) => return Ok(Some((staged, id))),
                Err(why) => fault = Some(why),
            }
        }
        fault.map_or(Ok(None), |why| Err(unreadable(&folder, &why)))
    }

    /// Writes a version. The inner error: this snapshot does not have it whole.
    fn stage<'a>(
        &self,
        document: &Content,
        file: impl Fn(&str) -> Option<&'a Content>,
        parent: &Path,
    ) -> Result<Result<StagedDirectory, String>> {
        let bytes = match self.read(document) {
            Ok(bytes) => bytes,
            Err(why) => return Ok(Err(why)),
        };
        let Some(listed) = digests_listed(&bytes) else {
            return Ok(Err("its `dataset.json` does not list its files".to_owned()));
        };
        let doing = "write what is put back";
        let staged = StagedDirectory::create(parent).storage(doing)?;
        staged.write("dataset.json", &[&bytes]).storage(doing)?;
        for (name, sha256) in listed {
            let Some(content) = file(&name).filter(|content| content.sha256 == sha256) else {
                return Ok(Err(format!("`{name}` was damaged when the snapshot was made")));
            };
            let mut out = staged.create_file(&name).storage(doing)?;
            match objects::read(&self.repository, &sha256, content.bytes, &mut out) {
                Ok(()) => out.sync_all().storage(doing)?,
                Err(Fault::Writing(error)) => return Err(Error::storage(format!("cannot {doing}"), &error)),
                Err(fault) => return Ok(Err(format!("`{name}`: {}", told(&fault)))),
            }
        }
        Ok(Ok(staged))
    }

    /// The end of the audit log in the newest of the snapshots; nothing if it has none.
    ///
    /// # Errors
    /// [`Kind::Corrupt`] if it is damaged.
    pub fn audit_head(&self) -> Result<Option<Head>> {
        const PATH: &str = "registry/audit/head.json";
        let Some(content) = self.snapshots.first().and_then(|(_, files)| files.get(PATH)) else {
            return Ok(None);
        };
        let head = self.read(content).and_then(|bytes| Head::parse(&bytes));
        head.map(Some).map_err(|why| unreadable(PATH, &why))
    }

    fn read(&self, content: &Content) -> Result<Vec<u8>, String> {
        if content.bytes > LARGEST_DOCUMENT {
            return Err(format!("it has more than {LARGEST_DOCUMENT} bytes"));
        }
        let mut bytes = Vec::new();
        objects::read(&self.repository, &content.sha256, content.bytes, &mut bytes)
            .map_err(|fault| told(&fault))?;
        Ok(bytes)
    }
}

fn told(fault: &Fault) -> String {
    match fault {
        Fault::Missing => "its object is missing".to_owned(),
        Fault::Damaged(why) => format!("its object is damaged: {why}"),
        Fault::Writing(error) => error.to_string(),
    }
}

fn unreadable(path: &str, why: &str) -> Error {
    Error::new(Kind::Corrupt, format!("no snapshot has `{path}` whole"))
        .cause(why)
        .hint("run `host backup check` to see everything that is damaged there")
}
