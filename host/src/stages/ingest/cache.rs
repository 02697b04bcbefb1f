//! Unpacked inputs, kept for the next run. Everything here can be thrown away; nothing here is believed.
//!
//! A file `<sha256 of the packed file>.unpacked` holds the sha256 of the content (32 bytes) and the content. Only files
//! of that form are ever removed, since the directory is the user's choice.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fs_err as fs;

use crate::digest::Digest;
use crate::durable;

const EXTENSION: &str = "unpacked";
const DIGEST_BYTES: usize = 32;

/// Where unpacked inputs are kept, how long, and how many.
#[derive(Debug, Clone)]
pub struct InputCache {
    /// Folder of the files.
    pub directory: PathBuf,
    /// How long a file is used.
    pub lifetime: Duration,
    /// How large all files may be together.
    pub max_bytes: u64,
    /// How large they may be after a clean-up.
    pub bytes_after_cleanup: u64,
}

impl InputCache {
    fn path(&self, packed: &Digest) -> PathBuf {
        self.directory.join(format!("{packed}.{EXTENSION}"))
    }

    /// The content of a packed file, if it is here, young and whole.
    pub(super) fn get(&self, packed: &Digest, limit_bytes: u64) -> Option<Vec<u8>> {
        let path = self.path(packed);
        let metadata = fs::metadata(&path).ok()?;
        let age = metadata.modified().ok()?.elapsed().unwrap_or_default();
        if age > self.lifetime || metadata.len() > limit_bytes.saturating_add(DIGEST_BYTES as u64) {
            return None;
        }
        let mut content = fs::read(&path).ok()?;
        let digest: Vec<u8> = content.get(..DIGEST_BYTES)?.to_vec();
        content.drain(..DIGEST_BYTES);
        (Digest::of(&content).as_bytes()[..] == digest[..]).then_some(content)
    }

    /// Keeps the content of a packed file. What cannot be kept is only slower the next time.
    pub(super) fn put(&self, packed: &Digest, content: &[u8]) {
        let size = content.len() as u64 + DIGEST_BYTES as u64;
        if size > self.bytes_after_cleanup {
            return;
        }
        let mut bytes = Digest::of(content).as_bytes().to_vec();
        bytes.extend_from_slice(content);
        let kept = durable::create_directories(&self.directory)
            .and_then(|()| durable::publish_unsynced(&self.path(packed), &bytes));
        if let Err(error) = kept {
            tracing::debug!("cannot keep an unpacked input: {error}");
        }
        self.clean();
    }

    /// Removes what is too old, then the oldest until the rest is small enough.
    fn clean(&self) {
        let mut files: Vec<(SystemTime, u64, PathBuf)> = self.files().collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        let shrink = total > self.max_bytes;
        for (modified, size, path) in files {
            let old = modified.elapsed().unwrap_or_default() > self.lifetime;
            let too_much = shrink && total > self.bytes_after_cleanup;
            if (old || too_much) && durable::remove(&path).is_ok() {
                total -= size;
            }
        }
    }

    fn files(&self) -> impl Iterator<Item = (SystemTime, u64, PathBuf)> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let path = entry.path();
            let is_ours = path.extension().is_some_and(|extension| extension == EXTENSION)
                && path.file_stem().and_then(|stem| stem.to_str()?.parse::<Digest>().ok()).is_some();
            let metadata = entry.metadata().ok().filter(|metadata| is_ours && metadata.is_file())?;
            Some((metadata.modified().ok()?, metadata.len(), path))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(directory: &tempfile::TempDir, max_bytes: u64, lifetime: Duration) -> InputCache {
        let directory = directory.path().to_owned();
        InputCache { directory, lifetime, max_bytes, bytes_after_cleanup: max_bytes * 8 / 10 }
    }

    #[test]
    fn gives_back_what_was_kept_and_nothing_damaged_old_or_too_large() {
        let directory = tempfile::tempdir().unwrap();
        let kept = cache(&directory, 1000, Duration::from_hours(1));
        let packed = Digest::of(b"packed");
        kept.put(&packed, b"content");
        assert_eq!(kept.get(&packed, 100).as_deref(), Some(&b"content"[..]));
        assert_eq!(kept.get(&packed, 3), None);
        assert_eq!(cache(&directory, 1000, Duration::ZERO).get(&packed, 100), None);
        let path = kept.path(&packed);
        let mut bytes = fs::read(&path).unwrap();
        bytes[40 - 3] ^= 1;
        durable::publish_unsynced(&path, &bytes).unwrap();
        assert_eq!(kept.get(&packed, 100), None);
    }

    #[test]
    fn stays_within_its_size_and_removes_only_its_own_files() {
        let directory = tempfile::tempdir().unwrap();
        let kept = cache(&directory, 200, Duration::from_hours(1));
        let foreign = directory.path().join("thesis.unpacked");
        durable::publish_unsynced(&foreign, &[0; 500]).unwrap();
        for number in 0..10_u8 {
            kept.put(&Digest::of(&[number]), &[number; 50]);
        }
        let total: u64 = kept.files().map(|(_, size, _)| size).sum();
        assert!((1..=200).contains(&total), "{total}");
        assert!(foreign.is_file());
    }
}
