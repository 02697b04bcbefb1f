//! Holds priors and their covariance against the published ones. The matrix file does not say what its rows are, nor
//! whether it is the inverse, nor which model it belongs to; copies in circulation have all three wrong.

use cosmology::matrix::SquareMatrix;
use cosmology::release_choice::ReleaseChoice;
use plugin_api::{Finding, ModuleError, Severity};

use crate::base::Published;
use crate::priors::Row;
use crate::reader::PRIORS;
use crate::recognised_matrix;
use crate::releases::{self, BASE_RELEASE, Likeness, Release, ReleasedRow, refuse_unknown};
use crate::settings::{CovarianceKind, Settings};

pub(crate) const ON_PURPOSE: &str =
    "take all files from one release; if you changed the numbers on purpose pass `--param release=none`";

/// Which release the priors are, what their matrix is, and where they are not the published ones.
#[derive(Debug)]
pub(crate) struct Recognition<'r> {
    pub(crate) release: Option<&'r Release>,
    pub(crate) kind: CovarianceKind,
    /// Whether every number is the published one.
    pub(crate) complete: bool,
    pub(crate) findings: Vec<Finding>,
}

pub(crate) fn recognise<'r>(
    settings: &Settings,
    releases: &'r [Release],
    rows: &[Row],
    matrix: &SquareMatrix,
) -> Result<Recognition<'r>, ModuleError> {
    let by_priors = || {
        releases
            .iter()
            .find(|release| rows.len() == release.rows.len() && rows.iter().all(|row| near(release, row)))
    };
    let by_matrix = || releases.iter().find(|release| recognised_matrix::is_of(release, matrix, rows));
    let (release, because) = match &settings.release {
        ReleaseChoice::Ignored => (None, ""),
        ReleaseChoice::Named(name) => match releases.iter().find(|release| release.name == *name) {
            Some(release) => (Some(release), "the parameter `release` says"),
            None if name == BASE_RELEASE => {
                return Err(ModuleError::bad_parameter(
                    "release",
                    format!("`{name}` are base parameters, not priors"),
                )
                .hint("give them with `--input parameters=PATH --input covariance=PATH`"));
            }
            None => return Err(refuse_unknown(name, releases)),
        },
        ReleaseChoice::Recognised => match by_priors() {
            Some(release) => (Some(release), "the priors are those of"),
            None => (by_matrix(), "the covariance is that of"),
        },
    };
    let given = settings.covariance_kind;
    let Some(release) = release else {
        let kind = given.unwrap_or(CovarianceKind::Covariance);
        return Ok(Recognition { release: None, kind, complete: false, findings: Vec::new() });
    };
    let place = |row: &Row| format!("input `{PRIORS}`, line {}", row.line);
    let mut findings = Vec::new();
    let mut complete = true;
    let mut order = Vec::new();
    for row in rows {
        let published = release.rows.iter().position(|published| published.quantity == row.quantity);
        let Some((index, published)) = published.and_then(|index| Some((index, release.rows.get(index)?)))
        else {
            let message = format!("{because} `{}`, which has no {}", release.name, row.quantity);
            findings
                .push(Finding::new(Severity::Error, "release.priors", place(row), message).hint(ON_PURPOSE));
            continue;
        };
        order.push(index);
        if let Some(finding) = value_finding(release, published, row, because, place(row)) {
            complete = false;
            findings.push(finding);
        }
    }
    if order.len() != release.rows.len() || rows.len() != release.rows.len() {
        if findings.is_empty() {
            let names: Vec<&str> = release.rows.iter().map(|row| row.quantity.label()).collect();
            let message = format!("{because} `{}`, which has {}", release.name, names.join(", "));
            findings.push(
                Finding::new(Severity::Error, "release.priors", format!("input `{PRIORS}`"), message)
                    .hint(ON_PURPOSE),
            );
        }
        let kind = given.unwrap_or(release.kind);
        return Ok(Recognition { release: Some(release), kind, complete: false, findings });
    }

    let in_order = order.iter().copied().eq(0..order.len());
    let kind = if *matrix == release.matrix {
        if given.is_some_and(|given| given != release.kind) {
            let message = format!(
                "these are the numbers of the {} of `{}`",
                recognised_matrix::described(release.kind),
                release.name
            );
            return Err(ModuleError::bad_parameter("covariance_kind", message)
                .hint(format!("pass `--param covariance_kind={}`, or leave it out", release.kind.name())));
        }
        if let Some((index, row)) = order
            .iter()
            .zip(rows)
            .enumerate()
            .find_map(|(at, (index, row))| (at != *index).then_some((at, row)))
        {
            let expected = release.rows.get(index).map_or("", |published| published.quantity.label());
            let message = format!(
                "the covariance is that of `{}`; row {} of the priors must be {expected}, found {}",
                release.name,
                index + 1,
                row.quantity
            );
            findings.push(
                Finding::new(Severity::Error, "covariance.row-order", place(row), message)
                    .hint("write the priors in the order of the covariance"),
            );
        }
        release.kind
    } else {
        complete = false;
        let published = permuted(&release.covariance, &order);
        let (kind, found) = recognised_matrix::findings(release, given, matrix, &published, rows, in_order);
        findings.extend(found);
        kind
    };
    Ok(Recognition { release: Some(release), kind, complete: complete && findings.is_empty(), findings })
}

/// Whether a value is the published one to the digits of the printed table.
fn near(release: &Release, row: &Row) -> bool {
    let close = |published: &ReleasedRow| {
        let printed = (published.value - published.rounded).abs();
        (row.value - published.value).abs() <= 2.0 * printed + 1e-12 * published.value
    };
    release.rows.iter().any(|published| published.quantity == row.quantity && close(published))
}

fn value_finding(
    release: &Release,
    published: &ReleasedRow,
    row: &Row,
    because: &str,
    place: String,
) -> Option<Finding> {
    let is = |value: f64| row.value.to_bits() == value.to_bits();
    if is(published.value) {
        return None;
    }
    let (name, quantity, value) = (release.name, row.quantity, published.value);
    if is(published.rounded) {
        let message =
            format!("{quantity} = {} is rounded as in the printed table; `{name}` gives {value}", row.value);
        return Some(
            Finding::new(Severity::Note, "release.rounded", place, message).measured(row.value, value),
        );
    }
    let message = format!("{because} `{name}`, whose {quantity} is {value}; found {}", row.value);
    Some(
        Finding::new(Severity::Error, "release.priors", place, message)
            .measured(row.value, value)
            .hint(ON_PURPOSE),
    )
}

/// Rows and columns of a matrix in another order.
pub(crate) fn permuted(matrix: &SquareMatrix, order: &[usize]) -> SquareMatrix {
    let mut result = SquareMatrix::zeros(order.len());
    for (row, &from_row) in order.iter().enumerate() {
        for (column, &from_column) in order.iter().enumerate() {
            result.set(row, column, matrix.get(from_row, from_column));
        }
    }
    result
}

/// Whether base parameters are the known release: its name, whether all numbers are the published ones, and findings.
pub(crate) fn recognise_base(
    choice: &ReleaseChoice,
    published: &[Published],
) -> Result<(Option<&'static str>, bool, Vec<Finding>), ModuleError> {
    let files: Vec<(&Published, Likeness)> =
        published.iter().map(|file| (file, releases::likeness(file))).collect();
    let (is_it, because) = match choice {
        ReleaseChoice::Ignored => (false, ""),
        ReleaseChoice::Recognised => {
            (files.iter().any(|(_, likeness)| *likeness != Likeness::Other), "the other file says")
        }
        ReleaseChoice::Named(name) if name == BASE_RELEASE => (true, "the parameter `release` says"),
        ReleaseChoice::Named(name) => {
            let releases = releases::known()?;
            if releases.iter().any(|release| release.name == *name) {
                return Err(ModuleError::bad_parameter(
                    "release",
                    format!("`{name}` are priors, not base parameters"),
                )
                .hint("give them with `--input priors=PATH`"));
            }
            return Err(refuse_unknown(name, &releases));
        }
    };
    if !is_it {
        return Ok((None, false, Vec::new()));
    }
    let finding = |(file, likeness): &(&Published, Likeness)| {
        let message = match *likeness {
            Likeness::Same => return None,
            Likeness::OtherName(index, expected) => format!(
                "these are the numbers of `{BASE_RELEASE}`, whose parameter {} is {expected}; found {}",
                index + 1,
                file.names.get(index).map_or("", String::as_str)
            ),
            Likeness::Other => format!("{because} `{BASE_RELEASE}`, but these are not its numbers"),
        };
        let (code, place) = (format!("release.{}", file.role), format!("input `{}`", file.role));
        Some(Finding::new(Severity::Error, code, place, message).hint(ON_PURPOSE))
    };
    let findings: Vec<Finding> = files.iter().filter_map(finding).collect();
    Ok((Some(BASE_RELEASE), findings.is_empty(), findings))
}
