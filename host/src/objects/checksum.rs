//! Checksums as stores keep them: base64 of sha256, or of one of three cyclic redundancy checks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A checksum that a store told of, with what was read so far.
pub(super) struct Checking {
    expected: String,
    running: Running,
}

enum Running {
    Sha256(Sha256),
    Crc(Crc),
}

impl Checking {
    /// `sha256:BASE64` and the like. `None` where it cannot be compared: a checksum of checksums of parts (`…-3`), or a
    /// method that is not known here.
    pub(super) fn new(stated: &str) -> Option<Self> {
        let (method, expected) = stated.split_once(':')?;
        if expected.contains('-') {
            return None;
        }
        let running = match method {
            "sha256" => Running::Sha256(Sha256::new()),
            "crc64nvme" => Running::Crc(Crc::new(64, 0x9a6c_9329_ac4b_c9b5)),
            "crc32c" => Running::Crc(Crc::new(32, 0x82f6_3b78)),
            "crc32" => Running::Crc(Crc::new(32, 0xedb8_8320)),
            _ => return None,
        };
        Some(Self { expected: expected.to_owned(), running })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.running {
            Running::Sha256(hasher) => hasher.update(bytes),
            Running::Crc(crc) => crc.update(bytes),
        }
    }

    pub(super) fn agrees(self) -> bool {
        let found = match self.running {
            Running::Sha256(hasher) => STANDARD.encode(hasher.finalize()),
            Running::Crc(crc) => STANDARD.encode(crc.finish()),
        };
        found == self.expected
    }
}

/// What S3 calls the sha256 of an object: of all of it, or, for one that came in several parts, of the parts' own.
pub(super) fn sha256_of_parts<'a>(parts: impl ExactSizeIterator<Item = &'a [u8]>) -> String {
    let count = parts.len();
    let digests: Vec<u8> = parts.flat_map(|part| Sha256::digest(part).to_vec()).collect();
    format!("sha256:{}-{count}", STANDARD.encode(Sha256::digest(digests)))
}

pub(super) fn sha256_of(bytes: &[u8]) -> String {
    format!("sha256:{}", STANDARD.encode(Sha256::digest(bytes)))
}

/// A reflected check that begins and ends with all bits set, as these three do.
struct Crc {
    table: Box<[u64]>,
    bits: u32,
    state: u64,
}

impl Crc {
    fn new(bits: u32, polynomial: u64) -> Self {
        let entry = |byte: u64| {
            (0..8).fold(byte, |value, _| (value >> 1) ^ if value & 1 == 1 { polynomial } else { 0 })
        };
        Self { table: (0..256).map(entry).collect(), bits, state: u64::MAX >> (64 - bits) }
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut state = self.state;
        for byte in bytes {
            let index = usize::from(state.to_le_bytes()[0] ^ byte);
            // The table has an entry for every byte.
            state = (state >> 8) ^ self.table.get(index).copied().unwrap_or_default();
        }
        self.state = state;
    }

    fn finish(self) -> Vec<u8> {
        let value = (self.state ^ u64::MAX) << (64 - self.bits);
        value.to_be_bytes().into_iter().take(self.bits as usize / 8).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the catalogue of parametrised CRC algorithms, and FIPS 180-4's for `abc`.
    #[test]
    fn methods_give_their_published_check_values() {
        for (bits, polynomial, value) in [
            (32_usize, 0xedb8_8320, 0xcbf4_3926_u64),
            (32, 0x82f6_3b78, 0xe306_9283),
            (64, 0x9a6c_9329_ac4b_c9b5, 0xae8b_1486_0a79_9888),
        ] {
            let mut crc = Crc::new(u32::try_from(bits).unwrap(), polynomial);
            crc.update(b"1234");
            crc.update(b"56789");
            assert_eq!(crc.finish(), value.to_be_bytes()[8 - bits / 8..]);
        }
        assert_eq!(sha256_of(b"abc"), "sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn one_changed_byte_is_noticed_by_each_method() {
        for stated in
            ["sha256:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=", "crc32:NSRBwg==", "crc32c:Nks/tw=="]
        {
            for (bytes, agrees) in [(b"abc", true), (b"abd", false)] {
                let mut checking = Checking::new(stated).unwrap();
                checking.update(bytes);
                assert_eq!(checking.agrees(), agrees, "{stated}");
            }
        }
        for unknown in ["sha256:abc-2", "md5:abc", "sha256"] {
            assert!(Checking::new(unknown).is_none());
        }
    }
}
