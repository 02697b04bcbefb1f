//! What stands above and below the data: title, legend, remarks.

use super::axes::{NOTE, TICK, TITLE, text};
use super::font;
use super::scene::{Anchor, Ink, Item, Shape, Stroke};

/// Width of every picture.
pub(super) const WIDTH: f64 = 760.0;

/// Room at the borders.
pub(super) const BORDER: f64 = 16.0;

/// Entries of a legend that are shown; nobody tells more colours apart.
const ENTRIES: usize = 14;

const SIGN: f64 = 26.0;
const LINE: f64 = 20.0;

/// An entry of the legend.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) ink: Ink,
    pub(super) sign: Sign,
}

/// What an entry shows.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Sign {
    Marker { shape: Shape, with_error: bool },
    Line(Stroke),
    Area { opacity: f64 },
}

/// Draws title and legend; returns where they end.
pub(super) fn above(items: &mut Vec<Item>, title: &str, entries: &[Entry]) -> f64 {
    let mut bottom = 10.0;
    for line in font::wrap(title, TITLE, WIDTH - 2.0 * BORDER, 2).iter().filter(|line| !line.is_empty()) {
        bottom += LINE;
        items.push(text(Ink::Foreground, (BORDER, bottom - 2.0), TITLE, Anchor::Start, &**line));
    }
    bottom += 6.0;
    let mut left = BORDER;
    let rest = entries.len().saturating_sub(ENTRIES);
    for (index, entry) in entries.iter().take(ENTRIES).enumerate() {
        let label = font::fit(&entry.label, TICK, WIDTH - 2.0 * BORDER - SIGN - 8.0);
        let width = SIGN + 6.0 + font::width(&label, TICK) + 18.0;
        if index == 0 || left + width > WIDTH - BORDER + 18.0 {
            left = BORDER;
            bottom += LINE;
        }
        draw_sign(items, entry, left, bottom - 8.0);
        items.push(text(Ink::Foreground, (left + SIGN + 6.0, bottom - 4.0), TICK, Anchor::Start, label));
        left += width;
    }
    if rest > 0 {
        bottom += LINE;
        let more = format!("… and {rest} more");
        items.push(text(Ink::Muted, (BORDER, bottom - 4.0), TICK, Anchor::Start, more));
    }
    bottom
}

fn draw_sign(items: &mut Vec<Item>, entry: &Entry, left: f64, middle: f64) {
    let Entry { ink, .. } = *entry;
    let x = left + SIGN / 2.0;
    match entry.sign {
        Sign::Marker { shape, with_error } => {
            if with_error {
                let lines = vec![vec![(x, middle - 8.0), (x, middle + 8.0)]];
                items.push(Item::Lines { ink, lines, stroke: Stroke::solid(1.4) });
            }
            items.push(Item::Markers { ink, shape, radius: 4.0, opacity: 1.0, at: vec![(x, middle)] });
        }
        Sign::Line(stroke) => {
            items.push(Item::Lines { ink, lines: vec![vec![(left, middle), (left + SIGN, middle)]], stroke });
        }
        Sign::Area { opacity } => {
            let (top, bottom) = (middle - 6.0, middle + 6.0);
            let points = vec![(left, top), (left + SIGN, top), (left + SIGN, bottom), (left, bottom)];
            items.push(Item::Polygon { ink, points, opacity });
        }
    }
}

/// Draws remarks below everything else, from the given height on; returns where they end.
pub(super) fn below(items: &mut Vec<Item>, remarks: &[String], from: f64) -> f64 {
    let mut bottom = from;
    for remark in remarks.iter().take(4) {
        for line in font::wrap(remark, NOTE, WIDTH - 2.0 * BORDER, 2) {
            bottom += 16.0;
            items.push(text(Ink::Muted, (BORDER, bottom), NOTE, Anchor::Start, line));
        }
    }
    bottom + 12.0
}
