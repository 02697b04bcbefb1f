//! Tables of blanks and numbers.
//!
//! A line ends at LF or CRLF, a `#` starts a comment, blank lines mean nothing wherever they stand, the last line
//! needs no end. What is left is split at blanks and tabs.

use plugin_api::ModuleError;

/// A line that holds something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number in the file, from 1.
    pub number: u64,
    /// Its fields.
    pub fields: Vec<&'a str>,
}

/// The lines of a text that hold something.
pub fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    (1..).zip(text.split('\n')).filter_map(|(number, line)| {
        let content = line.split('#').next().unwrap_or_default();
        let fields: Vec<&str> = content.split_ascii_whitespace().collect();
        (!fields.is_empty()).then_some(Line { number, fields })
    })
}

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

/// A line of numbers with its number in the file.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberLine {
    /// Line in the file, from 1.
    pub number: u64,
    /// The numbers.
    pub values: Vec<f64>,
}

/// Reads lines that all hold the same count of numbers.
///
/// # Errors
/// [`ModuleError::BadInput`] for a field that is no number, for a line with another count than the first one, and
/// for a text without any number.
pub fn number_lines(role: &str, text: &str) -> Result<Vec<NumberLine>, ModuleError> {
    let mut read: Vec<NumberLine> = Vec::new();
    for line in lines(text) {
        let values = (1..)
            .zip(&line.fields)
            .map(|(column, field)| number(role, line.number, column, field, "a number"))
            .collect::<Result<Vec<f64>, ModuleError>>()?;
        if let Some(first) = read.first()
            && first.values.len() != values.len()
        {
            let message = format!(
                "{} in this line, but {} in line {}",
                counted(values.len(), "number"),
                first.values.len(),
                first.number
            );
            return Err(ModuleError::bad_input(role, message)
                .line(line.number)
                .hint("the file may be cut off or broken in two; get it again"));
        }
        read.push(NumberLine { number: line.number, values });
    }
    if read.is_empty() {
        return Err(ModuleError::bad_input(role, "there is no number in it").hint("get the file again"));
    }
    Ok(read)
}

/// `1 row`, `12 rows`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A field as it may stand in a message: control characters escaped, at most 40 characters.
#[must_use]
pub fn shortened(field: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = field.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if field.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
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
    fn comments_blank_lines_line_ends_and_a_byte_order_mark_mean_nothing() {
        let plain = "0.5 1 a\n0.7 2 b\n";
        let dressed = "\u{feff}# heading\r\n\r\n 0.5\t1   a # remark\r\n\n#\n0.7 2 b\r\n\r\n \n";
        let fields = |text: &'static str| lines(text).map(|line| line.fields).collect::<Vec<_>>();
        assert_eq!(fields(plain), fields(dressed));
        assert_eq!(lines(dressed).map(|line| line.number).collect::<Vec<_>>(), [3, 6]);
        assert_eq!(fields("0.5 1 a\n0.7 2 b"), fields(plain));
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
    fn a_ragged_line_is_named_together_with_the_first() {
        let (line, _, message) = fault(number_lines("covariance", "# c\n1 2\n\n3\n").unwrap_err());
        assert_eq!((line, message.as_str()), (Some(4), "1 number in this line, but 2 in line 2"));
        assert!(number_lines("covariance", " \n# nothing\n").is_err());
    }

    #[test]
    fn a_long_field_is_shortened_in_messages() {
        let (_, _, message) = fault(number("mean", 1, 1, &"x".repeat(5000), "a number").unwrap_err());
        assert!(message.len() < 120);
    }

    /// Whatever the shape and the dressing, what was written with all digits is read back bit for bit.
    #[test]
    fn generated_tables_are_read_back_bit_for_bit() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut next = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for _ in 0..300 {
            let (rows, columns) = (1 + next() % 6, 1 + next() % 5);
            let (mut text, mut written) = (String::new(), Vec::new());
            for row in 0..rows {
                let mut values = Vec::new();
                for _ in 0..columns {
                    let value = f64::from_bits(next());
                    let value = if value.is_finite() { value } else { 1.0 };
                    text.push_str([" ", "\t", "  "][usize::try_from(next() % 3).unwrap()]);
                    let written = if next() % 2 == 0 { format!("{value:e}") } else { value.to_string() };
                    text.push_str(&written);
                    values.push(value.to_bits());
                }
                text.push_str(["\n", "\r\n", "\n\n", " # remark\n"][usize::try_from(next() % 4).unwrap()]);
                if row + 1 == rows && next() % 2 == 0 {
                    text.truncate(text.trim_end().len());
                }
                written.push(values);
            }
            let read: Vec<Vec<u64>> = number_lines("covariance", &text)
                .unwrap()
                .iter()
                .map(|line| line.values.iter().map(|value| value.to_bits()).collect())
                .collect();
            assert_eq!(read, written, "{text:?}");
        }
    }
}
