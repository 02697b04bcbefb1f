//! Takes a module's answer apart as if it were hostile: extents, names, lengths, types, amounts.
//!
//! Invariant: the memory that an answer takes follows from the bytes that it has, not from the numbers in it; what
//! passes can be stored and read back.

mod fault;
mod report;
mod stream;
#[cfg(test)]
mod tests;

use arrow_buffer::{Buffer, ScalarBuffer};
use bytes::Bytes;
use plugin_api::host_side::{RawOutput, Report};
use plugin_api::{Descriptor, ModuleError};

use self::fault::{Fault, at_most, shown};
use self::stream::{ARRAYS_LIMIT, Stream};
use crate::dataset::{Dataset, SquareMatrix, Table};
use crate::error::Result;
use crate::modules::library::{Batches, matrix_elements};
use crate::modules::worker::frames::{Extent, Parts};
use crate::modules::worker::parent::Answer;

/// Tables and matrices of one dataset.
const PARTS_LIMIT: usize = 1000;

/// Reads what a worker wrote. Values stay where they are in the sealed result file.
pub(super) fn from_answer(descriptor: &Descriptor, answer: &Answer) -> Result<Dataset> {
    let mapping = answer.file.map().map_err(|error| {
        Fault::malformed(format!("its result file cannot be read: {error}")).of_module(&descriptor.id)
    })?;
    from_bytes(descriptor, &Bytes::from_owner(mapping), &answer.parts)
}

/// Reads the bytes of a result file, in which `parts` says what stands where.
///
/// # Errors
/// [`Kind::PluginCrashed`](crate::error::Kind::PluginCrashed) for what no worker writes,
/// [`Kind::Limit`](crate::error::Kind::Limit) for more than any dataset needs; never panics, whatever the bytes.
pub fn from_bytes(descriptor: &Descriptor, bytes: &Bytes, parts: &Parts) -> Result<Dataset> {
    take_apart(descriptor, bytes, parts).map_err(|fault| fault.of_module(&descriptor.id))
}

fn take_apart(descriptor: &Descriptor, bytes: &Bytes, parts: &Parts) -> fault::Result<Dataset> {
    at_most("tables and matrices", parts.tables.len() + parts.matrices.len(), PARTS_LIMIT)?;
    let extents = parts.tables.iter().chain(&parts.matrices).chain([&parts.report]);
    let total = extents.fold(0, |total: u64, extent| total.saturating_add(extent.length));
    if total > bytes.len() as u64 {
        // One part read a thousand times is a thousand parts.
        return Err(Fault::malformed("its parts are together longer than the result file"));
    }
    let report = report::parse(&part(bytes, &parts.report)?)?;
    let mut arrays = ARRAYS_LIMIT;
    let tables = parts
        .tables
        .iter()
        .map(|extent| stream::read(part(bytes, extent)?, &mut arrays))
        .collect::<fault::Result<Vec<_>>>()?;
    let matrices = parts
        .matrices
        .iter()
        .map(|extent| {
            elements(part(bytes, extent)?).ok_or_else(|| Fault::malformed("a matrix is out of place"))
        })
        .collect::<fault::Result<Vec<_>>>()?;
    assemble(descriptor, report, tables, matrices)
}

fn part(bytes: &Bytes, extent: &Extent) -> fault::Result<Bytes> {
    let end = extent.offset.checked_add(extent.length).filter(|end| *end <= bytes.len() as u64);
    let range = end.and_then(|end| Some(usize::try_from(extent.offset).ok()?..usize::try_from(end).ok()?));
    range
        .map(|range| bytes.slice(range))
        .ok_or_else(|| Fault::malformed("a part lies outside the result file"))
}

/// The elements where they are; `None` unless they are whole and where a 64-bit float may stand.
fn elements(bytes: Bytes) -> Option<ScalarBuffer<f64>> {
    let (size, address) = (size_of::<f64>(), bytes.as_ptr().addr());
    let whole = bytes.len().is_multiple_of(size) && address.is_multiple_of(align_of::<f64>());
    let length = bytes.len() / size;
    whole.then(|| ScalarBuffer::new(Buffer::from(bytes), 0, length))
}

/// Drains the streams of a module that runs in this process; their buffers are not copied.
pub(super) fn from_output(
    descriptor: &Descriptor,
    output: RawOutput<'_>,
) -> std::result::Result<Result<Dataset>, ModuleError> {
    let mut streams = output.streams.into_iter();
    let mut tables = Vec::new();
    let mut arrays = ARRAYS_LIMIT;
    for stream in streams.by_ref().take(output.report.tables.len()) {
        let batches = Batches::new(stream)?;
        let schema = batches.schema();
        let mut kept = Vec::new();
        for batch in batches {
            kept.push(batch?);
            if let Err(fault) = stream::spend(&mut arrays, schema.fields().len().max(1)) {
                return Ok(Err(fault.of_module(&descriptor.id)));
            }
        }
        tables.push((schema, kept));
    }
    let matrices = streams
        .map(|stream| matrix_elements(Batches::new(stream)?))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    let dataset = assemble(descriptor, output.report, tables, matrices);
    Ok(dataset.map_err(|fault| fault.of_module(&descriptor.id)))
}

fn assemble(
    descriptor: &Descriptor,
    report: Report,
    tables: Vec<Stream>,
    matrices: Vec<ScalarBuffer<f64>>,
) -> fault::Result<Dataset> {
    let contract = descriptor.outputs.get(&report.output).ok_or_else(|| {
        Fault::malformed(format!("its output `{}` is not in its contract", shown(&report.output)))
    })?;
    if (report.tables.len(), report.matrices.len()) != (tables.len(), matrices.len()) {
        return Err(Fault::malformed("tables and matrices are not those of the report"));
    }
    report::check(&report)?;
    let tables = report
        .tables
        .into_iter()
        .zip(tables)
        .map(|(name, (schema, batches))| {
            stream::check_columns(&schema)?;
            Ok(Table { name, schema, batches })
        })
        .collect::<fault::Result<Vec<_>>>()?;
    let matrices = report
        .matrices
        .into_iter()
        .zip(matrices)
        .map(|(header, values)| {
            if header.size.checked_mul(header.size) != Some(values.len()) {
                let found = values.len();
                return Err(Fault::malformed(format!(
                    "matrix `{}` of size {} has {found} elements",
                    header.name, header.size
                )));
            }
            Ok(SquareMatrix { name: header.name, size: header.size, values })
        })
        .collect::<fault::Result<Vec<_>>>()?;
    Ok(Dataset {
        output: report.output,
        contract: contract.clone(),
        tables,
        matrices,
        metadata: report.metadata,
        findings: report.findings,
        exports: report.exports,
        models: report.models,
        plots: report.plots,
    })
}
