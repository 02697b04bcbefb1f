//! A module in Rust, behind `export_module!`: its root is checked by layout, its calls are typed.

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::AbiHeaderRef;
use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RString};

use super::{LoadFault, ServicesHandle, api_version, describe, first_line, read_error};
use crate::abi::{AbiInput, AbiRequest, ModuleRef};
use crate::arrow_c::ArrowArrayStream;
use crate::{Input, ModuleError};

/// Looks the root up and checks the layout of every type that crosses.
///
/// # Safety
/// The library is a module of this kind, and runs its own code here.
pub(super) unsafe fn open(
    library: &'static libloading::Library,
    module_minor: u64,
) -> Result<ModuleRef, LoadFault> {
    // SAFETY: the symbol is only made by `export_module!`, as a `LibHeader`, whose first field is checked below.
    let header = unsafe { library.get::<AbiHeaderRef>(b"host_module_header\0") }
        .map_err(|error| LoadFault::NotAModule(describe(&error)))?;
    let header = header.upgrade().map_err(|error| LoadFault::NotAModule(first_line(&error.to_string())))?;
    let theirs = header.layout().ok_or(LoadFault::Layout)?;
    let ours = <ModuleRef as StableAbi>::LAYOUT;
    let compatible = if module_minor >= api_version().1 {
        check_layout_compatibility(ours, theirs)
    } else {
        check_layout_compatibility(theirs, ours)
    };
    compatible.map_err(|_| LoadFault::Layout)?;
    // SAFETY: the layout was checked just now.
    unsafe { header.init_root_module_with_unchecked_layout::<ModuleRef>() }
        .map_err(|error| LoadFault::NotAModule(first_line(&error.to_string())))
}

/// Report and streams.
pub(super) fn derive(
    root: ModuleRef,
    inputs: &[Input<'_>],
    parameters: &str,
    services: &ServicesHandle<'_>,
) -> Result<(String, Vec<ArrowArrayStream>), ModuleError> {
    let derive = root.derive();
    let output = with_request(inputs, parameters, services, |request| derive(request))?;
    Ok((output.report.into_string(), output.streams.into_iter().collect()))
}

/// Findings as JSON; `None` when the module was built before that existed.
pub(super) fn inspect(
    root: ModuleRef,
    inputs: &[Input<'_>],
    parameters: &str,
    services: &ServicesHandle<'_>,
) -> Result<Option<String>, ModuleError> {
    let Some(inspect) = root.inspect() else { return Ok(None) };
    with_request(inputs, parameters, services, |request| inspect(request))
        .map(|findings| Some(findings.into_string()))
}

/// Asks for an operation that has no entry of its own.
pub(super) fn invoke(root: ModuleRef, operation: &str, argument: &str) -> Result<String, ModuleError> {
    match root.invoke()(RStr::from_str(operation), RStr::from_str(argument)) {
        ROk(answer) => Ok(answer.into_string()),
        RErr(error) => Err(read_error(&error)),
    }
}

fn with_request<T>(
    inputs: &[Input<'_>],
    parameters: &str,
    services: &ServicesHandle<'_>,
    call: impl FnOnce(AbiRequest<'_>) -> RResult<T, RString>,
) -> Result<T, ModuleError> {
    let inputs: Vec<AbiInput<'_>> = inputs
        .iter()
        .map(|input| AbiInput {
            role: RStr::from_str(input.role),
            name: RStr::from_str(input.name),
            bytes: RSlice::from_slice(input.bytes),
        })
        .collect();
    let request = AbiRequest {
        inputs: RSlice::from_slice(&inputs),
        parameters: RStr::from_str(parameters),
        host: services.for_rust(),
    };
    match call(request) {
        ROk(value) => Ok(value),
        RErr(error) => Err(read_error(&error)),
    }
}
