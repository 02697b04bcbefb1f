//! Frame, grid, marks and names of the axes round an area.

use super::font;
use super::scale::Scale;
use super::scene::{Anchor, Area, Ink, Item, Point, Stroke};
use super::ticks::Ticks;

/// Sizes of letters.
pub(super) const TITLE: f64 = 16.0;
pub(super) const LABEL: f64 = 13.0;
pub(super) const TICK: f64 = 12.0;
pub(super) const NOTE: f64 = 11.0;

/// Lengths of marks.
const MAJOR: f64 = 6.0;
const MINOR: f64 = 3.0;

/// Room between two labels side by side.
const BETWEEN_LABELS: f64 = 8.0;

/// How far a label may reach over the end of its axis.
const OVERHANG: f64 = 12.0;

/// Room from the lower border of an area to the lower end of its name.
pub(super) const BELOW_NAME: f64 = 46.0;

/// One axis of an area.
#[derive(Debug)]
pub(super) struct Axis<'a> {
    pub(super) scale: Scale,
    pub(super) ticks: Ticks,
    /// Whether marks have their labels.
    pub(super) labelled: bool,
    /// What it shows, with the unit; empty for none.
    pub(super) name: &'a str,
    /// Room for labels between a vertical axis and its name.
    pub(super) room: f64,
}

impl<'a> Axis<'a> {
    pub(super) fn new(scale: Scale, marks: f64, labelled: bool, name: &'a str) -> Self {
        let mut axis = Self { scale, ticks: scale.ticks(marks), labelled, name, room: 0.0 };
        axis.room = axis.widest_label();
        axis
    }

    /// Width of the widest label.
    pub(super) fn widest_label(&self) -> f64 {
        self.ticks.major.iter().map(|(_, label)| font::width(label, TICK)).fold(0.0, f64::max)
    }

    fn places(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks.major.iter().filter_map(|(value, label)| Some((self.scale.place(*value)?, &**label)))
    }
}

/// Room that a vertical axis needs left of its area.
pub(super) fn left_room(widest_label: f64) -> f64 {
    widest_label + MAJOR + 4.0 + LABEL + 16.0
}

/// A line of text.
pub(super) fn text(ink: Ink, at: Point, size: f64, anchor: Anchor, text: impl Into<String>) -> Item {
    Item::Text { ink, at, size, anchor, upward: false, text: text.into() }
}

/// A line of text that reads upwards.
pub(super) fn upward(ink: Ink, at: Point, size: f64, anchor: Anchor, text: impl Into<String>) -> Item {
    Item::Text { ink, at, size, anchor, upward: true, text: text.into() }
}

/// The grid, to be drawn before everything else.
pub(super) fn grid(items: &mut Vec<Item>, area: &Area, horizontal: &Axis, vertical: &Axis) {
    let upright = horizontal.places().map(|(x, _)| vec![(x, area.top), (x, area.bottom())]);
    let flat = vertical.places().map(|(y, _)| vec![(area.left, y), (area.right(), y)]);
    let lines = upright.chain(flat).collect();
    items.push(Item::Lines { ink: Ink::Grid, lines, stroke: Stroke::solid(1.0) });
}

/// Frame, marks, labels and names, to be drawn after the data.
pub(super) fn frame(items: &mut Vec<Item>, area: &Area, horizontal: &Axis, vertical: &Axis) {
    let (left, bottom) = (area.left, area.bottom());
    let mut lines = vec![vec![
        (left, area.top),
        (area.right(), area.top),
        (area.right(), bottom),
        (left, bottom),
        (left, area.top),
    ]];
    let minor = |axis: &Axis| -> Vec<f64> {
        axis.ticks.minor.iter().filter_map(|value| axis.scale.place(*value)).collect()
    };
    lines.extend(horizontal.places().map(|(x, _)| vec![(x, bottom), (x, bottom + MAJOR)]));
    lines.extend(minor(horizontal).into_iter().map(|x| vec![(x, bottom), (x, bottom + MINOR)]));
    lines.extend(vertical.places().map(|(y, _)| vec![(left - MAJOR, y), (left, y)]));
    lines.extend(minor(vertical).into_iter().map(|y| vec![(left - MINOR, y), (left, y)]));
    items.push(Item::Lines { ink: Ink::Muted, lines, stroke: Stroke::solid(1.0) });
    bottom_labels(items, area, horizontal);
    left_labels(items, area, vertical);
}

fn bottom_labels(items: &mut Vec<Item>, area: &Area, axis: &Axis) {
    let line = area.bottom() + MAJOR + TICK + 2.0;
    let mut free_from = f64::NEG_INFINITY;
    for (x, label) in axis.places().filter(|_| axis.labelled) {
        let half = font::width(label, TICK) / 2.0;
        let outside = x - half < area.left - OVERHANG || x + half > area.right() + OVERHANG;
        if outside || x - half < free_from {
            continue;
        }
        free_from = x + half + BETWEEN_LABELS;
        items.push(text(Ink::Foreground, (x, line), TICK, Anchor::Middle, label));
    }
    let factor = if axis.labelled { &*axis.ticks.factor } else { "" };
    let below = area.bottom() + BELOW_NAME - 6.0;
    if !factor.is_empty() {
        items.push(text(Ink::Foreground, (area.right(), below), TICK, Anchor::End, factor));
    }
    if !axis.name.is_empty() {
        let room = area.width - 2.0 * font::width(factor, TICK);
        let name = font::fit(axis.name, LABEL, room);
        let middle = area.left + area.width / 2.0;
        items.push(text(Ink::Foreground, (middle, below), LABEL, Anchor::Middle, name));
    }
}

fn left_labels(items: &mut Vec<Item>, area: &Area, axis: &Axis) {
    let mut last = f64::NEG_INFINITY;
    for (y, label) in axis.places().filter(|_| axis.labelled) {
        if (y - last).abs() < TICK + 2.0 {
            continue;
        }
        last = y;
        let at = (area.left - MAJOR - 4.0, y + TICK * 0.36);
        items.push(text(Ink::Foreground, at, TICK, Anchor::End, label));
    }
    if axis.labelled && !axis.ticks.factor.is_empty() {
        let at = (area.left, area.top - 6.0);
        items.push(text(Ink::Foreground, at, TICK, Anchor::Start, &*axis.ticks.factor));
    }
    if !axis.name.is_empty() {
        let room = area.height + 40.0;
        let size = (LABEL * room / font::width(axis.name, LABEL)).clamp(NOTE, LABEL);
        let name = font::fit(axis.name, size, room);
        let left = area.left - axis.room - MAJOR - 4.0 - 12.0;
        let at = (left, area.top + area.height / 2.0);
        items.push(upward(Ink::Foreground, at, size, Anchor::Middle, name));
    }
}
