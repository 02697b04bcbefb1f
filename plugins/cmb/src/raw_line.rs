//! Lines of a text and their fields.

use cosmology::text::{counted, number};
use plugin_api::ModuleError;

/// A line without comment and outer blanks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RawLine<'a> {
    pub(crate) number: u64,
    pub(crate) text: &'a str,
}

impl<'a> RawLine<'a> {
    /// Fields between commas where there are any, else between blanks; a comma at the end of a heading ends nothing.
    pub(crate) fn fields(self) -> Vec<&'a str> {
        if self.text.contains(',') {
            self.text.trim_end_matches(',').split(',').map(str::trim).collect()
        } else {
            self.text.split_ascii_whitespace().collect()
        }
    }

    /// As many fields as the heading has names.
    pub(crate) fn fields_below(
        self,
        role: &str,
        heading: RawLine<'_>,
        count: usize,
    ) -> Result<Vec<&'a str>, ModuleError> {
        let fields = self.fields();
        if fields.len() == count {
            return Ok(fields);
        }
        let message = format!(
            "{} in this line, but {} in the heading, line {}",
            counted(fields.len(), "value"),
            counted(count, "name"),
            heading.number
        );
        Err(ModuleError::bad_input(role, message)
            .line(self.number)
            .hint("every line below the heading has one value for each name; the file may be cut off"))
    }

    pub(crate) fn number(self, role: &str, column: usize, field: &str) -> Result<f64, ModuleError> {
        number(role, self.number, column as u64, field, "a number")
    }
}

/// The lines that hold something, and the last comment above them, which may be a heading.
pub(crate) fn contents(text: &str) -> (Option<RawLine<'_>>, Vec<RawLine<'_>>) {
    let (mut heading, mut lines) = (None, Vec::new());
    for (number, line) in (1..).zip(text.split('\n')) {
        let (content, comment) =
            line.split_once('#').map_or((line, None), |(content, comment)| (content, Some(comment)));
        if !content.trim().is_empty() {
            lines.push(RawLine { number, text: content.trim() });
        } else if let Some(comment) = comment.filter(|comment| lines.is_empty() && !comment.trim().is_empty())
        {
            heading = Some(RawLine { number, text: comment.trim() });
        }
    }
    (heading, lines)
}

/// The heading `# name name …` of a matrix, if there is one with as many names as the matrix has columns.
pub(crate) fn matrix_heading(text: &str) -> Option<RawLine<'_>> {
    let (heading, lines) = contents(text);
    heading.filter(|heading| lines.first().is_some_and(|line| line.fields().len() == heading.fields().len()))
}
