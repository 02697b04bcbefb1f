//! What a module can ask of the host while it works.

use std::marker::PhantomData;

use abi_stable::std_types::RStr;

use crate::ModuleError;
use crate::abi::AbiHost;

/// How important a log line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u32)]
pub enum Level {
    /// Something failed.
    Error = 0,
    /// Something is suspicious.
    Warn = 1,
    /// Something a user may want to know.
    Info = 2,
    /// Something a module's author wants to know.
    Debug = 3,
    /// Everything.
    Trace = 4,
}

/// Progress, log and cancellation. Cheap to copy; lives as long as the derivation and its streams.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    host: Option<AbiHost>,
    lifetime: PhantomData<&'a ()>,
}

impl Context<'_> {
    /// A context without a host: log lines and progress go nowhere, nothing is ever cancelled. For tests.
    #[must_use]
    pub fn detached() -> Self {
        Self { host: None, lifetime: PhantomData }
    }

    pub(crate) fn attached(host: AbiHost) -> Self {
        Self { host: Some(host), lifetime: PhantomData }
    }

    /// Tells how much is done, 0 to 1, and what is being done.
    pub fn progress(&self, fraction: f64, doing: &str) {
        if let Some(host) = self.host {
            host.callbacks.progress()(host.data, fraction, RStr::from_str(doing));
        }
    }

    /// Writes a line to the host's log.
    pub fn log(&self, level: Level, text: &str) {
        if let Some(host) = self.host {
            host.callbacks.log()(host.data, level as u32, RStr::from_str(text));
        }
    }

    /// Returns early when the host wants the module to stop. Call it at least once a second.
    ///
    /// # Errors
    /// [`ModuleError::Cancelled`], to be passed on with `?`.
    pub fn check_cancelled(&self) -> Result<(), ModuleError> {
        match self.host {
            Some(host) if host.callbacks.cancelled()(host.data) => Err(ModuleError::Cancelled),
            _ => Ok(()),
        }
    }
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Context").field("attached", &self.host.is_some()).finish()
    }
}
