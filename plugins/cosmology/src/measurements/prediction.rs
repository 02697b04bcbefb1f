//! What a stated cosmology predicts for a row.

use plugin_api::ReferenceModel;

use super::conventions::Conventions;
use super::quantity::Quantity;
use super::vector::Measurement;
use crate::background::FlatLambdaCdm;
use crate::constants::SPEED_OF_LIGHT_KM_S;
use crate::growth::f_sigma8;
use crate::reference::PLANCK_2018;

/// A cosmology with everything that the rows depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theory {
    /// Expansion.
    pub background: FlatLambdaCdm,
    /// Sound horizon at the drag epoch, in Mpc.
    pub sound_horizon_drag_mpc: f64,
    /// Amplitude of linear matter fluctuations in spheres of 8 Mpc/h today.
    pub sigma8: f64,
}

impl Theory {
    /// The reference cosmology.
    #[must_use]
    pub fn reference() -> Self {
        Self {
            background: PLANCK_2018.background(),
            sound_horizon_drag_mpc: PLANCK_2018.sound_horizon_drag_mpc,
            sigma8: PLANCK_2018.sigma8,
        }
    }

    /// The dimensionless quantity at a redshift; of `H r_d` in km/s.
    #[must_use]
    pub fn ratio(&self, quantity: Quantity, z: f64) -> f64 {
        let background = &self.background;
        let ruler = self.sound_horizon_drag_mpc;
        match quantity {
            Quantity::SphericalRatio => background.volume_distance_mpc(z) / ruler,
            Quantity::TransverseRatio => background.comoving_distance_mpc(z) / ruler,
            Quantity::RadialRatio => background.hubble_distance_mpc(z) / ruler,
            Quantity::AngularRatio => background.comoving_distance_mpc(z) / (1.0 + z) / ruler,
            Quantity::InverseSphericalRatio => ruler / background.volume_distance_mpc(z),
            Quantity::HubbleTimesRuler => background.hubble_km_s_mpc(z) * ruler,
            Quantity::AlcockPaczynski => {
                background.comoving_distance_mpc(z) * background.hubble_km_s_mpc(z) / SPEED_OF_LIGHT_KM_S
            }
            Quantity::Growth => f_sigma8(background, self.sigma8, z),
        }
    }

    /// The quantity in the unit and convention in which a value of it is stored.
    #[must_use]
    pub fn stored(&self, quantity: Quantity, z: f64, conventions: &Conventions) -> f64 {
        let ratio = self.ratio(quantity, z);
        match quantity {
            Quantity::AlcockPaczynski | Quantity::Growth => ratio,
            Quantity::InverseSphericalRatio | Quantity::HubbleTimesRuler => {
                ratio * conventions.in_rulers(1.0)
            }
            _ => ratio / conventions.in_rulers(1.0),
        }
    }

    /// The prediction for each row.
    #[must_use]
    pub fn predictions(&self, measurements: &[Measurement], conventions: &Conventions) -> Vec<f64> {
        measurements.iter().map(|row| self.stored(row.quantity, row.z, conventions)).collect()
    }
}

/// What the reference cosmology predicts for the rows of `data`, whose covariance is `covariance`.
#[must_use]
pub fn reference_model(measurements: &[Measurement], conventions: &Conventions) -> ReferenceModel {
    let prediction = Theory::reference().predictions(measurements, conventions);
    PLANCK_2018.model("data", "observable", Some("covariance"), prediction, false)
}
