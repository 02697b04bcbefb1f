//! Growth of linear density perturbations in a flat universe of matter and a cosmological constant, without neutrinos:
//! exact, by hypergeometric functions.
//!
//! With `x = (1 - Ω_m)/Ω_m (1+z)⁻³` and `g = ₂F₁(1/3, 1; 11/6; -x)`, the growing mode is `D = g/(1+z)` (Silveira & Waga
//! 1994, Phys. Rev. D 50, 4890, equation 10) and its rate `f = dlnD/dlna = Ω_m(z) (5/(2g) - 3/2)`, which follows from
//! Heath's integral `D ∝ H ∫ da/(aH)³` (Heath 1977, MNRAS 179, 351) with `Ω_m(z) = 1/(1+x)`.

use crate::background::FlatLambdaCdm;

/// `f = dlnD/dlna` at a redshift.
#[must_use]
pub fn growth_rate(cosmology: &FlatLambdaCdm, z: f64) -> f64 {
    let x = lambda_over_matter(cosmology, z);
    (2.5 / suppression(x) - 1.5) / (1.0 + x)
}

/// `D(z)/D(0)`: 1 today.
#[must_use]
pub fn growth_factor(cosmology: &FlatLambdaCdm, z: f64) -> f64 {
    let suppression_at = |z: f64| suppression(lambda_over_matter(cosmology, z));
    suppression_at(z) / suppression_at(0.0) / (1.0 + z)
}

/// `f(z) σ8(z)`, where `sigma8` is its value today.
#[must_use]
pub fn f_sigma8(cosmology: &FlatLambdaCdm, sigma8: f64, z: f64) -> f64 {
    growth_rate(cosmology, z) * sigma8 * growth_factor(cosmology, z)
}

/// Ratio of the densities of the cosmological constant and of matter.
fn lambda_over_matter(cosmology: &FlatLambdaCdm, z: f64) -> f64 {
    (1.0 - cosmology.omega_matter) / cosmology.omega_matter / (1.0 + z).powi(3)
}

/// `₂F₁(1/3, 1; 11/6; -x)` for x ≥ 0: the growing mode in units of the scale factor.
///
/// Pfaff's transformation (Abramowitz & Stegun 1964, 15.3.4) brings the argument to `x/(1+x)`; beyond x = 1 the
/// expansion in `1/x` (15.3.7) comes first, one term of which is elementary. Either way the series is summed at an
/// argument of at most 1/2, where 60 terms reach the rounding of 64-bit numbers.
fn suppression(x: f64) -> f64 {
    /// `Γ(11/6) Γ(2/3) / Γ(3/2)`.
    const LIMIT: f64 = 1.437_283_088_460_994_7;
    if x <= 1.0 {
        return (1.0 + x).powf(-1.0 / 3.0) * series(1.0 / 3.0, 5.0 / 6.0, 11.0 / 6.0, x / (1.0 + x));
    }
    let inverse = 1.0 / x;
    let second = (1.0 + inverse).powf(-1.0 / 6.0) * series(1.0 / 6.0, 2.0 / 3.0, 5.0 / 3.0, 1.0 / (1.0 + x));
    LIMIT * inverse.cbrt() * (1.0 + inverse).sqrt() - 1.25 * inverse * second
}

/// Gauss's series `₂F₁(a, b; c; w)` for 0 ≤ w ≤ 1/2, all terms positive.
fn series(a: f64, b: f64, c: f64, w: f64) -> f64 {
    let (mut sum, mut term) = (1.0, 1.0);
    for n in (0..60).map(f64::from) {
        term *= (a + n) * (b + n) / ((c + n) * (1.0 + n)) * w;
        sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_close(found: f64, expected: f64, relative: f64) {
        assert!((found / expected - 1.0).abs() <= relative, "{found} instead of {expected}");
    }

    fn universe(omega_matter: f64) -> FlatLambdaCdm {
        FlatLambdaCdm { hubble_constant_km_s_mpc: 70.0, omega_matter }
    }

    /// Einstein and de Sitter: D = a, f = 1.
    #[test]
    fn a_universe_of_matter_alone_grows_with_the_scale_factor() {
        for z in [0.0, 0.5, 1100.0] {
            assert_close(growth_factor(&universe(1.0), z), 1.0 / (1.0 + z), 1e-15);
            assert_close(growth_rate(&universe(1.0), z), 1.0, 1e-15);
        }
    }

    /// Hypergeometric functions of 40 digits (mpmath), with f by the other formula,
    /// `f = 1 - 6x/11 ₂F₁(4/3, 2; 17/6; -x) / ₂F₁(1/3, 1; 11/6; -x)`.
    #[test]
    fn growth_agrees_with_hypergeometric_functions_of_40_digits() {
        for (matter, z, factor, rate) in [
            (1e-6, 0.0, 1.0, 1.724_542_738_376_231_6e-4),
            (1e-6, 1.0, 0.999_742_568_896_235_3, 6.839_914_784_972_282e-4),
            (0.001, 0.0, 1.0, 1.603_191_748_796_115e-2),
            (0.001, 1.0, 0.977_227_482_130_201_6, 5.934_644_327_898_958e-2),
            (0.05, 0.0, 1.0, 0.181_582_623_830_246_1),
            (0.05, 1.0, 0.797_188_756_946_596_6, 0.509_212_772_524_818_5),
            (0.3, 0.51, 0.769_333_028_822_057_8, 0.752_586_428_072_501_6),
            (0.3, 2.33, 0.381_201_804_219_311_3, 0.967_104_005_742_116_7),
            (0.3, 1100.0, 1.165_965_785_557_604_7e-3, 0.999_999_999_046_384_3),
            (0.3153, 0.51, 0.764_951_819_824_751_5, 0.764_501_697_215_122_6),
            (0.3153, 1100.0, 1.152_642_501_397_374_8e-3, 0.999_999_999_112_490_6),
            (0.5, 0.0, 1.0, 0.682_696_245_947_684_2),
            (0.5, 1.0, 0.560_766_440_979_013_6, 0.937_679_482_541_252_2),
            (0.999, 0.0, 1.0, 0.999_454_414_131_577_5),
            (0.999, 1.0, 0.500_079_597_388_943_5, 0.999_931_756_415_837_4),
        ] {
            assert_close(growth_factor(&universe(matter), z), factor, 5e-15);
            assert_close(growth_rate(&universe(matter), z), rate, 5e-15);
        }
    }

    #[test]
    fn both_expansions_meet_at_one() {
        assert_close(suppression(1.0 + 1e-15), suppression(1.0), 3e-15);
    }

    /// scipy.special.hyp2f1.
    #[test]
    fn f_sigma8_agrees_with_scipy() {
        assert_close(f_sigma8(&universe(0.3), 0.8, 0.51), 0.463_191_676_927_512_95, 5e-15);
        assert_close(f_sigma8(&universe(0.3153), 0.8111, 0.51), 0.474_336_928_941_491_3, 5e-15);
    }
}
