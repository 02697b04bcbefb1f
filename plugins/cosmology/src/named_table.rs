//! Tables whose columns have names.
//!
//! Three kinds of heading are understood: a first line of names, the same behind a `#`, and the one of SNLS and JLA
//! with a line `# NAME:` for each column before `#end`. Fields are separated by commas when the heading is, else by
//! blanks. Blank lines and comments mean nothing, a line ends at LF or CRLF.

use plugin_api::ModuleError;

use crate::text::{counted, number, shortened};

/// A table with the place of each of its fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedTable<'a> {
    role: &'a str,
    columns: Vec<&'a str>,
    /// Row after row.
    fields: Vec<&'a str>,
    lines: Vec<u64>,
}

/// One column of a table.
#[derive(Debug, Clone, Copy)]
pub struct NamedColumn<'t, 'a> {
    table: &'t NamedTable<'a>,
    index: usize,
}

const CUT_OFF: &str = "the file may be cut off or broken in two; get it again";

/// Far more than any release has.
const MOST_COLUMNS: usize = 1000;

impl<'a> NamedTable<'a> {
    /// Reads a table with a heading; `None` when it has none, because its first line begins like a row of numbers.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] for two columns of one name, for a row with another count of fields than the heading,
    /// and for a table without rows.
    pub fn read(role: &'a str, text: &'a str) -> Result<Option<Self>, ModuleError> {
        let Some((separator, columns, heading)) = heading(text) else { return Ok(None) };
        if columns.len() > MOST_COLUMNS {
            return Err(ModuleError::bad_input(role, format!("more than {MOST_COLUMNS} columns"))
                .line(heading)
                .hint("each supernova or point needs a line of its own"));
        }
        for (index, name) in columns.iter().enumerate() {
            if columns[..index].iter().any(|other| other.eq_ignore_ascii_case(name)) {
                let message = format!("the heading names the column `{}` twice", shortened(name));
                return Err(ModuleError::bad_input(role, message).line(heading).hint("rename one of them"));
            }
        }
        Self::rows(role, text, columns, separator, heading).map(Some)
    }

    /// Reads a table without heading, whose columns are known to be these.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn without_heading(role: &'a str, text: &'a str, columns: &[&'a str]) -> Result<Self, ModuleError> {
        Self::rows(role, text, columns.to_vec(), Separator::Blanks, 0)
    }

    fn rows(
        role: &'a str,
        text: &'a str,
        columns: Vec<&'a str>,
        separator: Separator,
        heading: u64,
    ) -> Result<Self, ModuleError> {
        let (mut fields, mut lines) = (Vec::new(), Vec::new());
        for (line, content) in contents(text).filter(|(line, content)| *line > heading && !content.is_empty())
        {
            let before = fields.len();
            fields.extend(separator.split(content));
            let found = fields.len() - before;
            if found != columns.len() {
                let message = format!(
                    "{} in this line for {}",
                    counted(found, "field"),
                    counted(columns.len(), "column")
                );
                return Err(ModuleError::bad_input(role, message).line(line).hint(CUT_OFF));
            }
            lines.push(line);
        }
        if lines.is_empty() {
            return Err(ModuleError::bad_input(role, "there is no row in it").hint(CUT_OFF));
        }
        Ok(Self { role, columns, fields, lines })
    }

    /// Names of the columns, as written.
    #[must_use]
    pub fn columns(&self) -> &[&'a str] {
        &self.columns
    }

    /// Line of each row, from 1.
    #[must_use]
    pub fn lines(&self) -> &[u64] {
        &self.lines
    }

    /// The column of a name, whatever its case.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<NamedColumn<'_, 'a>> {
        let index = self.columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
        Some(NamedColumn { table: self, index })
    }
}

impl<'t, 'a> NamedColumn<'t, 'a> {
    /// The fields, first row to last.
    pub fn fields(self) -> impl Iterator<Item = &'a str> + 't {
        let table = self.table;
        table.fields.iter().skip(self.index).step_by(table.columns.len().max(1)).copied()
    }

    /// The fields as finite numbers.
    ///
    /// # Errors
    /// [`ModuleError::BadInput`] with line and field for anything else.
    pub fn numbers(self) -> Result<Vec<f64>, ModuleError> {
        let expected = format!("a number in column `{}`", self.table.columns[self.index]);
        self.table
            .lines
            .iter()
            .zip(self.fields())
            .map(|(&line, field)| number(self.table.role, line, self.index as u64 + 1, field, &expected))
            .collect()
    }

    /// An error that names the place of a row's field.
    #[must_use]
    pub fn refuse(self, row: usize, message: impl Into<String>) -> ModuleError {
        let error = ModuleError::bad_input(self.table.role, message).column(self.index as u64 + 1);
        match self.table.lines.get(row) {
            Some(&line) => error.line(line),
            None => error,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Separator {
    Blanks,
    Comma,
}

impl Separator {
    fn of(heading: &str) -> Self {
        if heading.contains(',') { Self::Comma } else { Self::Blanks }
    }

    fn split(self, content: &str) -> Vec<&str> {
        match self {
            Self::Blanks => content.split_ascii_whitespace().collect(),
            Self::Comma => content.split(',').map(str::trim).collect(),
        }
    }
}

/// What stands in each line before a `#`, without blanks around it.
fn contents(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.split('\n')).map(|(line, text)| (line, text.split('#').next().unwrap_or_default().trim()))
}

/// Separator, names and last line of the heading.
fn heading(text: &str) -> Option<(Separator, Vec<&str>, u64)> {
    let mut named = Vec::new();
    let fields = fields_of_first_row(text);
    for (line, content) in (1..).zip(text.split('\n').map(str::trim)).filter(|(_, line)| !line.is_empty()) {
        let Some(comment) = content.strip_prefix('#').map(str::trim) else {
            let names = Separator::of(content).split(content);
            return is_heading(&names).then_some((Separator::of(content), names, line));
        };
        if comment == "end" && !named.is_empty() {
            return Some((Separator::Blanks, named, line));
        }
        if let Some(name) = comment.strip_suffix(':').filter(|name| !name.contains(char::is_whitespace)) {
            named.push(name);
            continue;
        }
        let names = Separator::of(comment).split(comment);
        if named.is_empty()
            && names.len() > 1
            && is_heading(&names)
            && let Some(names) = columns_of(fields, names)
        {
            return Some((Separator::of(comment), names, line));
        }
    }
    None
}

/// A row holds a number; names are none.
fn is_heading(names: &[&str]) -> bool {
    names.iter().all(|name| !name.is_empty() && name.parse::<f64>().is_err())
}

/// Comments do not count, so that this is the row below a heading that is one.
fn fields_of_first_row(text: &str) -> usize {
    let first = contents(text).map(|(_, content)| content).find(|content| !content.is_empty());
    first.map_or(0, |first| Separator::of(first).split(first).len())
}

/// A comment is a heading when the first row below it has as many fields, or one less: the heading of CosmoMC's
/// `lcparam` files names a last column, `biascor`, that their rows do not have.
fn columns_of(fields: usize, mut names: Vec<&str>) -> Option<Vec<&str>> {
    if names.len() == fields + 1 {
        names.pop();
    }
    (names.len() == fields).then_some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &'static str) -> NamedTable<'static> {
        NamedTable::read("table", text).unwrap().unwrap()
    }

    #[test]
    fn every_kind_of_heading_is_understood() {
        for text in [
            "z mu\n0.1 38\n0.2 40\n",
            "#z mu\n0.1 38\n0.2 40",
            "# made in 2014\r\n# z mu \r\n0.1\t38 # first\r\n\r\n0.2 40\r\n\r\n \n",
            "#z mu biascor\n0.1 38\n0.2 40\n",
            "z,mu\n0.1, 38\n0.2,40\n",
            "# z:\n# mu:\n#end\n0.1 38\n0.2 40\n",
        ] {
            let table = table(text);
            assert_eq!(table.columns(), ["z", "mu"], "{text:?}");
            assert_eq!(table.column("MU").unwrap().numbers().unwrap(), [38.0, 40.0]);
            assert_eq!(table.column("z").unwrap().fields().collect::<Vec<_>>(), ["0.1", "0.2"]);
            assert!(table.column("dmu").is_none());
        }
    }

    #[test]
    fn a_table_without_heading_is_told_apart() {
        let text = "# a remark of some words\n1993ah 0.1 38\n1993b 0.2 40\n";
        assert_eq!(NamedTable::read("table", text).unwrap(), None);
        assert_eq!(NamedTable::read("table", "\n# nothing\n").unwrap(), None);
        let table = NamedTable::without_heading("table", text, &["name", "z", "mu"]).unwrap();
        assert_eq!(table.lines(), [2, 3]);
        assert_eq!(table.column("name").unwrap().fields().last(), Some("1993b"));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let error = |text| NamedTable::read("table", text).unwrap_err().to_string();
        assert_eq!(
            error("z mu\n0.1 38\n\n0.2\n"),
            "input `table`, line 4: 1 field in this line for 2 columns"
        );
        assert_eq!(error("z,mu\n0.1,38,\n"), "input `table`, line 2: 3 fields in this line for 2 columns");
        assert_eq!(error("z mu Z\n"), "input `table`, line 1: the heading names the column `Z` twice");
        assert_eq!(error("z mu\n#0.1 38\n"), "input `table`: there is no row in it");
        let column_error = table("#z mu\n0.1 38\n0.2 nan\n").column("mu").unwrap().numbers().unwrap_err();
        assert!(column_error.to_string().starts_with("input `table`, line 3, field 2: not a finite number"));
        let refused = table("#z mu\n0.1 38\n").column("z").unwrap().refuse(0, "negative");
        assert_eq!(refused.to_string(), "input `table`, line 2, field 1: negative");
    }

    /// Each comment was once held against the first row anew, and each column against all others: minutes, not moments.
    #[test]
    fn many_comments_and_many_columns_do_not_stall_it() {
        let text = "#a b\n".repeat(300_000) + "1 2 3\n";
        assert_eq!(NamedTable::read("table", &text).unwrap(), None);
        let wide: Vec<String> = (0..200_000).map(|column| format!("c{column}")).collect();
        let error = NamedTable::read("table", &wide.join(" ")).unwrap_err().to_string();
        assert!(error.contains("more than 1000 columns"), "{error}");
    }
}
