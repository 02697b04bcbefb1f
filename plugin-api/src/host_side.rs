//! The host's side of the boundary: load a library, check it, run it. Modules never need this.
//!
//! The library is never unloaded: its thread-local destructors and its allocations may outlive any handle.
#![expect(unsafe_code, reason = "dlopen and raw callbacks; each block says why it is sound")]

use std::ffi::c_void;
use std::marker::PhantomData;
use std::path::Path;

use abi_stable::StableAbi;
use abi_stable::abi_stability::abi_checking::check_layout_compatibility;
use abi_stable::library::AbiHeaderRef;
use abi_stable::prefix_type::WithMetadata;
use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RString};

use crate::abi::{AbiHost, AbiHostData, AbiInput, AbiRequest, HostCallbacks, HostCallbacksRef, ModuleRef};
pub use crate::arrow_c::ArrowArrayStream;
pub use crate::derived::{MatrixHeader, Report};
use crate::{Finding, Input, Level, ModuleError};

/// Version of the interface this host speaks, as `(major, minor)`.
#[must_use]
pub fn api_version() -> (u64, u64) {
    let parse = |text: &str| text.parse().unwrap_or_default();
    (parse(crate::export::build::API_MAJOR), parse(crate::export::build::API_MINOR))
}

/// What a host offers to a running module.
pub trait HostServices: Send + Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);
    /// Fraction done and what is being done.
    fn progress(&self, fraction: f64, doing: &str);
    /// Whether the module should stop.
    fn cancelled(&self) -> bool;
}

/// Why a library cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadFault {
    /// The dynamic loader refused it.
    Loader(String),
    /// It does not export a module.
    NotAModule(String),
    /// Its types are laid out in another way although the versions fit.
    Layout,
}

/// A loaded module.
#[derive(Clone, Copy)]
pub struct LoadedModule {
    root: ModuleRef,
}

impl LoadedModule {
    /// Loads a library with all its symbols resolved, and checks the layout of every type that crosses.
    ///
    /// `module_minor` is the minor version of the interface that the module's manifest declares; it decides in which
    /// direction the layout must be compatible: the side with the older minor may have fewer fields.
    ///
    /// # Errors
    /// [`LoadFault`] says at which step it failed.
    ///
    /// # Safety
    /// Loading runs code of the library. The caller has made sure that the file is the one that the user trusts, that
    /// it is whole, and that nobody changes it while it is mapped.
    pub unsafe fn load(path: &Path, module_minor: u64) -> Result<Self, LoadFault> {
        // SAFETY: passed on to the caller.
        let library = unsafe { open_library(path)? };
        let library = Box::leak(Box::new(library));
        // SAFETY: the symbol is only made by `export_module!`, as a `LibHeader`, whose first field is checked below.
        let header = unsafe { library.get::<AbiHeaderRef>(b"host_module_header\0") }
            .map_err(|error| LoadFault::NotAModule(describe(&error)))?;
        let header =
            header.upgrade().map_err(|error| LoadFault::NotAModule(first_line(&error.to_string())))?;
        let theirs = header.layout().ok_or(LoadFault::Layout)?;
        let ours = <ModuleRef as StableAbi>::LAYOUT;
        let compatible = if module_minor >= api_version().1 {
            check_layout_compatibility(ours, theirs)
        } else {
            check_layout_compatibility(theirs, ours)
        };
        compatible.map_err(|_| LoadFault::Layout)?;
        // SAFETY: the layout was checked just now.
        let root = unsafe { header.init_root_module_with_unchecked_layout::<ModuleRef>() }
            .map_err(|error| LoadFault::NotAModule(first_line(&error.to_string())))?;
        Ok(Self { root })
    }

    /// The embedded section, as the running code sees it.
    #[must_use]
    pub fn section(&self) -> &'static [u8] {
        self.root.section()().as_slice()
    }

    /// Runs a derivation.
    ///
    /// # Errors
    /// What the module said, or [`ModuleError::Internal`] when its answer is malformed.
    ///
    /// # Safety
    /// `inputs` and `services` must stay alive until every stream of the output is dropped.
    pub unsafe fn derive<'d>(
        &self,
        inputs: &[Input<'_>],
        parameters: &str,
        services: &ServicesHandle<'_>,
    ) -> Result<RawOutput<'d>, ModuleError> {
        let derive = self.root.derive();
        let output = with_request(inputs, parameters, services, |request| derive(request))?;
        let report = serde_json::from_str(&output.report)
            .map_err(|error| ModuleError::internal(format!("the module's report is malformed: {error}")))?;
        let streams = output.streams.into_iter();
        let streams = streams.map(|stream| OutputStream { stream, derivation: PhantomData }).collect();
        Ok(RawOutput { report, streams })
    }

    /// Asks for an operation that has no entry of its own.
    ///
    /// # Errors
    /// As [`derive`](Self::derive); an unknown operation is [`ModuleError::Internal`].
    pub fn invoke(&self, operation: &str, argument: &str) -> Result<String, ModuleError> {
        match self.root.invoke()(RStr::from_str(operation), RStr::from_str(argument)) {
            ROk(answer) => Ok(answer.into_string()),
            RErr(error) => Err(read_error(&error)),
        }
    }

    /// Checks the inputs alone; `None` when the module was built before that existed.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn inspect(
        &self,
        inputs: &[Input<'_>],
        parameters: &str,
        services: &ServicesHandle<'_>,
    ) -> Result<Option<Vec<Finding>>, ModuleError> {
        let Some(inspect) = self.root.inspect() else { return Ok(None) };
        let findings = with_request(inputs, parameters, services, |request| inspect(request))?;
        serde_json::from_str(&findings)
            .map(Some)
            .map_err(|error| ModuleError::internal(format!("the module's findings are malformed: {error}")))
    }
}

impl std::fmt::Debug for LoadedModule {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LoadedModule").finish_non_exhaustive()
    }
}

/// What a module returned, not yet checked.
#[derive(Debug)]
pub struct RawOutput<'d> {
    /// Names, metadata, findings.
    pub report: Report,
    /// The tables, then one stream of a single column for each matrix.
    pub streams: Vec<OutputStream<'d>>,
}

/// A stream that may borrow from the inputs of its derivation.
#[derive(Debug)]
pub struct OutputStream<'d> {
    stream: ArrowArrayStream,
    derivation: PhantomData<&'d ()>,
}

impl OutputStream<'_> {
    /// The C stream.
    ///
    /// # Safety
    /// It must be released while the derivation's inputs and services are alive.
    #[must_use]
    pub unsafe fn into_c_stream(self) -> ArrowArrayStream {
        self.stream
    }
}

/// Runs `work`; a panic becomes [`ModuleError::Panic`] and prints nothing. For readers of hostile bytes that panic.
///
/// # Errors
/// What `work` said, or its panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, ModuleError>) -> Result<T, ModuleError> {
    crate::guard::guarded(work)
}

/// Services at an address that the module can hold on to.
pub struct ServicesHandle<'s> {
    #[expect(clippy::redundant_allocation, reason = "the module holds a thin pointer, this one is wide")]
    services: Box<&'s dyn HostServices>,
}

impl<'s> ServicesHandle<'s> {
    /// Pins the services.
    #[must_use]
    pub fn new(services: &'s dyn HostServices) -> Self {
        Self { services: Box::new(services) }
    }

    /// What the module would see, without a boundary in between.
    #[cfg(feature = "conformance")]
    pub(crate) fn context(&self) -> crate::Context<'_> {
        crate::Context::attached(AbiHost { data: self.data(), callbacks: CALLBACKS })
    }

    fn data(&self) -> AbiHostData {
        AbiHostData(std::ptr::from_ref::<&'s dyn HostServices>(&*self.services).cast::<c_void>())
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
        host: AbiHost { data: services.data(), callbacks: CALLBACKS },
    };
    match call(request) {
        ROk(value) => Ok(value),
        RErr(error) => Err(read_error(&error)),
    }
}

/// Rebuilds an error that a module or a stream sent as JSON.
#[must_use]
pub fn read_error(text: &str) -> ModuleError {
    serde_json::from_str(text).unwrap_or_else(|_| {
        ModuleError::internal(if text.is_empty() {
            "an error without a text".to_owned()
        } else {
            first_line(text)
        })
    })
}

impl HostCallbacks {
    abi_stable::staticref!(const TABLE: WithMetadata<Self> = WithMetadata::new(Self {
        log: callback_log,
        progress: callback_progress,
        cancelled: callback_cancelled,
    }));
}

const CALLBACKS: HostCallbacksRef = HostCallbacksRef(HostCallbacks::TABLE.as_prefix());

fn services<'s>(data: AbiHostData) -> &'s dyn HostServices {
    // SAFETY: `data` comes from `ServicesHandle::data` and lives as long as the derivation (see `derive`).
    unsafe { *data.0.cast::<&'s dyn HostServices>() }
}

extern "C" fn callback_log(data: AbiHostData, level: u32, text: RStr<'_>) {
    let level = match level {
        0 => Level::Error,
        1 => Level::Warn,
        2 => Level::Info,
        3 => Level::Debug,
        _ => Level::Trace,
    };
    services(data).log(level, text.as_str());
}

extern "C" fn callback_progress(data: AbiHostData, fraction: f64, doing: RStr<'_>) {
    services(data).progress(fraction, doing.as_str());
}

extern "C" fn callback_cancelled(data: AbiHostData) -> bool {
    services(data).cancelled()
}

/// # Safety
/// As [`LoadedModule::load`].
#[cfg(unix)]
unsafe fn open_library(path: &Path) -> Result<libloading::Library, LoadFault> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // With lazy binding a missing symbol would end the process at its first call instead of failing here.
    // SAFETY: passed on to the caller.
    unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
        .map(libloading::Library::from)
        .map_err(|error| LoadFault::Loader(describe(&error)))
}

fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = inner.to_string();
        source = inner.source();
    }
    first_line(&text)
}

fn first_line(text: &str) -> String {
    text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}
