//! Where an axis is marked.

use super::numbers::{DECIMALS, decimal, power, superscript, whole};

/// Marks of an axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    /// Values with their labels, ascending.
    pub(super) major: Vec<(f64, String)>,
    /// Values between them.
    pub(super) minor: Vec<f64>,
    /// What all labels are to be multiplied by: `×10⁻³`, or nothing.
    pub(super) factor: String,
}

/// Marks of a linear axis, at steps of 1, 2 or 5 times a power of ten; about `wanted` of them.
pub(super) fn linear(low: f64, high: f64, wanted: f64) -> Ticks {
    let span = high - low;
    if !(span > 0.0 && span.is_finite()) {
        return Ticks::default();
    }
    let (multiple, exponent) = step(span / wanted.max(1.0));
    let largest = low.abs().max(high.abs());
    let magnitude = whole(largest.log10().floor());
    let shift = if (-3..5).contains(&magnitude) { 0 } else { magnitude };
    let decimals = usize::try_from(shift - exponent).unwrap_or(0).min(DECIMALS);
    let values = multiples(multiple, exponent, low, high);
    let major = values.map(|value| (value, decimal(value * power(-shift), decimals))).collect();
    let part = if multiple > 1.5 && multiple < 4.0 { 0.5 } else { 0.2 };
    let minor = multiples(multiple * part, exponent, low, high).collect();
    let factor = if shift == 0 { String::new() } else { format!("×10{}", superscript(shift)) };
    Ticks { major, minor, factor }
}

/// Marks of a logarithmic axis between two positive numbers: decades, or 1, 2, 5 of each where there are few.
pub(super) fn logarithmic(low: f64, high: f64, wanted: f64) -> Ticks {
    let (first, last) = (whole(low.log10().floor()), whole(high.log10().ceil()));
    let inside = |value: &f64| (low..=high).contains(value);
    let decades = high.log10() - low.log10();
    if decades < 0.7 {
        return linear(low, high, wanted);
    }
    let stride = whole((decades / wanted.max(1.0)).ceil()).max(1);
    let exponents = || (first..=last).filter(move |exponent| exponent % stride == 0);
    let plain = first >= -3 && last <= 4;
    let labelled: &[f64] = if decades * 3.0 <= wanted * 1.6 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let major = exponents().flat_map(|exponent| {
        labelled.iter().map(move |multiple| (*multiple * power(exponent), label(*multiple, exponent, plain)))
    });
    let major = major.filter(|(value, _)| inside(value)).collect();
    let multiples: Vec<f64> = if stride == 1 { (2..=9).map(f64::from).collect() } else { vec![1.0] };
    let minor =
        (first..=last).flat_map(|exponent| multiples.iter().map(move |multiple| multiple * power(exponent)));
    Ticks { major, minor: minor.filter(inside).collect(), factor: String::new() }
}

/// `0.01` and `500`, or `10⁶` and `2×10⁶`.
fn label(multiple: f64, exponent: i32, plain: bool) -> String {
    if plain {
        return decimal(multiple * power(exponent), usize::try_from(-exponent).unwrap_or(0));
    }
    let power = format!("10{}", superscript(exponent));
    if multiple > 1.5 { format!("{multiple:.0}×{power}") } else { power }
}

/// The smallest step of the series 1, 2, 5, 10, … that is not below `least`: multiple and power of ten.
fn step(least: f64) -> (f64, i32) {
    let exponent = whole(least.log10().floor());
    let multiple = least * power(-exponent);
    match [1.0, 2.0, 5.0].into_iter().find(|nice| multiple <= nice * (1.0 + 1e-9)) {
        Some(nice) => (nice, exponent),
        None => (1.0, exponent + 1),
    }
}

/// The multiples of a step that lie in a range.
fn multiples(multiple: f64, exponent: i32, low: f64, high: f64) -> impl Iterator<Item = f64> {
    // Dividing by a whole power gives 0.3 where multiplying with 0.1 gives 0.30000000000000004.
    let at = move |number: f64| {
        if exponent < 0 { number * multiple / power(-exponent) } else { number * multiple * power(exponent) }
    };
    let size = at(1.0);
    let slack = (high - low) * 1e-9;
    let first = ((low - slack) / size).ceil();
    // A range has room for a few dozen; more would mean that it is lost in rounding.
    (0..1000).map(move |index| at(first + f64::from(index))).take_while(move |value| *value <= high + slack)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(ticks: &Ticks) -> Vec<&str> {
        ticks.major.iter().map(|(_, label)| &**label).collect()
    }

    #[test]
    fn linear_axes_step_by_one_two_or_five() {
        assert_eq!(labels(&linear(0.0, 2.4, 6.0)), ["0.0", "0.5", "1.0", "1.5", "2.0"]);
        assert_eq!(labels(&linear(-0.31, 0.29, 7.0)), ["−0.3", "−0.2", "−0.1", "0.0", "0.1", "0.2"]);
        assert_eq!(labels(&linear(301.2, 301.75, 3.0)), ["301.2", "301.4", "301.6"]);
        assert_eq!(labels(&linear(0.0, 5000.0, 5.0)), ["0", "1000", "2000", "3000", "4000", "5000"]);
        assert_eq!(linear(0.0, 1.0, 10.0).minor.len(), 51);
        assert_eq!(linear(0.0, 1.0, 2.0).minor.len(), 11);
    }

    #[test]
    fn large_and_small_numbers_share_a_factor() {
        let ticks = linear(0.0, 3.1e-7, 4.0);
        assert_eq!((labels(&ticks), &*ticks.factor), (vec!["0", "1", "2", "3"], "×10⁻⁷"));
        let ticks = linear(-2.0e6, 2.5e6, 5.0);
        assert_eq!((labels(&ticks), &*ticks.factor), (vec!["−2", "−1", "0", "1", "2"], "×10⁶"));
    }

    #[test]
    fn logarithmic_axes_have_decades_and_what_lies_between() {
        assert_eq!(
            labels(&logarithmic(0.009, 2.5, 6.0)),
            ["0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]
        );
        assert_eq!(labels(&logarithmic(0.005, 2e3, 6.0)), ["0.01", "0.1", "1", "10", "100", "1000"]);
        let ticks = logarithmic(0.5e-6, 2e6, 5.0);
        assert_eq!(labels(&ticks), ["10⁻⁶", "10⁻³", "10⁰", "10³", "10⁶"]);
        assert_eq!(labels(&logarithmic(2.0, 3.0, 5.0)), ["2.0", "2.2", "2.4", "2.6", "2.8", "3.0"]);
    }

    proptest! {
        #[test]
        fn marks_lie_inside_and_are_few(low in -1e300..1e300_f64, span in 1e-300..1e300_f64, wanted in 1.0..12.0_f64) {
            let high = low + span;
            let ticks = linear(low, high, wanted);
            prop_assert!(ticks.major.len() <= 24 && ticks.minor.len() <= 130, "{ticks:?}");
            let slack = (high - low) * 1e-6;
            prop_assert!(ticks.major.iter().all(|(value, _)| (low - slack..=high + slack).contains(value)));
        }

        #[test]
        fn logarithmic_marks_lie_inside_and_are_few(exponent in -300..300_i32, decades in 0.0..600.0_f64, wanted in 1.0..12.0_f64) {
            let low = 10_f64.powi(exponent);
            let high = low * 10_f64.powf(decades);
            prop_assume!(high.is_finite() && high > low);
            let ticks = logarithmic(low, high, wanted);
            prop_assert!(ticks.major.len() <= 40, "{ticks:?}");
            prop_assert!(ticks.major.iter().all(|(value, _)| (low * 0.999_999..=high * 1.000_001).contains(value)));
        }
    }
}
