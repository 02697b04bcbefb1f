//! The compression around the archive: one zstd frame that states its size, and nothing before or after it.
//!
//! Invariant: what the frame claims is held against the limits before a byte of it is decompressed, and what comes out
//! is counted against what it claimed.

use std::io::{self, Read, Write};

use zstd::stream::raw::CParameter;
use zstd::stream::{read::Decoder, write::Encoder};
use zstd::zstd_safe;

use crate::error::{Error, Kind, Result};
use crate::packages::archive::{PACKAGE_LIMIT_BYTES, damaged, not_a_package, too_large, untrusted};
use crate::text;

/// Most bytes of a package when it is unpacked.
pub const UNPACKED_LIMIT_BYTES: u64 = 512 << 20;

/// How many times larger than packed it may be.
const RATIO_LIMIT: u64 = 50;

/// What any package may unpack to, however small it is: texts compress well.
const ALWAYS_ALLOWED_BYTES: u64 = 1 << 20;

/// Binary logarithm of the memory that a frame may make the decompressor hold: what level 19 uses.
const WINDOW_LIMIT_LOG: u32 = 23;

/// Strong, and still as fast to unpack as any other.
const LEVEL: i32 = 19;

/// The first bytes of a frame.
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The archive, as it comes out of the frame.
pub(super) struct Unpacked<'a> {
    decoder: Decoder<'static, &'a [u8]>,
    /// What may still come.
    left: u64,
}

impl<'a> Unpacked<'a> {
    /// Looks at the frame from outside.
    pub(super) fn open(package: &'a [u8]) -> Result<Self> {
        let packed = package.len() as u64;
        if packed > PACKAGE_LIMIT_BYTES {
            return Err(too_large("the package is", packed, PACKAGE_LIMIT_BYTES));
        }
        if !package.starts_with(&MAGIC) {
            return Err(not_a_package(guess(package)));
        }
        let frame = zstd_safe::find_frame_compressed_size(package).map_err(|_| damaged("it is truncated"))?;
        if frame != package.len() {
            let trailing = package.len().saturating_sub(frame);
            return Err(untrusted(format!("the package has {trailing} bytes after its end")));
        }
        let claimed = zstd_safe::get_frame_content_size(package)
            .ok()
            .flatten()
            .ok_or_else(|| untrusted("the package does not say how large it is unpacked".to_owned()))?;
        let limit = UNPACKED_LIMIT_BYTES.min(ALWAYS_ALLOWED_BYTES.max(packed.saturating_mul(RATIO_LIMIT)));
        if claimed > limit {
            let what = format!("the package of {} is, unpacked,", text::bytes(packed));
            return Err(too_large(&what, claimed, limit)
                .hint(format!("no honest package grows to more than {RATIO_LIMIT} times its size")));
        }
        let decoder = Decoder::with_buffer(package).and_then(|mut decoder| {
            decoder.window_log_max(WINDOW_LIMIT_LOG)?;
            Ok(decoder.single_frame())
        });
        let decoder = decoder.map_err(|error| internal(&error))?;
        Ok(Self { decoder, left: claimed })
    }

    /// Fills a buffer; `false` at the very end of the archive.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<bool> {
        let mut filled = 0;
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read_some(rest)? {
                0 if filled == 0 => return Ok(false),
                0 => return Err(untrusted("the archive in the package ends inside a file".to_owned())),
                count => filled += count,
            }
        }
        Ok(true)
    }

    /// Reads a file's bytes. Memory grows with what arrives, not with what was promised.
    pub(super) fn content(&mut self, bytes: u64) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        let mut piece = [0; 16 << 10];
        let mut left = bytes;
        while left > 0 {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let count = self.read_some(piece.get_mut(..wanted).unwrap_or_default())?;
            if count == 0 {
                return Err(untrusted("the archive in the package ends inside a file".to_owned()));
            }
            content.extend_from_slice(piece.get(..count).unwrap_or_default());
            left -= count as u64;
        }
        Ok(content)
    }

    /// What the frame said that is not read yet.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    fn read_some(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.decoder.read(buffer) {
                Ok(count) if count as u64 > self.left => {
                    return Err(untrusted("the package unpacks to more than it says".to_owned()));
                }
                Ok(count) => {
                    self.left -= count as u64;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(damaged(&error.to_string())),
            }
        }
    }
}

/// Compresses an archive.
pub(super) fn pack(archive: &[u8]) -> Result<Vec<u8>> {
    let packed = Encoder::new(Vec::new(), LEVEL).and_then(|mut encoder| {
        encoder.set_parameter(CParameter::ChecksumFlag(true))?;
        encoder.set_parameter(CParameter::ContentSizeFlag(true))?;
        encoder.set_pledged_src_size(Some(archive.len() as u64))?;
        encoder.write_all(archive)?;
        encoder.finish()
    });
    packed.map_err(|error| internal(&error))
}

fn internal(error: &io::Error) -> Error {
    Error::new(Kind::Internal, "zstd does not work").cause(error.to_string())
}

/// What a file is that is no package.
fn guess(bytes: &[u8]) -> &'static str {
    let text = bytes.trim_ascii_start();
    match bytes {
        [] => "it is empty",
        [0x1f, 0x8b, ..] => "it is a gzip file",
        [b'P', b'K', 3 | 5, ..] => "it is a zip archive",
        [0x7f, b'E', b'L', b'F', ..] => "it is a library, not a package",
        _ if text.starts_with(b"<") => "it is a web page or XML",
        _ if text.starts_with(b"untrusted comment:") => "it is a signature or a key",
        _ => "it is not compressed with zstd",
    }
}
