//! A log file that is renamed to `NAME.1` and so on when it is full.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::PathBuf;

use fs_err as fs;

use crate::durable;

/// A log file that is begun anew when it is full. Several processes may write it.
#[derive(Debug, Clone)]
pub struct RotatingFile {
    /// The file that is written.
    pub path: PathBuf,
    /// How large it grows before it is begun anew, bytes.
    pub limit_bytes: u64,
    /// How many files are kept, this one included.
    pub files: usize,
}

impl RotatingFile {
    fn is_full(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() >= self.limit_bytes)
    }

    /// The file that became full so many times ago.
    fn numbered(&self, number: usize) -> PathBuf {
        let mut name = self.path.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".{number}"));
        self.path.with_file_name(name)
    }

    fn rotate(&self) -> io::Result<()> {
        let lock = self.path.with_file_name(".rotation.lock");
        let lock = fs::OpenOptions::new().append(true).create(true).open(lock)?;
        lock.lock()?;
        // Who waited finds that it has been done.
        if !self.is_full() {
            return Ok(());
        }
        if self.files <= 1 {
            return durable::remove(&self.path);
        }
        for number in (1..self.files).rev() {
            let newer = if number == 1 { self.path.clone() } else { self.numbered(number - 1) };
            if newer.is_file() {
                durable::rename(&newer, &self.numbered(number))?;
            }
        }
        Ok(())
    }
}

impl Write for RotatingFile {
    /// Writes a line, in one piece.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_full() {
            self.rotate()?;
        }
        // Opened for each line: another process may have rotated it.
        match fs::OpenOptions::new().append(true).create(true).open(&self.path) {
            // The folder appears with the data root; before that there is nothing to log into.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            file => file?.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn sizes(folder: &std::path::Path) -> Vec<(String, u64)> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        let mut sizes: Vec<(String, u64)> = entries
            .map(|entry| (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().len()))
            .filter(|(name, _)| !name.starts_with('.'))
            .collect();
        sizes.sort();
        sizes
    }

    #[test]
    fn is_begun_anew_when_it_is_full_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = RotatingFile { path: folder.path().join("x.log"), limit_bytes: 20, files: 3 };
        for number in 0..10 {
            log.write_all(format!("line {number:04}\n").as_bytes()).unwrap();
        }
        let names = ["x.log", "x.log.1", "x.log.2"].map(|name| (name.to_owned(), 20));
        assert_eq!(sizes(folder.path()), names);
        assert_eq!(fs::read(folder.path().join("x.log.2")).unwrap(), b"line 0004\nline 0005\n");
        let mut only = RotatingFile { path: folder.path().join("y"), limit_bytes: 5, files: 1 };
        only.write_all(b"12345\n").unwrap();
        only.write_all(b"6\n").unwrap();
        assert_eq!(fs::read(&only.path).unwrap(), b"6\n");
    }

    #[test]
    fn many_who_rotate_at_once_lose_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                // Nothing is shared but the files, as between processes.
                let mut log = RotatingFile { path: path.clone(), limit_bytes: 200, files: 1000 };
                scope.spawn(move || {
                    for number in 0..200 {
                        log.write_all(format!("{writer} {number:04}\n").as_bytes()).unwrap();
                    }
                });
            }
        });
        let mut lines = BTreeSet::new();
        for (name, _) in sizes(folder.path()) {
            let text = fs::read_to_string(folder.path().join(name)).unwrap();
            lines.extend(text.lines().map(str::to_owned));
        }
        assert_eq!(lines.len(), 800);
        assert!(sizes(folder.path()).len() >= 800 * 7 / 300, "{:?}", sizes(folder.path()));
    }
}
