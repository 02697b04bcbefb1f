//! The one seam to the operating system: memory files, worker limits, loading from memory.
//!
//! On Linux a [`SealedFile`] is an anonymous memory file that nobody can change any more. Elsewhere, and with the
//! cargo feature `portable`, it is an unlinked private temporary file: the same interface, without the seal. What was
//! really enforced is reported by [`Confinement`], never assumed.

#[cfg(all(target_os = "linux", not(feature = "portable")))]
#[path = "linux/mod.rs"]
mod system;
#[cfg(any(not(target_os = "linux"), feature = "portable"))]
#[path = "portable.rs"]
mod system;

mod confinement;
mod copying;
mod mapping;
mod resource_limits;

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use confinement::{Cell, Confinement, ConfinementLevel};
pub use mapping::Mapping;

/// What a worker is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Address space and file size, bytes.
    pub memory_bytes: u64,
    /// Wall time, milliseconds.
    pub timeout_milliseconds: u64,
}

/// How this very program is started again. It may have been replaced since by a newer one under the same name.
///
/// # Errors
/// When the system does not say which program this is.
pub fn own_program() -> io::Result<PathBuf> {
    system::own_program()
}

/// Lets all threads of this process share one heap, where the system can, so that its size does not grow with the number
/// of threads that ever worked. Costs them a little waiting for each other; for the beginning of a long-lived process.
pub fn share_heap() {
    system::share_heap();
}

/// Lets a write beyond the limit of the size of files fail as any other write does, where the system would end this
/// process. Programs that it starts are not concerned.
pub fn report_file_size_as_error() {
    system::report_file_size_as_error();
}

/// Lets this process have as many files open as the system lets it have at most: each connection is one.
pub fn allow_open_files() {
    resource_limits::allow_open_files();
}

/// The beginning of a worker, before it opens anything: it lets go of the descriptors that it inherited.
#[must_use]
pub fn begin() -> Confinement {
    system::begin()
}

/// Limits and separates this process before foreign code is loaded.
///
/// # Errors
/// When the host that started this process is gone.
pub fn confine(begun: Confinement, cell: &Cell) -> io::Result<Confinement> {
    system::confine(begun, cell)
}

/// What a process is like, as far as the system shows it to others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// What a derivation may change and the next one would find, in the words of the system.
    lasting: Vec<String>,
    /// Writable memory of its own.
    memory_bytes: u64,
}

impl Condition {
    /// That of this process.
    #[must_use]
    pub fn own() -> Self {
        system::own_condition()
    }
}

/// A worker seen from outside.
#[derive(Debug)]
pub struct Watch(system::Watch);

impl Watch {
    /// Begins to watch a process that has not ended.
    ///
    /// # Errors
    /// When the system does not show it.
    pub fn of(process: u32) -> io::Result<Self> {
        system::Watch::of(process).map(Self)
    }

    /// How many threads it has, where the system tells.
    #[must_use]
    pub fn thread_count(&self) -> Option<usize> {
        self.0.thread_count()
    }

    /// Most memory it has had resident, bytes, where the system tells.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        self.0.peak_memory_bytes()
    }

    /// Whether a worker that has answered is as it began, in its folder, with half of its memory to spare. Where the
    /// system does not show that, it is not.
    #[must_use]
    pub fn is_at_rest(&mut self, begun: &Condition, folder: &Path, memory_limit_bytes: u64) -> bool {
        self.0.is_at_rest(begun, folder, memory_limit_bytes)
    }

    /// How much it holds on a device in files that are open and that no folder shows any more.
    #[must_use]
    pub fn nameless_bytes(&mut self, device: u64) -> u64 {
        self.0.nameless_bytes(device)
    }
}

/// Which boot of which machine this is, and which namespace of processes: where the number of a process means something.
#[must_use]
pub fn place() -> String {
    system::place()
}

/// What the machine is called.
#[must_use]
pub fn machine_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Most memory that this process has had resident, bytes, where the system tells.
#[must_use]
pub fn peak_memory_bytes() -> Option<u64> {
    system::peak_memory_bytes()
}

/// A process that this one did not start. It stays what it was when its number is given to another.
#[derive(Debug)]
pub struct OtherProcess(system::OtherProcess);

impl OtherProcess {
    /// The process that has this number now; nothing if there is none.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn of(number: u32) -> io::Result<Option<Self>> {
        Ok(system::OtherProcess::of(number)?.map(Self))
    }

    /// Tells it to end. One that has ended already is no error.
    ///
    /// # Errors
    /// When this user may not.
    pub fn terminate(&self) -> io::Result<()> {
        self.0.terminate()
    }

    /// Ends it without asking. One that has ended already is no error.
    ///
    /// # Errors
    /// When this user may not.
    pub fn kill(&self) -> io::Result<()> {
        self.0.kill()
    }

    /// Waits for its end; whether it came in time.
    #[must_use]
    pub fn ends_within(&self, patience: Duration) -> bool {
        self.0.ends_within(patience)
    }
}

/// A private memory file that is still being written.
#[derive(Debug)]
pub struct MemoryFile {
    file: File,
}

impl MemoryFile {
    /// An empty one.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn create(name: &str) -> io::Result<Self> {
        Ok(Self { file: system::memory_file(name)? })
    }

    /// Takes over a descriptor that another process sent.
    #[must_use]
    pub fn from_descriptor(descriptor: OwnedFd) -> Self {
        Self { file: File::from(descriptor) }
    }

    /// Ends all writing to a file that nobody else has had.
    ///
    /// # Errors
    /// When the system refuses.
    fn seal(self) -> io::Result<SealedFile> {
        system::seal_own(&self.file)?;
        let length = self.file.metadata()?.len();
        Ok(SealedFile { file: self.file, length })
    }

    /// Ends all writing to a file that another process has had as well.
    ///
    /// # Errors
    /// When the system refuses, for instance because somebody holds a writable mapping.
    pub fn end_writing(self) -> io::Result<()> {
        system::seal_shared(&self.file)
    }
}

impl MemoryFile {
    /// Writes at a place, wherever others write.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn write_at(&self, bytes: &[u8], place: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::write_at(&self.file, bytes, place)
    }

    /// Reads from a place into private memory.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn read_at(&self, bytes: &mut [u8], place: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.file, bytes, place)
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// Bytes that cannot change any more.
#[derive(Debug)]
pub struct SealedFile {
    file: File,
    length: u64,
}

impl SealedFile {
    /// Copies bytes into a new one.
    ///
    /// # Errors
    /// When the system has no room for it.
    pub fn from_bytes(name: &str, bytes: &[u8]) -> io::Result<Self> {
        let mut file = MemoryFile::create(name)?;
        file.write_all(bytes)?;
        file.seal()
    }

    /// Takes over a descriptor that another process sent and sealed.
    ///
    /// # Errors
    /// When its length cannot be read.
    pub fn from_descriptor(descriptor: OwnedFd) -> io::Result<Self> {
        let file = File::from(descriptor);
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    /// Number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Maps the bytes.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn map(&self) -> io::Result<Mapping> {
        Mapping::of_sealed(&self.file, self.length)
    }

    /// A path from which the dynamic loader can load these bytes. Valid while `self` and the returned guard live.
    ///
    /// # Errors
    /// When a private copy is needed and cannot be written.
    pub fn loadable(&self) -> io::Result<Loadable> {
        system::loadable(&self.file)
    }
}

impl AsFd for SealedFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// A path for the dynamic loader, and what must live as long as the library.
#[derive(Debug)]
pub struct Loadable {
    /// The path.
    pub path: PathBuf,
    /// Directory of a private copy.
    pub directory: Option<tempfile::TempDir>,
}

#[cfg(test)]
mod tests;
