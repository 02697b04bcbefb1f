//! Takes a module's answer apart as if it were hostile: extents, names, lengths, types.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_ipc::reader::StreamDecoder;
use arrow_schema::{DataType, SchemaRef};
use bytes::Bytes;
use plugin_api::host_side::{RawOutput, Report, guarded};
use plugin_api::{Descriptor, ExportFormat, ModuleError};

use crate::dataset::{Dataset, SquareMatrix, Table, is_plain_name};
use crate::error::{Error, Kind, Result};
use crate::modules::library::Batches;
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
    let report = part(&answer.report)?;
    if answer.report.length > REPORT_LIMIT_BYTES {
        return Err(Error::new(
            Kind::Limit,
            format!("the report of module `{}` is too large", descriptor.id),
        )
        .cause(format!("{} bytes, the limit is {REPORT_LIMIT_BYTES}", answer.report.length))
        .hint("report this to the module's author; nothing was registered"));
    }
    let report: Report = serde_json::from_slice(&report)
        .map_err(|error| malformed(format!("the report is not what it should be: {error}")))?;
    let streams = answer
        .streams
        .iter()
        .map(|extent| {
            let bytes = part(extent)?;
            // The reader panics at some impossible lengths.
            guarded(|| read_stream(bytes).map_err(|error| ModuleError::internal(error.to_string())))
                .map_err(|error| malformed(error.to_string()))
        })
        .collect::<Result<Vec<_>>>()?;
    assemble(descriptor, report, streams)
}

/// Drains the streams of a module that runs in this process; their buffers are not copied.
pub(super) fn from_output(
    descriptor: &Descriptor,
    output: RawOutput<'_>,
) -> std::result::Result<Result<Dataset>, ModuleError> {
    let mut streams = Vec::new();
    for stream in output.streams {
        let batches = Batches::new(stream)?;
        let schema = batches.schema();
        streams.push((schema, batches.collect::<std::result::Result<Vec<_>, _>>()?));
    }
    Ok(assemble(descriptor, output.report, streams))
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

fn assemble(descriptor: &Descriptor, report: Report, streams: Vec<Stream>) -> Result<Dataset> {
    let malformed = |why: String| malformed(&descriptor.id, why);
    let contract = descriptor.outputs.get(&report.output).ok_or_else(|| {
        malformed(format!("its output `{}` is not in its contract", report.output.escape_debug()))
    })?;
    if report.tables.len() + report.matrices.len() != streams.len() {
        return Err(malformed("tables and matrices do not match their streams".to_owned()));
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
    let mut streams = streams.into_iter();
    let tables = report
        .tables
        .into_iter()
        .zip(streams.by_ref())
        .map(|(name, (schema, batches))| Table { name, schema, batches })
        .collect();
    let matrices = report
        .matrices
        .into_iter()
        .zip(streams)
        .map(|(header, stream)| {
            let values =
                matrix_values(stream).map_err(|why| malformed(format!("matrix `{}` {why}", header.name)))?;
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

fn matrix_values((schema, batches): Stream) -> std::result::Result<ScalarBuffer<f64>, String> {
    let one_column = schema.fields().len() == 1 && *schema.field(0).data_type() == DataType::Float64;
    if !one_column {
        return Err("is not one column of 64-bit floats".to_owned());
    }
    let columns: Vec<_> =
        batches.iter().map(|batch| batch.column(0).as_primitive::<Float64Type>().clone()).collect();
    if columns.iter().any(|column| column.null_count() > 0) {
        return Err("holds nulls".to_owned());
    }
    match columns.as_slice() {
        [] => Ok(ScalarBuffer::from(Vec::new())),
        [one] => Ok(one.values().clone()),
        several => {
            let arrays: Vec<&dyn Array> = several.iter().map(|column| column as &dyn Array).collect();
            let joined = arrow_select::concat::concat(&arrays).map_err(|error| error.to_string())?;
            Ok(joined.as_primitive::<Float64Type>().values().clone())
        }
    }
}
