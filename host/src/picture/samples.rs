//! The points of a plot, read from a dataset as if its module had lied about every name.

use plugin_api::{Residuals, Series};

use super::number_of;
use crate::dataset::{Cell, Dataset};
use crate::stages::comparison;

/// Points drawn of one series; more make a file that nobody opens.
const MOST_POINTS: usize = 20_000;

/// A point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sample {
    pub(super) x: f64,
    pub(super) y: f64,
    /// Standard deviation of `y`; 0 for none.
    pub(super) error: f64,
    /// `y` without what the model predicts.
    pub(super) residual: Option<f64>,
}

/// The points of all series, and what a reader must be told of them.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) series: Vec<Vec<Sample>>,
    pub(super) remarks: Vec<String>,
}

impl Samples {
    pub(super) fn read(dataset: &Dataset, series: &[Series], residuals: Option<&Residuals>) -> Self {
        let mut samples = Self::default();
        let model = residuals.and_then(|residuals| {
            let model = dataset.models.iter().find(|model| model.name == residuals.model);
            let compared = match model {
                Some(model) => {
                    comparison::compare(dataset, model).map(|compared| (model, compared.residuals))
                }
                None => Err(vec![format!("there is no model `{}`", residuals.model)]),
            };
            compared.map_err(|why| samples.remarks.push(format!("no residuals: {}", why.join("; ")))).ok()
        });
        for one in series {
            let residuals =
                model.as_ref().filter(|(model, _)| model.table == one.table && model.column == one.y);
            let residuals: &[f64] = residuals.map_or(&[], |(_, residuals)| residuals);
            let points = read(dataset, one, residuals).unwrap_or_else(|| {
                samples.remarks.push(format!("series “{}” is not in the dataset", one.label));
                Vec::new()
            });
            let stride = points.len().div_ceil(MOST_POINTS).max(1);
            if stride > 1 {
                samples.remarks.push(format!("“{}”: one of {stride} points is drawn", one.label));
            }
            samples.series.push(points.into_iter().step_by(stride).collect());
        }
        samples
    }

    /// Number of points.
    pub(super) fn count(&self) -> usize {
        self.series.iter().map(Vec::len).sum()
    }

    /// All points.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Sample> {
        self.series.iter().flatten()
    }

    /// Longest error bar that the axes make room for. A published list may hold rows that the publisher made
    /// meaningless by an enormous error; they must not squeeze all others into a line.
    pub(super) fn longest_bar(&self) -> f64 {
        let mut errors: Vec<f64> =
            self.iter().map(|sample| sample.error).filter(|error| *error > 0.0).collect();
        errors.sort_by(f64::total_cmp);
        5.0 * errors.get(errors.len() * 9 / 10).copied().unwrap_or(0.0)
    }
}

fn read(dataset: &Dataset, series: &Series, residuals: &[f64]) -> Option<Vec<Sample>> {
    let table = dataset.table(&series.table)?;
    let (x, y) = (table.column(&series.x)?, table.column(&series.y)?);
    let errors = match &series.error {
        Some(error) => Some(table.column(error)?),
        None => None,
    };
    let only = match &series.only {
        Some(only) => Some((table.column(&only.column)?, &only.equals)),
        None => None,
    };
    let number = |cell: Cell<'_>| number_of(&cell);
    let mut errors = errors.map(|errors| errors.cells());
    let mut texts = only.as_ref().map(|(texts, _)| texts.cells());
    let mut samples = Vec::new();
    for (row, (x, y)) in x.cells().zip(y.cells()).enumerate() {
        let error = errors.as_mut().and_then(Iterator::next).map_or(0.0, number);
        let text = texts.as_mut().and_then(Iterator::next);
        let chosen = match (&only, text) {
            (Some((_, wanted)), Some(text)) => text == Cell::Text(wanted),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if chosen {
            let error = (error * series.scale).abs();
            samples.push(Sample {
                x: number(x),
                y: number(y) * series.scale,
                error: if error.is_finite() { error } else { 0.0 },
                residual: residuals.get(row).map(|residual| residual * series.scale),
            });
        }
    }
    Some(samples)
}
