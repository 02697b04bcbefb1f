//! What a worker prints. Never waited for: a process that got away may keep the pipe open.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::process::ChildStderr;

/// How much of what a module prints is kept for the error message.
const LIMIT_BYTES: usize = 16 << 10;

/// The beginning of what a worker prints.
#[derive(Debug)]
pub(super) struct Printed {
    pipe: Option<ChildStderr>,
    kept: Vec<u8>,
}

impl Printed {
    pub(super) fn of(pipe: Option<ChildStderr>) -> Self {
        let pipe = pipe.filter(|pipe| rustix::io::ioctl_fionbio(pipe.as_fd(), true).is_ok());
        Self { pipe, kept: Vec::new() }
    }

    pub(super) fn read_what_is_there(&mut self) {
        let mut block = [0; 1 << 14];
        // A module that prints without end must not keep the host from looking at the clock.
        for _ in 0..64 {
            let Some(pipe) = &mut self.pipe else { return };
            match pipe.read(&mut block) {
                Ok(0) => self.pipe = None,
                Ok(count) => {
                    let room = LIMIT_BYTES.saturating_sub(self.kept.len());
                    self.kept.extend(block.iter().take(count.min(room)));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// What is still open to be read.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.pipe.as_ref().map(AsFd::as_fd)
    }

    /// The next derivation prints for itself.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}
