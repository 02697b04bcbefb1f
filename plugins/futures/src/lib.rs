//! One-second bars of ES futures to training tables: labels, weights and features.
//!
//! The way of the data, a file each: `dbn` and `parquet` read records; `cleaning` puts them in ticks and order and sets aside what
//! breaks a rule (`quarantine`); `contracts` chooses what a day is read from; `sessions` says which seconds count; `fill`
//! makes a row of each second; `labels` and `weights` look ahead, `features` look back; `compat` makes the table.
//!
//! "The reference" is the public pipeline Model2LSTM at 234c629; its file and function stand beside what follows it.
//!
//! # Invariants
//! * Prices are whole ticks from `cleaning` on; what a row holds does not depend on where a batch begins.
//! * Every record of the input is a clean bar, a bar in quarantine, or a bar of another instrument that is counted.
#![forbid(unsafe_code)]

pub mod bars;
pub mod calendar;
pub mod cleaning;
pub mod clock;
mod columns;
pub mod compat;
pub mod contracts;
pub mod dbn;
pub mod features;
pub mod fill;
pub mod labels;
pub mod parquet;
pub mod prepared;
pub mod quarantine;
pub mod rolls;
pub mod sessions;
pub mod settings;
pub mod statistics;
pub mod strict;
mod summary;
pub mod symbols;
#[cfg(test)]
mod tests;
pub mod ticks;
pub mod weights;

use std::sync::Arc;

use plugin_api::{Context, DerivationModule, Derived, Input, Inputs, ModuleError, Parameters, export_module};

use crate::cleaning::Recording;
use crate::compat::{BATCH_ROWS, Compat};
use crate::settings::{Mode, Settings};
use crate::strict::Strict;

/// Role of the bars.
pub const BARS: &str = "bars";

/// The module.
#[derive(Debug, Default)]
pub struct Futures;

impl DerivationModule for Futures {
    fn derive<'a>(
        &self,
        inputs: &Inputs<'a>,
        parameters: &Parameters,
        context: &Context<'a>,
    ) -> Result<Derived<'a>, ModuleError> {
        let settings = Settings::read(parameters)?;
        context.progress(0.0, "reading bars");
        let recording = read(&inputs.require(BARS)?, context)?;
        context.check_cancelled()?;
        context.progress(0.4, "filling sessions");
        let (output, prepared) = match settings.mode {
            Mode::Compat => ("compat", prepared::as_the_reference(&recording, &settings)?),
            Mode::Strict => ("strict", prepared::strictly(&recording, &settings)?),
        };
        if prepared.grid.bars.is_empty() {
            let message = format!("none of its {} records is a bar within a session", recording.records);
            return Err(
                ModuleError::bad_input(BARS, message).hint("look at the symbols and the hours of the file")
            );
        }
        context.check_cancelled()?;
        let derived = summary::describe(Derived::new(output), &recording, &prepared, &settings);
        let (rolls, sessions) =
            (summary::rolls(&prepared, &recording), summary::sessions(&prepared, &recording));
        let (data, statistics) = match settings.mode {
            Mode::Compat => {
                let compat = Compat::new(prepared, &recording, &settings);
                let statistics = compat.statistics(context)?;
                (Arc::new(compat).into_table(BATCH_ROWS, context), statistics)
            }
            Mode::Strict => {
                let strict = Strict::new(prepared, &recording, &settings, context)?;
                let statistics = strict.statistics();
                (Arc::new(strict).into_table(BATCH_ROWS, context), statistics)
            }
        };
        let statistics = statistics.with_recording(&recording);
        let derived = statistics.findings().into_iter().fold(derived, Derived::finding);
        Ok(derived
            .table(data)
            .table(recording.quarantine.into_table())
            .table(rolls)
            .table(sessions)
            .table(statistics.into_table()))
    }
}

/// Reads the bars in the form they come in.
fn read(input: &Input<'_>, context: &Context<'_>) -> Result<Recording, ModuleError> {
    if parquet::is_parquet(input.bytes) { parquet::read(input, context) } else { dbn::read(input, context) }
}

export_module! {
    module: Futures,
    descriptor: "../module.json",
    files: ["../bundled/synthetic.dbn.zst"],
}
