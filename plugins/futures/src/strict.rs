//! The result in strict mode.

mod rows;

use std::ops::Range;
use std::sync::Arc;

use plugin_api::{Context, ModuleError, Table};

use self::rows::Rows;
use crate::cleaning::Recording;
use crate::feature_statistics::Collected;
use crate::labels::{Arena, MODES, Scan, Trade, modes, trades, uniqueness};
use crate::prepared::Prepared;
use crate::rolls::{Adjustment, adjustments};
use crate::sessions::Session;
use crate::settings::{FeatureReset, Settings};
use crate::statistics::ModeCounts;
use crate::symbols::Contracts;
use crate::weights;

/// Everything the rows of the table follow from.
#[derive(Debug)]
pub struct Strict {
    prepared: Prepared,
    contracts: Contracts,
    settings: Settings,
    /// What is done to the prices of each session.
    adjustments: Vec<Adjustment>,
    /// Weight of a label's age, for each session.
    decays: Vec<f64>,
    counts: [ModeCounts; MODES.len()],
}

impl Strict {
    /// Prepares the table. Labels are counted here, since the weight of a class depends on all of them.
    ///
    /// # Errors
    /// [`ModuleError::Cancelled`].
    pub fn new(
        prepared: Prepared,
        recording: &Recording,
        settings: &Settings,
        context: &Context<'_>,
    ) -> Result<Self, ModuleError> {
        let as_of = settings.as_of.map(|date| i32::from(date.year()) * 12 + i32::from(date.month()));
        let age = |open_seconds| as_of.map_or(0, |as_of| (as_of - weights::month(open_seconds)).max(0));
        let decay = |time| weights::decay(settings.decay_per_month, age(time));
        let decays = prepared.sessions.iter().map(|session| decay(session.open_seconds)).collect();
        let mut strict = Self {
            adjustments: adjustments(&prepared.sessions, &prepared.rolls, settings.adjustment),
            contracts: recording.contracts.clone(),
            settings: settings.clone(),
            counts: [ModeCounts::default(); MODES.len()],
            decays,
            prepared,
        };
        let (mut scan, mut trades) = (strict.scan(), Vec::new());
        let mut weights = [[0.0; 2]; MODES.len()];
        for session in strict.prepared.own.clone() {
            context.check_cancelled()?;
            strict.trades(session, &mut scan, &mut trades);
            strict.count(session, &trades, &mut weights);
        }
        // What classes weigh is known only now.
        for (mode, weights) in weights.into_iter().enumerate() {
            let balanced = [false, true].map(|won| strict.class_balance(mode, won));
            let balanced = weights.into_iter().zip(balanced).filter(|(weight, _)| *weight > 0.0);
            strict.counts[mode].weight_sum = balanced.map(|(weight, balance)| weight * balance).sum();
        }
        Ok(strict)
    }

    fn scan(&self) -> Scan {
        Scan::new(modes(self.settings.pairs_ticks))
    }

    /// The rows that features of a session may look at.
    fn series(&self, session: usize) -> Range<usize> {
        let sessions = &self.prepared.sessions;
        let first = match self.settings.feature_reset {
            FeatureReset::Session => session,
            FeatureReset::Contract => {
                let other = |before: &Session| before.contract != sessions[session].contract;
                sessions[..session].iter().rposition(other).map_or(0, |other| other + 1)
            }
            FeatureReset::Never => 0,
        };
        self.prepared.grid.starts[first]..self.prepared.grid.starts[session + 1]
    }

    fn trades(&self, session: usize, scan: &mut Scan, into: &mut Vec<[Trade; MODES.len()]>) {
        let arena = Arena {
            rows: self.prepared.rows(session),
            cut_off: self.prepared.sessions[session].cut_off,
            horizon_rows: self.settings.horizon_rows,
            tie: self.settings.tie,
        };
        trades(&self.prepared.grid.bars, &arena, scan, into);
    }

    /// Counts the labels of a session, and adds up the weights of both classes of each mode before they are balanced.
    fn count(
        &mut self,
        session: usize,
        trades: &[[Trade; MODES.len()]],
        weights: &mut [[f64; 2]; MODES.len()],
    ) {
        let first_row = self.prepared.rows(session).start;
        let mut unique = Vec::new();
        for (mode, counts) in self.counts.iter_mut().enumerate() {
            uniqueness(first_row, trades, mode, self.settings.tie, &mut unique);
            for (trades, unique) in trades.iter().zip(&unique) {
                let Some(won) = trades[mode].label(self.settings.tie) else { continue };
                counts.labelled += 1;
                counts.won += u64::from(won);
                weights[mode][usize::from(won)] += unique * self.decays[session];
            }
        }
    }

    /// Number of labelled rows over twice the number of those with this label: both classes weigh the same.
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    fn class_balance(&self, mode: usize, won: bool) -> f64 {
        let counts = &self.counts[mode];
        let class = if won { counts.won } else { counts.labelled - counts.won };
        counts.labelled as f64 / (2.0 * class as f64)
    }

    /// Labels and weights of all modes.
    #[must_use]
    pub fn counts(&self) -> &[ModeCounts; MODES.len()] {
        &self.counts
    }

    /// The table `data`, made while it is read, a session at a time and in batches of at most so many rows;
    /// its features are summed up in `collected`.
    #[must_use]
    pub fn into_table<'a>(
        self: Arc<Self>,
        batch_rows: usize,
        collected: Collected,
        context: &Context<'a>,
    ) -> Table<'a> {
        let mut rows = Rows::new(Arc::clone(&self), collected);
        let batches =
            self.prepared.batches(batch_rows, *context, move |session, piece| rows.batch(session, piece));
        Table::streamed("data", rows::fields(), batches)
    }
}
