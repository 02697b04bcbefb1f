//! What a row measures: label, unit, and the sizes that are physically possible.
//!
//! # How a distance in Mpc is told from a ratio
//! With `X = c / (H0 r_d)`, any universe that has the sky we see keeps `10 < X < 60` (H0 from 40 to 120 km/s/Mpc with
//! r_d from 120 to 250 Mpc lie inside). H grows with z, but not faster than radiation alone would have it, `(1+z)²`:
//! `10 z/(1+z) < D_M/r_d < 60 z` and `10/(1+z)² < D_H/r_d < 60`. The whole comoving distance to the horizon is less
//! than `200 r_d`. D_V and D_A are bounded likewise, being at most D_M. A distance in Mpc exceeds its ratio by r_d,
//! about 150, which takes it out of these bounds.

use std::fmt;

use crate::constants::SPEED_OF_LIGHT_KM_S;
use crate::text::nearest;

const SMALLEST_HUBBLE_DISTANCE: f64 = 10.0;
const LARGEST_HUBBLE_DISTANCE: f64 = 60.0;
const HORIZON: f64 = 200.0;

/// What a row measures. `rs` in the labels is r_d, the sound horizon at the drag epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// D_V / r_d.
    SphericalRatio,
    /// D_M / r_d.
    TransverseRatio,
    /// D_H / r_d.
    RadialRatio,
    /// D_A / r_d.
    AngularRatio,
    /// r_d / D_V.
    InverseSphericalRatio,
    /// H r_d.
    HubbleTimesRuler,
    /// D_M / D_H.
    AlcockPaczynski,
    /// f sigma8.
    Growth,
}

/// What is odd about the size of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    /// Nothing.
    Possible,
    /// Stated to be a ratio, but so large (or, for `H r_d` and `r_d/D_V`, small) that it must still carry its unit.
    CarriesUnit,
    /// Stated to be scaled by a fiducial r_d, but already a ratio.
    AlreadyRatio,
    /// No universe has it.
    Impossible,
}

impl Quantity {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::SphericalRatio,
        Self::TransverseRatio,
        Self::RadialRatio,
        Self::AngularRatio,
        Self::InverseSphericalRatio,
        Self::HubbleTimesRuler,
        Self::AlcockPaczynski,
        Self::Growth,
    ];

    /// Cobaya's label.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::SphericalRatio => "DV_over_rs",
            Self::TransverseRatio => "DM_over_rs",
            Self::RadialRatio => "DH_over_rs",
            Self::AngularRatio => "DA_over_rs",
            Self::InverseSphericalRatio => "rs_over_DV",
            Self::HubbleTimesRuler => "Hz_rs",
            Self::AlcockPaczynski => "F_AP",
            Self::Growth => "f_sigma8",
        }
    }

    /// As it stands in a legend.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::SphericalRatio => "D_V / r_d",
            Self::TransverseRatio => "D_M / r_d",
            Self::RadialRatio => "D_H / r_d",
            Self::AngularRatio => "D_A / r_d",
            Self::InverseSphericalRatio => "r_d / D_V",
            Self::HubbleTimesRuler => "H r_d",
            Self::AlcockPaczynski => "F_AP",
            Self::Growth => "f sigma8",
        }
    }

    /// Reads a label as releases write it, with or without `bao_` in front.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        let label = label.strip_prefix("bao_").unwrap_or(label);
        Self::ALL.into_iter().find(|quantity| quantity.label() == label)
    }

    /// The label that looks most like `label`.
    #[must_use]
    pub fn nearest(label: &str) -> &'static str {
        let wanted = label.strip_prefix("bao_").unwrap_or(label);
        nearest(Self::ALL.into_iter().map(Self::label), wanted).unwrap_or("DV_over_rs")
    }

    /// Whether its value holds r_d, so that a fiducial r_d may be folded into it.
    #[must_use]
    pub fn holds_ruler(self) -> bool {
        !matches!(self, Self::AlcockPaczynski | Self::Growth)
    }

    /// Whether it is a length divided by r_d.
    #[must_use]
    pub fn is_length_ratio(self) -> bool {
        matches!(self, Self::SphericalRatio | Self::TransverseRatio | Self::RadialRatio | Self::AngularRatio)
    }

    /// Unit of the value; `scaled` when a fiducial r_d is folded into it.
    #[must_use]
    pub fn unit(self, scaled: bool) -> &'static str {
        match self {
            Self::SphericalRatio | Self::TransverseRatio | Self::RadialRatio | Self::AngularRatio
                if scaled =>
            {
                "Mpc"
            }
            Self::InverseSphericalRatio if scaled => "1/Mpc",
            Self::HubbleTimesRuler if scaled => "km/s/Mpc",
            Self::HubbleTimesRuler => "km/s",
            _ => "1",
        }
    }

    /// Definition, for the metadata.
    #[must_use]
    pub fn meaning(self, scaled: bool) -> &'static str {
        match (self, scaled) {
            (Self::SphericalRatio, false) => "D_V/r_d with D_V = (z D_M^2 D_H)^(1/3)",
            (Self::SphericalRatio, true) => "D_V (r_fid/r_d) with D_V = (z D_M^2 D_H)^(1/3)",
            (Self::TransverseRatio, false) => "D_M/r_d, D_M the comoving transverse distance",
            (Self::TransverseRatio, true) => "D_M (r_fid/r_d), D_M the comoving transverse distance",
            (Self::RadialRatio, false) => "D_H/r_d with D_H = c/H(z)",
            (Self::RadialRatio, true) => "D_H (r_fid/r_d) with D_H = c/H(z)",
            (Self::AngularRatio, false) => "D_A/r_d with D_A = D_M/(1+z)",
            (Self::AngularRatio, true) => "D_A (r_fid/r_d) with D_A = D_M/(1+z)",
            (Self::InverseSphericalRatio, false) => "r_d/D_V with D_V = (z D_M^2 D_H)^(1/3)",
            (Self::InverseSphericalRatio, true) => "(r_d/r_fid)/D_V with D_V = (z D_M^2 D_H)^(1/3)",
            (Self::HubbleTimesRuler, false) => "H(z) r_d",
            (Self::HubbleTimesRuler, true) => "H(z) (r_d/r_fid)",
            (Self::AlcockPaczynski, _) => "F_AP = D_M/D_H = D_M H(z)/c",
            (Self::Growth, _) => "f sigma8, linear growth rate times the present amplitude at redshift z",
        }
    }

    /// Smallest and largest possible dimensionless size; of `H r_d` and `r_d/D_V` that of their inverses D_H/r_d
    /// and D_V/r_d.
    fn bounds(self, z: f64) -> (f64, f64) {
        let (low, high) = (SMALLEST_HUBBLE_DISTANCE, LARGEST_HUBBLE_DISTANCE);
        let stretch = 1.0 + z;
        let farthest = (high * z).min(HORIZON);
        match self {
            Self::SphericalRatio | Self::InverseSphericalRatio => {
                (low * z * stretch.powf(-4.0 / 3.0), farthest)
            }
            Self::TransverseRatio => (low * z / stretch, farthest),
            Self::RadialRatio | Self::HubbleTimesRuler => (low / (stretch * stretch), high),
            Self::AngularRatio => (low * z / (stretch * stretch), farthest / stretch),
            Self::AlcockPaczynski => (low / high * z / stretch, high / low * z * stretch * stretch),
            Self::Growth => (0.0, 2.0),
        }
    }

    /// The dimensionless size that [`bounds`](Self::bounds) speaks of.
    fn dimensionless(self, value: f64, fiducial: Option<f64>) -> f64 {
        let fiducial = fiducial.unwrap_or(1.0);
        match self {
            Self::InverseSphericalRatio => 1.0 / (value * fiducial),
            Self::HubbleTimesRuler => SPEED_OF_LIGHT_KM_S / (value * fiducial),
            Self::AlcockPaczynski | Self::Growth => value,
            _ => value / fiducial,
        }
    }

    /// Holds a value against what a universe can have.
    #[must_use]
    pub fn size(self, z: f64, value: f64, fiducial: Option<f64>) -> Size {
        let (low, high) = self.bounds(z);
        let possible = |size: f64| size >= low && size <= high;
        let size = self.dimensionless(value, fiducial);
        if possible(size) {
            Size::Possible
        } else if !self.holds_ruler() {
            Size::Impossible
        } else if fiducial.is_some() {
            if possible(self.dimensionless(value, None)) { Size::AlreadyRatio } else { Size::Impossible }
        } else if size > high {
            Size::CarriesUnit
        } else {
            Size::Impossible
        }
    }

    /// The bounds in the value's own unit, for messages.
    #[must_use]
    pub fn possible_values(self, z: f64, fiducial: Option<f64>) -> (f64, f64) {
        let (low, high) = self.bounds(z);
        let fiducial = fiducial.unwrap_or(1.0);
        match self {
            Self::InverseSphericalRatio => (1.0 / (high * fiducial), 1.0 / (low * fiducial)),
            Self::HubbleTimesRuler => {
                (SPEED_OF_LIGHT_KM_S / (high * fiducial), SPEED_OF_LIGHT_KM_S / (low * fiducial))
            }
            Self::AlcockPaczynski | Self::Growth => (low, high),
            _ => (low * fiducial, high * fiducial),
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_with_and_without_the_prefix() {
        for quantity in Quantity::ALL {
            assert_eq!(Quantity::from_label(quantity.label()), Some(quantity));
            assert_eq!(Quantity::from_label(&format!("bao_{quantity}")), Some(quantity));
        }
        assert_eq!(Quantity::from_label("DM_over_rd"), None);
        assert_eq!(Quantity::nearest("DM_over_rd"), "DM_over_rs");
        assert_eq!(Quantity::nearest("fsigma8"), "f_sigma8");
        assert_eq!(Quantity::nearest("bao_hz"), "Hz_rs");
    }

    #[test]
    fn a_distance_in_mpc_is_never_a_possible_ratio_nor_the_other_way_round() {
        use Quantity::{
            AngularRatio, HubbleTimesRuler, InverseSphericalRatio, RadialRatio, SphericalRatio,
            TransverseRatio,
        };
        // Published: BOSS DR12 (arXiv:1607.03155), DESI DR2 (arXiv:2503.14738), 6dFGS (arXiv:1106.3366), and D_M at
        // the last scattering surface.
        for (quantity, z, ratio, scaled) in [
            (TransverseRatio, 0.38, 1512.39 / 147.78, 1512.39),
            (TransverseRatio, 2.33, 38.988_973_96, 38.988_973_96 * 147.78),
            (TransverseRatio, 1089.9, 94.3, 94.3 * 147.78),
            (RadialRatio, 0.51, 21.862_946_86, 21.862_946_86 * 147.78),
            (RadialRatio, 2.33, 8.631_545_67, 8.631_545_67 * 147.78),
            (SphericalRatio, 0.295, 7.941_676_39, 7.941_676_39 * 147.78),
            (AngularRatio, 0.38, 1512.39 / 147.78 / 1.38, 1512.39 / 1.38),
            (InverseSphericalRatio, 0.106, 0.336, 0.336 / 147.78),
            (HubbleTimesRuler, 0.38, 81.2087 * 147.78, 81.2087),
        ] {
            assert_eq!(quantity.size(z, ratio, None), Size::Possible, "{quantity} {z}");
            assert_eq!(quantity.size(z, scaled, Some(147.78)), Size::Possible, "{quantity} {z}");
            assert_eq!(quantity.size(z, scaled, None), Size::CarriesUnit, "{quantity} {z}");
            assert_eq!(quantity.size(z, ratio, Some(147.78)), Size::AlreadyRatio, "{quantity} {z}");
        }
        assert_eq!(Quantity::AlcockPaczynski.size(0.38, 0.4097, Some(147.78)), Size::Possible);
        assert_eq!(Quantity::AlcockPaczynski.size(0.38, 40.97, None), Size::Impossible);
    }
}
