//! What every Unix can bound with `setrlimit`.
//!
//! The number of processes is left alone: the kernel counts it for the whole user, so a limit that stops a worker would
//! stop it or not depending on what else the user runs. Processes are refused by the system call filter, and the host
//! counts threads.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{Confinement, Limits};

/// Most files that a worker may have open.
const OPEN_FILES: u64 = 256;

pub(super) fn apply(confinement: &mut Confinement, limits: &Limits) {
    let limit = |resource, value: u64| {
        setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) }).is_ok()
    };
    confinement.record("address-space-limit", limit(Resource::As, limits.memory_bytes));
    confinement.record("file-size-limit", limit(Resource::Fsize, limits.memory_bytes));
    // Zero stops a file and not a program that takes core dumps; one stops both. To be undumpable would do it too,
    // but then /proc shows the worker's folder and descriptors to root alone, and a host of any other user would find
    // no worker fit to be kept.
    confinement.record("no-core-dump", limit(Resource::Core, 1));
    confinement.record("open-files-limit", limit(Resource::Nofile, OPEN_FILES));
}

pub(super) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    // Where the system refuses, it stays as it was.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With the usual 1024 a service of 2000 connections could not open its own files.
    #[test]
    fn as_many_files_as_the_system_allows() {
        let before = getrlimit(Resource::Nofile);
        setrlimit(Resource::Nofile, Rlimit { current: Some(512), ..before }).unwrap();
        allow_open_files();
        assert_eq!(getrlimit(Resource::Nofile).current, before.maximum);
    }
}
