//! Gets published files: over the network, or from a folder where they already are.
//!
//! Invariants: what appears in `raw/` has exactly the size and digest that the catalogue pins; a file that is larger is
//! cut off at the byte that is too many; nothing is asked for in plain text from another machine.

mod client;
mod folder;
mod memory;
pub(crate) mod patience;
mod transfer;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::catalogue::RemoteFile;
use crate::digest::Digest;
use crate::durable::GrowingFile;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::raw::RawStore;

pub use folder::Folder;

/// How files are fetched.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a server may stay silent.
    pub timeout: Duration,
    /// How often one address is tried.
    pub attempts: u64,
}

/// Where files are fetched from.
#[derive(Debug)]
pub enum Source {
    /// The addresses of each file.
    Network(Network),
    /// A folder.
    Folder(Folder),
}

/// Servers.
#[derive(Debug)]
pub struct Network {
    client: client::Client,
    options: Options,
}

impl Network {
    /// Connects to nothing yet.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self { client: client::Client::new(options.timeout), options }
    }
}

/// How a file came to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was there, with the right digest.
    Present,
    /// A server sent it.
    Downloaded,
    /// It was copied from a folder.
    Copied,
}

/// A file that is there.
#[derive(Debug, Clone, Serialize)]
pub struct Fetched {
    /// How it came to be there.
    pub outcome: Outcome,
    /// The address or file it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Where it is.
    pub path: PathBuf,
}

/// Told how many bytes are there.
pub type Progress<'p> = &'p dyn Fn(u64);

/// Gets one file, unless it is there.
///
/// # Errors
/// [`Kind::Network`] when no server sends it, [`Kind::Untrusted`] when one sends something else,
/// [`Kind::BadInput`] when the folder does not hold it, [`Kind::Storage`].
pub fn fetch(
    file: &RemoteFile,
    store: &RawStore,
    source: &Source,
    progress: Progress<'_>,
) -> Result<Fetched> {
    let path = store.path(file);
    let present = || Fetched { outcome: Outcome::Present, from: None, path: path.clone() };
    if store.has_intact(file) {
        return Ok(present());
    }
    let mut partial = store.partial(file)?;
    // Another process may have fetched it while this one waited.
    if store.has_intact(file) {
        partial.discard().storage("remove a partly fetched file")?;
        return Ok(present());
    }
    let (outcome, filled) = match source {
        Source::Network(network) => {
            (Outcome::Downloaded, transfer::download(file, &mut partial, network, progress))
        }
        Source::Folder(folder) => (Outcome::Copied, folder.copy(file, &mut partial)),
    };
    match filled {
        Ok(from) => {
            partial.publish(&path).storage("publish a fetched file")?;
            Ok(Fetched { outcome, from: Some(from), path })
        }
        Err(error) => {
            if partial.length() == 0 {
                partial.discard().storage("remove a partly fetched file")?;
            }
            Err(error)
        }
    }
}

/// The digest of what was fetched.
fn digest_of(partial: &mut GrowingFile) -> Result<Digest> {
    let hashed = partial.reader().and_then(Digest::of_reader);
    hashed.map(|(digest, _)| digest).storage("read a partly fetched file")
}

fn failed(kind: Kind, file: &RemoteFile) -> Error {
    Error::new(kind, format!("cannot fetch `{}`", file.name))
}
