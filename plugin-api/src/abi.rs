//! The types that cross between host and module. Every one is `#[repr(C)]` and layout-checked by abi_stable.
//!
//! Invariant: within one major version plain structs never change; [`ModuleRoot`] and [`HostCallbacks`] grow only
//! after their last prefix field, where an older peer simply has nothing. A snapshot test holds the layout.

#![expect(unsafe_code, reason = "the derive macro of abi_stable implements its unsafe trait")]
#![expect(
    unreachable_pub,
    clippy::cast_ptr_alignment,
    clippy::expl_impl_clone_on_copy,
    clippy::trivially_copy_pass_by_ref,
    reason = "code of the derive macro, whose accessors are as visible as the fields"
)]
#![cfg_attr(not(feature = "host"), expect(dead_code, reason = "only a host calls the accessors"))]

use std::ffi::c_void;

use abi_stable::StableAbi;
use abi_stable::library::RootModule;
use abi_stable::package_version_strings;
use abi_stable::sabi_types::VersionStrings;
use abi_stable::std_types::{RResult, RSlice, RStr, RString, RVec};

use crate::arrow_c::ArrowArrayStream;

/// What a module exports.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = ModuleRef)))]
pub struct ModuleRoot {
    /// The embedded section: manifest, descriptor and bundled files.
    pub section: extern "C" fn() -> RSlice<'static, u8>,
    /// Runs a derivation. Inputs and host stay alive until every stream of the output is released.
    pub derive: extern "C" fn(AbiRequest<'_>) -> RResult<AbiOutput, RString>,
    /// Escape hatch for growth without a change of layout: operation name and JSON in, JSON out.
    #[sabi(last_prefix_field)]
    pub invoke: extern "C" fn(RStr<'_>, RStr<'_>) -> RResult<RString, RString>,
    // api 1.1 begin
    /// Cheap check of the inputs alone: JSON array of findings.
    pub inspect: extern "C" fn(AbiRequest<'_>) -> RResult<RString, RString>,
    // api 1.1 end
}

impl RootModule for ModuleRef {
    abi_stable::declare_root_module_statics! {ModuleRef}
    const BASE_NAME: &'static str = "host_module";
    const NAME: &'static str = "host_module";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// What the host offers while a derivation runs.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = HostCallbacksRef)))]
pub struct HostCallbacks {
    /// Level (0 error … 4 trace) and text.
    pub log: extern "C" fn(AbiHostData, u32, RStr<'_>),
    /// Fraction done, 0 to 1, and what is being done.
    pub progress: extern "C" fn(AbiHostData, f64, RStr<'_>),
    /// Whether the module should stop.
    #[sabi(last_prefix_field)]
    pub cancelled: extern "C" fn(AbiHostData) -> bool,
}

/// The host's own state, opaque to the module.
#[repr(transparent)]
#[derive(Clone, Copy, StableAbi)]
pub struct AbiHostData(pub *const c_void);

// SAFETY: it points to the host's services, which are `Send` and `Sync` and outlive the derivation.
unsafe impl Send for AbiHostData {}
// SAFETY: as above.
unsafe impl Sync for AbiHostData {}

/// Callbacks with their state.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct AbiHost {
    pub data: AbiHostData,
    pub callbacks: HostCallbacksRef,
}

/// One input file.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct AbiInput<'a> {
    pub role: RStr<'a>,
    pub name: RStr<'a>,
    pub bytes: RSlice<'a, u8>,
}

/// One derivation.
#[repr(C)]
#[derive(Clone, Copy, StableAbi)]
pub struct AbiRequest<'a> {
    pub inputs: RSlice<'a, AbiInput<'a>>,
    pub parameters: RStr<'a>,
    pub host: AbiHost,
}

/// Report as JSON; the tables' streams, then one stream of a single column for each matrix, then the remarks if there are.
#[repr(C)]
#[derive(StableAbi)]
pub struct AbiOutput {
    pub report: RString,
    pub streams: RVec<ArrowArrayStream>,
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::mem::{align_of, offset_of, size_of};

    use super::*;

    macro_rules! layout {
        ($text:ident, $type:ty, [$($field:ident),* $(,)?]) => {
            let _ = write!($text, "{} size {} align {}", stringify!($type), size_of::<$type>(), align_of::<$type>());
            $(let _ = write!($text, ", {} at {}", stringify!($field), offset_of!($type, $field));)*
            $text.push('\n');
        };
    }

    /// A module built from any earlier release of this major version must still find every field where it was. Plain
    /// structs never change; the two tables of functions may only grow at their end, together with the minor version.
    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_layout_that_changes_without_a_new_version_is_noticed() {
        let mut text =
            format!("api {}.{}\n", env!("CARGO_PKG_VERSION_MAJOR"), env!("CARGO_PKG_VERSION_MINOR"));
        layout!(text, ModuleRoot, [section, derive, invoke, inspect]);
        layout!(text, HostCallbacks, [log, progress, cancelled]);
        layout!(text, AbiHost, [data, callbacks]);
        layout!(text, AbiInput<'static>, [role, name, bytes]);
        layout!(text, AbiRequest<'static>, [inputs, parameters, host]);
        layout!(text, AbiOutput, [report, streams]);
        let _ = writeln!(text, "ArrowArrayStream size {}", size_of::<ArrowArrayStream>());
        assert_eq!(text, include_str!("../abi-1.2.txt"));
        // Nothing that 1.1 released was moved: 1.2 added no field.
        let released = include_str!("../abi-1.1.txt").split_once('\n');
        assert_eq!(released.map(|(_, structs)| structs), text.split_once('\n').map(|(_, structs)| structs));
    }
}
