//! Loads exactly the bytes that were hashed: they are sealed in memory first, and the loader gets that copy.
#![expect(
    unsafe_code,
    reason = "loading foreign code and importing C streams; each block says why it is sound"
)]

use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi::{FFI_ArrowArray, from_ffi_and_data_type};
use arrow_array::types::Float64Type;
use arrow_array::{Array, RecordBatch, RecordBatchOptions, StructArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, SchemaRef};
use plugin_api::host_side::{
    ArrowArray, Batch, LoadFault, LoadedModule, OutputStream, RawOutput, Report, ServicesHandle,
};
use plugin_api::{Input, ModuleError, Remarks};

use crate::dataset::data_type_of;
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
    let loaded = if embedded.manifest.abi.is_some() {
        // SAFETY: as below; `check` knows of one such interface, and `check_in_process` keeps it out of the host.
        unsafe { LoadedModule::load_c(path) }
    } else {
        // SAFETY: the caller passes a sealed, hashed copy, and the user chose to run this module.
        unsafe { LoadedModule::load(path, version.minor) }
    };
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
    stream: OutputStream<'d>,
    schema: SchemaRef,
}

impl<'d> Batches<'d> {
    /// Takes a stream over.
    ///
    /// # Errors
    /// What the module said when asked for the schema.
    pub fn new(mut stream: OutputStream<'d>) -> std::result::Result<Self, ModuleError> {
        let fields = stream.fields()?.into_iter();
        let fields = fields.map(|field| Field::new(field.name, data_type_of(field.kind), field.nullable));
        let schema = Arc::new(Schema::new(fields.collect::<Fields>()));
        Ok(Self { stream, schema })
    }

    /// Names and types of the columns.
    #[must_use]
    pub fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn import(&self, batch: Batch<'d>) -> std::result::Result<RecordBatch, ArrowError> {
        // SAFETY: both structs are the `ArrowArray` of the C interface, field by field; it is released with the arrays
        // made of it, which live no longer than `'d`.
        let array = unsafe { std::mem::transmute::<ArrowArray, FFI_ArrowArray>(batch.into_c_array()) };
        // SAFETY: pointers and counts of the struct were checked, as far as the C interface allows.
        let data = unsafe { from_ffi_and_data_type(array, DataType::Struct(self.schema.fields().clone())) }?;
        // Offsets, UTF-8 and lengths, before anybody reads a value.
        data.validate_full()?;
        let rows = RecordBatchOptions::new().with_row_count(Some(data.len()));
        let columns = StructArray::from(data).into_parts().1;
        RecordBatch::try_new_with_options(self.schema.clone(), columns, &rows)
    }
}

impl Iterator for Batches<'_> {
    type Item = std::result::Result<RecordBatch, ModuleError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.stream.next_batch().transpose()?;
        Some(batch.and_then(|batch| {
            self.import(batch).map_err(|error| {
                ModuleError::internal(format!("the module returned a malformed table: {error}"))
            })
        }))
    }
}

/// The remarks behind tables and matrices, which cross as a stream of one text, as JSON.
///
/// # Errors
/// When the stream is anything else.
pub fn remarks_text(batches: Batches<'_>) -> std::result::Result<String, ModuleError> {
    let mut texts = Vec::new();
    for batch in batches {
        let batch = batch?;
        let column = batch.columns().first().and_then(|column| column.as_string_opt::<i32>());
        texts.extend(column.into_iter().flatten().flatten().map(str::to_owned));
    }
    match <[String; 1]>::try_from(texts) {
        Ok([text]) => Ok(text),
        Err(_) => Err(ModuleError::internal("the module returned remarks that are not one text")),
    }
}

/// Parses remarks and takes them into the report.
///
/// # Errors
/// When they are no remarks, or name metadata that are there already.
pub fn close(report: &mut Report, remarks: &[u8]) -> std::result::Result<(), ModuleError> {
    let remarks: Remarks = serde_json::from_slice(remarks).map_err(|error| {
        ModuleError::internal(format!("the remarks are not what they should be: {error}"))
    })?;
    report.close(remarks)
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
