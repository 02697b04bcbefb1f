//! Unpacked inputs, kept for the next run. Everything here can be thrown away; nothing here is believed.
//!
//! A file `<sha256 of the packed file>.unpacked` holds the sha256 of the content (32 bytes) and the content. Only files
//! of that form are ever removed, since the directory is the user's choice.
//!
//! One process at a time writes, under `.lock`: room is made before a file is added, so that together they are never larger
//! than allowed. Reading needs no lock; it notes the time, and what was not read for longest goes first.

use std::fs::FileTimes;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use fs_err as fs;
use serde::Serialize;

use crate::digest::Digest;
use crate::durable;
use crate::error::StorageContext;
use crate::registry::Lock;

const EXTENSION: &str = "unpacked";
const DIGEST_BYTES: usize = 32;

/// How long a process waits for another that writes here; without its place it only unpacks once more the next time.
const WAIT: Duration = Duration::from_secs(5);

/// Where unpacked inputs are kept, how long, and how many.
#[derive(Debug, Clone)]
pub struct InputCache {
    /// Folder of the files.
    pub directory: PathBuf,
    /// How long a file is used after it was made.
    pub lifetime: Duration,
    /// How large all files may be together.
    pub max_bytes: u64,
    /// How large they may be after a clean-up.
    pub bytes_after_cleanup: u64,
}

/// What a clean-up removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Cleaned {
    /// Files.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

/// A file of the cache. They sort by when they were last used.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Kept {
    used: SystemTime,
    made: SystemTime,
    bytes: u64,
    path: PathBuf,
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
        if Digest::of(&content).as_bytes()[..] != digest[..] {
            return None;
        }
        // Said here, because many file systems are told not to note it by themselves. A file that is not ours to touch
        // only looks older than it is.
        if let Ok(file) = fs::File::open(&path) {
            drop(file.into_parts().0.set_times(FileTimes::new().set_accessed(SystemTime::now())));
        }
        Some(content)
    }

    /// Keeps the content of a packed file. What cannot be kept is only slower the next time.
    pub(super) fn put(&self, packed: &Digest, content: &[u8]) {
        let size = content.len() as u64 + DIGEST_BYTES as u64;
        if size > self.bytes_after_cleanup {
            return;
        }
        let Some(_lock) = self.lock() else { return };
        self.make_room(size);
        let mut bytes = Digest::of(content).as_bytes().to_vec();
        bytes.extend_from_slice(content);
        if let Err(error) = durable::publish_unsynced(&self.path(packed), &bytes) {
            tracing::debug!("cannot keep an unpacked input: {error}");
        }
    }

    /// Removes what is too old, and if all is too large, what was not used for longest, and says how much that was.
    pub fn clean(&self) -> Cleaned {
        if !self.directory.is_dir() {
            return Cleaned::default();
        }
        self.lock().map_or_else(Cleaned::default, |_lock| self.make_room(0))
    }

    /// The same at the end of a run, which waits for nobody when nothing is too old.
    pub fn expire(&self) {
        if self.files().any(|file| self.is_old(&file)) {
            self.clean();
        }
    }

    /// Alone, after what killed processes left is gone.
    fn lock(&self) -> Option<Lock> {
        let lock = durable::create_directories(&self.directory)
            .storage("make the folder of the cache")
            .and_then(|()| Lock::on(&self.directory.join(".lock"), "the cache", WAIT));
        match lock {
            Ok(lock) => {
                self.sweep();
                Some(lock)
            }
            Err(error) => {
                tracing::debug!("the cache is not written: {error}");
                None
            }
        }
    }

    /// Removes unfinished files of ours, and no other's.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let digest = name.strip_prefix('.').and_then(|name| name.get(..64)?.parse::<Digest>().ok());
            if digest.is_some() && durable::is_leftover(&name) {
                drop(durable::remove(&entry.path()));
            }
        }
    }

    /// Makes room for so many more bytes. The caller holds the lock.
    fn make_room(&self, more: u64) -> Cleaned {
        let mut files: Vec<Kept> = self.files().collect();
        files.sort();
        let mut total = files.iter().map(|file| file.bytes).fold(more, u64::saturating_add);
        let shrink = total > self.max_bytes;
        let mut cleaned = Cleaned::default();
        for file in files {
            let too_much = shrink && total > self.bytes_after_cleanup;
            if (self.is_old(&file) || too_much) && durable::remove(&file.path).is_ok() {
                total = total.saturating_sub(file.bytes);
                cleaned.files += 1;
                cleaned.bytes = cleaned.bytes.saturating_add(file.bytes);
            }
        }
        cleaned
    }

    fn is_old(&self, file: &Kept) -> bool {
        file.made.elapsed().unwrap_or_default() > self.lifetime
    }

    fn files(&self) -> impl Iterator<Item = Kept> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        entries.filter_map(|entry| {
            let path = entry.path();
            let is_ours = path.extension().is_some_and(|extension| extension == EXTENSION)
                && path.file_stem().and_then(|stem| stem.to_str()?.parse::<Digest>().ok()).is_some();
            let metadata = entry.metadata().ok().filter(|metadata| is_ours && metadata.is_file())?;
            let (made, bytes) = (metadata.modified().ok()?, metadata.len());
            Some(Kept { used: metadata.accessed().unwrap_or(made), made, bytes, path })
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
        let total: u64 = kept.files().map(|file| file.bytes).sum();
        assert!((1..=200).contains(&total), "{total}");
        assert!(foreign.is_file());
    }

    /// Sets when a file was last used.
    fn used(kept: &InputCache, packed: &Digest, seconds: u64) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = fs::File::options().write(true).open(kept.path(packed)).unwrap();
        file.into_parts().0.set_times(FileTimes::new().set_accessed(time)).unwrap();
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first_down_to_the_threshold() {
        let directory = tempfile::tempdir().unwrap();
        // Of 50 + 32 bytes each five fit, four stay below the threshold.
        let kept = cache(&directory, 5 * 82, Duration::from_hours(1));
        let packed: Vec<Digest> = (0..6_u8).map(|number| Digest::of(&[number])).collect();
        for (number, packed) in (0..5_u8).zip(&packed) {
            kept.put(packed, &[number; 50]);
            used(&kept, packed, 1_000 + u64::from(number));
        }
        assert_eq!(kept.files().count(), 5, "as much as is allowed");
        // The first was made before the others, and is the last that was used.
        assert!(kept.get(&packed[0], 1000).is_some());
        kept.put(&packed[5], &[5; 50]);
        let there: Vec<bool> = packed.iter().map(|packed| kept.path(packed).is_file()).collect();
        assert_eq!(there, [true, false, false, true, true, true]);
    }

    #[test]
    fn what_is_too_old_goes_whatever_its_size_and_what_killed_processes_left_goes_too() {
        let directory = tempfile::tempdir().unwrap();
        let kept = cache(&directory, 1000, Duration::from_hours(1));
        kept.put(&Digest::of(b"1"), &[1; 50]);
        let left = directory.path().join(format!(".{}.tmp-1-1", Digest::of(b"2")));
        let foreign = directory.path().join(".thesis.tmp-1-1");
        for path in [&left, &foreign] {
            durable::publish_unsynced(path, b"half").unwrap();
        }
        assert_eq!(kept.clean(), Cleaned::default());
        assert!(!left.exists() && foreign.exists());
        assert_eq!(cache(&directory, 1000, Duration::ZERO).clean(), Cleaned { files: 1, bytes: 82 });
        assert_eq!(kept.files().count(), 0);
    }

    #[test]
    fn several_at_once_never_keep_more_than_is_allowed() {
        let directory = tempfile::tempdir().unwrap();
        let kept = cache(&directory, 1000, Duration::from_hours(1));
        std::thread::scope(|scope| {
            for writer in 0..4_u8 {
                let kept = &kept;
                scope.spawn(move || {
                    for number in 0..20_u8 {
                        let packed = Digest::of(&[writer, number]);
                        kept.put(&packed, &[number; 100]);
                        let total: u64 = kept.files().map(|file| file.bytes).sum();
                        assert!(total <= 1000, "{total}");
                    }
                });
            }
        });
        assert!(kept.files().count() > 3);
    }
}
