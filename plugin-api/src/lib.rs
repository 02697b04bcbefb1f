//! The contract between `host` and its derivation modules, and the tutorial for who writes one.
//!
//! A module turns published bytes into tables and matrices. It is a crate of its own, compiled to a dynamic library
//! (`cdylib`), and this is the only crate of ours that it needs. It writes no `unsafe` and no FFI type: it implements
//! [`DerivationModule`], describes itself in `module.json`, and [`export_module!`] does the rest.
//!
//! # 1. Begin
//!
//! ```text
//! host plugin new light_curve            # or --template minimal, --template covariance
//! cd light_curve
//! cargo test                             # passes: the example that it carries keeps its contract
//! ```
//!
//! (`--plugin-api PATH` takes this crate from a folder in place of its published version.) Two files matter.
//! `module.json` says what goes in and what is promised to come out; `src/lib.rs` makes the one from the other. Replace
//! the example in `data/` by your own and go through the following sections.
//!
//! # 2. Say what goes in and what comes out
//!
//! The host shows `module.json`, holds every result against it, and never runs the module to read it. [`Descriptor`]
//! documents every key; one that nobody reads fails the tests, so a misspelt promise does not pass.
//!
//! ```
//! # let description: plugin_api::Descriptor = serde_json::from_str(r#"
//! {
//!   "schema": "host.module/1",
//!   "id": "light_curve",
//!   "title": "Brightness of a star over time",
//!   "inputs": [
//!     { "role": "table", "required": true, "meaning": "CSV with the columns time [d] and flux [mJy]" },
//!     { "role": "covariance", "required": true, "meaning": "covariance of the fluxes, mJy²" }
//!   ],
//!   "parameters": [
//!     { "name": "zero_point", "type": "number", "unit": "mJy", "default": 0.0, "minimum": -1, "maximum": 1,
//!       "meaning": "added to every flux" }
//!   ],
//!   "outputs": { "curve": {
//!     "tables": [{ "name": "data", "row_id": "row_id", "columns": [
//!       { "name": "row_id", "type": "utf8", "meaning": "number of the observation" },
//!       { "name": "time", "type": "float64", "unit": "d", "meaning": "time since discovery", "minimum": 0 },
//!       { "name": "flux", "type": "float64", "unit": "mJy", "meaning": "flux density at 5 GHz" },
//!       { "name": "uncertainty", "type": "float64", "unit": "mJy", "meaning": "standard deviation" }
//!     ] }],
//!     "matrices": [{ "name": "covariance", "rows_of": "data", "symmetric": true, "positive_definite": true,
//!                    "diagonal_is_square_of": "uncertainty" }]
//!   } }
//! }
//! # "#).unwrap();
//! # assert_eq!(description.outputs["curve"].matrices[0].rows_of, "data");
//! ```
//!
//! * **Units** are part of the promise: every float has a `unit` (`1` is dimensionless), or a `unit_column` where rows
//!   differ. Write them as `km s^-1`. They go into every registered dataset, export and picture.
//! * **Rows have identity**: `row_id` names the column; matrices are bound to its rows in order (`rows_of`).
//! * **Limits** (`minimum`, `maximum`, `greater_than`, `finite`, `allowed`, `unique`, `null_fraction`) are checked by the
//!   host, so that the code need not.
//!
//! # 3. Read
//!
//! [`Inputs::require`] gives an input by its role; [`Input::table`] and [`Input::matrix`] read the usual files: named
//! columns between commas, semicolons, tabs or blanks, with quotes and comments; square matrices in any arrangement of
//! lines. All numbers are finite and exact to the last bit. Whatever is wrong is refused with line, field and a hint.
//!
//! ```
//! use plugin_api::{Context, DerivationModule, Derived, Inputs, ModuleError, Parameters, Table};
//!
//! #[derive(Default)]
//! struct LightCurve;
//!
//! impl DerivationModule for LightCurve {
//!     fn derive<'a>(
//!         &self,
//!         inputs: &Inputs<'a>,
//!         parameters: &Parameters,
//!         context: &Context<'a>,
//!     ) -> Result<Derived<'a>, ModuleError> {
//!         let table = inputs.require("table")?.table()?;
//!         // A covariance of as many rows; `diagonal` and `standard_deviations` read one without correlations.
//!         let covariance = inputs.require("covariance")?.matrix(table.rows())?;
//!         let zero_point = parameters.number("zero_point")?.unwrap_or(0.0);
//!         let mut fluxes = Vec::new();
//!         for (row, flux) in table.numbers_in("flux", "mJy")?.into_iter().enumerate() {
//!             context.check_cancelled()?;
//!             if flux <= 0.0 {
//!                 let error = table.refuse(row, "flux", format!("a flux of {flux} mJy"));
//!                 return Err(error.hint("leave out the nights without a detection"));
//!             }
//!             fluxes.push(flux + zero_point);
//!         }
//!         let data = Table::new("data")
//!             .column("row_id", table.row_numbers())
//!             .column("time", table.numbers_in("time", "d")?)
//!             .column("flux", fluxes)
//!             .column("uncertainty", covariance.standard_deviations())
//!             .build();
//!         Ok(Derived::new("curve").table(data).matrix(covariance).note("zero_point_millijansky", zero_point))
//!     }
//! }
//!
//! // plugin_api::export_module! {
//! //     module: LightCurve,
//! //     descriptor: "../module.json",
//! //     files: ["../data/table.csv", "../data/covariance.txt"],
//! // }
//! # use plugin_api::Input;
//! # let covariance = Input { role: "covariance", name: "c.txt", bytes: b"0.04 0.01\n0.01 0.09\n" };
//! # let derive = |bytes| {
//! #     let inputs = Inputs::new(vec![Input { role: "table", name: "a.csv", bytes }, covariance]);
//! #     LightCurve.derive(&inputs, &Parameters::default(), &Context::detached())
//! # };
//! # let derived = derive(b"time [d],flux [mJy]\n0.5,1.25\n1.5,1.5\n").unwrap();
//! # assert_eq!(derived.tables[0].name(), "data");
//! # assert_eq!(derived.matrices[0].values[3], 0.09);
//! # let error = derive(b"time [d],flux [mJy]\n0.5,1.25\n1.5,-1\n").unwrap_err();
//! # assert_eq!(error.to_string(), "input `table`, line 3, field 2: a flux of -1 mJy");
//! ```
//!
//! * `numbers_in("flux", "mJy")` refuses a heading that says `flux [Jy]`; `numbers` does not look at units.
//! * [`optional_numbers`](text::TextTable::optional_numbers) takes words such as `NaN` or `-99` for "no number"; the
//!   column then has nulls, which the contract allows by `null_fraction`.
//! * [`only`](text::TextTable::only) refuses columns that the module does not know.
//! * Other files: [`Input::text`] and [`Input::bytes`], and the readers of [`text`] that these are made of.
//!
//! # 4. Parameters
//!
//! What the user sets with `--param NAME=VALUE` was checked against the description and filled up with the defaults
//! before the module sees it: [`Parameters::number`], [`integer`](Parameters::integer), [`flag`](Parameters::flag),
//! [`text`](Parameters::text). A combination that makes no sense is [`ModuleError::bad_parameter`].
//!
//! # 5. Errors with a place, and findings
//!
//! [`ModuleError::bad_input`] names the role, and `.line(…)`, `.column(…)` and `.hint(…)` say where and what to do. The
//! user reads:
//!
//! ```text
//! error: input `table`, line 3, field 2: a flux of -1 mJy
//! hint: leave out the nights without a detection
//! ```
//!
//! What is suspicious and no reason to stop is a [`Finding`]: a `Note`, a `Warning` (stops a `--strict` run) or an `Error`.
//!
//! ```
//! # use plugin_api::{Derived, Finding, Severity};
//! # let (spread, limit) = (7.5, 5.0);
//! let finding = Finding::new(Severity::Warning, "flux.spread", "table `data`", "the star varies much")
//!     .measured(spread, limit)
//!     .hint("look at `host plot mine`");
//! let derived = Derived::new("curve").finding(finding);
//! # assert_eq!(derived.findings[0].limit, Some(5.0));
//! ```
//!
//! # 6. Metadata, progress, cancellation
//!
//! [`Derived::note`] records what is true of the whole dataset: conventions, corrections, selections. A published number
//! is never changed or invented: a correction is a parameter that is off by default, is named in the metadata and cites
//! its source. What follows from the rows of a [streamed](Table::streamed) table is said by [`Table::remarks`] when
//! they have been read. [`Context::progress`] tells how far the work is, from 0 to 1 and never back; [`Context::check_cancelled`]
//! belongs into every loop that may last, at least once a second.
//!
//! # 7. Pictures, models and files of other programs
//!
//! A [`Plot`] says what stands where, and the host draws it; a [`ReferenceModel`] holds predictions, from which the host
//! computes chi-squared; an [`ExportFormat`] describes files of another program, for `host export --format NAME`. They
//! name tables, columns and matrices of the result.
//!
//! ```
//! use plugin_api::{Axis, Derived, ExportContent, ExportFile, ExportFormat, Plot, Series};
//!
//! let axis = |label: &str, unit: &str| Axis { label: label.to_owned(), unit: unit.to_owned(), logarithmic: false };
//! let points = Plot::Points {
//!     title: "Brightness over time".to_owned(),
//!     x: axis("time since discovery", "d"),
//!     y: axis("flux density", "mJy"),
//!     series: vec![Series {
//!         label: "observations".to_owned(),
//!         table: "data".to_owned(),
//!         x: "time".to_owned(),
//!         y: "flux".to_owned(),
//!         error: Some("uncertainty".to_owned()),
//!         only: None,
//!         scale: 1.0,
//!     }],
//!     curves: Vec::new(),
//!     residuals: None,
//! };
//! let columns = ExportContent::Columns {
//!     table: "data".to_owned(),
//!     columns: vec!["time".to_owned(), "flux".to_owned()],
//!     header: Some("# time_day flux_millijansky".to_owned()),
//! };
//! let gnuplot = ExportFormat {
//!     meaning: "columns for gnuplot".to_owned(),
//!     files: vec![ExportFile { suffix: ".dat".to_owned(), content: columns }],
//! };
//! let derived = Derived::new("curve").plot("brightness", points).export("gnuplot", gnuplot);
//! # assert_eq!((derived.plots.len(), derived.exports.len()), (1, 1));
//! ```
//!
//! # 8. Data that travel with the module
//!
//! A small example is embedded in the library: [`BundledDataset`] names its files and their digests, and
//! `host prepare --plugin light_curve` makes it. `result_sha256` is the digest of what comes out; with it, nobody changes a
//! result without knowing. Public datasets that are too large to embed are listed in a
//! [`catalogue`](Descriptor::catalogue) with addresses and digests, so that `host fetch NAME && host prepare NAME` works.
//! Digests need not be computed by hand: write `""`, and the failing test says what to write.
//!
//! # 9. Test
//!
//! One line below the module, `plugin_api::conformance!(LightCurve);` under `#[cfg(test)]`, with this crate's feature
//! `conformance` in `[dev-dependencies]`: now `cargo test` holds the module, without a host, against everything that is
//! demanded of any module. Each demand is a test with a name: the description is consistent, bundled data and results
//! have their digests, results keep their contract and are the same twice, damaged inputs are refused with their place
//! and never a panic, limits and cancellation are obeyed, no thread or file is left. `host plugin test .` does the same
//! over the library, each check in a confined process of its own. Further examples can be given:
//! `conformance!(LightCurve, Example::new("one night").input("table", "…"))`.
//!
//! # 10. Run, pack, sign
//!
//! ```text
//! cargo build --release
//! host --plugin-dir target/release plugin info light_curve
//! host --plugin-dir target/release prepare --plugin light_curve --name mine --input table=a.csv --input covariance=c.txt
//! host show mine
//! host export mine --format csv --output out
//! ```
//!
//! For others, `host plugin pack` makes `light_curve-0.1.0.hostplugin` from the library and signs it with a key of
//! `host plugin key`; whoever trusts that key installs it with `host plugin install`. Each of these verbs explains itself
//! with `--help`.
//!
//! # What a module must keep to
//!
//! * The result follows from inputs and parameters alone: no clock, no environment, no file, no network, no random
//!   numbers without a fixed seed, no iteration over a hash map. The host derives twice and compares.
//! * Bad input is [`ModuleError::BadInput`] with line and field, never a panic. A panic is caught all the same, here in
//!   the library, and becomes an error that names the module; so leave `panic = "unwind"` as it is.
//! * What crosses is checked as if it were hostile: sizes, lengths, UTF-8, types, contract.
//!
//! # Versions: what may change and what may not
//!
//! A module has a version of its own, that of its crate: raise it when results change. The interface has one too (that of
//! this crate). Within one major version the structs that cross never change; new abilities are optional and added at
//! the tail, so a module built today loads in every later host of the same major version. A module built with a newer
//! minor version loads in an older host as long as it needs nothing that the host lacks. Any compiler version will do on
//! either side, and any Arrow version or none: tables cross by the Arrow C stream interface, of which this crate holds
//! its own copy.

mod abi;
mod arrow_c;
pub mod c_interface;
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
mod remarks;
pub mod section;
mod table;
pub mod text;

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
pub use crate::remarks::Remarks;
pub use crate::table::{Column, Field, Table, TableBuilder};
