//! One column of a table of text.

use super::heading::name_and_unit;
use super::{TextTable, number, shortened};
use crate::ModuleError;

/// One column of a [`TextTable`].
#[derive(Debug, Clone, Copy)]
pub struct TextColumn<'t, 'a> {
    pub(super) table: &'t TextTable<'a>,
    pub(super) index: usize,
}

impl<'t> TextColumn<'t, '_> {
    /// Its name in the heading, without a unit.
    #[must_use]
    pub fn name(self) -> &'t str {
        name_and_unit(&self.table.columns[self.index]).0
    }

    /// The unit in the heading, as in `flux [mJy]`, if there is one.
    #[must_use]
    pub fn unit(self) -> Option<&'t str> {
        name_and_unit(&self.table.columns[self.index]).1
    }

    /// The fields, first row to last, without quotes and blanks around them.
    pub fn fields(self) -> impl Iterator<Item = &'t str> {
        let table = self.table;
        table.fields.iter().skip(self.index).step_by(table.columns.len().max(1)).map(AsRef::as_ref)
    }

    /// The fields as finite numbers.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with line and field for anything else.
    pub fn numbers(self) -> Result<Vec<f64>, ModuleError> {
        self.each(|line, field| self.number(line, field))
    }

    /// The same, where a field that is empty or one of `missing` (in any case) stands for no number.
    ///
    /// # Errors
    /// As [`numbers`](Self::numbers) for all other fields.
    pub fn optional_numbers(self, missing: &[&str]) -> Result<Vec<Option<f64>>, ModuleError> {
        let is_missing =
            |field: &str| field.is_empty() || missing.iter().any(|word| word.eq_ignore_ascii_case(field));
        self.each(|line, field| (!is_missing(field)).then(|| self.number(line, field)).transpose())
    }

    /// The fields as whole numbers.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with line and field for anything else.
    pub fn integers(self) -> Result<Vec<i64>, ModuleError> {
        self.each(|line, field| {
            field.parse().map_err(|_| {
                let message = format!(
                    "not a whole number: found `{}`, expected one in column `{}`",
                    shortened(field),
                    self.name()
                );
                self.at(line, message).hint("write digits alone, at most 19")
            })
        })
    }

    /// An error that names the place of a row's field; rows count from 0.
    #[must_use]
    pub fn refuse(self, row: usize, message: impl Into<String>) -> ModuleError {
        match self.table.lines.get(row) {
            Some(&line) => self.at(line, message),
            None => ModuleError::bad_input(self.table.role, message).column(self.index as u64 + 1),
        }
    }

    fn each<T>(self, read: impl Fn(u64, &'t str) -> Result<T, ModuleError>) -> Result<Vec<T>, ModuleError> {
        self.table.lines.iter().zip(self.fields()).map(|(&line, field)| read(line, field)).collect()
    }

    fn number(self, line: u64, field: &str) -> Result<f64, ModuleError> {
        let expected = || format!("a number in column `{}`", self.name());
        let column = self.index as u64 + 1;
        // The message is only put together when there is something to say.
        number(self.table.role, line, column, field, "").or_else(|_| {
            let error = number(self.table.role, line, column, field, &expected());
            let is_word = field.starts_with(char::is_alphabetic) || field.is_empty();
            error.map_err(|error| {
                if is_word { error.hint("every row of this column needs a finite number") } else { error }
            })
        })
    }

    fn at(self, line: u64, message: impl Into<String>) -> ModuleError {
        ModuleError::bad_input(self.table.role, message).line(line).column(self.index as u64 + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &'static str) -> TextTable<'static> {
        TextTable::find("table", text).unwrap().unwrap()
    }

    fn fault(error: ModuleError) -> (Option<u64>, Option<u64>, String, String) {
        let ModuleError::BadInput(fault) = error else { panic!("{error}") };
        (fault.line, fault.column, fault.message, fault.hint.unwrap_or_default())
    }

    #[test]
    fn every_heading_and_separator_is_understood() {
        for text in [
            "z mu\n0.1 38\n0.2 40\n",
            "#z mu\n0.1 38\n0.2 40",
            "# made in May, by me\r\n# z mu \r\n0.1\t38 # first\r\n\r\n0.2 40\r\n\r\n \n",
            "\u{feff}z,mu\n0.1, 38\n0.2,40\n",
            "# a remark, with a comma\nz;mu\n0.1;38\n0.2 ; 40\n",
            "z\tmu\n0.1\t38\n0.2\t40\n",
            "z\tmu\n0.1  38\n0.2 40\n",
            "\"z\",\"mu [mag]\"\r\n\"0.1\",38\r\n0.2,\"40\"",
        ] {
            let table = table(text);
            assert_eq!(table.rows(), 2, "{text:?}");
            assert_eq!(table.numbers("MU").unwrap(), [38.0, 40.0], "{text:?}");
            assert_eq!(table.texts("z").unwrap(), ["0.1", "0.2"], "{text:?}");
            assert!(table.column("dmu").is_none());
        }
        assert_eq!(table("# name kind\nalpha x\nbeta y\n").texts("kind").unwrap(), ["x", "y"]);
        assert_eq!(table("name kind\nalpha x\n").texts("kind").unwrap(), ["x"]);
        let tabs = table("name\tz\nNGC 1\t0.1\n");
        assert_eq!(tabs.texts("name").unwrap(), ["NGC 1"]);
        let quoted = table("name,z\n\"a, \"\"b\"\"\",1\n\"two\nlines\",2\n");
        assert_eq!(quoted.texts("name").unwrap(), ["a, \"b\"", "two\nlines"]);
        assert_eq!(quoted.lines(), [2, 3]);
    }

    #[test]
    fn a_table_without_heading_is_told_apart() {
        for text in ["# a remark of some words\n1993ah 0.1 38\n", "\n# nothing\n", "", "1,2\n3,4\n"] {
            assert_eq!(TextTable::find("table", text).unwrap(), None, "{text:?}");
        }
    }

    #[test]
    fn columns_that_are_missing_unknown_or_double_name_the_nearest() {
        let table = table("# by hand\ntime_days,flux [mJy]\n1,2\n");
        let (line, _, message, hint) = fault(table.numbers("time_day").unwrap_err());
        assert_eq!((line, message.as_str()), (Some(2), "there is no column `time_day`"));
        assert_eq!(hint, "is `time_days` it? Then call it `time_day`");
        let (.., hint) = fault(table.numbers("redshift").unwrap_err());
        assert_eq!(hint, "its columns are `time_days`, `flux`");
        let (line, column, message, hint) = fault(table.only(&["time_day", "flux"]).unwrap_err());
        assert_eq!((line, column), (Some(2), Some(1)));
        assert_eq!(message, "the column `time_days` is none that is known");
        assert_eq!(hint, "is it `time_day`?");
        assert_eq!(table.only(&["TIME_DAYS", "flux"]), Ok(()));
        let twice = TextTable::find("table", "a,b,A\n1,2,3\n").unwrap_err().to_string();
        assert_eq!(twice, "input `table`, line 1: the heading names the column `A` twice");
    }

    #[test]
    fn a_unit_in_the_heading_is_held_against_the_expected_one() {
        let table = table("time (d),flux [mJy],level\n1,2,3\n");
        assert_eq!(table.numbers_in("flux", "mJy").unwrap(), [2.0]);
        assert_eq!(table.numbers_in("level", "m").unwrap(), [3.0]);
        assert_eq!(table.column("time").and_then(TextColumn::unit), Some("d"));
        let (line, column, message, _) = fault(table.numbers_in("flux", "Jy").unwrap_err());
        assert_eq!((line, column), (Some(1), Some(2)));
        assert_eq!(message, "column `flux` is in `mJy`, expected `Jy`");
    }

    #[test]
    fn a_field_that_is_wrong_is_named_with_line_field_and_hint() {
        let text = "n,x\n1,nan\n2,\n2.5,-99\n";
        let (line, column, message, hint) = fault(table(text).numbers("x").unwrap_err());
        assert_eq!((line, column), (Some(2), Some(2)));
        assert_eq!(message, "not a finite number: found `nan`, expected a number in column `x`");
        assert_eq!(hint, "every row of this column needs a finite number");
        assert_eq!(table(text).optional_numbers("x", &["NaN", "-99"]).unwrap(), [None, None, None]);
        assert!(table(text).optional_numbers("x", &["-99"]).is_err());
        let (line, column, message, _) = fault(table(text).integers("n").unwrap_err());
        assert_eq!((line, column), (Some(4), Some(1)));
        assert_eq!(message, "not a whole number: found `2.5`, expected one in column `n`");
        let own = table(text).refuse(1, "x", "too cold");
        assert_eq!(own.to_string(), "input `table`, line 3, field 2: too cold");
    }

    #[test]
    fn rows_that_do_not_fit_the_heading_are_named() {
        let error = |text| TextTable::find("table", text).unwrap_err().to_string();
        assert_eq!(
            error("z mu\n0.1 38\n\n0.2\n"),
            "input `table`, line 4: 1 field in this line for 2 columns"
        );
        assert_eq!(error("z,mu\n0.1,38,\n"), "input `table`, line 2: 3 fields in this line for 2 columns");
        assert_eq!(error("z mu\n#0.1 38\n"), "input `table`: there is no row in it");
        let error = |text| TextTable::find("table", text).unwrap_err().to_string();
        assert!(error("a,b\n1,\"2\n").contains("line 2, field 2: a quote is opened here"));
    }

    /// Each comment was once held against the first row anew, and each column against all others: minutes, not moments.
    #[test]
    fn many_comments_and_many_columns_do_not_stall_it() {
        let text = "#a b\n".repeat(300_000) + "1 2 3\n";
        assert_eq!(TextTable::find("table", &text).unwrap(), None);
        let wide: Vec<String> = (0..200_000).map(|column| format!("c{column}")).collect();
        let error = TextTable::find("table", &(wide.join(" ") + "\n1\n")).unwrap_err().to_string();
        assert!(error.contains("more than 1000 columns"), "{error}");
    }
}
