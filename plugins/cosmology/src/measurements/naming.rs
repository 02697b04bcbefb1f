//! Names of rows: quantities and tracers that the file, the parameters or the recognised release give.

use plugin_api::ModuleError;

use super::Roles;
use super::plausibility::Subject;
use super::reader::Row;
use super::releases::Release;
use super::settings::{VectorSettings, spread};

/// Fills in what the parameters say of the rows.
pub(super) fn name_rows(
    roles: Roles,
    rows: &mut [Row],
    settings: &VectorSettings,
) -> Result<(), ModuleError> {
    if let Some(quantities) = &settings.quantities {
        if rows.iter().any(|row| row.label.is_some()) {
            return Err(ModuleError::bad_parameter(
                "quantity",
                format!("the lines of the {} name their quantity themselves", roles.values),
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
                format!("the lines of the {} name their tracer themselves", roles.values),
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
pub(super) fn fill_in(rows: &mut [Row], release: &Release) {
    let in_order = release.has_rows(rows);
    for (row, released) in rows.iter_mut().zip(&release.rows) {
        if in_order || release.rows.iter().all(|other| other.quantity == released.quantity) {
            row.quantity.get_or_insert(released.quantity.0);
        }
        if in_order || release.rows.iter().all(|other| other.tracer == released.tracer) {
            row.tracer.get_or_insert_with(|| released.tracer.clone());
        }
    }
}

/// What the checks of plausibility need; every row must have a quantity by now.
pub(super) fn subjects(roles: Roles, rows: &[Row]) -> Result<Vec<Subject>, ModuleError> {
    let subject = |row: &Row| {
        let quantity = row.quantity.ok_or_else(|| {
            ModuleError::bad_input(roles.values, "the line does not say what it measures").line(row.line).hint(
                "pass `--param quantity=…` with one of DV_over_rs, DM_over_rs, DH_over_rs, DA_over_rs, rs_over_DV, \
                 Hz_rs, F_AP, f_sigma8",
            )
        })?;
        Ok(Subject { line: row.line, z: row.z, value: row.value, quantity, tracer: row.tracer.clone() })
    };
    rows.iter().map(subject).collect()
}
