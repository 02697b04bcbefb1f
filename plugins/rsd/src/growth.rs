//! From the files to the dataset.

use cosmology::measurements::reader::{Duplicate, Row};
use cosmology::measurements::releases::{Release, ReleaseChoice};
use cosmology::measurements::vector::{Source, Vector};
use cosmology::measurements::{exports, pictures::pictures};
use plugin_api::{Derived, ExportContent, ExportFormat, FieldSource, Finding, Inputs, ModuleError, Severity};
use serde_json::json;

use crate::alcock_paczynski::{correct, hubble_times_angular_distance_km_s};
use crate::blocks;
use crate::releases::Known;
use crate::settings::Settings;
use crate::table::{REFERENCES, ROLES, rows};

/// Names of the output: the published values alone, or with corrected ones beside them.
const OUTPUT: &str = "growth";
const OUTPUT_WITH_CORRECTED: &str = "growth_and_corrected";

/// Derives the dataset of a table and whatever says how its rows are correlated.
pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    known: &Known,
) -> Result<Derived<'static>, ModuleError> {
    let rows = rows(inputs, settings)?;
    let source = Source {
        roles: ROLES,
        rows: rows.clone(),
        covariance: inputs.get(ROLES.covariance),
        duplicate: Duplicate::SameValue,
    };
    let mut vector = Vector::settle(source, &settings.vector, &known.vectors)?;
    let placed = blocks::place(inputs, &rows, &mut vector.covariance)?;
    if !placed.is_empty() {
        vector.published_as = "errors and blocks";
        for (index, row) in vector.measurements.iter_mut().enumerate() {
            // A block may be printed with more digits than the errors; where it is not, the error is kept to the bit.
            let uncertainty = vector.covariance.get(index, index).max(0.0).sqrt();
            if (uncertainty / row.uncertainty - 1.0).abs() > 1e-9 {
                row.uncertainty = uncertainty;
            }
        }
    }
    vector.findings.extend(lost_blocks(&rows, &vector, settings)?);
    let release = vector.release.map(|release| release.name.as_str());
    vector.findings.extend(release.into_iter().flat_map(|name| known.double_counting(name)));
    vector.findings.extend(missing_references(&rows));

    let references: Vec<Option<f64>> = rows.iter().map(|row| row.reference_omega_matter).collect();
    let products: Vec<Option<f64>> = rows
        .iter()
        .map(|row| row.reference_omega_matter.map(|omega| hubble_times_angular_distance_km_s(omega, row.z)))
        .collect();
    let table = vector
        .table()
        .column("reference_omega_matter", references)
        .column("reference_hubble_times_angular_distance_km_s", products)
        .build();
    let publication = release.and_then(|name| known.catalogue.get(name));
    let mut derived = Derived::new(OUTPUT)
        .table(table)
        .export("cobaya", exports::cobaya_vector(&vector.conventions, publication))
        .export("fit", fit(settings.target_omega_matter.is_some()));
    derived = exports::shared(derived, &vector.measurements, &vector.conventions);
    derived.plots = pictures(&vector.measurements, &vector.conventions);
    let (measurements, covariance) = (vector.measurements.clone(), vector.covariance.clone());
    derived = known.catalogue.describe(vector.describe(derived), release);
    derived = derived
        .note("blocks", json!(placed))
        .note("sigma8", "amplitude of linear matter fluctuations in spheres of 8 Mpc/h")
        .note(
            "reference_cosmology",
            "flat LCDM without radiation with `reference_omega_matter`; compare a value with f sigma8 / q, \
             q = H D_A / (H D_A)_ref, where the reference is known",
        );
    if let Some(target) = settings.target_omega_matter {
        OUTPUT_WITH_CORRECTED.clone_into(&mut derived.output);
        derived = correct(derived, &rows, &measurements, &covariance, target)?;
    }
    Ok(derived)
}

/// Correlations that the known blocks have and the covariance has not. Without any matrix that is only an error where
/// the release is published with the blocks.
fn lost_blocks(rows: &[Row], vector: &Vector<'_>, settings: &Settings) -> Result<Vec<Finding>, ModuleError> {
    if settings.vector.release == ReleaseChoice::Ignored {
        return Ok(Vec::new());
    }
    let published_with_blocks = |release: &Release| release.name == "growth_gold2018";
    let severity = if !vector.errors_only || vector.release.is_some_and(published_with_blocks) {
        Severity::Error
    } else {
        Severity::Warning
    };
    blocks::lost(rows, &vector.covariance, severity)
}

/// A compilation without reference cosmologies can be fitted, but not corrected.
fn missing_references(rows: &[Row]) -> Option<Finding> {
    let row = rows.iter().find(|row| row.reference_omega_matter.is_none())?;
    let is_joint = rows.iter().any(|row| row.quantity != rows[0].quantity);
    if is_joint {
        return None;
    }
    let message = format!("the reference cosmology of f sigma8 at z = {} is not known", row.z);
    Some(
        Finding::new(
            Severity::Note,
            "reference.missing",
            format!("input `{}`, line {}", ROLES.values, row.line),
            message,
        )
        .hint(format!("give `--input {REFERENCES}=PATH`, or `--param reference_omega_matter=…`")),
    )
}

/// The common layout, with the reference cosmologies and the corrected values.
fn fit(is_corrected: bool) -> ExportFormat {
    let mut format = exports::fit_vector();
    let column = |table: &str, column: &str| FieldSource::Column {
        table: table.to_owned(),
        column: column.to_owned(),
    };
    for file in &mut format.files {
        let ExportContent::Document { fields } = &mut file.content else { continue };
        for name in ["reference_omega_matter", "reference_hubble_times_angular_distance_km_s"] {
            fields.insert(name.to_owned(), column("data", name));
        }
        if is_corrected {
            fields.insert("corrected_observations".to_owned(), column("corrected", "observable"));
            fields.insert("corrected_uncertainties".to_owned(), column("corrected", "uncertainty"));
            let matrix = "corrected_covariance".to_owned();
            fields.insert("corrected_covariance".to_owned(), FieldSource::Matrix { matrix });
        }
    }
    format
}
