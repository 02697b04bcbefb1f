//! The table `statistics`: one number a row, each with its unit, and what is suspicious among them.

use plugin_api::{Column, ColumnKind, Field, Finding, Severity, Table};

use crate::cleaning::Recording;
use crate::feature_statistics::{self, Collected};
use crate::labels::MODES;
use crate::quarantine::Rule;
use crate::settings::Limits;

/// Numbers collected so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Statistics {
    rows: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    scope: &'static str,
    name: String,
    quantity: &'static str,
    value: f64,
    unit: &'static str,
}

/// What is counted of one mode.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ModeCounts {
    /// Rows with a label.
    pub labelled: u64,
    /// Rows with the label 1.
    pub won: u64,
    /// Sum of the weights.
    pub weight_sum: f64,
}

impl ModeCounts {
    /// Share of the label 1; 0 without labels.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    pub fn win_rate(&self) -> f64 {
        self.won as f64 / self.labelled.max(1) as f64
    }
}

impl Statistics {
    /// Adds a number.
    pub fn add(
        &mut self,
        scope: &'static str,
        name: &str,
        quantity: &'static str,
        value: f64,
        unit: &'static str,
    ) {
        self.rows.push(Entry { scope, name: name.to_owned(), quantity, value, unit });
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of rows")]
    fn add_modes(&mut self, counts: &[ModeCounts; MODES.len()]) {
        for (mode, counts) in MODES.iter().zip(counts) {
            let (labelled, won) = (counts.labelled as f64, counts.won as f64);
            self.add("mode", mode.name, "labelled_rows", labelled, "rows");
            self.add("mode", mode.name, "winning_rows", won, "rows");
            if counts.labelled > 0 {
                self.add("mode", mode.name, "win_rate", counts.win_rate(), "1");
                self.add("mode", mode.name, "mean_weight", counts.weight_sum / labelled, "1");
            }
        }
    }

    /// What became of the records, and the labels of all modes.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of records")]
    pub fn of(recording: &Recording, modes: &[ModeCounts; MODES.len()]) -> Self {
        let mut statistics = Self::default();
        let quarantine = &recording.quarantine;
        statistics.add("records", "all", "count", recording.records as f64, "records");
        statistics.add("records", "clean", "count", recording.clean() as f64, "records");
        statistics.add("records", "other_instruments", "count", recording.others as f64, "records");
        statistics.add("records", "quarantine", "count", quarantine.len() as f64, "records");
        for rule in Rule::ALL {
            statistics.add("rule", rule.name(), "count", quarantine.count(rule) as f64, "records");
        }
        statistics.add_modes(modes);
        statistics
    }

    /// Win rates that nobody believes.
    #[must_use]
    pub fn findings(&self, limits: &Limits) -> Vec<Finding> {
        let rates = self.rows.iter().filter(|entry| entry.quantity == "win_rate");
        let outside = rates.filter(|entry| !limits.believes(entry.value));
        let (lowest, highest) = limits.win_rates;
        let finding = |entry: &Entry| {
            let limit = if entry.value < lowest { lowest } else { highest };
            let message = format!("{:.1} % of the trades of `{}` win", entry.value * 100.0, entry.name);
            let place = format!("table `data`, column `label_{}`", entry.name);
            Finding::new(Severity::Warning, "labels.win-rate", place, message)
                .measured(entry.value, limit)
                .hint(format!(
                    "usual are {} to {} %: look at the input, or at the hours of its sessions",
                    lowest * 100.0,
                    highest * 100.0
                ))
        };
        outside.map(finding).collect()
    }

    /// The table, which is made when the features of all rows are known.
    pub(crate) fn into_table(mut self, features: Collected) -> Table<'static> {
        use ColumnKind::{Float64, Utf8};
        let fields =
            [("scope", Utf8), ("name", Utf8), ("quantity", Utf8), ("value", Float64), ("unit", Utf8)];
        let fields = fields.map(|(name, kind)| Field { name: name.to_owned(), kind });
        let columns = move || {
            feature_statistics::add(&features.complete()?, &mut self);
            Ok(self.columns())
        };
        Table::streamed("statistics", fields.into(), std::iter::once_with(columns))
    }

    fn columns(&self) -> Vec<Column> {
        let texts = |of: &dyn Fn(&Entry) -> &str| -> Vec<String> {
            self.rows.iter().map(|entry| of(entry).to_owned()).collect()
        };
        vec![
            texts(&|entry| entry.scope).into(),
            texts(&|entry| &entry.name).into(),
            texts(&|entry| entry.quantity).into(),
            self.rows.iter().map(|entry| entry.value).collect::<Vec<f64>>().into(),
            texts(&|entry| entry.unit).into(),
        ]
    }
}
