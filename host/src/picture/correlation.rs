//! The correlations of a covariance as a square of colours.
//!
//! A correlation is the opacity of a colour, blue below zero and vermilion above, so that none at all is the page,
//! white or black. The elements are one embedded image, however many they are.

use super::axes::{self, Axis, LABEL, TICK, text};
use super::heading::{self, BORDER, WIDTH};
use super::scale::Range;
use super::scene::{Anchor, Area, Ink, Item, Pixels, Scene, Stroke};
use super::{font, number_of, numbers};
use crate::dataset::{Dataset, SquareMatrix};

/// Most pixels of a side: of larger matrices several elements share one.
const PIXELS: usize = 600;

/// Most rows that are named.
const NAMED_ROWS: usize = 40;

/// Most rows whose numbers are written into their cells.
const WRITTEN_ROWS: usize = 9;

/// Steps of colour on either side of zero.
const STEPS: u8 = 100;

const LARGEST_SIDE: f64 = 480.0;
const SMALLEST_SIDE: f64 = 340.0;
const BAR: f64 = 16.0;

/// Room for the bar of colours and its labels.
const RIGHT: f64 = 28.0 + BAR + 60.0 + BORDER;

/// Draws it.
pub(super) fn draw(dataset: &Dataset, title: &str, matrix: &str, labels: Option<&str>) -> Scene {
    let mut items = Vec::new();
    let mut remarks = Vec::new();
    let mut bottom = heading::above(&mut items, title, &[]) + BORDER;
    match dataset.matrix(matrix).and_then(Correlations::of) {
        Some(correlations) => {
            let names = labels.and_then(|column| names(dataset, matrix, column, correlations.size));
            bottom = draw_square(&mut items, &mut remarks, &correlations, names.as_deref(), bottom);
        }
        None => remarks.push(format!("matrix “{matrix}” has no correlations to show")),
    }
    let height = heading::below(&mut items, &remarks, bottom);
    Scene { width: WIDTH, height, title: title.to_owned(), items }
}

/// The names of the rows, if they are few enough.
fn names(dataset: &Dataset, matrix: &str, column: &str, size: usize) -> Option<Vec<String>> {
    let contract = dataset.contract.matrices.iter().find(|contract| contract.name == matrix)?;
    let column = dataset.table(&contract.rows_of)?.column(column)?;
    (column.len() == size && size <= NAMED_ROWS)
        .then(|| column.cells().map(|cell| cell.to_string()).collect())
}

/// Covariances by the square roots of their diagonal.
struct Correlations<'a> {
    size: usize,
    values: &'a [f64],
    inverse_errors: Vec<f64>,
}

impl<'a> Correlations<'a> {
    fn of(matrix: &'a SquareMatrix) -> Option<Self> {
        let size = matrix.rows().count();
        let inverse_errors = (0..size).map(|row| matrix.values[row * size + row].sqrt().recip()).collect();
        (size > 0).then_some(Self { size, values: &matrix.values, inverse_errors })
    }

    /// From -1 to 1; 0 where the diagonal is no variance.
    fn at(&self, row: usize, column: usize) -> f64 {
        let value =
            self.values[row * self.size + column] * self.inverse_errors[row] * self.inverse_errors[column];
        if value.is_finite() { value.clamp(-1.0, 1.0) } else { 0.0 }
    }

    /// The strongest correlation of a block of elements.
    fn strongest(&self, rows: std::ops::Range<usize>, columns: &std::ops::Range<usize>) -> f64 {
        let mut strongest = 0.0_f64;
        for row in rows {
            for column in columns.clone() {
                let value = self.at(row, column);
                if value.abs() > strongest.abs() {
                    strongest = value;
                }
            }
        }
        strongest
    }
}

fn draw_square(
    items: &mut Vec<Item>,
    remarks: &mut Vec<String>,
    correlations: &Correlations,
    names: Option<&[String]>,
    top: f64,
) -> f64 {
    let size = correlations.size;
    let cells = super::count(size);
    let letter = (LARGEST_SIDE / cells * 0.8).clamp(6.0, TICK);
    let free = WIDTH - RIGHT - BORDER - 8.0;
    let widest = |names: &[String]| names.iter().map(|name| font::width(name, letter)).fold(0.0, f64::max);
    let room = names.map_or(40.0, widest).min(free - SMALLEST_SIDE);
    let left = BORDER + room + 8.0;
    let side = LARGEST_SIDE.min(free - room);
    let area = Area { left, top, width: side, height: side };

    let share = size.div_ceil(PIXELS);
    if share > 1 {
        remarks.push(format!("Each pixel is the strongest of {share} × {share} correlations."));
    }
    items.push(Item::Image { area, pixels: pixels(correlations, share) });
    let border = vec![
        (left, top),
        (area.right(), top),
        (area.right(), area.bottom()),
        (left, area.bottom()),
        (left, top),
    ];
    items.push(Item::Lines { ink: Ink::Muted, lines: vec![border], stroke: Stroke::solid(1.0) });
    draw_bar(items, &Area { left: area.right() + 28.0, top, width: BAR, height: side });

    let middle = |index: usize| (super::count(index) + 0.5) / cells * side;
    if size <= WRITTEN_ROWS {
        for (row, column) in (0..size).flat_map(|row| (0..size).map(move |column| (row, column))) {
            let at = (left + middle(column), top + middle(row) + TICK * 0.36);
            let value = numbers::decimal(correlations.at(row, column), 2);
            items.push(text(Ink::Foreground, at, TICK, Anchor::Middle, value));
        }
    }
    let Some(names) = names else {
        draw_numbers(items, &area, cells);
        return area.bottom() + axes::BELOW_NAME;
    };
    for (index, name) in names.iter().enumerate() {
        let name = font::fit(name, letter, room + 0.01);
        let at = (left - 8.0, top + middle(index) + letter * 0.36);
        items.push(text(Ink::Foreground, at, letter, Anchor::End, &*name));
        let at = (left + middle(index) + letter * 0.36, area.bottom() + 8.0);
        items.push(axes::upward(Ink::Foreground, at, letter, Anchor::End, name));
    }
    area.bottom() + room + 16.0
}

/// Numbers of rows along both sides, counted from 1 at the upper left corner.
fn draw_numbers(items: &mut Vec<Item>, area: &Area, cells: f64) {
    let axis = |from: f64, to: f64, name| {
        let mut axis = Axis::new(Range::exactly(0.5, cells + 0.5, from, to), 8.0, true, name);
        axis.ticks.major.retain(|(value, _)| value.fract() == 0.0 && *value >= 1.0);
        axis.ticks.minor.clear();
        axis
    };
    let horizontal = axis(area.left, area.right(), "row");
    let vertical = axis(area.top, area.bottom(), "");
    axes::frame(items, area, &horizontal, &vertical);
}

fn draw_bar(items: &mut Vec<Item>, area: &Area) {
    let levels = 2 * u32::from(STEPS) + 1;
    let indices = (0..=2 * STEPS).rev().collect();
    items.push(Item::Image {
        area: *area,
        pixels: Pixels { width: 1, height: levels, palette: palette(), indices },
    });
    let (right, bottom) = (area.right(), area.bottom());
    let mut lines = vec![vec![
        (area.left, area.top),
        (right, area.top),
        (right, bottom),
        (area.left, bottom),
        (area.left, area.top),
    ]];
    for (share, label) in [(0.0, "1"), (0.25, "0.5"), (0.5, "0"), (0.75, "−0.5"), (1.0, "−1")] {
        let y = area.top + share * area.height;
        lines.push(vec![(right, y), (right + 5.0, y)]);
        items.push(text(Ink::Foreground, (right + 9.0, y + TICK * 0.36), TICK, Anchor::Start, label));
    }
    items.push(Item::Lines { ink: Ink::Muted, lines, stroke: Stroke::solid(1.0) });
    let at = (right + 56.0, area.top + area.height / 2.0);
    items.push(axes::upward(Ink::Foreground, at, LABEL, Anchor::Middle, "correlation"));
}

/// The elements as pixels. Few elements have many pixels each, so that no reader blurs their borders.
fn pixels(correlations: &Correlations, share: usize) -> Pixels {
    let blocks = correlations.size.div_ceil(share);
    let zoom = (PIXELS / blocks).clamp(1, 32);
    let block = |index: usize| index * share..((index + 1) * share).min(correlations.size);
    let mut indices = Vec::with_capacity(blocks * blocks * zoom * zoom);
    for row in 0..blocks {
        let mut line = Vec::with_capacity(blocks * zoom);
        for column in 0..blocks {
            let value = correlations.strongest(block(row), &block(column));
            line.extend(std::iter::repeat_n(level(value), zoom));
        }
        (0..zoom).for_each(|_| indices.extend_from_slice(&line));
    }
    let side = u32::try_from(blocks * zoom).unwrap_or(0);
    Pixels { width: side, height: side, palette: palette(), indices }
}

/// Place of a correlation in the palette.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 200")]
fn level(correlation: f64) -> u8 {
    ((correlation + 1.0) * f64::from(STEPS)).round() as u8
}

fn palette() -> Vec<[u8; 4]> {
    let [below, above] = [Ink::Series(0).rgb(), Ink::Series(1).rgb()];
    (0..=2 * STEPS)
        .map(|level| {
            let [red, green, blue] = if level < STEPS { below } else { above };
            let strength = f64::from(level.abs_diff(STEPS)) / f64::from(STEPS);
            // Weak correlations are what most matrices are made of: they get more than their share.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255")]
            let opacity = (strength.powf(0.7) * 255.0).round() as u8;
            [red, green, blue, opacity]
        })
        .collect()
}

/// The numbers of a column.
pub(super) fn values_of(dataset: &Dataset, table: &str, column: &str) -> Option<Vec<f64>> {
    Some(dataset.table(table)?.column(column)?.cells().map(|cell| number_of(&cell)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_divided_by_both_errors() {
        let values = vec![4.0, -3.0, -3.0, 9.0].into();
        let matrix = SquareMatrix { name: "covariance".to_owned(), size: 2, values };
        let correlations = Correlations::of(&matrix).unwrap();
        assert!((correlations.at(0, 1) + 0.5).abs() < 1e-15 && (correlations.at(1, 1) - 1.0).abs() < 1e-15);
        let pixels = pixels(&correlations, 1);
        assert_eq!((pixels.width, pixels.indices[0], pixels.indices[63]), (64, 200, 50));
        assert_eq!(pixels.palette[100][3], 0);
        assert_eq!(pixels.palette[200], [0xd5, 0x5e, 0x00, 0xff]);
    }

    #[test]
    fn a_large_matrix_becomes_a_small_image_that_hides_no_strong_element() {
        let size = 1701;
        let mut values = vec![0.0; size * size];
        (0..size).for_each(|row| values[row * size + row] = 1.0);
        values[3 * size + 1000] = -0.9;
        let matrix = SquareMatrix { name: "covariance".to_owned(), size, values: values.into() };
        let pixels = pixels(&Correlations::of(&matrix).unwrap(), size.div_ceil(PIXELS));
        assert_eq!((pixels.width, pixels.indices.len()), (567, 567 * 567));
        assert_eq!(pixels.indices[567 + 333], level(-0.9));
        assert!(super::super::raster::encode_palette(&pixels).len() < 20_000);
    }
}
