//! The key ring: public keys whose signatures count, and which modules each may sign.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::modules::manifest::is_module_id;
use crate::packages::signature::{self, PublicKey};
use crate::trust::lock::is_key_id;
use crate::trust::path;

/// The layout of the file.
const SCHEMA: &str = "host.trusted-keys/1";

/// Most bytes of the file.
const LIMIT_BYTES: u64 = 1 << 20;

/// Most characters of a key's name.
const NAME_LIMIT: usize = 64;

/// Whose signature a package bears.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// Key id, 16 hexadecimal digits as `minisign` prints them.
    pub key_id: String,
    /// The name under which the key was added.
    pub name: String,
    /// What the signer said in the part of the signature that is itself signed.
    pub trusted_comment: String,
}

/// The keys of `trusted-keys.json`.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    keys: Vec<(TrustedKey, PublicKey)>,
}

/// A key whose signatures count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// What it is called here.
    pub name: String,
    /// Key id, 16 hexadecimal digits.
    pub key_id: String,
    /// The line of base64.
    pub public_key: String,
    /// The modules that it may sign; every one if there is none.
    #[serde(default)]
    pub modules: Vec<String>,
    /// RFC 3339.
    pub added_at: String,
}

/// The file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: String,
    keys: Vec<TrustedKey>,
}

impl KeyRing {
    /// Reads the file; a missing one is an empty ring.
    ///
    /// # Errors
    /// [`Kind::Untrusted`] when others may write it, [`Kind::BadConfig`] when it is malformed.
    pub fn read(file: &Path) -> Result<Self> {
        let Some(text) = path::read_text_if_there(file, LIMIT_BYTES)? else { return Ok(Self::default()) };
        Self::parse(&text).map_err(|why| {
            Error::new(Kind::BadConfig, format!("the key ring `{}` is malformed", file.display()))
                .cause(why)
                .hint("mend it, or remove it and add the keys again with `host trust add`")
        })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if document.schema != SCHEMA {
            let found = document.schema.escape_debug();
            return Err(format!("its schema is `{found}`, this host reads `{SCHEMA}`"));
        }
        let mut ring = Self::default();
        for key in document.keys {
            let name = key.name.clone();
            ring.add(key).map_err(|error| format!("key `{}`: {error}", name.escape_debug()))?;
        }
        Ok(ring)
    }

    /// The keys, by name.
    pub fn keys(&self) -> impl Iterator<Item = &TrustedKey> {
        self.keys.iter().map(|(key, _)| key)
    }

    /// Adds a key.
    ///
    /// # Errors
    /// [`Kind::Usage`] when its name or id is taken or no name, or when a module's id is none;
    /// [`Kind::BadInput`] when it is no key or has another id.
    pub fn add(&mut self, key: TrustedKey) -> Result<()> {
        let public = PublicKey::parse(&key.public_key)?;
        if public.id() != key.key_id {
            return Err(Error::new(Kind::BadInput, format!("its id is {}, not {}", public.id(), key.key_id)));
        }
        let plain = !key.name.trim().is_empty() && !key.name.chars().any(char::is_control);
        if !plain || key.name.chars().count() > NAME_LIMIT || is_key_id(&key.name) {
            let shown = key.name.escape_debug();
            return Err(Error::new(Kind::Usage, format!("`{shown}` cannot be the name of a key")).hint(
                format!("give another with `--name NAME`: at most {NAME_LIMIT} characters, no key id"),
            ));
        }
        if let Some(id) = key.modules.iter().find(|id| !is_module_id(id)) {
            return Err(Error::new(Kind::Usage, format!("`{}` is no module id", id.escape_debug()))
                .hint("run `host plugin list` to see the ids"));
        }
        if let Some(same) = self.keys().find(|known| known.key_id == key.key_id) {
            return Err(Error::new(Kind::Usage, format!("key {} is there already", key.key_id))
                .cause(format!("it is called `{}` and may sign {}", same.name, same.scope()))
                .hint(format!("to change what it may sign, run `host trust remove {}` first", same.key_id)));
        }
        if let Some(same) = self.keys().find(|known| known.name == key.name) {
            return Err(Error::new(Kind::Usage, format!("another key is called `{}`", key.name))
                .cause(format!("it is {}", same.key_id))
                .hint("give another name with `--name NAME`"));
        }
        self.keys.push((key, public));
        self.keys.sort_by(|one, other| one.0.name.cmp(&other.0.name));
        Ok(())
    }

    /// Removes the key of that name or id.
    ///
    /// # Errors
    /// [`Kind::Usage`] when there is none.
    pub fn remove(&mut self, name_or_id: &str) -> Result<TrustedKey> {
        let named = |key: &TrustedKey| key.name == name_or_id || key.key_id.eq_ignore_ascii_case(name_or_id);
        let index = self.keys().position(named);
        if let Some(index) = index {
            return Ok(self.keys.remove(index).0);
        }
        let error = Error::new(Kind::Usage, format!("no key `{}` is trusted", name_or_id.escape_debug()));
        Err(match crate::text::nearest(name_or_id, self.keys().map(|key| key.name.as_str())) {
            Some(near) => error.hint(format!("did you mean `host trust remove {near}`?")),
            None => error.hint("run `host trust list` to see the keys"),
        })
    }

    /// Writes the file.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn publish(&self, file: &Path) -> Result<()> {
        let document = Document { schema: SCHEMA.to_owned(), keys: self.keys().cloned().collect() };
        let text = serde_json::to_string_pretty(&document).map_err(|error| {
            Error::new(Kind::Internal, "cannot write the key ring").cause(error.to_string())
        })?;
        durable::publish(file, format!("{text}\n").as_bytes()).storage("write the key ring")
    }

    /// Whether a signature, the text of a `.minisig` file, says that a key of the ring made it.
    #[must_use]
    pub fn knows_signer(&self, signature: &str) -> bool {
        signature::key_id_of(signature).is_ok_and(|id| self.keys().any(|key| key.key_id == id))
    }

    /// Whose signature `signature` (the text of a `.minisig` file) is for these bytes, if it is that of a key that may
    /// sign module `id`.
    ///
    /// # Errors
    /// [`Kind::Untrusted`]: no such key, not for that module, or the bytes are not those that were signed.
    pub fn verify(&self, id: &str, package: &[u8], signature: &str) -> Result<Signer> {
        let refusal = |why: String| Error::new(Kind::Untrusted, why);
        let key_id = signature::key_id_of(signature)?;
        let Some((known, key)) = self.keys.iter().find(|(known, _)| known.key_id == key_id) else {
            return Err(refusal(format!("no trusted key signed module `{id}`"))
                .cause(format!("its signature is by key {key_id}, which is not in the key ring"))
                .hint("if you have that key from its owner, run `host trust add FILE --name NAME`")
                .hint("run `host trust list` to see the keys whose signatures count"));
        };
        let name = &known.name;
        if !known.modules.is_empty() && !known.modules.iter().any(|module| module == id) {
            return Err(refusal(format!("key `{name}` may not sign module `{id}`"))
                .cause(format!("key {key_id} may sign {}", known.scope()))
                .hint(format!(
                    "to let it, run `host trust remove {key_id}`, then `host trust add` with `--module {id}`"
                )));
        }
        let trusted_comment = key.verify(package, signature).map_err(|error| {
            refusal(format!("the signature of module `{id}` does not fit its package"))
                .cause(error.to_string())
                .hint("the package or the signature was changed: get both again from their author")
        })?;
        Ok(Signer { key_id, name: name.clone(), trusted_comment })
    }
}

impl TrustedKey {
    /// What it may sign, in words.
    #[must_use]
    pub fn scope(&self) -> String {
        if self.modules.is_empty() {
            return "every module".to_owned();
        }
        self.modules.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests;
