//! Takes a module's answer apart as if it were hostile: names, lengths, types, amounts.
//!
//! Invariant: the memory that an answer takes follows from the bytes that it has, not from the numbers in it; what
//! passes can be stored and read back.

mod fault;
mod report;
mod stream;
#[cfg(test)]
mod tests;

use std::io::Read;

use arrow_buffer::ScalarBuffer;
use plugin_api::host_side::{MatrixHeader, RawOutput, Report};
use plugin_api::{Descriptor, ModuleError, OutputContract};

use self::fault::{Fault, at_most, shown};
use self::stream::ARRAYS_LIMIT;
use crate::dataset::{Dataset, Spool, SquareMatrix, Table};
use crate::error::Result;
use crate::modules::library::{Batches, matrix_elements, remarks_text};

/// Reads an answer as a worker writes it: the report behind its length, each table as an Arrow IPC stream, the elements of
/// each matrix behind their number. Large tables go to the spool while they come in.
///
/// # Errors
/// [`Kind::PluginCrashed`](crate::error::Kind::PluginCrashed) for what no worker writes,
/// [`Kind::Limit`](crate::error::Kind::Limit) for more than any dataset needs,
/// [`Kind::Storage`](crate::error::Kind::Storage) for a spool that cannot be written; never panics, whatever the bytes.
pub fn read(descriptor: &Descriptor, answer: &mut dyn Read, spool: &mut Spool) -> Result<Dataset> {
    take_apart(descriptor, answer, spool).map_err(|fault| fault.of_module(&descriptor.id))
}

fn take_apart(descriptor: &Descriptor, answer: &mut dyn Read, spool: &mut Spool) -> fault::Result<Dataset> {
    let length = stream::number(answer)?;
    at_most("bytes of its report", length, report::LIMIT_BYTES)?;
    let mut report = report::parse(&stream::take(answer, length)?)?;
    report::check(&report)?;
    let contract = contract_of(descriptor, &report)?;
    let mut arrays = ARRAYS_LIMIT;
    let tables = report
        .tables
        .iter()
        .map(|name| stream::read(name, answer, &mut arrays, spool))
        .collect::<fault::Result<Vec<_>>>()?;
    let matrices = report
        .matrices
        .iter()
        .map(|header| {
            let count = stream::number(answer)?;
            check_size(header, count)?;
            let bytes = stream::take(answer, count.saturating_mul(size_of::<f64>()))?;
            Ok(matrix(header, ScalarBuffer::new(bytes, 0, count)))
        })
        .collect::<fault::Result<Vec<_>>>()?;
    if report.remarks {
        let length = stream::number(answer)?;
        at_most("bytes of its remarks", length, report::LIMIT_BYTES)?;
        report::close(&mut report, &stream::take(answer, length)?)?;
    }
    if answer.read(&mut [0]).map_err(|error| Fault::unreadable(&error))? > 0 {
        return Err(Fault::malformed("it goes on after its end"));
    }
    Ok(dataset(contract.clone(), report, tables, matrices))
}

/// Drains the streams of a module that runs in this process; their buffers are not copied.
pub(super) fn from_output(
    descriptor: &Descriptor,
    output: RawOutput<'_>,
    spool: &mut Spool,
) -> std::result::Result<Result<Dataset>, ModuleError> {
    let of_module = |fault: Fault| fault.of_module(&descriptor.id);
    let mut report = output.report;
    let contract = match report::check(&report).and_then(|()| contract_of(descriptor, &report)) {
        Ok(contract) => contract.clone(),
        Err(fault) => return Ok(Err(of_module(fault))),
    };
    let mut streams = output.streams.into_iter();
    let mut tables = Vec::new();
    let mut arrays = ARRAYS_LIMIT;
    for (name, stream) in report.tables.iter().zip(&mut streams) {
        let batches = Batches::new(stream)?;
        let mut table = match stream::Table::new(name, batches.schema(), &mut arrays, spool) {
            Ok(table) => table,
            Err(fault) => return Ok(Err(of_module(fault))),
        };
        for batch in batches {
            if let Err(fault) = table.push(batch?) {
                return Ok(Err(of_module(fault)));
            }
        }
        match table.finish() {
            Ok(table) => tables.push(table),
            Err(fault) => return Ok(Err(of_module(fault))),
        }
    }
    let mut matrices = Vec::new();
    for (header, stream) in report.matrices.iter().zip(&mut streams) {
        let values = matrix_elements(Batches::new(stream)?)?;
        if let Err(fault) = check_size(header, values.len()) {
            return Ok(Err(of_module(fault)));
        }
        matrices.push(matrix(header, values));
    }
    if (report.tables.len(), report.matrices.len()) != (tables.len(), matrices.len()) {
        return Ok(Err(of_module(Fault::malformed("tables and matrices are not those of the report"))));
    }
    if report.remarks {
        let remarks = streams.next().map(|stream| remarks_text(Batches::new(stream)?)).transpose()?;
        if let Err(fault) = report::close(&mut report, remarks.unwrap_or_default().as_bytes()) {
            return Ok(Err(of_module(fault)));
        }
    }
    Ok(Ok(dataset(contract, report, tables, matrices)))
}

fn contract_of<'d>(descriptor: &'d Descriptor, report: &Report) -> fault::Result<&'d OutputContract> {
    descriptor.outputs.get(&report.output).ok_or_else(|| {
        Fault::malformed(format!("its output `{}` is not in its contract", shown(&report.output)))
    })
}

fn check_size(header: &MatrixHeader, elements: usize) -> fault::Result<()> {
    if header.size.checked_mul(header.size) == Some(elements) {
        return Ok(());
    }
    let MatrixHeader { name, size } = header;
    Err(Fault::malformed(format!("matrix `{name}` of size {size} has {elements} elements")))
}

fn matrix(header: &MatrixHeader, values: ScalarBuffer<f64>) -> SquareMatrix {
    SquareMatrix { name: header.name.clone(), size: header.size, values }
}

fn dataset(
    contract: OutputContract,
    report: Report,
    tables: Vec<Table>,
    matrices: Vec<SquareMatrix>,
) -> Dataset {
    Dataset {
        output: report.output,
        contract,
        tables,
        matrices,
        metadata: report.metadata,
        findings: report.findings,
        exports: report.exports,
        models: report.models,
        plots: report.plots,
    }
}
