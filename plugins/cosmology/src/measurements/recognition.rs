//! Holds mean and covariance against the known releases: a covariance of one release belongs to the rows of that
//! release in the published order, and to nothing else.
//!
//! A covariance file does not say what its rows are, so a mean that was sorted, reversed or edited fits it as well as
//! the right one does. For published data the numbers themselves tell.

use plugin_api::{Finding, ModuleError, Severity};

use super::Roles;
use super::reader::Row;
use super::releases::{Release, named};
use crate::matrix::MatrixFile;
use crate::numbers::NumbersDigest;
use crate::release_choice::ReleaseChoice;
use crate::text::counted;

/// Which release the files are, and where they are not.
#[derive(Debug)]
pub struct Recognition<'r> {
    /// The release.
    pub release: Option<&'r Release>,
    /// Whether mean and covariance (or error column) both are the published ones.
    pub complete: bool,
    /// Where they are not.
    pub findings: Vec<Finding>,
}

const ON_PURPOSE: &str =
    "take both files from one release; if you changed the numbers on purpose pass `--param release=none`";

/// Finds the release that the files are, and where they differ from it.
///
/// # Errors
/// [`ModuleError::BadParameter`] when no release has the name the user typed.
pub fn recognise<'r>(
    roles: Roles,
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
    // A single error says nothing; a list of them is as good as a covariance.
    let by_errors = || {
        let all_are_published = |release: &&Release| {
            let pairs = || rows.iter().zip(&release.errors);
            release.errors.len() == rows.len()
                && pairs().all(|(row, published)| row.error.map(f64::to_bits) == Some(published.to_bits()))
        };
        releases.iter().find(|release| rows.len() > 1 && covariance.is_none() && all_are_published(release))
    };
    let (release, because) = match choice {
        ReleaseChoice::Ignored => (None, String::new()),
        ReleaseChoice::Named(name) => {
            (Some(named(releases, name)?), "the parameter `release` says".to_owned())
        }
        ReleaseChoice::Recognised => match by_mean() {
            Some(release) => (Some(release), format!("the {} is that of", roles.values)),
            None => match by_errors() {
                Some(release) => (Some(release), "the errors are those of".to_owned()),
                None => (by_covariance(), format!("the {} is that of", roles.covariance)),
            },
        },
    };
    let Some(release) = release else {
        return Ok(Recognition { release: None, complete: false, findings: Vec::new() });
    };
    let mut findings = Vec::new();
    findings.extend(
        mean_difference(release, rows).map(|difference| difference.finding(roles, release, &because, rows)),
    );
    match covariance {
        Some(matrix) if !release.covariance_rows.is_empty() => {
            findings.extend(covariance_difference(release, matrix).map(|differing| {
                let other = by_covariance().map(|other| other.name.as_str());
                covariance_finding(roles, release, &because, matrix, &differing, other)
            }));
        }
        Some(_) => {}
        None => findings.extend(error_finding(roles, release, &because, rows)),
    }
    let has_none =
        if covariance.is_some() { release.covariance_rows.is_empty() } else { release.errors.is_empty() };
    let complete = findings.is_empty() && !has_none;
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
    fn finding(&self, roles: Roles, release: &Release, because: &str, rows: &[Row]) -> Finding {
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
                    return Finding::new(Severity::Error, "release.mean", roles.values, "the rows differ");
                };
                let what = format!("{} at z = {}", published.quantity.0, published.z);
                if matches!(self, Self::Row(_)) {
                    let found = row.quantity.map_or_else(String::new, |quantity| format!("{quantity} at "));
                    let message = format!(
                        "{because} `{name}`; row {} of the {} must be {what}, found {found}z = {}",
                        index + 1,
                        roles.values,
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
        Finding::new(Severity::Error, code, format!("input `{}`, line {line}", roles.values), message)
            .hint(ON_PURPOSE)
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
    roles: Roles,
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
    Finding::new(
        Severity::Error,
        "release.covariance",
        format!("input `{}`, line {line}", roles.covariance),
        message,
    )
    .hint(ON_PURPOSE)
}

fn error_finding(roles: Roles, release: &Release, because: &str, rows: &[Row]) -> Option<Finding> {
    let differs = |(published, row): (&f64, &Row)| {
        row.error.filter(|error| error.to_bits() != published.to_bits()).map(|error| (row.line, error))
    };
    let (line, error) = release.errors.iter().zip(rows).find_map(differs)?;
    let message = format!("{because} `{}`; {error} is not its error", release.name);
    let place = format!("input `{}`, line {line}", roles.values);
    Some(Finding::new(Severity::Error, "release.error", place, message).hint(ON_PURPOSE))
}
