//! Systems without memory files and seals: unlinked temporary files, a private copy for the loader, and resource
//! limits where the system has them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use rustix::process::{Resource, Rlimit, setrlimit};

use super::{Confinement, Limits, Loadable};

pub(super) fn memory_file(_name: &str) -> io::Result<File> {
    tempfile::tempfile()
}

#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
pub(super) fn seal(_file: &File) -> io::Result<()> {
    Ok(())
}

/// The loader cannot open a descriptor here, so it gets a copy in a directory that only this user can enter.
pub(super) fn loadable(file: &File) -> io::Result<Loadable> {
    let directory = tempfile::tempdir()?;
    let path = directory.path().join(format!("module{}", std::env::consts::DLL_SUFFIX));
    let mut bytes = Vec::new();
    let mut source = file.try_clone()?;
    source.seek(SeekFrom::Start(0))?;
    source.read_to_end(&mut bytes)?;
    tempfile::NamedTempFile::new_in(directory.path())
        .and_then(|mut copy| {
            copy.write_all(&bytes)?;
            copy.persist(&path).map_err(|error| error.error)
        })
        .map(|_| Loadable { path, directory: Some(directory) })
}

pub(super) fn confine(limits: &Limits) -> Confinement {
    let mut confinement = Confinement::default();
    let limit = |resource, value: u64| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).is_ok()
    };
    confinement.record("address-space-limit", limit(Resource::As, limits.memory_bytes));
    confinement.record("file-size-limit", limit(Resource::Fsize, limits.memory_bytes));
    confinement.record("no-core-dump", limit(Resource::Core, 0));
    for mechanism in ["parent-death-signal", "no-new-privileges", "sealed-memory-files"] {
        confinement.record(mechanism, false);
    }
    confinement
}
