//! From libraries and the texts beside them to a package. What it says stands in the libraries themselves.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use object::read::{Object, ObjectSection};
use serde::Serialize;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::manifest::{self, Embedded};
use crate::packages::archive::{self, UNPACKED_LIMIT_BYTES, names};
use crate::packages::manifest::{PackageManifest, PackagedLibrary, SCHEMA};

/// Most bytes of a licence or a page of documentation.
const TEXT_LIMIT_BYTES: u64 = 4 << 20;

/// How the names of licences begin, in capitals.
const LICENCE_NAMES: [&str; 3] = ["LICENSE", "LICENCE", "COPYING"];

/// A library that goes into a package.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PackedLibrary {
    /// The system it is for.
    pub target: String,
    /// The file it was taken from.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub sha256: Digest,
    /// How much of it serves debuggers only.
    pub debug_bytes: u64,
}

/// A package in memory.
#[derive(Debug)]
pub struct Packed {
    /// What it says of itself.
    pub manifest: PackageManifest,
    /// The package.
    pub bytes: Vec<u8>,
    /// What was packed.
    pub libraries: Vec<PackedLibrary>,
    /// The files beside the libraries, by name.
    pub texts: Vec<String>,
    /// What its users will miss.
    pub warnings: Vec<String>,
}

/// A library that was read, and what it says of itself.
struct Source {
    file: PathBuf,
    bytes: Vec<u8>,
    embedded: Embedded,
}

/// Packs libraries, of which the first decides what the package is called, and the texts in `beside`.
///
/// # Errors
/// When a file cannot be read, is no module that a host would load, or the libraries are not one module.
pub fn pack(libraries: &[(Option<String>, PathBuf)], beside: &Path) -> Result<Packed> {
    let mut sources: BTreeMap<String, Source> = BTreeMap::new();
    let mut first: Option<Embedded> = None;
    for (target, file) in libraries {
        let source = Source::read(file)?;
        let first = first.get_or_insert_with(|| source.embedded.clone());
        source.check(target.as_deref(), first)?;
        let target = source.embedded.manifest.target.clone();
        if let Some(other) = sources.insert(target.clone(), source) {
            return Err(usage(format!("two libraries are for `{target}`"))
                .cause(format!("`{}` and `{}`", other.file.display(), file.display()))
                .hint("give one library for each target"));
        }
    }
    let Some(first) = first else { return Err(usage("no library is given".to_owned())) };
    let mut files = texts(beside)?;
    let names: Vec<String> = files.keys().cloned().collect();
    let warnings = warnings(&first, &names, beside);
    let mut manifest = describe(&first)?;
    let mut packed = Vec::new();
    for (target, source) in sources {
        let path = source.path_in_package(&target)?;
        let (bytes, sha256) = (source.bytes.len() as u64, Digest::of(&source.bytes));
        let debug_bytes = debug_bytes(&source.bytes);
        manifest.libraries.insert(target.clone(), PackagedLibrary { path: path.clone(), sha256, bytes });
        packed.push(PackedLibrary { target, file: source.file, bytes, sha256, debug_bytes });
        files.insert(path, source.bytes);
    }
    let bytes = archive::write(&manifest, &files)?;
    Ok(Packed { manifest, bytes, libraries: packed, texts: names, warnings })
}

impl Source {
    fn read(file: &Path) -> Result<Self> {
        let bytes = read_limited(file, UNPACKED_LIMIT_BYTES)?;
        let embedded = manifest::read(&bytes).map_err(|fault| {
            Error::new(Kind::Incompatible, format!("`{}` cannot be packed", file.display()))
                .cause(fault.to_string())
                .hint("give the library that `cargo build --release` made of a module, or the crate's folder")
        })?;
        Ok(Self { file: file.to_owned(), bytes, embedded })
    }

    /// Whether a host would load it, and it is what the caller says and the same module as the first.
    fn check(&self, target: Option<&str>, first: &Embedded) -> Result<()> {
        let said = &self.embedded.manifest;
        let shown = self.file.display();
        if let Some(target) = target.filter(|target| *target != said.target) {
            return Err(usage(format!("`{shown}` is not for `{target}`"))
                .cause(format!("it was built for `{}`", said.target))
                .hint(format!("give `--library {}={shown}`", said.target)));
        }
        if said.target == plugin_api::export::build::TARGET {
            compatibility::check(&self.embedded.descriptor.id, said, ApiVersion::of_host())
                .map_err(|error| error.hint("a package that this host cannot run is not made"))?;
        }
        let about = |embedded: &Embedded| {
            let manifest = &embedded.manifest;
            [embedded.descriptor.id.clone(), manifest.version.clone(), manifest.api.clone()]
        };
        let (own, other) = (about(&self.embedded), about(first));
        if own != other {
            return Err(usage(format!("`{shown}` is another module than the first library"))
                .cause(format!("id, version and plugin-api are {}, not {}", own.join(" "), other.join(" ")))
                .hint("build all libraries from the same sources"));
        }
        Ok(())
    }

    fn path_in_package(&self, target: &str) -> Result<String> {
        let name = self.file.file_name().unwrap_or_default().to_string_lossy();
        names::check_component(&name).map_err(|why| {
            usage(format!("`{}` {why}", self.file.display())).hint("rename the library and pack it again")
        })?;
        Ok(format!("lib/{target}/{name}"))
    }
}

fn describe(embedded: &Embedded) -> Result<PackageManifest> {
    let descriptor = &embedded.descriptor;
    let version = embedded.manifest.version.parse().map_err(|error: semver::Error| {
        Error::new(Kind::BadInput, format!("module `{}` has no usable version", descriptor.id))
            .cause(format!("`{}`: {error}", embedded.manifest.version.escape_debug()))
            .hint("write a version such as `0.1.0` in its `Cargo.toml`")
    })?;
    let title = one_line(&descriptor.title);
    Ok(PackageManifest {
        schema: SCHEMA.to_owned(),
        id: descriptor.id.clone(),
        version,
        api: embedded.manifest.api.clone(),
        title: if title.is_empty() { descriptor.id.clone() } else { title },
        licence: one_line(&descriptor.licence),
        libraries: BTreeMap::new(),
    })
}

/// A text as one line of at most 200 bytes.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let line = line.trim();
    let end =
        line.char_indices().map(|(start, letter)| start + letter.len_utf8()).take_while(|end| *end <= 200);
    line.get(..end.last().unwrap_or(0)).unwrap_or_default().trim().to_owned()
}

/// Licences and the readme of a folder.
fn texts(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut texts = BTreeMap::new();
    for entry in fs_err::read_dir(folder).storage("look for a licence")? {
        let path = entry.storage("look for a licence")?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_licence = LICENCE_NAMES.iter().any(|licence| name.to_ascii_uppercase().starts_with(licence));
        if (is_licence || name == "README.md") && path.is_file() && names::check_component(&name).is_ok() {
            texts.insert(name, read_limited(&path, TEXT_LIMIT_BYTES)?);
        }
    }
    Ok(texts)
}

fn warnings(embedded: &Embedded, texts: &[String], beside: &Path) -> Vec<String> {
    let mut warnings = Vec::new();
    if embedded.descriptor.licence.trim().is_empty() {
        warnings.push("the module states no licence: set `licence` in its `module.json`".to_owned());
    }
    if texts.iter().all(|name| name == "README.md") {
        warnings.push(format!("there is no `LICENSE` in `{}` to take along", beside.display()));
    }
    warnings
}

/// Bytes of the sections that only debuggers read.
fn debug_bytes(library: &[u8]) -> u64 {
    let Ok(file) = object::File::parse(library) else { return 0 };
    let names_debug = |name: &str| name.starts_with(".debug_") || name.starts_with("__debug_");
    file.sections()
        .filter(|section| section.name().is_ok_and(names_debug))
        .map(|section| section.size())
        .sum()
}

fn read_limited(path: &Path, limit_bytes: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = fs_err::File::open(path).and_then(|file| file.take(limit_bytes + 1).read_to_end(&mut bytes));
    read.map_err(|error| {
        Error::new(Kind::BadInput, format!("cannot read `{}`", path.display()))
            .cause(error.to_string())
            .hint("give a library, or the folder of a crate")
    })?;
    if bytes.len() as u64 > limit_bytes {
        return Err(Error::new(Kind::Limit, format!("`{}` is too large to be packed", path.display()))
            .cause(format!("the limit is {}", crate::text::bytes(limit_bytes)))
            .hint("set `strip = true` in the profile that builds the library"));
    }
    Ok(bytes)
}

fn usage(message: String) -> Error {
    Error::new(Kind::Usage, message)
}
