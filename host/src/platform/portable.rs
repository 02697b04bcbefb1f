//! Systems without memory files and seals: unlinked temporary files, a private copy for the loader, and resource
//! limits where the system has them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{Cell, Condition, Confinement, Loadable, resource_limits};

pub(super) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

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

pub(super) fn begin() -> Confinement {
    let mut confinement = Confinement::default();
    confinement.record("no-inherited-descriptors", false);
    confinement
}

#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
pub(super) fn confine(mut confinement: Confinement, cell: &Cell) -> io::Result<Confinement> {
    resource_limits::apply(&mut confinement, &cell.limits);
    for mechanism in [
        "parent-death-signal",
        "no-new-privileges",
        "landlock-files",
        "landlock-network",
        "landlock-signals-and-sockets",
        "system-call-filter",
        "sealed-memory-files",
    ] {
        confinement.record(mechanism, false);
    }
    Ok(confinement)
}

pub(super) fn own_condition() -> Condition {
    Condition::default()
}

/// Nothing is seen of a worker from outside, so it is never kept.
#[derive(Debug)]
pub(super) struct Watch;

#[expect(clippy::unused_self, reason = "the Linux twin looks")]
impl Watch {
    #[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
    pub(super) fn of(_process: u32) -> io::Result<Self> {
        Ok(Self)
    }

    pub(super) fn thread_count(&self) -> Option<usize> {
        None
    }

    pub(super) fn is_at_rest(
        &mut self,
        _begun: &Condition,
        _folder: &Path,
        _memory_limit_bytes: u64,
    ) -> bool {
        false
    }

    pub(super) fn nameless_bytes(&mut self, _device: u64) -> u64 {
        0
    }
}
