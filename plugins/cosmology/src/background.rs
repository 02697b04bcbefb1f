//! Expansion and distances of a flat universe of matter and a cosmological constant: what late-time measurements are
//! compared with. Radiation is left out; it changes D_M(2.3) by less than 2e-4.
//!
//! Distances follow Hogg 1999, arXiv:astro-ph/9905116, in units of Mpc (not Mpc/h).

use crate::constants::SPEED_OF_LIGHT_KM_S;
use crate::integrate::gauss_legendre;

/// A flat universe of matter and a cosmological constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FlatLambdaCdm {
    /// Expansion rate today in km/s/Mpc, positive.
    pub hubble_constant_km_s_mpc: f64,
    /// Density of matter today in units of the critical one, in (0, 1].
    pub omega_matter: f64,
}

impl FlatLambdaCdm {
    /// `E(z) = H(z)/H0 = sqrt(Ω_m (1+z)³ + 1 - Ω_m)`; Hogg 1999, equation 14.
    #[must_use]
    pub fn expansion(&self, z: f64) -> f64 {
        (self.omega_matter * (1.0 + z).powi(3) + 1.0 - self.omega_matter).sqrt()
    }

    /// `H(z)` in km/s/Mpc.
    #[must_use]
    pub fn hubble_km_s_mpc(&self, z: f64) -> f64 {
        self.hubble_constant_km_s_mpc * self.expansion(z)
    }

    /// Comoving transverse distance `D_M = c/H0 ∫₀ᶻ dz/E` in Mpc, for -1 < z; Hogg 1999, equations 15 and 16.
    ///
    /// Integrated over `x = ln(1+z)` in panels no wider than 1. `E²` is zero at `Im x = ±π/3`, that is 2.09 half panels
    /// away: r ≥ 4.4 in the terms of [`integrate`](crate::integrate), an error below 1e-20 before rounding.
    #[must_use]
    pub fn comoving_distance_mpc(&self, z: f64) -> f64 {
        let end = z.ln_1p();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and ln of the largest float is 710"
        )]
        let panels = (end.abs().ceil() as u32).max(1);
        let integral = gauss_legendre(|x| x.exp() / self.expansion(x.exp_m1()), 0.0, end, panels);
        SPEED_OF_LIGHT_KM_S / self.hubble_constant_km_s_mpc * integral
    }

    /// `D_H = c/H(z)` in Mpc.
    #[must_use]
    pub fn hubble_distance_mpc(&self, z: f64) -> f64 {
        SPEED_OF_LIGHT_KM_S / self.hubble_km_s_mpc(z)
    }

    /// Volume-averaged distance `D_V = (z D_M² D_H)^(1/3)` in Mpc; Eisenstein et al. 2005, arXiv:astro-ph/0501171,
    /// equation 2.
    #[must_use]
    pub fn volume_distance_mpc(&self, z: f64) -> f64 {
        (z * self.comoving_distance_mpc(z).powi(2) * self.hubble_distance_mpc(z)).cbrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(found: f64, expected: f64, relative: f64) {
        assert!((found / expected - 1.0).abs() <= relative, "{found} instead of {expected}");
    }

    /// Einstein and de Sitter: D_M = 2c/H0 (1 - (1+z)^-1/2).
    #[test]
    fn a_universe_of_matter_alone_has_its_closed_form() {
        let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: 70.0, omega_matter: 1.0 };
        for z in [-0.5, 1e-8, 0.01, 0.5, 1.0, 2.33, 10.0, 1100.0, 1e7] {
            // 1 - (1+z)^-1/2 without cancellation at small z.
            let closed = 2.0 * SPEED_OF_LIGHT_KM_S / 70.0 * -(-0.5 * f64::ln_1p(z)).exp_m1();
            assert_close(cosmology.comoving_distance_mpc(z), closed, 2e-15);
        }
        assert_eq!(cosmology.comoving_distance_mpc(0.0).to_bits(), 0);
    }

    /// De Sitter: D_M = c z/H0.
    #[test]
    fn almost_no_matter_gives_the_distance_of_an_empty_lambda_universe() {
        let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: 70.0, omega_matter: 1e-18 };
        assert_close(cosmology.comoving_distance_mpc(3.0), SPEED_OF_LIGHT_KM_S / 70.0 * 3.0, 2e-15);
    }

    /// Quadrature with 40 digits (mpmath).
    #[test]
    fn distances_agree_with_a_quadrature_of_40_digits() {
        for (hubble, matter, distances) in [
            (70.0, 0.3, [1_921.255_879_408_575_5, 5_622.753_780_866_079, 13_683.510_509_942_073]),
            (67.36, 0.3153, [1_985.898_233_854_589_6, 5_763.932_868_096_624, 13_937.433_422_413_436]),
        ] {
            let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: hubble, omega_matter: matter };
            for (z, distance) in [0.51, 2.33, 1100.0].into_iter().zip(distances) {
                assert_close(cosmology.comoving_distance_mpc(z), distance, 2e-15);
            }
        }
    }

    /// Adaptive quadrature of scipy.
    #[test]
    fn rate_and_volume_distance_agree_with_scipy() {
        for (hubble, matter, rate, volume_over_ruler, ruler) in [
            (70.0, 0.3, 92.147_370_933_738_53, 7.787_535_656_179_225, 147.09),
            (67.36, 0.3153, 89.623_295_107_983_68, 8.059_629_843_847_53, 147.05),
        ] {
            let cosmology = FlatLambdaCdm { hubble_constant_km_s_mpc: hubble, omega_matter: matter };
            assert_close(cosmology.hubble_km_s_mpc(0.51), rate, 1e-15);
            assert_close(cosmology.volume_distance_mpc(0.295) / ruler, volume_over_ruler, 1e-14);
            assert_close(cosmology.hubble_distance_mpc(0.51), SPEED_OF_LIGHT_KM_S / rate, 1e-15);
        }
    }
}
