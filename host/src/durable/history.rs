//! A file of JSON lines that one process at a time adds to, and anybody reads.

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{LineLog, create_directories, parent_of};

/// What happened, in the order it did. While it lives nobody else adds anything.
#[derive(Debug)]
pub struct History<T> {
    log: LineLog,
    entries: Vec<T>,
}

impl<T: Serialize + DeserializeOwned> History<T> {
    /// Owns the file at `path`; nothing while another process does.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn own(path: &Path) -> io::Result<Option<Self>> {
        create_directories(parent_of(path)?)?;
        let log = match LineLog::inherit(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => match LineLog::create(path, b"") {
                // Another was faster, and has it.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => None,
                created => Some(created?),
            },
            inherited => inherited?,
        };
        let Some(log) = log else { return Ok(None) };
        Ok(Some(Self { log, entries: Self::read(path)? }))
    }

    /// What is in the file at `path`; nothing if there is none. A line that is none of ours is passed over.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn read(path: &Path) -> io::Result<Vec<T>> {
        let text = match fs_err::read_to_string(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            text => text?,
        };
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// What happened so far.
    pub fn entries(&self) -> &[T] {
        &self.entries
    }

    /// Adds what happened. Durable when it returns.
    ///
    /// # Errors
    /// Any failure of a system call; it names the path.
    pub fn add(&mut self, entry: T) -> io::Result<()> {
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.log.append_durably(&line)?;
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::History;
    use crate::durable::testing::soon;

    #[test]
    fn one_process_adds_and_a_torn_line_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("below/history.jsonl");
        assert!(History::<u32>::read(&path).unwrap().is_empty());
        let mut history = History::<u32>::own(&path).unwrap().unwrap();
        history.add(1).unwrap();
        assert!(History::<u32>::own(&path).unwrap().is_none());
        drop(history);
        crate::durable::append_line(&path, b"{\"torn").unwrap();
        let mut next = soon(|| History::<u32>::own(&path).unwrap());
        next.add(2).unwrap();
        assert_eq!((next.entries(), History::<u32>::read(&path).unwrap()), (&[1, 2][..], vec![1, 2]));
    }
}
