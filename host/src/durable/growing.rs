//! A file that grows over several processes, one after the other, and then appears at its place.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use fs_err::File;

use super::{create_directories, mode, parent_of, remove, rename, uninterrupted};

/// A file under a private name that keeps what it holds when the process dies. Locked against other processes while
/// open. Nothing promises that its bytes survive a loss of power: whoever publishes it has checked them before.
#[derive(Debug)]
pub struct GrowingFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl GrowingFile {
    /// Opens the file at `path`, making it and its folder if need be, and waits until no other process has it open.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn open(path: &Path) -> io::Result<Self> {
        create_directories(parent_of(path)?)?;
        loop {
            let mut options = File::options();
            let file = match options.read(true).append(true).create(true).open(path) {
                // A process died between the last two steps of a publication.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    fs_err::set_permissions(path, mode(0o644))?;
                    options.open(path)?
                }
                file => file?,
            };
            uninterrupted(|| file.lock())?;
            let found = file.metadata()?;
            // Who held the lock before may have published or removed the file that was waited for.
            let same = |there: std::fs::Metadata| (there.dev(), there.ino()) == (found.dev(), found.ino());
            if fs_err::symlink_metadata(path).is_ok_and(same) {
                return Ok(Self { path: path.to_owned(), file, length: found.len() });
            }
        }
    }

    /// How many bytes it holds.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Adds bytes at its end.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length = self.length.saturating_add(bytes.len() as u64);
        Ok(())
    }

    /// Drops everything it holds.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn restart(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.length = 0;
        Ok(())
    }

    /// Everything it holds, from the beginning.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn reader(&mut self) -> io::Result<impl Read> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok(&mut self.file)
    }

    /// Lets it appear at `target`, which nobody may write to then. Durable when it returns.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn publish(self, target: &Path) -> io::Result<()> {
        create_directories(parent_of(target)?)?;
        self.file.set_permissions(mode(0o444))?;
        self.file.sync_all()?;
        rename(&self.path, target)
    }

    /// Removes it.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn discard(self) -> io::Result<()> {
        remove(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn grows_over_several_openings_and_appears_read_only() {
        let directory = tempfile::tempdir().unwrap();
        let (partial, target) = (directory.path().join("partial/x"), directory.path().join("digest/x.txt"));
        let mut file = GrowingFile::open(&partial).unwrap();
        file.append(b"abc").unwrap();
        drop(file);
        let mut file = GrowingFile::open(&partial).unwrap();
        assert_eq!(file.length(), 3);
        file.append(b"def").unwrap();
        let mut read = Vec::new();
        file.reader().unwrap().read_to_end(&mut read).unwrap();
        assert_eq!(read, b"abcdef");
        file.publish(&target).unwrap();
        assert!(!partial.exists());
        assert_eq!(fs_err::read(&target).unwrap(), b"abcdef");
        assert_eq!(fs_err::metadata(&target).unwrap().permissions().mode() & 0o777, 0o444);
        let mut file = GrowingFile::open(&partial).unwrap();
        file.append(b"ghi").unwrap();
        file.restart().unwrap();
        assert_eq!((file.length(), fs_err::metadata(&partial).unwrap().len()), (0, 0));
        file.discard().unwrap();
        assert!(!partial.exists());
    }

    #[test]
    fn who_waited_for_a_published_file_starts_anew() {
        let directory = tempfile::tempdir().unwrap();
        let (partial, target) = (directory.path().join("x"), directory.path().join("y/x"));
        let mut first = GrowingFile::open(&partial).unwrap();
        first.append(b"abc").unwrap();
        let second = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| GrowingFile::open(&partial).unwrap());
            first.publish(&target).unwrap();
            waiting.join().unwrap()
        });
        assert_eq!(second.length(), 0);
        assert_eq!(fs_err::read(&target).unwrap(), b"abc");
    }
}
