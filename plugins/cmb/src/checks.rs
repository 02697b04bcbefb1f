//! Priors and their covariance against what is printed, and against what is possible.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Finding, Input, ModuleError, Severity};

use crate::comparison::{Difference, Tolerance, differences};
use crate::priors::{self, Row};
use crate::quantity::Quantity;
use crate::reader::TABLE;
use crate::recognition::permuted;
use crate::table::Printed;

/// What rounding to the two digits of a printed table can do: half of the last digit of 0.00015, and of 0.46.
pub(crate) const PRINTED: Tolerance = Tolerance { relative_error: 0.05, correlation: 0.01 };
/// Largest difference of a value and a printed mean, in standard errors.
const PRINTED_MEAN: f64 = 0.1;

/// Holds errors and correlations against printed ones, which are rounded.
pub(crate) fn against_errors(
    role: &str,
    printed: &Printed,
    rows: &[Row],
    covariance: &SquareMatrix,
) -> Vec<Finding> {
    let quantities: Vec<Quantity> = rows.iter().map(|row| row.quantity).collect();
    // What is not printed agrees: without correlations those of the matrix stand in for them, without an error its own.
    let expected = printed.covariance().unwrap_or_else(|| {
        let sigma = |index: usize| covariance.get(index, index).sqrt();
        let error =
            |index: usize| printed.errors.get(index).copied().flatten().unwrap_or_else(|| sigma(index));
        let mut expected = SquareMatrix::zeros(rows.len());
        for row in 0..rows.len() {
            for column in 0..rows.len() {
                let scale = error(row) * error(column) / (sigma(row) * sigma(column));
                expected.set(row, column, covariance.get(row, column) * scale);
            }
        }
        expected
    });
    let finding = |difference: &Difference| {
        let message = format!(
            "{}, but {} is printed in the input `{role}`",
            difference.found_message(),
            difference.expected_text()
        );
        Finding::new(Severity::Error, "covariance.printed", difference.place(), message)
            .measured(difference.found, difference.expected)
            .hint("take matrix and table from the same model of the same release")
    };
    differences(covariance, &expected, &quantities, PRINTED).iter().map(finding).collect()
}

pub(crate) fn against_table(
    input: &Input<'_>,
    rows: &[Row],
    covariance: &SquareMatrix,
) -> Result<Vec<Finding>, ModuleError> {
    let values = priors::read(input)?;
    let printed_rows = priors::rows(TABLE, &values)?;
    let Some(printed) = &values.printed else {
        return Err(ModuleError::bad_input(TABLE, "there are no errors in it to compare with")
            .hint("the heading is `parameter,mean,error,correlation_R,…`"));
    };
    let mut places = Vec::new();
    let mut findings = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Some(place) = printed_rows.iter().position(|printed| printed.quantity == row.quantity) else {
            return Err(ModuleError::bad_input(TABLE, format!("it has no {}", row.quantity)));
        };
        places.push(place);
        let (mean, line) =
            printed_rows.get(place).map_or((f64::NAN, 0), |printed| (printed.value, printed.line));
        let sigma = covariance.get(index, index).sqrt();
        if (row.value - mean).abs() > PRINTED_MEAN * sigma {
            let message =
                format!("{} = {} is printed, but the priors have {}", row.quantity, mean, row.value);
            findings.push(
                Finding::new(
                    Severity::Error,
                    "priors.printed",
                    format!("input `{TABLE}`, line {line}"),
                    message,
                )
                .measured(row.value, mean)
                .hint("take priors and table from the same model of the same release"),
            );
        }
    }
    let chosen = Printed {
        errors: places.iter().filter_map(|&place| printed.errors.get(place).copied()).collect(),
        correlations: printed.correlations.as_ref().map(|matrix| permuted(matrix, &places)),
    };
    findings.extend(against_errors(TABLE, &chosen, rows, covariance));
    Ok(findings)
}

/// Errors of a size that no measurement has had: the mark of standard errors where variances belong, of an inverse
/// taken for a covariance, or of a matrix in other units.
pub(crate) fn error_sizes(rows: &[(Quantity, f64)], covariance: &SquareMatrix, hint: &str) -> Vec<Finding> {
    let finding = |(index, (quantity, value)): (usize, &(Quantity, f64))| {
        let variance = covariance.get(index, index);
        let relative = variance.sqrt() / value;
        let (low, high) = quantity.possible_relative_errors();
        (!(low..=high).contains(&relative)).then(|| {
            let message = format!(
                "the variance of {quantity} is {variance:e}: an error of {relative:.1e} of its value, expected between {low:e} and {high:e}"
            );
            let place = format!("matrix `covariance`, element ({0}, {0})", index + 1);
            Finding::new(Severity::Error, "covariance.scale", place, message)
                .measured(relative, if relative < low { low } else { high })
                .hint(hint)
        })
    };
    rows.iter().enumerate().filter_map(finding).collect()
}
