//! A file of lines that one process writes for as long as it lives, and that says by its lock whether it does.

use std::fs::TryLockError;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{new_file, parent_of, remove, sync_directory, uninterrupted};
use fs_err::File;

/// Whoever looks whether a file has an owner shares its lock for a moment, which is no reason to give up owning it.
const A_LOOK: Duration = Duration::from_millis(100);

/// First and longest pause between two attempts at a lock.
const PAUSE: (Duration, Duration) = (Duration::from_micros(200), Duration::from_millis(10));

/// A file of lines with one owner. It is locked before its first line is in it, so whoever sees that line and gets the
/// lock knows that the owner is gone.
#[derive(Debug)]
pub struct LineLog {
    file: File,
    /// Whether a line may lack its end, because there was no room for it.
    torn: AtomicBool,
}

impl LineLog {
    /// Makes the file at `path`, which must not exist, with its first line. Durable when it returns. A process that is
    /// killed meanwhile may leave an empty file.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`] if there is something at `path`; else any failure of a system call, also where
    /// files cannot be locked.
    pub fn create(path: &Path, first_line: &[u8]) -> io::Result<Self> {
        let file = new_file(path, true, 0o644)?;
        let log = Self { file, torn: AtomicBool::new(false) };
        let begun = uninterrupted(|| log.file.lock())
            .and_then(|()| log.demand_name())
            .and_then(|()| (&log.file).write_all(first_line))
            .and_then(|()| log.file.sync_all())
            .and_then(|()| sync_directory(parent_of(path)?));
        if let Err(error) = begun {
            // What is not durable must not look as if it were; the caller hears of the first failure. What lost its name
            // has none to be removed, which may be another's by now.
            if log.demand_name().is_ok() {
                drop(remove(path));
            }
            return Err(error);
        }
        Ok(log)
    }

    /// Whoever came before the lock may have taken the empty file for one of a process that was killed, and removed it.
    fn demand_name(&self) -> io::Result<()> {
        match self.file.metadata()?.nlink() {
            0 => Err(io::Error::new(io::ErrorKind::NotFound, "the file was removed before it was locked")),
            _ => Ok(()),
        }
    }

    /// Adds a line. It survives the process, not a loss of power.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path. Part of the line may be there, without its end.
    pub fn append(&self, line: &[u8]) -> io::Result<()> {
        // What follows a line without an end would be lost with it.
        if self.torn.load(Ordering::Relaxed) {
            (&self.file).write_all(b"\n")?;
        }
        let written = (&self.file).write_all(line);
        self.torn.store(written.is_err(), Ordering::Relaxed);
        written
    }

    /// Adds a line. Durable when it returns.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_durably(&self, line: &[u8]) -> io::Result<()> {
        self.append(line)?;
        self.file.sync_data()
    }

    /// Becomes the owner of the file at `path`, alone; nothing while another process owns it. A line that the last owner
    /// left without an end is ended.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn inherit(path: &Path) -> io::Result<Option<Self>> {
        Self::inherit_within(A_LOOK, path)
    }

    fn inherit_within(wait: Duration, path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().read(true).append(true).open(path)?;
        let owned = lock_within(wait, || file.try_lock())?;
        owned.then(|| Self::continued(file)).transpose()
    }

    /// Whether a process owns the file at `path`.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn is_owned(path: &Path) -> io::Result<bool> {
        Ok(Self::adopt(&File::open(path)?)?.is_none())
    }

    /// Takes the file over for as long as `file`, opened by the caller, lives; nothing if its owner lives. Several may
    /// take it over at a time.
    fn adopt(file: &File) -> io::Result<Option<()>> {
        match uninterrupted(|| match file.try_lock_shared() {
            Err(TryLockError::Error(error)) => Err(error),
            Err(TryLockError::WouldBlock) => Ok(None),
            Ok(()) => Ok(Some(())),
        }) {
            // Where nothing can be locked nobody could have made the file.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(Some(())),
            result => result,
        }
    }

    /// Opens the file at `path` to write what its owner no longer can; nothing if the owner lives. A line that it left
    /// without an end is ended.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn open_abandoned(path: &Path) -> io::Result<Option<Self>> {
        let file = File::options().read(true).append(true).open(path)?;
        if Self::adopt(&file)?.is_none() {
            return Ok(None);
        }
        Self::continued(file).map(Some)
    }

    fn continued(mut file: File) -> io::Result<Self> {
        let mut last = [0];
        if file.seek(SeekFrom::End(0))? > 0 {
            file.seek(SeekFrom::End(-1))?;
            io::Read::read_exact(&mut file, &mut last)?;
            if last != [b'\n'] {
                file.write_all(b"\n")?;
            }
        }
        Ok(Self { file, torn: AtomicBool::new(false) })
    }
}

/// Tries to lock something until it is locked or the time is over, and says whether it is.
///
/// # Errors
/// What an attempt failed with, but for what others do and for signals.
pub(crate) fn lock_within(
    wait: Duration,
    attempt: impl Fn() -> Result<(), TryLockError>,
) -> io::Result<bool> {
    let deadline = Instant::now().checked_add(wait);
    let mut pause = PAUSE.0;
    loop {
        match attempt() {
            Ok(()) => return Ok(true),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Ok(false);
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(PAUSE.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::testing::{SOON, soon};

    #[test]
    fn appears_locked_and_is_abandoned_with_its_owner() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.jsonl");
        let owner = LineLog::create(&path, b"1\n").unwrap();
        assert_eq!(LineLog::create(&path, b"1\n").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert!(LineLog::is_owned(&path).unwrap());
        assert!(LineLog::open_abandoned(&path).unwrap().is_none());
        owner.append(b"2\n").unwrap();
        super::super::append_line(&path, b"3\n").unwrap();
        owner.append_durably(b"4").unwrap();
        drop(owner);
        soon(|| (!LineLog::is_owned(&path).unwrap()).then_some(()));
        let heir = LineLog::open_abandoned(&path).unwrap().unwrap();
        assert!(!LineLog::is_owned(&path).unwrap(), "an heir is no owner");
        heir.append_durably(b"5\n").unwrap();
        assert_eq!(fs_err::read(&path).unwrap(), b"1\n2\n3\n4\n5\n");
        let leftovers = fs_err::read_dir(directory.path()).unwrap().count();
        assert_eq!(leftovers, 1);
    }

    /// `schedule list` at that moment made `schedule run` say that another process does the job.
    #[test]
    fn who_only_looks_keeps_nobody_from_owning() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("x.jsonl");
        drop(LineLog::create(&path, b"1\n").unwrap());
        let looking = File::open(&path).unwrap();
        looking.lock_shared().unwrap();
        assert!(LineLog::inherit(&path).unwrap().is_none(), "that is no look");
        let heir = std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(A_LOOK / 5);
                drop(looking);
            });
            LineLog::inherit_within(SOON, &path).unwrap()
        });
        assert!(heir.is_some());
    }

    #[test]
    fn what_is_removed_before_it_is_locked_is_nobodys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for _ in 0..300 {
            let made = std::thread::scope(|scope| {
                // Who takes an empty file for one that a killed process left.
                scope.spawn(|| {
                    if let Ok(Some(_owned)) = LineLog::inherit(&path)
                        && fs_err::metadata(&path).is_ok_and(|file| file.len() == 0)
                    {
                        remove(&path).unwrap();
                    }
                });
                LineLog::create(&path, b"first\n").is_ok()
            });
            assert_eq!(made, path.is_file());
            if made {
                remove(&path).unwrap();
            }
        }
    }
}
