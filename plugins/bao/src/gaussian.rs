//! Vectors of measurements with a covariance: from the files to the dataset.

use cosmology::measurements::reader::{Duplicate, Layout, read};
use cosmology::measurements::vector::{Source, Vector};
use cosmology::measurements::{Roles, exports, exports::CobayaValues, pictures::pictures};
use cosmology::release_choice::ReleaseChoice;
use plugin_api::{Derived, Inputs, ModuleError};

use crate::releases::Known;
use crate::rotation;
use crate::settings::{Basis, Settings};

/// Names of the output: the published basis alone, or with a further basis beside it.
const OUTPUT: &str = "gaussian";
const OUTPUT_WITH_DERIVED: &str = "gaussian_and_derived";

/// Names of the inputs.
pub(crate) const ROLES: Roles = Roles { values: "mean", covariance: "covariance" };

/// Derives the dataset of a mean and, unless that has errors of its own, a covariance.
pub(crate) fn derive(
    inputs: &Inputs<'_>,
    settings: &Settings,
    known: &Known,
) -> Result<Derived<'static>, ModuleError> {
    if let ReleaseChoice::Named(name) = &settings.vector.release {
        known.refuse_grid(name)?;
    }
    let rows = read(ROLES.values, inputs.require(ROLES.values)?.text()?, Layout::Values)?;
    let covariance = inputs.get(ROLES.covariance);
    let source = Source { roles: ROLES, rows, covariance, duplicate: Duplicate::SameQuantity };
    let vector = Vector::settle(source, &settings.vector, &known.vectors)?;

    let mut derived = Derived::new(OUTPUT).table(vector.table().build());
    if settings.basis != Basis::Native {
        let rotated =
            rotation::rotate(&vector.measurements, &vector.covariance, &vector.conventions, settings.basis)?;
        OUTPUT_WITH_DERIVED.clone_into(&mut derived.output);
        derived = derived.table(rotated.table()).note("derived", rotated.meaning).matrix(rotated.matrix);
    }
    let release = vector.release.map(|release| release.name.as_str());
    let publication = release.and_then(|name| known.catalogue.get(name));
    derived = derived
        .export("cobaya", exports::cobaya_vector(&CobayaValues::PUBLISHED, &vector.conventions, publication))
        .export("fit", exports::fit_vector());
    derived = exports::shared(derived, &vector.measurements, &vector.conventions);
    derived.plots = pictures(&vector.measurements, &vector.conventions);
    Ok(known.catalogue.describe(vector.describe(derived), release))
}
