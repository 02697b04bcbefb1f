//! Single numbers.

use super::shortened;
use crate::ModuleError;

/// Reads a finite decimal number; `column` counts from 1 and `expected` completes "expected …" in the message.
///
/// # Errors
/// [`ModuleError::BadInput`] with line and field for anything else: words, NaN, infinities, hexadecimal, decimal
/// commas, Fortran exponents, and numbers outside the range of a 64-bit float.
pub fn number(role: &str, line: u64, column: u64, field: &str, expected: &str) -> Result<f64, ModuleError> {
    let refuse = |reason: &str| {
        ModuleError::bad_input(role, format!("{reason}: found `{}`, expected {expected}", shortened(field)))
            .line(line)
            .column(column)
            .hint(hint(field).unwrap_or("hold the field against the publication, or get the file again"))
    };
    let Ok(value) = field.parse::<f64>() else { return Err(refuse("not a number")) };
    let has_digit = field.bytes().any(|byte| byte.is_ascii_digit());
    if value.is_nan() || (value.is_infinite() && !has_digit) {
        return Err(refuse("not a finite number"));
    }
    if value.is_infinite() {
        return Err(refuse("too large for a 64-bit float"));
    }
    if value == 0.0 && mantissa_is_nonzero(field) {
        return Err(refuse("too small for a 64-bit float"));
    }
    Ok(value)
}

fn hint(field: &str) -> Option<&'static str> {
    let first = field.trim_start_matches(['+', '-']).chars().next()?;
    if field.contains(',') || field.contains(';') {
        return Some("separate fields by blanks and write decimals with a point");
    }
    if first.is_ascii_digit() && field.contains(['d', 'D']) {
        return Some("write the exponent with `e`: `1e-3`");
    }
    if field.contains('\u{2212}') {
        return Some("write the minus sign as `-`");
    }
    let is_value = field.parse::<f64>().is_ok();
    (first.is_alphabetic() && !is_value).then_some("a heading needs `#` in front")
}

fn mantissa_is_nonzero(field: &str) -> bool {
    field
        .bytes()
        .take_while(|byte| !matches!(byte, b'e' | b'E'))
        .any(|byte| byte.is_ascii_digit() && byte != b'0')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::float_cmp, reason = "tests compare exact bits")]

    use super::*;

    fn fault(error: ModuleError) -> (Option<u64>, Option<u64>, String) {
        let ModuleError::BadInput(fault) = error else { panic!("{error}") };
        (fault.line, fault.column, fault.message)
    }

    #[test]
    fn a_field_is_a_finite_decimal_number_or_refused_with_its_place() {
        for good in ["1", "-1.5", "+.5", "5.", "1e-3", "1E+03", "0", "-0.0", "0e-999", "4.9e-324"] {
            assert_eq!(number("mean", 1, 1, good, "a number").unwrap(), good.parse::<f64>().unwrap());
        }
        for (bad, reason) in [
            ("nan", "not a finite number"),
            ("-inf", "not a finite number"),
            ("Infinity", "not a finite number"),
            ("1e999", "too large"),
            ("1e-999", "too small"),
            ("1,5", "not a number"),
            ("0x1p3", "not a number"),
            ("1.0D-3", "not a number"),
            ("−5", "not a number"),
            ("1.2.3", "not a number"),
            ("<html>", "not a number"),
            ("1_000", "not a number"),
        ] {
            let (line, column, message) = fault(number("mean", 7, 2, bad, "a number").unwrap_err());
            assert_eq!((line, column), (Some(7), Some(2)), "{bad}");
            assert!(message.starts_with(reason) && message.contains(bad), "{bad}: {message}");
        }
    }

    #[test]
    fn a_long_field_is_shortened_in_messages() {
        let (_, _, message) = fault(number("mean", 1, 1, &"x".repeat(5000), "a number").unwrap_err());
        assert!(message.len() < 120);
    }
}
