//! How numbers and units are written.

/// Largest number of decimals.
pub(super) const DECIMALS: usize = 12;

/// A number with so many decimals and a real minus sign; never minus zero.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.bytes().all(|byte| matches!(byte, b'0' | b'.')) => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// A mean and its standard deviation to two digits of the latter: `301.471 ± 0.089`, `(2.1 ± 0.3)×10⁻⁹`.
pub(super) fn with_error(mean: f64, error: f64) -> String {
    if !(mean.is_finite() && error.is_finite() && error > 0.0) {
        return format!("{} ± {}", short(mean), short(error));
    }
    let magnitude = whole(mean.abs().max(error).log10().floor());
    let shift = if (-3..5).contains(&magnitude) { 0 } else { magnitude };
    let digits = 1 - whole(error.log10().floor()) + shift;
    let decimals = usize::try_from(digits).unwrap_or(0).min(DECIMALS);
    let part = |value: f64| decimal(value * power(-shift), decimals);
    if shift == 0 {
        format!("{} ± {}", part(mean), part(error))
    } else {
        format!("({} ± {})×10{}", part(mean), part(error), superscript(shift))
    }
}

/// A number to six digits, for people.
pub(crate) fn short(value: f64) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = if value == 0.0 { 0 } else { whole(value.abs().log10().floor()) };
    let trimmed = |text: String| {
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    };
    if (-4..6).contains(&magnitude) {
        let decimals = usize::try_from(5 - magnitude).unwrap_or(0);
        return trimmed(decimal(value, decimals));
    }
    let text = format!("{value:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = trimmed(digits.to_owned()).replace('-', "−");
    format!("{digits}×10{}", superscript(exponent.parse().unwrap_or(0)))
}

/// `-12` as `⁻¹²`.
pub(super) fn superscript(number: i32) -> String {
    number.to_string().chars().map(raised).collect()
}

fn raised(letter: char) -> char {
    match letter {
        '-' => '⁻',
        '0' => '⁰',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        '4' => '⁴',
        '5' => '⁵',
        '6' => '⁶',
        '7' => '⁷',
        '8' => '⁸',
        '9' => '⁹',
        other => other,
    }
}

/// A unit as it is printed: `m s^-1` becomes `m s⁻¹`.
pub(super) fn unit(unit: &str) -> String {
    let mut out = String::new();
    let mut rest = unit.trim();
    while let Some((before, after)) = rest.split_once('^') {
        out.push_str(before);
        let sign = usize::from(after.starts_with('-'));
        let digits = after[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            out.push('^');
            rest = after;
        } else {
            let (exponent, further) = after.split_at(sign + digits);
            out.extend(exponent.chars().map(raised));
            rest = further;
        }
    }
    out + rest
}

/// What an axis shows with its unit; `1` and nothing are the unit of pure numbers.
pub(super) fn with_unit(label: &str, of: &str) -> String {
    match unit(of).as_str() {
        "" | "1" => label.to_owned(),
        unit => format!("{label} ({unit})"),
    }
}

/// A power of ten.
pub(super) fn power(exponent: i32) -> f64 {
    10_f64.powi(exponent)
}

/// The whole number of a logarithm.
#[expect(clippy::cast_possible_truncation, reason = "logarithms of floats lie within ±324")]
pub(super) fn whole(value: f64) -> i32 {
    value.clamp(-400.0, 400.0) as i32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_and_units_are_printed_as_in_a_paper() {
        assert_eq!(with_error(301.4707, 0.0889), "301.471 ± 0.089");
        assert_eq!(with_error(0.022_36, 0.000_15), "0.02236 ± 0.00015");
        assert_eq!(with_error(2.1e-9, 3e-11), "(2.100 ± 0.030)×10⁻⁹");
        assert_eq!(with_error(-12.0, 3.0), "−12.0 ± 3.0");
        assert_eq!(short(-1.5e-12), "−1.5×10⁻¹²");
        assert_eq!([10.307_6, 0.0, 1e6, 123_456.0].map(short), ["10.3076", "0", "1×10⁶", "123456"]);
        assert_eq!(unit("km s^-1 Mpc^-1"), "km s⁻¹ Mpc⁻¹");
        assert_eq!(unit("m^2/s^x^"), "m²/s^x^");
        assert_eq!((with_unit("flux", "1"), with_unit("time", "d")), ("flux".into(), "time (d)".into()));
        assert_eq!(decimal(-0.001, 2), "0.00");
    }

    proptest! {
        #[test]
        fn any_number_and_any_unit_can_be_printed(value: f64, error: f64, text in ".{0,20}") {
            prop_assert!(!short(value).is_empty() && !with_error(value, error).is_empty());
            let _ = unit(&text);
        }
    }
}
