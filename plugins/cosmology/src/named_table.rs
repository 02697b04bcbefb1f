//! Tables whose columns have names, with the headings of supernova releases.
//!
//! Beside those that [`TextTable`] knows these are the one of SNLS and JLA, a line `# NAME:` for each column before
//! `#end`, and the one of CosmoMC's `lcparam` files, which names a last column, `biascor`, that their rows do not have.

use std::borrow::Cow;

use plugin_api::ModuleError;
use plugin_api::text::{Separator, TextTable};

/// Reads a table with a heading; `None` when it has none, because its first line begins like a row of numbers.
///
/// # Errors
/// As [`TextTable::find`].
pub fn read<'a>(role: &'a str, text: &'a str) -> Result<Option<TextTable<'a>>, ModuleError> {
    match line_for_each_column(text).or_else(|| one_column_too_many(text)) {
        Some((names, line)) => columns(role, text, &names, line).map(Some),
        None => TextTable::find(role, text),
    }
}

/// Reads a table without heading, whose columns are known to be these.
///
/// # Errors
/// As [`TextTable::with_columns`].
pub fn without_heading<'a>(
    role: &'a str,
    text: &'a str,
    names: &[&'a str],
) -> Result<TextTable<'a>, ModuleError> {
    columns(role, text, names, 0)
}

fn columns<'a>(
    role: &'a str,
    text: &'a str,
    names: &[&'a str],
    heading: u64,
) -> Result<TextTable<'a>, ModuleError> {
    let names = names.iter().copied().map(Cow::Borrowed).collect();
    TextTable::with_columns(role, text, names, Separator::Blanks, heading)
}

/// The comments at the beginning of a text.
fn comments(text: &str) -> impl Iterator<Item = (u64, &str)> {
    let lines = (1..).zip(text.split('\n').map(str::trim)).filter(|(_, line)| !line.is_empty());
    lines.map_while(|(number, line)| Some((number, line.strip_prefix('#')?.trim())))
}

fn line_for_each_column(text: &str) -> Option<(Vec<&str>, u64)> {
    let mut names = Vec::new();
    for (line, comment) in comments(text) {
        if comment == "end" && !names.is_empty() {
            return Some((names, line));
        }
        names.extend(comment.strip_suffix(':').filter(|name| !name.contains(char::is_whitespace)));
    }
    None
}

fn one_column_too_many(text: &str) -> Option<(Vec<&str>, u64)> {
    let fields = plugin_api::text::lines(text).next()?.fields.len();
    comments(text).find_map(|(line, comment)| {
        let mut names: Vec<&str> = comment.split_ascii_whitespace().collect();
        let is_one = names.len() == fields + 1 && names.pop() == Some("biascor");
        is_one.then_some((names, line))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_heading_is_understood() {
        for text in [
            "z mu\n0.1 38\n0.2 40\n",
            "# made in 2014\r\n# z mu \r\n0.1\t38 # first\r\n\r\n0.2 40\r\n\r\n \n",
            "#z mu biascor\n0.1 38\n0.2 40\n",
            "z,mu\n0.1, 38\n0.2,40\n",
            "# z:\n# mu:\n#end\n0.1 38\n0.2 40\n",
        ] {
            let table = read("table", text).unwrap().unwrap();
            assert_eq!(table.columns(), ["z", "mu"], "{text:?}");
            assert_eq!(table.numbers("MU").unwrap(), [38.0, 40.0]);
            assert_eq!(table.texts("z").unwrap(), ["0.1", "0.2"]);
        }
    }

    #[test]
    fn a_table_without_heading_is_told_apart() {
        let text = "# a remark of some words\n1993ah 0.1 38\n1993b 0.2 40\n";
        assert_eq!(read("table", text).unwrap(), None);
        assert_eq!(read("table", "\n# nothing\n").unwrap(), None);
        let table = without_heading("table", text, &["name", "z", "mu"]).unwrap();
        assert_eq!(table.lines(), [2, 3]);
        assert_eq!(table.texts("name").unwrap(), ["1993ah", "1993b"]);
    }
}
