//! What looks wrong in any data, known or not.

use cosmology::matrix::{MatrixFile, SquareMatrix};
use cosmology::reference::PLANCK_2018;
use plugin_api::{Finding, Severity};

use crate::recognition::matrix_place;
use crate::table::{Point, TABLE};

/// A rate beyond this factor from that of Planck 2018 has another unit. The published points stay within 1.5.
const LARGEST_FACTOR: f64 = 2.0;
/// Relative errors without suspicion; the published ones lie between 0.05 and 0.64.
const RELATIVE_ERRORS: std::ops::RangeInclusive<f64> = 1e-3..=1.0;
/// A published covariance adds terms to the squares of the errors; printing may take this fraction away.
const PRINTING: f64 = 1e-2;
/// Largest ratio without suspicion of the root of a variance to its error; it is below 1.5 for the published points.
const LARGEST_GROWTH: f64 = 3.0;

fn at(point: &Point) -> String {
    format!("input `{TABLE}`, line {}", point.line)
}

/// Findings about single points. `published` says that all of them are known to be as they were published.
pub(crate) fn points(points: &[Point], published: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let warn = |code: &str, point: &Point, message: String| {
        Finding::new(Severity::Warning, code, at(point), message)
    };
    let implausible: Vec<Finding> = points.iter().filter_map(implausible).collect();
    if 2 * implausible.len() > points.len() {
        // One word about the file instead of many about its rows.
        return implausible.into_iter().take(1).map(of_all).collect();
    }
    findings.extend(implausible);
    for point in points {
        let Point { z, rate, error, .. } = *point;
        let relative = error / rate;
        if !RELATIVE_ERRORS.contains(&relative) {
            let limit = if relative > 1.0 { *RELATIVE_ERRORS.end() } else { *RELATIVE_ERRORS.start() };
            let message = format!("the error of H({z}) is {relative:.2e} of its value");
            findings.push(
                warn("uncertainty.scale", point, message)
                    .measured(relative, limit)
                    .hint("hold the row against the paper: error and value may have changed places"),
            );
        }
        // Errors of some published points hold a young component as well.
        let possible = point.shares.filter(|_| !published).map(|shares| shares.possible_errors());
        if let Some((low, high)) = possible.filter(|(low, high)| !(*low..=*high).contains(&error)) {
            let message = format!(
                "the error {error} is not sqrt(statistical² + metallicity²): the printed shares allow {low:.4} to {high:.4}"
            );
            findings.push(
                warn("uncertainty.shares", point, message)
                    .measured(error, if error > high { high } else { low })
                    .hint("hold the row against the paper: a digit may be wrong"),
            );
        }
    }
    findings
}

/// A rate far from any universe that resembles ours.
fn implausible(point: &Point) -> Option<Finding> {
    let Point { z, rate, .. } = *point;
    let expected = PLANCK_2018.background().hubble_km_s_mpc(z);
    let factor = rate / expected;
    (!(1.0 / LARGEST_FACTOR..=LARGEST_FACTOR).contains(&factor)).then(|| {
        let message = format!("H({z}) = {rate}; expected is about {expected:.0} km/s/Mpc");
        Finding::new(Severity::Warning, "value.implausible", at(point), message)
            .measured(rate, expected)
            .hint("check the unit and the order of the columns")
    })
}

/// The finding about the first point of a file in which most are like it.
fn of_all(first: Finding) -> Finding {
    let message = format!("{}; most other points are as far off: columns or unit are others", first.message);
    Finding { severity: Severity::Error, message, ..first }
}

/// Points that hold the same galaxies.
pub(crate) fn repeated_galaxies(points: &[Point], d4000: &[bool]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, point) in points.iter().enumerate() {
        let same = |other: &usize| d4000[*other] && points[*other].z.to_bits() == point.z.to_bits();
        if let Some(earlier) = (0..index).find(same).filter(|_| d4000[index]) {
            let message = format!(
                "two points with D4000 at z = {}, lines {} and {}: BC03 and MaStro are alternative reductions of the \
                 same galaxies",
                point.z, points[earlier].line, point.line
            );
            findings.push(
                Finding::new(Severity::Warning, "points.same-galaxies", at(point), message)
                    .hint("keep one of them"),
            );
        }
    }
    // Moresco 2023, arXiv:2307.09501, table 1: of Borghi 2022 (0.75), Jimenez 2023 (0.75), Jiao 2023 (0.80) use one.
    let of_lega_c = |point: &&Point| (point.z - 0.75).abs() < 5e-4 || (point.z - 0.8).abs() < 5e-4;
    let sample: Vec<&Point> = points.iter().filter(of_lega_c).collect();
    if let [_, second, ..] = sample.as_slice() {
        let message = "the points at z = 0.75 and 0.80 are of the same galaxies (Moresco 2023, arXiv:2307.09501, \
                       table 1): each replaces the others";
        findings.push(
            Finding::new(Severity::Warning, "points.same-galaxies", at(second), message)
                .hint("keep one of them"),
        );
    }
    findings
}

/// Findings about a given covariance: it holds the squares of the errors and perhaps more, never less.
pub(crate) fn covariance(points: &[Point], file: &MatrixFile) -> Vec<Finding> {
    let finding = |(row, point): (usize, &Point)| {
        let (variance, square) = (file.matrix.get(row, row), point.error * point.error);
        let place = matrix_place(file, row);
        if variance < square * (1.0 - PRINTING) {
            let message = format!(
                "the variance of H({}) is {variance}, less than the square of its error, {square:.4}: the rows are in \
                 another order, or hold no variances",
                point.z
            );
            return Some(
                Finding::new(Severity::Error, "covariance.diagonal", place, message)
                    .measured(variance, square)
                    .hint("take table and covariance from the same release, with the same order of rows"),
            );
        }
        let growth = variance.sqrt() / point.error;
        (growth > LARGEST_GROWTH).then(|| {
            let message = format!(
                "the variance of H({}) is {growth:.1} times its error, squared: the rows may be in another order",
                point.z
            );
            Finding::new(Severity::Warning, "covariance.scale", place, message)
                .measured(growth, LARGEST_GROWTH)
                .hint("take table and covariance from the same release, with the same order of rows")
        })
    };
    points.iter().enumerate().filter_map(finding).collect()
}

/// How the points are correlated, in one word.
pub(crate) fn structure(covariance: &SquareMatrix) -> &'static str {
    let size = covariance.size();
    let coupled = |row: usize| (0..size).any(|column| column != row && covariance.get(row, column) != 0.0);
    let count = (0..size).filter(|&row| coupled(row)).count();
    match count {
        0 => "diagonal",
        _ if count == size => "dense",
        _ => "dense among some points, diagonal for the others",
    }
}
