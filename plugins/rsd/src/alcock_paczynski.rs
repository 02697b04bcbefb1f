//! The reference cosmology of a measurement, and what changes with another one.
//!
//! A survey turns angles and redshifts into distances with a reference cosmology, and its f sigma8 depends on that.
//! To first order the value for another cosmology is `q` times the published one, with
//! `q = H D_A / (H D_A)_ref`: Macaulay, Wehus and Eriksen 2013, Phys. Rev. Lett. 111, 161301, arXiv:1303.6583.
//! Scaling the values alone is wrong: the covariance of scaled values is `q_i q_j C_ij`.

use cosmology::background::FlatLambdaCdm;
use cosmology::matrix::SquareMatrix;
use cosmology::measurements::conventions::Conventions;
use cosmology::measurements::prediction::Theory;
use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::reader::Row;
use cosmology::measurements::vector::Measurement;
use plugin_api::{Derived, Matrix, ModuleError, Table};
use serde_json::json;

use crate::references::{REFERENCES, is_joint};
use crate::table::ROLES;

/// `H(z) D_A(z)` of flat ΛCDM in km/s; the Hubble constant cancels.
pub(crate) fn hubble_times_angular_distance_km_s(omega_matter: f64, z: f64) -> f64 {
    let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: 100.0, omega_matter };
    cosmology.hubble_km_s_mpc(z) * cosmology.comoving_distance_mpc(z) / (1.0 + z)
}

/// Adds values and covariance as they would have been measured with a flat ΛCDM cosmology of this density.
pub(crate) fn correct<'a>(
    derived: Derived<'a>,
    rows: &[Row],
    measurements: &[Measurement],
    covariance: &SquareMatrix,
    target_omega_matter: f64,
) -> Result<Derived<'a>, ModuleError> {
    let ratios = ratios(rows, target_omega_matter)?;
    let mut scaled = SquareMatrix::zeros(measurements.len());
    for (i, left) in ratios.iter().enumerate() {
        for (j, right) in ratios.iter().enumerate() {
            // The product of the ratios first, which keeps a symmetric matrix symmetric to the last bit.
            scaled.set(i, j, left * right * covariance.get(i, j));
        }
    }
    let paired = || measurements.iter().zip(&ratios);
    let values: Vec<f64> = paired().map(|(row, ratio)| row.value * ratio).collect();
    let changes: Vec<_> = paired()
        .zip(&values)
        .map(|((row, ratio), after)| json!({"row_id": row.row_id, "before": row.value, "after": after, "ratio": ratio}))
        .collect();
    let errors: Vec<f64> = (0..ratios.len()).map(|index| scaled.get(index, index).max(0.0).sqrt()).collect();
    let table = Table::new("corrected")
        .column("row_id", measurements.iter().map(|row| row.row_id.clone()).collect::<Vec<_>>())
        .column("tracer", measurements.iter().map(|row| row.tracer.clone()).collect::<Vec<_>>())
        .column(
            "quantity",
            measurements.iter().map(|row| row.quantity.label().to_owned()).collect::<Vec<_>>(),
        )
        .column("z", measurements.iter().map(|row| row.z).collect::<Vec<_>>())
        .column("observable", values)
        .column("uncertainty", errors)
        .column("alcock_paczynski_ratio", ratios)
        .build();
    let corrections = json!([{
        "name": "alcock_paczynski",
        "formula": "f sigma8 times q, covariance times q_i q_j, q = H D_A / (H D_A)_ref",
        "source": "Macaulay, Wehus and Eriksen 2013, arXiv:1303.6583",
        "target": {"cosmology": "flat LCDM without radiation", "omega_matter": target_omega_matter},
        "applied_to": "table `corrected` and matrix `corrected_covariance`; `data` and `covariance` are as published",
        "rows": changes,
    }]);
    Ok(derived
        .table(table)
        .matrix(Matrix::new("corrected_covariance", scaled.size(), scaled.into_values()))
        .note("corrections", corrections))
}

fn ratios(rows: &[Row], target_omega_matter: f64) -> Result<Vec<f64>, ModuleError> {
    let known = |row: &Row| {
        if row.quantity != Some(Quantity::Growth) {
            return Err(ModuleError::bad_parameter(
                "alcock_paczynski",
                format!(
                    "line {} of the table is a distance, which was measured together with f sigma8",
                    row.line
                ),
            )
            .hint(
                "joint vectors hold the effect of the reference cosmology in their distances: leave it out",
            ));
        }
        ratio(target_omega_matter, row).ok_or_else(|| {
            let message = format!("the reference cosmology of f sigma8 at z = {} is not known", row.z);
            ModuleError::bad_input(ROLES.values, message).line(row.line).hint(format!(
                "write its density of matter after the error, or give `--input {REFERENCES}=PATH`, or \
                 `--param reference_omega_matter=…` for values of no known release"
            ))
        })
    };
    rows.iter().map(known).collect()
}

/// `q` of a row for a cosmology of this density; `None` without its reference.
fn ratio(omega_matter: f64, row: &Row) -> Option<f64> {
    let reference = row.reference_omega_matter?;
    Some(
        hubble_times_angular_distance_km_s(omega_matter, row.z)
            / hubble_times_angular_distance_km_s(reference, row.z),
    )
}

/// Whether values are to be compared with f sigma8 / q.
pub(crate) fn applies(rows: &[Row]) -> bool {
    !is_joint(rows) && rows.iter().all(|row| row.reference_omega_matter.is_some())
}

/// What a survey would have measured with its reference cosmology: f sigma8 / q, where that applies.
pub(crate) fn predictions(
    theory: &Theory,
    rows: &[Row],
    measurements: &[Measurement],
    conventions: &Conventions,
) -> Vec<f64> {
    let mut predictions = theory.predictions(measurements, conventions);
    if applies(rows) {
        for (prediction, row) in predictions.iter_mut().zip(rows) {
            *prediction /= ratio(theory.background.omega_matter, row).unwrap_or(1.0);
        }
    }
    predictions
}

/// What is done about the reference cosmologies in the prediction, as the end of a sentence.
pub(crate) fn described(rows: &[Row]) -> &'static str {
    if applies(rows) {
        "f sigma8 divided by q = H D_A / (H D_A)_ref of its row (arXiv:1303.6583)"
    } else if is_joint(rows) {
        "no Alcock-Paczynski factor: the distances of the vector hold that effect"
    } else {
        "no Alcock-Paczynski factor: the reference cosmologies of the rows are not known"
    }
}
