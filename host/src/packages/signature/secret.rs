//! The secret half of a key, and new pairs.

use std::fmt;
use std::io::Cursor;

use minisign::{KeyPair, PublicKeyBox, SecretKeyBox};

use super::{ENCRYPTED_SECRET_KEY, PLAIN_SECRET_KEY, PublicKey, id_text};
use crate::error::{Error, Kind, Result};

/// A secret key, ready to sign. Its debug form does not show it.
pub struct SecretKey {
    key: minisign::SecretKey,
}

/// A new key pair, as the texts of its two files.
pub struct KeyFiles {
    /// The public key.
    pub public: PublicKey,
    /// Text of the `.pub` file.
    pub public_file: String,
    /// Text of the `.key` file.
    pub secret_file: String,
}

impl SecretKey {
    /// Reads the text of a `.key` file. `password` is asked for by the key only when it is encrypted.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when it is no secret key, or another password opens it; [`Kind::Usage`] when it needs one.
    pub fn parse(text: &str, password: Option<&str>) -> Result<Self> {
        let line = text.lines().nth(1).unwrap_or_default().trim_end();
        let opened = if line.starts_with(ENCRYPTED_SECRET_KEY) {
            let password = password.ok_or_else(|| {
                Error::new(Kind::Usage, "the secret key is encrypted")
                    .hint("give `--password-file FILE` with its password in the first line")
            })?;
            SecretKeyBox::from(text.to_owned()).into_secret_key(Some(password.to_owned()))
        } else if line.starts_with(PLAIN_SECRET_KEY) {
            // `minisign -W` leaves the checksum empty, which the reader of whole files takes for damage.
            let bytes = decode_base64(line).ok_or_else(|| no_secret_key("its line is no base64"))?;
            minisign::SecretKey::from_bytes(&bytes)
        } else {
            return Err(no_secret_key("it does not begin as a secret key of `minisign` does"));
        };
        let key = opened.map_err(|error| no_secret_key(&error.to_string()))?;
        let opened = Self { key };
        // In place of the checksum: a damaged key makes signatures that do not verify.
        let probe = opened.sign(b"", "")?;
        opened
            .public()?
            .verify(b"", &probe)
            .map_err(|_| no_secret_key("its two halves do not belong together: the file is damaged"))?;
        Ok(opened)
    }

    /// Its public half.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when the two halves do not belong together.
    pub fn public(&self) -> Result<PublicKey> {
        minisign::PublicKey::from_secret_key(&self.key)
            .map_err(|error| no_secret_key(&error.to_string()))
            .and_then(|key| PublicKey::parse(&key.to_base64()))
    }

    /// Signs; the text of a `.minisig` file.
    ///
    /// # Errors
    /// [`Kind::Usage`] for a comment of more than one line, [`Kind::Internal`] when the system has no randomness.
    pub fn sign(&self, bytes: &[u8], trusted_comment: &str) -> Result<String> {
        let trusted_comment = trusted_comment.trim();
        if trusted_comment.len() > 1024 || trusted_comment.chars().any(char::is_control) {
            return Err(Error::new(Kind::Usage, "the comment is not one line of at most 1024 bytes")
                .hint("give a shorter `--comment TEXT`"));
        }
        let untrusted = format!("signature by key {}", id_text(self.key.keynum()));
        minisign::sign(None, &self.key, Cursor::new(bytes), Some(trusted_comment), Some(&untrusted))
            .map(|signature| signature.to_string())
            .map_err(|error| Error::new(Kind::Internal, "cannot sign").cause(error.to_string()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretKey({})", id_text(self.key.keynum()))
    }
}

impl KeyFiles {
    /// A new pair; with a password the secret half is encrypted.
    ///
    /// # Errors
    /// [`Kind::Internal`] when the system has no randomness or no memory for scrypt.
    pub fn generate(password: Option<&str>) -> Result<Self> {
        let failed = |error: minisign::PError| {
            Error::new(Kind::Internal, "cannot make a key pair").cause(error.to_string())
        };
        let pair = match password {
            Some(password) => KeyPair::generate_encrypted_keypair(Some(password.to_owned())),
            None => KeyPair::generate_unencrypted_keypair(),
        };
        let pair = pair.map_err(failed)?;
        let kind = if password.is_some() { "encrypted" } else { "unencrypted" };
        let comment = format!("{kind} secret key {}", id_text(pair.pk.keynum()));
        Ok(Self {
            public: PublicKey::parse(&pair.pk.to_base64())?,
            public_file: pair.pk.to_box().map(PublicKeyBox::into_string).map_err(failed)?,
            secret_file: pair.sk.to_box(Some(&comment)).map(SecretKeyBox::into_string).map_err(failed)?,
        })
    }
}

/// The bytes of a line of base64 in the usual alphabet.
pub(super) fn decode_base64(line: &str) -> Option<Vec<u8>> {
    let digits = line.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut collected, mut bits) = (0_u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        collected = (collected << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((collected >> bits) & 0xff).ok()?);
            collected &= (1 << bits) - 1;
        }
    }
    Some(bytes)
}

fn no_secret_key(why: &str) -> Error {
    Error::new(Kind::BadInput, "this is no usable secret key of `minisign`")
        .cause(why.to_owned())
        .hint("give a `.key` file that `host plugin key NAME` or `minisign -G` wrote")
}
