//! Layouts of other programs, with what they must know of the reference cosmologies.

use cosmology::catalogue::Publication;
use cosmology::measurements::conventions::Conventions;
use cosmology::measurements::exports::{CobayaValues, cobaya_vector, fit_vector};
use cosmology::measurements::reader::Row;
use plugin_api::{ExportContent, ExportFormat, FieldSource};

use crate::alcock_paczynski::applies;

/// The published values for Cobaya, which knows nothing of their reference cosmologies.
pub(crate) fn cobaya(
    rows: &[Row],
    conventions: &Conventions,
    publication: Option<&Publication>,
) -> ExportFormat {
    let values = CobayaValues { remarks: &remarks(rows), ..CobayaValues::PUBLISHED };
    cobaya_vector(&values, conventions, publication)
}

/// What the user of a file must know of values that assume a cosmology each; nothing where none is stated.
fn remarks(rows: &[Row]) -> Vec<String> {
    const IN_A_LINE: usize = 16;
    if !applies(rows) {
        return Vec::new();
    }
    let references: Vec<String> =
        rows.iter().filter_map(|row| row.reference_omega_matter).map(|omega| omega.to_string()).collect();
    let mut remarks: Vec<String> = [
        "Each value assumes a reference cosmology, flat LCDM with the Omega_m below: compare it with",
        "f sigma8 / q, q = H D_A / (H D_A)_ref (arXiv:1303.6583). bao.generic applies no q; for values brought to one",
        "cosmology prepare with alcock_paczynski=apply and target_omega_matter=..., and export cobaya_corrected.",
        "Omega_m of the reference of each row, in order:",
    ]
    .map(str::to_owned)
    .into();
    remarks.extend(references.chunks(IN_A_LINE).map(|line| line.join(" ")));
    remarks
}

/// Values and covariance that were brought to one cosmology.
pub(crate) fn cobaya_corrected(
    target: f64,
    conventions: &Conventions,
    publication: Option<&Publication>,
) -> ExportFormat {
    let remarks = [
        format!("Brought to flat LCDM with Omega_m = {target}: values times q, covariance times q_i q_j,"),
        "q = H D_A / (H D_A)_ref (arXiv:1303.6583). Right for models with the H D_A of that cosmology."
            .to_owned(),
    ];
    let values = CobayaValues {
        table: "corrected",
        matrix: "corrected_covariance",
        infix: "_corrected",
        remarks: &remarks,
    };
    let mut format = cobaya_vector(&values, conventions, publication);
    format.meaning = format!("{}; brought to flat LCDM with Omega_m = {target}", format.meaning);
    format
}

/// The common layout, with the reference cosmologies and the corrected values.
pub(crate) fn fit(is_corrected: bool) -> ExportFormat {
    let mut format = fit_vector();
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
