//! Read-only mappings of sealed files.
#![expect(unsafe_code, reason = "mapping a file is unsafe because the file may change; a sealed one cannot")]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// Bytes of a sealed file. Cheap to create, shared with the kernel.
#[derive(Debug)]
pub struct Mapping {
    map: Option<memmap2::Mmap>,
}

impl Mapping {
    /// Maps all of a file that nobody can shrink or write any more.
    pub(super) fn of_sealed(file: &File, length: u64) -> io::Result<Self> {
        if length == 0 {
            return Ok(Self { map: None });
        }
        // SAFETY: the file is sealed against writing and shrinking, or, on systems without seals, it is unlinked and
        // its only descriptors belong to this process.
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self { map: Some(map) })
    }
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.map.as_deref().unwrap_or_default()
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
