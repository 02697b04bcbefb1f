//! Reads the measurements.

use cosmology::measurements::Roles;
use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::reader::{self, Layout, Row};
use plugin_api::{Inputs, ModuleError};

use crate::latex;
use crate::settings::Settings;

/// Names of the inputs.
pub(crate) const ROLES: Roles = Roles { values: "table", covariance: "covariance" };

/// Reads the rows; what names no quantity is f sigma8.
pub(crate) fn rows(inputs: &Inputs<'_>, settings: &Settings) -> Result<Vec<Row>, ModuleError> {
    let mut rows = read(inputs.require(ROLES.values)?.text()?, ROLES.values)?;
    if settings.vector.quantities.is_none() {
        for row in &mut rows {
            row.quantity.get_or_insert(Quantity::Growth);
        }
    }
    if !rows.iter().any(|row| row.quantity == Some(Quantity::Growth)) {
        return Err(ModuleError::bad_input(ROLES.values, "there is no measurement of f sigma8 in it")
            .hint("vectors of distances alone are read by the module `bao`"));
    }
    Ok(rows)
}

/// Reads the table of an input, plain or LaTeX.
pub(crate) fn read(text: &str, role: &str) -> Result<Vec<Row>, ModuleError> {
    reader::read(role, &latex::plain(text), Layout::ValuesWithReference)
}
