//! What can be seen of a worker from outside, through /proc. The worker itself cannot read it.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, openat, readlinkat, statat};

use crate::platform::Condition;

/// Standard input, output and error, the socket, and the library by which it is loaded.
const DESCRIPTORS_AT_REST: usize = 5;

/// What a derivation may change of its process, and the next one would find: names in `/proc/PID/status`.
const LASTING: [&str; 6] = ["Umask", "Threads", "SigBlk", "SigIgn", "SigCgt", "Cpus_allowed"];

/// Longer than any status: all of it arrives in one piece, which the kernel writes anew each time.
const STATUS_BYTES: usize = 16 << 10;

/// The files of one process, open as long as it is watched: opening them takes longer than reading them. They stand for
/// this process even when it has ended and another has its number.
#[derive(Debug)]
pub(in crate::platform) struct Watch {
    process: OwnedFd,
    status: File,
    /// None where a worker's descriptors are shown to root alone: when its program may be run and not read.
    descriptors: Option<Dir>,
}

impl Watch {
    pub(in crate::platform) fn of(process: u32) -> io::Result<Self> {
        let folder = OFlags::DIRECTORY | OFlags::CLOEXEC;
        let process = openat(CWD, format!("/proc/{process}"), folder | OFlags::PATH, Mode::empty())?;
        let status = openat(&process, "status", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        let descriptors = openat(&process, "fd", folder | OFlags::RDONLY, Mode::empty()).and_then(Dir::new);
        Ok(Self { process, status: File::from(status), descriptors: descriptors.ok() })
    }

    pub(in crate::platform) fn thread_count(&self) -> Option<usize> {
        threads(&text(&self.status)?)
    }

    pub(in crate::platform) fn peak_memory_bytes(&self) -> Option<u64> {
        peak(&text(&self.status)?)
    }

    /// Whether a worker that has answered is as it was before it loaded anything: it works where it did, has no file
    /// open beyond its own, what is [`LASTING`] is what it was, and the next derivation finds more than half of the
    /// memory that it may use. Not seen are what is in that memory, how the processor rounds, which the worker itself
    /// looks at, and which files are behind descriptors of the same number.
    pub(in crate::platform) fn is_at_rest(
        &mut self,
        begun: &Condition,
        folder: &Path,
        memory_limit_bytes: u64,
    ) -> bool {
        let look = || {
            let now = condition(&text(&self.status)?);
            let grown = now.memory_bytes.saturating_sub(begun.memory_bytes);
            let room = !now.lasting.is_empty() && grown < memory_limit_bytes / 2;
            let directory = readlinkat(&self.process, "cwd", Vec::with_capacity(256)).ok()?;
            Some(
                room && now.lasting == begun.lasting && directory.as_bytes() == folder.as_os_str().as_bytes(),
            )
        };
        look().unwrap_or(false) && self.descriptors().len() == DESCRIPTORS_AT_REST
    }

    /// Bytes on a device of files that are open and have no name any more.
    pub(in crate::platform) fn nameless_bytes(&mut self, device: u64) -> u64 {
        let open = self.descriptors();
        let open = open.iter().filter_map(|name| {
            let path = [b"fd/", name.as_bytes()].concat();
            statat(&self.process, path, AtFlags::empty()).ok()
        });
        open.filter(|file| file.st_nlink == 0 && file.st_dev == device)
            .map(|file| u64::try_from(file.st_blocks).unwrap_or_default().saturating_mul(512))
            .fold(0, u64::saturating_add)
    }

    /// Numbers of its descriptors, as far as they are shown.
    fn descriptors(&mut self) -> Vec<CString> {
        let Some(directory) = &mut self.descriptors else { return Vec::new() };
        directory.rewind();
        let names = directory.flatten().map(|entry| entry.file_name().to_owned());
        names.filter(|name| !name.as_bytes().starts_with(b".")).collect()
    }
}

/// How many threads this process has.
pub(super) fn own_thread_count() -> Option<usize> {
    threads(&text(&own_status()?)?)
}

/// Most memory that this process has had resident.
pub(in crate::platform) fn peak_memory_bytes() -> Option<u64> {
    peak(&text(&own_status()?)?)
}

/// What this process is like.
pub(in crate::platform) fn own_condition() -> Condition {
    own_status().and_then(|status| text(&status)).map(|text| condition(&text)).unwrap_or_default()
}

fn own_status() -> Option<File> {
    File::open("/proc/self/status").ok()
}

fn text(status: &File) -> Option<String> {
    let mut text = vec![0; STATUS_BYTES];
    let length = status.read_at(&mut text, 0).ok()?;
    text.truncate(length);
    String::from_utf8(text).ok()
}

fn fields(status: &str) -> impl Iterator<Item = (&str, &str)> {
    status.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim()))
}

fn threads(status: &str) -> Option<usize> {
    fields(status).find(|(name, _)| *name == "Threads")?.1.parse().ok()
}

fn peak(status: &str) -> Option<u64> {
    kibibytes(fields(status).find(|(name, _)| *name == "VmHWM")?.1)
}

/// `12 kB` in bytes.
fn kibibytes(value: &str) -> Option<u64> {
    value.trim_end_matches(" kB").parse::<u64>().ok()?.checked_mul(1024)
}

fn condition(status: &str) -> Condition {
    let mut condition = Condition::default();
    for (name, value) in fields(status) {
        if LASTING.contains(&name) {
            condition.lasting.push(value.to_owned());
        } else if name == "VmData" {
            condition.memory_bytes = kibibytes(value).unwrap_or(u64::MAX);
        }
    }
    condition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_without_what_may_change() {
        let status = "Name:\tx\nUmask:\t0022\nVmHWM:\t2 kB\nVmRSS:\t1 kB\nVmData:\t 12 kB\nThreads:\t1\nSigBlk:\t0\nSigIgn:\t1000\n";
        let condition = condition(status);
        assert_eq!(condition.lasting, ["0022", "1", "0", "1000"]);
        assert_eq!((condition.memory_bytes, threads(status)), (12 << 10, Some(1)));
        assert_eq!(peak(status), Some(2 << 10));
    }

    #[test]
    fn every_field_is_there_in_one_piece() {
        assert_eq!(own_condition().lasting.len(), LASTING.len());
    }
}
