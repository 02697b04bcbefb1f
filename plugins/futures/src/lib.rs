//! One-second bars of ES futures to training tables: labels, weights and features.
//!
//! The way of the data, a file each: `dbn` and `parquet` read records; `cleaning` puts them in ticks and order and sets aside what
//! breaks a rule (`quarantine`); `contracts` chooses what a day is read from; `sessions` says which seconds count; `fill`
//! makes a row of each second; `labels` and `weights` look ahead, `features` look back; `compat` makes the table.
//!
//! A month:
//!
//! ```sh
//! host prepare --plugin futures --name es_2025-09 --input bars=glbx-mdp3-20250901-20250930.ohlcv-1s.dbn.zst
//! ```
//!
//! gives the tables `data` (a row a second: prices, labels, weights, features), `quarantine` (bars set aside, with rule and
//! place), `rolls`, `sessions`, `statistics` and, in strict mode, `splits` (folds of whole sessions, purged, with an
//! embargo). `--input previous=FILE --input next=FILE` name the months before and after, of which no row is put out
//! (`neighbours`); `host prepare --partition` does so for a series, and `--param month=2025-09` says which month is expected,
//! without which two files that were exchanged are taken for what their names say. The metadata hold `quality_score`, by which
//! `host list --quality-below` finds months to look at again, and under `quality` what it is made of and the reasons.
//!
//! Labels of a row look ahead from the next second; features look back and include the row itself: a decision at the close
//! of a second is filled at the open of the next. Weights multiply: in strict mode `decay`, `uniqueness` and
//! `class_balance`, which are columns too, so that a fit can take those it wants.
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
pub mod feature_statistics;
pub mod features;
pub mod fill;
pub mod labels;
pub mod month;
pub mod neighbours;
pub mod parquet;
pub mod prepared;
pub mod quality;
pub mod quarantine;
mod ranges;
pub mod rolls;
pub mod sessions;
pub mod settings;
pub mod splits;
pub mod statistics;
pub mod strict;
mod summary;
pub mod symbols;
#[cfg(test)]
mod tests;
pub mod ticks;
pub mod weights;

use std::sync::Arc;

use plugin_api::{
    Context, DerivationModule, Derived, Input, Inputs, ModuleError, Parameters, Remarks, export_module,
};

use crate::cleaning::Recording;
use crate::compat::{BATCH_ROWS, Compat};
use crate::feature_statistics::Collected;
use crate::neighbours::{Months, NEXT, PREVIOUS};
use crate::quality::Facts;
use crate::settings::{Mode, Settings};
use crate::statistics::Statistics;
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
        let read = |input: &Input<'a>| read(input, settings.largest_volume, context);
        let neighbour = |role| inputs.get(role).map(|input| read(&input)).transpose();
        let own = read(&inputs.require(BARS)?)?;
        let (previous, next) = (neighbour(PREVIOUS)?, neighbour(NEXT)?);
        let demand = |month| month::demand(month, &own, previous.as_ref(), next.as_ref());
        let strays = settings.month.map(demand).transpose()?.unwrap_or_default();
        let months = Months::new(previous.as_ref(), own, next.as_ref())?;
        context.check_cancelled()?;
        context.progress(0.4, "filling sessions");
        let (output, prepared) = match settings.mode {
            Mode::Compat => ("compat", prepared::as_the_reference(&months, &settings)?),
            Mode::Strict => ("strict", prepared::strictly(&months, &settings)?),
        };
        let recording = months.recording;
        if prepared.own.is_empty() {
            return Err(nothing_left(&recording));
        }
        context.check_cancelled()?;
        let derived = summary::describe(Derived::new(output), &recording, &prepared, &settings);
        let further =
            [summary::rolls(&prepared, &recording), summary::sessions(&prepared, &recording, &settings)];
        let features = Collected::of_rows(prepared.own_rows().len());
        let splits =
            splits::table(&prepared, &splits::folds(&prepared, settings.folds, settings.embargo_rows));
        let (data, counts, affected_by_rolls, splits) = match settings.mode {
            Mode::Compat => {
                let compat = Arc::new(Compat::new(prepared, &recording, &settings, context)?);
                let (counts, affected) = (*compat.counts(), compat.masked_fraction());
                (compat.into_table(BATCH_ROWS, features.clone(), context), counts, affected, None)
            }
            Mode::Strict => {
                let strict = Arc::new(Strict::new(prepared, &recording, &settings, context)?);
                let counts = *strict.counts();
                (strict.into_table(BATCH_ROWS, features.clone(), context), counts, 0.0, Some(splits))
            }
        };
        let statistics = Statistics::of(&recording, &counts);
        let (retention, limits) = (recording.retention(), settings.limits);
        let mut derived = derived.table(data);
        derived.findings.extend(strays.into_iter().chain(statistics.findings(&settings.limits)));
        let statistics = statistics.into_table(features.clone()).remarks(move || {
            let features = features.complete()?;
            Ok(remarks(&Facts { modes: &counts, features: &features, retention, affected_by_rolls, limits }))
        });
        let tables = [recording.quarantine.into_table()].into_iter().chain(further).chain([statistics]);
        Ok(tables.chain(splits).fold(derived, Derived::table))
    }
}

/// What the rows as a whole say: the quality of the month, and features that leave their range.
fn remarks(facts: &Facts<'_>) -> Remarks {
    let quality = quality::score(facts);
    // Under this name a number is what the host can list datasets by.
    let remarks = Remarks::new().note("quality_score", quality["score"].clone()).note("quality", quality);
    ranges::findings(facts.features).into_iter().fold(remarks, Remarks::finding)
}

/// Why a file has no row.
fn nothing_left(recording: &Recording) -> ModuleError {
    let bad = |message: String| ModuleError::bad_input(BARS, message);
    let records = recording.records;
    if records == 0 {
        return bad("it has no records behind its metadata".to_owned()).hint("fetch the file again");
    }
    let message = format!("none of its {records} records is a bar within a session");
    let Some((rule, first, count)) = recording.quarantine.most_frequent() else {
        return bad(message).hint("look at the symbols and the hours of the file");
    };
    let place = format!("record {}, byte {}", first.record, first.byte);
    let rule = rule.name();
    bad(format!("{message}; {count} are set aside by the rule `{rule}`, the first is {place}"))
        .hint("look at the symbols, the dates of the symbol map, and the hours of the file")
}

/// Reads the bars in the form they come in.
fn read(input: &Input<'_>, largest_volume: u32, context: &Context<'_>) -> Result<Recording, ModuleError> {
    let read = if parquet::is_parquet(input.bytes) { parquet::read } else { dbn::read };
    read(input, largest_volume, context)
}

export_module! {
    module: Futures,
    descriptor: "../module.json",
    files: ["../bundled/synthetic.dbn.zst"],
}
