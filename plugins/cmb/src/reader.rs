//! Reads named values as releases write them. The layouts, told apart by their form:
//!
//! * `name = value`, one a line;
//! * `name value` or `name value error`, one a line;
//! * `index value name label`, the layout of Planck's `.minimum` files, whose other lines are left out;
//! * `parameters NAMES` (which may be a comment), `mean VALUES`, and a line `cov VALUES` for each row of the covariance;
//! * `parameter,mean,…` with errors and correlations (see [`table`]);
//! * a heading with names (`#` in front, or commas), then one row of values: a best fit of MontePython;
//! * such a heading that begins with `weight`, then many rows: a chain of GetDist or Cobaya.

use cosmology::matrix::SquareMatrix;
use cosmology::text::{counted, number, shortened};
use plugin_api::{Input, ModuleError};

use crate::chain::Samples;
use crate::table::{self, Printed};

/// Role of published distance priors.
pub(crate) const PRIORS: &str = "priors";
/// Role of base parameters.
pub(crate) const PARAMETERS: &str = "parameters";
/// Role of the covariance of either.
pub(crate) const COVARIANCE: &str = "covariance";
/// Role of the printed table to hold priors against.
pub(crate) const TABLE: &str = "table";

const LAYOUTS: &str = "write `name = value`, one a line, or a heading `# name name …` above the values";

/// A value with its name and place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) line: u64,
    pub(crate) column: u64,
}

/// Named values, and what the file says of their errors.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Values {
    pub(crate) entries: Vec<Entry>,
    pub(crate) printed: Option<Printed>,
    pub(crate) covariance: Option<SquareMatrix>,
}

/// What a file holds.
#[derive(Debug, PartialEq)]
pub(crate) enum Content {
    Values(Values),
    Samples(Samples),
}

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

    pub(crate) fn number(self, role: &str, column: usize, field: &str) -> Result<f64, ModuleError> {
        number(role, self.number, column as u64, field, "a number")
    }
}

/// The lines that hold something, and the last comment above them, which may be a heading.
fn contents(text: &str) -> (Option<RawLine<'_>>, Vec<RawLine<'_>>) {
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

/// Names in the heading `# name name …` of a matrix, if there is one with as many names as the matrix has columns.
pub(crate) fn matrix_heading(text: &str) -> Option<Vec<String>> {
    let (heading, lines) = contents(text);
    let names = heading?.fields();
    let columns = lines.first()?.fields().len();
    (names.len() == columns).then(|| names.into_iter().map(str::to_owned).collect())
}

pub(crate) fn read(input: &Input<'_>) -> Result<Content, ModuleError> {
    let role = input.role;
    let (heading, lines) = contents(input.text()?);
    let Some(first) = lines.first().copied() else {
        return Err(ModuleError::bad_input(role, "there is no value in it").hint(LAYOUTS));
    };
    if lines.iter().any(|line| minimum_line(*line).is_some()) {
        return minimum(role, &lines).map(plain);
    }
    // A file may keep the line with the names in a comment.
    let lines = match heading.filter(|heading| is_first_field(*heading, "parameters")) {
        Some(heading) if is_first_field(first, "mean") => [&[heading], lines.as_slice()].concat(),
        _ => lines,
    };
    if lines.first().is_some_and(|line| is_first_field(*line, "parameters")) {
        return mean_and_covariance(role, &lines).map(Content::Values);
    }
    if lines.iter().all(|line| line.text.contains('=')) {
        return lines.iter().map(|line| assignment(role, *line)).collect::<Result<_, _>>().map(plain);
    }
    let names = first.fields();
    if table::is_heading(&names) {
        return table::read(role, &names, &lines).map(Content::Values);
    }
    let numeric = |field: &&str| field.parse::<f64>().is_ok();
    if names.iter().all(numeric) {
        return match heading {
            Some(heading) => columns(role, heading, &lines),
            None => Err(ModuleError::bad_input(role, "nothing says what the values are")
                .line(first.number)
                .hint(LAYOUTS)),
        };
    }
    if first.text.contains(',') || (names.len() > 1 && !names.iter().any(numeric)) {
        return columns(role, first, lines.get(1..).unwrap_or_default());
    }
    lines.iter().map(|line| named(role, *line)).collect::<Result<_, _>>().map(plain)
}

fn is_first_field(line: RawLine<'_>, word: &str) -> bool {
    line.fields().first() == Some(&word)
}

fn plain(entries: Vec<Entry>) -> Content {
    Content::Values(Values { entries, ..Values::default() })
}

/// `name = value`.
fn assignment(role: &str, line: RawLine<'_>) -> Result<Entry, ModuleError> {
    let (name, value) = line.text.split_once('=').unwrap_or_default();
    let value = line.number(role, 2, value.trim())?;
    Ok(Entry { name: name.trim().to_owned(), value, line: line.number, column: 2 })
}

/// `name value` or `name value error`. The error says nothing of correlations and is not used.
fn named(role: &str, line: RawLine<'_>) -> Result<Entry, ModuleError> {
    let fields = line.fields();
    let [name, value, rest @ ..] = fields.as_slice() else {
        let message = format!("{} in this line", counted(fields.len(), "field"));
        return Err(ModuleError::bad_input(role, message).line(line.number).hint(LAYOUTS));
    };
    if name.parse::<f64>().is_ok() || rest.len() > 1 {
        let message =
            format!("expected a name, its value and perhaps its error, found `{}`", shortened(line.text));
        return Err(ModuleError::bad_input(role, message).line(line.number).hint(LAYOUTS));
    }
    let value = line.number(role, 2, value)?;
    for (column, error) in (3..).zip(rest) {
        line.number(role, column, error)?;
    }
    Ok(Entry { name: (*name).to_owned(), value, line: line.number, column: 2 })
}

/// `index value name label`, with a star behind the names of derived parameters.
fn minimum_line(line: RawLine<'_>) -> Option<(&str, &str)> {
    let mut fields = line.text.split_ascii_whitespace();
    let (index, value, name) = (fields.next()?, fields.next()?, fields.next()?);
    let is_one = index.parse::<u32>().is_ok() && value.contains('.') && name.starts_with(char::is_alphabetic);
    is_one.then(|| (value, name.trim_end_matches('*')))
}

fn minimum(role: &str, lines: &[RawLine<'_>]) -> Result<Vec<Entry>, ModuleError> {
    let entry = |line: &RawLine<'_>| {
        let (value, name) = minimum_line(*line)?;
        Some(line.number(role, 2, value).map(|value| Entry {
            name: name.to_owned(),
            value,
            line: line.number,
            column: 2,
        }))
    };
    lines.iter().filter_map(entry).collect()
}

/// `parameters NAMES`, `mean VALUES`, `cov VALUES` for each row.
fn mean_and_covariance(role: &str, lines: &[RawLine<'_>]) -> Result<Values, ModuleError> {
    let (mut names, mut entries, mut rows) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines {
        let fields = line.fields();
        let values = fields.get(1..).unwrap_or_default();
        let numbers = || -> Result<Vec<f64>, ModuleError> {
            let read = (2..).zip(values).map(|(column, field)| line.number(role, column, field));
            let numbers: Vec<f64> = read.collect::<Result<_, _>>()?;
            if numbers.len() == names.len() {
                return Ok(numbers);
            }
            let message =
                format!("{} for {}", counted(numbers.len(), "number"), counted(names.len(), "parameter"));
            Err(ModuleError::bad_input(role, message).line(line.number))
        };
        match fields.first().copied() {
            Some("parameters") if names.is_empty() => names = values.to_vec(),
            Some("mean") if entries.is_empty() => {
                let entry = |((column, name), value): ((u64, &&str), f64)| Entry {
                    name: (*name).to_owned(),
                    value,
                    line: line.number,
                    column,
                };
                entries = (2..).zip(&names).zip(numbers()?).map(entry).collect();
            }
            Some("cov") => rows.push(numbers()?),
            _ => {
                let message = format!(
                    "expected one `parameters`, one `mean` and lines `cov`, found `{}`",
                    shortened(line.text)
                );
                return Err(ModuleError::bad_input(role, message).line(line.number));
            }
        }
    }
    if entries.is_empty() || (!rows.is_empty() && rows.len() != names.len()) {
        let message = format!(
            "{} and {} `cov` for {}",
            if entries.is_empty() { "no line `mean`" } else { "a mean" },
            counted(rows.len(), "line"),
            counted(names.len(), "parameter")
        );
        return Err(ModuleError::bad_input(role, message).hint("the file may be cut off; get it again"));
    }
    let covariance = (!rows.is_empty()).then(|| {
        let mut covariance = SquareMatrix::zeros(names.len());
        for (row, values) in rows.iter().enumerate() {
            for (column, value) in values.iter().enumerate() {
                covariance.set(row, column, *value);
            }
        }
        covariance
    });
    Ok(Values { entries, printed: None, covariance })
}

/// A heading with names and rows of values below.
fn columns(role: &str, heading: RawLine<'_>, lines: &[RawLine<'_>]) -> Result<Content, ModuleError> {
    let names = heading.fields();
    if let Some(line) = lines.iter().find(|line| line.fields().len() != names.len()) {
        let message = format!(
            "{} in this line, but {} in the heading, line {}",
            counted(line.fields().len(), "value"),
            counted(names.len(), "name"),
            heading.number
        );
        return Err(ModuleError::bad_input(role, message).line(line.number).hint(LAYOUTS));
    }
    if names.first().is_some_and(|name| matches!(*name, "weight" | "weights")) {
        return Samples::read(role, &names, lines).map(Content::Samples);
    }
    match lines {
        [] => Err(ModuleError::bad_input(role, "there is no value below the heading").line(heading.number)),
        [line] => {
            let entry = |(column, (name, field)): (usize, (&&str, &str))| {
                let value = line.number(role, column, field)?;
                Ok(Entry { name: (*name).to_owned(), value, line: line.number, column: column as u64 })
            };
            (1..).zip(names.iter().zip(line.fields())).map(entry).collect::<Result<_, _>>().map(plain)
        }
        [_, second, ..] => Err(ModuleError::bad_input(
            role,
            "a second row of values, and no column `weight` that would make it a chain",
        )
        .line(second.number)
        .hint("begin the heading of a chain with `weight`; a mean has one row")),
    }
}
