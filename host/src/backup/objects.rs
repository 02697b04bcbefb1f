//! Objects: what files hold, compressed, encrypted where the repository has public keys, each under the digest of what it
//! holds.

use std::collections::BTreeSet;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::cipher::Sealing;
use super::repository::Repository;
use crate::digest::{Digest, Hashing};
use crate::durable::{self, StagedDirectory};
use crate::error::{Result, StorageContext, chain};

/// How hard zstd tries: its own default, fast enough for a disk.
const COMPRESSION_LEVEL: i32 = 3;

/// How many bytes are read at a time.
const PIECE: usize = 256 * 1024;

/// Why an object does not give what a manifest says.
#[derive(Debug)]
pub(super) enum Fault {
    /// There is none.
    Missing,
    /// It is not what was written.
    Damaged(String),
    /// What it holds could not be written where it was to go.
    Writing(io::Error),
}

/// Writes what an object holds to `out`, no more than it must be, and compares it with its digest.
pub(super) fn read(
    repository: &Repository,
    digest: &Digest,
    bytes: u64,
    out: impl Write,
) -> Result<(), Fault> {
    let file = match durable::open(&repository.object(digest)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Fault::Missing),
        file => file.map_err(|error| unreadable(&error))?,
    };
    let file = repository.cipher().open(file).map_err(|error| unreadable(&error))?;
    let decoder = zstd::stream::read::Decoder::new(file).map_err(|error| unreadable(&error))?;
    // A few bytes on the disk can claim to be terabytes.
    let mut decoder = decoder.take(bytes.saturating_add(1));
    let mut out = Hashing::new(out);
    let mut buffer = vec![0; PIECE];
    loop {
        let count = match decoder.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(&error)),
        };
        out.write_all(buffer.get(..count).unwrap_or_default()).map_err(Fault::Writing)?;
    }
    let (_, found, length) = out.finish();
    if length != bytes {
        let more = if length > bytes { "more than " } else { "" };
        return Err(Fault::Damaged(format!("it holds {more}{} bytes of {bytes}", length.min(bytes))));
    }
    if found == *digest { Ok(()) } else { Err(Fault::Damaged(format!("what it holds has sha256 {found}"))) }
}

fn unreadable(error: &io::Error) -> Fault {
    Fault::Damaged(format!("it cannot be read: {}", chain(error)))
}

/// Puts objects into a repository. Dropping it removes what is not published.
pub(super) struct Deposit<'a> {
    repository: &'a Repository,
    staged: StagedDirectory,
    /// Folders whose entries must be durable before a manifest names what is in them.
    shards: BTreeSet<u8>,
    next: u64,
    /// Whether an object that is there is read before it is believed.
    full: bool,
    /// Objects that were not there.
    pub(super) new_objects: u64,
    /// What they take on the disk.
    pub(super) new_bytes: u64,
}

impl<'a> Deposit<'a> {
    pub(super) fn new(repository: &'a Repository, full: bool) -> Result<Self> {
        let staged = StagedDirectory::create(&repository.objects()).storage("write to the repository")?;
        Ok(Self { repository, staged, shards: BTreeSet::new(), next: 0, full, new_objects: 0, new_bytes: 0 })
    }

    /// Whether the content of a file that did not change is there already.
    pub(super) fn has(&mut self, digest: &Digest) -> bool {
        let there = self.repository.object(digest).is_file();
        if there {
            // Its maker may have died before the fsync of the folder.
            self.shards.insert(digest.as_bytes()[0]);
        }
        there
    }

    /// Puts what a reader yields into the repository and gives its digest and length. It is opened a second time where
    /// the content is new.
    ///
    /// # Errors
    /// The inner one: it cannot be read. The outer one: the repository cannot be written.
    pub(super) fn put<R: Read>(
        &mut self,
        open: impl Fn() -> io::Result<R>,
    ) -> Result<io::Result<(Digest, u64)>> {
        let known = match open().and_then(Digest::of_reader) {
            Ok(known) => known,
            Err(error) => return Ok(Err(error)),
        };
        if self.has(&known.0) && (!self.full || read(self.repository, &known.0, known.1, io::sink()).is_ok())
        {
            return Ok(Ok(known));
        }
        let mut reader = match open() {
            Ok(reader) => reader,
            Err(error) => return Ok(Err(error)),
        };
        let name = PathBuf::from(format!("{:08}", self.next));
        self.next += 1;
        let doing = "write to the repository";
        let file = self.staged.create_file_at(&name, 0o644).storage(doing)?;
        let file = self.repository.cipher().seal(file).storage(doing)?;
        let encoder = zstd::stream::write::Encoder::new(file, COMPRESSION_LEVEL).storage(doing)?;
        let mut out = Hashing::new(encoder);
        let mut buffer = vec![0; PIECE];
        loop {
            match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => out.write_all(buffer.get(..count).unwrap_or_default()).storage(doing)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok(Err(error)),
            }
        }
        // What was written counts, not what was read before: the file may have changed in between.
        let (encoder, digest, bytes) = out.finish();
        let file = encoder.finish().and_then(Sealing::finish).storage(doing)?;
        file.sync_all().storage(doing)?;
        let length = file.metadata().storage(doing)?.len();
        let shard = self.repository.shard(digest.as_bytes()[0]);
        durable::create_directories(&shard).storage(doing)?;
        self.staged.release_file(&name, &self.repository.object(&digest)).storage(doing)?;
        self.shards.insert(digest.as_bytes()[0]);
        self.new_objects += 1;
        self.new_bytes = self.new_bytes.saturating_add(length);
        Ok(Ok((digest, bytes)))
    }

    /// Makes every object durable that was put or found.
    pub(super) fn finish(&self) -> Result<()> {
        for shard in &self.shards {
            durable::sync_directory(&self.repository.shard(*shard)).storage("write to the repository")?;
        }
        durable::sync_directory(&self.repository.objects()).storage("write to the repository")
    }
}
