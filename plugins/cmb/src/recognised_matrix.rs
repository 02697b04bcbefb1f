//! Holds a matrix against that of a release whose priors were recognised.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Finding, Severity};

use crate::comparison::{Tolerance, differences};
use crate::priors::Row;
use crate::quantity::Quantity;
use crate::reader::COVARIANCE;
use crate::recognition::{ON_PURPOSE, permuted};
use crate::releases::Release;
use crate::settings::CovarianceKind;

/// A covariance that was computed from the published inverse, or the reverse, by another program and printed.
const RECOMPUTED: Tolerance = Tolerance { relative_error: 1e-4, correlation: 1e-4 };

pub(crate) fn described(kind: CovarianceKind) -> &'static str {
    match kind {
        CovarianceKind::Covariance => "covariance",
        CovarianceKind::Inverse => "inverse covariance",
    }
}

fn as_covariance(matrix: &SquareMatrix, kind: CovarianceKind) -> Option<SquareMatrix> {
    match kind {
        CovarianceKind::Covariance => Some(matrix.clone()),
        CovarianceKind::Inverse => matrix.inverted().ok(),
    }
}

/// Whether a matrix is that of a release, bit by bit or computed from it, in its order or in that of the rows.
pub(crate) fn is_of(release: &Release, matrix: &SquareMatrix, rows: &[Row]) -> bool {
    if *matrix == release.matrix {
        return true;
    }
    let place = |row: &Row| release.rows.iter().position(|published| published.quantity == row.quantity);
    let Some(order) = rows.iter().map(place).collect::<Option<Vec<usize>>>() else { return false };
    let quantities: Vec<Quantity> = rows.iter().map(|row| row.quantity).collect();
    let published = [release.covariance.clone(), permuted(&release.covariance, &order)];
    [CovarianceKind::Covariance, CovarianceKind::Inverse]
        .into_iter()
        .filter_map(|kind| as_covariance(matrix, kind))
        .filter(|covariance| covariance.size() == release.covariance.size())
        .any(|covariance| {
            published
                .iter()
                .any(|published| differences(&covariance, published, &quantities, RECOMPUTED).is_empty())
        })
}

/// The matrix is not the published one bit by bit: perhaps its inverse, or the same with fewer digits.
pub(crate) fn findings(
    release: &Release,
    given: Option<CovarianceKind>,
    matrix: &SquareMatrix,
    published: &SquareMatrix,
    rows: &[Row],
    in_order: bool,
) -> (CovarianceKind, Vec<Finding>) {
    let quantities: Vec<Quantity> = rows.iter().map(|row| row.quantity).collect();
    let compared = |kind: CovarianceKind| {
        as_covariance(matrix, kind)
            .map(|covariance| differences(&covariance, published, &quantities, RECOMPUTED))
    };
    // Some of its numbers are the published ones: then it is that file, changed.
    let edited = in_order && matrix.size() == release.matrix.size() && {
        let pairs = matrix.rows().flatten().zip(release.matrix.rows().flatten());
        pairs.into_iter().any(|(found, published)| found.to_bits() == published.to_bits())
    };
    let error = |place: String, message: String| {
        Finding::new(Severity::Error, "release.covariance", place, message).hint(ON_PURPOSE)
    };
    if edited && given.is_none_or(|given| given == release.kind) {
        let kind = release.kind;
        let mut findings = Vec::new();
        for (row, left) in quantities.iter().enumerate() {
            for (column, right) in quantities.iter().enumerate() {
                let (found, published) = (matrix.get(row, column), release.matrix.get(row, column));
                if found.to_bits() != published.to_bits() {
                    let place = format!("input `{COVARIANCE}`, element ({}, {})", row + 1, column + 1);
                    let message = format!(
                        "the element of {left} and {right} is {found}; the {} of `{}` has {published}",
                        described(kind),
                        release.name
                    );
                    findings.push(error(place, message).measured(found, published));
                }
            }
        }
        return (kind, findings);
    }
    let kinds = match given {
        Some(kind) => vec![kind],
        None => vec![CovarianceKind::Covariance, CovarianceKind::Inverse],
    };
    if let Some(kind) =
        kinds.iter().copied().find(|kind| compared(*kind).is_some_and(|found| found.is_empty()))
    {
        let message = format!(
            "the matrix agrees with the {} of `{}`, but is not its {}",
            described(kind),
            release.name,
            described(release.kind)
        );
        let note =
            Finding::new(Severity::Note, "release.covariance", format!("input `{COVARIANCE}`"), message)
                .hint("the published file has all digits");
        return (kind, vec![note]);
    }
    let kind = given.unwrap_or(CovarianceKind::Covariance);
    let findings = match compared(kind) {
        Some(found) => found
            .into_iter()
            .map(|difference| {
                error(
                    difference.place(),
                    format!(
                        "{}; `{}` has {}",
                        difference.found_message(),
                        release.name,
                        difference.expected_text()
                    ),
                )
                .measured(difference.found, difference.expected)
            })
            .collect(),
        // What cannot be inverted is refused by the caller, with the reason.
        None => Vec::new(),
    };
    (kind, findings)
}
