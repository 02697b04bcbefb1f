//! The worker's side: receive, confine, load, derive, answer.

use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use arrow_ipc::writer::StreamWriter;
use plugin_api::host_side::{HostServices, RawOutput, ServicesHandle};
use plugin_api::{Input, Level, ModuleError};

use crate::modules::library::{self, Batches, matrix_elements};
use crate::modules::manifest;
use crate::modules::worker::frames::{self, Extent, Frame, Parts, Request};
use crate::platform::{self, MemoryFile, SealedFile};

/// Answers one request on standard input. The error is for the log only: the host hears of it by the missing DONE.
///
/// # Errors
/// When the host is gone or its request malformed.
pub fn run() -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    let (request, descriptors) = frames::receive::<Request>(&socket, None)?
        .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "no request"))?;
    let confinement = platform::confine(&request.limits);
    frames::send(&socket, &Frame::Ready { confinement }, &[])?;
    let frame = match answer(&socket, &request, descriptors) {
        Ok(done) => done,
        Err(Failure::Memory) => Frame::OutOfMemory,
        Err(Failure::Refused(message)) => Frame::Refused { message },
        Err(Failure::Module(error)) => Frame::Failed { error },
    };
    frames::send(&socket, &frame, &[]).or_else(|error| {
        if error.kind() != io::ErrorKind::InvalidInput {
            return Err(error);
        }
        let error = ModuleError::internal("its answer is longer than a control message may be");
        frames::send(&socket, &Frame::Failed { error }, &[])
    })
}

enum Failure {
    Memory,
    Refused(String),
    Module(ModuleError),
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

fn answer(socket: &UnixStream, request: &Request, descriptors: Vec<OwnedFd>) -> Result<Frame, Failure> {
    let mut descriptors = descriptors.into_iter();
    let mut next = || {
        descriptors
            .next()
            .ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "a descriptor is missing"))
    };
    let library_file = SealedFile::from_descriptor(next()?)?;
    let result = MemoryFile::from_descriptor(next()?);
    let mut mappings = Vec::new();
    for _ in &request.inputs {
        mappings.push(SealedFile::from_descriptor(next()?)?.map()?);
    }
    let inputs: Vec<Input<'_>> = request
        .inputs
        .iter()
        .zip(&mappings)
        .map(|(input, bytes)| Input { role: &input.role, name: &input.name, bytes })
        .collect();

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
    let services = Services::new(socket, Duration::from_millis(request.limits.timeout_milliseconds));
    let handle = ServicesHandle::new(&services);
    let done = library::derive(&module, &inputs, &request.parameters, &handle, |output| {
        let mut writer = ResultWriter { file: result, written: 0 };
        writer.write(output)
    })?;
    // The library was opened by the name of this descriptor, so the descriptor lives as long as the library: for ever.
    std::mem::forget(library_file);
    Ok(done)
}

/// Counts what it writes, so that each part's place is known.
struct ResultWriter {
    file: MemoryFile,
    written: u64,
}

impl ResultWriter {
    fn write(&mut self, output: RawOutput<'_>) -> Result<Frame, ModuleError> {
        let report =
            serde_json::to_vec(&output.report).map_err(|error| ModuleError::internal(error.to_string()))?;
        let report = self.part(|file| file.write_all(&report).map_err(write_error))?;
        let mut streams = output.streams.into_iter();
        let tables = streams
            .by_ref()
            .take(output.report.tables.len())
            .map(|stream| self.part(|file| file.table(Batches::new(stream)?)))
            .collect::<Result<_, _>>()?;
        let matrices = streams
            .map(|stream| {
                let elements = matrix_elements(Batches::new(stream)?)?;
                self.part(|file| file.write_all(elements.inner()).map_err(write_error))
            })
            .collect::<Result<_, _>>()?;
        Ok(Frame::Done { parts: Parts { report, tables, matrices } })
    }

    fn table(&mut self, batches: Batches<'_>) -> Result<(), ModuleError> {
        let mut writer =
            StreamWriter::try_new(self, &batches.schema()).map_err(|error| arrow_error(&error))?;
        for batch in batches {
            writer.write(&batch?).map_err(|error| arrow_error(&error))?;
        }
        writer.finish().map_err(|error| arrow_error(&error))
    }

    fn part(
        &mut self,
        write: impl FnOnce(&mut Self) -> Result<(), ModuleError>,
    ) -> Result<Extent, ModuleError> {
        // A reader can use the bytes where they are when each part begins at a multiple of 64.
        let padding = usize::try_from(self.written.next_multiple_of(64) - self.written).unwrap_or_default();
        self.write_all(&[0; 64][..padding]).map_err(write_error)?;
        let offset = self.written;
        write(self)?;
        Ok(Extent { offset, length: self.written - offset })
    }
}

impl Write for ResultWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn write_error(error: io::Error) -> ModuleError {
    ModuleError::internal(format!("cannot write the result: {error}"))
}

fn arrow_error(error: &arrow_schema::ArrowError) -> ModuleError {
    ModuleError::internal(format!("cannot write the result: {error}"))
}

/// Sends log and progress to the host; asks the module to stop when its time is up.
struct Services<'s> {
    socket: &'s UnixStream,
    /// Frames of several threads must not mix; progress is sent at most every 50 ms.
    last_progress: Mutex<Option<Instant>>,
    deadline: Instant,
}

impl<'s> Services<'s> {
    fn new(socket: &'s UnixStream, timeout: Duration) -> Self {
        let now = Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or(now);
        Self { socket, last_progress: Mutex::new(None), deadline }
    }

    fn send(&self, frame: &Frame) {
        // A host that is gone cannot be told; the parent-death signal ends this process.
        let _ = frames::send(self.socket, frame, &[]);
    }
}

impl HostServices for Services<'_> {
    fn log(&self, level: Level, text: &str) {
        let text = text.chars().take(4096).collect();
        let _guard = self.last_progress.lock();
        self.send(&Frame::Log { level: level as u32, text });
    }

    fn progress(&self, fraction: f64, doing: &str) {
        let Ok(mut last) = self.last_progress.lock() else { return };
        let due = last.is_none_or(|last| last.elapsed() >= Duration::from_millis(50));
        if due && fraction.is_finite() {
            *last = Some(Instant::now());
            self.send(&Frame::Progress {
                fraction: fraction.clamp(0.0, 1.0),
                doing: doing.chars().take(200).collect(),
            });
        }
    }

    fn cancelled(&self) -> bool {
        Instant::now() >= self.deadline
    }
}
