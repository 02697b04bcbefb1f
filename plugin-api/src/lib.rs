//! The contract between `host` and its derivation modules.
//!
//! A module turns published bytes into tables and matrices. It is a crate of its own, compiled to a dynamic library
//! (`cdylib`), and this is the only crate of ours that it needs. It writes no `unsafe` and no FFI type: it implements
//! [`DerivationModule`], describes itself in `module.json`, and [`export_module!`] does the rest.
//!
//! # A module in five minutes
//!
//! `Cargo.toml`:
//!
//! ```toml
//! [package]
//! name = "thermometer"
//! version = "0.1.0"
//! edition = "2024"
//!
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! plugin-api = "1.1"
//! ```
//!
//! `module.json`, beside it, says what goes in and what is promised to come out. The host shows it, holds every result
//! against it, and never runs the module to read it ([`Descriptor`] documents every key):
//!
//! ```json
//! {
//!   "schema": "host.module/1",
//!   "id": "thermometer",
//!   "title": "Temperatures in kelvin",
//!   "inputs": [{ "role": "readings", "required": true, "meaning": "one temperature in degrees Celsius a line" }],
//!   "outputs": { "temperatures": { "tables": [{
//!     "name": "data", "row_id": "row_id",
//!     "columns": [
//!       { "name": "row_id", "type": "utf8", "meaning": "line of the reading" },
//!       { "name": "temperature", "type": "float64", "unit": "K", "meaning": "temperature", "minimum": 0 }
//!     ]
//!   }] } }
//! }
//! ```
//!
//! `src/lib.rs`:
//!
//! ```
//! use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};
//!
//! #[derive(Default)]
//! struct Thermometer;
//!
//! impl DerivationModule for Thermometer {
//!     fn derive<'a>(
//!         &self,
//!         inputs: &Inputs<'a>,
//!         _parameters: &Parameters,
//!         context: &Context<'a>,
//!     ) -> Result<Derived<'a>, ModuleError> {
//!         let (mut row_id, mut temperature) = (Vec::new(), Vec::new());
//!         for (number, line) in (1..).zip(inputs.require("readings")?.text()?.lines()) {
//!             context.check_cancelled()?;
//!             let celsius: f64 = line.trim().parse().map_err(|_| {
//!                 ModuleError::bad_input("readings", format!("`{line}` is no number")).line(number)
//!             })?;
//!             row_id.push(number.to_string());
//!             temperature.push(celsius + 273.15);
//!         }
//!         let table = Table::new("data").column("row_id", row_id).column("temperature", temperature).build();
//!         Ok(Derived::new("temperatures").table(table))
//!     }
//! }
//!
//! // plugin_api::export_module! { module: Thermometer, descriptor: "../module.json" }
//! # let readings = plugin_api::Input { role: "readings", name: "a.txt", bytes: b"20.5\n21\n" };
//! # let inputs = Inputs::new(vec![readings]);
//! # let derived = Thermometer.derive(&inputs, &Parameters::default(), &Context::detached()).unwrap();
//! # assert_eq!(derived.tables[0].name(), "data");
//! ```
//!
//! `cargo build --release`, then:
//!
//! ```text
//! host --plugin-dir target/release plugin info thermometer
//! host --plugin-dir target/release prepare --plugin thermometer --input readings=today.txt
//! ```
//!
//! # Test it
//!
//! `[dev-dependencies] plugin-api = { version = "1.1", features = ["conformance"] }`, and below the module
//! `plugin_api::conformance!(Thermometer, Example::new("two days").input("readings", "20.5\n21\n"));`: now `cargo test`
//! holds it, without a host, against everything that follows here. Each demand is a test with a name: the description is
//! consistent, results keep their contract and are the same twice, damaged inputs are refused with their place and never
//! a panic, cancellation is obeyed, no thread or file is left. Datasets that the module carries are examples by
//! themselves.
//!
//! # What a module must keep to
//!
//! * The result follows from inputs and parameters alone: no clock, no environment, no file, no network, no random
//!   numbers without a fixed seed, no iteration over a hash map. The host derives twice and compares.
//! * A published number is never changed or invented. A correction is a parameter that is off by default, is named in
//!   the metadata ([`Derived::note`]) and cites its source.
//! * Bad input is [`ModuleError::BadInput`] with line and field, never a panic. A panic is caught all the same, here in
//!   the library, and becomes an error that names the module.
//! * [`Context::check_cancelled`] at least once a second.
//!
//! # What may change and what may not
//!
//! The interface has a version of its own (that of this crate). Within one major version the structs that cross never
//! change; new abilities are optional and added at the tail, so a module built today loads in every later host of the
//! same major version. A module built with a newer minor version loads in an older host as long as it needs nothing
//! that the host lacks. Any compiler version will do on either side, and any Arrow version or none: tables cross by the
//! Arrow C stream interface, of which this crate holds its own copy.

mod abi;
mod arrow_c;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod derived;
mod descriptor;
mod error;
#[doc(hidden)]
pub mod export;
mod fits;
mod guard;
#[cfg(feature = "host")]
pub mod host_side;
mod inputs;
mod module;
mod parameters;
mod picture;
mod reference_model;
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
pub use crate::fits::{FitsColumn, FitsRows, FitsTable, FitsValues};
pub use crate::inputs::{Input, Inputs};
pub use crate::module::DerivationModule;
pub use crate::parameters::Parameters;
pub use crate::picture::{Axis, Curve, Only, Plot, Residuals, Series};
pub use crate::reference_model::ReferenceModel;
pub use crate::table::{Column, Field, Table, TableBuilder};
