//! The Arrow C data and stream interfaces, producer side, with this crate's own copy of the structs
//! (<https://arrow.apache.org/docs/format/CDataInterface.html>, "Structure definitions"), so that host and module
//! may each use any Arrow library or none.
//!
//! Invariant: numeric vectors are handed over as they are; only text, truth values and null maps are repacked.
//! Every callback is guarded: a panic in a module's iterator becomes the stream's last error.
#![expect(unsafe_code, reason = "the C structs hold raw pointers; each block says why it is sound")]

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

use abi_stable::StableAbi;

use crate::guard::guarded;
use crate::table::{Column, Field, Values};
use crate::{ColumnKind, ModuleError};

pub(crate) const NULLABLE: i64 = 2;
const INPUT_OUTPUT_ERROR: c_int = 5;

/// `struct ArrowSchema`.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct ArrowSchema {
    pub(crate) format: *const c_char,
    pub(crate) name: *const c_char,
    metadata: *const c_char,
    pub(crate) flags: i64,
    pub(crate) n_children: i64,
    pub(crate) children: *mut *mut ArrowSchema,
    pub(crate) dictionary: *mut ArrowSchema,
    pub(crate) release: Option<unsafe extern "C" fn(*mut ArrowSchema)>,
    private_data: *mut c_void,
}

/// `struct ArrowArray`.
#[repr(C)]
#[derive(Debug)]
#[cfg_attr(not(feature = "host"), expect(unreachable_pub, reason = "a host sees it"))]
pub struct ArrowArray {
    pub(crate) length: i64,
    pub(crate) null_count: i64,
    pub(crate) offset: i64,
    pub(crate) n_buffers: i64,
    pub(crate) n_children: i64,
    pub(crate) buffers: *mut *const c_void,
    pub(crate) children: *mut *mut ArrowArray,
    pub(crate) dictionary: *mut ArrowArray,
    pub(crate) release: Option<unsafe extern "C" fn(*mut ArrowArray)>,
    private_data: *mut c_void,
}

/// `struct ArrowArrayStream`, with the two inner structs untyped so that the layout check sees only pointers.
#[repr(C)]
#[derive(Debug, StableAbi)]
#[cfg_attr(not(feature = "host"), expect(unreachable_pub, reason = "a host sees it"))]
pub struct ArrowArrayStream {
    pub(crate) get_schema: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int>,
    pub(crate) get_next: Option<unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int>,
    pub(crate) get_last_error: Option<unsafe extern "C" fn(*mut c_void) -> *const c_char>,
    pub(crate) release: Option<unsafe extern "C" fn(*mut c_void)>,
    private_data: *mut c_void,
}

// SAFETY: the private data is a `Producer`, whose iterator is `Send`.
unsafe impl Send for ArrowArrayStream {}

impl Drop for ArrowArrayStream {
    fn drop(&mut self) {
        if let Some(release) = self.release {
            // SAFETY: `release` is set until the stream is released, and this is the only owner.
            unsafe { release(ptr::from_mut(self).cast()) }
        }
    }
}

pub(crate) type Batches<'a> = Box<dyn Iterator<Item = Result<Vec<Column>, ModuleError>> + Send + 'a>;

struct Producer {
    fields: Vec<Field>,
    batches: Batches<'static>,
    last_error: CString,
}

impl ArrowArrayStream {
    /// Exports batches.
    ///
    /// # Safety
    /// What the iterator borrows must live until the stream is released; the lifetime is lost at this boundary.
    pub(crate) unsafe fn export<'a>(fields: Vec<Field>, batches: Batches<'a>) -> Self {
        // SAFETY: only the lifetime changes; the caller promises that the borrowed data outlives the stream.
        let batches = unsafe { std::mem::transmute::<Batches<'a>, Batches<'static>>(batches) };
        let producer = Producer { fields, batches, last_error: CString::default() };
        Self {
            get_schema: Some(stream_get_schema),
            get_next: Some(stream_get_next),
            get_last_error: Some(stream_get_last_error),
            release: Some(stream_release),
            private_data: Box::into_raw(Box::new(producer)).cast(),
        }
    }

    /// Moves a stream out of foreign memory, as the interface demands: the original is marked as released.
    ///
    /// # Safety
    /// `from` must be valid for reads and writes and hold such a struct.
    #[cfg(feature = "host")]
    pub(crate) unsafe fn take(from: *mut Self) -> Self {
        // SAFETY: see above; the mark keeps the original from being released a second time.
        unsafe {
            let stream = from.read();
            (*from).release = None;
            stream
        }
    }
}

/// The producer behind a stream.
///
/// # Safety
/// `stream` must point to a stream made by [`ArrowArrayStream::export`] that is not released, used by one thread.
unsafe fn producer<'s>(stream: *mut c_void) -> &'s mut Producer {
    // SAFETY: see above; `private_data` was made by `Box::into_raw` of a `Producer`.
    unsafe { &mut *(*stream.cast::<ArrowArrayStream>()).private_data.cast::<Producer>() }
}

unsafe extern "C" fn stream_get_schema(stream: *mut c_void, out: *mut c_void) -> c_int {
    // SAFETY: the consumer passes its stream and room for one schema, as the interface demands.
    let (producer, out) = unsafe { (producer(stream), out.cast::<ArrowSchema>()) };
    match guarded(|| Ok(struct_schema(&producer.fields))) {
        Ok(schema) => {
            // SAFETY: `out` is valid for writes; what it held is not initialised, so it is not dropped.
            unsafe { out.write(schema) };
            0
        }
        Err(error) => fail(producer, &error),
    }
}

unsafe extern "C" fn stream_get_next(stream: *mut c_void, out: *mut c_void) -> c_int {
    // SAFETY: as in `stream_get_schema`.
    let (producer, out) = unsafe { (producer(stream), out.cast::<ArrowArray>()) };
    let next = guarded(|| match producer.batches.next() {
        None => Ok(released_array()),
        Some(batch) => struct_array(&producer.fields, batch?),
    });
    match next {
        Ok(array) => {
            // SAFETY: as in `stream_get_schema`.
            unsafe { out.write(array) };
            0
        }
        Err(error) => fail(producer, &error),
    }
}

/// Keeps the error as JSON, from which the host rebuilds it.
fn fail(producer: &mut Producer, error: &ModuleError) -> c_int {
    let text = serde_json::to_string(error).unwrap_or_default().replace('\0', " ");
    producer.last_error = CString::new(text).unwrap_or_default();
    INPUT_OUTPUT_ERROR
}

unsafe extern "C" fn stream_get_last_error(stream: *mut c_void) -> *const c_char {
    // SAFETY: the consumer passes its unreleased stream; the text lives until the next call.
    unsafe { producer(stream) }.last_error.as_ptr()
}

unsafe extern "C" fn stream_release(stream: *mut c_void) {
    // SAFETY: called once, by the owner; `private_data` came from `Box::into_raw`.
    let producer = unsafe {
        let stream = &mut *stream.cast::<ArrowArrayStream>();
        stream.release = None;
        Box::from_raw(stream.private_data.cast::<Producer>())
    };
    // A destructor that panics must not cross into the host.
    let _ = guarded(move || {
        drop(producer);
        Ok(())
    });
}

// ---- schemas ----

struct SchemaParts {
    format: CString,
    name: CString,
    children: Vec<*mut ArrowSchema>,
}

pub(crate) fn format_of(kind: ColumnKind) -> &'static str {
    match kind {
        ColumnKind::Float64 => "g",
        ColumnKind::Float32 => "f",
        ColumnKind::Int64 => "l",
        ColumnKind::Int32 => "i",
        ColumnKind::Boolean => "b",
        ColumnKind::Utf8 => "u",
        ColumnKind::TimestampNanosecondsUtc => "tsn:UTC",
    }
}

fn struct_schema(fields: &[Field]) -> ArrowSchema {
    let children = fields
        .iter()
        .map(|field| {
            Box::into_raw(Box::new(schema(format_of(field.kind), &field.name, NULLABLE, Vec::new())))
        })
        .collect();
    schema("+s", "", 0, children)
}

fn schema(format: &str, name: &str, flags: i64, children: Vec<*mut ArrowSchema>) -> ArrowSchema {
    let format = CString::new(format).unwrap_or_default();
    let name = CString::new(name.replace('\0', " ")).unwrap_or_default();
    let mut parts = Box::new(SchemaParts { format, name, children });
    ArrowSchema {
        format: parts.format.as_ptr(),
        name: parts.name.as_ptr(),
        metadata: ptr::null(),
        flags,
        n_children: count(parts.children.len()),
        children: parts.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(schema_release),
        private_data: Box::into_raw(parts).cast(),
    }
}

unsafe extern "C" fn schema_release(schema: *mut ArrowSchema) {
    // SAFETY: called once by the owner; the private data is a boxed `SchemaParts`, each child a boxed schema that
    // its consumer may have moved out, which the interface marks by clearing `release`.
    unsafe {
        let schema = &mut *schema;
        schema.release = None;
        let parts = Box::from_raw(schema.private_data.cast::<SchemaParts>());
        for child in parts.children {
            let mut child = Box::from_raw(child);
            if let Some(release) = child.release {
                release(ptr::from_mut(&mut *child));
            }
        }
    }
}

// ---- arrays ----

/// Owns what an array's buffers point to.
struct ArrayParts {
    _values: Owned,
    _validity: Vec<u8>,
    buffers: Vec<*const c_void>,
    children: Vec<*mut ArrowArray>,
}

/// The values of a column in Arrow's layout.
enum Owned {
    None,
    Float64(Vec<f64>),
    Float32(Vec<f32>),
    Int64(Vec<i64>),
    Int32(Vec<i32>),
    Bits(Vec<u8>),
    Text(Vec<i32>, Vec<u8>),
}

fn struct_array(fields: &[Field], columns: Vec<Column>) -> Result<ArrowArray, ModuleError> {
    if columns.len() != fields.len() {
        return Err(ModuleError::internal(format!(
            "a batch has {} columns where the table has {}",
            columns.len(),
            fields.len()
        )));
    }
    let length = columns.first().map_or(0, Column::len);
    for (field, column) in fields.iter().zip(&columns) {
        if column.kind() != field.kind || column.len() != length {
            return Err(ModuleError::internal(format!(
                "column `{}` has {} values of type {:?} where {length} of type {:?} are due",
                field.name,
                column.len(),
                column.kind(),
                field.kind
            )));
        }
        if column.validity.as_ref().is_some_and(|validity| validity.len() != length) {
            return Err(ModuleError::internal(format!(
                "column `{}` has a null map of another length",
                field.name
            )));
        }
    }
    let owned = columns.into_iter().map(owned_column).collect::<Result<Vec<_>, _>>()?;
    let children = owned
        .into_iter()
        .map(|(values, validity, nulls)| {
            Box::into_raw(Box::new(array(length, nulls, values, validity, Vec::new())))
        })
        .collect();
    Ok(array(length, 0, Owned::None, Vec::new(), children))
}

type OwnedColumn = (Owned, Vec<u8>, usize);

fn owned_column(column: Column) -> Result<OwnedColumn, ModuleError> {
    let nulls =
        column.validity.as_ref().map_or(0, |validity| validity.iter().filter(|valid| !**valid).count());
    let validity = if nulls == 0 { Vec::new() } else { pack(column.validity.as_deref().unwrap_or_default()) };
    let values = match column.values {
        Values::Float64(values) => Owned::Float64(values),
        Values::Float32(values) => Owned::Float32(values),
        Values::Int64(values) | Values::Timestamp(values) => Owned::Int64(values),
        Values::Int32(values) => Owned::Int32(values),
        Values::Boolean(values) => Owned::Bits(pack(&values)),
        Values::Utf8(values) => text_buffers(&values)?,
    };
    Ok((values, validity, nulls))
}

fn text_buffers(values: &[String]) -> Result<Owned, ModuleError> {
    let mut offsets = Vec::with_capacity(values.len() + 1);
    offsets.push(0);
    let mut bytes = Vec::with_capacity(values.iter().map(String::len).sum());
    for value in values {
        bytes.extend_from_slice(value.as_bytes());
        offsets.push(i32::try_from(bytes.len()).map_err(|_| ModuleError::LimitExceeded {
            what: "bytes of text in one batch".to_owned(),
            limit: f64::from(i32::MAX),
            found: f64::from(i32::MAX) + 1.0,
        })?);
    }
    Ok(Owned::Text(offsets, bytes))
}

/// One bit for each value, least significant first.
fn pack(values: &[bool]) -> Vec<u8> {
    values
        .chunks(8)
        .map(|chunk| chunk.iter().enumerate().fold(0, |byte, (bit, &value)| byte | (u8::from(value) << bit)))
        .collect()
}

fn array(
    length: usize,
    nulls: usize,
    values: Owned,
    validity: Vec<u8>,
    children: Vec<*mut ArrowArray>,
) -> ArrowArray {
    let validity_pointer = if nulls == 0 { ptr::null() } else { validity.as_ptr().cast() };
    let mut buffers: Vec<*const c_void> = vec![validity_pointer];
    match &values {
        Owned::None => {}
        Owned::Float64(values) => buffers.push(values.as_ptr().cast()),
        Owned::Float32(values) => buffers.push(values.as_ptr().cast()),
        Owned::Int64(values) => buffers.push(values.as_ptr().cast()),
        Owned::Int32(values) => buffers.push(values.as_ptr().cast()),
        Owned::Bits(values) => buffers.push(values.as_ptr().cast()),
        Owned::Text(offsets, bytes) => buffers.extend([offsets.as_ptr().cast(), bytes.as_ptr().cast()]),
    }
    let mut parts = Box::new(ArrayParts { _values: values, _validity: validity, buffers, children });
    ArrowArray {
        length: count(length),
        null_count: count(nulls),
        offset: 0,
        n_buffers: count(parts.buffers.len()),
        n_children: count(parts.children.len()),
        buffers: parts.buffers.as_mut_ptr(),
        children: parts.children.as_mut_ptr(),
        dictionary: ptr::null_mut(),
        release: Some(array_release),
        private_data: Box::into_raw(parts).cast(),
    }
}

/// Room for a schema.
#[cfg(feature = "host")]
pub(crate) fn released_schema() -> ArrowSchema {
    ArrowSchema {
        format: ptr::null(),
        name: ptr::null(),
        metadata: ptr::null(),
        flags: 0,
        n_children: 0,
        children: ptr::null_mut(),
        dictionary: ptr::null_mut(),
        release: None,
        private_data: ptr::null_mut(),
    }
}

/// The mark of the end of a stream.
pub(crate) fn released_array() -> ArrowArray {
    ArrowArray {
        length: 0,
        null_count: 0,
        offset: 0,
        n_buffers: 0,
        n_children: 0,
        buffers: ptr::null_mut(),
        children: ptr::null_mut(),
        dictionary: ptr::null_mut(),
        release: None,
        private_data: ptr::null_mut(),
    }
}

unsafe extern "C" fn array_release(array: *mut ArrowArray) {
    // SAFETY: as in `schema_release`.
    unsafe {
        let array = &mut *array;
        array.release = None;
        let parts = Box::from_raw(array.private_data.cast::<ArrayParts>());
        for child in parts.children {
            let mut child = Box::from_raw(child);
            if let Some(release) = child.release {
                release(ptr::from_mut(&mut *child));
            }
        }
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).expect("no allocation is larger than i64::MAX bytes")
}
