//! Base parameters whose spread is a covariance.

use cosmology::matrix::SquareMatrix;
use cosmology::text::counted;
use plugin_api::{Finding, Input, ModuleError, Severity};

use crate::base::{Base, Found, Published, Spread, demand_possible_error};
use crate::base_parameter::BaseParameter;
use crate::beyond::{self, Stated};
use crate::checks::PRINTED;
use crate::raw_line::{RawLine, matrix_heading};
use crate::reader::{COVARIANCE, Entry, PARAMETERS};

pub(crate) fn with_covariance(
    entries: &[Entry],
    mut found: Vec<Found>,
    input: &Input<'_>,
) -> Result<Base, ModuleError> {
    let text = input.text()?;
    let heading = matrix_heading(text);
    let names_of_the_mean: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    // Without a heading the matrix has the order of the mean.
    let names = heading.map_or_else(|| names_of_the_mean.clone(), RawLine::fields);
    let file = SquareMatrix::read(COVARIANCE, text, names.len()).map_err(|error| match heading {
        Some(_) => error,
        None => error.hint("put the names above the matrix: `# name name …`"),
    })?;
    demand_symmetry(&file.matrix, &file.lines)?;
    let refuse = |message: String| match heading {
        Some(heading) => ModuleError::bad_input(COVARIANCE, message).line(heading.number),
        None => ModuleError::bad_input(COVARIANCE, message),
    };
    let variance = |index: usize| file.matrix.get(index, index);
    for (index, name) in names.iter().enumerate().filter(|(index, _)| variance(*index) != 0.0) {
        beyond::check(COVARIANCE, name, Stated::Varying, names.iter().copied())
            .map_err(|error| error.line(heading.map_or(1, |heading| heading.number)))?;
        let unknown = BaseParameter::of(name).filter(|(parameter, _)| {
            parameter.is_of_neutrinos() && !found.iter().any(|found| found.parameter == *parameter)
        });
        if let Some((parameter, _)) = unknown {
            let message = format!("{} varies, but the parameters do not state its mean", parameter.name());
            return Err(refuse(message).column(index as u64 + 1));
        }
    }
    // From here on, what is found is addressed by its place in the matrix, and in its units.
    let (mut varied, mut fixed) = (Vec::new(), Vec::new());
    for mut one in found.drain(..) {
        let place = |(index, name): (usize, &&str)| {
            let (parameter, factor) = BaseParameter::of(name)?;
            (parameter == one.parameter).then_some((index, factor))
        };
        match names.iter().enumerate().find_map(place) {
            Some((index, _)) if one.parameter.is_of_neutrinos() && variance(index) == 0.0 => {
                fixed.push((one.parameter, one.value));
            }
            Some((index, factor)) => {
                (one.index, one.factor) = (index, factor);
                varied.push(one);
            }
            None if one.parameter.is_of_neutrinos() => fixed.push((one.parameter, one.value)),
            None if one.parameter == BaseParameter::SpectralIndex => {}
            None => return Err(refuse(format!("the heading does not name {}", one.parameter.name()))),
        }
    }
    let mut covariance = SquareMatrix::zeros(varied.len());
    for (row, left) in varied.iter().enumerate() {
        for (column, right) in varied.iter().enumerate() {
            let element = file.matrix.get(left.index, right.index);
            covariance.set(row, column, left.factor * right.factor * element);
        }
    }
    demand_possible(&varied, &covariance)?;
    let published = |role: &'static str, names: &[&str], numbers: Vec<f64>| Published {
        role,
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        numbers,
    };
    let mean = entries.iter().map(|entry| entry.value).collect();
    Ok(Base {
        findings: against_errors(&varied, &covariance),
        varied: varied.iter().map(|found| (found.parameter, found.value)).collect(),
        spread: Spread::Covariance(covariance),
        fixed,
        published: vec![
            published(PARAMETERS, &names_of_the_mean, mean),
            published(COVARIANCE, &names, file.matrix.into_values()),
        ],
    })
}

fn demand_possible(varied: &[Found], covariance: &SquareMatrix) -> Result<(), ModuleError> {
    for (found, variance) in varied.iter().zip(covariance.diagonal_values()) {
        demand_possible_error(COVARIANCE, found.parameter, found.value, variance)?;
    }
    let Err(reason) = covariance.inverted() else { return Ok(()) };
    let names: Vec<&str> = varied.iter().map(|found| found.parameter.name()).collect();
    let message =
        format!("the covariance of {} ({}): {reason}", counted(names.len(), "parameter"), names.join(", "));
    Err(ModuleError::bad_input(COVARIANCE, message))
}

/// Errors beside the values are printed with few digits, but they cannot differ by more than rounding.
fn against_errors(varied: &[Found], covariance: &SquareMatrix) -> Vec<Finding> {
    let finding = |(found, variance): (&Found, f64)| {
        let (error, sigma) = (found.error?, variance.sqrt());
        ((sigma / error - 1.0).abs() > PRINTED.relative_error).then(|| {
            let message = format!(
                "the error of {} is {error:.3e} here, but {sigma:.3e} in the input `{COVARIANCE}`",
                found.parameter.name()
            );
            let place = format!("input `{PARAMETERS}`, line {}", found.line);
            Finding::new(Severity::Error, "covariance.printed", place, message)
                .measured(sigma, error)
                .hint("take parameters and covariance from the same fit")
        })
    };
    varied.iter().zip(covariance.diagonal_values()).filter_map(finding).collect()
}

/// Refuses elements that differ from their mirror image by more than rounding.
fn demand_symmetry(matrix: &SquareMatrix, lines: &[u64]) -> Result<(), ModuleError> {
    let pairs = (0..matrix.size()).flat_map(|row| (0..row).map(move |column| (row, column)));
    let differs = |&(row, column): &(usize, usize)| {
        let scale = (matrix.get(row, row) * matrix.get(column, column)).abs().sqrt();
        (matrix.get(row, column) - matrix.get(column, row)).abs() > 1e-10 * scale
    };
    let Some((row, column)) = pairs.into_iter().find(differs) else { return Ok(()) };
    let message = format!(
        "elements ({0}, {1}) and ({1}, {0}) differ: {2} and {3}",
        row + 1,
        column + 1,
        matrix.get(row, column),
        matrix.get(column, row)
    );
    Err(ModuleError::bad_input(COVARIANCE, message)
        .line(lines.get(row).copied().unwrap_or_default())
        .column(column as u64 + 1))
}
