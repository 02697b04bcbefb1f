//! Lines of a table, split into fields.

use std::borrow::Cow;

use crate::ModuleError;

/// What stands between two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Separator {
    /// Any number of blanks and tabs.
    Blanks,
    /// A comma.
    Comma,
    /// A semicolon.
    Semicolon,
    /// One tab.
    Tab,
}

impl Separator {
    /// Takes a separator from the text for the record that it is in.
    fn character(self) -> Option<char> {
        match self {
            Self::Blanks => None,
            Self::Comma => Some(','),
            Self::Semicolon => Some(';'),
            Self::Tab => Some('\t'),
        }
    }

    /// What means nothing around a field.
    fn is_blank(self, letter: char) -> bool {
        letter == ' ' || letter == '\r' || (letter == '\t' && self != Self::Tab)
    }

    fn ends_field(self, letter: char) -> bool {
        match self.character() {
            Some(separator) => letter == separator,
            None => letter.is_ascii_whitespace(),
        }
    }
}

/// The records of a text: each is a line, or several where a quoted field goes on.
pub(super) struct Records<'a> {
    role: &'a str,
    rest: &'a str,
    line: u64,
    separator: Separator,
}

impl<'a> Records<'a> {
    pub(super) fn new(role: &'a str, text: &'a str, separator: Separator) -> Self {
        Self { role, rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1, separator }
    }

    /// Adds the fields of the next record, and returns the line that it begins in.
    pub(super) fn read(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Result<Option<u64>, ModuleError> {
        loop {
            if self.rest.is_empty() {
                return Ok(None);
            }
            let (content, after) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
            let line = self.line;
            let is_comment = content.trim_start().starts_with('#');
            if content.contains('"') && !is_comment {
                self.quoted(fields)?;
                return Ok(Some(line));
            }
            self.rest = after;
            self.line += 1;
            let content = content.split('#').next().unwrap_or_default();
            if is_comment || content.trim().is_empty() {
                continue;
            }
            match self.separator.character() {
                None => fields.extend(content.split_ascii_whitespace().map(Cow::Borrowed)),
                Some(separator) => {
                    let trimmed =
                        |field: &'a str| field.trim_matches(|letter| self.separator.is_blank(letter));
                    fields.extend(content.split(separator).map(trimmed).map(Cow::Borrowed));
                }
            }
            return Ok(Some(line));
        }
    }

    /// Reads a record in which a quote stands, as RFC 4180 has it: fields in quotes may hold separators, line ends and
    /// doubled quotes.
    fn quoted(&mut self, fields: &mut Vec<Cow<'a, str>>) -> Result<(), ModuleError> {
        let before = fields.len();
        loop {
            self.skip_blanks();
            let column = (fields.len() - before) as u64 + 1;
            if let Some(behind) = self.rest.strip_prefix('"') {
                let Some((value, length)) = quoted_field(behind) else {
                    return Err(self.refuse(column, "a quote is opened here and closed nowhere"));
                };
                fields.push(value);
                self.line += behind[..length].matches('\n').count() as u64;
                self.rest = &behind[length..];
            } else {
                let ends = |letter| self.separator.ends_field(letter) || letter == '\n' || letter == '#';
                let (field, rest) = self.rest.split_at(self.rest.find(ends).unwrap_or(self.rest.len()));
                // Blanks at the end of a line are no field.
                if !(field.is_empty() && self.separator == Separator::Blanks) {
                    fields.push(field.trim_matches(|letter| self.separator.is_blank(letter)).into());
                }
                self.rest = rest;
            }
            let is_apart = self.skip_blanks();
            match self.rest.chars().next() {
                None => return Ok(()),
                Some('\n' | '#') => {
                    self.rest = self.rest.split_once('\n').map_or("", |(_, after)| after);
                    self.line += 1;
                    return Ok(());
                }
                Some(letter) if Some(letter) == self.separator.character() => self.rest = &self.rest[1..],
                Some(_) if is_apart && self.separator == Separator::Blanks => {}
                Some(_) => return Err(self.refuse(column, "there is text behind a closing quote")),
            }
        }
    }

    fn skip_blanks(&mut self) -> bool {
        let before = self.rest.len();
        self.rest = self.rest.trim_start_matches(|letter| self.separator.is_blank(letter));
        self.rest.len() < before
    }

    fn refuse(&self, column: u64, message: &str) -> ModuleError {
        ModuleError::bad_input(self.role, message)
            .line(self.line)
            .column(column)
            .hint("a quote inside of quotes is written twice: `\"say \"\"yes\"\"\"`")
    }
}

/// The value of a field behind its opening quote, and its length with the closing one.
fn quoted_field(text: &str) -> Option<(Cow<'_, str>, usize)> {
    let mut at = 0;
    loop {
        at += text[at..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            let raw = &text[..at];
            let value = if raw.contains('"') { raw.replace("\"\"", "\"").into() } else { raw.into() };
            return Some((value, at + 1));
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &'static str, separator: Separator) -> Result<Vec<(u64, Vec<String>)>, String> {
        let mut reader = Records::new("table", text, separator);
        let mut records = Vec::new();
        let mut fields = Vec::new();
        while let Some(line) = reader.read(&mut fields).map_err(|error| error.to_string())? {
            records.push((line, fields.drain(..).map(Cow::into_owned).collect()));
        }
        Ok(records)
    }

    #[test]
    fn quotes_are_those_of_rfc_4180() {
        let text =
            "\u{feff}a, \"b\"\r\n\"x, \"\"y\"\"\",1 # \"no\"\r\n\r\n# \"open\n\"two\nlines\" ,2\n5\" pipe,\n";
        let found = records(text, Separator::Comma).unwrap();
        let expected: [(u64, [&str; 2]); 4] =
            [(1, ["a", "b"]), (2, ["x, \"y\"", "1"]), (5, ["two\nlines", "2"]), (7, ["5\" pipe", ""])];
        assert_eq!(found.len(), expected.len());
        for ((line, fields), (expected_line, expected_fields)) in found.iter().zip(expected) {
            assert_eq!((*line, fields.as_slice()), (expected_line, &expected_fields.map(str::to_owned)[..]));
        }
    }

    #[test]
    fn every_separator_separates() {
        for (text, separator) in [
            ("\"a b\";c;\n", Separator::Semicolon),
            ("\"a b\"\tc\t\n", Separator::Tab),
            ("a b\tc\t\r\n", Separator::Tab),
            ("\"a b\" ,c,", Separator::Comma),
        ] {
            assert_eq!(records(text, separator).unwrap()[0].1, ["a b", "c", ""], "{text:?}");
        }
        let blanks = records("  \"a b\"\t c \r\n 1  2\n", Separator::Blanks).unwrap();
        assert_eq!(blanks[0].1, ["a b", "c"]);
        assert_eq!(blanks[1].1, ["1", "2"]);
    }

    #[test]
    fn a_wrong_quote_is_refused_with_its_place() {
        let error = |text, separator| records(text, separator).unwrap_err();
        assert_eq!(
            error("a,b\n1,\"2\n3,4\n", Separator::Comma),
            "input `table`, line 2, field 2: a quote is opened here and closed nowhere"
        );
        let behind = "input `table`, line 1, field 1: there is text behind a closing quote";
        assert_eq!(error("\"a\"b,c\n", Separator::Comma), behind);
        assert_eq!(error("\"a\"b c\n", Separator::Blanks), behind);
    }
}
