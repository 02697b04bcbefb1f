//! The result in compat mode: the reference's table, column by column.

use std::ops::Range;
use std::sync::Arc;

use plugin_api::{Column, ColumnKind, Context, Field, ModuleError, Table};

use crate::cleaning::{OHLCV_1S, Recording};
use crate::columns;
use crate::feature_statistics::Collected;
use crate::features::{self, Features, Series, WarmUp};
use crate::labels::{Label, MODES, Mode, reference_labels, roll_mask};
use crate::prepared::Prepared;
use crate::settings::{ReferencePath, Settings};
use crate::statistics::ModeCounts;
use crate::symbols::Contracts;
use crate::weights;

/// Rows of a batch: its columns stay in the cache while they are made.
pub const BATCH_ROWS: usize = 8192;

/// Everything the rows of the table follow from.
#[derive(Debug)]
pub struct Compat {
    prepared: Prepared,
    contracts: Contracts,
    /// Rows that lose, empty where rolls are not looked at.
    mask: Vec<bool>,
    /// Weight of a label's age, for each session.
    decays: Vec<f64>,
    /// Labels of the rows of the month itself.
    labels: Vec<[Label; MODES.len()]>,
    counts: [ModeCounts; MODES.len()],
}

impl Compat {
    /// Prepares the table, and labels its rows.
    ///
    /// # Errors
    /// [`ModuleError::Cancelled`].
    pub fn new(
        prepared: Prepared,
        recording: &Recording,
        settings: &Settings,
        context: &Context<'_>,
    ) -> Result<Self, ModuleError> {
        let bars = &prepared.grid.bars;
        let mask = match settings.reference_path {
            ReferencePath::Chunked => Vec::new(),
            ReferencePath::RollAware => roll_mask(&bars.close_ticks),
        };
        // The newest row of the month itself.
        let end = prepared.own_rows().end;
        let newest = end.checked_sub(1).map_or(0, |row| weights::month(bars.time_seconds[row]));
        let age = |start: &usize| newest - weights::month(bars.time_seconds[*start]);
        let decay = |start: &usize| weights::decay(weights::DECAY_PER_MONTH, age(start));
        let sessions = prepared.sessions.len();
        let decays = prepared.grid.starts[..sessions].iter().map(decay).collect();
        let mut compat = Self {
            contracts: recording.contracts.clone(),
            mask,
            decays,
            labels: Vec::new(),
            counts: [ModeCounts::default(); MODES.len()],
            prepared,
        };
        compat.label(context)?;
        Ok(compat)
    }

    fn label(&mut self, context: &Context<'_>) -> Result<(), ModuleError> {
        self.labels.reserve_exact(self.prepared.own_rows().len());
        for session in self.prepared.own.clone() {
            context.check_cancelled()?;
            let rows = self.prepared.rows(session);
            let first = self.labels.len();
            reference_labels(&self.prepared.grid.bars, &self.mask, rows, &mut self.labels);
            for labels in &self.labels[first..] {
                for ((counts, mode), label) in self.counts.iter_mut().zip(&MODES).zip(labels) {
                    counts.labelled += 1;
                    counts.won += u64::from(label.won);
                    counts.weight_sum += f64::from(weight(mode, *label, self.decays[session]));
                }
            }
        }
        Ok(())
    }

    /// Labels and weights of all modes.
    #[must_use]
    pub fn counts(&self) -> &[ModeCounts; MODES.len()] {
        &self.counts
    }

    /// Share of the rows that lose because they are near a jump of the price.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn masked_fraction(&self) -> f64 {
        let masked = self.mask.iter().filter(|masked| **masked).count();
        masked as f64 / self.mask.len().max(1) as f64
    }

    /// The table `data`, made while it is read; its features are summed up in `collected`.
    #[must_use]
    pub fn into_table<'a>(
        self: Arc<Self>,
        batch_rows: usize,
        collected: Collected,
        context: &Context<'a>,
    ) -> Table<'a> {
        let mut features = Features::default();
        let first = self.prepared.own_rows().start;
        let compat = Arc::clone(&self);
        let batches = self.prepared.batches(batch_rows, *context, move |session, rows| {
            let labels = &compat.labels[rows.start - first..rows.end - first];
            compat.features(session, rows.clone(), &mut features);
            collected.add(&features.columns);
            let mut batch = compat.inputs(session, rows);
            compat.add_labels(session, labels, &mut batch);
            columns::add_features(&mut features, &mut batch);
            batch
        });
        Table::streamed("data", fields(), batches)
    }

    fn features(&self, session: usize, rows: Range<usize>, features: &mut Features) {
        let grid = &self.prepared.grid;
        let series = Series { rows: 0..grid.bars.len(), warm_up: WarmUp::Reference };
        let second = columns::second_of_day(&self.prepared, session, rows.start);
        features.compute(&grid.bars, &series, rows, second);
    }

    /// The reference's columns of the input: what a filled second does not have is null.
    fn inputs(&self, session: usize, rows: Range<usize>) -> Vec<Column> {
        let grid = &self.prepared.grid;
        let bars = &grid.bars;
        let traded = |value: f64, row: usize| (!grid.filled[row]).then_some(value);
        // Contract and symbol are carried forward, never back.
        let known = |row: usize| row >= grid.first_trades[session];
        let contract = self.prepared.sessions[session].contract;
        let number = f64::from(self.contracts.instrument_id(contract));
        let symbol = self.contracts.symbol(contract);
        let numbers =
            |of: &dyn Fn(usize) -> Option<f64>| -> Column { rows.clone().map(of).collect::<Vec<_>>().into() };
        vec![
            columns::times(&bars.time_seconds[rows.clone()]),
            numbers(&|row| traded(OHLCV_1S.into(), row)),
            numbers(&|row| traded(bars.publisher[row].into(), row)),
            numbers(&|row| known(row).then_some(number)),
            columns::prices(&bars.open_ticks[rows.clone()]),
            columns::prices(&bars.high_ticks[rows.clone()]),
            columns::prices(&bars.low_ticks[rows.clone()]),
            columns::prices(&bars.close_ticks[rows.clone()]),
            bars.volume[rows.clone()].iter().map(|volume| i64::from(*volume)).collect::<Vec<_>>().into(),
            rows.clone().map(|row| known(row).then(|| symbol.to_owned())).collect::<Vec<_>>().into(),
        ]
    }

    fn add_labels(&self, session: usize, labels: &[[Label; MODES.len()]], batch: &mut Vec<Column>) {
        for (index, mode) in MODES.iter().enumerate() {
            let of_mode = labels.iter().map(|labels| &labels[index]);
            batch.push(of_mode.clone().map(|label| i32::from(label.won)).collect::<Vec<_>>().into());
            let decay = self.decays[session];
            batch.push(of_mode.map(|label| weight(mode, *label, decay)).collect::<Vec<f32>>().into());
        }
    }
}

/// A weight as the table has it.
#[expect(clippy::cast_possible_truncation, reason = "the reference rounds its weights to 32 bits")]
fn weight(mode: &Mode, label: Label, decay: f64) -> f32 {
    weights::reference_weight(mode, &label, decay) as f32
}

/// Names and types of the columns.
#[must_use]
pub fn fields() -> Vec<Field> {
    use ColumnKind::{Float32, Float64, Int32, Int64, TimestampNanosecondsUtc, Utf8};
    let inputs = [
        ("timestamp", TimestampNanosecondsUtc),
        ("rtype", Float64),
        ("publisher_id", Float64),
        ("instrument_id", Float64),
        ("open", Float64),
        ("high", Float64),
        ("low", Float64),
        ("close", Float64),
        ("volume", Int64),
        ("symbol", Utf8),
    ];
    let field = |name: &str, kind| Field { name: name.to_owned(), kind };
    let mut fields: Vec<Field> = inputs.map(|(name, kind)| field(name, kind)).into();
    for mode in MODES {
        fields.push(field(&format!("label_{}", mode.name), Int32));
        fields.push(field(&format!("weight_{}", mode.name), Float32));
    }
    fields.extend(features::NAMES.map(|(name, whole)| field(name, if whole { Int32 } else { Float64 })));
    fields
}
