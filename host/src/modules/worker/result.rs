//! Hands what a module returned to the host, piece by piece: memory is bounded by a batch, not by the result.
//!
//! The answer: the report behind its length, each table as an Arrow IPC stream, the elements of each matrix, row after row,
//! behind their number, and remarks, if the report says so, behind their length. Numbers are of 64 bits, little endian.

use std::io::{self, BufWriter, Write};
use std::os::unix::net::UnixStream;

use arrow_ipc::writer::StreamWriter;
use plugin_api::ModuleError;
use plugin_api::host_side::RawOutput;

use crate::modules::library::{Batches, matrix_elements, remarks_text};
use crate::modules::worker::frames::{self, Frame, SEGMENT_BYTES, Taken};
use crate::platform::MemoryFile;

/// The writer copies each message before it is written, and the host holds one: short ones stay in the processor's cache.
const ROWS_PER_MESSAGE: usize = 1 << 13;

/// A message is written in many small pieces; columns are longer than this and pass it by.
const BUFFER_BYTES: usize = 64 << 10;

/// Sends frames that must not mix with those of other threads.
pub(super) trait Sender {
    fn send(&self, frame: &Frame) -> io::Result<()>;
    fn socket(&self) -> &UnixStream;
}

/// Writes an answer.
pub(super) struct ResultWriter<'s, S: Sender> {
    file: BufWriter<Segments<'s, S>>,
}

impl<'s, S: Sender> ResultWriter<'s, S> {
    pub(super) fn new(file: MemoryFile, sender: &'s S) -> Self {
        let segments = Segments { file, sender, half: 0, filled: 0, untaken: 0 };
        Self { file: BufWriter::with_capacity(BUFFER_BYTES, segments) }
    }

    /// Writes all of it; the frame says where it ends.
    pub(super) fn write(mut self, output: RawOutput<'_>) -> Result<Frame, ModuleError> {
        let written = self.write_parts(output);
        // What is handed over is taken before anything else is said: the socket is empty when a request comes.
        let settled = self.file.flush().and_then(|()| self.file.get_mut().settle()).map_err(write_error);
        written.and(settled)?;
        Ok(Frame::Done { bytes: self.file.get_ref().filled as u64 })
    }

    fn write_parts(&mut self, output: RawOutput<'_>) -> Result<(), ModuleError> {
        let report =
            serde_json::to_vec(&output.report).map_err(|error| ModuleError::internal(error.to_string()))?;
        self.counted(report.len(), &report)?;
        let (tables, matrices) = (output.report.tables.len(), output.report.matrices.len());
        if output.streams.len() != tables + matrices + usize::from(output.report.remarks) {
            return Err(ModuleError::internal("its tables and matrices are not those of the report"));
        }
        let mut streams = output.streams.into_iter();
        for stream in streams.by_ref().take(tables) {
            self.table(Batches::new(stream)?)?;
        }
        for stream in streams.by_ref().take(matrices) {
            let elements = matrix_elements(Batches::new(stream)?)?;
            self.counted(elements.len(), elements.inner())?;
        }
        for stream in streams {
            let remarks = remarks_text(Batches::new(stream)?)?;
            self.counted(remarks.len(), remarks.as_bytes())?;
        }
        Ok(())
    }

    /// Bytes behind the number of things in them.
    fn counted(&mut self, count: usize, bytes: &[u8]) -> Result<(), ModuleError> {
        self.file.write_all(&(count as u64).to_le_bytes()).map_err(write_error)?;
        self.file.write_all(bytes).map_err(write_error)
    }

    fn table(&mut self, batches: Batches<'_>) -> Result<(), ModuleError> {
        let mut writer =
            StreamWriter::try_new(&mut self.file, &batches.schema()).map_err(|error| arrow_error(&error))?;
        for batch in batches {
            let batch = batch?;
            let rows = batch.num_rows();
            // An empty batch is passed on too.
            for start in (0..rows.max(1)).step_by(ROWS_PER_MESSAGE) {
                let part = batch.slice(start, ROWS_PER_MESSAGE.min(rows - start));
                writer.write(&part).map_err(|error| arrow_error(&error))?;
            }
        }
        writer.finish().map_err(|error| arrow_error(&error))
    }
}

/// The two halves of the result file.
struct Segments<'s, S: Sender> {
    file: MemoryFile,
    sender: &'s S,
    half: usize,
    filled: usize,
    /// Segments that the host has not read yet.
    untaken: usize,
}

impl<S: Sender> Segments<'_, S> {
    /// Hands a full segment over and waits until the other half may be written.
    fn hand_over(&mut self) -> io::Result<()> {
        self.sender.send(&Frame::Segment)?;
        self.untaken += 1;
        (self.half, self.filled) = (1 - self.half, 0);
        if self.untaken == 2 { self.wait() } else { Ok(()) }
    }

    fn wait(&mut self) -> io::Result<()> {
        frames::receive::<Taken>(self.sender.socket(), None)?.ok_or(io::ErrorKind::BrokenPipe)?;
        self.untaken -= 1;
        Ok(())
    }

    fn settle(&mut self) -> io::Result<()> {
        while self.untaken > 0 {
            self.wait()?;
        }
        Ok(())
    }
}

impl<S: Sender> Write for Segments<'_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.filled == SEGMENT_BYTES {
            self.hand_over()?;
        }
        let room = bytes.len().min(SEGMENT_BYTES - self.filled);
        let place = (self.half * SEGMENT_BYTES + self.filled) as u64;
        let count = self.file.write_at(bytes.get(..room).unwrap_or_default(), place)?;
        self.filled += count;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as a function for map_err")]
fn write_error(error: io::Error) -> ModuleError {
    ModuleError::internal(format!("cannot write the result: {error}"))
}

fn arrow_error(error: &arrow_schema::ArrowError) -> ModuleError {
    ModuleError::internal(format!("cannot write the result: {error}"))
}
