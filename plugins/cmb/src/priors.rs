//! Published distance priors: from the files to the dataset. No number is changed.

use cosmology::catalogue::Catalogue;
use cosmology::matrix::SquareMatrix;
use plugin_api::{Derived, Finding, Input, Inputs, ModuleError, Severity};

use crate::checks::{against_errors, against_table, error_sizes};
use crate::convention::Convention;
use crate::output::Dataset;
use crate::quantity::Quantity;
use crate::raw_line::{RawLine, matrix_heading};
use crate::reader::{self, COVARIANCE, Content, PRIORS, TABLE, Values};
use crate::recognition::{permuted, recognise};
use crate::releases::{self, Release};
use crate::settings::{CovarianceKind, Settings};
use crate::table::Printed;

const VARIANCES: &str = "the matrix must hold variances in the order of the priors; for an inverse pass `--param covariance_kind=inverse`";

/// A prior with its place in the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row {
    pub(crate) quantity: Quantity,
    pub(crate) value: f64,
    pub(crate) line: u64,
}

pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    catalogue: &Catalogue,
) -> Result<Derived<'static>, ModuleError> {
    let values = read(&inputs.require(PRIORS)?)?;
    let rows = rows(PRIORS, &values)?;
    demand_a_whole_set(&rows)?;
    let (matrix, form) = matrix(inputs.get(COVARIANCE), &values, &rows)?;
    if form != Form::File && settings.covariance_kind == Some(CovarianceKind::Inverse) {
        return Err(ModuleError::bad_parameter(
            "covariance_kind",
            "the priors have their own covariance, no inverse",
        )
        .hint("leave the parameter out"));
    }
    let releases = releases::known()?;
    let recognition = recognise(settings, &releases, &rows, &matrix)?;
    let convention = convention(settings, recognition.release)?;
    let mut findings = recognition.findings;
    let (covariance, precision) = match recognition.kind {
        CovarianceKind::Covariance => (matrix, None),
        CovarianceKind::Inverse => {
            let covariance = matrix.inverted().map_err(|reason| {
                ModuleError::bad_input(COVARIANCE, format!("cannot be an inverse covariance: {reason}"))
            })?;
            (covariance, Some(matrix))
        }
    };
    if let (Some(printed), false) = (&values.printed, form == Form::Printed) {
        findings.extend(against_errors(PRIORS, printed, &rows, &covariance));
    }
    if let Some(table) = inputs.get(TABLE) {
        findings.extend(against_table(&table, &rows, &covariance)?);
    }
    let vector: Vec<(Quantity, f64)> = rows.iter().map(|row| (row.quantity, row.value)).collect();
    if !recognition.complete {
        findings.extend(error_sizes(&vector, &covariance, VARIANCES));
    }
    if convention.is_none() {
        findings.push(unknown_convention());
    }
    let published_as = match (form, recognition.kind) {
        (Form::Printed, _) => "standard errors and correlations",
        (_, CovarianceKind::Inverse) => "inverse covariance",
        (_, CovarianceKind::Covariance) => "covariance",
    };
    let mut dataset = Dataset {
        rows: vector,
        covariance,
        precision,
        convention,
        release: recognition.release.map(|release| release.name),
        derived_from: None,
        complete: recognition.complete,
        published_as,
        derivation: None,
        left_out: None,
        findings,
    };
    if settings.without_spectral_index {
        leave_out_spectral_index(&mut dataset);
    }
    dataset.build(catalogue)
}

pub(crate) fn read(input: &Input<'_>) -> Result<Values, ModuleError> {
    match reader::read(input)? {
        Content::Values(values) => Ok(values),
        Content::Chain(_) => Err(ModuleError::bad_input(input.role, "a chain, expected published priors")
            .hint("give a chain with `--input parameters=PATH`")),
    }
}

pub(crate) fn rows(role: &str, values: &Values) -> Result<Vec<Row>, ModuleError> {
    let mut rows: Vec<Row> = Vec::new();
    for entry in &values.entries {
        let refuse = |message: String| ModuleError::bad_input(role, message).line(entry.line);
        let Some(quantity) = Quantity::from_name(&entry.name) else {
            let known = Quantity::ALL.map(|quantity| format!("`{quantity}`")).join(", ");
            let message = format!("unknown parameter `{}`", cosmology::text::shortened(&entry.name));
            return Err(refuse(message).hint(format!(
                "distance priors are {known}; base parameters belong to `--input parameters=PATH`"
            )));
        };
        if let Some(earlier) = rows.iter().find(|earlier| earlier.quantity == quantity) {
            return Err(refuse(format!("{quantity} stands in line {} already", earlier.line)));
        }
        let (low, high) = quantity.possible_values();
        if !(low..=high).contains(&entry.value) {
            let message = format!("{quantity} = {}, expected between {low} and {high}", entry.value);
            return Err(refuse(message)
                .column(entry.column)
                .hint(format!("{quantity} is the {}", quantity.meaning())));
        }
        rows.push(Row { quantity, value: entry.value, line: entry.line });
    }
    Ok(rows)
}

/// R, l_A and ω_b, perhaps with n_s; or θ*, ω_b and ω_bc. Others miss what a fit needs, or say the same twice, as l_A
/// and θ* = π/l_A do.
fn demand_a_whole_set(rows: &[Row]) -> Result<(), ModuleError> {
    use Quantity::{AcousticAngle, AcousticScale, Baryons, BaryonsAndColdMatter, ShiftParameter};
    let has = |quantity: Quantity| rows.iter().any(|row| row.quantity == quantity);
    let angular = has(AcousticAngle) || has(BaryonsAndColdMatter);
    let (needed, foreign) = if angular {
        ([AcousticAngle, Baryons, BaryonsAndColdMatter], [ShiftParameter, AcousticScale].as_slice())
    } else {
        ([ShiftParameter, AcousticScale, Baryons], [].as_slice())
    };
    if let Some(missing) = needed.into_iter().find(|quantity| !has(*quantity)) {
        return Err(ModuleError::bad_input(PRIORS, format!("the parameter {missing} is missing"))
            .hint("no value is assumed for it; priors are R, l_A, omega_b and perhaps n_s, or theta_star, omega_b, omega_bc"));
    }
    match rows.iter().find(|row| foreign.contains(&row.quantity)) {
        Some(row) => {
            let message =
                format!("{} beside {AcousticAngle}: a covariance of both has not full rank", row.quantity);
            Err(ModuleError::bad_input(PRIORS, message)
                .line(row.line)
                .hint("l_A is π/theta_star; give one of the sets"))
        }
        None => Ok(()),
    }
}

/// Where the matrix comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A file of its own.
    File,
    /// Lines `cov` beside the mean.
    Beside,
    /// Made of printed errors and correlations.
    Printed,
}

fn matrix(
    input: Option<Input<'_>>,
    values: &Values,
    rows: &[Row],
) -> Result<(SquareMatrix, Form), ModuleError> {
    if let Some(input) = input {
        if values.covariance.is_some() {
            return Err(ModuleError::bad_input(
                COVARIANCE,
                "the priors have their own covariance, in lines `cov`",
            )
            .hint("leave one of them out"));
        }
        let text = input.text()?;
        let matrix = SquareMatrix::read(COVARIANCE, text, rows.len())?.matrix;
        let names = matrix_heading(text).map(RawLine::fields).unwrap_or_default();
        for (position, (name, row)) in (1..).zip(names.iter().zip(rows)) {
            if Quantity::from_name(name).is_some_and(|quantity| quantity != row.quantity) {
                let message =
                    format!("row {position} is {name} by its heading, but {} in the priors", row.quantity);
                return Err(ModuleError::bad_input(COVARIANCE, message)
                    .hint("write the priors in the order of the covariance"));
            }
        }
        return Ok((matrix, Form::File));
    }
    if let Some(covariance) = &values.covariance {
        return Ok((covariance.clone(), Form::Beside));
    }
    match values.printed.as_ref().and_then(Printed::covariance) {
        Some(covariance) => Ok((covariance, Form::Printed)),
        None => Err(ModuleError::bad_input(
            COVARIANCE,
            "this input is missing, and the priors have no correlations",
        )
        .hint("give it with `--input covariance=PATH`; R, l_A and omega_b are strongly correlated")),
    }
}

/// What the release says; else what the parameters say of both z* and radiation. A parameter may repeat a release.
fn convention(settings: &Settings, release: Option<&Release>) -> Result<Option<Convention>, ModuleError> {
    let Some(release) = release else {
        return match (settings.z_star, settings.radiation) {
            (Some(_), Some(_)) => Ok(Some(Convention::of_priors(settings))),
            (None, None) => Ok(None),
            (given, _) => {
                let missing = if given.is_some() { "radiation" } else { "z_star" };
                Err(ModuleError::bad_parameter(
                    missing,
                    "is missing: the convention needs both `z_star` and `radiation`",
                )
                .hint(format!("add `--param {missing}=…`")))
            }
        };
    };
    let published = release.convention;
    // What the convention does not depend on, nothing contradicts.
    let differ = |given: Option<f64>, published: Option<f64>| {
        given.zip(published).is_some_and(|(given, published)| given.to_bits() != published.to_bits())
    };
    let contradicted = [
        ("z_star", settings.z_star.is_some_and(|given| given != published.z_star)),
        ("radiation", settings.radiation.is_some_and(|given| given != published.radiation)),
        ("sum_neutrino_masses_ev", differ(settings.sum_neutrino_masses_ev, published.sum_neutrino_masses_ev)),
        (
            "effective_neutrino_number",
            differ(settings.effective_neutrino_number, published.effective_neutrino_number),
        ),
    ];
    match contradicted.iter().find(|(_, contradicted)| *contradicted) {
        Some((name, _)) => Err(ModuleError::bad_parameter(
            *name,
            format!("contradicts the convention of `{}`", release.name),
        )
        .hint("leave the parameter out, or pass `--param release=none`")),
        None => Ok(Some(published)),
    }
}

fn unknown_convention() -> Finding {
    Finding::new(
        Severity::Warning,
        "convention.unknown",
        format!("input `{PRIORS}`"),
        "nothing says which z* and radiation these priors are made with; conventions in use differ by ten standard errors of l_A",
    )
    .hint("pass `--param z_star=… --param radiation=…` as their paper has it")
}

fn leave_out_spectral_index(dataset: &mut Dataset) {
    let kept: Vec<usize> = (0..dataset.rows.len())
        .filter(|&index| {
            dataset.rows.get(index).is_some_and(|(quantity, _)| *quantity != Quantity::SpectralIndex)
        })
        .collect();
    if kept.len() == dataset.rows.len() {
        return;
    }
    dataset.rows.retain(|(quantity, _)| *quantity != Quantity::SpectralIndex);
    dataset.covariance = permuted(&dataset.covariance, &kept);
    // A block of the inverse would fix n_s instead of leaving it free.
    dataset.precision = None;
    dataset.left_out = Some(Quantity::SpectralIndex);
}
