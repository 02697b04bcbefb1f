//! The one way from a reader into memory that cannot change any more.

use std::io::{self, Read, Write};

use super::{MemoryFile, SealedFile};
use crate::digest::Digest;

impl SealedFile {
    /// Copies what a reader yields and hashes it on the way; `None` when it is more than the limit in bytes. No second copy
    /// of it is made, and none ever lies on the heap, which would keep room for the largest in each thread.
    ///
    /// # Errors
    /// Whatever the reader fails with, and when the system has no room for it.
    pub fn copy_of(name: &str, reader: impl Read, limit: u64) -> io::Result<Option<(Self, Digest)>> {
        let mut memory = MemoryFile::create(name)?;
        let copying = Copying { from: reader.take(limit.saturating_add(1)), to: &mut memory };
        let (sha256, bytes) = Digest::of_reader(copying)?;
        if bytes > limit {
            return Ok(None);
        }
        Ok(Some((memory.seal()?, sha256)))
    }
}

/// Writes down what it yields.
struct Copying<R, W> {
    from: R,
    to: W,
}

impl<R: Read, W: Write> Read for Copying<R, W> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.to.write_all(&buffer[..count])?;
        Ok(count)
    }
}
