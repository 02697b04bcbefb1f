//! The worker's side: confine, load, then derive as often as it is asked.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use plugin_api::host_side::{HostServices, LoadedModule, ServicesHandle};
use plugin_api::{Input, Level, ModuleError};
use serde::de::DeserializeOwned;

use crate::modules::library;
use crate::modules::manifest;
use crate::modules::worker::frames::{self, Frame, Request, Start};
use crate::modules::worker::parent::PROGRESS_PAUSE;
use crate::modules::worker::result::{ResultWriter, Sender};
use crate::platform::{self, Condition, MemoryFile, SealedFile};

/// A process that is confined, and says so, and has not loaded anything yet.
#[derive(Debug)]
pub(in crate::modules) struct Confined<T> {
    pub(in crate::modules) socket: UnixStream,
    /// What it is to load.
    pub(in crate::modules) library: SealedFile,
    /// What it opened while it still could.
    pub(in crate::modules) opened: T,
}

/// Learns on standard input what to load and confines this process. Nothing, when that is less than what is demanded.
///
/// # Errors
/// When the host is gone or its request malformed.
pub(in crate::modules) fn enter<T>(open: impl FnOnce() -> T) -> io::Result<Option<Confined<T>>> {
    let begun = platform::begin();
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (start, descriptors) = receive::<Start>(&socket)?;
    let library = SealedFile::from_descriptor(next(&mut descriptors.into_iter())?)?;
    let opened = open();
    let condition = Condition::own();
    let confinement = platform::confine(begun, &start.cell)?;
    if confinement.level < start.minimum_confinement {
        frames::send(&socket, &Frame::Unconfined { confinement }, &[])?;
        return Ok(None);
    }
    frames::send(&socket, &Frame::Ready { confinement, condition }, &[])?;
    Ok(Some(Confined { socket, library, opened }))
}

/// A message that must come.
pub(in crate::modules) fn receive<T: DeserializeOwned>(socket: &UnixStream) -> io::Result<(T, Vec<OwnedFd>)> {
    let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "no request");
    frames::receive(socket, None)?.ok_or_else(missing)
}

/// Confines itself, loads one module and answers requests on standard input until the host closes it. The error is for
/// the log only: the host hears of it by the missing DONE.
///
/// # Errors
/// When the host is gone or its request malformed.
pub fn run() -> io::Result<()> {
    let Some(Confined { socket, library, .. }) = enter(|| ())? else { return Ok(()) };
    let module = match load(library) {
        Ok(module) => module,
        Err(failure) => return send(&socket, &failure.into()),
    };
    while let Some((request, descriptors)) = frames::receive::<Request>(&socket, None)? {
        frames::send(&socket, &Frame::Accepted, &[])?;
        let frame = answer(&socket, module, &request, descriptors).unwrap_or_else(Frame::from);
        let fit_for_more = floating_point_is_as_it_was();
        send(&socket, &frame)?;
        if !fit_for_more {
            break;
        }
    }
    Ok(())
}

fn send(socket: &UnixStream, frame: &Frame) -> io::Result<()> {
    frames::send(socket, frame, &[]).or_else(|error| {
        if error.kind() != io::ErrorKind::InvalidInput {
            return Err(error);
        }
        let error = ModuleError::internal("its answer is longer than a control message may be");
        frames::send(socket, &Frame::Failed { error }, &[])
    })
}

/// A module may set how the processor rounds. Whoever comes next would get other bytes.
fn floating_point_is_as_it_was() -> bool {
    use std::hint::black_box;

    let (one, little, tiny) = (black_box(1.0_f64), black_box(1e-30_f64), black_box(f64::MIN_POSITIVE));
    let to_nearest = [one + little, one - little, -one + little, -one - little]
        .into_iter()
        .zip([1.0_f64, 1.0, -1.0, -1.0])
        .all(|(sum, expected)| sum.to_bits() == expected.to_bits());
    to_nearest && (tiny / 2.0).to_bits() != 0 && (black_box(f64::from_bits(1)) * 2.0).to_bits() == 2
}

enum Failure {
    Memory,
    Refused(String),
    Module(ModuleError),
}

impl From<Failure> for Frame {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Memory => Self::OutOfMemory,
            Failure::Refused(message) => Self::Refused { message },
            Failure::Module(error) => Self::Failed { error },
        }
    }
}

impl From<ModuleError> for Failure {
    fn from(error: ModuleError) -> Self {
        Self::Module(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::OutOfMemory {
            return Self::Memory;
        }
        Self::Refused(format!("the worker cannot read its request: {error}"))
    }
}

/// Loads the module; its library stays for the life of the process.
fn load(library_file: SealedFile) -> Result<LoadedModule, Failure> {
    let embedded =
        manifest::read(&library_file.map()?).map_err(|fault| Failure::Refused(fault.to_string()))?;
    let loadable = library_file.loadable()?;
    let module = library::load(&loadable.path, &embedded).map_err(|error| {
        let text = error.to_string();
        // The dynamic loader says so only in words.
        if text.contains("cannot allocate") || text.contains("failed to map") {
            Failure::Memory
        } else {
            Failure::Refused(text)
        }
    })?;
    // The library was opened by the name of this descriptor, so the descriptor lives as long as the library: for ever.
    std::mem::forget(library_file);
    Ok(module)
}

fn next(descriptors: &mut impl Iterator<Item = OwnedFd>) -> io::Result<OwnedFd> {
    let missing = || io::Error::new(io::ErrorKind::UnexpectedEof, "a descriptor is missing");
    descriptors.next().ok_or_else(missing)
}

fn answer(
    socket: &UnixStream,
    module: LoadedModule,
    request: &Request,
    descriptors: Vec<OwnedFd>,
) -> Result<Frame, Failure> {
    let mut descriptors = descriptors.into_iter();
    let result = MemoryFile::from_descriptor(next(&mut descriptors)?);
    let mut mappings = Vec::new();
    for _ in &request.inputs {
        mappings.push(SealedFile::from_descriptor(next(&mut descriptors)?)?.map()?);
    }
    let inputs: Vec<Input<'_>> = request
        .inputs
        .iter()
        .zip(&mappings)
        .map(|(input, bytes)| Input { role: &input.role, name: &input.name, bytes })
        .collect();
    let services = Services::new(socket, Duration::from_millis(request.timeout_milliseconds));
    let handle = ServicesHandle::new(&services);
    let done = library::derive(&module, &inputs, &request.parameters, &handle, |output| {
        ResultWriter::new(result, &services).write(output)
    })?;
    Ok(done)
}

/// Sends log and progress to the host; asks the module to stop when its time is up.
struct Services<'s> {
    socket: &'s UnixStream,
    /// Frames of several threads must not mix; progress is sent after a pause.
    last_progress: Mutex<Option<Instant>>,
    deadline: Instant,
}

impl<'s> Services<'s> {
    fn new(socket: &'s UnixStream, timeout: Duration) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now);
        Self { socket, last_progress: Mutex::new(None), deadline }
    }

    fn say(&self, frame: &Frame) {
        // A host that is gone cannot be told; the parent-death signal ends this process.
        let _ = frames::send(self.socket, frame, &[]);
    }
}

impl Sender for Services<'_> {
    fn send(&self, frame: &Frame) -> io::Result<()> {
        let _guard = self.last_progress.lock();
        frames::send(self.socket, frame, &[])
    }

    fn socket(&self) -> &UnixStream {
        self.socket
    }
}

impl HostServices for Services<'_> {
    fn log(&self, level: Level, text: &str) {
        let text = text.chars().take(4096).collect();
        let _guard = self.last_progress.lock();
        self.say(&Frame::Log { level: level as u32, text });
    }

    fn progress(&self, fraction: f64, doing: &str) {
        let Ok(mut last) = self.last_progress.lock() else { return };
        let due = last.is_none_or(|last| last.elapsed() >= PROGRESS_PAUSE);
        if due && fraction.is_finite() {
            *last = Some(Instant::now());
            self.say(&Frame::Progress {
                fraction: fraction.clamp(0.0, 1.0),
                doing: doing.chars().take(200).collect(),
            });
        }
    }

    fn cancelled(&self) -> bool {
        Instant::now() >= self.deadline
    }
}
