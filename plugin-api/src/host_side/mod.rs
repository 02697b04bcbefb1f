//! The host's side of the boundary: load a library, check it, run it. Modules never need this.
//!
//! The library is never unloaded: its thread-local destructors and its allocations may outlive any handle.
#![expect(unsafe_code, reason = "dlopen, raw callbacks and foreign structs; each block says why it is sound")]

mod array;
mod c_module;
mod rust_module;
mod services;
mod stream;

use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use std::path::Path;

pub use self::services::{HostServices, ServicesHandle};
pub use self::stream::{Batch, OutputStream, StreamField};
use crate::abi::ModuleRef;
pub use crate::arrow_c::{ArrowArray, ArrowArrayStream};
pub use crate::derived::{MatrixHeader, Report};
use crate::{Finding, Input, ModuleError};

/// Version of the interface this host speaks, as `(major, minor)`.
#[must_use]
pub fn api_version() -> (u64, u64) {
    let parse = |text: &str| text.parse().unwrap_or_default();
    (parse(crate::export::build::API_MAJOR), parse(crate::export::build::API_MINOR))
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
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Rust(ModuleRef),
    C(c_module::CModule),
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
        let root = unsafe { rust_module::open(open_library(path)?, module_minor)? };
        Ok(Self { kind: Kind::Rust(root) })
    }

    /// The same for a module whose manifest says [`ABI`](crate::c_interface::ABI). There is no layout to check.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    ///
    /// # Safety
    /// As [`load`](Self::load). Whatever the module does wrong when it is called ends the process, or worse: call it
    /// only in one that may end.
    pub unsafe fn load_c(path: &Path) -> Result<Self, LoadFault> {
        // SAFETY: passed on to the caller.
        let module = unsafe { c_module::open(open_library(path)?)? };
        Ok(Self { kind: Kind::C(module) })
    }

    /// The embedded section, as the running code of a module in Rust sees it.
    #[must_use]
    pub fn section(&self) -> Option<&'static [u8]> {
        match self.kind {
            Kind::Rust(root) => Some(root.section()().as_slice()),
            Kind::C(_) => None,
        }
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
        let (report, streams) = match self.kind {
            Kind::Rust(root) => rust_module::derive(root, inputs, parameters, services)?,
            Kind::C(module) => module.derive(inputs, parameters, services)?,
        };
        let report = serde_json::from_str(&report)
            .map_err(|error| ModuleError::internal(format!("the module's report is malformed: {error}")))?;
        Ok(RawOutput { report, streams: streams.into_iter().map(OutputStream::new).collect() })
    }

    /// Asks for an operation that has no entry of its own.
    ///
    /// # Errors
    /// As [`derive`](Self::derive); an unknown operation is [`ModuleError::Internal`].
    pub fn invoke(&self, operation: &str, argument: &str) -> Result<String, ModuleError> {
        match self.kind {
            Kind::Rust(root) => rust_module::invoke(root, operation, argument),
            Kind::C(_) => Err(ModuleError::internal(format!("unknown operation `{operation}`"))),
        }
    }

    /// Checks the inputs alone; `None` when the module was built before that existed, or has no such function.
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn inspect(
        &self,
        inputs: &[Input<'_>],
        parameters: &str,
        services: &ServicesHandle<'_>,
    ) -> Result<Option<Vec<Finding>>, ModuleError> {
        let findings = match self.kind {
            Kind::Rust(root) => rust_module::inspect(root, inputs, parameters, services)?,
            Kind::C(module) => module.inspect(inputs, parameters, services)?,
        };
        findings
            .map(|findings| serde_json::from_str(&findings))
            .transpose()
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
    /// The tables, then one stream of a single column for each matrix, then the remarks if the report says so.
    pub streams: Vec<OutputStream<'d>>,
}

/// Runs `work`; a panic becomes [`ModuleError::Panic`] and prints nothing. For readers of hostile bytes that panic.
///
/// # Errors
/// What `work` said, or its panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, ModuleError>) -> Result<T, ModuleError> {
    crate::guard::guarded(work)
}

/// Rebuilds an error that a module or a stream sent as JSON.
#[must_use]
pub fn read_error(text: &str) -> ModuleError {
    serde_json::from_str(text).unwrap_or_else(|_| {
        let line = first_line(text);
        ModuleError::internal(if line.is_empty() { "an error without a text".to_owned() } else { line })
    })
}

/// A text of the module; `None` for a null pointer. What is not UTF-8 is replaced.
///
/// # Safety
/// `text` must be null or valid for reads up to a zero byte.
unsafe fn c_text<'a>(text: *const c_char) -> Option<Cow<'a, str>> {
    // SAFETY: see above.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy())
}

/// # Safety
/// As [`LoadedModule::load`].
#[cfg(unix)]
unsafe fn open_library(path: &Path) -> Result<&'static libloading::Library, LoadFault> {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
    // With lazy binding a missing symbol would end the process at its first call instead of failing here.
    // SAFETY: passed on to the caller.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_LOCAL) }
        .map_err(|error| LoadFault::Loader(describe(&error)))?;
    Ok(Box::leak(Box::new(library.into())))
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
