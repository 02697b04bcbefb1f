//! Writes what a module returned into the result file.

use std::io::{self, BufWriter, Write};

use arrow_ipc::writer::StreamWriter;
use plugin_api::ModuleError;
use plugin_api::host_side::RawOutput;

use crate::modules::library::{Batches, matrix_elements};
use crate::modules::worker::frames::{Extent, Frame, Parts};
use crate::platform::MemoryFile;

/// The writer copies each message before it is written: short ones stay in the processor's cache and do not need the
/// module's memory limit twice.
const ROWS_PER_MESSAGE: usize = 1 << 17;

/// A message is written in many small pieces; columns are longer than this and pass it by.
const BUFFER_BYTES: usize = 64 << 10;

/// Counts what it writes, so that each part's place is known.
pub(super) struct ResultWriter {
    file: BufWriter<MemoryFile>,
    written: u64,
}

impl ResultWriter {
    pub(super) fn new(file: MemoryFile) -> Self {
        Self { file: BufWriter::with_capacity(BUFFER_BYTES, file), written: 0 }
    }

    pub(super) fn write(&mut self, output: RawOutput<'_>) -> Result<Frame, ModuleError> {
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
        self.flush().map_err(write_error)?;
        Ok(Frame::Done { parts: Parts { report, tables, matrices } })
    }

    fn table(&mut self, batches: Batches<'_>) -> Result<(), ModuleError> {
        let mut writer =
            StreamWriter::try_new(self, &batches.schema()).map_err(|error| arrow_error(&error))?;
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
