//! The folder that is a worker's own: where it starts, and the only place where it may write.

use std::fs::{File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use rustix::fs::Dir;
use tempfile::TempDir;

const PREFIX: &str = "host-worker-";

/// Most files in it: a look at them must be short.
pub(super) const FILE_LIMIT: usize = 10_000;

/// A younger folder may belong to a host that has not locked it yet.
const STALE_AFTER: Duration = Duration::from_mins(1);

/// Removed when dropped; when the host was killed, by the next one.
#[derive(Debug)]
pub(super) struct Folder {
    directory: TempDir,
    /// The directory itself, locked as long as this host lives.
    lock: File,
    device: u64,
}

impl Folder {
    /// A new one under a name without links, which only this user can enter.
    pub(super) fn create() -> io::Result<Self> {
        static SWEPT: Once = Once::new();
        let parent = fs_err::canonicalize(std::env::temp_dir())?;
        SWEPT.call_once(|| sweep(&parent));
        let mut builder = tempfile::Builder::new();
        let directory =
            builder.prefix(PREFIX).permissions(Permissions::from_mode(0o700)).tempdir_in(parent)?;
        let lock = File::open(directory.path())?;
        lock.lock()?;
        let device = lock.metadata()?.dev();
        Ok(Self { directory, lock, device })
    }

    pub(super) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Where its files are.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    pub(super) fn is_empty(&self) -> bool {
        Dir::read_from(&self.lock).is_ok_and(|files| {
            let mut names = files.flatten();
            !names.any(|file| ![&b"."[..], b".."].contains(&file.file_name().to_bytes()))
        })
    }

    /// What its files take of the disk; nothing when they are more than [`FILE_LIMIT`].
    pub(super) fn bytes(&self) -> Option<u64> {
        let (mut files, mut bytes) = (0, 0_u64);
        // Where Landlock is missing a module can make folders.
        let mut folders = vec![self.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs_err::read_dir(folder).into_iter().flatten().flatten() {
                files += 1;
                if files > FILE_LIMIT {
                    return None;
                }
                let Ok(metadata) = entry.metadata() else { continue };
                bytes = bytes.saturating_add(metadata.blocks().saturating_mul(512));
                if metadata.is_dir() {
                    folders.push(entry.path());
                }
            }
        }
        Some(bytes)
    }
}

/// Removes folders whose host is gone. What cannot be looked at is left to its owner.
fn sweep(parent: &Path) {
    let Ok(entries) = fs_err::read_dir(parent) else { return };
    for entry in entries.flatten() {
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && is_abandoned(&entry.path()) {
            let _ = fs_err::remove_dir_all(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let Ok(metadata) = fs_err::symlink_metadata(path) else { return false };
    let own = metadata.is_dir() && metadata.uid() == rustix::process::getuid().as_raw();
    let age = metadata.modified().ok().and_then(|modified| modified.elapsed().ok());
    own && age.is_some_and(|age| age >= STALE_AFTER)
        && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}
