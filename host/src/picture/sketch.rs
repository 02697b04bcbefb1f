//! A plot so small that only its shape is seen: the points of a list's row, without axes or words.

use plugin_api::Plot;

use super::samples::Samples;
use super::scale::Range;
use super::scene::{Area, Ink, Item, Point, Scene, Shape};
use crate::dataset::Dataset;

const WIDTH: f64 = 132.0;
const HEIGHT: f64 = 40.0;
const BORDER: f64 = 3.0;

/// More points are one blot.
const MOST_POINTS: usize = 240;

/// Draws the points of a plot; nothing for a plot of another kind, or when there is no point.
pub(super) fn draw(dataset: &Dataset, plot: &Plot) -> Option<Scene> {
    let Plot::Points { title, x, y, series, .. } = plot else { return None };
    let samples = Samples::read(dataset, series, None);
    let (mut across, mut up) = (Range::new(x.logarithmic), Range::new(y.logarithmic));
    for sample in samples.iter() {
        if across.shows(sample.x) && up.shows(sample.y) {
            across.include(sample.x);
            up.include(sample.y);
        }
    }
    let area = Area { left: BORDER, top: BORDER, width: WIDTH - 2.0 * BORDER, height: HEIGHT - 2.0 * BORDER };
    let (across, up) = (across.scale(area.left, area.right()), up.scale(area.bottom(), area.top));
    let stride = samples.count().div_ceil(MOST_POINTS).max(1);
    let (radius, opacity) = if samples.count() > 60 { (1.3, 0.6) } else { (2.0, 1.0) };
    let mut items = Vec::new();
    for (number, points) in samples.series.iter().enumerate() {
        let place = |sample: &super::samples::Sample| Some((across.place(sample.x)?, up.place(sample.y)?));
        let at: Vec<Point> = points.iter().step_by(stride).filter_map(place).collect();
        if !at.is_empty() {
            items.push(Item::Markers { ink: Ink::Series(number), shape: Shape::Circle, radius, opacity, at });
        }
    }
    let title = format!("Sketch: {title}");
    (!items.is_empty()).then_some(Scene { width: WIDTH, height: HEIGHT, title, items })
}
