//! Objects that only who has the key can read: age (age-encryption.org/v1), to public keys that the repository names.
//!
//! What is encrypted is what files hold. Names, sizes and digests stand in the manifests, which are not: a snapshot can be
//! made, counted, forgotten and pruned by who has no key, and only be read by who has one.

use std::io::{self, Read, Write};
use std::iter;
use std::str::FromStr;

use age::secrecy::ExposeSecret;
use age::stream::StreamWriter;
use age::x25519::{Identity, Recipient};
use age::{Decryptor, Encryptor};

use crate::error::{Error, Kind, Result};
use crate::secret::Reference;

/// The setting that names the key.
pub const SETTING: &str = "backup.identity";

/// Who may read objects, and the key to do it.
#[derive(Clone, Default)]
pub(super) struct Cipher {
    recipients: Vec<Recipient>,
    identity: Option<Identity>,
    /// Where a key was found that is none of theirs.
    wrong: Option<Reference>,
}

/// Where an object is written to.
pub(super) enum Sealing<W: Write> {
    /// As it is.
    Open(W),
    /// For those who may read it.
    Closed(Box<StreamWriter<W>>),
}

/// A new key, and the public key that belongs to it.
#[must_use]
pub fn new_identity() -> (String, String) {
    let identity = Identity::generate();
    let public = identity.to_public().to_string();
    (identity.to_string().expose_secret().to_owned(), public)
}

impl Cipher {
    /// For the public keys that a repository names.
    ///
    /// # Errors
    /// [`Kind::Usage`] for what is no public key.
    pub(super) fn for_recipients(recipients: &[String]) -> Result<Self> {
        let read = recipients.iter().map(|text| {
            Recipient::from_str(text).map_err(|why| {
                Error::new(Kind::Usage, format!("`{}` is no public key of age", text.escape_debug()))
                    .cause(why.to_owned())
                    .hint("a public key begins with `age1`; `host backup key --output FILE` makes a pair")
            })
        });
        Ok(Self { recipients: read.collect::<Result<_>>()?, identity: None, wrong: None })
    }

    /// The public keys.
    pub(super) fn recipients(&self) -> Vec<String> {
        self.recipients.iter().map(Recipient::to_string).collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        !self.recipients.is_empty()
    }

    /// Takes the key that a setting names.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub(super) fn unlock(&mut self, reference: &Reference) -> Result<()> {
        let secret = reference.read(SETTING)?;
        let identity = Identity::from_str(secret.reveal()).map_err(|why| {
            Error::new(Kind::BadConfig, format!("what `{SETTING}` names is no key of age"))
                .cause(secret.hide_in(why))
                .hint("a key is a line that begins with `AGE-SECRET-KEY-`")
        })?;
        // Who has no key of theirs can save all the same, so it is no matter until something is to be read.
        if self.recipients().contains(&identity.to_public().to_string()) {
            self.identity = Some(identity);
        } else {
            self.wrong = Some(reference.clone());
        }
        Ok(())
    }

    /// Demands that objects can be read.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] when nobody named a key, or one of another repository.
    pub(super) fn demand_key(&self) -> Result<()> {
        if !self.is_closed() || self.identity.is_some() {
            return Ok(());
        }
        if let Some(reference) = &self.wrong {
            let message =
                format!("the key in the {reference} is none of those this repository is encrypted to");
            return Err(Error::new(Kind::BadConfig, message)
                .cause(format!("it is encrypted to {}", self.recipients().join(", ")))
                .hint(format!("let the setting `{SETTING}` name the key that belongs to one of them")));
        }
        Err(Error::new(Kind::BadConfig, "the objects of the repository are encrypted, and there is no key")
            .hint(format!("write `{{\"file\": \"PATH\"}}` as the setting `{SETTING}`; the file, of mode 0600, holds the key")))
    }

    /// What is written for those who may read it.
    pub(super) fn seal<W: Write>(&self, out: W) -> io::Result<Sealing<W>> {
        if !self.is_closed() {
            return Ok(Sealing::Open(out));
        }
        let recipients = self.recipients.iter().map(|recipient| recipient as &dyn age::Recipient);
        let encryptor = Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        Ok(Sealing::Closed(Box::new(encryptor.wrap_output(out)?)))
    }

    /// What was written that way.
    pub(super) fn open<'a>(&'a self, from: impl Read + 'a) -> io::Result<Box<dyn Read + 'a>> {
        if !self.is_closed() {
            return Ok(Box::new(from));
        }
        let identity = self.identity.as_ref().ok_or_else(|| io::Error::other("there is no key"))?;
        let wrong = |error: age::DecryptError| io::Error::new(io::ErrorKind::InvalidData, error.to_string());
        let decryptor = Decryptor::new(from).map_err(wrong)?;
        let opened = decryptor.decrypt(iter::once(identity as &dyn age::Identity)).map_err(wrong)?;
        Ok(Box::new(opened))
    }
}

impl<W: Write> Sealing<W> {
    /// Ends it, and gives back what it was written to.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::Open(out) => Ok(out),
            Self::Closed(stream) => stream.finish(),
        }
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Open(out) => out.write(bytes),
            Self::Closed(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Open(out) => out.flush(),
            Self::Closed(stream) => stream.flush(),
        }
    }
}

impl std::fmt::Debug for Cipher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Cipher").field("recipients", &self.recipients()).finish_non_exhaustive()
    }
}
