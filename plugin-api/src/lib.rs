//! The contract between `host` and its derivation modules.
#![cfg_attr(not(test), warn(missing_docs))]

mod abi;
mod arrow_c;
mod context;
mod derived;
mod descriptor;
mod error;
#[doc(hidden)]
pub mod export;
mod guard;
#[cfg(feature = "host")]
pub mod host_side;
mod inputs;
mod module;
mod parameters;
pub mod section;
mod table;

#[doc(hidden)]
pub use crate::derived::{MatrixHeader, Report};

pub use crate::context::{Context, Level};
pub use crate::derived::{
    Derived, ExportContent, ExportFile, ExportFormat, FieldSource, Finding, Matrix, Severity,
};
pub use crate::descriptor::{
    BundledDataset, BundledFile, Citation, ColumnContract, ColumnKind, Descriptor, InputForm, InputRole,
    MatrixContract, OutputContract, ParameterKind, ParameterSpecification, TableContract,
};
pub use crate::error::{Fault, ModuleError};
pub use crate::inputs::{Input, Inputs};
pub use crate::module::DerivationModule;
pub use crate::parameters::Parameters;
pub use crate::table::{Column, Field, Table, TableBuilder};
