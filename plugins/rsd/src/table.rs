//! Reads the measurements and the cosmologies they assume.

use cosmology::measurements::Roles;
use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::reader::{Layout, Row, read};
use cosmology::text::counted;
use plugin_api::{Inputs, ModuleError};

use crate::latex;
use crate::settings::Settings;

/// Names of the inputs.
pub(crate) const ROLES: Roles = Roles { values: "table", covariance: "covariance" };
/// Role of a second table with the reference cosmology of each row.
pub(crate) const REFERENCES: &str = "reference_cosmologies";

/// Reads the rows; what names no quantity is f sigma8.
pub(crate) fn rows(inputs: &Inputs<'_>, settings: &Settings) -> Result<Vec<Row>, ModuleError> {
    let mut rows = read_role(inputs.require(ROLES.values)?.text()?, ROLES.values)?;
    if settings.vector.quantities.is_none() {
        for row in &mut rows {
            row.quantity.get_or_insert(Quantity::Growth);
        }
    }
    if !rows.iter().any(|row| row.quantity == Some(Quantity::Growth)) {
        return Err(ModuleError::bad_input(ROLES.values, "there is no measurement of f sigma8 in it")
            .hint("vectors of distances alone are read by the module `bao`"));
    }
    let stated = rows.iter().find(|row| row.reference_omega_matter.is_some()).map(|row| row.line);
    if let Some(input) = inputs.get(REFERENCES) {
        let references = read_role(input.text()?, REFERENCES)?;
        if let Some(line) = stated {
            return Err(ModuleError::bad_input(REFERENCES, "the table states reference densities itself")
                .hint(format!("leave this input out, or the fourth column of the table (line {line})")));
        }
        take_references(&mut rows, &references)?;
    }
    if let Some(omega) = settings.reference_omega_matter {
        if rows.iter().any(|row| row.reference_omega_matter.is_some()) {
            return Err(ModuleError::bad_parameter(
                "reference_omega_matter",
                "the files state it for each row",
            )
            .hint("leave the parameter out"));
        }
        for row in rows.iter_mut().filter(|row| row.quantity == Some(Quantity::Growth)) {
            row.reference_omega_matter = Some(omega);
        }
    }
    Ok(rows)
}

fn read_role(text: &str, role: &str) -> Result<Vec<Row>, ModuleError> {
    read(role, &latex::plain(text), Layout::ValuesWithReference)
}

/// Takes the reference density of each row from a table that must list the same measurements in the same order.
fn take_references(rows: &mut [Row], references: &[Row]) -> Result<(), ModuleError> {
    if rows.len() != references.len() {
        let message =
            format!("{} for {} of the table", counted(references.len(), "row"), counted(rows.len(), "row"));
        return Err(ModuleError::bad_input(REFERENCES, message).hint("take both from the same release"));
    }
    for (row, reference) in rows.iter_mut().zip(references) {
        let same = reference.z.to_bits() == row.z.to_bits()
            && reference.value.to_bits() == row.value.to_bits()
            && (row.error.is_none() || reference.error == row.error);
        if !same {
            let message = format!(
                "f sigma8 = {} at z = {} where the table has {} at z = {} in line {}",
                reference.value, reference.z, row.value, row.z, row.line
            );
            return Err(ModuleError::bad_input(REFERENCES, message)
                .line(reference.line)
                .hint("both must list the same measurements in the same order"));
        }
        if reference.reference_omega_matter.is_none() {
            return Err(ModuleError::bad_input(REFERENCES, "no density of matter in this line")
                .line(reference.line)
                .hint(
                    "each line is `z value error reference_omega_matter`, or such columns of a LaTeX table",
                ));
        }
        row.reference_omega_matter = reference.reference_omega_matter;
    }
    Ok(())
}
