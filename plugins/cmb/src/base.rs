//! Base parameters of flat ΛCDM, and how they spread, from whatever file holds them.

use cosmology::matrix::SquareMatrix;
use plugin_api::{Context, Finding, Inputs, ModuleError};

use crate::base_covariance::with_covariance;
use crate::base_parameter::BaseParameter;
use crate::beyond::{self, Stated};
use crate::chain::{Sample, Samples, means, moments};
use crate::reader::{self, COVARIANCE, Content, Entry, PARAMETERS, Values};

/// Parameters with their mean, and the spread of those that vary.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Base {
    /// Those that vary, with their means, in the order of `spread`.
    pub(crate) varied: Vec<(BaseParameter, f64)>,
    pub(crate) spread: Spread,
    /// Those that the file states and that do not vary.
    pub(crate) fixed: Vec<(BaseParameter, f64)>,
    /// What the files hold, by which a release is recognised.
    pub(crate) published: Vec<Published>,
    pub(crate) findings: Vec<Finding>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Spread {
    Covariance(SquareMatrix),
    Samples(Vec<Sample>),
}

/// All numbers of the file of a role, in their order, and the names that its parameters have there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Published {
    pub(crate) role: &'static str,
    pub(crate) names: Vec<String>,
    pub(crate) numbers: Vec<f64>,
}

/// A value of the file with what it is.
pub(crate) struct Found {
    pub(crate) parameter: BaseParameter,
    pub(crate) factor: f64,
    /// Its place among the names of the file.
    pub(crate) index: usize,
    pub(crate) value: f64,
    /// The error beside it, if one is printed.
    pub(crate) error: Option<f64>,
    pub(crate) line: u64,
}

pub(crate) fn read(inputs: &Inputs<'_>, context: &Context<'_>) -> Result<Base, ModuleError> {
    let input = inputs.require(PARAMETERS)?;
    let covariance = inputs.get(COVARIANCE);
    match reader::read(&input)? {
        Content::Values(values) => {
            for entry in &values.entries {
                let names = values.entries.iter().map(|entry| entry.name.as_str());
                beyond::check(PARAMETERS, &entry.name, Stated::Value(entry.value), names)
                    .map_err(|error| error.line(entry.line).column(entry.column))?;
            }
            let found = recognise(&values)?;
            let Some(covariance) = covariance else {
                return Err(ModuleError::bad_input(COVARIANCE, "this input is missing: errors without correlations are not enough")
                    .hint("give the covariance of the parameters with `--input covariance=PATH`, or a chain as `parameters`"));
            };
            with_covariance(&values.entries, found, &covariance)
        }
        Content::Chain(chain) => {
            if covariance.is_some() {
                return Err(ModuleError::bad_input(
                    COVARIANCE,
                    "the parameters are a chain, which has its own covariance",
                )
                .hint("leave the covariance out, or give the mean of the chain as `parameters`"));
            }
            with_samples(&chain.read(PARAMETERS, context)?, chain.heading.number)
        }
    }
}

/// Finds the parameters among the named values, in the order of [`BaseParameter::ALL`].
fn recognise(values: &Values) -> Result<Vec<Found>, ModuleError> {
    let error_of = |index: usize| values.printed.as_ref()?.errors.get(index).copied().flatten();
    let mut found: Vec<Found> = Vec::new();
    for (index, entry) in values.entries.iter().enumerate() {
        let Some((parameter, factor)) = BaseParameter::of(&entry.name) else { continue };
        let value = factor * entry.value;
        if let Some(earlier) = found.iter().find(|earlier| earlier.parameter == parameter) {
            // CosmoMC lists both h and H0; the same number twice is no contradiction.
            if (earlier.value / value - 1.0).abs() > 1e-6 {
                let message = format!("{} stands in line {} already", parameter.name(), earlier.line);
                return Err(ModuleError::bad_input(PARAMETERS, message).line(entry.line));
            }
            continue;
        }
        demand_possible(&entry.name, entry.value, parameter, factor)
            .map_err(|error| error.line(entry.line).column(entry.column))?;
        let error = error_of(index).map(|error| factor * error);
        found.push(Found { parameter, factor, index, value, error, line: entry.line });
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

fn demand_possible(name: &str, value: f64, parameter: BaseParameter, factor: f64) -> Result<(), ModuleError> {
    let (low, high, _) = parameter.possible();
    if (low..=high).contains(&(factor * value)) {
        return Ok(());
    }
    let message = format!("{name} = {value}, expected between {} and {}", low / factor, high / factor);
    Err(ModuleError::bad_input(PARAMETERS, message))
}

fn demand_possible_samples(samples: &Samples) -> Result<(), ModuleError> {
    for (index, name) in samples.names.iter().enumerate() {
        let Some((parameter, factor)) = BaseParameter::of(name) else { continue };
        for sample in &samples.samples {
            let value = sample.values.get(index).copied().unwrap_or(f64::NAN);
            demand_possible(name, value, parameter, factor)
                .map_err(|error| error.line(sample.line).column(index as u64 + 2))?;
        }
    }
    Ok(())
}

/// Refuses an error that is larger than any measurement has.
pub(crate) fn demand_possible_error(
    role: &str,
    parameter: BaseParameter,
    value: f64,
    variance: f64,
) -> Result<(), ModuleError> {
    let (_, _, largest) = parameter.possible();
    let relative = variance.max(0.0).sqrt() / value;
    if relative > largest {
        let message = format!("the error of {} is {relative:.2} of its value", parameter.name());
        return Err(ModuleError::bad_input(role, message)
            .hint("the heading must name what stands below it; a covariance must hold variances, in the units of the names"));
    }
    Ok(())
}

/// The samples of those parameters that vary. A column that never changes is stated, not measured.
fn with_samples(samples: &Samples, heading: u64) -> Result<Base, ModuleError> {
    demand_possible_samples(samples)?;
    let mut entries = Vec::new();
    for (index, (name, mean)) in samples.names.iter().zip(means(&samples.samples)).enumerate() {
        let constant = samples.constant(index);
        let stated = constant.map_or(Stated::Varying, Stated::Value);
        let column = index as u64 + 2;
        beyond::check(PARAMETERS, name, stated, samples.names.iter().map(String::as_str))
            .map_err(|error| error.line(heading).column(column))?;
        // The mean of equal numbers is rounded, and would vary.
        entries.push(Entry { name: name.clone(), value: constant.unwrap_or(mean), line: heading, column });
    }
    let found = recognise(&Values { entries, ..Values::default() })?;
    let (fixed, varied): (Vec<Found>, Vec<Found>) =
        found.into_iter().partition(|found| samples.constant(found.index).is_some());
    if let Some(constant) = fixed.iter().find(|fixed| BaseParameter::REQUIRED.contains(&fixed.parameter)) {
        let name = samples.names.get(constant.index).map_or("", String::as_str);
        let message = format!("the column `{name}` is {} in every sample", constant.value / constant.factor);
        return Err(ModuleError::bad_input(PARAMETERS, message)
            .line(heading)
            .column(constant.index as u64 + 2)
            .hint("a chain must sample omega_b, omega_cdm and H0"));
    }
    let choose = |sample: &Sample| {
        let value =
            |found: &Found| found.factor * sample.values.get(found.index).copied().unwrap_or(f64::NAN);
        Sample { values: varied.iter().map(value).collect(), ..*sample }
    };
    let chosen: Vec<Sample> = samples.samples.iter().map(choose).collect();
    let (_, covariance) = moments(&chosen);
    for (found, variance) in varied.iter().zip(covariance.diagonal_values()) {
        demand_possible_error(PARAMETERS, found.parameter, found.value, variance)?;
    }
    let valued = |found: &[Found]| found.iter().map(|found| (found.parameter, found.value)).collect();
    Ok(Base {
        varied: valued(&varied),
        spread: Spread::Samples(chosen),
        fixed: valued(&fixed),
        published: vec![Published { role: PARAMETERS, names: Vec::new(), numbers: Vec::new() }],
        findings: Vec::new(),
    })
}
