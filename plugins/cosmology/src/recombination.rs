//! Distances to recombination and the sound horizon there, in a flat universe with radiation.
//!
//! With physical densities `ω = Ω h²` and `q(a) = a⁴ E² h²`, all lengths are integrals over `q^(-1/2)` times the
//! Hubble length `c/(100 km/s/Mpc)`.

use crate::constants::{CMB_TEMPERATURE_K, SPEED_OF_LIGHT_KM_S};
use crate::integrate::gauss_legendre;
use crate::neutrinos::{energy_over_massless, mass_over_temperature};

/// `ω_γ` for [`CMB_TEMPERATURE_K`]: the energy density of a black body, 2.4728e-5 (T/2.7255 K)⁴.
const OMEGA_PHOTONS: f64 = 2.4728e-5;
/// Energy density of one massless neutrino in units of that of photons, `7/8 (4/11)^(4/3)`.
const NEUTRINO_OVER_PHOTON: f64 = 0.227_107_317_66;

/// What radiates, and how neutrinos are counted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Radiation {
    /// Photons and `effective_number` massless neutrinos, `ω_r = ω_γ (1 + 0.2271 N_eff)` (Komatsu et al. 2009,
    /// arXiv:0803.0547, section 5.4); the mass of neutrinos counts as matter at all times, beside that.
    Standard {
        /// Effective number of neutrinos.
        effective_number: f64,
    },
    /// `Ω_r = Ω_m/(1 + z_eq)` with `z_eq = 2.5e4 ω_m (T/2.7 K)⁻⁴`: Chen, Huang & Wang 2019, arXiv:1808.05724, after
    /// Eisenstein & Hu 1998, arXiv:astro-ph/9709112, equation 2.
    ChenHuangWang,
    /// Photons, two massless neutrinos and one massive one, each a third of `effective_number`, the massive one with
    /// its Fermi-Dirac distribution: radiation at first, matter later, as Boltzmann codes have it.
    ExactNeutrinos {
        /// Effective number of neutrinos.
        effective_number: f64,
        /// Mass of the massive one in eV.
        mass_ev: f64,
    },
}

/// A flat universe of matter, radiation and a cosmological constant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EarlyUniverse {
    /// Expansion rate today in km/s/Mpc.
    pub hubble_constant_km_s_mpc: f64,
    /// Physical density of baryons.
    pub omega_b: f64,
    /// Physical density of all that is matter today, massive neutrinos included.
    pub omega_m: f64,
    /// Radiation and neutrinos.
    pub radiation: Radiation,
}

/// Densities of the components that dilute each in its own way.
struct Components {
    matter: f64,
    radiation: f64,
    /// Density of the massive neutrino if it were massless, and `m/(kT)` today.
    neutrino: Option<(f64, f64)>,
}

impl Components {
    /// `a⁴ E² h²` without the cosmological constant.
    fn diluted(&self, a: f64) -> f64 {
        let neutrino = self.neutrino.map_or(0.0, |(density, y)| density * energy_over_massless(y * a));
        self.radiation + self.matter * a + neutrino
    }
}

impl Radiation {
    /// `ω_ν` of neutrinos with the mass `mass_ev`, as this treatment of them has it.
    #[must_use]
    pub fn omega_neutrinos(&self, mass_ev: f64) -> f64 {
        match *self {
            Self::Standard { .. } | Self::ChenHuangWang => mass_ev / crate::neutrinos::MASS_PER_DENSITY_EV,
            Self::ExactNeutrinos { effective_number, mass_ev } => {
                let (massless, y) = neutrino(effective_number, mass_ev);
                massless * energy_over_massless(y)
            }
        }
    }
}

/// Density of one of three neutrinos if it were massless, and its `m/(kT)` today; both are 0 when there are none.
fn neutrino(effective_number: f64, mass_ev: f64) -> (f64, f64) {
    if effective_number <= 0.0 {
        return (0.0, 0.0);
    }
    let massless = OMEGA_PHOTONS * NEUTRINO_OVER_PHOTON * effective_number / 3.0;
    (massless, mass_over_temperature(mass_ev, effective_number, CMB_TEMPERATURE_K))
}

impl EarlyUniverse {
    fn components(&self) -> Components {
        match self.radiation {
            Radiation::Standard { effective_number } => Components {
                matter: self.omega_m,
                radiation: OMEGA_PHOTONS * (1.0 + NEUTRINO_OVER_PHOTON * effective_number),
                neutrino: None,
            },
            Radiation::ChenHuangWang => {
                let equality = 2.5e4 * self.omega_m * (CMB_TEMPERATURE_K / 2.7).powi(-4);
                Components {
                    matter: self.omega_m,
                    radiation: self.omega_m / (1.0 + equality),
                    neutrino: None,
                }
            }
            Radiation::ExactNeutrinos { effective_number, mass_ev } => {
                let (massless, y) = neutrino(effective_number, mass_ev);
                Components {
                    matter: self.omega_m - massless * energy_over_massless(y),
                    radiation: OMEGA_PHOTONS + 2.0 * massless,
                    neutrino: Some((massless, y)),
                }
            }
        }
    }

    /// Comoving transverse distance `D_M = c ∫ dz/H` to `z` > 0 in Mpc.
    ///
    /// Integrated over `ln(1+z)` in panels no wider than 1; the integrand's nearest singularity is where matter and the
    /// cosmological constant cancel, as in [`FlatLambdaCdm`](crate::background::FlatLambdaCdm), with the same error:
    /// below the rounding, or that of [`energy_over_massless`].
    #[must_use]
    pub fn comoving_distance_mpc(&self, z: f64) -> f64 {
        let components = self.components();
        let h = self.hubble_constant_km_s_mpc / 100.0;
        let lambda = h * h - components.diluted(1.0);
        let end = z.ln_1p();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the cast saturates, and ln of the largest float is 710"
        )]
        let panels = (end.ceil() as u32).max(1);
        let integrand = |x: f64| {
            let a = (-x).exp();
            a / (components.diluted(a) + lambda * a.powi(4)).sqrt()
        };
        HUBBLE_LENGTH_MPC * gauss_legendre(integrand, 0.0, end, panels)
    }

    /// Comoving sound horizon `r_s = c/√3 ∫₀ᵃ da / (a² H sqrt(1 + R_b a))` at `a = 1/(1+z)` in Mpc, with the baryon
    /// loading `R_b = 31500 ω_b (T/2.7 K)⁻⁴`; Eisenstein & Hu 1998, arXiv:astro-ph/9709112, equations 5 and 6.
    ///
    /// Integrated over `a` in 4 panels. The nearest singularity is at `a = -ω_r/ω_m`, further from the middle of the
    /// first panel than 1.7 half panels for ω_m < 0.5 and z > 900: an error below 1e-15.
    #[must_use]
    pub fn sound_horizon_mpc(&self, z: f64) -> f64 {
        let components = self.components();
        let h = self.hubble_constant_km_s_mpc / 100.0;
        let lambda = h * h - components.diluted(1.0);
        let loading = 31_500.0 * self.omega_b * (CMB_TEMPERATURE_K / 2.7).powi(-4);
        let integrand =
            |a: f64| (3.0 * (1.0 + loading * a) * (components.diluted(a) + lambda * a.powi(4))).powf(-0.5);
        HUBBLE_LENGTH_MPC * gauss_legendre(integrand, 0.0, 1.0 / (1.0 + z), 4)
    }
}

/// `c/(100 km/s/Mpc)`.
const HUBBLE_LENGTH_MPC: f64 = SPEED_OF_LIGHT_KM_S / 100.0;

/// Redshift of photon decoupling by the fit of Hu & Sugiyama 1996, arXiv:astro-ph/9510117, equation E-1, for the
/// physical densities of baryons and of all matter; the same in Komatsu et al. 2009, arXiv:0803.0547, equations 66 to 68.
///
/// The coefficient of g1 is 0.0783. The prose of Chen, Huang & Wang 2019 (arXiv:1808.05724) prints 0.0738, which is
/// a slip: their program has 0.0783.
#[must_use]
pub fn hu_sugiyama_redshift(omega_b: f64, omega_m: f64) -> f64 {
    let g1 = 0.0783 * omega_b.powf(-0.238) / (1.0 + 39.5 * omega_b.powf(0.763));
    let g2 = 0.560 / (1.0 + 21.1 * omega_b.powf(1.81));
    1048.0 * (1.0 + 0.00124 * omega_b.powf(-0.738)) * (1.0 + g1 * omega_m.powf(g2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(found: f64, expected: f64, relative: f64) {
        assert!((found / expected - 1.0).abs() <= relative, "{found} instead of {expected}");
    }

    const STANDARD: Radiation = Radiation::Standard { effective_number: 3.046 };

    /// Matter and radiation alone: D_M = 2 c/√ω_m (sqrt(1 + w) - sqrt(a + w)) with w = ω_r/ω_m, and Eisenstein & Hu
    /// 1998, equation 6, for the sound horizon.
    #[test]
    fn without_a_cosmological_constant_both_lengths_have_closed_forms() {
        let omega_r = OMEGA_PHOTONS * (1.0 + NEUTRINO_OVER_PHOTON * 3.046);
        for omega_m in [0.05, 0.1432, 0.5] {
            let universe = EarlyUniverse {
                hubble_constant_km_s_mpc: 100.0 * (omega_m + omega_r).sqrt(),
                omega_b: 0.0224,
                omega_m,
                radiation: STANDARD,
            };
            for z in [900.0, 1090.0, 1300.0] {
                let (a, w) = (1.0 / (1.0 + z), omega_r / omega_m);
                let length = HUBBLE_LENGTH_MPC / omega_m.sqrt();
                let distance = 2.0 * length * ((1.0 + w).sqrt() - (a + w).sqrt());
                assert_close(universe.comoving_distance_mpc(z), distance, 1e-14);

                let loading = 31_500.0 * 0.0224 * (CMB_TEMPERATURE_K / 2.7_f64).powi(-4);
                let (r, equality) = (loading * a, loading * w);
                let logarithm = (((1.0 + r).sqrt() + (r + equality).sqrt()) / (1.0 + equality.sqrt())).ln();
                let horizon = 2.0 * length / (3.0 * loading).sqrt() * logarithm;
                assert_close(universe.sound_horizon_mpc(z), horizon, 1e-14);
            }
        }
    }

    /// Adaptive quadrature of scipy, tolerance 1e-13.
    #[test]
    fn lengths_at_decoupling_agree_with_scipy() {
        for (hubble, matter, omega_b, redshift, horizon, distance) in [
            (70.0, 0.3, 0.0224, 1_092.205_151_813_454, 143.349_046_838_412_6, 13_616.795_724_164_369),
            (67.36, 0.3153, 0.02237, 1_091.912_331_146_805_4, 144.365_108_212_521_4, 13_868.033_083_759_705),
        ] {
            let h: f64 = hubble / 100.0;
            let omega_m = matter * h * h;
            let z = hu_sugiyama_redshift(omega_b, omega_m);
            assert_close(z, redshift, 1e-14);
            let universe = EarlyUniverse {
                hubble_constant_km_s_mpc: hubble,
                omega_b,
                omega_m,
                radiation: Radiation::ChenHuangWang,
            };
            assert_close(universe.sound_horizon_mpc(z), horizon, 1e-12);
            assert_close(universe.comoving_distance_mpc(z), distance, 1e-12);
        }
    }

    /// A massless "massive" neutrino is radiation.
    #[test]
    fn exact_neutrinos_without_mass_are_the_standard_radiation() {
        let massless = Radiation::ExactNeutrinos { effective_number: 3.046, mass_ev: 0.0 };
        let universe = |radiation: Radiation| EarlyUniverse {
            hubble_constant_km_s_mpc: 67.36,
            omega_b: 0.02237,
            // Its energy today counts as matter by definition of omega_m.
            omega_m: 0.143 + radiation.omega_neutrinos(0.0),
            radiation,
        };
        let (exact, standard) = (universe(massless), universe(STANDARD));
        assert_close(exact.comoving_distance_mpc(1090.0), standard.comoving_distance_mpc(1090.0), 1e-10);
        assert_close(exact.sound_horizon_mpc(1090.0), standard.sound_horizon_mpc(1090.0), 1e-10);
    }

    #[test]
    fn without_any_neutrino_lengths_are_those_of_photons_alone() {
        let universe = |radiation: Radiation| EarlyUniverse {
            hubble_constant_km_s_mpc: 67.36,
            omega_b: 0.02237,
            omega_m: 0.143,
            radiation,
        };
        let exact = universe(Radiation::ExactNeutrinos { effective_number: 0.0, mass_ev: 0.06 });
        let standard = universe(Radiation::Standard { effective_number: 0.0 });
        assert_close(exact.comoving_distance_mpc(1090.0), standard.comoving_distance_mpc(1090.0), 1e-14);
        assert_close(exact.sound_horizon_mpc(1090.0), standard.sound_horizon_mpc(1090.0), 1e-14);
    }

    /// Planck 2018 results VI, arXiv:1807.06209, table 2, TT,TE,EE+lowE+lensing: z* = 1089.92 ± 0.25,
    /// r* = 144.43 ± 0.26 Mpc, 100 θ* = 1.04110 ± 0.00031.
    #[test]
    fn printed_lengths_of_planck_are_reproduced_with_exact_neutrinos() {
        let universe = EarlyUniverse {
            hubble_constant_km_s_mpc: 67.36,
            omega_b: 0.02237,
            omega_m: 0.1430,
            radiation: Radiation::ExactNeutrinos { effective_number: 3.046, mass_ev: 0.06 },
        };
        let (horizon, distance) =
            (universe.sound_horizon_mpc(1089.92), universe.comoving_distance_mpc(1089.92));
        assert!((horizon - 144.43).abs() < 0.1, "{horizon}");
        assert!((100.0 * horizon / distance - 1.04110).abs() < 3e-4, "{}", 100.0 * horizon / distance);
    }
}
