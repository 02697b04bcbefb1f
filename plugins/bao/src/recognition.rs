//! Holds mean and covariance against the known releases: a covariance of one release belongs to the rows of that
//! release in the published order, and to nothing else.
//!
//! A covariance file does not say what its rows are, so a mean that was sorted, reversed or edited fits it as well as
//! the right one does. For published data the numbers themselves tell.

use cosmology::matrix::MatrixFile;
use cosmology::text::counted;
use plugin_api::{Finding, ModuleError, Severity};

use crate::reader::{COVARIANCE, MEAN, Row};
use crate::releases::{Release, named};
use crate::settings::ReleaseChoice;
use cosmology::numbers::NumbersDigest;

/// Which release the files are, and where they are not.
#[derive(Debug)]
pub(crate) struct Recognition<'r> {
    pub(crate) release: Option<&'r Release>,
    /// Whether mean and covariance (or error column) both are the published ones.
    pub(crate) complete: bool,
    pub(crate) findings: Vec<Finding>,
}

const ON_PURPOSE: &str =
    "take both files from one release; if you changed the numbers on purpose pass `--param release=none`";

pub(crate) fn recognise<'r>(
    choice: &ReleaseChoice,
    releases: &'r [Release],
    rows: &[Row],
    covariance: Option<&MatrixFile>,
) -> Result<Recognition<'r>, ModuleError> {
    let by_mean = || releases.iter().find(|release| mean_difference(release, rows).is_none());
    let by_covariance = || {
        let matrix = covariance?;
        releases
            .iter()
            .find(|release| !release.generic_covariance && covariance_difference(release, matrix).is_none())
    };
    let (release, because) = match choice {
        ReleaseChoice::Ignored => (None, ""),
        ReleaseChoice::Named(name) => (Some(named(releases, name)?), "the parameter `release` says"),
        ReleaseChoice::Recognised => match by_mean() {
            Some(release) => (Some(release), "the mean is that of"),
            None => (by_covariance(), "the covariance is that of"),
        },
    };
    let Some(release) = release else {
        return Ok(Recognition { release: None, complete: false, findings: Vec::new() });
    };
    if release.rows.is_empty() {
        return Err(ModuleError::bad_parameter(
            "release",
            format!("`{}` is a grid, not a vector", release.name),
        )
        .hint("give its file with `--input grid=PATH`"));
    }
    let mut findings = Vec::new();
    findings
        .extend(mean_difference(release, rows).map(|difference| difference.finding(release, because, rows)));
    match covariance {
        Some(matrix) if !release.covariance_rows.is_empty() => {
            findings.extend(covariance_difference(release, matrix).map(|differing| {
                let other = by_covariance().map(|other| other.name.as_str());
                covariance_finding(release, because, matrix, &differing, other)
            }));
        }
        Some(_) => {}
        None => findings.extend(error_finding(release, because, rows)),
    }
    let compared = if covariance.is_some() { &release.covariance_rows } else { &release.errors };
    let complete = findings.is_empty() && !compared.is_empty();
    Ok(Recognition { release: Some(release), complete, findings })
}

/// How a mean differs from a release.
#[derive(Debug, PartialEq, Eq)]
enum MeanDifference {
    /// Another number of rows.
    Count,
    /// This row (from 0) is another measurement.
    Row(usize),
    /// This row is the same measurement with another value.
    Value(usize),
}

fn mean_difference(release: &Release, rows: &[Row]) -> Option<MeanDifference> {
    if release.rows.len() != rows.len() {
        return Some(MeanDifference::Count);
    }
    let pairs = || release.rows.iter().zip(rows).enumerate();
    let another = pairs().find(|(_, (published, row))| {
        published.z.to_bits() != row.z.to_bits()
            || row.quantity.is_some_and(|quantity| quantity != published.quantity.0)
    });
    let edited =
        || pairs().find(|(_, (published, row))| published.numbers != NumbersDigest::of(&[row.z, row.value]));
    match another {
        Some((index, _)) => Some(MeanDifference::Row(index)),
        None => edited().map(|(index, _)| MeanDifference::Value(index)),
    }
}

impl MeanDifference {
    fn finding(&self, release: &Release, because: &str, rows: &[Row]) -> Finding {
        let name = &release.name;
        let (code, index, message) = match *self {
            Self::Count => {
                let message = format!(
                    "{because} `{name}`, which has {}; found {}",
                    counted(release.rows.len(), "measurement"),
                    rows.len()
                );
                ("release.mean", 0, message)
            }
            Self::Row(index) | Self::Value(index) => {
                let (Some(published), Some(row)) = (release.rows.get(index), rows.get(index)) else {
                    return Finding::new(Severity::Error, "release.mean", MEAN, "the rows differ");
                };
                let what = format!("{} at z = {}", published.quantity.0, published.z);
                if matches!(self, Self::Row(_)) {
                    let found = row.quantity.map_or_else(String::new, |quantity| format!("{quantity} at "));
                    let message = format!(
                        "{because} `{name}`; row {} of the mean must be {what}, found {found}z = {}",
                        index + 1,
                        row.z
                    );
                    ("covariance.row-order", index, message)
                } else {
                    let message = format!("{because} `{name}`; {} is not its value of {what}", row.value);
                    ("release.mean", index, message)
                }
            }
        };
        let line = rows.get(index).map_or(0, |row| row.line);
        Finding::new(Severity::Error, code, format!("input `{MEAN}`, line {line}"), message).hint(ON_PURPOSE)
    }
}

/// The rows (from 0) in which a covariance differs from that of a release; `None` when it does not.
fn covariance_difference(release: &Release, file: &MatrixFile) -> Option<Vec<usize>> {
    if release.covariance_rows.is_empty() || release.covariance_rows.len() != file.matrix.size() {
        return Some((0..file.matrix.size()).collect());
    }
    let pairs = release.covariance_rows.iter().zip(file.matrix.rows()).enumerate();
    let differing: Vec<usize> = pairs
        .filter(|(_, (published, row))| **published != NumbersDigest::of(*row))
        .map(|(index, _)| index)
        .collect();
    (!differing.is_empty()).then_some(differing)
}

fn covariance_finding(
    release: &Release,
    because: &str,
    file: &MatrixFile,
    differing: &[usize],
    other: Option<&str>,
) -> Finding {
    let name = &release.name;
    let first = differing.first().copied().unwrap_or_default();
    let message = match other {
        Some(other) => format!("{because} `{name}`, but the covariance is that of `{other}`"),
        None if differing.len() == file.matrix.size() => {
            format!("{because} `{name}`, but no row of the covariance is the published one")
        }
        None => {
            let numbers: Vec<String> =
                differing.iter().take(8).map(|index| (index + 1).to_string()).collect();
            let more = if differing.len() > numbers.len() { ", …" } else { "" };
            format!(
                "{because} `{name}`, but not the covariance: differing rows are {}{more}",
                numbers.join(", ")
            )
        }
    };
    let line = file.lines.get(first).copied().unwrap_or_default();
    Finding::new(Severity::Error, "release.covariance", format!("input `{COVARIANCE}`, line {line}"), message)
        .hint(ON_PURPOSE)
}

fn error_finding(release: &Release, because: &str, rows: &[Row]) -> Option<Finding> {
    let differs = |(published, row): (&NumbersDigest, &Row)| {
        row.error.filter(|error| *published != NumbersDigest::of(&[*error])).map(|error| (row.line, error))
    };
    let (line, error) = release.errors.iter().zip(rows).find_map(differs)?;
    let message = format!("{because} `{}`; {error} is not its error", release.name);
    let place = format!("input `{MEAN}`, line {line}");
    Some(Finding::new(Severity::Error, "release.error", place, message).hint(ON_PURPOSE))
}
