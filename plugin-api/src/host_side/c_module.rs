//! A module in C, behind the symbol of `host_module.h`. Nothing checks its types, so whatever it returns is looked at
//! before it is used: pointers, counts, lengths, UTF-8.
//!
//! Invariant: a C module cannot prove that a pointer is valid, so it only ever runs in a worker, where a wrong one costs
//! that process. What can be checked is checked here, for the sake of a clear message.

use std::ffi::CString;
use std::ptr;

use super::{LoadFault, ServicesHandle, describe, read_error};
use crate::arrow_c::ArrowArrayStream;
use crate::c_interface::SYMBOL;
use crate::c_interface::structs::{HostAnswer, HostFunction, HostInput, HostModuleC, HostRequest};
use crate::{Input, ModuleError};

/// Longest report or error.
const TEXT_LIMIT_BYTES: u64 = 16 << 20;
/// Most tables and matrices of one result.
const STREAM_LIMIT: u64 = 4096;
/// A struct that says to be larger is none of ours.
const SIZE_LIMIT_BYTES: u64 = 4096;
/// `size` and `derive`: without them it is no module.
const SMALLEST_BYTES: u64 = 16;

/// A loaded C module: the functions that it has.
#[derive(Clone, Copy)]
pub(super) struct CModule {
    derive: HostFunction,
    inspect: Option<HostFunction>,
}

/// Looks the struct up and checks its size.
///
/// # Safety
/// The library is a module of this kind.
pub(super) unsafe fn open(library: &'static libloading::Library) -> Result<CModule, LoadFault> {
    let name = CString::new(SYMBOL).map_err(|error| LoadFault::NotAModule(error.to_string()))?;
    // SAFETY: data symbols are read as the address of what they name.
    let symbol = unsafe { library.get::<*const HostModuleC>(name.as_bytes_with_nul()) }
        .map_err(|error| LoadFault::NotAModule(describe(&error)))?;
    let module: *const HostModuleC = *symbol;
    if module.is_null() || !module.is_aligned() {
        return Err(LoadFault::NotAModule(format!("`{SYMBOL}` is no `struct host_module_c`")));
    }
    // SAFETY: a symbol of that name is a `struct host_module_c`; its first field is there whatever its size.
    let size = unsafe { ptr::read(ptr::addr_of!((*module).size)) };
    if !(SMALLEST_BYTES..=SIZE_LIMIT_BYTES).contains(&size) {
        return Err(LoadFault::NotAModule(format!(
            "`{SYMBOL}` says that it is {size} bytes large, a `struct host_module_c` has {}",
            size_of::<HostModuleC>()
        )));
    }
    // SAFETY: `size` covers the field.
    let derive = unsafe { ptr::read(ptr::addr_of!((*module).derive)) };
    let inspect = if size >= size_of::<HostModuleC>() as u64 {
        // SAFETY: `size` covers the field.
        unsafe { ptr::read(ptr::addr_of!((*module).inspect)) }
    } else {
        None
    };
    let derive = derive.ok_or_else(|| LoadFault::NotAModule(format!("`{SYMBOL}` has no `derive`")))?;
    Ok(CModule { derive, inspect })
}

impl CModule {
    /// Report and streams.
    pub(super) fn derive(
        self,
        inputs: &[Input<'_>],
        parameters: &str,
        services: &ServicesHandle<'_>,
    ) -> Result<(String, Vec<ArrowArrayStream>), ModuleError> {
        call(self.derive, inputs, parameters, services)
    }

    /// Findings as JSON; `None` when it has no such function.
    pub(super) fn inspect(
        self,
        inputs: &[Input<'_>],
        parameters: &str,
        services: &ServicesHandle<'_>,
    ) -> Result<Option<String>, ModuleError> {
        let Some(inspect) = self.inspect else { return Ok(None) };
        call(inspect, inputs, parameters, services).map(|(findings, _)| Some(findings))
    }
}

fn call(
    function: HostFunction,
    inputs: &[Input<'_>],
    parameters: &str,
    services: &ServicesHandle<'_>,
) -> Result<(String, Vec<ArrowArrayStream>), ModuleError> {
    // They outlive the streams (see `LoadedModule::derive`) only when nobody frees them: a few hundred bytes a call.
    let kept = |text: &str| CString::new(text.replace('\0', " ")).unwrap_or_default().into_raw().cast_const();
    let inputs: &[HostInput] = Vec::leak(
        inputs
            .iter()
            .map(|input| HostInput {
                role: kept(input.role),
                name: kept(input.name),
                bytes: input.bytes.as_ptr(),
                length: input.bytes.len() as u64,
            })
            .collect(),
    );
    let request = Box::leak(Box::new(HostRequest {
        size: size_of::<HostRequest>() as u64,
        inputs: inputs.as_ptr(),
        input_count: inputs.len() as u64,
        parameters: kept(parameters),
        services: services.for_c(),
    }));
    let mut answer = Answer(HostAnswer {
        text: ptr::null(),
        text_length: 0,
        streams: ptr::null_mut(),
        stream_count: 0,
        release: None,
        private_data: ptr::null_mut(),
    });
    // SAFETY: the module's function gets what its header promises: a whole request and an empty answer.
    let status = unsafe { function(request, &raw mut answer.0) };
    if status != 0 {
        let text = answer.text()?.unwrap_or_default();
        return Err(read_error(&String::from_utf8_lossy(text)));
    }
    let malformed = |why: &str| ModuleError::internal(format!("the module's answer {why}"));
    let text = answer.text()?.ok_or_else(|| malformed("has no report"))?;
    let text = std::str::from_utf8(text).map_err(|_| malformed("holds a report that is not UTF-8"))?;
    Ok((text.to_owned(), answer.streams()?))
}

/// Frees what the module returned, whatever becomes of it.
struct Answer(HostAnswer);

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(release) = self.0.release {
            // SAFETY: the module set it, and it is called once.
            unsafe { release(&raw mut self.0) }
        }
    }
}

impl Answer {
    fn text(&self) -> Result<Option<&[u8]>, ModuleError> {
        if self.0.text.is_null() {
            return Ok(None);
        }
        let length =
            usize::try_from(self.0.text_length).ok().filter(|_| self.0.text_length <= TEXT_LIMIT_BYTES);
        let length = length.ok_or_else(|| {
            ModuleError::internal(format!(
                "the module's answer claims a text of {} bytes, the limit is {TEXT_LIMIT_BYTES}",
                self.0.text_length
            ))
        })?;
        // SAFETY: the module says that so many bytes are there; what it says cannot be checked further.
        Ok(Some(unsafe { std::slice::from_raw_parts(self.0.text, length) }))
    }

    /// Moves the streams out.
    fn streams(&mut self) -> Result<Vec<ArrowArrayStream>, ModuleError> {
        let malformed = |why: String| ModuleError::internal(format!("the module's answer {why}"));
        let count = self.0.stream_count;
        if count > STREAM_LIMIT {
            return Err(malformed(format!("claims {count} streams, the limit is {STREAM_LIMIT}")));
        }
        if count > 0 && (self.0.streams.is_null() || !self.0.streams.is_aligned()) {
            return Err(malformed(format!("claims {count} streams at no valid address")));
        }
        let mut streams = Vec::new();
        for index in 0..usize::try_from(count).unwrap_or_default() {
            // SAFETY: the module says that so many structs are there. Taking one marks the original as moved.
            let stream = unsafe { ArrowArrayStream::take(self.0.streams.add(index)) };
            streams.push(stream);
        }
        Ok(streams)
    }
}
