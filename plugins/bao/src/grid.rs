//! Likelihoods published as tables: a value at each node of one to three axes, as printed.
//!
//! A file has one column for each axis (the first varies slowest) and then the value; or, with one axis, the value
//! alone, equally spaced between two ends that stand elsewhere. What a node holds, and what happens between and
//! outside of the nodes, stands in the metadata.

use cosmology::measurements::plausibility::{self, Subject};
use cosmology::measurements::vector::unchanged;
use cosmology::text::{NumberLine, counted, number_lines};
use plugin_api::{Axis, Derived, Finding, Inputs, ModuleError, Plot, Series, Severity, Table};
use serde_json::json;

use crate::description::{Description, describe, recognise};
use crate::exports;
use crate::gaussian::ROLES;
use crate::releases::Known;
use crate::settings::{Basis, GridValue, Settings};

/// Role of a tabulated likelihood.
pub(crate) const GRID: &str = "grid";

/// A likelihood at nodes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grid {
    /// Coordinate of each node, axis after axis.
    pub(crate) coordinates: Vec<Vec<f64>>,
    /// Number of nodes along each axis.
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    known: &Known,
) -> Result<Derived<'static>, ModuleError> {
    if let Some(other) = [ROLES.values, ROLES.covariance].into_iter().find(|role| inputs.get(role).is_some())
    {
        return Err(ModuleError::bad_input(other, "cannot be combined with `grid`")
            .hint("a dataset is a vector with its covariance, or a grid; prepare two"));
    }
    for (parameter, given) in [
        ("fiducial_rd_mpc", settings.vector.fiducial_rd_mpc.is_some()),
        ("rd_rescale", settings.vector.rd_rescale.is_some()),
        ("quantity", settings.vector.quantities.is_some()),
        ("covariance_kind", settings.vector.covariance_kind.is_some()),
        ("derive", settings.basis != Basis::Native),
    ] {
        if given {
            return Err(ModuleError::bad_parameter(parameter, "has no meaning for a grid")
                .hint("a grid is described by `grid_redshift`, `grid_observables`, `grid_value` and `grid_fiducial`"));
        }
    }
    let lines = number_lines(GRID, inputs.require(GRID)?.text()?)?;
    let recognition = recognise(&lines, settings, known)?;
    let description =
        describe(settings, recognition.release, lines.first().map_or(0, |line| line.values.len()))?;
    let grid = Grid::arrange(&lines, &description)?;
    // An output for each number of axes, so that the contract lists those that are there and no other.
    let mut derived = Derived::new(format!("grid_{}d", grid.shape.len())).table(table(&grid));
    derived.findings = recognition.findings;
    derived.findings.extend(findings(&grid, &lines, &description)?);
    derived.metadata = unchanged(recognition.release.map(|_| recognition.complete));
    describe_in(&mut derived, &grid, &description);
    let release = recognition.release.map(|release| release.name.as_str());
    let publication = release.and_then(|name| known.catalogue.get(name));
    if let Some(format) = exports::cobaya_grid(&description, publication) {
        derived = derived.export("cobaya", format);
    }
    if let Some(plot) = picture(&description) {
        derived = derived.plot("likelihood", plot);
    }
    Ok(known.catalogue.describe(derived.export("fit", exports::fit_grid(&description)), release))
}

impl Grid {
    /// Takes the lines apart and makes sure that they are the nodes of a rectangular grid, the first axis slowest.
    fn arrange(lines: &[NumberLine], description: &Description) -> Result<Self, ModuleError> {
        let values: Vec<f64> = lines.iter().filter_map(|line| line.values.last().copied()).collect();
        if let Some((minimum, maximum)) = description.range {
            return Ok(Self {
                coordinates: vec![equally_spaced(minimum, maximum, values.len())],
                shape: vec![values.len()],
                values,
            });
        }
        let axes = description.quantities.len();
        let coordinates: Vec<Vec<f64>> = (0..axes)
            .map(|axis| lines.iter().filter_map(|line| line.values.get(axis).copied()).collect())
            .collect();
        let nodes: Vec<Vec<f64>> = coordinates.iter().map(|column| distinct(column)).collect();
        let shape: Vec<usize> = nodes.iter().map(Vec::len).collect();
        let whole = shape.iter().try_fold(1_usize, |product, &length| product.checked_mul(length));
        if whole != Some(lines.len()) {
            let sides: Vec<String> = shape.iter().map(ToString::to_string).collect();
            let message =
                format!("{} do not fill a grid of {}", counted(lines.len(), "line"), sides.join(" × "));
            return Err(ModuleError::bad_input(GRID, message).hint("the file may be cut off; get it again"));
        }
        for (index, line) in lines.iter().enumerate() {
            let mut rest = index;
            for axis in (0..axes).rev() {
                let (Some(&length), Some(expected)) = (shape.get(axis), nodes.get(axis)) else { continue };
                let expected = expected.get(rest % length).copied().unwrap_or(f64::NAN);
                rest /= length;
                let found = line.values.get(axis).copied().unwrap_or(f64::NAN);
                if expected.to_bits() != found.to_bits() {
                    let message = format!("{found} where the grid has {expected}");
                    return Err(ModuleError::bad_input(GRID, message)
                        .line(line.number)
                        .column(axis as u64 + 1)
                        .hint("the first axis varies slowest and all axes rise"));
                }
            }
        }
        Ok(Self { coordinates, shape, values })
    }
}

/// The distinct values of a column, rising.
fn distinct(column: &[f64]) -> Vec<f64> {
    let mut values = column.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup_by_key(|value| value.to_bits());
    values
}

/// `count` points from `minimum` to `maximum`, both included, as `numpy.linspace` computes them.
fn equally_spaced(minimum: f64, maximum: f64, count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1);
    #[expect(clippy::cast_precision_loss, reason = "a count of lines is far below 2^53")]
    let step = (maximum - minimum) / last.max(1) as f64;
    #[expect(clippy::cast_precision_loss, reason = "a count of lines is far below 2^53")]
    let point =
        |index: usize| if index > 0 && index == last { maximum } else { minimum + index as f64 * step };
    (0..count).map(point).collect()
}

fn findings(
    grid: &Grid,
    lines: &[NumberLine],
    description: &Description,
) -> Result<Vec<Finding>, ModuleError> {
    let mut findings = Vec::new();
    let is_density = matches!(description.value, GridValue::Probability | GridValue::LikelihoodRatio);
    for (line, &value) in lines.iter().zip(&grid.values) {
        if is_density && value < 0.0 {
            let message = format!("a {} of {value}", description.value.name());
            let column = line.values.len() as u64;
            return Err(ModuleError::bad_input(GRID, message).line(line.number).column(column));
        }
    }
    if is_density && grid.values.contains(&0.0) {
        let zeros = grid.values.iter().filter(|value| **value <= 0.0).count();
        let message = format!("{} of value 0, where the logarithm is infinite", counted(zeros, "node"));
        findings.push(Finding::new(Severity::Warning, "grid.zero", format!("input `{GRID}`"), message));
    }
    if let Some(short) = grid.shape.iter().find(|&&length| length < 4) {
        let message = format!("{} along an axis are too few for a cubic spline", counted(*short, "node"));
        findings.push(Finding::new(Severity::Warning, "grid.coarse", format!("input `{GRID}`"), message));
    }
    for (axis, (quantity, coordinates)) in description.quantities.iter().zip(&grid.coordinates).enumerate() {
        for end in [0, coordinates.len().saturating_sub(1)] {
            let (Some(coordinate), Some(line)) = (coordinates.get(end), lines.get(end)) else { continue };
            let subject = Subject {
                line: line.number,
                z: description.redshift,
                value: coordinate * description.fiducial.unwrap_or(1.0),
                quantity: *quantity,
                tracer: None,
            };
            findings.extend(plausibility::size(GRID, &subject, None, axis as u64 + 1)?);
        }
    }
    Ok(findings)
}

/// Name of an axis' column.
pub(crate) fn axis_column(axis: usize) -> String {
    format!("axis_{}", axis + 1)
}

fn table(grid: &Grid) -> Table<'static> {
    let mut table = Table::new("grid");
    for (axis, coordinates) in grid.coordinates.iter().enumerate() {
        table = table.column(axis_column(axis), coordinates.clone());
    }
    table.column("value", grid.values.clone()).build()
}

/// A likelihood along one axis as a picture; there is none for a plane.
fn picture(description: &Description) -> Option<Plot> {
    let [quantity] = description.quantities.as_slice() else { return None };
    let symbol = quantity.symbol();
    let label = match description.fiducial {
        Some(fiducial) => format!("{symbol} divided by {fiducial}"),
        None => symbol.to_owned(),
    };
    Some(Plot::Points {
        title: format!("{symbol} at z = {}: {}", description.redshift, description.value.name()),
        x: Axis { label, unit: String::new(), logarithmic: false },
        y: Axis { label: description.value.name().to_owned(), unit: String::new(), logarithmic: false },
        series: vec![Series {
            label: description.tracer.clone(),
            table: "grid".to_owned(),
            x: axis_column(0),
            y: "value".to_owned(),
            error: None,
            only: None,
            scale: 1.0,
        }],
        curves: Vec::new(),
        residuals: None,
    })
}

fn describe_in(derived: &mut Derived<'static>, grid: &Grid, description: &Description) {
    let axes: Vec<_> = description
        .quantities
        .iter()
        .enumerate()
        .map(|(axis, quantity)| {
            let coordinates = grid.coordinates.get(axis).map_or(&[][..], Vec::as_slice);
            let lowest = coordinates.iter().copied().reduce(f64::min);
            let highest = coordinates.iter().copied().reduce(f64::max);
            json!({
                "column": axis_column(axis),
                "quantity": quantity.label(),
                "divided_by": description.fiducial,
                "meaning": quantity.meaning(false),
                "unit": "1",
                "nodes": grid.shape.get(axis),
                "minimum": lowest,
                "maximum": highest,
                "abscissa": if description.range.is_some() { "computed: equally spaced, both ends included" }
                            else { "as in the file" },
            })
        })
        .collect();
    let (minus_two_ln_likelihood, spline) = match description.value {
        GridValue::Chi2 => ("value", "value"),
        GridValue::Probability | GridValue::LikelihoodRatio => ("-2 ln(value)", "ln(value)"),
        GridValue::LogLikelihood => ("-2 value", "value"),
    };
    let interpolation = match description.quantities.len() {
        1 => format!("cubic spline of {spline} through every node"),
        2 => format!("bicubic spline of {spline} through every node"),
        _ => format!("linear in {spline} between the nodes"),
    };
    let cobaya = match (description.quantities.len(), description.range) {
        (1, Some(_)) => "Cobaya takes ln L = -infinity there",
        (1, None) => "Cobaya stops with an error there",
        (2, _) => "Cobaya silently takes the value at the edge there",
        _ => "Cobaya takes ln L = ln(1e-300) there",
    };
    derived.metadata.extend([
        ("axes".to_owned(), json!(axes)),
        ("order".to_owned(), json!("the first axis varies slowest")),
        ("redshift".to_owned(), json!(description.redshift)),
        ("tracer".to_owned(), json!(description.tracer)),
        ("value".to_owned(), json!(description.value.name())),
        ("minus_two_ln_likelihood".to_owned(), json!(minus_two_ln_likelihood)),
        ("normalisation".to_owned(), json!("as published; only differences of -2 ln L have a meaning")),
        ("interpolation".to_owned(), json!(interpolation)),
        (
            "outside".to_owned(),
            json!(format!("not tabulated: the likelihood is unknown and a model must be excluded; {cobaya}")),
        ),
        (
            "rd_convention".to_owned(),
            json!({"ruler": "rs in labels is r_d, the comoving sound horizon at the baryon drag epoch"}),
        ),
    ]);
}
