//! Holds table and covariance against the known releases, in whatever order the points stand.

use std::collections::BTreeSet;

use cosmology::matrix::MatrixFile;
use cosmology::numbers::NumbersDigest;
use cosmology::release_choice::ReleaseChoice;
use cosmology::shared_rows::SharedRows;
use plugin_api::{Finding, ModuleError, Severity};

use crate::dataset::COVARIANCE;
use crate::releases::{Known, Release, ReleasedRow};
use crate::table::{Point, TABLE};

/// Which release the files are, and where they are not.
#[derive(Debug, Default)]
pub(crate) struct Recognition<'r> {
    /// Name in the catalogue.
    pub(crate) name: Option<&'r str>,
    /// The published row of each point; empty for an unknown table.
    pub(crate) rows: Vec<&'r ReleasedRow>,
    /// Whether the points stand in the published order.
    pub(crate) in_order: bool,
    pub(crate) findings: Vec<Finding>,
}

const ON_PURPOSE: &str =
    "get the file again; if you changed the numbers on purpose pass `--param release=none`";

pub(crate) fn recognise<'r>(
    choice: &ReleaseChoice,
    known: &'r Known,
    points: &[Point],
    covariance: Option<&MatrixFile>,
) -> Result<Recognition<'r>, ModuleError> {
    let release = match choice {
        ReleaseChoice::Ignored => None,
        ReleaseChoice::Recognised => known.releases.iter().find(|release| matched(release, points).is_ok()),
        ReleaseChoice::Named(name) => Some(named(known, name)?),
    };
    let Some(release) = release else {
        if *choice == ReleaseChoice::Ignored {
            return Ok(Recognition::default());
        }
        let owner = known.releases.iter().find(|release| is_published(release, covariance));
        let mut findings: Vec<Finding> =
            points.iter().filter_map(|point| known_with_another_error(known, point)).collect();
        findings.extend(owner.map(|owner| {
            let message = format!("the covariance is that of `{}`, but these are not its points", owner.name);
            finding("release.table", points.first(), message)
        }));
        findings.extend(miscopied(known, points));
        findings.extend(incomplete(known, points));
        return Ok(Recognition { findings, ..Recognition::default() });
    };
    let places = match matched(release, points) {
        Ok(places) => places,
        Err(other) => {
            // Only a named release comes here: without its points nothing else can be said of it.
            let message = match other {
                Some(point) => format!("H({}) = {} is no point of `{}`", point.z, point.rate, release.name),
                None => {
                    format!("`{}` has {} points, found {}", release.name, release.rows.len(), points.len())
                }
            };
            let place = other.or(points.last()).map_or(1, |point| point.line);
            return Err(ModuleError::bad_input(TABLE, message).line(place).hint(ON_PURPOSE));
        }
    };
    let rows: Vec<&ReleasedRow> = places.iter().map(|&place| &release.rows[place]).collect();
    let in_order = places.is_sorted();
    let mut findings: Vec<Finding> =
        points.iter().zip(&rows).filter_map(|(point, row)| edited(release, point, row)).collect();
    let published_matrix = is_published(release, covariance);
    if published_matrix && !in_order {
        let message = format!(
            "the covariance is that of `{}`, but the points stand in another order than it has them",
            release.name
        );
        findings.push(
            finding("covariance.row-order", points.first(), message)
                .hint("take table and covariance from the same release, as they are"),
        );
    }
    let is_demanded = matches!(choice, ReleaseChoice::Named(_));
    let misplaced = points.iter().zip(&places).enumerate().find(|(row, (_, place))| row != *place);
    if let Some((_, (point, place))) = misplaced.filter(|_| is_demanded && !published_matrix) {
        let message = format!(
            "`{}` is demanded, but the points stand in another order: H({}) is its row {}",
            release.name,
            point.z,
            place + 1
        );
        findings.push(finding("release.row-order", Some(point), message));
    }
    if covariance.is_some() && !published_matrix && (is_demanded || release.covariance.is_some()) {
        let severity = if is_demanded { Severity::Error } else { Severity::Warning };
        let message = format!(
            "the points are those of `{}`, but the covariance is none that is published for them",
            release.name
        );
        let place = format!("input `{COVARIANCE}`");
        findings.push(Finding::new(severity, "covariance.unpublished", place, message).hint(ON_PURPOSE));
    }
    let of_matrix = release.covariance.as_ref().filter(|_| published_matrix);
    // An unknown covariance makes another dataset of known points.
    let known = covariance.is_none() || published_matrix;
    let name = of_matrix.map_or(release.name.as_str(), |matrix| matrix.name.as_str());
    Ok(Recognition { name: known.then_some(name), rows, in_order, findings })
}

fn named<'r>(known: &'r Known, name: &str) -> Result<&'r Release, ModuleError> {
    let is_it = |release: &&Release| {
        release.name == name || release.covariance.as_ref().is_some_and(|matrix| matrix.name == name)
    };
    known.releases.iter().find(is_it).ok_or_else(|| {
        let names: Vec<&str> = known.releases.iter().map(|release| release.name.as_str()).collect();
        ModuleError::bad_parameter("release", format!("no known release is called `{name}`"))
            .hint(format!("known are {}; `auto` recognises files by their numbers", names.join(", ")))
    })
}

/// Row of the release of each point, or the point that is none of its rows; `None` when only the number differs.
fn matched<'p>(release: &Release, points: &'p [Point]) -> Result<Vec<usize>, Option<&'p Point>> {
    let place = |point: &'p Point| {
        let digest = measurement(point);
        release.rows.iter().position(|row| row.measurement == digest).ok_or(Some(point))
    };
    let places = points.iter().map(place).collect::<Result<Vec<_>, _>>()?;
    let distinct: BTreeSet<usize> = places.iter().copied().collect();
    let complete = places.len() == release.rows.len() && distinct.len() == places.len();
    if complete { Ok(places) } else { Err(None) }
}

fn is_published(release: &Release, covariance: Option<&MatrixFile>) -> bool {
    release.covariance.as_ref().zip(covariance).is_some_and(|(published, file)| {
        published.rows.len() == file.matrix.size()
            && published
                .rows
                .iter()
                .zip(file.matrix.rows())
                .all(|(row, found)| *row == NumbersDigest::of(found))
    })
}

/// What the points share with the releases; a point is known by its redshift and rate.
pub(crate) fn shared(known: &Known, points: &[Point]) -> SharedRows {
    let found: Vec<NumbersDigest> = points.iter().map(measurement).collect();
    let published = known.releases.iter().map(|release| {
        (release.name.as_str(), release.rows.iter().map(|row| row.measurement.clone()).collect())
    });
    SharedRows::count(&found, published)
}

fn measurement(point: &Point) -> NumbersDigest {
    NumbersDigest::of(&[point.z, point.rate])
}

/// Points of a list that is, in most of its points, one release: where that has a point with the same error that
/// differs in redshift or rate alone, and the list has not got it, a digit is wrong. A compilation of its own has
/// other points instead, with errors of their own; in one, a redshift may be another on purpose.
pub(crate) fn miscopied(known: &Known, points: &[Point]) -> Vec<Finding> {
    let shared = shared(known, points);
    let Some(release) = known.releases.iter().find(|release| shared.most() == Some(&release.name)) else {
        return Vec::new();
    };
    let found: BTreeSet<NumbersDigest> = points.iter().map(measurement).collect();
    let missing: Vec<_> = release.rows.iter().filter(|row| !found.contains(&row.measurement)).collect();
    let published: BTreeSet<_> =
        known.releases.iter().flat_map(|release| &release.rows).map(|row| &row.measurement).collect();
    let foreign: Vec<_> = points.iter().filter(|point| !published.contains(&measurement(point))).collect();
    let difference = |point: &Point| {
        let error = NumbersDigest::of(&[point.error]);
        missing.iter().filter(|row| row.error == error).find_map(|row| {
            if row.z.to_bits() == point.z.to_bits() {
                return Some((
                    false,
                    format!("{} is not the rate that it has at z = {}", point.rate, point.z),
                ));
            }
            let same_rate = row.measurement == NumbersDigest::of(&[row.z, point.rate]);
            let message =
                || format!("{} is not its redshift of H = {}, which is {}", point.z, point.rate, row.z);
            same_rate.then(|| (true, message()))
        })
    };
    let differences: Vec<_> = foreign.iter().filter_map(|point| Some((*point, difference(point)?))).collect();
    let is_copy = differences.len() == foreign.len();
    let finding = |(point, (of_redshift, message)): (&Point, (bool, String))| {
        let message = format!("the table is that of `{}`, but {message}", release.name);
        let error = finding("release.table", Some(point), message);
        let severity = if of_redshift && !is_copy { Severity::Warning } else { Severity::Error };
        Finding { severity, ..error }
    };
    differences.into_iter().map(finding).collect()
}

/// A list of points of one release, but not of all of them, where it is more than half.
fn incomplete(known: &Known, points: &[Point]) -> Option<Finding> {
    let is_part = |release: &&Release| {
        matched(release, points) == Err(None)
            && points.len() < release.rows.len()
            && 2 * points.len() > release.rows.len()
    };
    let release = known.releases.iter().filter(is_part).min_by_key(|release| release.rows.len())?;
    let message = format!(
        "`{}` has {} points, and these are {} of them: the file may be cut off",
        release.name,
        release.rows.len(),
        points.len()
    );
    let place = format!("input `{TABLE}`, line {}", points.last()?.line);
    Some(Finding::new(Severity::Warning, "release.incomplete", place, message).hint(ON_PURPOSE))
}

/// A point in an unknown list whose redshift and rate are published, but with another error.
fn known_with_another_error(known: &Known, point: &Point) -> Option<Finding> {
    let measurement = measurement(point);
    let error = NumbersDigest::of(&[point.error]);
    let rows = known.releases.iter().flat_map(|release| release.rows.iter().map(move |row| (release, row)));
    let published: Vec<_> = rows.filter(|(_, row)| row.measurement == measurement).collect();
    let (release, _) = published.first()?;
    if published.iter().any(|(_, row)| row.error == error) {
        return None;
    }
    let message = format!(
        "H({}) = {} is a point of `{}`, but {} is not its error",
        point.z, point.rate, release.name, point.error
    );
    let place = format!("input `{TABLE}`, line {}", point.line);
    Some(
        Finding::new(Severity::Warning, "uncertainty.unpublished", place, message)
            .hint("hold the row against the paper; if it is meant pass `--param release=none`"),
    )
}

/// A point of the release whose errors are not the published ones.
fn edited(release: &Release, point: &Point, row: &ReleasedRow) -> Option<Finding> {
    let name = &release.name;
    if row.error != NumbersDigest::of(&[point.error]) {
        let message = format!("{} is not the error that `{name}` has at z = {}", point.error, point.z);
        return Some(finding("release.table", Some(point), message));
    }
    let shares = point.shares.map(|shares| NumbersDigest::of(&[shares.statistical, shares.metallicity]));
    (shares.is_some() && row.contributions.is_some() && shares != row.contributions).then(|| {
        let message = format!("the shares of the error at z = {} are not those of `{name}`", point.z);
        finding("release.table", Some(point), message)
    })
}

fn finding(code: &str, point: Option<&Point>, message: String) -> Finding {
    let line = point.map_or(0, |point| point.line);
    Finding::new(Severity::Error, code, format!("input `{TABLE}`, line {line}"), message).hint(ON_PURPOSE)
}

/// Place of an element of the covariance in the file.
pub(crate) fn matrix_place(file: &MatrixFile, row: usize) -> String {
    let line = file.lines.get(row).copied().unwrap_or_default();
    format!("input `{COVARIANCE}`, line {line}")
}
