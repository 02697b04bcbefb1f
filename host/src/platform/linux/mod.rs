//! Linux: sealed memory files; a worker that may read the system's libraries, write its own folder and ask the kernel
//! for what a derivation needs.

mod condition;
mod file_size;
mod heap;
mod inherited;
mod landlock;
mod other_process;
mod system_calls;

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::PathBuf;

use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};
use rustix::thread::set_no_new_privs;

use super::{Cell, Confinement, Loadable, resource_limits};

pub(super) use condition::{Watch, own_condition, peak_memory_bytes};
pub(super) use file_size::report_as_error as report_file_size_as_error;
pub(super) use heap::share as share_heap;
pub(super) use other_process::{OtherProcess, place};

const UNRESIZED: SealFlags = SealFlags::SHRINK.union(SealFlags::GROW).union(SealFlags::SEAL);

#[expect(clippy::unnecessary_wraps, reason = "the portable twin can fail")]
pub(super) fn own_program() -> io::Result<PathBuf> {
    // The link leads to the file itself, whatever stands under its name by now.
    Ok(PathBuf::from("/proc/self/exe"))
}

pub(super) fn memory_file(name: &str) -> io::Result<File> {
    let descriptor = memfd_create(name, MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?;
    Ok(File::from(descriptor))
}

/// This process alone has written the file and never mapped it, so that nothing that was begun before can still change
/// it. The stronger seal would wait for the kernel to let go of each page, and give up when a page is being moved.
pub(super) fn seal_own(file: &File) -> io::Result<()> {
    Ok(fcntl_add_seals(file, UNRESIZED | SealFlags::FUTURE_WRITE)?)
}

/// Refused while anybody can still write.
pub(super) fn seal_shared(file: &File) -> io::Result<()> {
    Ok(fcntl_add_seals(file, UNRESIZED | SealFlags::WRITE)?)
}

#[expect(clippy::unnecessary_wraps, reason = "the portable twin can fail")]
pub(super) fn loadable(file: &File) -> io::Result<Loadable> {
    // The descriptor stays open for the life of the process: the loader knows a library by this name, and a reused
    // descriptor number would give the old library again.
    let path = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    Ok(Loadable { path, directory: None })
}

pub(super) fn begin() -> Confinement {
    let mut confinement = Confinement::default();
    confinement.record("no-inherited-descriptors", inherited::close());
    confinement
}

/// The order matters: what opens files or needs a call that is refused later comes first.
pub(super) fn confine(mut confinement: Confinement, cell: &Cell) -> io::Result<Confinement> {
    confinement.record("parent-death-signal", set_parent_process_death_signal(Some(Signal::KILL)).is_ok());
    // Had the host died before, nobody would send the signal any more.
    if getppid().map(Pid::as_raw_pid) != i32::try_from(cell.host_process).ok() {
        return Err(io::Error::new(io::ErrorKind::BrokenPipe, "the host that started this worker is gone"));
    }
    confinement.record("no-new-privileges", set_no_new_privs(true).is_ok());
    resource_limits::apply(&mut confinement, &cell.limits);
    landlock::apply(&mut confinement, &cell.folder);
    confinement.record("system-call-filter", system_calls::filter().is_ok());
    confinement.record("sealed-memory-files", true);
    Ok(confinement)
}
