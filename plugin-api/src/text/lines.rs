//! Tables of blanks and numbers.

use super::{counted, number};
use crate::ModuleError;

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

#[cfg(test)]
mod tests {
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
    fn a_ragged_line_is_named_together_with_the_first() {
        let (line, _, message) = fault(number_lines("covariance", "# c\n1 2\n\n3\n").unwrap_err());
        assert_eq!((line, message.as_str()), (Some(4), "1 number in this line, but 2 in line 2"));
        assert!(number_lines("covariance", " \n# nothing\n").is_err());
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
