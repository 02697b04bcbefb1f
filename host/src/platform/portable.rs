//! Systems without memory files and seals: unlinked temporary files, a private copy for the loader, and resource
//! limits where the system has them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

use super::{Cell, Condition, Confinement, Loadable, resource_limits};

/// There is no portable setting.
pub(super) fn share_heap() {}

/// Nothing safe installs a handler.
pub(super) fn report_file_size_as_error() {}

pub(super) fn own_program() -> io::Result<PathBuf> {
    std::env::current_exe()
}

pub(super) fn memory_file(_name: &str) -> io::Result<File> {
    tempfile::tempfile()
}

#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
pub(super) fn seal_own(_file: &File) -> io::Result<()> {
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the Linux twin can fail")]
pub(super) fn seal_shared(_file: &File) -> io::Result<()> {
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

pub(super) fn peak_memory_bytes() -> Option<u64> {
    None
}

/// The machine's name is all that is known here.
pub(super) fn place() -> String {
    super::machine_name()
}

/// Only a number, which may be given to another process before it is used.
#[derive(Debug)]
pub(super) struct OtherProcess(Pid);

impl OtherProcess {
    pub(super) fn of(number: u32) -> io::Result<Option<Self>> {
        let Some(process) = i32::try_from(number).ok().and_then(Pid::from_raw) else { return Ok(None) };
        match test_kill_process(process) {
            Err(Errno::SRCH) => Ok(None),
            Err(error) => Err(error.into()),
            Ok(()) => Ok(Some(Self(process))),
        }
    }

    pub(super) fn terminate(&self) -> io::Result<()> {
        self.signal(Signal::TERM)
    }

    pub(super) fn kill(&self) -> io::Result<()> {
        self.signal(Signal::KILL)
    }

    fn signal(&self, signal: Signal) -> io::Result<()> {
        match kill_process(self.0, signal) {
            Err(Errno::SRCH) => Ok(()),
            result => Ok(result?),
        }
    }

    pub(super) fn ends_within(&self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        loop {
            if test_kill_process(self.0) == Err(Errno::SRCH) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::yield_now();
        }
    }
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

    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
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
