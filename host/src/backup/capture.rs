//! Lists what is there at one moment. Registry and datasets are listed while writers are kept out: what they publish
//! never changes, so it can be read when they go on. Of the audit log, which grows, the whole lines of that moment count;
//! what stands beside it and is replaced with each line is read at once.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::manifest::{Content, Damage};
use super::path::{Part, SavedPath};
use super::sources::Sources;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext, chain};
use crate::registry::digests_listed;

/// What is never saved: locks, the index (made again from the records), damaged versions that were set aside.
const LEFT_OUT: [&str; 3] = [".lock", "index.sqlite", ".quarantine-"];

/// How many bytes of a log's end are looked at at a time.
const WINDOW: u64 = 64 * 1024;

/// Something that is to be saved.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) path: SavedPath,
    pub(super) from: PathBuf,
    pub(super) mode: u32,
    /// What a file was when it was listed; its digest is known later.
    pub(super) file: Option<Content>,
    /// What a file holds that may hold something else a moment later.
    pub(super) held: Option<Vec<u8>>,
    /// The digest that it must have, where the registry tells.
    pub(super) expected: Option<Digest>,
}

/// Everything of one moment.
#[derive(Debug)]
pub(super) struct Capture {
    pub(super) created: Timestamp,
    pub(super) found: Vec<Found>,
    pub(super) damage: Vec<Damage>,
}

impl Capture {
    /// Lists everything.
    pub(super) fn take(sources: &Sources) -> Result<Self> {
        let mut capture = Self { created: Timestamp::now(), found: Vec::new(), damage: Vec::new() };
        {
            let _still = sources.registry.hold_still()?;
            capture.created = Timestamp::now();
            for part in [Part::Derived, Part::Registry, Part::Raw] {
                capture.part(part, sources)?;
            }
            capture.cut_audit_log(sources)?;
            capture.hold_what_changes(sources)?;
        }
        for part in [Part::Config, Part::Logs, Part::Plugins, Part::Trust] {
            capture.part(part, sources)?;
        }
        capture.found.sort_by(|one, other| one.path.cmp(&other.path));
        capture.expect();
        Ok(capture)
    }

    fn part(&mut self, part: Part, sources: &Sources) -> Result<()> {
        if !sources.parts.contains(&part) {
            return Ok(());
        }
        if let Some(folder) = sources.folder(part).filter(|folder| folder.is_dir()) {
            let mut open = vec![(SavedPath::of(part), folder)];
            while let Some((path, folder)) = open.pop() {
                let metadata = fs_err::metadata(&folder).storage("list what is to be saved")?;
                self.add(path.clone(), folder.clone(), &metadata);
                self.list(&path, &folder, part, sources, &mut open)?;
            }
        }
        let files: Vec<_> =
            sources.files(part).iter().filter(|(_, from)| from.symlink_metadata().is_ok()).collect();
        if let Some((_, first)) = files.first() {
            let (path, from) = (SavedPath::of(part), first.parent().unwrap_or(first).to_owned());
            self.found.push(Found { path, from, mode: 0o755, file: None, held: None, expected: None });
        }
        for (name, from) in files {
            match (SavedPath::of(part).join(name), fs_err::metadata(from)) {
                // A file that a person named may be a link: what it leads to is saved.
                (Ok(path), Ok(metadata)) if metadata.is_file() => self.add(path, from.clone(), &metadata),
                (Err(why), _) => self.refuse(from, why),
                (_, Err(error)) => self.refuse(from, chain(&error)),
                (_, Ok(_)) => self.refuse(from, "it is no regular file, and it is not saved"),
            }
        }
        Ok(())
    }

    /// Adds the files of one folder, and says which folders are to be looked into.
    fn list(
        &mut self,
        path: &SavedPath,
        folder: &Path,
        part: Part,
        sources: &Sources,
        open: &mut Vec<(SavedPath, PathBuf)>,
    ) -> Result<()> {
        for entry in fs_err::read_dir(folder).storage("list what is to be saved")? {
            let entry = entry.storage("list what is to be saved")?;
            let from = entry.path();
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                self.refuse(&from, "its name is not UTF-8, and it is not saved");
                continue;
            };
            if durable::is_leftover(name) || LEFT_OUT.iter().any(|left_out| name.starts_with(left_out)) {
                continue;
            }
            let metadata = match fs_err::symlink_metadata(&from) {
                // Logs come and go.
                Err(error) if error.kind() == io::ErrorKind::NotFound && part == Part::Logs => continue,
                metadata => metadata.storage("list what is to be saved")?,
            };
            let inside = match path.join(name) {
                Ok(inside) => inside,
                Err(why) => {
                    self.refuse(&from, why);
                    continue;
                }
            };
            if metadata.is_dir() {
                open.push((inside, from));
            } else if !metadata.is_file() {
                self.refuse(
                    &from,
                    "it is a link or something else that is no regular file, and it is not saved",
                );
            } else if part != Part::Logs || metadata.modified().is_ok_and(|at| at >= sources.logs_since) {
                self.add(inside, from, &metadata);
            }
        }
        Ok(())
    }

    fn add(&mut self, path: SavedPath, from: PathBuf, metadata: &Metadata) {
        let file = metadata.is_file().then(|| Content {
            sha256: Digest::ZERO,
            bytes: metadata.len(),
            inode: metadata.ino(),
            changed_nanoseconds: metadata
                .ctime()
                .saturating_mul(1_000_000_000)
                .saturating_add(metadata.ctime_nsec()),
        });
        self.found.push(Found {
            path,
            from,
            mode: metadata.mode() & 0o777,
            file,
            held: None,
            expected: None,
        });
    }

    fn refuse(&mut self, from: &Path, message: impl Into<String>) {
        self.damage.push(Damage { path: from.display().to_string(), message: message.into() });
    }

    /// An append that goes on, or was killed, is as if it had not begun.
    fn cut_audit_log(&mut self, sources: &Sources) -> Result<()> {
        let log = sources.registry.audit().path();
        let found = self.found.iter_mut().find(|found| found.from == log);
        if let Some(content) = found.and_then(|found| found.file.as_mut()) {
            content.bytes = whole_lines(&log).storage("read the audit log")?;
        }
        Ok(())
    }

    /// The head tells of the last line, so it must be the one of this moment.
    fn hold_what_changes(&mut self, sources: &Sources) -> Result<()> {
        let log = sources.registry.audit().path();
        for found in self.found.iter_mut().filter(|found| found.file.is_some()) {
            if found.from != log && found.from.parent() == log.parent() {
                found.held = Some(fs_err::read(&found.from).storage("read the registry")?);
            }
        }
        Ok(())
    }

    /// Notes the digests that the registry demands of the files of each version.
    fn expect(&mut self) {
        let documents: Vec<(String, PathBuf)> = self
            .found
            .iter()
            .filter(|found| found.path.part() == Part::Derived)
            .filter_map(|found| Some((found.path.as_str().strip_suffix("dataset.json")?, &found.from)))
            .map(|(folder, from)| (folder.to_owned(), from.clone()))
            .collect();
        for (folder, from) in documents {
            let document = fs_err::read(&from).ok();
            let listed = document.as_deref().and_then(digests_listed).unwrap_or_default();
            let version = folder.trim_end_matches('/').rsplit('/').next().and_then(|name| name.parse().ok());
            let own = version.map(|version| ("dataset.json".to_owned(), version));
            for (name, digest) in listed.into_iter().chain(own) {
                let path = format!("{folder}{name}");
                let place = self.found.binary_search_by(|found| found.path.as_str().cmp(&path));
                if let Some(found) = place.ok().and_then(|place| self.found.get_mut(place)) {
                    found.expected = Some(digest);
                } else {
                    let message = format!("`dataset.json` lists `{name}`, and it is not there");
                    self.damage.push(Damage { path, message });
                }
            }
        }
    }

    /// The parts that were found.
    pub(super) fn parts(&self) -> BTreeSet<Part> {
        self.found.iter().map(|found| found.path.part()).collect()
    }
}

/// How many bytes of a file are whole lines.
fn whole_lines(path: &Path) -> io::Result<u64> {
    let mut file = fs_err::File::open(path)?;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(WINDOW);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.by_ref().take(end - start).read_to_end(&mut bytes)?;
        if let Some(place) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + u64::try_from(place).unwrap_or(u64::MAX) + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_count() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let long = "x".repeat(200_000);
        for (text, whole) in [
            ("", 0),
            ("one", 0),
            ("one\n", 4),
            ("one\ntwo", 4),
            (&format!("1\n{long}"), 2),
            (&format!("{long}\n"), 200_001),
        ] {
            durable::publish(&path, text.as_bytes()).unwrap();
            assert_eq!(whole_lines(&path).unwrap(), whole);
        }
    }
}
