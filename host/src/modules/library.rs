//! Loads exactly the bytes that were hashed: they are sealed in memory first, and the loader gets that copy.
#![expect(
    unsafe_code,
    reason = "loading foreign code and importing C streams; each block says why it is sound"
)]

use std::marker::PhantomData;
use std::path::Path;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{ArrowArrayStreamReader, FFI_ArrowArrayStream};
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, SchemaRef};
use plugin_api::host_side::{LoadFault, LoadedModule, OutputStream, RawOutput, ServicesHandle, read_error};
use plugin_api::{Input, ModuleError};

use crate::error::{Error, Kind, Result};
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::manifest::Embedded;

/// Loads a module. `path` must be a sealed copy of the very bytes that `embedded` was read from.
///
/// # Errors
/// [`Kind::Incompatible`], in one line.
pub fn load(path: &Path, embedded: &Embedded) -> Result<LoadedModule> {
    let id = &embedded.descriptor.id;
    let version = compatibility::check(id, &embedded.manifest, ApiVersion::of_host())?;
    // SAFETY: the caller passes a sealed, hashed copy, and the user chose to run this module.
    let loaded = unsafe { LoadedModule::load(path, version.minor) };
    loaded.map_err(|fault| match fault {
        LoadFault::Layout => compatibility::layout_refusal(id, version),
        LoadFault::Loader(why) => {
            Error::new(Kind::Incompatible, format!("module `{id}` cannot be loaded: {why}"))
        }
        LoadFault::NotAModule(why) => {
            Error::new(Kind::Incompatible, format!("module `{id}` exports no usable interface: {why}"))
        }
    })
}

/// Runs a derivation and hands its streams to `consume` while the inputs are alive.
///
/// # Errors
/// What the module or `consume` said.
pub fn derive<T>(
    module: &LoadedModule,
    inputs: &[Input<'_>],
    parameters: &str,
    services: &ServicesHandle<'_>,
    consume: impl for<'d> FnOnce(RawOutput<'d>) -> std::result::Result<T, ModuleError>,
) -> std::result::Result<T, ModuleError> {
    // SAFETY: `inputs` and `services` outlive this call, and `consume` works for any lifetime of the output, so neither
    // `T` nor what it captures can hold a stream beyond the call.
    let output = unsafe { module.derive(inputs, parameters, services)? };
    consume(output)
}

/// The batches of a stream of the C interface, without a copy.
pub struct Batches<'d> {
    reader: ArrowArrayStreamReader,
    schema: SchemaRef,
    derivation: PhantomData<&'d ()>,
}

impl<'d> Batches<'d> {
    /// Takes a stream over.
    ///
    /// # Errors
    /// What the module said when asked for the schema.
    pub fn new(stream: OutputStream<'d>) -> std::result::Result<Self, ModuleError> {
        // SAFETY: the reader, which releases it, lives no longer than `'d`.
        let mut stream = std::mem::ManuallyDrop::new(unsafe { stream.into_c_stream() });
        // SAFETY: both structs are the `ArrowArrayStream` of the C interface, field by field; `from_raw` moves the
        // content out, and the original is not dropped.
        let reader = unsafe {
            ArrowArrayStreamReader::from_raw(std::ptr::from_mut(&mut *stream).cast::<FFI_ArrowArrayStream>())
        };
        let reader = reader.map_err(|error| stream_error(&error))?;
        let schema = arrow_array::RecordBatchReader::schema(&reader);
        Ok(Self { reader, schema, derivation: PhantomData })
    }

    /// Names and types of the columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }
}

impl Iterator for Batches<'_> {
    type Item = std::result::Result<RecordBatch, ModuleError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.reader.next()?.map_err(|error| stream_error(&error));
        // Offsets, UTF-8 and lengths of foreign buffers are checked as far as the C interface allows.
        Some(batch.and_then(|batch| {
            for column in batch.columns() {
                column.to_data().validate_full().map_err(|error| {
                    ModuleError::internal(format!("the module returned a malformed table: {error}"))
                })?;
            }
            Ok(batch)
        }))
    }
}

/// The elements of a matrix, which crosses as a stream of one column.
///
/// # Errors
/// When the stream is anything else.
pub fn matrix_elements(batches: Batches<'_>) -> std::result::Result<ScalarBuffer<f64>, ModuleError> {
    let malformed = |why: &str| ModuleError::internal(format!("the module returned a matrix that {why}"));
    let schema = batches.schema();
    if schema.fields().len() != 1 || *schema.field(0).data_type() != DataType::Float64 {
        return Err(malformed("is not one column of 64-bit floats"));
    }
    let columns = batches
        .map(|batch| Ok(batch?.column(0).as_primitive::<Float64Type>().clone()))
        .collect::<std::result::Result<Vec<_>, ModuleError>>()?;
    if columns.iter().any(|column| column.null_count() > 0) {
        return Err(malformed("holds nulls"));
    }
    match columns.as_slice() {
        [one] => Ok(one.values().clone()),
        several => Ok(several.iter().flat_map(|column| column.values().iter().copied()).collect()),
    }
}

/// A stream's last error is the module's error as JSON, wrapped in Arrow's words.
fn stream_error(error: &arrow_schema::ArrowError) -> ModuleError {
    let text = error.to_string();
    match text.find('{') {
        Some(start) => read_error(text[start..].trim_end_matches(|after| after != '}')),
        None => ModuleError::internal(text),
    }
}
