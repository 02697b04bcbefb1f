//! The stated cosmology that all datasets are held against, so that their chi-squared can be compared.

use std::collections::BTreeMap;

use plugin_api::ReferenceModel;
use serde_json::{Value, json};

use crate::background::FlatLambdaCdm;

/// A cosmology with its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReferenceCosmology {
    /// Machine-readable.
    pub name: &'static str,
    /// One line with model and source.
    pub meaning: &'static str,
    /// Expansion rate today in km/s/Mpc.
    pub hubble_constant_km_s_mpc: f64,
    /// Density of matter today in units of the critical one.
    pub omega_matter: f64,
    /// Amplitude of linear matter fluctuations in spheres of 8 Mpc/h today.
    pub sigma8: f64,
    /// Sound horizon at the drag epoch in Mpc.
    pub sound_horizon_drag_mpc: f64,
    /// Physical density of baryons, Ω_b h².
    pub omega_b: f64,
    /// Scalar spectral index.
    pub n_s: f64,
}

/// Planck Collaboration 2020, Planck 2018 results VI, arXiv:1807.06209, table 2, column TT,TE,EE+lowE+lensing.
pub const PLANCK_2018: ReferenceCosmology = ReferenceCosmology {
    name: "planck2018_flat_lcdm",
    meaning: "flat ΛCDM of Planck 2018 results VI (arXiv:1807.06209), table 2, TT,TE,EE+lowE+lensing; \
              distances and growth without radiation",
    hubble_constant_km_s_mpc: 67.36,
    omega_matter: 0.3153,
    sigma8: 0.8111,
    sound_horizon_drag_mpc: 147.09,
    omega_b: 0.02237,
    n_s: 0.9649,
};

impl ReferenceCosmology {
    /// Its expansion, for distances and growth at late times.
    #[must_use]
    pub fn background(&self) -> FlatLambdaCdm {
        FlatLambdaCdm {
            hubble_constant_km_s_mpc: self.hubble_constant_km_s_mpc,
            omega_matter: self.omega_matter,
        }
    }

    /// What it predicts for each row of `column` in `table`. Without a matrix, the column `uncertainty` holds
    /// independent errors.
    #[must_use]
    pub fn model(
        &self,
        table: &str,
        column: &str,
        matrix: Option<&str>,
        prediction: Vec<f64>,
        free_offset: bool,
    ) -> ReferenceModel {
        ReferenceModel {
            name: self.name.to_owned(),
            meaning: self.meaning.to_owned(),
            parameters: self.parameters(),
            table: table.to_owned(),
            column: column.to_owned(),
            uncertainty: matrix.is_none().then(|| "uncertainty".to_owned()),
            matrix: matrix.map(str::to_owned),
            prediction,
            free_offset,
        }
    }

    fn parameters(&self) -> BTreeMap<String, Value> {
        [
            ("hubble_constant_km_s_mpc", self.hubble_constant_km_s_mpc),
            ("omega_matter", self.omega_matter),
            ("sigma8", self.sigma8),
            ("sound_horizon_drag_mpc", self.sound_horizon_drag_mpc),
            ("omega_b", self.omega_b),
            ("n_s", self.n_s),
        ]
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_come_from_the_matrix_or_from_the_column_of_uncertainties() {
        let correlated = PLANCK_2018.model("data", "observable", Some("covariance"), vec![1.0], false);
        assert_eq!((correlated.matrix.as_deref(), correlated.uncertainty), (Some("covariance"), None));
        let independent = PLANCK_2018.model("data", "observable", None, vec![1.0], true);
        assert_eq!((independent.matrix, independent.uncertainty.as_deref()), (None, Some("uncertainty")));
        assert_eq!(independent.parameters["hubble_constant_km_s_mpc"], json!(67.36));
        assert!(independent.free_offset);
    }
}
