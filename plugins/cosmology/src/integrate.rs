//! Definite integrals of smooth functions.
//!
//! # Error
//! The rule of 16 points integrates polynomials up to degree 31 exactly. For a function that is analytic inside the
//! ellipse with the ends of a panel as foci and with semi-axes that add up to `r` half panels, the error falls as
//! `r⁻³²` (Trefethen 2008, SIAM Review 50, 67, theorem 4.5). Each caller states its `r`; from 3.2 on the error is below
//! the rounding of 64-bit numbers.

/// Nodes in (0, 1) and weights of the Gauss-Legendre rule with 16 points on (-1, 1): Abramowitz & Stegun 1964, table
/// 25.4, n = 16, with three digits more.
const NODES: [(f64, f64); 8] = [
    (0.095_012_509_837_637_44, 0.189_450_610_455_068_5),
    (0.281_603_550_779_258_9, 0.182_603_415_044_923_6),
    (0.458_016_777_657_227_4, 0.169_156_519_395_002_54),
    (0.617_876_244_402_643_7, 0.149_595_988_816_576_73),
    (0.755_404_408_355_003, 0.124_628_971_255_533_87),
    (0.865_631_202_387_831_7, 0.095_158_511_682_492_78),
    (0.944_575_023_073_232_6, 0.062_253_523_938_647_89),
    (0.989_400_934_991_649_9, 0.027_152_459_411_754_095),
];

/// Integral of `function` from `start` to `end`, over `panels` panels (at least 1) of equal width with 16 points each.
#[must_use]
pub fn gauss_legendre(function: impl Fn(f64) -> f64, start: f64, end: f64, panels: u32) -> f64 {
    let half_width = 0.5 * (end - start) / f64::from(panels);
    let panel = |index: u32| -> f64 {
        let middle = start + (2.0 * f64::from(index) + 1.0) * half_width;
        let pair = |&(node, weight): &(f64, f64)| {
            weight * (function(middle - half_width * node) + function(middle + half_width * node))
        };
        NODES.iter().map(pair).sum()
    };
    half_width * (0..panels).map(panel).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_up_to_degree_31_are_exact() {
        for degree in 0..=31 {
            let exact = (2.0_f64.powi(degree + 1) - (-1.0_f64).powi(degree + 1)) / f64::from(degree + 1);
            let found = gauss_legendre(|x| x.powi(degree), -1.0, 2.0, 1);
            assert!((found / exact - 1.0).abs() < 4e-15, "{degree}: {found} {exact}");
        }
        // The first power that is not: ∫ x³² over (-1, 1) is 2/33.
        let found = gauss_legendre(|x| x.powi(32), -1.0, 1.0, 1);
        assert!((found - 2.0 / 33.0).abs() > 1e-10);
    }

    #[test]
    fn panels_add_up_and_ends_may_be_exchanged() {
        let exact = 1.0 - (-5.0_f64).exp();
        for panels in [1, 2, 7] {
            assert!((gauss_legendre(|x| (-x).exp(), 0.0, 5.0, panels) - exact).abs() < 1e-15);
            assert!((gauss_legendre(|x| (-x).exp(), 5.0, 0.0, panels) + exact).abs() < 1e-15);
        }
    }
}
