//! Numbers of each feature over all rows, for the table `statistics`.

use plugin_api::{Context, ModuleError};

use crate::columns::second_of_day;
use crate::compat::BATCH_ROWS;
use crate::features::{Features, NAMES, Series, WarmUp};
use crate::prepared::Prepared;
use crate::statistics::Statistics;

/// What is known of one feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Rows without a value.
    pub missing: u64,
    /// Rows with one.
    pub present: u64,
    /// Smallest value.
    pub minimum: f64,
    /// Largest value.
    pub maximum: f64,
    sum: f64,
}

impl Default for Summary {
    fn default() -> Self {
        Self { missing: 0, present: 0, minimum: f64::INFINITY, maximum: f64::NEG_INFINITY, sum: 0.0 }
    }
}

impl Summary {
    fn add(&mut self, values: &[f64]) {
        let before = self.missing;
        for value in values {
            if value.is_nan() {
                self.missing += 1;
            } else {
                self.minimum = self.minimum.min(*value);
                self.maximum = self.maximum.max(*value);
                self.sum += value;
            }
        }
        self.present += values.len() as u64 - (self.missing - before);
    }

    /// Share of rows without a value.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn missing_fraction(&self) -> f64 {
        self.missing as f64 / ((self.missing + self.present).max(1)) as f64
    }

    /// Whether it says nothing: one value in all rows, or a size that nothing in a market has
    /// (monthly_statistics.py, `suspicious_ranges`).
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        self.present > 0 && (self.minimum >= self.maximum || self.minimum.abs().max(self.maximum.abs()) > 1e6)
    }
}

/// Summaries of all features, session after session or in one series, as the mode has it.
///
/// # Errors
/// [`ModuleError::Cancelled`].
pub fn summaries(
    prepared: &Prepared,
    warm_up: WarmUp,
    context: &Context<'_>,
) -> Result<[Summary; NAMES.len()], ModuleError> {
    let mut summaries = [Summary::default(); NAMES.len()];
    let mut features = Features::default();
    let bars = &prepared.grid.bars;
    for (session, rows) in prepared.pieces(BATCH_ROWS) {
        context.check_cancelled()?;
        let series = match warm_up {
            WarmUp::Reference => Series { rows: 0..bars.len(), warm_up },
            WarmUp::Missing => Series { rows: prepared.rows(session), warm_up },
        };
        let second = second_of_day(prepared, session, rows.start);
        features.compute(bars, &series, rows, second);
        for (summary, values) in summaries.iter_mut().zip(&features.columns) {
            summary.add(values);
        }
    }
    Ok(summaries)
}

/// Adds the summaries to the table.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
pub(crate) fn add(summaries: &[Summary; NAMES.len()], statistics: &mut Statistics) {
    for ((name, _), summary) in NAMES.iter().zip(summaries) {
        statistics.add("feature", name, "missing_fraction", summary.missing_fraction(), "1");
        if summary.present > 0 {
            statistics.add("feature", name, "minimum", summary.minimum, "that of the feature");
            statistics.add("feature", name, "maximum", summary.maximum, "that of the feature");
            statistics.add(
                "feature",
                name,
                "mean",
                summary.sum / summary.present as f64,
                "that of the feature",
            );
        }
    }
}
