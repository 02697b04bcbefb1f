//! A loaded library as something that derives.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Float32Type, Float64Type, Int32Type, Int64Type, TimestampNanosecondType,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::SchemaRef;
use plugin_api::conformance::{Outcome, Subject};
use plugin_api::host_side::{LoadedModule, RawOutput, ServicesHandle};
use plugin_api::{Column, ColumnKind, Field, Finding, Input, ModuleError};
use rustix::fs::{Dir, Mode, OFlags};
use serde_json::{Map, Value};

use crate::dataset::kind_of;
use crate::modules::library::{self, Batches, close, matrix_elements, remarks_text};

/// A library that is loaded in this process.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) module: LoadedModule,
    pub(super) tasks: Option<Tasks>,
}

/// The list of this process's threads, opened before the process was confined.
#[derive(Debug)]
pub(super) struct Tasks(std::sync::Mutex<Dir>);

impl Tasks {
    pub(super) fn open() -> Option<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = rustix::fs::open("/proc/self/task", flags, Mode::empty()).ok()?;
        Some(Self(std::sync::Mutex::new(Dir::new(directory).ok()?)))
    }

    fn count(&self) -> usize {
        let Ok(mut directory) = self.0.lock() else { return 0 };
        directory.rewind();
        let names = directory.by_ref().flatten();
        names.filter(|entry| entry.file_name().to_bytes()[0] != b'.').count()
    }
}

impl Subject for Library {
    fn derive(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Outcome, ModuleError> {
        library::derive(&self.module, inputs, &Value::Object(parameters.clone()).to_string(), host, drain)
    }

    fn inspect(
        &self,
        inputs: &[Input<'_>],
        parameters: &Map<String, Value>,
        host: &ServicesHandle<'_>,
    ) -> Result<Vec<Finding>, ModuleError> {
        let parameters = Value::Object(parameters.clone()).to_string();
        Ok(self.module.inspect(inputs, &parameters, host)?.unwrap_or_default())
    }

    fn threads(&self) -> usize {
        self.tasks.as_ref().map_or(0, Tasks::count)
    }
}

/// Reads every stream while the inputs are alive.
fn drain(mut output: RawOutput<'_>) -> Result<Outcome, ModuleError> {
    let mut streams = output.streams.into_iter();
    let tables = streams
        .by_ref()
        .take(output.report.tables.len())
        .map(|stream| {
            let batches = Batches::new(stream)?;
            let fields = fields(&batches.schema())?;
            let columns = batches.map(|batch| columns(&batch?, &fields)).collect::<Result<_, _>>()?;
            Ok((fields, columns))
        })
        .collect::<Result<_, ModuleError>>()?;
    let matrices = streams
        .by_ref()
        .take(output.report.matrices.len())
        .map(|stream| Ok(matrix_elements(Batches::new(stream)?)?.to_vec()))
        .collect::<Result<_, ModuleError>>()?;
    if output.report.remarks {
        let remarks = streams.next().ok_or_else(|| ModuleError::internal("its remarks are missing"))?;
        close(&mut output.report, remarks_text(Batches::new(remarks)?)?.as_bytes())?;
    }
    Outcome::new(output.report, tables, matrices)
}

fn fields(schema: &SchemaRef) -> Result<Vec<Field>, ModuleError> {
    let field = |field: &arrow_schema::FieldRef| {
        let kind = kind_of(field.data_type()).ok_or_else(|| {
            let (name, found) = (field.name(), field.data_type());
            ModuleError::internal(format!(
                "column `{name}` has the Arrow type {found}, which no contract knows"
            ))
        })?;
        Ok(Field { name: field.name().clone(), kind })
    };
    schema.fields().iter().map(field).collect()
}

fn columns(batch: &RecordBatch, fields: &[Field]) -> Result<Vec<Column>, ModuleError> {
    if batch.num_columns() != fields.len() {
        return Err(ModuleError::internal("a batch has other columns than its schema"));
    }
    Ok(batch.columns().iter().zip(fields).map(|(column, field)| values(column, field.kind)).collect())
}

fn values(column: &ArrayRef, kind: ColumnKind) -> Column {
    fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> Vec<Option<T::Native>> {
        column.as_primitive::<T>().iter().collect()
    }
    /// Without nulls where there are none, as a column is that never had any.
    fn filled<T>(column: &ArrayRef, values: Vec<Option<T>>) -> Column
    where
        Column: From<Vec<T>> + From<Vec<Option<T>>>,
    {
        if column.null_count() == 0 {
            values.into_iter().flatten().collect::<Vec<T>>().into()
        } else {
            values.into()
        }
    }
    match kind {
        ColumnKind::Float64 => filled(column, numbers::<Float64Type>(column)),
        ColumnKind::Float32 => filled(column, numbers::<Float32Type>(column)),
        ColumnKind::Int64 => filled(column, numbers::<Int64Type>(column)),
        ColumnKind::Int32 => filled(column, numbers::<Int32Type>(column)),
        ColumnKind::Boolean => filled(column, column.as_boolean().iter().collect()),
        ColumnKind::Utf8 => {
            filled(column, column.as_string::<i32>().iter().map(|text| text.map(str::to_owned)).collect())
        }
        ColumnKind::TimestampNanosecondsUtc => {
            let times = numbers::<TimestampNanosecondType>(column).into_iter();
            Column::timestamps(times.map(Option::unwrap_or_default).collect())
        }
    }
}
