//! From rows and matrix to measurements with a meaning.

use std::collections::BTreeMap;

use plugin_api::{Derived, Finding, Input, Matrix, ModuleError, Table, TableBuilder};
use serde_json::{Value, json};

use super::conventions::Conventions;
use super::naming::{fill_in, name_rows, subjects};
use super::plausibility::{self, Subject};
use super::published::Published;
use super::quantity::Quantity;
use super::reader::{self, Duplicate, Row};
use super::recognition::{Recognition, recognise};
use super::releases::Release;
use super::settings::VectorSettings;
use super::{Roles, prediction};
use crate::matrix::SquareMatrix;
use crate::numbers::NumbersDigest;
use crate::shared_rows::SharedRows;

/// Tracer of a row when nothing names one.
pub const UNSPECIFIED: &str = "unspecified";

/// A row with everything known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Identity of the row.
    pub row_id: String,
    /// Sample.
    pub tracer: String,
    /// What it measures.
    pub quantity: Quantity,
    /// Label in the file.
    pub label: Option<String>,
    /// Redshift.
    pub z: f64,
    /// Value as published.
    pub value: f64,
    /// Square root of its variance.
    pub uncertainty: f64,
    /// Unit of both.
    pub unit: &'static str,
}

/// What a module has read.
#[derive(Debug)]
pub struct Source<'i> {
    /// Names of its inputs.
    pub roles: Roles,
    /// The values.
    pub rows: Vec<Row>,
    /// The file of their covariance, where there is one.
    pub covariance: Option<Input<'i>>,
    /// Which rows are one too many.
    pub duplicate: Duplicate,
}

/// A vector of measurements with its covariance.
#[derive(Debug)]
pub struct Vector<'r> {
    /// Names of the inputs.
    pub roles: Roles,
    /// The rows, in the published order.
    pub measurements: Vec<Measurement>,
    /// Their covariance.
    pub covariance: SquareMatrix,
    /// The published matrix, where that is the inverse.
    pub precision: Option<SquareMatrix>,
    /// Whether nothing but errors was given.
    pub errors_only: bool,
    /// In which form the covariance was published.
    pub published_as: &'static str,
    /// How r_d enters the values.
    pub conventions: Conventions,
    /// The release that the numbers are.
    pub release: Option<&'r Release>,
    /// Whether every number is the published one.
    pub complete: bool,
    /// Rows of releases that stand in it, when it is none of them.
    pub shared: SharedRows,
    /// What was noticed.
    pub findings: Vec<Finding>,
}

impl<'r> Vector<'r> {
    /// Names the rows, holds them against the known releases and against what is possible.
    ///
    /// # Errors
    /// [`ModuleError`] with the place of what is wrong, and what to do.
    pub fn settle(
        source: Source<'_>,
        settings: &VectorSettings,
        releases: &'r [Release],
    ) -> Result<Self, ModuleError> {
        let Source { roles, mut rows, covariance, duplicate } = source;
        name_rows(roles, &mut rows, settings)?;
        // Before the covariance is read, whose size would be the lesser news; and again when the release has named rows.
        reader::refuse_duplicates(roles.values, &rows, duplicate)?;
        let file = match covariance {
            Some(input) => Some(SquareMatrix::read(roles.covariance, input.text()?, rows.len())?),
            None => None,
        };
        let recognition = recognise(roles, &settings.release, releases, &rows, file.as_ref())?;
        if let Some(release) = recognition.release {
            fill_in(&mut rows, release);
            reader::refuse_duplicates(roles.values, &rows, duplicate)?;
        }
        let shared = match recognition.release {
            Some(_) => SharedRows::default(),
            None => shared_rows(&rows, releases),
        };
        let conventions = Conventions::settle(settings, recognition.release)?;
        let subjects = subjects(roles, &rows)?;
        let Recognition { release, complete, mut findings } = recognition;
        for subject in &subjects {
            findings.extend(plausibility::size(roles.values, subject, conventions.fiducial_rd_mpc, 2)?);
        }
        let published = Published::settle(roles, &rows, file, &conventions)?;
        findings.extend(published.findings);
        findings.extend(plausibility::covariance(roles, &subjects, &published.covariance));
        if !published.errors_only {
            findings.extend(plausibility::spread(roles, &subjects, &published.covariance));
        }
        let (covariance, precision, errors_only) =
            (published.covariance, published.precision, published.errors_only);
        let measurements = measurements(&rows, &subjects, &covariance, errors_only, &conventions);
        let published_as =
            if errors_only { "errors without correlations" } else { conventions.covariance_kind.name() };
        Ok(Self {
            roles,
            measurements,
            covariance,
            precision,
            errors_only,
            published_as,
            conventions,
            release,
            complete,
            shared,
            findings,
        })
    }

    /// The table `data`, to which a module may add columns of its own.
    #[must_use]
    pub fn table(&self) -> TableBuilder {
        let text = |of: &dyn Fn(&Measurement) -> String| -> Vec<String> {
            self.measurements.iter().map(of).collect()
        };
        let number =
            |of: &dyn Fn(&Measurement) -> f64| -> Vec<f64> { self.measurements.iter().map(of).collect() };
        let labels: Vec<Option<String>> = self.measurements.iter().map(|row| row.label.clone()).collect();
        Table::new("data")
            .column("row_id", text(&|row| row.row_id.clone()))
            .column("tracer", text(&|row| row.tracer.clone()))
            .column("quantity", text(&|row| row.quantity.label().to_owned()))
            .column("native_label", labels)
            .column("z", number(&|row| row.z))
            .column("observable", number(&|row| row.value))
            .column("uncertainty", number(&|row| row.uncertainty))
            .column("unit", text(&|row| row.unit.to_owned()))
    }

    /// Adds everything but the table: matrices, findings, conventions, the prediction of the reference cosmology.
    #[must_use]
    pub fn describe(self, mut derived: Derived<'_>) -> Derived<'_> {
        derived.metadata.extend(self.metadata());
        derived.models.push(prediction::reference_model(&self.measurements, &self.conventions));
        derived.findings.extend(self.findings);
        let size = self.covariance.size();
        derived = derived.matrix(Matrix::new("covariance", size, self.covariance.into_values()));
        if let Some(precision) = self.precision {
            derived = derived.matrix(Matrix::new("precision", size, precision.into_values()));
        }
        derived
    }

    fn metadata(&self) -> BTreeMap<String, Value> {
        let scaled = self.conventions.fiducial_rd_mpc.is_some();
        let quantities: Vec<&str> = self.measurements.iter().map(|row| row.quantity.label()).collect();
        let definitions: BTreeMap<&str, Value> = self
            .measurements
            .iter()
            .map(|row| {
                (row.quantity.label(), json!({"meaning": row.quantity.meaning(scaled), "unit": row.unit}))
            })
            .collect();
        let (structure, blocks) = plausibility::structure(&self.covariance);
        let mut metadata = unchanged(self.release.map(|_| self.complete));
        metadata.extend(self.shared.metadata());
        metadata.extend([
            ("rd_convention".to_owned(), self.conventions.metadata()),
            ("fiducial_rd_mpc".to_owned(), json!(self.conventions.fiducial_rd_mpc)),
            ("quantities".to_owned(), json!(quantities)),
            ("quantity_definitions".to_owned(), json!(definitions)),
            (
                "covariance_structure".to_owned(),
                json!({"published_as": self.published_as, "structure": structure, "block_sizes": blocks}),
            ),
            ("row_order".to_owned(), json!(format!("as in the file of the {}", self.roles.values))),
            ("redshift_frame".to_owned(), json!("effective redshift of the sample, as published")),
        ]);
        metadata
    }
}

/// A row is known by its redshift and value.
fn shared_rows(rows: &[Row], releases: &[Release]) -> SharedRows {
    let found: Vec<NumbersDigest> = rows.iter().map(|row| NumbersDigest::of(&[row.z, row.value])).collect();
    let published = releases
        .iter()
        .map(|release| (release.name.as_str(), release.rows.iter().map(|row| row.numbers.clone()).collect()));
    SharedRows::count(&found, published)
}

/// That nothing was corrected or selected, and how well the numbers are known to be those of a release.
#[must_use]
pub fn unchanged(complete: Option<bool>) -> BTreeMap<String, Value> {
    let mut metadata =
        BTreeMap::from([("corrections".to_owned(), json!([])), ("selections".to_owned(), json!([]))]);
    if let Some(complete) = complete {
        let recognised = if complete {
            "every number is the published one"
        } else {
            "not every number could be held against the published ones"
        };
        metadata.insert("release_recognition".to_owned(), json!(recognised));
    }
    metadata
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
    let mut measurements: Vec<Measurement> = rows.iter().zip(subjects).enumerate().map(measurement).collect();
    number_repetitions(&mut measurements);
    measurements
}

/// Compilations hold several values of one quantity, tracer and redshift: all but the first get a number.
fn number_repetitions(measurements: &mut [Measurement]) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for row in measurements {
        let count = seen.entry(row.row_id.clone()).and_modify(|count| *count += 1).or_insert(1);
        if *count > 1 {
            row.row_id = format!("{}_{count}", row.row_id);
        }
    }
}

/// Identity of a row: what was measured, of what, where.
#[must_use]
pub fn row_id(tracer: &str, quantity: Quantity, z: f64) -> String {
    format!("{tracer}_{quantity}_z{z}")
}
