//! The reference cosmology of each row: where it is stated, and that it is the published one.

use cosmology::measurements::quantity::Quantity;
use cosmology::measurements::reader::Row;
use cosmology::measurements::releases::Release;
use cosmology::text::counted;
use plugin_api::{Finding, Inputs, ModuleError, Severity};

use crate::settings::Settings;
use crate::table::{ROLES, read};

/// Role of a second table with the reference cosmology of each row.
pub(crate) const REFERENCES: &str = "reference_cosmologies";
/// Parameter that states one for all rows.
const PARAMETER: &str = "reference_omega_matter";

/// Where the references of the rows are written.
pub(crate) struct References {
    role: &'static str,
    lines: Vec<u64>,
}

impl References {
    /// Gives the rows their references from a second table or from the parameter, where their own table states none.
    pub(crate) fn take(
        inputs: &Inputs<'_>,
        settings: &Settings,
        rows: &mut [Row],
    ) -> Result<Self, ModuleError> {
        let stated = rows.iter().find(|row| row.reference_omega_matter.is_some()).map(|row| row.line);
        let mut references = Self { role: ROLES.values, lines: rows.iter().map(|row| row.line).collect() };
        if let Some(input) = inputs.get(REFERENCES) {
            let table = read(input.text()?, REFERENCES)?;
            if let Some(line) = stated {
                return Err(ModuleError::bad_input(
                    REFERENCES,
                    "the table states reference densities itself",
                )
                .hint(format!("leave this input out, or the fourth column of the table (line {line})")));
            }
            take_from(&table, rows)?;
            references = Self { role: REFERENCES, lines: table.iter().map(|row| row.line).collect() };
        }
        if let Some(omega) = settings.reference_omega_matter {
            if rows.iter().any(|row| row.reference_omega_matter.is_some()) {
                return Err(ModuleError::bad_parameter(PARAMETER, "the files state it for each row")
                    .hint("leave the parameter out"));
            }
            for row in rows.iter_mut().filter(|row| row.quantity == Some(Quantity::Growth)) {
                row.reference_omega_matter = Some(omega);
            }
        }
        Ok(references)
    }

    /// Where the references are not those of the release.
    pub(crate) fn compare(
        &self,
        rows: &[Row],
        release: &Release,
        settings: &Settings,
    ) -> Result<Vec<Finding>, ModuleError> {
        let published = &release.reference_omega_matter;
        if published.is_empty() {
            return Ok(Vec::new());
        }
        if settings.reference_omega_matter.is_some() {
            let message = format!("`{}` is published with the reference density of each row", release.name);
            return Err(ModuleError::bad_parameter(PARAMETER, message).hint(format!(
                "leave it out and give `--input {REFERENCES}=PATH`; if the values are not those of the release pass \
                 `--param release=none`"
            )));
        }
        if !release.has_rows(rows) {
            return Ok(Vec::new());
        }
        let differing = rows.iter().zip(published).zip(&self.lines).filter_map(|((row, published), line)| {
            let found = row.reference_omega_matter.filter(|found| found.to_bits() != published.to_bits())?;
            let message = format!(
                "`{}` was measured at z = {} with a reference density of matter of {published}; found {found}",
                release.name, row.z
            );
            let place = format!("input `{}`, line {line}, field 4", self.role);
            Some(
                Finding::new(Severity::Error, "release.reference", place, message)
                    .measured(found, *published)
                    .hint("take it from the release; if you mean it pass `--param release=none`"),
            )
        });
        Ok(differing.collect())
    }
}

/// A compilation without reference cosmologies can be fitted, but not corrected.
pub(crate) fn missing(rows: &[Row]) -> Option<Finding> {
    let row = rows.iter().find(|row| row.reference_omega_matter.is_none())?;
    if is_joint(rows) {
        return None;
    }
    let message = format!("the reference cosmology of f sigma8 at z = {} is not known", row.z);
    let place = format!("input `{}`, line {}", ROLES.values, row.line);
    Some(Finding::new(Severity::Note, "reference.missing", place, message).hint(format!(
        "give `--input {REFERENCES}=PATH`, or `--param {PARAMETER}=…` for values of no known release"
    )))
}

/// Whether growth was measured together with distances, which then hold the effect of the reference cosmology.
pub(crate) fn is_joint(rows: &[Row]) -> bool {
    rows.iter().any(|row| row.quantity != Some(Quantity::Growth))
}

/// Takes the reference density of each row from a table that must list the same measurements in the same order.
fn take_from(references: &[Row], rows: &mut [Row]) -> Result<(), ModuleError> {
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
