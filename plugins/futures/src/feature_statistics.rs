//! Numbers of each feature over all rows, for the table `statistics`: collected while the rows are made.

use std::sync::{Arc, Mutex, PoisonError};

use plugin_api::ModuleError;

use crate::features::NAMES;
use crate::ranges;
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
    /// Rows with a value beyond what is usual.
    pub outside: u64,
    sum: f64,
}

impl Default for Summary {
    fn default() -> Self {
        Self {
            missing: 0,
            present: 0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
            outside: 0,
            sum: 0.0,
        }
    }
}

impl Summary {
    pub(crate) fn add(&mut self, values: &[f64], (lowest, highest): (f64, f64)) {
        let before = self.missing;
        for value in values {
            if value.is_nan() {
                self.missing += 1;
            } else {
                self.minimum = self.minimum.min(*value);
                self.maximum = self.maximum.max(*value);
                self.sum += value;
                self.outside += u64::from(*value < lowest || *value > highest);
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

    /// Share of the values beyond what is usual.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn outside_fraction(&self) -> f64 {
        self.outside as f64 / self.present.max(1) as f64
    }

    /// Whether it says nothing: one value in all rows, or a size that nothing in a market has
    /// (monthly_statistics.py, `suspicious_ranges`).
    #[must_use]
    pub fn is_suspicious(&self) -> bool {
        self.present > 0 && (self.minimum >= self.maximum || self.minimum.abs().max(self.maximum.abs()) > 1e6)
    }
}

/// Summaries of all features.
pub type Summaries = [Summary; NAMES.len()];

/// Summaries that grow with the table `data`; whoever needs them comes behind it.
#[derive(Debug, Clone)]
pub struct Collected {
    summaries: Arc<Mutex<Summaries>>,
    /// Rows that the table has when it is complete.
    rows: usize,
}

impl Collected {
    /// None yet, of a table with so many rows.
    #[must_use]
    pub fn of_rows(rows: usize) -> Self {
        Self { summaries: Arc::new(Mutex::new([Summary::default(); NAMES.len()])), rows }
    }

    /// Takes the next rows in, one column for each name.
    pub fn add(&self, columns: &[Vec<f64>]) {
        let mut summaries = self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        for ((summary, values), usual) in summaries.iter_mut().zip(columns).zip(ranges::usual()) {
            summary.add(values, usual);
        }
    }

    /// The summaries of all rows.
    ///
    /// # Errors
    /// [`ModuleError::Internal`] before the last row is made.
    pub fn complete(&self) -> Result<Summaries, ModuleError> {
        let summaries = *self.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        let complete = |summary: &Summary| summary.present + summary.missing == self.rows as u64;
        if summaries.iter().all(complete) {
            return Ok(summaries);
        }
        Err(ModuleError::internal("statistics were asked for before all rows of `data` were read"))
    }
}

/// Adds the summaries to the table.
#[expect(clippy::cast_precision_loss, reason = "counts of rows")]
pub(crate) fn add(summaries: &Summaries, statistics: &mut Statistics) {
    for ((name, _), summary) in NAMES.iter().zip(summaries) {
        statistics.add("feature", name, "missing_fraction", summary.missing_fraction(), "1");
        statistics.add("feature", name, "outside_rows", summary.outside as f64, "rows");
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
