//! Draws the pictures that a module declared for its dataset, as SVG or as PNG.
//!
//! The module says which columns stand on which axis; everything else is decided here, so that all pictures look
//! alike. No name or number is trusted: what cannot be drawn is left out and said below the picture.
//!
//! Invariants: the same dataset gives the same bytes; no text leaves its place in the document; nothing panics.

mod axes;
mod correlation;
mod ellipses;
mod font;
mod heading;
mod numbers;
mod points;
mod raster;
mod samples;
mod scale;
mod scene;
mod sketch;
mod svg;
#[cfg(test)]
mod tests;
mod ticks;

use std::collections::BTreeMap;

use plugin_api::Plot;

use crate::dataset::{Cell, Dataset};
use crate::error::{Error, Kind, Result};
use crate::text;

pub(crate) use numbers::short as short_number;
pub(crate) use svg::escaped;

/// A picture, ready to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture(scene::Scene);

impl Picture {
    /// Draws a plot of a dataset.
    #[must_use]
    pub fn new(dataset: &Dataset, plot: &Plot) -> Self {
        Self(match plot {
            Plot::Points { title, x, y, series, curves, residuals } => points::draw(
                dataset,
                &points::Declaration { title, x, y, series, curves, residuals: residuals.as_ref() },
            ),
            Plot::Correlation { title, matrix, labels } => {
                correlation::draw(dataset, title, matrix, labels.as_deref())
            }
            Plot::Ellipses { title, table, value, label, matrix } => {
                ellipses::draw(dataset, &ellipses::Declaration { title, table, value, label, matrix })
            }
        })
    }

    /// Draws a plot so small that only its shape is seen; nothing for a plot whose shape is not one of points.
    #[must_use]
    pub fn sketch(dataset: &Dataset, plot: &Plot) -> Option<Self> {
        sketch::draw(dataset, plot).map(Self)
    }

    /// As an SVG document, which also fits into an HTML page as it is.
    #[must_use]
    pub fn svg(&self) -> String {
        svg::write(&self.0)
    }

    /// As a part of a page that allows no style of its own and has [`style_sheet`] among its own, on the page's ground.
    #[must_use]
    pub fn svg_part(&self) -> String {
        svg::write_part(&self.0)
    }

    /// As a PNG file on white.
    ///
    /// # Errors
    /// [`Kind::Limit`] when there is no memory for it.
    pub fn png(&self) -> Result<Vec<u8>> {
        raster::write(&self.0).ok_or_else(|| {
            Error::new(Kind::Limit, "the picture is too large for memory").hint("write it as SVG")
        })
    }
}

/// The rules by which a dark page shows pictures in its colours.
#[must_use]
pub fn style_sheet() -> String {
    svg::style_sheet()
}

/// The picture of a name, or the one shown where there is room for one: the first that is no correlation.
///
/// # Errors
/// [`Kind::Usage`] when there is none.
pub fn choose<'a>(plots: &'a BTreeMap<String, Plot>, wanted: Option<&str>) -> Result<(&'a str, &'a Plot)> {
    let named = |(name, plot): (&'a String, &'a Plot)| (name.as_str(), plot);
    let Some(wanted) = wanted else {
        let principal = plots.iter().find(|(_, plot)| !matches!(plot, Plot::Correlation { .. }));
        return principal.or_else(|| plots.first_key_value()).map(named).ok_or_else(none);
    };
    if plots.is_empty() {
        return Err(none());
    }
    plots.get_key_value(wanted).map(named).ok_or_else(|| {
        let names: Vec<String> = plots.keys().map(|name| format!("`{name}`")).collect();
        let error = Error::new(Kind::Usage, format!("this dataset has no plot: `{wanted}`"));
        match text::nearest(wanted, plots.keys().map(String::as_str)) {
            Some(nearest) => error.hint(format!("did you mean `--plot {nearest}`?")),
            None => error,
        }
        .hint(format!("its plots are {}", names.join(", ")))
    })
}

fn none() -> Error {
    Error::new(Kind::Usage, "this dataset has no plot")
        .cause("its module declared none")
        .hint("export it and draw it with a program of your own: `host export NAME --format csv`")
}

/// The number in a cell; NaN where there is none.
fn number_of(cell: &Cell) -> f64 {
    cell.number().unwrap_or(f64::NAN)
}

/// A number of things as a length.
#[expect(clippy::cast_precision_loss, reason = "numbers of rows are far below 2^53")]
fn count(things: usize) -> f64 {
    things as f64
}
