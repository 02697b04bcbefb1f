//! Confidence regions of a Gaussian: one panel for each pair of rows.

use super::axes::{self, Axis, TICK, text};
use super::correlation::values_of;
use super::heading::{self, BORDER, Entry, Sign, WIDTH};
use super::scale::{Range, Scale};
use super::scene::{Anchor, Area, Ink, Item, Point, Scene, Shape, Stroke};
use super::{font, numbers};
use crate::dataset::{Dataset, SquareMatrix};

/// Most rows that are drawn: 28 pairs.
const ROWS: usize = 8;

/// Probability, and distance from the mean that holds it for two parameters: √(-2 ln(1 - p)).
const CONTOURS: [(&str, f64, f64); 2] = [("95.45 %", 2.486_0, 0.22), ("68.27 %", 1.515_2, 0.45)];

/// Standard deviations from the mean to the border of a panel.
const BORDER_SIGMA: f64 = 3.1;

const CORNERS: u32 = 120;
const LARGEST_PANEL: f64 = 420.0;
const BETWEEN: f64 = 12.0;

/// What a module declared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declaration<'a> {
    pub(super) title: &'a str,
    pub(super) table: &'a str,
    pub(super) value: &'a str,
    pub(super) label: &'a str,
    pub(super) matrix: &'a str,
}

/// A parameter that can be drawn.
struct Parameter {
    name: String,
    mean: f64,
    error: f64,
    row: usize,
}

/// Draws them.
pub(super) fn draw(dataset: &Dataset, declared: &Declaration) -> Scene {
    let mut items = Vec::new();
    let mut remarks = Vec::new();
    let matrix = dataset.matrix(declared.matrix);
    let parameters = matrix.and_then(|matrix| parameters(dataset, declared, matrix)).unwrap_or_default();
    let entries = CONTOURS.iter().rev().map(|(probability, _, opacity)| Entry {
        label: (*probability).to_owned(),
        ink: Ink::Series(0),
        sign: Sign::Area { opacity: opacity * 1.6 },
    });
    let top = heading::above(&mut items, declared.title, &entries.collect::<Vec<_>>()) + BORDER;
    let mut bottom = top;
    match matrix {
        Some(matrix) if parameters.len() > 1 => {
            if parameters.len() > ROWS {
                remarks.push(format!("the first {ROWS} of {} parameters", parameters.len()));
            }
            let shown = &parameters[..parameters.len().min(ROWS)];
            bottom = draw_panels(&mut items, matrix, shown, top);
        }
        _ => {
            let listed = parameters
                .iter()
                .map(|one| format!("{} = {}", one.name, numbers::with_error(one.mean, one.error)));
            let listed: Vec<String> = listed.collect();
            remarks.push(format!(
                "two parameters with errors are needed; there are {}: {}",
                listed.len(),
                listed.join(", ")
            ));
        }
    }
    let height = heading::below(&mut items, &remarks, bottom);
    Scene { width: WIDTH, height, title: declared.title.to_owned(), items }
}

fn parameters(dataset: &Dataset, declared: &Declaration, matrix: &SquareMatrix) -> Option<Vec<Parameter>> {
    let means = values_of(dataset, declared.table, declared.value)?;
    let names = dataset.table(declared.table)?.column(declared.label)?;
    let size = matrix.rows().count();
    if means.len() != size || names.len() != size {
        return None;
    }
    let units = unit_of_rows(dataset, declared, size);
    let parameters =
        names.cells().zip(means).zip(units).enumerate().map(|(row, ((name, mean), unit))| Parameter {
            name: numbers::with_unit(&name.to_string(), &unit),
            mean,
            error: matrix.values[row * size + row].sqrt(),
            row,
        });
    let drawable = |one: &Parameter| one.mean.abs() < 1e290 && one.error > 1e-290 && one.error < 1e290;
    Some(parameters.filter(drawable).collect())
}

/// The unit of each row, as the contract has it.
fn unit_of_rows(dataset: &Dataset, declared: &Declaration, size: usize) -> Vec<String> {
    let table = dataset.contract.tables.iter().find(|table| table.name == declared.table);
    let contract = table.and_then(|table| table.columns.iter().find(|column| column.name == declared.value));
    let by_row = contract.and_then(|column| column.unit_column.as_ref());
    let by_row = by_row.and_then(|column| dataset.table(declared.table)?.column(column));
    match by_row {
        Some(units) if units.len() == size => units.cells().map(|unit| unit.to_string()).collect(),
        _ => vec![contract.and_then(|column| column.unit.clone()).unwrap_or_default(); size],
    }
}

/// Draws the panels as a staircase: each column a parameter, each row another.
fn draw_panels(items: &mut Vec<Item>, matrix: &SquareMatrix, parameters: &[Parameter], top: f64) -> f64 {
    let panels = parameters.len() - 1;
    let many = super::count(panels);
    let scale = |parameter: &Parameter, from: f64, to: f64| {
        let reach = BORDER_SIGMA * parameter.error;
        Range::exactly(parameter.mean - reach, parameter.mean + reach, from, to)
    };
    let wanted = if panels == 1 { 6.0 } else { 3.0 };
    let widest = parameters[1..].iter().map(|one| Axis::new(scale(one, 0.0, 1.0), wanted, true, "").room);
    let room = widest.fold(0.0, f64::max);
    let first = axes::left_room(room);
    let side = ((WIDTH - BORDER - first - BETWEEN * (many - 1.0)) / many).min(LARGEST_PANEL);
    let place = |index: usize| super::count(index) * (side + BETWEEN);
    for (below, vertical) in parameters[1..].iter().enumerate() {
        for (right, horizontal) in parameters[..=below].iter().enumerate() {
            let area =
                Area { left: first + place(right), top: top + place(below), width: side, height: side };
            let x_scale = scale(horizontal, area.left, area.right());
            let y_scale = scale(vertical, area.bottom(), area.top);
            let (leftmost, lowest) = (right == 0, below + 1 == panels);
            // Labels side by side must not touch.
            let x_wanted = if panels == 1 { 6.0 } else { (side / 75.0).clamp(1.5, 4.0) };
            let x_name = if lowest { &*horizontal.name } else { "" };
            let y_name = if leftmost { &*vertical.name } else { "" };
            let x_axis = Axis::new(x_scale, x_wanted, lowest, x_name);
            let y_axis = Axis { room, ..Axis::new(y_scale, wanted, leftmost, y_name) };
            axes::grid(items, &area, &x_axis, &y_axis);
            let regions = regions(matrix, horizontal, vertical, (&x_scale, &y_scale));
            items.push(Item::Clipped { area, items: regions });
            axes::frame(items, &area, &x_axis, &y_axis);
        }
    }
    draw_values(items, parameters, top, WIDTH - first - side - 2.0 * BORDER - BETWEEN);
    top + place(panels) - BETWEEN + axes::BELOW_NAME
}

/// Means and errors, in the upper right corner, which the staircase leaves free.
fn draw_values(items: &mut Vec<Item>, parameters: &[Parameter], top: f64, room: f64) {
    let mut line = top + TICK;
    for Parameter { name, mean, error, .. } in parameters {
        let value = font::fit(&format!("{name} = {}", numbers::with_error(*mean, *error)), TICK, room);
        items.push(text(Ink::Foreground, (WIDTH - BORDER, line), TICK, Anchor::End, value));
        line += 18.0;
    }
}

fn regions(
    matrix: &SquareMatrix,
    horizontal: &Parameter,
    vertical: &Parameter,
    (x_scale, y_scale): (&Scale, &Scale),
) -> Vec<Item> {
    let covariance = matrix.values[horizontal.row * matrix.size + vertical.row];
    let correlation = covariance / horizontal.error / vertical.error;
    let place = |(x, y): Point| {
        let x = horizontal.mean + x * horizontal.error;
        Some((x_scale.place(x)?, y_scale.place(vertical.mean + y * vertical.error)?))
    };
    let ink = Ink::Series(0);
    let mut items = Vec::new();
    for (_, reach, opacity) in CONTOURS {
        let points: Vec<Point> = contour(correlation, reach).filter_map(place).collect();
        let closed = points.iter().chain(points.first()).copied().collect();
        items.push(Item::Polygon { ink, points, opacity });
        items.push(Item::Lines { ink, lines: vec![closed], stroke: Stroke::solid(1.4) });
    }
    let at = place((0.0, 0.0)).into_iter().collect();
    items.push(Item::Markers { ink: Ink::Foreground, shape: Shape::Plus, radius: 4.0, opacity: 1.0, at });
    items
}

/// Points at equal Mahalanobis distance from the origin, for two variables of unit variance. Columns of the Cholesky
/// factor take the place of eigenvectors, which lose their digits when variances differ by much.
fn contour(correlation: f64, reach: f64) -> impl Iterator<Item = Point> {
    let correlation = if correlation.is_finite() { correlation.clamp(-1.0, 1.0) } else { 0.0 };
    let rest = (1.0 - correlation * correlation).max(0.0).sqrt();
    (0..CORNERS).map(move |corner| {
        let (sine, cosine) = (std::f64::consts::TAU * f64::from(corner) / f64::from(CORNERS)).sin_cos();
        (reach * cosine, reach * (correlation * cosine + rest * sine))
    })
}

#[cfg(test)]
mod tests {
    use nalgebra::{Matrix2, SymmetricEigen, Vector2};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn contours_hold_what_they_say() {
        for ((_, reach, _), probability) in CONTOURS.iter().zip([0.954_499_7_f64, 0.682_689_5]) {
            assert!((reach - (-2.0 * (1.0 - probability).ln()).sqrt()).abs() < 1e-4, "{reach}");
        }
    }

    proptest! {
        /// Every point has the Mahalanobis distance, and the outermost ones lie along the eigenvectors.
        #[test]
        fn contours_are_those_of_the_covariance(correlation in -0.999..0.999_f64, reach in 0.1..4.0_f64) {
            let covariance = Matrix2::new(1.0, correlation, correlation, 1.0);
            let inverse = covariance.try_inverse().unwrap();
            let points: Vec<Vector2<f64>> = contour(correlation, reach).map(|(x, y)| Vector2::new(x, y)).collect();
            for point in &points {
                let distance = (point.transpose() * inverse * point)[0].sqrt();
                prop_assert!((distance - reach).abs() < 1e-9 * reach, "{distance}");
            }
            let eigen = SymmetricEigen::new(covariance);
            let longest = points.iter().map(Vector2::norm).fold(0.0, f64::max);
            let expected = reach * eigen.eigenvalues.max().sqrt();
            // 120 points miss the very end of the axis by half a step at most.
            prop_assert!((longest / expected - 1.0).abs() < 1e-3, "{longest} {expected}");
        }

        #[test]
        fn any_correlation_can_be_drawn(correlation: f64) {
            prop_assert!(contour(correlation, 2.0).all(|(x, y)| x.is_finite() && y.is_finite()));
        }
    }
}
