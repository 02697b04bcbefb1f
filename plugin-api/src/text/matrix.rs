//! Large square matrices as text: numbers between blanks or commas, in any arrangement of lines, behind a heading `n`,
//! `n n`, or none.
//!
//! A covariance of 1701 measurements has 2.9 million numbers in 32 MB: they are parsed from the bytes into their final
//! place, and the line of a number is only looked for when there is something to say about it.

use super::{counted, decimal, number};
use crate::ModuleError;

/// Where the elements of a matrix stand in its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatrixText<'a> {
    bytes: &'a [u8],
    /// A comma or semicolon between numbers.
    separator: Option<u8>,
    /// Numbers in front of the first element.
    heading: usize,
    size: usize,
}

const SELECTION: &str =
    "take table and covariance from the same release; a row that is left out of one is left out of both";

impl<'a> MatrixText<'a> {
    /// Reads a matrix of `size` rows and as many columns: its elements, row after row.
    ///
    /// Numbers stand between blanks, or between commas or semicolons where the first line has one; a `#` starts a
    /// comment. A heading with the number of rows, once or twice, may stand in a line of its own in front.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] for a field that is no finite number, with line and field, for another count of
    /// numbers than the heading or `size` say, and for a text that ends within its last number.
    pub fn read(role: &str, bytes: &'a [u8], size: usize) -> Result<(Vec<f64>, Self), ModuleError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = Self { bytes, separator: separator_of(bytes), heading: 0, size };
        let first = text.fields().next();
        if first.is_some_and(|field| bytes[field.start] == b'<') {
            return Err(ModuleError::bad_input(role, "an HTML or XML page, no matrix")
                .hint("the download went wrong; get the file itself"));
        }
        let stated = text.stated_size();
        let text = Self { heading: stated.map_or(0, |(_, count)| count), ..text };
        let rows = stated.map_or(size, |(rows, _)| rows);
        if rows != size {
            let message = format!("{rows} × {rows} for {}", counted(size, "row"));
            return Err(ModuleError::bad_input(role, message).line(1).hint(SELECTION));
        }
        let wanted = size.saturating_mul(size);
        // No more memory than the bytes can fill: a number and a blank are two of them.
        let mut values = Vec::with_capacity(wanted.min(bytes.len() / 2 + 1));
        let mut fields = text.fields();
        if text.heading > 0 {
            let _ = fields.nth(text.heading - 1);
        }
        while let Some(start) = fields.start() {
            if values.len() == wanted {
                return Err(text.wrong_count(role, wanted));
            }
            values.push(match fields.plain_number(start) {
                Some(value) => value,
                None => text.careful(role, fields.end(start))?,
            });
        }
        if values.len() != wanted || size == 0 {
            return Err(text.wrong_count(role, wanted));
        }
        if text.is_cut_in_last_number() {
            let message = "the last number has fewer digits than every other, and no line end behind it";
            return Err(ModuleError::bad_input(role, message)
                .line(text.place(bytes.len()).0)
                .hint("the file is cut off: get it again; if it is complete end it with a line break"));
        }
        Ok((values, text))
    }

    /// How the file is arranged, in words for the metadata.
    #[must_use]
    pub fn layout(&self) -> &'static str {
        match self.heading {
            0 => "text, n × n numbers",
            1 => "text, n and then n × n numbers",
            _ => "text, n n and then n × n numbers",
        }
    }

    /// Line of an element, from 1; 0 outside of the matrix.
    #[must_use]
    pub fn line(&self, row: usize, column: usize) -> u64 {
        let field = self.fields().nth(self.heading + row * self.size + column);
        field.map_or(0, |field| self.place(field.start).0)
    }

    fn fields(&self) -> Fields<'a> {
        Fields { bytes: self.bytes, separator: self.separator, at: 0 }
    }

    /// The size in the heading and the count of numbers it takes: a first line with one whole number, or twice the same.
    fn stated_size(&self) -> Option<(usize, usize)> {
        let mut fields = self.fields();
        let first = fields.next()?;
        let line_end = self.bytes[first.start..].iter().position(|&byte| byte == b'\n')? + first.start;
        let in_line: Vec<&[u8]> = std::iter::once(first)
            .chain(fields)
            .take_while(|field| field.end <= line_end)
            .take(3)
            .map(|field| &self.bytes[field.start..field.end])
            .collect();
        let whole =
            |field: &[u8]| std::str::from_utf8(field).ok()?.parse::<usize>().ok().filter(|&size| size > 0);
        match in_line.as_slice() {
            [one] => Some((whole(one)?, 1)),
            // Two rows of two numbers are a matrix without heading.
            [one, other] if one == other && self.fields().nth(4).is_some() => Some((whole(one)?, 2)),
            _ => None,
        }
    }

    /// Reads what is written in an unusual way, or says what is wrong with it.
    #[cold]
    fn careful(&self, role: &str, field: Field) -> Result<f64, ModuleError> {
        let text = String::from_utf8_lossy(&self.bytes[field.start..field.end]);
        number(role, 1, 1, &text, "a number").or_else(|_| {
            // The place is looked for only when there is something wrong.
            let (line, column) = self.place(field.start);
            number(role, line, column, &text, "a number")
        })
    }

    /// Whether the text ends within a number: all others have the same count of decimals, and it has fewer.
    fn is_cut_in_last_number(&self) -> bool {
        if self.bytes.last().is_none_or(u8::is_ascii_whitespace) {
            return false;
        }
        let decimals = |field: Field| {
            let digits = self.bytes[field.start..field.end].iter().rev().position(|byte| *byte == b'.');
            digits.unwrap_or(0)
        };
        let mut fields = self.fields().skip(self.heading).map(decimals);
        let Some(first) = fields.next() else { return false };
        let mut others = fields.skip_while(|decimals| *decimals == first);
        others.next().is_some_and(|last| last < first) && others.next().is_none()
    }

    #[cold]
    fn wrong_count(&self, role: &str, wanted: usize) -> ModuleError {
        let (size, found) = (self.size, self.fields().count() - self.heading);
        let message = format!("{} for {size} × {size}, which are {wanted}", counted(found, "number"));
        let last = self.fields().last().map_or(1, |field| self.place(field.start).0);
        let cut = found < wanted && self.heading > 0;
        let hint = if cut { "the file is cut off; get it again" } else { SELECTION };
        ModuleError::bad_input(role, message).line(last).hint(hint)
    }

    /// Line and field of a byte, from 1.
    fn place(&self, at: usize) -> (u64, u64) {
        let before = &self.bytes[..at];
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let line = self.bytes[..line_start].split(|&byte| byte == b'\n').count();
        let fields = Fields { bytes: &before[line_start..], separator: self.separator, at: 0 };
        (line as u64, fields.count() as u64 + 1)
    }
}

/// What separates the numbers of the first line that has any, if it is no blank.
fn separator_of(bytes: &[u8]) -> Option<u8> {
    let lines = bytes.split(|&byte| byte == b'\n').map(|line| line.split(|&byte| byte == b'#').next());
    let first = lines.flatten().find(|line| !line.trim_ascii().is_empty())?;
    first.iter().copied().find(|byte| b",;".contains(byte))
}

/// Bytes of a field.
#[derive(Debug, Clone, Copy)]
struct Field {
    start: usize,
    end: usize,
}

/// The fields of a text without its comments.
struct Fields<'a> {
    bytes: &'a [u8],
    separator: Option<u8>,
    at: usize,
}

impl Fields<'_> {
    /// Goes to where the next field starts.
    #[inline]
    fn start(&mut self) -> Option<usize> {
        loop {
            match self.bytes.get(self.at)? {
                b'#' => {
                    let rest = &self.bytes[self.at..];
                    self.at += rest.iter().position(|&byte| byte == b'\n').unwrap_or(rest.len());
                }
                byte if byte.is_ascii_whitespace() => self.at += 1,
                _ => return Some(self.at),
            }
        }
    }

    /// Goes behind the field that starts here. Between separators blanks are part of a field, at its end they are not.
    fn end(&mut self, start: usize) -> Field {
        let rest = &self.bytes[start..];
        let ends = |byte: &u8| match self.separator {
            None => byte.is_ascii_whitespace() || *byte == b'#',
            Some(separator) => *byte == separator || *byte == b'\n' || *byte == b'#',
        };
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.at = start + length;
        self.pass_separator();
        Field { start, end: start + rest[..length].trim_ascii_end().len() }
    }

    #[inline]
    fn pass_separator(&mut self) {
        if self.separator.is_some() && self.bytes.get(self.at).copied() == self.separator {
            self.at += 1;
        }
    }

    /// Reads a finite number and goes behind it; stays when the field is anything else, or not plainly zero.
    #[inline]
    fn plain_number(&mut self, start: usize) -> Option<f64> {
        let (value, length) = decimal::leading(&self.bytes[start..])?;
        let end = start + length;
        let ends = match (self.bytes.get(end), self.separator) {
            (None | Some(b'#' | b'\n'), _) => true,
            (Some(byte), None) => byte.is_ascii_whitespace(),
            (Some(byte), Some(separator)) => *byte == separator,
        };
        let plain = value != 0.0 || self.bytes[start..end].iter().all(|byte| b"+-.0".contains(byte));
        if !ends || !plain || !value.is_finite() {
            return None;
        }
        self.at = end;
        self.pass_separator();
        Some(value)
    }
}

impl Iterator for Fields<'_> {
    type Item = Field;

    fn next(&mut self) -> Option<Field> {
        let start = self.start()?;
        Some(self.end(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, size: usize) -> Result<Vec<f64>, String> {
        let read = MatrixText::read("covariance", text.as_bytes(), size);
        read.map(|(values, _)| values).map_err(|error| error.to_string())
    }

    #[test]
    fn every_arrangement_gives_the_same_matrix() {
        for text in [
            "2\n1\n-2e-3\n3\n4\n",
            "2 2\n 1 -0.002\n 3 4",
            "1 -0.002\n3 4\n",
            "\u{feff}1\t-.002\r\n3\t4.0\r\n\r\n \n",
            "# covariance\n2 # rows\n1 -0.002 3\n4",
            "1 -0.002 3 4",
            "1,-0.002\n3,4\n",
            "# a, b\n1 ; -0.002;\r\n3;4",
            "2\n1 -0.002\n3 4\n",
            "2,2\n1, -0.002,3\n4\n",
        ] {
            assert_eq!(read(text, 2).unwrap(), [1.0, -0.002, 3.0, 4.0], "{text:?}");
        }
        assert_eq!(read("0.04\n", 1).unwrap(), [0.04]);
        assert_eq!(read("1\n0.04\n", 1).unwrap(), [0.04]);
        assert_eq!(read("2 2\n2 4\n", 2).unwrap(), [2.0, 2.0, 2.0, 4.0]);
        assert_eq!(read("2\n0\n-0.0\n0e5\n4.9e-324", 2).unwrap(), [0.0, -0.0, 0.0, 4.9e-324]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (text, expected) in [
            ("3\n1\n2\n3\n4\n", "line 1: 3 × 3 for 2 rows"),
            ("2\n1\n2\n3\n", "line 4: 3 numbers for 2 × 2, which are 4"),
            ("2\n1\n2\n3\n4\n5\n\n", "line 6: 5 numbers for 2 × 2, which are 4"),
            ("1 2 3\n4 5 6\n7 8 9\n", "line 3: 9 numbers for 2 × 2, which are 4"),
            ("2\n1\n2\nnan\n4\n", "line 4, field 1: not a finite number: found `nan`"),
            ("1 2\n3 1e999\n", "line 2, field 2: too large"),
            ("1 2\n3 1e-999\n", "line 2, field 2: too small"),
            ("1 2\n3 0x4\n", "line 2, field 2: not a number: found `0x4`"),
            ("1 2\n3,4\n", "line 2, field 1: not a number: found `3,4`"),
            ("1,,2\n3,4\n", "line 1, field 2: not a number: found ``"),
            ("1,5 2,5\n3,0 4,0\n", "line 1, field 2: not a number: found `5 2`"),
            ("1;2\n3;4,5\n", "line 2, field 2: not a number: found `4,5`"),
            ("1,2\n3,x\n", "line 2, field 2: not a number: found `x`"),
            ("<!DOCTYPE html>\n<html>", "an HTML or XML page, no matrix"),
            ("", "line 1: 0 numbers for 2 × 2"),
            ("1 2\n3 \u{fffd}\n", "line 2, field 2: not a number"),
        ] {
            let error = read(text, 2).unwrap_err();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_file_that_ends_within_its_last_number_is_refused() {
        let whole = "2\n0.04000000\n0.00100000\n0.00100000\n0.05123456";
        assert!(read(whole, 2).is_ok());
        for cut in 1..8 {
            let cut = &whole[..whole.len() - cut];
            let error = read(cut, 2).unwrap_err();
            assert!(
                error.starts_with("input `covariance`, line 5: the last number has fewer digits"),
                "{error}"
            );
            // A line end says that it is meant.
            assert!(read(&format!("{cut}\n"), 2).is_ok());
        }
        for sound in ["0.04 0.001\n0.001 0.1", "1 0.5\n0.5 1", "1 -0.002 3 4", "4e-2 1e-3\n1e-3 5e-2"] {
            assert!(read(sound, 2).is_ok(), "{sound}");
        }
    }

    #[test]
    fn an_element_is_found_again() {
        let (_, text) = MatrixText::read("covariance", b"# c\n2\n1\n2\n3\n4\n", 2).unwrap();
        assert_eq!([text.line(0, 0), text.line(1, 0), text.line(1, 1), text.line(2, 0)], [3, 5, 6, 0]);
        let (_, text) = MatrixText::read("covariance", b"1 2\n3 4\n", 2).unwrap();
        assert_eq!([text.line(0, 1), text.line(1, 1)], [1, 2]);
    }

    /// The parser is made for speed; it must give the bits of the standard library.
    #[test]
    #[expect(clippy::cast_precision_loss, reason = "any numbers will do")]
    fn numbers_are_read_to_the_same_bits_as_by_the_standard_library() {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut written = Vec::new();
        while written.len() < 2500 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let value = f64::from_bits(state);
            written.extend(value.is_finite().then(|| format!("{value:e}")));
            written.push(format!("{:.8}", (state >> 40) as f64 * 1e-8));
            written.push(format!("{}{}.{}", state, state, state >> 7));
        }
        written.truncate(2500);
        let read = read(&written.join("\n"), 50).unwrap();
        for (value, text) in read.iter().zip(&written) {
            assert_eq!(value.to_bits(), text.parse::<f64>().unwrap().to_bits(), "{text}");
        }
    }
}
