//! Points with error bars over an axis, curves, and a panel of residuals.

use plugin_api::{Axis as Declared, Curve, Residuals, Series};

use super::axes::{self, Axis};
use super::heading::{self, BORDER, Entry, Sign, WIDTH};
use super::numbers;
use super::samples::{Sample, Samples};
use super::scale::{Range, Scale};
use super::scene::{Area, Ink, Item, Point, Scene, Shape, Stroke};
use crate::dataset::Dataset;

const HEIGHT: f64 = 340.0;
const RESIDUALS_HEIGHT: f64 = 120.0;
const BETWEEN: f64 = 14.0;

/// Dashes of curves that belong to no series, one after the other.
const DASHES: [Option<(f64, f64)>; 4] = [None, Some((8.0, 4.0)), Some((2.0, 3.0)), Some((12.0, 5.0))];

/// What a module declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a Declared,
    pub(super) y: &'a Declared,
    pub(super) series: &'a [Series],
    pub(super) curves: &'a [Curve],
    pub(super) residuals: Option<&'a Residuals>,
}

/// How points are drawn: the more there are, the less of each.
#[derive(Debug, Clone, Copy)]
struct Density {
    radius: f64,
    opacity: f64,
    bar: Stroke,
    /// Half the width of the ends of an error bar.
    cap: f64,
    /// Whether curves lie above the points, where they would be hidden.
    curves_above: bool,
}

impl Density {
    fn of(points: usize) -> Self {
        let bar = |width, opacity| Stroke { width, opacity, dash: None };
        let (radius, opacity, bar, cap) = match points {
            0..=60 => (4.0, 1.0, bar(1.4, 1.0), 3.0),
            61..=300 => (3.0, 0.85, bar(1.1, 0.6), 0.0),
            301..=3000 => (1.9, 0.5, bar(0.7, 0.22), 0.0),
            _ => (1.3, 0.3, bar(0.5, 0.1), 0.0),
        };
        Self { radius, opacity, bar, cap, curves_above: points > 300 }
    }
}

/// Draws it.
pub(super) fn draw(dataset: &Dataset, declared: &Declaration) -> Scene {
    let mut samples = Samples::read(dataset, declared.series, declared.residuals);
    let density = Density::of(samples.count());
    let curves = Line::all(declared);
    let mut items = Vec::new();
    let top = heading::above(&mut items, declared.title, &entries(declared, &curves)) + BORDER;
    let (x_range, y_range, residual_range) = ranges(declared, &samples);
    let hidden =
        samples.iter().filter(|sample| !(x_range.shows(sample.x) && y_range.shows(sample.y))).count();
    if hidden > 0 {
        samples.remarks.push(format!("{hidden} of {} points cannot be shown on these axes", samples.count()));
    }

    let (x_name, y_name) = (named(declared.x), named(declared.y));
    let has_panel = declared.residuals.is_some();
    let y_scale = y_range.scale(top + HEIGHT, top);
    let mut y_axis = Axis::new(y_scale, 7.0, true, &y_name);
    let panel_top = top + HEIGHT + BETWEEN;
    let panel_scale = residual_range.scale(panel_top + RESIDUALS_HEIGHT, panel_top);
    let panel_name =
        declared.residuals.map(|residuals| numbers::with_unit(&residuals.label, &declared.y.unit));
    let panel_name = panel_name.unwrap_or_default();
    let mut panel_axis = Axis::new(panel_scale, 4.0, true, &panel_name);
    if has_panel {
        let widest = y_axis.room.max(panel_axis.room);
        (y_axis.room, panel_axis.room) = (widest, widest);
    }
    let left = axes::left_room(y_axis.room);
    let width = WIDTH - BORDER - left;
    let x_scale = x_range.scale(left, left + width);
    let x_axis = |labelled, name| Axis::new(x_scale, width / 80.0, labelled, name);

    let area = Area { left, top, width, height: HEIGHT };
    let main_axis = x_axis(!has_panel, if has_panel { "" } else { &*x_name });
    axes::grid(&mut items, &area, &main_axis, &y_axis);
    let mut data = Vec::new();
    let drawn = || curves.iter().filter_map(|curve| curve.draw(&x_scale, &y_scale));
    if !density.curves_above {
        data.extend(drawn());
    }
    draw_points(&mut data, &samples, &density, (&x_scale, &y_scale), |sample| Some(sample.y));
    if density.curves_above {
        data.extend(drawn());
    }
    items.push(Item::Clipped { area, items: data });
    axes::frame(&mut items, &area, &main_axis, &y_axis);
    let mut bottom = area.bottom() + axes::BELOW_NAME;

    if has_panel {
        let area = Area { left, top: panel_top, width, height: RESIDUALS_HEIGHT };
        let x_axis = x_axis(true, &x_name);
        axes::grid(&mut items, &area, &x_axis, &panel_axis);
        let mut data = Vec::new();
        let zero: Vec<Point> =
            panel_scale.place(0.0).into_iter().flat_map(|y| [(left, y), (left + width, y)]).collect();
        let zero = Item::Lines { ink: Ink::Foreground, lines: vec![zero], stroke: Stroke::solid(1.0) };
        data.extend((!density.curves_above).then(|| zero.clone()));
        draw_points(&mut data, &samples, &density, (&x_scale, &panel_scale), |sample| sample.residual);
        data.extend(density.curves_above.then_some(zero));
        items.push(Item::Clipped { area, items: data });
        axes::frame(&mut items, &area, &x_axis, &panel_axis);
        bottom = area.bottom() + axes::BELOW_NAME;
    }
    let height = heading::below(&mut items, &samples.remarks, bottom);
    Scene { width: WIDTH, height, title: declared.title.to_owned(), items }
}

fn named(axis: &Declared) -> String {
    numbers::with_unit(&axis.label, &axis.unit)
}

fn entries(declared: &Declaration, curves: &[Line]) -> Vec<Entry> {
    let series = declared.series.iter().enumerate().map(|(index, series)| Entry {
        label: series.label.clone(),
        ink: Ink::Series(index),
        sign: Sign::Marker { shape: Shape::of(index), with_error: series.error.is_some() },
    });
    let curves = curves.iter().filter(|curve| !curve.declared.label.is_empty()).map(|curve| Entry {
        label: curve.declared.label.clone(),
        ink: curve.ink,
        sign: Sign::Line(curve.stroke),
    });
    series.chain(curves).collect()
}

/// Ranges of both axes and of the residuals.
fn ranges(declared: &Declaration, samples: &Samples) -> (Range, Range, Range) {
    let mut x = Range::new(declared.x.logarithmic);
    let mut y = Range::new(declared.y.logarithmic);
    let mut residuals = Range::new(false);
    residuals.include(0.0);
    let longest = samples.longest_bar();
    let (any_x, any_y) = (x, y);
    let shown = |sample: &&Sample| any_x.shows(sample.x) && any_y.shows(sample.y);
    for sample in samples.iter().filter(shown) {
        x.include(sample.x);
        let bar = if sample.error <= longest { sample.error } else { 0.0 };
        for end in [0.0, bar, -bar] {
            y.include(sample.y + end);
            sample.residual.into_iter().for_each(|residual| residuals.include(residual + end));
        }
    }
    for curve in declared.curves {
        for (one, other) in curve.x.iter().zip(&curve.y) {
            if x.shows(*one) && y.shows(*other) {
                x.include(*one);
                y.include(*other);
            }
        }
    }
    (x, y, residuals)
}

/// Error bars of all series below all their points.
fn draw_points(
    items: &mut Vec<Item>,
    samples: &Samples,
    density: &Density,
    (x_scale, y_scale): (&Scale, &Scale),
    value: impl Fn(&Sample) -> Option<f64>,
) {
    let place = |sample: &Sample| Some((x_scale.place(sample.x)?, y_scale.place(value(sample)?)?));
    let (bottom, _) = y_scale.ends();
    for (index, series) in samples.series.iter().enumerate() {
        let mut lines = Vec::new();
        for sample in series.iter().filter(|sample| sample.error > 0.0) {
            let (Some((x, _)), Some(middle)) = (place(sample), value(sample)) else { continue };
            let upper = y_scale.place(middle + sample.error);
            // The lower end of a bar on a logarithmic axis may be at zero or below.
            let lower = y_scale.place(middle - sample.error).unwrap_or(bottom);
            let Some(upper) = upper else { continue };
            lines.push(vec![(x, lower), (x, upper)]);
            if density.cap > 0.0 {
                lines.extend([lower, upper].map(|y| vec![(x - density.cap, y), (x + density.cap, y)]));
            }
        }
        items.push(Item::Lines { ink: Ink::Series(index), lines, stroke: density.bar });
    }
    for (index, series) in samples.series.iter().enumerate() {
        items.push(Item::Markers {
            ink: Ink::Series(index),
            shape: Shape::of(index),
            radius: density.radius,
            opacity: density.opacity,
            at: series.iter().filter_map(place).collect(),
        });
    }
}

/// A curve with its looks.
struct Line<'a> {
    declared: &'a Curve,
    ink: Ink,
    stroke: Stroke,
}

impl<'a> Line<'a> {
    fn all(declared: &Declaration<'a>) -> Vec<Self> {
        let mut dashes = DASHES.into_iter().cycle();
        let owner = |label: &String| declared.series.iter().position(|series| series.label == *label);
        let line = |curve: &'a Curve| {
            let (ink, dash) = match curve.series.as_ref().and_then(owner) {
                Some(owner) => (Ink::Series(owner), None),
                None => (Ink::Foreground, dashes.next().flatten()),
            };
            Self { declared: curve, ink, stroke: Stroke { width: 1.6, opacity: 1.0, dash } }
        };
        declared.curves.iter().map(line).collect()
    }

    /// The line, interrupted where the axes cannot show it.
    fn draw(&self, x_scale: &Scale, y_scale: &Scale) -> Option<Item> {
        let mut lines: Vec<Vec<Point>> = vec![Vec::new()];
        for (x, y) in self.declared.x.iter().zip(&self.declared.y) {
            match (x_scale.place(*x), y_scale.place(*y), lines.last_mut()) {
                (Some(x), Some(y), Some(line)) => line.push((x, y)),
                _ => lines.push(Vec::new()),
            }
        }
        lines.retain(|line| line.len() > 1);
        (!lines.is_empty()).then_some(Item::Lines { ink: self.ink, lines, stroke: self.stroke })
    }
}
