//! Where tables go that are too large to be kept in memory.

use std::io;
use std::path::PathBuf;

use fs_err::File;

use crate::durable::StagedDirectory;

/// Rows up to which a table is kept in memory.
pub(super) const ROWS_IN_MEMORY: usize = 1 << 14;

/// A folder for large tables, made when the first comes. It becomes the folder of the version if the dataset is
/// registered, and goes away with this value if not.
#[derive(Debug)]
pub struct Spool {
    parent: PathBuf,
    rows_in_memory: usize,
    staged: Option<StagedDirectory>,
}

impl Spool {
    /// A folder to be made in `parent`, on the file system where the version will stand.
    #[must_use]
    pub fn new(parent: PathBuf) -> Self {
        Self { parent, rows_in_memory: ROWS_IN_MEMORY, staged: None }
    }

    /// A folder for what nobody registers, among the system's temporary files.
    #[must_use]
    pub fn temporary() -> Self {
        Self::new(std::env::temp_dir())
    }

    /// No folder: all tables are kept in memory.
    #[must_use]
    pub fn none() -> Self {
        Self { parent: PathBuf::new(), rows_in_memory: usize::MAX, staged: None }
    }

    /// Rows up to which a table is kept in memory.
    pub(super) fn rows_in_memory(&self) -> usize {
        self.rows_in_memory
    }

    /// A new file, of a name that was found to be plain.
    pub(super) fn file(&mut self, name: &str) -> io::Result<File> {
        let staged = match self.staged.take() {
            Some(staged) => staged,
            None => StagedDirectory::create(&self.parent)?,
        };
        self.staged.insert(staged).create_file(name)
    }

    /// Opens a file of it to be read.
    pub(super) fn open(&self, name: &str) -> io::Result<std::fs::File> {
        let staged = self.staged.as_ref().ok_or(io::ErrorKind::NotFound)?;
        Ok(File::open(staged.path().join(name))?.into_parts().0)
    }

    /// The folder, if there is one.
    #[must_use]
    pub fn into_directory(self) -> Option<StagedDirectory> {
        self.staged
    }
}
