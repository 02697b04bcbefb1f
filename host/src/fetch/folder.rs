//! Files that somebody already has, whatever they are called there: found by size, then by digest.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::failed;
use crate::catalogue::RemoteFile;
use crate::digest::Digest;
use crate::durable::GrowingFile;
use crate::error::{Error, Kind, Result, StorageContext};

const COPY_BYTES: usize = 256 << 10;

/// The files below a folder.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    by_size: BTreeMap<u64, Vec<PathBuf>>,
    /// Files that were hashed, since several of one size may be asked for.
    digests: RefCell<BTreeMap<PathBuf, Option<Digest>>>,
}

impl Folder {
    /// Lists a folder and those below it. A link to a file counts, a link to a folder is not followed.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when the folder cannot be listed.
    pub fn open(path: &Path) -> Result<Self> {
        let unreadable = |error: std::io::Error| {
            Error::new(Kind::BadInput, format!("cannot list the folder `{}`", path.display()))
                .cause(error.to_string())
        };
        let mut by_size: BTreeMap<u64, Vec<PathBuf>> = BTreeMap::new();
        let mut open = BTreeSet::from([path.to_owned()]);
        while let Some(folder) = open.pop_first() {
            for entry in fs::read_dir(&folder).map_err(unreadable)? {
                let entry = entry.map_err(unreadable)?;
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    open.insert(entry.path());
                } else if let Ok(metadata) = fs::metadata(entry.path())
                    && metadata.is_file()
                {
                    by_size.entry(metadata.len()).or_default().push(entry.path());
                }
            }
        }
        for files in by_size.values_mut() {
            files.sort();
        }
        Ok(Self { path: path.to_owned(), by_size, digests: RefCell::default() })
    }

    /// Copies the file with the right digest and says which it was.
    pub(super) fn copy(&self, file: &RemoteFile, partial: &mut GrowingFile) -> Result<String> {
        let candidates = self.by_size.get(&file.bytes).into_iter().flatten();
        let found = candidates.into_iter().find(|path| self.digest(path) == Some(file.sha256));
        let Some(path) = found else {
            return Err(failed(Kind::BadInput, file)
                .cause(format!(
                    "no file below `{}` has its size and sha256 {}",
                    self.path.display(),
                    file.sha256
                ))
                .hint("leave out `--from` to download it"));
        };
        partial.restart().storage("empty a partly fetched file")?;
        append(path, file, partial)?;
        if partial.length() != file.bytes || super::digest_of(partial)? != file.sha256 {
            partial.restart().storage("empty a partly fetched file")?;
            return Err(failed(Kind::Untrusted, file)
                .cause(format!("`{}` changed while it was copied", path.display())));
        }
        Ok(path.display().to_string())
    }

    fn digest(&self, path: &Path) -> Option<Digest> {
        let mut digests = self.digests.borrow_mut();
        *digests
            .entry(path.to_owned())
            .or_insert_with(|| Digest::of_file(path).ok().map(|(digest, _)| digest))
    }
}

fn append(path: &Path, file: &RemoteFile, partial: &mut GrowingFile) -> Result<()> {
    let unreadable = |error: std::io::Error| failed(Kind::BadInput, file).cause(error.to_string());
    let mut reader = fs::File::open(path).map_err(unreadable)?.take(file.bytes.saturating_add(1));
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        match reader.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(()),
            count => partial.append(buffer.get(..count).unwrap_or_default()).storage("copy a file")?,
        }
    }
}
