//! The bytes a module works on.

use crate::text::{MatrixText, TextTable, counted, lines, number};
use crate::{Matrix, ModuleError};

/// The input files of one derivation, by role.
///
/// The bytes live as long as the derivation and everything it returns, so a streamed table may borrow from them.
#[derive(Debug, Clone)]
pub struct Inputs<'a> {
    inputs: Vec<Input<'a>>,
}

/// One input file: already size-limited, decompressed and hashed by the host.
///
/// [`table`](Self::table), [`matrix`](Self::matrix), [`diagonal`](Self::diagonal) and
/// [`standard_deviations`](Self::standard_deviations) read the usual text files; every error of theirs names role, line
/// and field, and says what to do. [`text`](Self::text) and [`bytes`](Self::bytes) are for everything else.
///
/// ```
/// # use plugin_api::{Input, ModuleError};
/// # fn main() -> Result<(), ModuleError> {
/// let input = Input { role: "table", name: "star.csv", bytes: b"time_day,flux [mJy]\n0.5,1.25\n1.5,1.50\n" };
/// let table = input.table()?;
/// assert_eq!(table.rows(), 2);
/// assert_eq!(table.numbers("time_day")?, [0.5, 1.5]);
/// assert_eq!(table.numbers_in("flux", "mJy")?, [1.25, 1.5]);
///
/// let error = table.numbers("time_days").unwrap_err();
/// assert_eq!(error.to_string(), "input `table`, line 1: there is no column `time_days`");
///
/// let input = Input { role: "covariance", name: "star.cov", bytes: b"2\n0.04 0.01\n0.01 0.09\n" };
/// let covariance = input.matrix(table.rows())?;
/// assert_eq!(covariance.standard_deviations(), [0.2, 0.3]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Role from the descriptor, such as `covariance`.
    pub role: &'a str,
    /// File name for messages; never a path to open.
    pub name: &'a str,
    /// All bytes.
    pub bytes: &'a [u8],
}

impl<'a> Inputs<'a> {
    /// Collects inputs; for tests of a module without a host.
    #[must_use]
    pub fn new(inputs: Vec<Input<'a>>) -> Self {
        Self { inputs }
    }

    /// All inputs, in the order of the descriptor.
    pub fn iter(&self) -> impl Iterator<Item = &Input<'a>> {
        self.inputs.iter()
    }

    /// The input of a role, if the user gave one.
    #[must_use]
    pub fn get(&self, role: &str) -> Option<Input<'a>> {
        self.inputs.iter().copied().find(|input| input.role == role)
    }

    /// The input of a role.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] that names the role when there is none.
    pub fn require(&self, role: &str) -> Result<Input<'a>, ModuleError> {
        self.get(role).ok_or_else(|| {
            ModuleError::bad_input(role, "this input is missing")
                .hint(format!("give it with `--input {role}=PATH`"))
        })
    }
}

impl<'a> Input<'a> {
    /// The bytes as text, without a leading byte-order mark.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with the line of the first byte that is not UTF-8.
    pub fn text(&self) -> Result<&'a str, ModuleError> {
        match std::str::from_utf8(self.bytes) {
            Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
            Err(error) => {
                let before = &self.bytes[..error.valid_up_to()];
                let line = before.split(|&byte| byte == b'\n').count() as u64;
                Err(ModuleError::bad_input(self.role, "not UTF-8 text").line(line))
            }
        }
    }

    /// The text as a table with named columns; see [`TextTable`].
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] as [`text`](Self::text) and [`TextTable::find`], and when there is no heading.
    pub fn table(&self) -> Result<TextTable<'a>, ModuleError> {
        TextTable::find(self.role, self.text()?)?.ok_or_else(|| {
            ModuleError::bad_input(self.role, "the first line does not name the columns")
                .line(1)
                .hint("put the names of the columns into the first line, such as `time,flux`")
        })
    }

    /// The text as a square matrix of `rows` rows and columns, named as this role; see [`MatrixText::read`]. Whether it
    /// is symmetric and positive definite is for the contract to demand and the host to check.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with line and field for anything but `rows` × `rows` finite numbers.
    pub fn matrix(&self, rows: usize) -> Result<Matrix, ModuleError> {
        let (values, _) = MatrixText::read(self.role, self.bytes, rows)?;
        Ok(Matrix::new(self.role, rows, values))
    }

    /// The text as the `rows` variances of a covariance without correlations, a matrix named as this role.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with line and field for anything but `rows` finite numbers.
    pub fn diagonal(&self, rows: usize) -> Result<Matrix, ModuleError> {
        Ok(Matrix::diagonal(self.role, &self.list(rows)?))
    }

    /// The text as the `rows` standard deviations of a covariance without correlations: its diagonal holds their
    /// squares.
    ///
    /// # Errors
    /// As [`diagonal`](Self::diagonal).
    pub fn standard_deviations(&self, rows: usize) -> Result<Matrix, ModuleError> {
        Ok(Matrix::of_standard_deviations(self.role, &self.list(rows)?))
    }

    /// `count` numbers in any arrangement of lines.
    fn list(&self, count: usize) -> Result<Vec<f64>, ModuleError> {
        let (mut values, mut last) = (Vec::new(), 1);
        for line in lines(self.text()?) {
            last = line.number;
            for (column, field) in (1..).zip(&line.fields) {
                values.push(number(self.role, line.number, column, field, "a number")?);
            }
        }
        if values.len() == count {
            return Ok(values);
        }
        let message = format!("{} for {}", counted(values.len(), "number"), counted(count, "row"));
        Err(ModuleError::bad_input(self.role, message).line(last).hint("write one number for each row"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input<'_> {
        Input { role: "errors", name: "errors.txt", bytes: text.as_bytes() }
    }

    #[test]
    fn variances_and_errors_become_a_matrix_with_the_name_of_their_role() {
        let matrix = Matrix::new("errors", 2, vec![4.0, 0.0, 0.0, 9.0]);
        assert_eq!(input("4 # K^2\n9\n").diagonal(2).unwrap(), matrix);
        assert_eq!(input("2 3").standard_deviations(2).unwrap(), matrix);
        let error = input("2 3\n\n4\n").diagonal(2).unwrap_err().to_string();
        assert_eq!(error, "input `errors`, line 3: 3 numbers for 2 rows");
        let error = input("2\n3 nan\n").diagonal(2).unwrap_err().to_string();
        assert!(error.starts_with("input `errors`, line 2, field 2: not a finite number"), "{error}");
    }

    #[test]
    fn a_table_without_heading_is_refused_with_a_hint() {
        let ModuleError::BadInput(fault) = input("1,2\n3,4\n").table().unwrap_err() else { panic!() };
        assert_eq!(
            (fault.line, fault.message.as_str()),
            (Some(1), "the first line does not name the columns")
        );
        assert!(fault.hint.unwrap().contains("`time,flux`"));
    }
}
