//! Recognises published numbers, however they are formatted.

use serde::{Deserialize, Serialize};

/// Recognises numbers by their bits; no protection against anybody who wants to deceive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumbersDigest(String);

impl NumbersDigest {
    /// FNV-1a (64 bits) over the big-endian bytes of the numbers; both zeros count as one.
    pub fn of<'n>(numbers: impl IntoIterator<Item = &'n f64>) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for number in numbers {
            // Adding +0 turns -0 into +0 and changes nothing else.
            for byte in (number + 0.0).to_be_bytes() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        Self(format!("{hash:016x}"))
    }

    /// Its 16 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
