//! One process that a module runs in: started, listened to, ended with everything that it started.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::digest::Digest;
use crate::modules::worker::folder::Folder;
use crate::modules::worker::frames::{self, Start};
use crate::modules::worker::printed::Printed;
use crate::platform::{self, Cell, Condition, ConfinementLevel, Limits, SealedFile, Watch};

/// Most threads of a module.
pub(super) const THREAD_LIMIT: usize = 1000;

/// How often a process is looked at.
const SLICE: Duration = Duration::from_millis(100);

/// What a process was started for. It serves nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// The library.
    pub library: Digest,
    /// Within which limits.
    pub limits: Limits,
    /// How well it must be confined to load the library.
    pub minimum_confinement: ConfinementLevel,
}

/// A running process. Dropping it ends it.
#[derive(Debug)]
pub(in crate::modules) struct Process {
    child: Child,
    socket: UnixStream,
    printed: Printed,
    /// Its working directory, removed after it has ended.
    folder: Folder,
    /// None where the system does not show a process.
    watch: Option<Watch>,
    /// When it was last looked at: a module that keeps the host listening is looked at all the same.
    looked: Instant,
    ended: bool,
    pub(super) terms: Terms,
}

/// How a process ended.
#[derive(Debug)]
pub(in crate::modules) struct End {
    pub(super) status: io::Result<ExitStatus>,
    /// Whether it had ended before it was killed.
    pub(super) left_by_itself: bool,
    pub(super) printed: String,
}

/// Why no frame came.
#[derive(Debug)]
pub(in crate::modules) enum NoFrame {
    TimeIsUp,
    TooManyThreads,
    TooManyFiles,
    TooLargeFiles,
    Garbage(io::Error),
    Silence(Option<io::Error>),
}

impl Process {
    /// Starts the host again with a hidden verb and tells it what to load. It has not answered yet.
    pub(in crate::modules) fn start(verb: &[&str], terms: Terms, library: &SealedFile) -> io::Result<Self> {
        let folder = Folder::create()?;
        let (socket, theirs) = UnixStream::pair()?;
        // One that does not read its request must not hold the host up.
        let time = Duration::from_millis(terms.limits.timeout_milliseconds);
        socket.set_write_timeout(Some(time.saturating_add(Duration::from_secs(1))))?;
        let mut child = Command::new(platform::own_program()?)
            .arg0("host")
            .args(verb)
            .env_clear()
            .env("TMPDIR", folder.path())
            .current_dir(folder.path())
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()?;
        let printed = Printed::of(child.stderr.take());
        let watch = Watch::of(child.id()).ok();
        let looked = Instant::now();
        let process = Self { child, socket, printed, folder, watch, looked, ended: false, terms };
        let folder = process.folder.path().to_owned();
        let cell = Cell { limits: terms.limits, folder, host_process: std::process::id() };
        let start = Start { cell, minimum_confinement: terms.minimum_confinement };
        // One that cannot be told will not answer either; how it ended says more than this error.
        let _ = process.send(&start, &[library.as_fd()]);
        Ok(process)
    }

    pub(super) fn number(&self) -> u32 {
        self.child.id()
    }

    pub(in crate::modules) fn send(
        &self,
        message: &impl Serialize,
        descriptors: &[BorrowedFd<'_>],
    ) -> io::Result<()> {
        frames::send(&self.socket, message, descriptors)
    }

    /// The next frame before the deadline.
    pub(in crate::modules) fn frame<F: DeserializeOwned>(&mut self, deadline: Instant) -> Result<F, NoFrame> {
        loop {
            self.wait_for_frame(deadline)?;
            match frames::receive::<F>(&self.socket, Some(deadline)) {
                Ok(Some((frame, _))) => return Ok(frame),
                Ok(None) => return Err(NoFrame::Silence(None)),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => return Err(NoFrame::TimeIsUp),
                    io::ErrorKind::InvalidData => return Err(NoFrame::Garbage(error)),
                    io::ErrorKind::Interrupted => {}
                    _ => return Err(NoFrame::Silence(Some(error))),
                },
            }
        }
    }

    /// Waits for a frame, the deadline, or the end of the process, whose socket another one may keep open. What it
    /// prints is read meanwhile, so that a full pipe does not stop it.
    fn wait_for_frame(&mut self, deadline: Instant) -> Result<(), NoFrame> {
        let process = self.id();
        loop {
            self.look()?;
            let ended = process.is_some_and(has_ended);
            let slice = if ended { Duration::ZERO } else { SLICE };
            let slice = Timespec { tv_sec: 0, tv_nsec: slice.subsec_nanos().into() };
            let mut descriptors = vec![PollFd::new(&self.socket, PollFlags::IN)];
            descriptors
                .extend(self.printed.descriptor().map(|pipe| PollFd::from_borrowed_fd(pipe, PollFlags::IN)));
            let ready = poll(&mut descriptors, Some(&slice));
            let mut ready_descriptors = descriptors.iter().map(|descriptor| !descriptor.revents().is_empty());
            let (frame, print) =
                (ready_descriptors.next() == Some(true), ready_descriptors.next() == Some(true));
            drop(descriptors);
            match ready {
                // What it sent before it ended is still there to be read.
                Ok(0) if ended => return Err(NoFrame::Silence(None)),
                Ok(_) if frame => return Ok(()),
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(NoFrame::Silence(Some(error.into()))),
            }
            if print {
                self.printed.read_what_is_there();
            }
            if Instant::now() >= deadline {
                return Err(NoFrame::TimeIsUp);
            }
        }
    }

    /// Looks, when it is time to, at what no limit of the system bounds: the number of threads, and what the files of
    /// its own are together. What is written and removed between two looks is not seen, nor is a file without a name
    /// that is mapped and not open.
    fn look(&mut self) -> Result<(), NoFrame> {
        if self.looked.elapsed() < SLICE {
            return Ok(());
        }
        let threads = self.watch.as_ref().and_then(Watch::thread_count);
        if threads.is_some_and(|threads| threads > THREAD_LIMIT) {
            return Err(NoFrame::TooManyThreads);
        }
        let named = self.folder.bytes().ok_or(NoFrame::TooManyFiles)?;
        let nameless = self.watch.as_mut().map_or(0, |watch| watch.nameless_bytes(self.folder.device()));
        if named.saturating_add(nameless) > self.terms.limits.memory_bytes {
            return Err(NoFrame::TooLargeFiles);
        }
        // A look that takes long is not repeated at once.
        self.looked = Instant::now();
        Ok(())
    }

    /// Most memory it has had resident, bytes, where the system tells.
    pub(super) fn peak_memory_bytes(&self) -> Option<u64> {
        self.watch.as_ref()?.peak_memory_bytes()
    }

    /// Whether it may serve another request: nothing of the last one is left of what can be seen from outside.
    pub(super) fn is_at_rest(&mut self, begun: &Condition) -> bool {
        self.printed.read_what_is_there();
        self.printed.forget();
        let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
        let quiet = poll(&mut sockets, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) == Ok(0);
        let limit = self.terms.limits.memory_bytes;
        quiet
            && self.folder.is_empty()
            && self.watch.as_mut().is_some_and(|watch| watch.is_at_rest(begun, self.folder.path(), limit))
    }

    /// Its number, which is also that of its group.
    fn id(&self) -> Option<Pid> {
        i32::try_from(self.child.id()).ok().and_then(Pid::from_raw)
    }

    /// Ends the process and everything that it started. One that went silent gets a moment to die of its own cause, so
    /// that the message can name it.
    pub(in crate::modules) fn end(&mut self) -> End {
        self.ended = true;
        let process = self.id();
        let mut left_by_itself = process.is_some_and(has_ended);
        let patience = Instant::now() + Duration::from_millis(200);
        while !left_by_itself && self.peer_is_gone() && Instant::now() < patience {
            std::thread::yield_now();
            left_by_itself = process.is_some_and(has_ended);
        }
        // It is not reaped yet, so its number still stands for its group; the group may be empty already.
        let _ = process.map(|group| kill_process_group(group, Signal::KILL));
        // Where nothing forbids it the process may have left its group.
        let _ = self.child.kill();
        let status = self.child.wait();
        // The others die when the kernel gets round to it; when this returns none of them is left.
        let patience = Instant::now() + Duration::from_secs(2);
        while process.is_some_and(|group| test_kill_process_group(group).is_ok()) && Instant::now() < patience
        {
            std::thread::yield_now();
        }
        self.printed.read_what_is_there();
        End { status, left_by_itself, printed: self.printed.text() }
    }

    fn peer_is_gone(&self) -> bool {
        self.socket.set_nonblocking(true).is_ok() && matches!((&self.socket).read(&mut [0]), Ok(0))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}

/// Whether a process has ended, without reaping it.
fn has_ended(process: Pid) -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    matches!(waitid(WaitId::Pid(process), options), Ok(Some(_)))
}
