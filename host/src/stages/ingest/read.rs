//! Reads one file within limits: regular files only, pinned digests checked, gzip and zstd unpacked.

use std::io::{self, BufRead, Read};
use std::path::{Component, PathBuf};

use fs_err as fs;
use fs_err::os::unix::fs::OpenOptionsExt;

use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::platform::SealedFile;
use crate::stages::ingest::IngestOptions;
use crate::stages::plan::{InputObject, InputPath};
use crate::text;

/// A file of more than this, unpacked, may be at most [`RATIO_LIMIT`] times the size of its packed form.
const RATIO_FREE_BYTES: u64 = 16 << 20;
const RATIO_LIMIT: u64 = 200;

/// How a file was compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// Not at all.
    Identity,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// A file as it was found, and what the module will see of it.
pub(super) struct Unpacked {
    pub(super) raw_sha256: Digest,
    pub(super) raw_bytes: u64,
    pub(super) encoding: Encoding,
    pub(super) sha256: Digest,
    pub(super) content: SealedFile,
}

/// Digest and size that an input must have, and what to do when it has not.
struct Pins {
    sha256: Option<Digest>,
    bytes: Option<u64>,
    hint: String,
}

/// Reads, checks and unpacks an object of a store.
pub(super) fn object(role: &str, input: &InputObject, options: &IngestOptions) -> Result<Unpacked> {
    let place = input.address.to_string();
    let what = format!("cannot read input `{role}`");
    let reader = options.objects.open(&input.address, &what)?;
    // Before anything is read, and again while it is: what a store says of its size is no promise.
    if reader.size() > options.input_bytes {
        return Err(too_large(role, &place, "", options));
    }
    let unreadable = |error: &io::Error| {
        let own = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
        own.cloned().unwrap_or_else(|| Error::new(Kind::BadInput, &*what).cause(crate::error::chain(error)))
    };
    let hint = "get the released file again, or change what is pinned if the new object is right".to_owned();
    let pins = Pins { sha256: input.sha256, bytes: input.bytes, hint };
    unpacked(role, &place, &pins, reader, &unreadable, options)
}

/// Reads, checks and unpacks a file.
pub(super) fn file(role: &str, input: &InputPath, options: &IngestOptions) -> Result<Unpacked> {
    let path = confine(role, input)?;
    let unreadable = |error: &io::Error| {
        if let Some(dataset) = input.fetched_for.as_ref().filter(|_| error.kind() == io::ErrorKind::NotFound)
        {
            return not_fetched(role, input, dataset);
        }
        let mut fault = Error::new(Kind::BadInput, format!("cannot read input `{role}`"))
            .cause(crate::error::chain(error));
        if error.kind() == io::ErrorKind::NotFound {
            fault = fault.hint(format!("check the path given for `{role}`: `{}`", input.path.display()));
        }
        fault
    };
    // Without waiting: a pipe that nobody writes to must not hold the host.
    let mut open = fs::OpenOptions::new();
    open.read(true);
    open.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = open.open(&path).map_err(|error| unreadable(&error))?;
    let metadata = file.metadata().map_err(|error| unreadable(&error))?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
        return Err(Error::new(Kind::BadInput, format!("input `{role}` is {what}: `{}`", path.display())));
    }
    let hint = match &input.fetched_for {
        Some(dataset) => format!("run `host fetch {dataset}` to get the file again"),
        None => "get the released file again, or change the manifest if the new file is right".to_owned(),
    };
    let pins = Pins { sha256: input.sha256, bytes: input.bytes, hint };
    unpacked(role, &path.display().to_string(), &pins, file, &unreadable, options)
}

/// Reads, checks and unpacks what was opened.
fn unpacked(
    role: &str,
    place: &str,
    pins: &Pins,
    reader: impl Read,
    unreadable: &dyn Fn(&io::Error) -> Error,
    options: &IngestOptions,
) -> Result<Unpacked> {
    let mut file = std::io::BufReader::new(reader);
    let encoding = encoding_of(file.fill_buf().map_err(|error| unreadable(&error))?);
    if encoding == Encoding::Identity {
        let (content, sha256) = SealedFile::copy_of("input", file, options.input_bytes)
            .map_err(|error| unreadable(&error))?
            .ok_or_else(|| too_large(role, place, "", options))?;
        let raw_bytes = content.length();
        check_pins(role, place, pins, sha256, raw_bytes)?;
        return Ok(Unpacked { raw_sha256: sha256, raw_bytes, encoding, sha256, content });
    }
    let raw = read_limited(file, options.input_bytes)
        .map_err(|error| unreadable(&error))?
        .ok_or_else(|| too_large(role, place, "", options))?;
    let (raw_sha256, raw_bytes) = (Digest::of(&raw), raw.len() as u64);
    check_pins(role, place, pins, raw_sha256, raw_bytes)?;
    let finished = |(content, sha256)| Unpacked { raw_sha256, raw_bytes, encoding, sha256, content };
    // zstd unpacks about as fast as the unpacked bytes could be read back and checked.
    let cache = options.cache.as_ref().filter(|_| encoding == Encoding::Gzip);
    let cached = cache.and_then(|cache| cache.get(&raw_sha256, options.input_bytes));
    if let Some(content) = cached {
        let sealed = SealedFile::copy_of("input", &*content, options.input_bytes)
            .map_err(|error| unreadable(&error))?;
        return sealed.map(finished).ok_or_else(|| too_large(role, place, " when unpacked", options));
    }
    let decoder: Box<dyn Read + '_> = match encoding {
        Encoding::Zstd => {
            Box::new(zstd::stream::read::Decoder::new(&*raw).map_err(|error| unreadable(&error))?)
        }
        Encoding::Gzip | Encoding::Identity => Box::new(flate2::read::MultiGzDecoder::new(&*raw)),
    };
    let unpacked = finished(unpack(role, place, encoding, decoder, raw_bytes, options)?);
    if let Some(cache) = cache {
        cache.put(&raw_sha256, &unpacked.content.map().map_err(|error| unreadable(&error))?);
    }
    Ok(unpacked)
}

fn not_fetched(role: &str, input: &InputPath, dataset: &str) -> Error {
    let file = input.path.file_name().unwrap_or_default().to_string_lossy();
    Error::new(
        Kind::BadInput,
        format!("dataset `{dataset}`: the file `{file}` of its input `{role}` is not there"),
    )
    .hint(format!("run `host fetch {dataset}`"))
}

/// A path from a manifest stays below the manifest's folder, also after links are followed.
fn confine(role: &str, input: &InputPath) -> Result<PathBuf> {
    let Some(folder) = &input.confined_to else { return Ok(input.path.clone()) };
    let leaves = |why: &str| {
        Error::new(Kind::BadInput, format!("input `{role}` leaves the manifest's folder: {why}"))
            .cause(format!("`{}`", input.path.display()))
            .hint("put the file below the folder of the manifest")
    };
    if input.path.is_absolute() {
        return Err(leaves("the path is absolute"));
    }
    if input.path.components().any(|component| component == Component::ParentDir) {
        return Err(leaves("the path holds `..`"));
    }
    let path = folder.join(&input.path);
    match (fs::canonicalize(folder), fs::canonicalize(&path)) {
        (Ok(folder), Ok(resolved)) if !resolved.starts_with(&folder) => {
            Err(leaves(&format!("a link leads to `{}`", resolved.display())))
        }
        // The path that was checked is the path that is opened.
        (_, resolved) => Ok(resolved.unwrap_or(path)),
    }
}

/// `None` when there is more than the limit.
fn read_limited(reader: impl Read, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    reader.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

fn too_large(role: &str, place: &str, unpacked: &str, options: &IngestOptions) -> Error {
    Error::new(
        Kind::Limit,
        format!("input `{role}` is larger than {}{unpacked}: `{place}`", text::bytes(options.input_bytes)),
    )
    .hint("to allow more, set `processing.max_input_size_bytes` in the configuration")
}

fn check_pins(role: &str, place: &str, pins: &Pins, sha256: Digest, bytes: u64) -> Result<()> {
    let differs = |what: &str, found: String, expected: String| {
        Error::new(Kind::Untrusted, format!("input `{role}` is not the file that the manifest pins"))
            .cause(format!("`{place}` has {what} {found}, the manifest says {expected}"))
            .hint(pins.hint.clone())
    };
    if let Some(expected) = pins.bytes.filter(|expected| *expected != bytes) {
        return Err(differs("size", bytes.to_string(), expected.to_string()));
    }
    if let Some(expected) = pins.sha256.filter(|expected| *expected != sha256) {
        return Err(differs("sha256", sha256.to_string(), expected.to_string()));
    }
    Ok(())
}

fn encoding_of(bytes: &[u8]) -> Encoding {
    if bytes.starts_with(&[0x1f, 0x8b]) {
        Encoding::Gzip
    } else if bytes.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Encoding::Zstd
    } else {
        Encoding::Identity
    }
}

fn unpack(
    role: &str,
    place: &str,
    encoding: Encoding,
    decoder: impl Read,
    packed_bytes: u64,
    options: &IngestOptions,
) -> Result<(SealedFile, Digest)> {
    let format = if encoding == Encoding::Zstd { "zstd" } else { "gzip" };
    let ratio_limit = RATIO_FREE_BYTES.max(packed_bytes.saturating_mul(RATIO_LIMIT));
    let limit = options.input_bytes.min(ratio_limit);
    match SealedFile::copy_of("input", decoder, limit) {
        Ok(Some(content)) => Ok(content),
        Ok(None) if ratio_limit < options.input_bytes => Err(Error::new(
            Kind::Limit,
            format!(
                "input `{role}` unpacks to more than {RATIO_LIMIT} times its {packed_bytes} bytes: `{place}`",
            ),
        )
        .hint("if the file is right, unpack it yourself and give the unpacked file")),
        Ok(None) => Err(too_large(role, place, " when unpacked", options)),
        Err(error) => Err(Error::new(
            Kind::BadInput,
            format!("input `{role}` is a damaged or truncated {format} file: `{place}`"),
        )
        .cause(error.to_string())
        .hint("get the file again")),
    }
}
