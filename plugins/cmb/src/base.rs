//! Base parameters of flat ΛCDM, and their covariance, from whatever file holds them.

use cosmology::matrix::SquareMatrix;
use cosmology::text::counted;
use plugin_api::{Input, Inputs, ModuleError};

use crate::base_parameter::BaseParameter;
use crate::reader::{self, COVARIANCE, Content, Entry, PARAMETERS};

/// Parameters with their mean, and the covariance of those that vary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Base {
    /// Those that vary, with their means, in the order of `covariance`.
    pub(crate) varied: Vec<(BaseParameter, f64)>,
    pub(crate) covariance: SquareMatrix,
    /// Those that the file states and that do not vary: neutrinos.
    pub(crate) fixed: Vec<(BaseParameter, f64)>,
    /// Number of samples, when the file is a chain.
    pub(crate) samples: Option<usize>,
    /// All numbers of the files, in their order, by which a release is recognised.
    pub(crate) published: (Vec<f64>, Vec<f64>),
}

/// A value of the file with what it is.
struct Found {
    parameter: BaseParameter,
    factor: f64,
    /// Its place among the names of the file.
    index: usize,
    value: f64,
    line: u64,
}

pub(crate) fn read(inputs: &Inputs<'_>) -> Result<Base, ModuleError> {
    let input = inputs.require(PARAMETERS)?;
    let covariance = inputs.get(COVARIANCE);
    match reader::read(&input)? {
        Content::Values(values) => {
            let found = recognise(&values.entries)?;
            let Some(covariance) = covariance else {
                return Err(ModuleError::bad_input(COVARIANCE, "this input is missing: errors without correlations are not enough")
                    .hint("give the covariance of the parameters with `--input covariance=PATH`, or a chain as `parameters`"));
            };
            with_covariance(&values.entries, found, &covariance)
        }
        Content::Samples(samples) => {
            if covariance.is_some() {
                return Err(ModuleError::bad_input(
                    COVARIANCE,
                    "the parameters are a chain, which has its own covariance",
                )
                .hint("leave the covariance out, or give the mean of the chain as `parameters`"));
            }
            let entry = |(name, value): (&String, f64)| Entry {
                name: name.clone(),
                value,
                line: samples.line,
                column: 1,
            };
            let entries: Vec<Entry> = samples.names.iter().zip(samples.means()).map(entry).collect();
            let found = recognise(&entries)?;
            let columns: Vec<usize> = found.iter().map(|found| found.index).collect();
            let matrix = samples.covariance(&columns);
            let varies = |index: usize| matrix.get(index, index) > 0.0;
            let mut base = settle(&found, varies, &matrix)?;
            base.samples = Some(samples.count());
            Ok(base)
        }
    }
}

/// Finds the parameters among the named values, in the order of [`BaseParameter::ALL`].
fn recognise(entries: &[Entry]) -> Result<Vec<Found>, ModuleError> {
    let refuse = |message: String, line: u64| ModuleError::bad_input(PARAMETERS, message).line(line);
    let mut found: Vec<Found> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        check_model(entry)?;
        let Some((parameter, factor)) = BaseParameter::of(&entry.name) else { continue };
        if let Some(earlier) = found.iter().find(|earlier| earlier.parameter == parameter) {
            let message = format!("{} stands in line {} already", parameter.name(), earlier.line);
            // CosmoMC lists both h and H0; the same number twice is no contradiction.
            if (earlier.value / (factor * entry.value) - 1.0).abs() > 1e-6 {
                return Err(refuse(message, entry.line));
            }
            continue;
        }
        let value = factor * entry.value;
        let (low, high, _) = parameter.possible();
        if !(low..=high).contains(&value) {
            let message = format!(
                "{} = {}, expected between {} and {}",
                entry.name,
                entry.value,
                low / factor,
                high / factor
            );
            return Err(refuse(message, entry.line).column(entry.column));
        }
        found.push(Found { parameter, factor, index, value, line: entry.line });
    }
    for required in BaseParameter::REQUIRED {
        if !found.iter().any(|found| found.parameter == required) {
            let names: Vec<String> = required.names().iter().map(|(name, _)| format!("`{name}`")).collect();
            let message = format!(
                "the parameter {} is missing; it may be called {}",
                required.name(),
                names.join(", ")
            );
            return Err(ModuleError::bad_input(PARAMETERS, message).hint("no value is assumed for it"));
        }
    }
    found.sort_by_key(|found| found.parameter);
    Ok(found)
}

/// The formulas are those of flat ΛCDM: a file that states another model is refused.
fn check_model(entry: &Entry) -> Result<(), ModuleError> {
    let expected = match entry.name.as_str() {
        "omegak" | "omk" | "Omega_k" | "wa" | "wa_fld" => 0.0,
        "w" | "w0" | "w0_fld" => -1.0,
        _ => return Ok(()),
    };
    if (entry.value - expected).abs() < 1e-12 {
        return Ok(());
    }
    let message = format!(
        "{} = {}, but distances are computed in flat ΛCDM, where it is {expected}",
        entry.name, entry.value
    );
    Err(ModuleError::bad_input(PARAMETERS, message).line(entry.line).column(entry.column))
}

fn with_covariance(entries: &[Entry], mut found: Vec<Found>, input: &Input<'_>) -> Result<Base, ModuleError> {
    let text = input.text()?;
    let heading = reader::matrix_heading(text);
    let size = heading.as_ref().map_or(entries.len(), Vec::len);
    let file = SquareMatrix::read(COVARIANCE, text, size).map_err(|error| match heading {
        Some(_) => error,
        None => error.hint("put the names above the matrix: `# name name …`"),
    })?;
    let line_of = |row: usize| file.lines.get(row).copied().unwrap_or_default();
    if let Some((row, column)) = asymmetry(&file.matrix) {
        let message = format!(
            "elements ({0}, {1}) and ({1}, {0}) differ: {2} and {3}",
            row + 1,
            column + 1,
            file.matrix.get(row, column),
            file.matrix.get(column, row)
        );
        return Err(ModuleError::bad_input(COVARIANCE, message).line(line_of(row)).column(column as u64 + 1));
    }
    // From here on, what is found is addressed by its place in the matrix, and in its units.
    let mut fixed = Vec::new();
    if let Some(names) = &heading {
        let mut placed = Vec::new();
        for mut one in found {
            let place = |(index, name): (usize, &String)| {
                let (parameter, factor) = BaseParameter::of(name)?;
                (parameter == one.parameter).then_some((index, factor))
            };
            match names.iter().enumerate().find_map(place) {
                Some((index, factor)) => {
                    (one.index, one.factor) = (index, factor);
                    placed.push(one);
                }
                None if one.parameter >= BaseParameter::NeutrinoMasses => {
                    fixed.push((one.parameter, one.value));
                }
                None if one.parameter == BaseParameter::SpectralIndex => {}
                None => {
                    let message = format!("the heading does not name {}", one.parameter.name());
                    return Err(ModuleError::bad_input(COVARIANCE, message).line(1));
                }
            }
        }
        found = placed;
    }
    let mut matrix = SquareMatrix::zeros(found.len());
    for (row, left) in found.iter().enumerate() {
        for (column, right) in found.iter().enumerate() {
            matrix.set(row, column, left.factor * right.factor * file.matrix.get(left.index, right.index));
        }
    }
    let mut base = settle(&found, |_| true, &matrix)?;
    base.fixed.extend(fixed);
    base.published = (entries.iter().map(|entry| entry.value).collect(), file.matrix.into_values());
    Ok(base)
}

/// Parts what varies from what does not, and holds the errors against what is possible.
fn settle(
    found: &[Found],
    varies: impl Fn(usize) -> bool,
    matrix: &SquareMatrix,
) -> Result<Base, ModuleError> {
    let (mut varied, mut kept, mut fixed) = (Vec::new(), Vec::new(), Vec::new());
    for (index, one) in found.iter().enumerate() {
        if one.parameter >= BaseParameter::NeutrinoMasses && !varies(index) {
            fixed.push((one.parameter, one.value));
            continue;
        }
        let (_, _, largest) = one.parameter.possible();
        let relative = matrix.get(index, index).max(0.0).sqrt() / one.value;
        if relative > largest {
            let message = format!("the error of {} is {relative:.2} of its value", one.parameter.name());
            return Err(ModuleError::bad_input(COVARIANCE, message)
                .hint("the matrix must hold variances, in the units and under the names of its heading"));
        }
        varied.push((one.parameter, one.value));
        kept.push(index);
    }
    let mut covariance = SquareMatrix::zeros(kept.len());
    for (row, &left) in kept.iter().enumerate() {
        for (column, &right) in kept.iter().enumerate() {
            covariance.set(row, column, matrix.get(left, right));
        }
    }
    if let Err(reason) = covariance.inverted() {
        let names: Vec<&str> = varied.iter().map(|(parameter, _)| parameter.name()).collect();
        let message = format!(
            "the covariance of {} ({}): {reason}",
            counted(names.len(), "parameter"),
            names.join(", ")
        );
        return Err(ModuleError::bad_input(COVARIANCE, message));
    }
    Ok(Base { varied, covariance, fixed, samples: None, published: (Vec::new(), Vec::new()) })
}

/// The first element (row, column) that differs from its mirror image by more than rounding.
fn asymmetry(matrix: &SquareMatrix) -> Option<(usize, usize)> {
    let pairs = (0..matrix.size()).flat_map(|row| (0..row).map(move |column| (row, column)));
    pairs.into_iter().find(|&(row, column)| {
        let scale = (matrix.get(row, row) * matrix.get(column, column)).abs().sqrt();
        (matrix.get(row, column) - matrix.get(column, row)).abs() > 1e-10 * scale
    })
}
