//! Read-only views of sealed files.
#![cfg_attr(
    not(any(not(target_os = "linux"), feature = "portable")),
    expect(
        unsafe_code,
        reason = "mapping a file is unsafe because the file may change; a sealed one cannot"
    )
)]

use std::fs::File;
use std::io;
use std::ops::Deref;

/// Bytes of a sealed file: mapped where the system can seal, else a copy, since an unsealed file could shrink under a
/// mapping and end this process.
#[derive(Debug)]
pub struct Mapping {
    bytes: Option<Bytes>,
}

#[cfg(all(target_os = "linux", not(feature = "portable")))]
type Bytes = memmap2::Mmap;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
type Bytes = Vec<u8>;

impl Mapping {
    /// All of a file that nobody can shrink or write any more.
    pub(super) fn of_sealed(file: &File, length: u64) -> io::Result<Self> {
        let bytes = if length == 0 { None } else { Some(view(file, length)?) };
        Ok(Self { bytes })
    }
}

#[cfg(all(target_os = "linux", not(feature = "portable")))]
fn view(file: &File, _length: u64) -> io::Result<Bytes> {
    // SAFETY: the file is sealed against writing and shrinking.
    unsafe { memmap2::Mmap::map(file) }
}

#[cfg(any(not(target_os = "linux"), feature = "portable"))]
fn view(file: &File, length: u64) -> io::Result<Bytes> {
    use std::os::unix::fs::FileExt;

    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut bytes, 0)?;
    Ok(bytes)
}

impl Deref for Mapping {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.bytes.as_deref().unwrap_or_default()
    }
}

impl AsRef<[u8]> for Mapping {
    fn as_ref(&self) -> &[u8] {
        self
    }
}
