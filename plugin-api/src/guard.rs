//! Turns a panic inside a module into an error, with its message and place.
//!
//! Unwinding across `extern "C"` ends the process, so every entry and every batch pull goes through [`guarded`].

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::ModuleError;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Runs `work`; a panic becomes [`ModuleError::Panic`].
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, ModuleError>) -> Result<T, ModuleError> {
    HOOK.call_once(install_hook);
    DEPTH.set(DEPTH.get() + 1);
    // Whatever the closure left half done is never looked at again: the derivation has failed.
    let outcome = catch_unwind(AssertUnwindSafe(work));
    DEPTH.set(DEPTH.get() - 1);
    outcome.unwrap_or_else(|payload| {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic whose value is not text".to_owned());
        // Dropping a hostile payload may panic again; leaking a few bytes on this path is the lesser evil.
        std::mem::forget(payload);
        let location = PLACE.take().unwrap_or_else(|| "an unknown place".to_owned());
        Err(ModuleError::Panic { message, location })
    })
}

/// Each cdylib carries its own copy of the standard library, so this hook never replaces the host's.
fn install_hook() {
    let previous = take_hook();
    set_hook(Box::new(move |information| {
        // With `panic = "abort"` nothing is caught, so the message must be printed before the process ends.
        if DEPTH.get() == 0 || cfg!(panic = "abort") {
            previous(information);
        } else {
            PLACE.set(information.location().map(ToString::to_string));
        }
    }));
}
