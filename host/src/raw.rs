//! Fetched files: `raw/SHA256/NAME` below the data root.
//!
//! Invariants: a file appears only after its size and digest were right, and nobody may write to it then; what is not
//! complete is in `raw/.partial/SHA256`, where the next process goes on with it.

use std::path::{Path, PathBuf};

use crate::catalogue::RemoteFile;
use crate::digest::Digest;
use crate::durable::GrowingFile;
use crate::error::{Result, StorageContext};
use crate::registry::DataRoot;

/// The fetched files of a data root.
#[derive(Debug, Clone)]
pub struct RawStore {
    directory: PathBuf,
}

impl RawStore {
    /// That of a data root, which may not exist.
    #[must_use]
    pub fn of(data_root: &Path) -> Self {
        Self { directory: DataRoot::raw_below(data_root) }
    }

    /// Where a file is when it is there.
    #[must_use]
    pub fn path(&self, file: &RemoteFile) -> PathBuf {
        self.directory.join(file.sha256.to_string()).join(&file.name)
    }

    /// Whether a file of the right size is there. Whoever uses it checks the digest of what it reads.
    #[must_use]
    pub fn has(&self, file: &RemoteFile) -> bool {
        self.path(file).symlink_metadata().is_ok_and(|there| there.is_file() && there.len() == file.bytes)
    }

    /// The same, reading every byte.
    #[must_use]
    pub fn has_intact(&self, file: &RemoteFile) -> bool {
        self.has(file) && Digest::of_file(&self.path(file)).is_ok_and(|(digest, _)| digest == file.sha256)
    }

    /// Any file that is kept under a digest.
    #[must_use]
    pub fn any(&self, sha256: &Digest) -> Option<PathBuf> {
        let entries = fs_err::read_dir(self.directory.join(sha256.to_string())).ok()?;
        entries.flatten().map(|entry| entry.path()).find(|path| path.is_file())
    }

    /// What was fetched of a file so far; waits while another process fetches it.
    ///
    /// # Errors
    /// The data root cannot be written.
    pub(crate) fn partial(&self, file: &RemoteFile) -> Result<GrowingFile> {
        let path = self.directory.join(".partial").join(file.sha256.to_string());
        GrowingFile::open(&path).storage("open a partly fetched file")
    }
}
