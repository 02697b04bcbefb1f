//! Energy density of massive neutrinos that once were in thermal equilibrium.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// `Σm_ν / (ω_ν eV)`, with `ω_ν = Ω_ν h²`: PDG Review of Particle Physics, "Neutrinos in cosmology", `Ω_ν h² = Σm_ν /
/// 93.14 eV` for the standard thermal history.
pub const MASS_PER_DENSITY_EV: f64 = 93.14;

/// Boltzmann's constant in eV/K, exact since 2019: 1.380649e-23 J/K divided by 1.602176634e-19 J/eV.
const BOLTZMANN_EV_K: f64 = 8.617_333_262_145_179e-5;

/// `m_ν / (k T_ν)` today for one of three equal neutrinos that together have the effective number `effective_number`:
/// `T_ν = (4/11)^(1/3) (N_eff/3)^(1/4) T`.
#[must_use]
pub fn mass_over_temperature(mass_ev: f64, effective_number: f64, cmb_temperature_k: f64) -> f64 {
    let temperature_k = (4.0_f64 / 11.0).cbrt() * (effective_number / 3.0).powf(0.25) * cmb_temperature_k;
    mass_ev / (BOLTZMANN_EV_K * temperature_k)
}

/// `q²` and weight of each node of the integral over momenta `q = exp(u)`: the trapezoidal rule in u with step 1/4, from
/// q = e⁻¹⁰ to e^3.75.
static MOMENTA: LazyLock<[(f64, f64); 56]> = LazyLock::new(|| {
    const STEP: f64 = 0.25;
    let mut exponent = -10.0 - STEP;
    std::array::from_fn(|_| {
        exponent += STEP;
        let q = f64::exp(exponent);
        (q * q, 120.0 / (7.0 * PI.powi(4)) * STEP * q.powi(3) / (q.exp() + 1.0))
    })
});

/// Energy density of a neutrino with `y = m/(k T)` in units of that of a massless one,
/// `120/(7π⁴) ∫ q² sqrt(q² + y²) / (e^q + 1) dq`; Komatsu et al. 2011, arXiv:1001.4538, section 3.3.
///
/// Error below 1e-12 for every y: as a function of `ln q`, the integrand has its singularities, `q = ±iy` and the poles
/// `q = ±iπ(2n+1)`, at a distance π/2 from the real axis, so that the trapezoidal rule with step h errs by e^(-π²/h)
/// (Trefethen & Weideman 2014, SIAM Review 56, 385, theorem 5.1).
#[must_use]
pub fn energy_over_massless(y: f64) -> f64 {
    MOMENTA.iter().map(|(q_squared, weight)| weight * (q_squared + y * y).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quadrature with 15 digits (mpmath); y = 0 is the massless case by definition.
    #[test]
    fn the_density_agrees_with_a_quadrature_and_with_its_limits() {
        for (y, expected) in [
            (0.0, 1.0),
            (0.001, 1.000_000_072_372_194_7),
            (0.01, 1.000_007_236_685_358_4),
            (0.03, 1.000_065_100_834_714),
            (0.3, 1.006_364_491_899_982_2),
            (0.1, 1.000_720_783_305_375_4),
            (1.0, 1.063_962_620_351_705_9),
            (10.0, 3.365_809_156_687_382_7),
            (357.0, 113.289_656_902_309_55),
        ] {
            let found = energy_over_massless(y);
            assert!((found / expected - 1.0).abs() < 1e-12, "{y}: {found}");
        }
        // Not relativistic: rest mass times number, ∫ q²/(e^q + 1) dq = 3/2 ζ(3).
        let rest = 120.0 / (7.0 * PI.powi(4)) * 1.5 * 1.202_056_903_159_594_2 * 1e6;
        assert!((energy_over_massless(1e6) / rest - 1.0).abs() < 1e-11);
    }
}
