//! Signatures in the format of `minisign`, with a trusted comment.
//!
//! Only prehashed signatures count, the kind that `minisign` makes since version 0.11. The four lines of a signature are
//! held against their exact lengths before they are decoded: what is left over in a line would be signed by nobody.

use std::io::Cursor;

use minisign::SignatureBox;

use crate::error::{Error, Kind, Result};

pub use secret::{KeyFiles, SecretKey};

mod secret;

/// Ending of a signature's file name, after that of what is signed.
pub const EXTENSION: &str = "minisig";

/// Most bytes of a key or signature file; `minisign` itself allows comments of 8 KiB.
pub const SIGNATURE_LIMIT_BYTES: u64 = 32 << 10;

/// Digits of base64 for algorithm, key id and signature, and what they end with.
const SIGNATURE_LINE: (usize, &str) = (100, "=");
/// The same for the signature of the trusted comment.
const COMMENT_SIGNATURE_LINE: (usize, &str) = (88, "==");

/// How the line of a secret key begins, base64 of `Ed`, two zero bytes and `B2`.
const PLAIN_SECRET_KEY: &str = "RWQAAEIy";
/// The same where scrypt encrypted it: `Ed`, `Sc`, `B2`.
const ENCRYPTED_SECRET_KEY: &str = "RWRTY0Iy";

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The one line of base64.
    text: String,
    key: minisign::PublicKey,
}

impl PublicKey {
    /// Reads the text of a `.pub` file, or its line of base64 alone.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when it is no key.
    pub fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let (first, second) = (lines.next().unwrap_or_default(), lines.next());
        let line = match second {
            Some(second) if first.starts_with("untrusted comment:") => second,
            Some(_) => return Err(no_public_key("it has two lines, and the first is no comment")),
            None => first,
        };
        if lines.next().is_some() {
            return Err(no_public_key("it has more than a comment and a line of base64"));
        }
        if line.starts_with(PLAIN_SECRET_KEY) || line.starts_with(ENCRYPTED_SECRET_KEY) {
            return Err(no_public_key("it is a secret key, which never leaves its owner"));
        }
        let key =
            minisign::PublicKey::from_base64(line).map_err(|error| no_public_key(&error.to_string()))?;
        if !key.to_bytes().starts_with(b"Ed") || key.to_base64() != line {
            return Err(no_public_key("its algorithm is not Ed25519"));
        }
        Ok(Self { text: line.to_owned(), key })
    }

    /// The line of base64.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 16 hexadecimal digits, as `minisign` prints them.
    #[must_use]
    pub fn id(&self) -> String {
        id_text(self.key.keynum())
    }

    /// Verifies a signature, the text of a `.minisig` file, and returns its trusted comment.
    ///
    /// # Errors
    /// [`Kind::Untrusted`].
    pub fn verify(&self, signed: &[u8], signature: &str) -> Result<String> {
        let parsed = parse_signature(signature)?;
        let (id, signer) = (self.id(), id_text(parsed.keynum()));
        if id != signer {
            return Err(Error::new(Kind::Untrusted, format!("the signature is not by key {id}"))
                .cause(format!("it says that key {signer} made it"))
                .hint("run `host trust list` to see the keys whose signatures count"));
        }
        minisign::verify(&self.key, &parsed, Cursor::new(signed), true, false, false).map_err(|error| {
            Error::new(Kind::Untrusted, format!("the signature by key {id} does not fit"))
                .cause(error.to_string())
                .hint("the signed bytes or the signature were changed: get both again from their author")
        })?;
        parsed.trusted_comment().map_err(|error| no_signature(&error.to_string()))
    }
}

/// The id of the key that made a signature, as it claims itself.
///
/// # Errors
/// [`Kind::Untrusted`] when it is no signature.
pub fn key_id_of(signature: &str) -> Result<String> {
    parse_signature(signature).map(|parsed| id_text(parsed.keynum()))
}

fn parse_signature(text: &str) -> Result<SignatureBox> {
    let lines: Vec<&str> = text.lines().collect();
    let [_, signature, _, comment_signature] = lines.as_slice() else {
        return Err(no_signature("it does not have four lines"));
    };
    for (line, (digits, end)) in [(signature, SIGNATURE_LINE), (comment_signature, COMMENT_SIGNATURE_LINE)] {
        if line.len() != digits
            || !line.ends_with(end)
            || line.trim_end_matches('=').len() + end.len() != digits
        {
            return Err(no_signature("a line of base64 is too short or too long"));
        }
    }
    let parsed = SignatureBox::from_string(text).map_err(|error| no_signature(&error.to_string()))?;
    if !parsed.is_prehashed() {
        return Err(no_signature("it is of the old kind, which is not prehashed")
            .hint("its author makes a new one with `host plugin pack --sign` or `minisign -S -H`"));
    }
    Ok(parsed)
}

/// `minisign` prints the eight bytes as a little-endian number.
fn id_text(key_number: &[u8]) -> String {
    format!("{:016X}", <[u8; 8]>::try_from(key_number).map_or(0, u64::from_le_bytes))
}

fn no_public_key(why: &str) -> Error {
    Error::new(Kind::BadInput, "this is no public key of `minisign`")
        .cause(why.to_owned())
        .hint("give a `.pub` file that `host plugin key NAME` or `minisign -G` wrote, or its line of base64")
}

fn no_signature(why: &str) -> Error {
    Error::new(Kind::Untrusted, "this is no signature of `minisign`")
        .cause(why.to_owned())
        .hint("get the `.minisig` file again from the package's author")
}

#[cfg(test)]
mod tests;
