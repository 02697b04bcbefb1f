//! Linux: sealed memory files, resource limits, no new privileges, death with the parent.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};
use rustix::thread::set_no_new_privs;

use super::{Confinement, Limits, Loadable};

pub(super) fn memory_file(name: &str) -> io::Result<File> {
    let descriptor = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    Ok(File::from(descriptor))
}

pub(super) fn seal(file: &File) -> io::Result<()> {
    let seals = SealFlags::WRITE | SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL;
    Ok(fcntl_add_seals(file, seals)?)
}

#[expect(clippy::unnecessary_wraps, reason = "the portable twin can fail")]
pub(super) fn loadable(file: &File) -> io::Result<Loadable> {
    // The descriptor stays open for the life of the process: the loader knows a library by this name, and a reused
    // descriptor number would give the old library again.
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    Ok(Loadable { path, directory: None })
}

pub(super) fn confine(limits: &Limits) -> Confinement {
    let mut confinement = Confinement::default();
    let limit = |resource, value: u64| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).is_ok()
    };
    confinement.record("parent-death-signal", set_parent_process_death_signal(Some(Signal::KILL)).is_ok());
    confinement.record("no-new-privileges", set_no_new_privs(true).is_ok());
    confinement.record("address-space-limit", limit(Resource::As, limits.memory_bytes));
    confinement.record("file-size-limit", limit(Resource::Fsize, limits.memory_bytes));
    confinement.record("no-core-dump", limit(Resource::Core, 0));
    confinement.record("open-files-limit", limit(Resource::Nofile, 256));
    confinement
}
