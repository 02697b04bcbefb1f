//! Tables whose columns have names.

use std::borrow::Cow;

use super::heading::{heading, name_and_unit};
use super::record::{Records, Separator};
use super::{TextColumn, counted, shortened, similar};
use crate::{Column, ModuleError};

/// A table of text with a heading: every field with its place, so that whatever is wrong can be named.
///
/// The heading is the first line, or the last comment above the rows that has a word for each field, as
/// `numpy.savetxt(header=…)` writes it. Fields are separated by commas, semicolons, tabs or blanks, whichever the heading
/// has. A field in quotes may hold separators and line ends, and a quote written twice (RFC 4180). A `#` outside of
/// quotes starts a comment. A line ends at LF or CRLF, blank lines and a byte-order mark mean nothing.
///
/// A column is found by its name in any case. A unit behind it, as in `flux [mJy]` or `flux (mJy)`, need not be given;
/// [`numbers_in`](Self::numbers_in) holds it against the unit that a module expects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTable<'a> {
    pub(super) role: &'a str,
    pub(super) columns: Vec<Cow<'a, str>>,
    /// Row after row.
    pub(super) fields: Vec<Cow<'a, str>>,
    pub(super) lines: Vec<u64>,
    heading: u64,
}

const CUT_OFF: &str = "the file may be cut off or broken in two; get it again";

/// Far more than any table has that a person wrote a module for.
const MOST_COLUMNS: usize = 1000;

impl<'a> TextTable<'a> {
    /// Reads a table with a heading; `None` when it has none, because its first line holds a number.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with the line for two columns of one name, more than 1000 columns, a row with another
    /// count of fields than the heading, a quote that is not closed, and a table without rows.
    pub fn find(role: &'a str, text: &'a str) -> Result<Option<Self>, ModuleError> {
        let Some((columns, separator, line)) = heading(text) else { return Ok(None) };
        Self::with_columns(role, text, columns, separator, line).map(Some)
    }

    /// Reads a table whose columns are known. Lines up to `heading` are passed over; with 0 there is none.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub fn with_columns(
        role: &'a str,
        text: &'a str,
        columns: Vec<Cow<'a, str>>,
        separator: Separator,
        heading: u64,
    ) -> Result<Self, ModuleError> {
        let mut table = Self { role, columns, fields: Vec::new(), lines: Vec::new(), heading };
        if table.columns.len() > MOST_COLUMNS {
            let message = format!("more than {MOST_COLUMNS} columns");
            return Err(table.wrong(message).hint("each row needs a line of its own"));
        }
        for (index, name) in table.columns.iter().enumerate() {
            if table.columns[..index].iter().any(|other| other.eq_ignore_ascii_case(name)) {
                let message = format!("the heading names the column `{}` twice", shortened(name));
                return Err(table.wrong(message).hint("rename one of them"));
            }
        }
        let mut records = Records::new(role, text, separator);
        while let Some(line) = records.read(&mut table.fields)? {
            let before = table.lines.len() * table.columns.len();
            if line <= heading {
                table.fields.truncate(before);
                continue;
            }
            let found = table.fields.len() - before;
            if found != table.columns.len() {
                let columns = counted(table.columns.len(), "column");
                let message = format!("{} in this line for {columns}", counted(found, "field"));
                return Err(ModuleError::bad_input(role, message).line(line).hint(CUT_OFF));
            }
            table.lines.push(line);
        }
        if table.lines.is_empty() {
            return Err(ModuleError::bad_input(role, "there is no row in it").hint(CUT_OFF));
        }
        Ok(table)
    }

    /// Number of rows; at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.lines.len()
    }

    /// Names of the columns, as written.
    #[must_use]
    pub fn columns(&self) -> &[Cow<'a, str>] {
        &self.columns
    }

    /// Line of each row, from 1: identities for rows that have no names.
    #[must_use]
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// The column of a name, whatever its case, if there is one.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<TextColumn<'_, 'a>> {
        let position =
            |matches: &dyn Fn(&str) -> bool| self.columns.iter().position(|column| matches(column));
        let index = position(&|column| column.eq_ignore_ascii_case(name))
            .or_else(|| position(&|column| name_and_unit(column).0.eq_ignore_ascii_case(name)))?;
        Some(TextColumn { table: self, index })
    }

    /// The column of a name.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with the line of the heading when there is none; the hint names the column that looks
    /// most like it.
    pub fn require(&self, name: &str) -> Result<TextColumn<'_, 'a>, ModuleError> {
        self.column(name).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|column| name_and_unit(column).0).collect();
            let hint = if let Some(near) = similar(names.iter().copied(), name) {
                format!("is `{}` it? Then call it `{name}`", shortened(near))
            } else {
                let shown = names.iter().take(8).map(|name| format!("`{}`", shortened(name)));
                format!("its columns are {}", shown.collect::<Vec<_>>().join(", "))
            };
            self.wrong(format!("there is no column `{name}`")).hint(hint)
        })
    }

    /// Refuses columns that the module does not know, so that a misspelt optional one is not passed over.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with the line of the heading and the number of the column; the hint names the known
    /// one that looks most like it.
    pub fn only(&self, known: &[&str]) -> Result<(), ModuleError> {
        let is_known = |column: &str| {
            known
                .iter()
                .any(|name| [column, name_and_unit(column).0].iter().any(|c| c.eq_ignore_ascii_case(name)))
        };
        let Some(index) = self.columns.iter().position(|column| !is_known(column)) else { return Ok(()) };
        let name = name_and_unit(&self.columns[index]).0;
        let hint = match similar(known.iter().copied(), name) {
            Some(near) => format!("is it `{near}`?"),
            None => format!("remove it; the columns are `{}`", known.join("`, `")),
        };
        let message = format!("the column `{}` is none that is known", shortened(name));
        Err(self.wrong(message).column(index as u64 + 1).hint(hint))
    }

    /// The finite numbers of a column, one for each row.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] when the column is missing, or with line and field for a field that is no finite
    /// decimal number.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, ModuleError> {
        self.require(name)?.numbers()
    }

    /// The same for a column in a unit. A heading without a unit is taken to mean this one; one with another unit
    /// (`flux [Jy]` for `mJy`) is refused, since nothing is converted silently.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers), and with the line of the heading for another unit.
    pub fn numbers_in(&self, name: &str, unit: &str) -> Result<Vec<f64>, ModuleError> {
        let column = self.require(name)?;
        match column.unit() {
            Some(found) if found != unit => {
                let message = format!("column `{name}` is in `{}`, expected `{unit}`", shortened(found));
                let error = self.wrong(message).column(column.index as u64 + 1);
                Err(error.hint(format!("convert the column to `{unit}` and say so in the heading")))
            }
            _ => column.numbers(),
        }
    }

    /// The numbers of a column in which a field that is empty or one of `missing`, such as `NaN` or `-99`, stands for no
    /// number. The result becomes a column with nulls.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers) for all other fields.
    pub fn optional_numbers(&self, name: &str, missing: &[&str]) -> Result<Vec<Option<f64>>, ModuleError> {
        self.require(name)?.optional_numbers(missing)
    }

    /// The whole numbers of a column.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] when the column is missing, or with line and field for a field that is no 64-bit
    /// integer in decimal digits.
    pub fn integers(&self, name: &str) -> Result<Vec<i64>, ModuleError> {
        self.require(name)?.integers()
    }

    /// The texts of a column, without quotes and blanks around them.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] when the column is missing.
    pub fn texts(&self, name: &str) -> Result<Vec<String>, ModuleError> {
        Ok(self.require(name)?.fields().map(str::to_owned).collect())
    }

    /// A column that identifies the rows: `1`, `2` and so on. For tables that have no names of their own.
    #[must_use]
    pub fn row_numbers(&self) -> Column {
        (1..=self.rows()).map(|row| row.to_string()).collect::<Vec<String>>().into()
    }

    /// An error that names the place of a row (from 0) and a column, for a check of the module's own.
    #[must_use]
    pub fn refuse(&self, row: usize, column: &str, message: impl Into<String>) -> ModuleError {
        match self.column(column) {
            Some(column) => column.refuse(row, message),
            None => self.wrong(message.into()),
        }
    }

    /// An error at the heading.
    fn wrong(&self, message: String) -> ModuleError {
        let error = ModuleError::bad_input(self.role, message);
        if self.heading > 0 { error.line(self.heading) } else { error }
    }
}
