//! What a library file says of itself, read from its bytes. No code of the library runs.

use std::io::{Read, Seek};

use object::read::{Object, ObjectSection, ReadCache, ReadRef};
use plugin_api::section::{self, DESCRIPTOR, FILE, MANIFEST};
use plugin_api::{BundledDataset, BundledFile, Descriptor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::digest::Digest;

/// What a library was built by and for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always `host.manifest/1`.
    pub schema: String,
    /// How it is called: absent for a module in Rust, `c` for one behind `host_module.h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abi: Option<String>,
    /// Version of the module's crate.
    pub version: String,
    /// Version of the interface it was built with, `major.minor`.
    pub api: String,
    /// Oldest version of the interface that it can work with.
    pub api_minimum: String,
    /// Target triple.
    pub target: String,
    /// Processor features it uses.
    pub target_features: String,
    /// `unwind` or `abort`; `none` where there is no such thing.
    pub panic: String,
    /// Compiler.
    pub rustc: String,
}

/// Everything known of a library without loading it.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// What it was built by and for.
    pub manifest: Manifest,
    /// What it does.
    pub descriptor: Descriptor,
    /// Bundled files by the path that the descriptor uses.
    pub files: BTreeMap<String, Vec<u8>>,
}

/// Why a file is not a usable module.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestFault {
    /// Not a shared library at all, or a damaged one.
    #[error("not a readable shared library: {0}")]
    NotALibrary(String),
    /// A shared library of something else.
    #[error("a shared library, but not a module: it has no section `{}`", section::ELF_NAME)]
    Foreign,
    /// A module whose section is damaged or contradicts itself.
    #[error("the module's embedded description is damaged: {0}")]
    Damaged(String),
}

/// Reads a library's bytes.
///
/// # Errors
/// [`ManifestFault`]; never panics, whatever the bytes.
pub fn read(library: &[u8]) -> Result<Embedded, ManifestFault> {
    parse(library)
}

/// Reads as much of a library's file as its description takes.
///
/// # Errors
/// As [`read`].
pub fn peek(library: impl Read + Seek) -> Result<Embedded, ManifestFault> {
    parse(&ReadCache::new(library))
}

/// The embedded section of a library's bytes.
///
/// # Errors
/// As [`read`].
pub fn section(library: &[u8]) -> Result<Vec<u8>, ManifestFault> {
    embedded_section(library).map(<[u8]>::to_vec)
}

fn parse<'data>(library: impl ReadRef<'data>) -> Result<Embedded, ManifestFault> {
    decode(embedded_section(library)?)
}

fn embedded_section<'data>(library: impl ReadRef<'data>) -> Result<&'data [u8], ManifestFault> {
    let file = object::File::parse(library).map_err(|error| ManifestFault::NotALibrary(error.to_string()))?;
    let section = file
        .section_by_name(section::ELF_NAME)
        .or_else(|| file.section_by_name(section::MACH_O_NAME))
        .ok_or(ManifestFault::Foreign)?;
    section.data().map_err(|error| ManifestFault::Damaged(error.to_string()))
}

/// Reads the embedded section.
fn decode(data: &[u8]) -> Result<Embedded, ManifestFault> {
    let damaged =
        |what: &str, error: &dyn std::fmt::Display| ManifestFault::Damaged(format!("{what}: {error}"));
    let records = section::decode(data).map_err(ManifestFault::Damaged)?;
    let mut manifest = None;
    let mut descriptor = None;
    let mut files = BTreeMap::new();
    for record in records {
        match record.kind {
            MANIFEST => {
                manifest = Some(
                    serde_json::from_slice(record.content).map_err(|error| damaged("manifest", &error))?,
                );
            }
            DESCRIPTOR => {
                descriptor = Some(
                    serde_json::from_slice(record.content).map_err(|error| damaged("descriptor", &error))?,
                );
            }
            FILE => {
                files.insert(record.name.to_owned(), record.content.to_vec());
            }
            // A newer module may carry records that this host does not know.
            _ => {}
        }
    }
    let embedded = Embedded {
        manifest: manifest.ok_or_else(|| ManifestFault::Damaged("no manifest".to_owned()))?,
        descriptor: descriptor.ok_or_else(|| ManifestFault::Damaged("no descriptor".to_owned()))?,
        files,
    };
    embedded.check().map_err(ManifestFault::Damaged)?;
    Ok(embedded)
}

impl Embedded {
    /// Whether the descriptor is usable: a safe id, unique names, outputs, and bundled files with the right digests.
    fn check(&self) -> Result<(), String> {
        let descriptor = &self.descriptor;
        if descriptor.schema != "host.module/1" {
            return Err(format!("unknown descriptor schema `{}`", descriptor.schema));
        }
        if !is_module_id(&descriptor.id) {
            return Err(format!("`{}` is no module id", descriptor.id.escape_debug()));
        }
        if descriptor.outputs.is_empty() {
            return Err("the descriptor promises no output".to_owned());
        }
        unique("input role", descriptor.inputs.iter().map(|input| input.role.as_str()))?;
        unique("parameter", descriptor.parameters.iter().map(|parameter| parameter.name.as_str()))?;
        descriptor.bundled.iter().try_for_each(|dataset| self.check_bundled(dataset))
    }

    fn check_bundled(&self, dataset: &BundledDataset) -> Result<(), String> {
        for (role, file) in &dataset.inputs {
            let bytes = self.bundled(file).ok_or_else(|| {
                format!(
                    "bundled dataset `{}`: file `{}` of role `{role}` is not embedded",
                    dataset.name, file.file
                )
            })?;
            let found = Digest::of(bytes).to_string();
            if found != file.sha256 {
                return Err(format!(
                    "bundled dataset `{}`: `{}` has sha256 {found}, the descriptor says {}",
                    dataset.name, file.file, file.sha256
                ));
            }
        }
        Ok(())
    }

    /// Bytes of a bundled file.
    #[must_use]
    pub fn bundled(&self, file: &BundledFile) -> Option<&[u8]> {
        self.files.get(&file.file).map(Vec::as_slice)
    }
}

/// Whether a text can be the id of a module.
#[must_use]
pub fn is_module_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(plain)
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), String> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(format!("{what} `{name}` is declared twice"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_bytes_are_refused_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            prop_assert!(read(&bytes).is_err());
            prop_assert!(decode(&bytes).is_err());
        }
    }
}
