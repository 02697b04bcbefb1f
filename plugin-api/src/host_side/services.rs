//! What a host offers to a running module, as the module's side sees it: a table of functions and a pointer.

use std::ffi::{c_char, c_void};

use abi_stable::prefix_type::WithMetadata;
use abi_stable::std_types::RStr;

use crate::Level;
use crate::abi::{AbiHost, AbiHostData, HostCallbacks, HostCallbacksRef};
use crate::c_interface::structs::HostServicesTable;

/// What a host offers to a running module.
pub trait HostServices: Send + Sync {
    /// A line for the log.
    fn log(&self, level: Level, text: &str);
    /// Fraction done and what is being done.
    fn progress(&self, fraction: f64, doing: &str);
    /// Whether the module should stop.
    fn cancelled(&self) -> bool;
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
        crate::Context::attached(self.for_rust())
    }

    pub(super) fn for_rust(&self) -> AbiHost {
        AbiHost { data: AbiHostData(self.data()), callbacks: CALLBACKS }
    }

    pub(super) fn for_c(&self) -> HostServicesTable {
        HostServicesTable { data: self.data(), log: c_log, progress: c_progress, cancelled: c_cancelled }
    }

    fn data(&self) -> *const c_void {
        std::ptr::from_ref::<&'s dyn HostServices>(&*self.services).cast::<c_void>()
    }
}

fn services<'s>(data: *const c_void) -> &'s dyn HostServices {
    // SAFETY: `data` comes from `ServicesHandle::data` and lives as long as the derivation (see `LoadedModule::derive`).
    unsafe { *data.cast::<&'s dyn HostServices>() }
}

fn level(number: u32) -> Level {
    match number {
        0 => Level::Error,
        1 => Level::Warn,
        2 => Level::Info,
        3 => Level::Debug,
        _ => Level::Trace,
    }
}

impl HostCallbacks {
    abi_stable::staticref!(const TABLE: WithMetadata<Self> = WithMetadata::new(Self {
        log: rust_log,
        progress: rust_progress,
        cancelled: rust_cancelled,
    }));
}

const CALLBACKS: HostCallbacksRef = HostCallbacksRef(HostCallbacks::TABLE.as_prefix());

extern "C" fn rust_log(data: AbiHostData, number: u32, text: RStr<'_>) {
    services(data.0).log(level(number), text.as_str());
}

extern "C" fn rust_progress(data: AbiHostData, fraction: f64, doing: RStr<'_>) {
    services(data.0).progress(fraction, doing.as_str());
}

extern "C" fn rust_cancelled(data: AbiHostData) -> bool {
    services(data.0).cancelled()
}

unsafe extern "C" fn c_log(data: *const c_void, number: u32, text: *const c_char) {
    // SAFETY: the module passes a text that ends with zero, or null.
    let text = unsafe { super::c_text(text) };
    services(data).log(level(number), &text.unwrap_or_default());
}

unsafe extern "C" fn c_progress(data: *const c_void, fraction: f64, doing: *const c_char) {
    // SAFETY: as above.
    let doing = unsafe { super::c_text(doing) };
    services(data).progress(fraction, &doing.unwrap_or_default());
}

unsafe extern "C" fn c_cancelled(data: *const c_void) -> i32 {
    i32::from(services(data).cancelled())
}
