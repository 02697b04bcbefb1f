//! A printed table: `parameter,mean,error…,correlations…`, with commas.

use cosmology::matrix::SquareMatrix;
use cosmology::text::{counted, shortened};
use plugin_api::ModuleError;

use crate::quantity::Quantity;
use crate::raw_line::RawLine;
use crate::reader::{Entry, Values};

/// Errors and correlations as printed, that is rounded.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Printed {
    /// Where upper and lower error differ, half of their sum; `None` where none is printed.
    pub(crate) errors: Vec<Option<f64>>,
    pub(crate) correlations: Option<SquareMatrix>,
}

impl Printed {
    /// `C = diag(σ) Corr diag(σ)`, where the table has correlations.
    pub(crate) fn covariance(&self) -> Option<SquareMatrix> {
        let correlations = self.correlations.as_ref()?;
        let errors: Vec<f64> = self.errors.iter().copied().collect::<Option<_>>()?;
        let mut covariance = SquareMatrix::zeros(errors.len());
        for (row, left) in errors.iter().enumerate() {
            for (column, right) in errors.iter().enumerate() {
                covariance.set(row, column, left * right * correlations.get(row, column));
            }
        }
        Some(covariance)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Error,
    /// With the name of the other parameter.
    Correlation,
}

pub(crate) fn is_heading(names: &[&str]) -> bool {
    matches!(names, ["parameter" | "name", "mean" | "value", ..])
}

/// Reads the lines below `heading`, which is the first of them.
pub(crate) fn read(role: &str, heading: &[&str], lines: &[RawLine<'_>]) -> Result<Values, ModuleError> {
    let heading_line = lines.first().map_or(1, |line| line.number);
    let columns: Vec<Column> = (3..)
        .zip(heading.iter().skip(2))
        .map(|(column, name)| match *name {
            "error" | "sigma" | "uncertainty" | "error_plus" | "error_minus" | "err_plus" | "err_minus" => {
                Ok(Column::Error)
            }
            name if correlated_with(name).is_some() => Ok(Column::Correlation),
            name => Err(ModuleError::bad_input(role, format!("unknown column `{}`", shortened(name)))
                .line(heading_line)
                .column(column)
                .hint("columns are parameter, mean, error or error_plus and error_minus, correlation_NAME…")),
        })
        .collect::<Result<_, _>>()?;

    let (mut entries, mut errors, mut correlations) = (Vec::new(), Vec::new(), Vec::new());
    for line in lines.iter().skip(1) {
        let fields = line.fields();
        let [name, value, rest @ ..] = fields.as_slice() else {
            return Err(ModuleError::bad_input(role, "expected a name and its value").line(line.number));
        };
        if rest.len() != columns.len() {
            let message = format!(
                "{} in this line, but {} in the heading",
                counted(fields.len(), "field"),
                heading.len()
            );
            return Err(ModuleError::bad_input(role, message).line(line.number));
        }
        let value = line.number(role, 2, value)?;
        entries.push(Entry { name: (*name).to_owned(), value, line: line.number, column: 2 });
        let (mut own_errors, mut own_correlations) = (Vec::new(), Vec::new());
        for ((column, kind), field) in (3..).zip(&columns).zip(rest) {
            let value = line.number(role, column, field)?;
            let allowed = match kind {
                Column::Error => value > 0.0,
                Column::Correlation => (-1.0..=1.0).contains(&value),
            };
            if !allowed {
                let expected = if *kind == Column::Error {
                    "a positive error"
                } else {
                    "a correlation between -1 and 1"
                };
                let error = ModuleError::bad_input(role, format!("expected {expected}, found `{value}`"));
                return Err(error.line(line.number).column(column as u64));
            }
            if *kind == Column::Error { own_errors.push(value) } else { own_correlations.push(value) }
        }
        if !own_errors.is_empty() {
            #[expect(clippy::cast_precision_loss, reason = "one or two errors")]
            errors.push(Some(own_errors.iter().sum::<f64>() / own_errors.len() as f64));
        }
        correlations.push(own_correlations);
    }
    if errors.is_empty() {
        return Ok(Values { entries, printed: None, covariance: None });
    }
    let named: Vec<&str> = heading.iter().filter_map(|name| correlated_with(name)).collect();
    let correlations = correlation_matrix(role, &named, &entries, &correlations)?;
    Ok(Values { entries, printed: Some(Printed { errors, correlations }), covariance: None })
}

fn correlated_with(column: &str) -> Option<&str> {
    column.strip_prefix("correlation_").or_else(|| column.strip_prefix("corr_"))
}

fn correlation_matrix(
    role: &str,
    named: &[&str],
    entries: &[Entry],
    rows: &[Vec<f64>],
) -> Result<Option<SquareMatrix>, ModuleError> {
    if named.is_empty() {
        return Ok(None);
    }
    let same = |left: &str, right: &str| {
        left == right
            || Quantity::from_name(left).is_some_and(|quantity| Some(quantity) == Quantity::from_name(right))
    };
    let in_order = named.len() == entries.len()
        && named.iter().zip(entries).all(|(name, entry)| same(name, &entry.name));
    if !in_order {
        return Err(ModuleError::bad_input(
            role,
            "the columns of correlations are not those of the rows, in their order",
        )
        .hint("the file may be cut off or sorted; get it again"));
    }
    let mut matrix = SquareMatrix::zeros(entries.len());
    for (row, values) in rows.iter().enumerate() {
        for (column, value) in values.iter().enumerate() {
            matrix.set(row, column, *value);
        }
    }
    for (row, entry) in entries.iter().enumerate() {
        for (column, other) in entries.iter().enumerate().take(row + 1) {
            let (value, mirrored) = (matrix.get(row, column), matrix.get(column, row));
            let expected = if row == column { 1.0 } else { mirrored };
            if value.to_bits() != expected.to_bits() {
                let message = format!(
                    "the correlation of {} and {} is {value} here, but must be {expected}",
                    entry.name, other.name
                );
                return Err(ModuleError::bad_input(role, message).line(entry.line));
            }
        }
    }
    Ok(Some(matrix))
}
