//! `plugins.lock`: which modules a project uses, to the byte, on every target.
//!
//! The nearest one counts, looked for in the working folder and every folder above it up to `/`. The search does not end
//! where a file system does: a lock only ever forbids, and a data folder that is mounted inside a project must not lift
//! what the project demands.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::modules::manifest::is_module_id;
use crate::trust::path;

/// Name of the file.
pub const LOCK_FILE: &str = "plugins.lock";

/// The layout of the file.
pub const SCHEMA: &str = "host.plugins-lock/1";

/// Most bytes of a lock file.
pub const LOCK_LIMIT_BYTES: u64 = 1 << 20;

/// Most bytes of an address or a path that a package came from.
const SOURCE_LIMIT_BYTES: usize = 4096;

/// What every lock file begins with.
const HEADER: &str = "# Which modules this project uses. Written by `host plugin lock`; commit it.\n";

/// A lock file that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LockFile {
    /// Where it is.
    pub path: PathBuf,
    /// Modules by id.
    pub modules: BTreeMap<String, LockedModule>,
}

/// One module of a lock file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedModule {
    /// Version of the module.
    pub version: String,
    /// Where the package came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// sha256 of the package; absent for a library that came in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package_sha256: Option<Digest>,
    /// Id of the key that signed the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    /// sha256 of the library for every target that the package holds.
    pub libraries: BTreeMap<String, Digest>,
}

/// The file as it is read, with the place of each module for messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: Spanned<String>,
    #[serde(default)]
    modules: BTreeMap<Spanned<String>, LockedModule>,
}

/// The file as it is written.
#[derive(Serialize)]
struct Written<'a> {
    schema: &'a str,
    modules: &'a BTreeMap<String, LockedModule>,
}

impl LockFile {
    /// Reads the text of a lock file.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] with the line.
    pub fn parse(path: &Path, text: &str) -> Result<Self> {
        let refuse = |span: Range<usize>, why: String| malformed(path, text, &span, why);
        let document: Document = toml::from_str(text).map_err(|error| {
            let why = error.message().lines().collect::<Vec<_>>().join(" ");
            refuse(error.span().unwrap_or_default(), why)
        })?;
        if document.schema.get_ref() != SCHEMA {
            let found = document.schema.get_ref().escape_debug();
            return Err(refuse(
                document.schema.span(),
                format!("`schema` is `{found}`, this host reads `{SCHEMA}`"),
            ));
        }
        let mut modules = BTreeMap::new();
        for (id, module) in document.modules {
            let fault = if is_module_id(id.get_ref()) {
                module.fault().map(|fault| format!("module `{}`: {fault}", id.get_ref()))
            } else {
                Some(format!("`{}` is no module id", id.get_ref().escape_debug()))
            };
            if let Some(fault) = fault {
                return Err(refuse(id.span(), fault));
            }
            modules.insert(id.into_inner(), module);
        }
        Ok(Self { path: path.to_owned(), modules })
    }

    /// The lock file of `folder` or of the nearest folder above it.
    ///
    /// # Errors
    /// When it cannot be read, is malformed, or others may write it.
    pub fn find(folder: &Path) -> Result<Option<Self>> {
        let mut places = folder.ancestors().map(|folder| folder.join(LOCK_FILE));
        // Whatever has the name counts: a link or a pipe is refused when it is opened, not passed over.
        let found = places.find(|place| place.symlink_metadata().is_ok());
        found.map_or(Ok(None), |found| Self::read(&found))
    }

    /// The lock file at `file`; nothing when there is none.
    ///
    /// # Errors
    /// As [`LockFile::find`].
    pub fn read(file: &Path) -> Result<Option<Self>> {
        let text = path::read_text_if_there(file, LOCK_LIMIT_BYTES)?;
        text.map(|text| Self::parse(file, &text)).transpose()
    }

    /// The text of the file: the same modules give the same bytes.
    ///
    /// # Errors
    /// [`Kind::Internal`] when what it holds could not be read back.
    pub fn to_text(&self) -> Result<String> {
        let failed = |why: String| Error::new(Kind::Internal, "cannot write the lock file").cause(why);
        let written = toml::to_string(&Written { schema: SCHEMA, modules: &self.modules });
        let text = format!("{HEADER}{}", written.map_err(|error| failed(error.to_string()))?);
        match Self::parse(&self.path, &text) {
            Ok(read) if read == *self => Ok(text),
            Ok(_) => Err(failed("it would be read back as something else".to_owned())),
            Err(error) => Err(failed(error.to_string())),
        }
    }

    /// Writes it where it is.
    ///
    /// # Errors
    /// [`Kind::Storage`].
    pub fn publish(&self) -> Result<()> {
        durable::publish(&self.path, self.to_text()?.as_bytes()).storage("write the lock file")
    }
}

impl LockedModule {
    /// Whether this version with this library for the target is the one that is locked.
    #[must_use]
    pub fn pins(&self, version: &str, target: &str, library: &Digest) -> bool {
        self.version == version && self.libraries.get(target) == Some(library)
    }

    /// What is not as it must be, if anything.
    fn fault(&self) -> Option<String> {
        if let Err(error) = semver::Version::parse(&self.version) {
            return Some(format!("`{}` is no version: {error}", self.version.escape_debug()));
        }
        if let Some(source) = &self.source
            && !is_one_line(source)
        {
            return Some(format!("`source` is not one line of at most {SOURCE_LIMIT_BYTES} bytes"));
        }
        if let Some(signer) = &self.signer
            && !is_key_id(signer)
        {
            return Some(format!("`{}` is no key id: 16 of 0-9 and A-F", signer.escape_debug()));
        }
        if self.libraries.is_empty() {
            return Some("it lists no library".to_owned());
        }
        let triple = |name: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            name.len() <= 64 && name.contains('-') && name.bytes().all(plain)
        };
        let odd = self.libraries.keys().find(|name| !triple(name))?;
        Some(format!("`{}` is no target triple", odd.escape_debug()))
    }

    /// What is different in `now`, one line for each.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut differs = |what: &str, locked: Option<String>, now: Option<String>| {
            if locked != now {
                let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
                lines.push(format!("{what}: locked {}, now {}", shown(locked), shown(now)));
            }
        };
        let text = |digest: Option<&Digest>| digest.map(ToString::to_string);
        differs("version", Some(self.version.clone()), Some(now.version.clone()));
        differs("source", self.source.clone(), now.source.clone());
        differs("package", text(self.package_sha256.as_ref()), text(now.package_sha256.as_ref()));
        differs("signer", self.signer.clone(), now.signer.clone());
        for (target, library) in &now.libraries {
            differs(&format!("library for {target}"), text(self.libraries.get(target)), text(Some(library)));
        }
        // A plain library says nothing about other targets, so those stay as they are locked.
        for (target, library) in self.libraries.iter().filter(|_| now.package_sha256.is_some()) {
            if !now.libraries.contains_key(target) {
                differs(&format!("library for {target}"), text(Some(library)), None);
            }
        }
        lines
    }
}

/// Where a package came from as a lock file says it: whatever would break its line is escaped. Nothing when that is too
/// long, for it only tells people.
#[must_use]
pub fn shown_source(source: &str) -> Option<String> {
    let mut shown = String::with_capacity(source.len());
    for letter in source.chars() {
        if letter.is_control() {
            shown.extend(letter.escape_default());
        } else {
            shown.push(letter);
        }
    }
    Some(shown).filter(|shown| is_one_line(shown))
}

fn is_one_line(source: &str) -> bool {
    !source.is_empty() && source.len() <= SOURCE_LIMIT_BYTES && !source.chars().any(char::is_control)
}

/// 16 hexadecimal digits, as `minisign` prints them.
pub(super) fn is_key_id(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
}

fn malformed(path: &Path, text: &str, span: &Range<usize>, why: String) -> Error {
    let line = 1 + text.get(..span.start).unwrap_or_default().matches('\n').count();
    Error::new(Kind::BadConfig, format!("`{}` is malformed in line {line}", path.display()))
        .cause(why)
        .hint("take it back from version control, or remove it and run `host plugin lock`")
}

#[cfg(test)]
mod tests;
