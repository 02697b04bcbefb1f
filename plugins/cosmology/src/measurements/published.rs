//! The covariance of the rows, from whichever form it was published in.

use plugin_api::{Finding, ModuleError, Severity};

use super::Roles;
use super::conventions::Conventions;
use super::reader::Row;
use super::releases::CovarianceKind;
use crate::matrix::{MatrixFile, SquareMatrix};

/// The covariance, from whichever form it was published in.
pub(super) struct Published {
    pub(super) covariance: SquareMatrix,
    /// The published matrix, where that is the inverse.
    pub(super) precision: Option<SquareMatrix>,
    pub(super) errors_only: bool,
    pub(super) findings: Vec<Finding>,
}

impl Published {
    pub(super) fn settle(
        roles: Roles,
        rows: &[Row],
        file: Option<MatrixFile>,
        conventions: &Conventions,
    ) -> Result<Self, ModuleError> {
        let errors: Option<Vec<f64>> = rows.iter().map(|row| row.error).collect();
        let Some(file) = file else {
            let Some(errors) = errors else {
                return Err(ModuleError::bad_input(
                    roles.covariance,
                    format!("this input is missing, and the {} has no column of errors", roles.values),
                )
                .hint(
                    "give it with `--input covariance=PATH`, or write the errors as `z value error quantity`",
                ));
            };
            let variances: Vec<f64> = errors.iter().map(|error| error * error).collect();
            let covariance = SquareMatrix::diagonal(&variances);
            return Ok(Self { covariance, precision: None, errors_only: true, findings: Vec::new() });
        };
        let (covariance, precision) = match conventions.covariance_kind {
            CovarianceKind::Covariance => (file.matrix, None),
            CovarianceKind::Inverse => {
                let inverted = file.matrix.inverted().map_err(|reason| {
                    ModuleError::bad_input(
                        roles.covariance,
                        format!("cannot be an inverse covariance: {reason}"),
                    )
                })?;
                (inverted, Some(file.matrix))
            }
        };
        let findings =
            errors.map(|errors| compare_errors(roles, rows, &errors, &covariance)).unwrap_or_default();
        Ok(Self { covariance, precision, errors_only: false, findings })
    }
}

/// Errors beside a covariance are printed with few digits, but they cannot differ by more than rounding.
fn compare_errors(roles: Roles, rows: &[Row], errors: &[f64], covariance: &SquareMatrix) -> Vec<Finding> {
    const ROUNDING: f64 = 0.05;
    let differing = rows.iter().zip(errors).enumerate().filter_map(|(index, (row, error))| {
        let sigma = covariance.get(index, index).max(0.0).sqrt();
        ((sigma / error - 1.0).abs() > ROUNDING).then(|| {
            let message = format!("the error {error} is not the square root of the variance, {sigma}");
            Finding::new(
                Severity::Error,
                "covariance.diagonal",
                format!("input `{}`, line {}", roles.values, row.line),
                message,
            )
            .measured(sigma / error, 1.0)
            .hint("take both from the same release; the covariance must hold variances")
        })
    });
    differing.collect()
}
