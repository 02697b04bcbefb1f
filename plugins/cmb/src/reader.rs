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
use cosmology::text::{counted, shortened};
use plugin_api::{Input, ModuleError};

use crate::chain::RawChain;
use crate::raw_line::{RawLine, contents};
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
#[derive(Debug)]
pub(crate) enum Content<'a> {
    Values(Values),
    Chain(RawChain<'a>),
}

pub(crate) fn read<'a>(input: &Input<'a>) -> Result<Content<'a>, ModuleError> {
    let role = input.role;
    let (heading, lines) = contents(input.text()?);
    let Some(first) = lines.first().copied() else {
        return Err(ModuleError::bad_input(role, "there is no value in it").hint(LAYOUTS));
    };
    if lines.iter().any(|line| is_of_minimum(*line)) {
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
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for line in &lines {
        let (entry, error) = named(role, *line)?;
        entries.push(entry);
        errors.push(error);
    }
    let printed = errors.iter().any(Option::is_some).then_some(Printed { errors, correlations: None });
    Ok(Content::Values(Values { entries, printed, covariance: None }))
}

fn is_first_field(line: RawLine<'_>, word: &str) -> bool {
    line.fields().first() == Some(&word)
}

fn plain<'a>(entries: Vec<Entry>) -> Content<'a> {
    Content::Values(Values { entries, ..Values::default() })
}

/// `name = value`.
fn assignment(role: &str, line: RawLine<'_>) -> Result<Entry, ModuleError> {
    let (name, value) = line.text.split_once('=').unwrap_or_default();
    let value = line.number(role, 2, value.trim())?;
    Ok(Entry { name: name.trim().to_owned(), value, line: line.number, column: 2 })
}

/// `name value` or `name value error`.
fn named(role: &str, line: RawLine<'_>) -> Result<(Entry, Option<f64>), ModuleError> {
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
    let error = rest.first().map(|error| line.number(role, 3, error)).transpose()?;
    if let Some(error) = error.filter(|error| *error <= 0.0) {
        let message = format!("expected a positive error, found `{error}`");
        return Err(ModuleError::bad_input(role, message).line(line.number).column(3));
    }
    Ok((Entry { name: (*name).to_owned(), value, line: line.number, column: 2 }, error))
}

/// Whether a line is `index value name label`. The value is not looked at: one that is no number is to be refused.
fn is_of_minimum(line: RawLine<'_>) -> bool {
    let mut fields = line.text.split_ascii_whitespace();
    let index = fields.next().is_some_and(|index| index.parse::<u32>().is_ok());
    let is_name = |name: &str| name.starts_with(char::is_alphabetic) && name.parse::<f64>().is_err();
    index && fields.nth(1).is_some_and(is_name)
}

/// Every line that begins with an index, with a star behind the names of derived parameters.
fn minimum(role: &str, lines: &[RawLine<'_>]) -> Result<Vec<Entry>, ModuleError> {
    let mut entries = Vec::new();
    for line in lines {
        let mut fields = line.text.split_ascii_whitespace();
        if fields.next().is_none_or(|index| index.parse::<u32>().is_err()) {
            continue;
        }
        let (Some(value), Some(name)) = (fields.next(), fields.next()) else {
            let message = format!("expected an index, a value and a name, found `{}`", shortened(line.text));
            return Err(ModuleError::bad_input(role, message).line(line.number));
        };
        let value = line.number(role, 2, value)?;
        let name = name.trim_end_matches('*').to_owned();
        entries.push(Entry { name, value, line: line.number, column: 2 });
    }
    Ok(entries)
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
fn columns<'a>(role: &str, heading: RawLine<'a>, lines: &[RawLine<'a>]) -> Result<Content<'a>, ModuleError> {
    let names = heading.fields();
    if names.first().is_some_and(|name| matches!(*name, "weight" | "weights")) {
        return Ok(Content::Chain(RawChain { heading, lines: lines.to_vec() }));
    }
    let rows: Vec<Vec<&str>> =
        lines.iter().map(|line| line.fields_below(role, heading, names.len())).collect::<Result<_, _>>()?;
    match (lines, rows.as_slice()) {
        ([line], [fields]) => {
            let entry = |(column, (name, field)): (usize, (&&str, &&str))| {
                let value = line.number(role, column, field)?;
                Ok(Entry { name: (*name).to_owned(), value, line: line.number, column: column as u64 })
            };
            (1..).zip(names.iter().zip(fields)).map(entry).collect::<Result<_, _>>().map(plain)
        }
        ([_, second, ..], _) => Err(ModuleError::bad_input(
            role,
            "a second row of values, and no column `weight` that would make it a chain",
        )
        .line(second.number)
        .hint("begin the heading of a chain with `weight`; a mean has one row")),
        _ => Err(ModuleError::bad_input(role, "there is no value below the heading").line(heading.number)),
    }
}
