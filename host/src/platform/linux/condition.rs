//! What can be seen of a worker from outside, through /proc. The worker itself cannot read it.

use std::io::Read;
use std::path::Path;
use std::sync::OnceLock;

/// Standard input, output and error, the socket, and the library by which it is loaded.
const DESCRIPTORS_AT_REST: usize = 5;

/// How many threads a process has.
pub(in crate::platform) fn thread_count(process: u32) -> Option<usize> {
    field(&status(process)?, "Threads:")?.parse().ok()
}

/// Whether a worker that has answered is as one that was never asked: one thread, no file open beyond its own, nothing
/// in its folder, and the mask and signals that it began with.
pub(in crate::platform) fn is_at_rest(process: u32, folder: &Path) -> bool {
    let look = || {
        let worker = status(process)?;
        let directory = fs_err::read_link(format!("/proc/{process}/cwd")).ok()?;
        let descriptors = fs_err::read_dir(format!("/proc/{process}/fd")).ok()?.count();
        let empty = fs_err::read_dir(folder).ok()?.next().is_none();
        let one_thread = field(&worker, "Threads:")? == "1";
        let same_mask = field(&worker, "Umask:")? == own_mask()?;
        let blocked = field(&worker, "SigBlk:")?.bytes().any(|digit| digit != b'0');
        let at_home = directory == folder && descriptors == DESCRIPTORS_AT_REST;
        Some(one_thread && empty && at_home && same_mask && !blocked)
    };
    look().unwrap_or(false)
}

/// The mask that workers begin with; this process never changes it.
fn own_mask() -> Option<&'static str> {
    static MASK: OnceLock<Option<String>> = OnceLock::new();
    let read = || Some(field(&status(std::process::id())?, "Umask:")?.to_owned());
    MASK.get_or_init(read).as_deref()
}

fn status(process: u32) -> Option<String> {
    // The kernel writes it anew for every piece that is read.
    let mut text = Vec::with_capacity(4096);
    fs_err::File::open(format!("/proc/{process}/status")).ok()?.read_to_end(&mut text).ok()?;
    String::from_utf8(text).ok()
}

fn field<'s>(status: &'s str, name: &str) -> Option<&'s str> {
    status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim)
}
