//! `plugin.toml`, the first file of a package.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::compatibility::ApiVersion;
use crate::modules::manifest::is_module_id;
use crate::packages::archive::names;

/// What the file is called in a package.
pub const FILE_NAME: &str = "plugin.toml";

/// Most bytes of `plugin.toml`.
pub const MANIFEST_LIMIT_BYTES: u64 = 64 << 10;

/// The layout of the file.
pub const SCHEMA: &str = "host.plugin/1";

/// Most bytes of a text that people read.
const LINE_LIMIT_BYTES: usize = 200;

/// Most bytes of a version and of a target triple; both become the names of folders.
const NAME_LIMIT_BYTES: usize = 64;

/// What a package holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageManifest {
    /// Always `host.plugin/1`.
    pub schema: String,
    /// Id of the module.
    pub id: String,
    /// Version of the module.
    pub version: semver::Version,
    /// Version of the interface it was built with, `major.minor`.
    pub api: String,
    /// One line.
    pub title: String,
    /// Licence of the code.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub licence: String,
    /// The libraries by target triple.
    pub libraries: BTreeMap<String, PackagedLibrary>,
}

/// A library of a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackagedLibrary {
    /// Where it is in the package: `lib/TRIPLE/NAME`.
    pub path: String,
    /// Its digest.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
}

/// The file as it is read, with the place of each value for messages.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema: Spanned<String>,
    id: Spanned<String>,
    version: Spanned<String>,
    api: Spanned<String>,
    title: Spanned<String>,
    licence: Option<Spanned<String>>,
    libraries: BTreeMap<Spanned<String>, Library>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Library {
    path: Spanned<String>,
    sha256: Spanned<String>,
    bytes: Spanned<u64>,
}

impl PackageManifest {
    /// Digest of its library for each target.
    #[must_use]
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        self.libraries.iter().map(|(target, library)| (target.clone(), library.sha256)).collect()
    }

    /// Reads `plugin.toml`.
    ///
    /// # Errors
    /// [`Kind::BadInput`] with line and key.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() as u64 > MANIFEST_LIMIT_BYTES {
            return Err(Error::new(Kind::Limit, format!("`{FILE_NAME}` has {} bytes", text.len()))
                .cause(format!("the limit is {MANIFEST_LIMIT_BYTES}"))
                .hint("write a package with `host plugin pack`"));
        }
        let document: Document = toml::from_str(text).map_err(|error| {
            malformed(text, error.span().unwrap_or_default(), first_line(error.message()))
        })?;
        document.check(text)
    }

    /// Writes `plugin.toml`, always with the same bytes for the same content.
    ///
    /// # Errors
    /// [`Kind::BadInput`] when [`parse`](Self::parse) would refuse it.
    pub fn to_toml(&self) -> Result<String> {
        let mut text = String::new();
        let mut line = |key: &str, value: &str| writeln!(text, "{key} = {}", quoted(value));
        line("schema", &self.schema)
            .and_then(|()| line("id", &self.id))
            .and_then(|()| line("version", &self.version.to_string()))
            .and_then(|()| line("api", &self.api))
            .and_then(|()| line("title", &self.title))
            .and_then(|()| if self.licence.is_empty() { Ok(()) } else { line("licence", &self.licence) })
            .and_then(|()| {
                self.libraries.iter().try_for_each(|(triple, library)| {
                    writeln!(text, "\n[libraries.{}]", quoted(triple))?;
                    writeln!(text, "path = {}", quoted(&library.path))?;
                    writeln!(text, "sha256 = \"{}\"\nbytes = {}", library.sha256, library.bytes)
                })
            })
            .map_err(|error| Error::new(Kind::Internal, "cannot write text").cause(error.to_string()))?;
        Self::parse(&text)?;
        Ok(text)
    }
}

impl Document {
    fn check(self, text: &str) -> Result<PackageManifest> {
        let refuse = |span: Range<usize>, why: String| Err(malformed(text, span, why));
        if self.schema.get_ref() != SCHEMA {
            let found = self.schema.get_ref().escape_debug();
            return refuse(self.schema.span(), format!("`schema` is `{found}`, this host reads `{SCHEMA}`"));
        }
        if !is_module_id(self.id.get_ref()) || self.id.get_ref().starts_with('-') {
            let found = self.id.get_ref().escape_debug();
            return refuse(
                self.id.span(),
                format!("`id` is `{found}`: at most 64 lower-case letters, digits, `_` and `-`"),
            );
        }
        let version = match semver::Version::parse(self.version.get_ref()) {
            Ok(version) if self.version.get_ref().len() <= NAME_LIMIT_BYTES => version,
            Ok(_) => return refuse(self.version.span(), "`version` is longer than 64 bytes".to_owned()),
            Err(error) => return refuse(self.version.span(), format!("`version` is no version: {error}")),
        };
        let plain_api = ApiVersion::parse(self.api.get_ref()).map(|api| api.to_string());
        if plain_api.as_ref() != Some(self.api.get_ref()) {
            return refuse(self.api.span(), "`api` is not `major.minor`, such as `1.1`".to_owned());
        }
        for (key, value) in [("title", Some(&self.title)), ("licence", self.licence.as_ref())] {
            let Some(value) = value else { continue };
            let line = value.get_ref();
            if line.trim().is_empty() || line.len() > LINE_LIMIT_BYTES || line.chars().any(char::is_control) {
                let why = format!("`{key}` is not one line of at most {LINE_LIMIT_BYTES} bytes");
                return refuse(value.span(), why);
            }
        }
        if self.libraries.is_empty() {
            return refuse(0..0, "`libraries` is empty: nothing can be run".to_owned());
        }
        let libraries = self.libraries.into_iter().map(|(triple, library)| {
            library.check(&triple, text).map(|library| (triple.into_inner(), library))
        });
        Ok(PackageManifest {
            schema: self.schema.into_inner(),
            id: self.id.into_inner(),
            version,
            api: self.api.into_inner(),
            title: self.title.into_inner(),
            licence: self.licence.map(Spanned::into_inner).unwrap_or_default(),
            libraries: libraries.collect::<Result<_>>()?,
        })
    }
}

impl Library {
    fn check(self, triple: &Spanned<String>, text: &str) -> Result<PackagedLibrary> {
        let name = triple.get_ref();
        if name.len() > NAME_LIMIT_BYTES || names::check_component(name).is_err() || name.contains('+') {
            let why = format!("`{}` is no target triple", name.escape_debug());
            return Err(malformed(text, triple.span(), why));
        }
        let path = self.path.get_ref();
        let below = path.strip_prefix("lib/").and_then(|rest| rest.strip_prefix(name.as_str()));
        let file = below.and_then(|rest| rest.strip_prefix('/')).unwrap_or_default();
        if names::check_component(file).is_err() || names::check(path).is_err() {
            let why = format!("`path` is `{}`, not `lib/{name}/FILE`", path.escape_debug());
            return Err(malformed(text, self.path.span(), why));
        }
        let sha256 = self.sha256.get_ref().parse().map_err(|error: crate::digest::ParseDigestError| {
            malformed(text, self.sha256.span(), error.to_string())
        })?;
        if *self.bytes.get_ref() == 0 {
            return Err(malformed(text, self.bytes.span(), "`bytes` is 0".to_owned()));
        }
        Ok(PackagedLibrary { path: self.path.into_inner(), sha256, bytes: self.bytes.into_inner() })
    }
}

fn malformed(text: &str, span: Range<usize>, why: impl Into<String>) -> Error {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    let line = before.split(|byte| *byte == b'\n').count();
    Error::new(Kind::BadInput, format!("`{FILE_NAME}` is malformed in line {line}"))
        .cause(why)
        .hint("write a package with `host plugin pack`, which writes this file")
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// A TOML string; every value here is free of control characters, or is refused when it is read back.
fn quoted(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

#[cfg(test)]
mod tests;
