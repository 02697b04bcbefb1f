//! What the numbers of a grid mean: by parameters, or because the grid is that of a known release.

use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::vector::UNSPECIFIED;
use cosmology::numbers::NumbersDigest;
use cosmology::release_choice::ReleaseChoice;
use cosmology::text::{NumberLine, counted};
use plugin_api::{Finding, ModuleError, Severity};

use crate::grid::GRID;
use crate::releases::{GridRelease, Known, ReleasedAxis};
use crate::settings::{GridValue, Settings};

/// What the file does not say.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Description {
    pub(crate) redshift: f64,
    pub(crate) quantities: Vec<Quantity>,
    pub(crate) value: GridValue,
    /// Ends of the axis when the file has no abscissa.
    pub(crate) range: Option<(f64, f64)>,
    /// The abscissa is the quantity divided by this.
    pub(crate) fiducial: Option<f64>,
    pub(crate) tracer: String,
}

/// Which release a grid is.
pub(crate) struct Recognition<'r> {
    pub(crate) release: Option<&'r GridRelease>,
    pub(crate) complete: bool,
    pub(crate) findings: Vec<Finding>,
}

pub(crate) fn recognise<'r>(
    lines: &[NumberLine],
    settings: &Settings,
    known: &'r Known,
) -> Result<Recognition<'r>, ModuleError> {
    let digest = NumbersDigest::of(lines.iter().flat_map(|line| &line.values));
    let is_it = |release: &&GridRelease| release.numbers == digest;
    let release = match &settings.vector.release {
        ReleaseChoice::Ignored => None,
        ReleaseChoice::Recognised => known.grids.iter().find(is_it),
        ReleaseChoice::Named(name) => Some(known.grid(name)?),
    };
    let Some(release) = release else {
        return Ok(Recognition { release: None, complete: false, findings: Vec::new() });
    };
    let complete = is_it(&release);
    let mut findings = Vec::new();
    if !complete {
        let message =
            format!("the parameter `release` says `{}`, but these are not its numbers", release.name);
        findings.push(
            Finding::new(Severity::Error, "release.grid", format!("input `{GRID}`"), message).hint(
                "get the file again; if you changed the numbers on purpose pass `--param release=none`",
            ),
        );
    }
    Ok(Recognition { release: Some(release), complete, findings })
}

/// The description by parameters, or by the recognised release; a parameter may repeat it, not contradict it.
pub(crate) fn describe(
    settings: &Settings,
    released: Option<&GridRelease>,
    columns: usize,
) -> Result<Description, ModuleError> {
    let range = |axis: Option<f64>, end: &dyn Fn(&ReleasedAxis) -> Option<f64>| {
        axis.or_else(|| released.and_then(|grid| grid.axes.first()).and_then(end))
    };
    let redshift = agreed("grid_redshift", settings.grid_redshift, released.map(|grid| grid.redshift))?;
    let quantities = agreed(
        "grid_observables",
        settings.grid_observables.clone(),
        released.map(|grid| grid.axes.iter().map(|axis| axis.quantity.0).collect()),
    )?;
    let value = agreed("grid_value", settings.grid_value, released.map(|grid| grid.value))?;
    let (Some(redshift), Some(quantities), Some(value)) = (redshift, quantities, value) else {
        return Err(ModuleError::bad_input(
            GRID,
            "not a known release, and nothing says what its numbers are",
        )
        .hint(
            "pass `--param grid_redshift=… --param grid_observables=… --param grid_value=…` \
             (chi2, probability, likelihood_ratio or log_likelihood)",
        ));
    };
    let minimum = range(settings.grid_axis_minimum, &|axis| axis.minimum);
    let maximum = range(settings.grid_axis_maximum, &|axis| axis.maximum);
    let fiducial = agreed("grid_fiducial", settings.grid_fiducial, released.and_then(|grid| grid.fiducial))?;
    let tracer = match settings.vector.tracers.as_deref() {
        None => released.map_or_else(|| UNSPECIFIED.to_owned(), |grid| grid.tracer.clone()),
        Some([one]) => one.clone(),
        Some(_) => return Err(ModuleError::bad_parameter("tracer", "a grid has one tracer")),
    };
    let range = match (columns, minimum.zip(maximum)) {
        (1, Some((minimum, maximum))) if minimum < maximum && minimum > 0.0 => Some((minimum, maximum)),
        (1, Some(_)) => {
            return Err(ModuleError::bad_parameter(
                "grid_axis_maximum",
                "the axis must rise from a positive minimum",
            ));
        }
        (1, None) => {
            return Err(ModuleError::bad_input(GRID, "one number a line, and nothing says where they stand")
                .hint("pass `--param grid_axis_minimum=… --param grid_axis_maximum=…`"));
        }
        (_, Some(_)) => {
            return Err(ModuleError::bad_parameter("grid_axis_minimum", "the file has its axes itself")
                .hint("leave the parameters out"));
        }
        (_, None) => None,
    };
    // Without an abscissa the file has the value alone.
    let axes = if columns == 1 { 1 } else { columns.saturating_sub(1) };
    if !(1..=3).contains(&axes) || quantities.len() != axes {
        let message = format!(
            "{} in the file, that is {axes} for the axes and one for the value, but {} described",
            counted(columns, "column"),
            counted(quantities.len(), "observable")
        );
        return Err(ModuleError::bad_input(GRID, message).hint(
            "`grid_observables` names one quantity for each axis, slowest first; one to three axes are read",
        ));
    }
    if fiducial.is_some() && axes != 1 {
        return Err(ModuleError::bad_parameter(
            "grid_fiducial",
            "only an axis that is alone can be divided by it",
        ));
    }
    if quantities.iter().any(|quantity| quantity.unit(false) != "1") {
        return Err(ModuleError::bad_parameter(
            "grid_observables",
            "`Hz_rs` has a unit; an axis must be dimensionless",
        ));
    }
    Ok(Description { redshift, quantities, value, range, fiducial, tracer })
}

fn agreed<T: PartialEq>(name: &str, given: Option<T>, released: Option<T>) -> Result<Option<T>, ModuleError> {
    match (given, released) {
        (Some(given), Some(released)) if given != released => {
            Err(ModuleError::bad_parameter(name, "contradicts the recognised release")
                .hint("leave the parameter out, or pass `--param release=none`"))
        }
        (given, released) => Ok(given.or(released)),
    }
}
