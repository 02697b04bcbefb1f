//! The module's side of the boundary: [`export_module!`](crate::export_module) and the functions behind it.
#![expect(
    unsafe_code,
    reason = "building the library header and erasing lifetimes; each block says why it is sound"
)]

use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RErr, ROk, RResult, RSlice, RStr, RString};

use crate::abi::{AbiOutput, AbiRequest, ModuleRef, ModuleRoot};
use crate::arrow_c::ArrowArrayStream;
use crate::derived::{MatrixHeader, Report};
use crate::guard::guarded;
use crate::remarks::Closing;
use crate::table::Field;
use crate::{
    Column, ColumnKind, Context, DerivationModule, Derived, Input, Inputs, Matrix, ModuleError, Parameters,
    Table,
};

/// A module together with the section that the macro embeds beside it.
#[doc(hidden)]
pub trait Exported: DerivationModule {
    /// The embedded section.
    fn section() -> &'static [u8];
}

/// What the exported symbol is.
#[doc(hidden)]
pub type Header = LibHeader;

/// The exported symbol's value.
#[doc(hidden)]
#[must_use]
pub const fn header<T: Exported>() -> Header {
    // SAFETY: `construct` returns a `ModuleRef`, the type named here.
    unsafe { LibHeader::from_constructor::<ModuleRef>(construct::<T>, CheckTypeLayout::Yes) }
}

extern "C" fn construct<T: Exported>() -> RootModuleResult {
    abi_stable::library::__call_root_module_loader(root::<T>)
}

fn root<T: Exported>() -> ModuleRef {
    ModuleRoot {
        section: section::<T>,
        derive: derive::<T>,
        invoke,
        // api 1.1 begin
        inspect: inspect::<T>,
        // api 1.1 end
    }
    .leak_into_prefix()
}

extern "C" fn section<T: Exported>() -> RSlice<'static, u8> {
    RSlice::from_slice(T::section())
}

extern "C" fn derive<T: Exported>(request: AbiRequest<'_>) -> RResult<AbiOutput, RString> {
    answer(|| {
        let (inputs, parameters, context) = open(&request)?;
        pack(T::default().derive(&inputs, &parameters, &context)?)
    })
}

// api 1.1 begin
extern "C" fn inspect<T: Exported>(request: AbiRequest<'_>) -> RResult<RString, RString> {
    answer(|| {
        let (inputs, parameters, context) = open(&request)?;
        let findings = T::default().inspect(&inputs, &parameters, &context)?;
        to_json(&findings)
    })
}
// api 1.1 end

extern "C" fn invoke(operation: RStr<'_>, _argument: RStr<'_>) -> RResult<RString, RString> {
    answer(|| Err(ModuleError::internal(format!("unknown operation `{operation}`"))))
}

/// Runs guarded and turns the error into JSON.
fn answer<T>(work: impl FnOnce() -> Result<T, ModuleError>) -> RResult<T, RString> {
    match guarded(work) {
        Ok(value) => ROk(value),
        Err(error) => RErr(serde_json::to_string(&error).unwrap_or_default().into()),
    }
}

fn open<'a>(request: &AbiRequest<'a>) -> Result<(Inputs<'a>, Parameters, Context<'a>), ModuleError> {
    let inputs = request
        .inputs
        .as_slice()
        .iter()
        .map(|input| Input {
            role: input.role.as_str(),
            name: input.name.as_str(),
            bytes: input.bytes.as_slice(),
        })
        .collect();
    let parameters = serde_json::from_str(request.parameters.as_str())
        .map_err(|error| ModuleError::internal(format!("the host sent malformed parameters: {error}")))?;
    Ok((Inputs::new(inputs), Parameters::new(parameters), Context::attached(request.host)))
}

/// A result as it crosses: what is JSON, and what is streamed.
pub(crate) struct Parts<'a> {
    pub(crate) report: Report,
    pub(crate) tables: Vec<Table<'a>>,
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) closing: Vec<Closing<'a>>,
}

pub(crate) fn parts(mut derived: Derived<'_>) -> Parts<'_> {
    let closing = derived.closing();
    let report = Report {
        output: derived.output,
        tables: derived.tables.iter().map(|table| table.name.clone()).collect(),
        matrices: derived
            .matrices
            .iter()
            .map(|matrix| MatrixHeader { name: matrix.name.clone(), size: matrix.size })
            .collect(),
        metadata: derived.metadata,
        findings: derived.findings,
        exports: derived.exports,
        models: derived.models,
        plots: derived.plots,
        remarks: !closing.is_empty(),
    };
    Parts { report, tables: derived.tables, matrices: derived.matrices, closing }
}

fn pack(derived: Derived<'_>) -> Result<AbiOutput, ModuleError> {
    let Parts { report, tables, matrices, closing } = parts(derived);
    let remarks = report.remarks.then(|| table_stream(Closing::into_table(closing)));
    let report = to_json(&report)?;
    let tables = tables.into_iter().map(table_stream);
    let matrices = matrices.into_iter().map(matrix_stream);
    Ok(AbiOutput { report, streams: tables.chain(matrices).chain(remarks).collect() })
}

fn table_stream(table: Table<'_>) -> ArrowArrayStream {
    // SAFETY: the host keeps the inputs alive until every stream is released (see `ModuleRoot::derive`).
    unsafe { ArrowArrayStream::export(table.fields, table.batches) }
}

fn matrix_stream(matrix: Matrix) -> ArrowArrayStream {
    let fields = vec![Field { name: "values".to_owned(), kind: ColumnKind::Float64 }];
    let batch = std::iter::once(Ok(vec![Column::from(matrix.values)]));
    // SAFETY: the batch owns its values.
    unsafe { ArrowArrayStream::export(fields, Box::new(batch)) }
}

fn to_json(value: &impl serde::Serialize) -> Result<RString, ModuleError> {
    serde_json::to_string(value)
        .map(RString::from)
        .map_err(|error| ModuleError::internal(format!("cannot write the report as JSON: {error}")))
}

/// Facts about this build of the crate, for the manifest.
#[doc(hidden)]
pub mod build {
    /// Version of the interface, `major.minor`.
    pub const API_MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");
    /// See [`API_MAJOR`].
    pub const API_MINOR: &str = env!("CARGO_PKG_VERSION_MINOR");
    /// Target triple.
    pub const TARGET: &str = env!("PLUGIN_API_TARGET");
    /// Enabled target features.
    pub const TARGET_FEATURES: &str = env!("PLUGIN_API_TARGET_FEATURES");
    /// Compiler.
    pub const RUSTC: &str = env!("PLUGIN_API_RUSTC");
    /// What a panic does.
    pub const PANIC: &str = if cfg!(panic = "unwind") { "unwind" } else { "abort" };
}

/// Exports a module from a cdylib: the symbol that a host looks up, and the section that it reads without loading.
///
/// * `module`: a type that implements [`DerivationModule`](crate::DerivationModule).
/// * `descriptor`: path of `module.json`, relative to the file with the macro.
/// * `files`: paths of the bundled files that the descriptor names, relative likewise. May be left out.
///
/// ```text
/// plugin_api::export_module! {
///     module: Bao,
///     descriptor: "../module.json",
///     files: ["../bundled/mean.txt"],
/// }
/// ```
#[macro_export]
macro_rules! export_module {
    (module: $module:ty, descriptor: $descriptor:literal $(, files: [$($file:literal),* $(,)?])? $(,)?) => {
        const _: () = {
            const PARTS: &[$crate::section::Part] = &[
                $crate::section::Part {
                    kind: $crate::section::MANIFEST,
                    name: "",
                    content: &[
                        b"{\"schema\":\"host.manifest/1\",\"version\":\"",
                        env!("CARGO_PKG_VERSION").as_bytes(),
                        b"\",\"api\":\"",
                        $crate::export::build::API_MAJOR.as_bytes(),
                        b".",
                        $crate::export::build::API_MINOR.as_bytes(),
                        b"\",\"api_minimum\":\"",
                        $crate::export::build::API_MAJOR.as_bytes(),
                        b".0\",\"target\":\"",
                        $crate::export::build::TARGET.as_bytes(),
                        b"\",\"target_features\":\"",
                        $crate::export::build::TARGET_FEATURES.as_bytes(),
                        b"\",\"panic\":\"",
                        $crate::export::build::PANIC.as_bytes(),
                        b"\",\"rustc\":\"",
                        $crate::export::build::RUSTC.as_bytes(),
                        b"\"}",
                    ],
                },
                $crate::section::Part {
                    kind: $crate::section::DESCRIPTOR,
                    name: "",
                    content: &[include_bytes!($descriptor)],
                },
                $($($crate::section::Part {
                    kind: $crate::section::FILE,
                    name: $file,
                    content: &[include_bytes!($file)],
                },)*)?
            ];

            #[used]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".host_module"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__host_module"))]
            static SECTION: [u8; $crate::section::encoded_length(PARTS)] = $crate::section::encode(PARTS);

            impl $crate::export::Exported for $module {
                fn section() -> &'static [u8] {
                    &SECTION
                }
            }

            #[unsafe(export_name = "host_module_header")]
            pub static HEADER: $crate::export::Header = $crate::export::header::<$module>();
        };
    };
}
