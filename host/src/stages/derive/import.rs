//! Takes a module's answer apart as if it were hostile: extents, names, lengths, types.

use arrow_array::RecordBatch;
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::SchemaRef;
use bytes::Bytes;
use plugin_api::host_side::{RawOutput, Report, guarded};
use plugin_api::{Descriptor, ExportFormat, ModuleError};

use crate::dataset::{Dataset, SquareMatrix, Table, is_plain_name};
use crate::error::{Error, Kind, Result};
use crate::modules::library::{Batches, matrix_elements};
use crate::modules::worker::frames::Extent;
use crate::modules::worker::parent::Answer;

/// Names, metadata and findings of a result; data belongs into tables.
const REPORT_LIMIT_BYTES: u64 = 16 << 20;

/// Reads what a worker wrote. Values stay where they are in the sealed result file.
pub(super) fn from_answer(descriptor: &Descriptor, answer: &Answer) -> Result<Dataset> {
    let malformed = |why: String| malformed(&descriptor.id, why);
    let mapping = answer.file.map().map_err(|error| malformed(error.to_string()))?;
    let bytes = Bytes::from_owner(mapping);
    let part = |extent: &Extent| -> Result<Bytes> {
        let end = extent.offset.checked_add(extent.length).filter(|end| *end <= bytes.len() as u64);
        let range =
            end.and_then(|end| Some(usize::try_from(extent.offset).ok()?..usize::try_from(end).ok()?));
        let range = range.ok_or_else(|| malformed("a part lies outside the result file".to_owned()))?;
        Ok(bytes.slice(range))
    };
    let report = part(&answer.parts.report)?;
    if answer.parts.report.length > REPORT_LIMIT_BYTES {
        return Err(Error::new(
            Kind::Limit,
            format!("the report of module `{}` is too large", descriptor.id),
        )
        .cause(format!("{} bytes, the limit is {REPORT_LIMIT_BYTES}", answer.parts.report.length))
        .hint("report this to the module's author; nothing was registered"));
    }
    let report: Report = serde_json::from_slice(&report)
        .map_err(|error| malformed(format!("the report is not what it should be: {error}")))?;
    let tables = answer
        .parts
        .tables
        .iter()
        .map(|extent| {
            let bytes = part(extent)?;
            // The reader panics at some impossible lengths.
            guarded(|| read_stream(bytes).map_err(|error| ModuleError::internal(error.to_string())))
                .map_err(|error| malformed(error.to_string()))
        })
        .collect::<Result<Vec<_>>>()?;
    let matrices = answer
        .parts
        .matrices
        .iter()
        .map(|extent| elements(part(extent)?).ok_or_else(|| malformed("a matrix is out of place".to_owned())))
        .collect::<Result<Vec<_>>>()?;
    assemble(descriptor, report, tables, matrices)
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
    for stream in streams.by_ref().take(output.report.tables.len()) {
        let batches = Batches::new(stream)?;
        let schema = batches.schema();
        tables.push((schema, batches.collect::<std::result::Result<Vec<_>, _>>()?));
    }
    let matrices = streams
        .map(|stream| matrix_elements(Batches::new(stream)?))
        .collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(assemble(descriptor, output.report, tables, matrices))
}

type Stream = (SchemaRef, Vec<RecordBatch>);

fn read_stream(bytes: Bytes) -> std::result::Result<Stream, arrow_schema::ArrowError> {
    let mut buffer = Buffer::from(bytes);
    let mut decoder = StreamDecoder::new();
    let mut batches = Vec::new();
    while let Some(batch) = decoder.decode(&mut buffer)? {
        batches.push(batch);
    }
    decoder.finish()?;
    let schema = decoder
        .schema()
        .ok_or_else(|| arrow_schema::ArrowError::IpcError("a stream has no schema".to_owned()))?;
    Ok((schema, batches))
}

fn malformed(id: &str, why: String) -> Error {
    Error::new(Kind::PluginCrashed, format!("module `{id}` returned a malformed result"))
        .cause(why)
        .hint("report this to the module's author; nothing was registered")
}

fn assemble(
    descriptor: &Descriptor,
    report: Report,
    tables: Vec<Stream>,
    matrices: Vec<ScalarBuffer<f64>>,
) -> Result<Dataset> {
    let malformed = |why: String| malformed(&descriptor.id, why);
    let contract = descriptor.outputs.get(&report.output).ok_or_else(|| {
        malformed(format!("its output `{}` is not in its contract", report.output.escape_debug()))
    })?;
    if (report.tables.len(), report.matrices.len()) != (tables.len(), matrices.len()) {
        return Err(malformed("tables and matrices are not those of the report".to_owned()));
    }
    let mut names: Vec<&str> = report.tables.iter().map(String::as_str).collect();
    names.extend(report.matrices.iter().map(|matrix| matrix.name.as_str()));
    names.sort_unstable();
    if let Some(name) = names.iter().find(|name| !is_plain_name(name)) {
        return Err(malformed(format!("`{}` is no name of a table or matrix", name.escape_debug())));
    }
    if let Some((twice, _)) = names.iter().zip(names.iter().skip(1)).find(|(one, next)| one == next) {
        return Err(malformed(format!("`{twice}` is returned twice")));
    }
    report.exports.iter().try_for_each(|(name, format)| check_export(name, format)).map_err(&malformed)?;
    let tables = report
        .tables
        .into_iter()
        .zip(tables)
        .map(|(name, (schema, batches))| Table { name, schema, batches })
        .collect();
    let matrices = report
        .matrices
        .into_iter()
        .zip(matrices)
        .map(|(header, values)| {
            if header.size.checked_mul(header.size) != Some(values.len()) {
                let found = values.len();
                return Err(malformed(format!(
                    "matrix `{}` of size {} has {found} elements",
                    header.name, header.size
                )));
            }
            Ok(SquareMatrix { name: header.name, size: header.size, values })
        })
        .collect::<Result<Vec<_>>>()?;
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

fn check_export(name: &str, format: &ExportFormat) -> std::result::Result<(), String> {
    if !is_plain_name(name) {
        return Err(format!("`{}` is no name of an export format", name.escape_debug()));
    }
    for file in &format.files {
        let plain = file.suffix.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
        if file.suffix.is_empty() || file.suffix.len() > 64 || !plain || file.suffix.contains("..") {
            return Err(format!("export `{name}`: `{}` is no file suffix", file.suffix.escape_debug()));
        }
    }
    Ok(())
}
