//! Vectors of measurements with a covariance: from the files to the dataset.

use cosmology::matrix::{MatrixFile, SquareMatrix};
use plugin_api::{Derived, Finding, Input, Inputs, Matrix, ModuleError, Severity, Table};
use serde_json::{Value, json};

use crate::conventions::Conventions;
use crate::exports;
use crate::plausibility::{self, Subject};
use crate::quantity::Quantity;
use crate::reader::{self, COVARIANCE, MEAN, Row};
use crate::recognition::{Recognition, recognise};
use crate::releases::{Release, ReleasedRow};
use crate::rotation;
use crate::settings::{Basis, CovarianceKind, Settings, spread};

/// Name of the output: the published basis alone, or with a further basis beside it.
const OUTPUT: &str = "gaussian";
const OUTPUT_WITH_DERIVED: &str = "gaussian_and_derived";
/// Tracer of a row when nothing names one.
pub(crate) const UNSPECIFIED: &str = "unspecified";

/// A row with everything known of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Measurement {
    pub(crate) row_id: String,
    pub(crate) tracer: String,
    pub(crate) quantity: Quantity,
    pub(crate) label: Option<String>,
    pub(crate) z: f64,
    pub(crate) value: f64,
    pub(crate) uncertainty: f64,
    pub(crate) unit: &'static str,
}

/// Derives the dataset of a mean and, unless that has errors of its own, a covariance.
pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    releases: &[Release],
) -> Result<Derived<'static>, ModuleError> {
    let mean = inputs.require(MEAN)?;
    let mut rows = reader::read(&mean)?;
    name_rows(&mut rows, settings)?;
    // Before the covariance is read, whose size would be the lesser news; and again when the release has named rows.
    reader::refuse_duplicates(&rows)?;
    let file = match inputs.get(COVARIANCE) {
        Some(input) => Some(read_covariance(&input, rows.len())?),
        None => None,
    };
    let recognition = recognise(&settings.release, releases, &rows, file.as_ref())?;
    if let Some(release) = recognition.release {
        fill_in(&mut rows, release);
        reader::refuse_duplicates(&rows)?;
    }
    let conventions = Conventions::settle(settings, recognition.release)?;
    let subjects = subjects(&rows)?;

    let mut findings = Vec::new();
    for subject in &subjects {
        findings.extend(plausibility::size(MEAN, subject, conventions.fiducial_rd_mpc, 2)?);
    }
    let published = Published::settle(&rows, file, &conventions)?;
    findings.extend(published.findings);
    findings.extend(plausibility::covariance(&subjects, &published.covariance));
    if !published.errors_only {
        findings.extend(plausibility::spread(&subjects, &published.covariance));
    }
    let measurements =
        measurements(&rows, &subjects, &published.covariance, published.errors_only, &conventions);

    let mut derived = Derived::new(OUTPUT).table(table(&measurements));
    derived.metadata =
        metadata(&measurements, &conventions, &recognition, published.errors_only, &published.covariance);
    derived.findings = recognition.findings.into_iter().chain(findings).collect();
    if settings.basis != Basis::Native {
        let rotated = rotation::rotate(&measurements, &published.covariance, &conventions, settings.basis)?;
        OUTPUT_WITH_DERIVED.clone_into(&mut derived.output);
        derived = derived.table(rotated.table()).note("derived", rotated.meaning);
        derived = derived.matrix(rotated.matrix);
    }
    let size = published.covariance.size();
    derived.matrices.insert(0, Matrix::new("covariance", size, published.covariance.into_values()));
    if let Some(precision) = published.precision {
        derived = derived.matrix(Matrix::new("precision", size, precision.into_values()));
    }
    derived = derived
        .export("cobaya", exports::cobaya_vector(&conventions, recognition.release))
        .export("fit", exports::fit_vector());
    Ok(derived)
}

fn read_covariance(input: &Input<'_>, size: usize) -> Result<MatrixFile, ModuleError> {
    SquareMatrix::read(COVARIANCE, input.text()?, size)
}

/// Fills in what the parameters say of the rows.
fn name_rows(rows: &mut [Row], settings: &Settings) -> Result<(), ModuleError> {
    if let Some(quantities) = &settings.quantities {
        if rows.iter().any(|row| row.label.is_some()) {
            return Err(ModuleError::bad_parameter(
                "quantity",
                "the lines of the mean name their quantity themselves",
            )
            .hint("leave the parameter out"));
        }
        let quantities = spread("quantity", quantities, rows.len())?;
        for (row, quantity) in rows.iter_mut().zip(quantities) {
            row.quantity = Some(quantity);
        }
    }
    if let Some(tracers) = &settings.tracers {
        if rows.iter().any(|row| row.tracer.is_some()) {
            return Err(ModuleError::bad_parameter(
                "tracer",
                "the lines of the mean name their tracer themselves",
            )
            .hint("leave the parameter out"));
        }
        let tracers = spread("tracer", tracers, rows.len())?;
        for (row, tracer) in rows.iter_mut().zip(tracers) {
            row.tracer = Some(tracer);
        }
    }
    Ok(())
}

/// Fills in names that neither file nor parameters give. A mean in a wrong order gets none that belong to other rows.
fn fill_in(rows: &mut [Row], release: &Release) {
    let same = |(row, released): (&Row, &ReleasedRow)| {
        row.z.to_bits() == released.z.to_bits()
            && row.quantity.is_none_or(|quantity| quantity == released.quantity.0)
    };
    let in_order = rows.len() == release.rows.len() && rows.iter().zip(&release.rows).all(same);
    for (row, released) in rows.iter_mut().zip(&release.rows) {
        if in_order || release.rows.iter().all(|other| other.quantity == released.quantity) {
            row.quantity.get_or_insert(released.quantity.0);
        }
        if in_order || release.rows.iter().all(|other| other.tracer == released.tracer) {
            row.tracer.get_or_insert_with(|| released.tracer.clone());
        }
    }
}

fn subjects(rows: &[Row]) -> Result<Vec<Subject>, ModuleError> {
    let subject = |row: &Row| {
        let quantity = row.quantity.ok_or_else(|| {
            ModuleError::bad_input(MEAN, "the line does not say what it measures").line(row.line).hint(
                "pass `--param quantity=…` with one of DV_over_rs, DM_over_rs, DH_over_rs, DA_over_rs, rs_over_DV, \
                 Hz_rs, F_AP, f_sigma8",
            )
        })?;
        Ok(Subject { line: row.line, z: row.z, value: row.value, quantity, tracer: row.tracer.clone() })
    };
    rows.iter().map(subject).collect()
}

/// The covariance, from whichever form it was published in.
struct Published {
    covariance: SquareMatrix,
    /// The published matrix, where that is the inverse.
    precision: Option<SquareMatrix>,
    errors_only: bool,
    findings: Vec<Finding>,
}

impl Published {
    fn settle(
        rows: &[Row],
        file: Option<MatrixFile>,
        conventions: &Conventions,
    ) -> Result<Self, ModuleError> {
        let errors: Option<Vec<f64>> = rows.iter().map(|row| row.error).collect();
        let Some(file) = file else {
            let Some(errors) = errors else {
                return Err(ModuleError::bad_input(
                    COVARIANCE,
                    "this input is missing, and the mean has no column of errors",
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
                    ModuleError::bad_input(COVARIANCE, format!("cannot be an inverse covariance: {reason}"))
                })?;
                (inverted, Some(file.matrix))
            }
        };
        let findings = errors.map(|errors| compare_errors(rows, &errors, &covariance)).unwrap_or_default();
        Ok(Self { covariance, precision, errors_only: false, findings })
    }
}

/// Errors beside a covariance are printed with few digits, but they cannot differ by more than rounding.
fn compare_errors(rows: &[Row], errors: &[f64], covariance: &SquareMatrix) -> Vec<Finding> {
    const ROUNDING: f64 = 0.05;
    let differing = rows.iter().zip(errors).enumerate().filter_map(|(index, (row, error))| {
        let sigma = covariance.get(index, index).max(0.0).sqrt();
        ((sigma / error - 1.0).abs() > ROUNDING).then(|| {
            let message = format!("the error {error} is not the square root of the variance, {sigma}");
            Finding::new(
                Severity::Error,
                "covariance.diagonal",
                format!("input `{MEAN}`, line {}", row.line),
                message,
            )
            .measured(sigma / error, 1.0)
            .hint("take both from the same release; the covariance must hold variances")
        })
    });
    differing.collect()
}

fn measurements(
    rows: &[Row],
    subjects: &[Subject],
    covariance: &SquareMatrix,
    errors_only: bool,
    conventions: &Conventions,
) -> Vec<Measurement> {
    let scaled = conventions.fiducial_rd_mpc.is_some();
    let measurement = |(index, (row, subject)): (usize, (&Row, &Subject))| {
        let tracer = row.tracer.clone().unwrap_or_else(|| UNSPECIFIED.to_owned());
        // A negative variance is a finding; the zero here keeps the column free of NaN.
        let uncertainty = match row.error {
            Some(error) if errors_only => error,
            _ => covariance.get(index, index).max(0.0).sqrt(),
        };
        Measurement {
            row_id: row_id(&tracer, subject.quantity, row.z),
            tracer,
            quantity: subject.quantity,
            label: row.label.clone(),
            z: row.z,
            value: row.value,
            uncertainty,
            unit: subject.quantity.unit(scaled),
        }
    };
    rows.iter().zip(subjects).enumerate().map(measurement).collect()
}

/// Identity of a row: what was measured, of what, where.
pub(crate) fn row_id(tracer: &str, quantity: Quantity, z: f64) -> String {
    format!("{tracer}_{quantity}_z{z}")
}

fn table(measurements: &[Measurement]) -> Table<'static> {
    let text = |of: &dyn Fn(&Measurement) -> String| -> Vec<String> { measurements.iter().map(of).collect() };
    let number = |of: &dyn Fn(&Measurement) -> f64| -> Vec<f64> { measurements.iter().map(of).collect() };
    let labels: Vec<Option<String>> = measurements.iter().map(|row| row.label.clone()).collect();
    Table::new("data")
        .column("row_id", text(&|row| row.row_id.clone()))
        .column("tracer", text(&|row| row.tracer.clone()))
        .column("quantity", text(&|row| row.quantity.label().to_owned()))
        .column("native_label", labels)
        .column("z", number(&|row| row.z))
        .column("observable", number(&|row| row.value))
        .column("uncertainty", number(&|row| row.uncertainty))
        .column("unit", text(&|row| row.unit.to_owned()))
        .build()
}

fn metadata(
    measurements: &[Measurement],
    conventions: &Conventions,
    recognition: &Recognition<'_>,
    errors_only: bool,
    covariance: &SquareMatrix,
) -> std::collections::BTreeMap<String, Value> {
    let scaled = conventions.fiducial_rd_mpc.is_some();
    let quantities: Vec<&str> = measurements.iter().map(|row| row.quantity.label()).collect();
    let definitions: std::collections::BTreeMap<&str, Value> = measurements
        .iter()
        .map(|row| (row.quantity.label(), json!({"meaning": row.quantity.meaning(scaled), "unit": row.unit})))
        .collect();
    let (structure, blocks) = plausibility::structure(covariance);
    let published_as =
        if errors_only { "errors without correlations" } else { conventions.covariance_kind.name() };
    let mut metadata = release_metadata(recognition.release, recognition.complete);
    metadata.extend([
        ("rd_convention".to_owned(), conventions.metadata()),
        ("fiducial_rd_mpc".to_owned(), json!(conventions.fiducial_rd_mpc)),
        ("quantities".to_owned(), json!(quantities)),
        ("quantity_definitions".to_owned(), json!(definitions)),
        (
            "covariance_structure".to_owned(),
            json!({"published_as": published_as, "structure": structure, "block_sizes": blocks}),
        ),
        ("row_order".to_owned(), json!("as in the file of the mean")),
        ("redshift_frame".to_owned(), json!("effective redshift of the sample, as published")),
    ]);
    metadata
}

/// What is known of the release, and that nothing was corrected or selected.
pub(crate) fn release_metadata(
    release: Option<&Release>,
    complete: bool,
) -> std::collections::BTreeMap<String, Value> {
    let mut metadata = std::collections::BTreeMap::from([
        ("corrections".to_owned(), json!([])),
        ("selections".to_owned(), json!([])),
        ("release".to_owned(), json!(release.map(|release| &release.name))),
    ]);
    if let Some(release) = release {
        let recognised = if complete {
            "every number is the published one"
        } else {
            "not every number could be held against the published ones"
        };
        metadata.extend([
            ("release_recognition".to_owned(), json!(recognised)),
            ("title".to_owned(), json!(release.title)),
            ("survey".to_owned(), json!(release.survey)),
            ("citations".to_owned(), json!(release.citations)),
            ("data_licence".to_owned(), json!(release.licence)),
            ("conflicts".to_owned(), json!(release.conflicts)),
            ("published_files".to_owned(), release.files.clone()),
            ("notes".to_owned(), json!(release.notes)),
        ]);
        if let Some(others) = &release.other_packagings {
            metadata.insert("other_packagings".to_owned(), others.clone());
        }
    }
    metadata
}
