//! Reads the points: `z H error`, or `z H error statistical metallicity`, every line alike.

use cosmology::text::{Line, counted, lines, number};
use plugin_api::{Input, ModuleError};

/// Role of the points.
pub(crate) const TABLE: &str = "table";

/// More points than any table has whose covariance is handled as one dense matrix.
const MOST_ROWS: usize = 5000;
/// Beyond there are no galaxies whose ages are measured.
const LARGEST_REDSHIFT: f64 = 20.0;
const LAYOUT: &str =
    "each line is `z H error` or `z H error statistical metallicity`, separated by blanks or commas";

/// A point, as printed. Rates and errors in km/s/Mpc.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// Line in the file, from 1.
    pub(crate) line: u64,
    pub(crate) z: f64,
    pub(crate) rate: f64,
    pub(crate) error: f64,
    /// Shares of statistics and metallicity in the error.
    pub(crate) shares: Option<Shares>,
}

/// Shares of statistics and metallicity in an error, and by how much each may be rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Shares {
    pub(crate) statistical: f64,
    pub(crate) metallicity: f64,
    /// Half a unit in the last printed digit of each.
    rounding: [f64; 2],
}

impl Shares {
    /// The range of `sqrt(statistical² + metallicity²)` that the printed digits allow.
    pub(crate) fn possible_errors(&self) -> (f64, f64) {
        let [statistical, metallicity] = self.rounding;
        let low = (self.statistical - statistical).max(0.0).hypot((self.metallicity - metallicity).max(0.0));
        (low, (self.statistical + statistical).hypot(self.metallicity + metallicity))
    }
}

pub(crate) fn read(input: &Input<'_>) -> Result<Vec<Point>, ModuleError> {
    let mut points: Vec<Point> = Vec::new();
    let mut first: Option<(usize, u64)> = None;
    for line in lines(input.text()?) {
        let fields = fields(&line);
        let refuse = |message: String| ModuleError::bad_input(TABLE, message).line(line.number).hint(LAYOUT);
        let (count, first_line) = *first.get_or_insert((fields.len(), line.number));
        if fields.len() != count {
            let found = counted(fields.len(), "field");
            return Err(refuse(format!("{found} in this line, but {count} in line {first_line}")));
        }
        if count != 3 && count != 5 {
            return Err(refuse(format!("{} in this line, expected 3 or 5", counted(count, "field"))));
        }
        if points.len() == MOST_ROWS {
            return Err(refuse(format!("more than {MOST_ROWS} points")));
        }
        let point = point(line.number, &fields)?;
        let same = |other: &&Point| {
            let numbers = |point: &Point| [point.z, point.rate, point.error].map(f64::to_bits);
            numbers(other) == numbers(&point)
        };
        if let Some(earlier) = points.iter().find(same) {
            let message = format!("H({}) = {} stands in line {} already", point.z, point.rate, earlier.line);
            return Err(ModuleError::bad_input(TABLE, message).line(line.number).hint("remove one line"));
        }
        points.push(point);
    }
    if points.is_empty() {
        return Err(ModuleError::bad_input(TABLE, "there is no point in it").hint(LAYOUT));
    }
    Ok(points)
}

/// The fields of a line. Where there is a comma, commas separate, and blanks beside them mean nothing.
fn fields(line: &Line<'_>) -> Vec<String> {
    let whole = line.fields.join(" ");
    if whole.contains(',') {
        whole.split(',').map(|field| field.trim().to_owned()).collect()
    } else {
        line.fields.iter().map(|&field| field.to_owned()).collect()
    }
}

fn point(line: u64, fields: &[String]) -> Result<Point, ModuleError> {
    let mut values = [0.0; 5];
    let expected =
        ["a redshift", "the expansion rate", "its error", "the share of statistics", "that of metallicity"];
    for (index, field) in fields.iter().enumerate().take(values.len()) {
        let column = index as u64 + 1;
        let value = number(TABLE, line, column, field, expected[index])?;
        // A share may vanish, nothing else.
        if value < 0.0 || (value == 0.0 && index < 3) {
            let message = format!("found `{field}`, expected {} above 0", expected[index]);
            return Err(ModuleError::bad_input(TABLE, message).line(line).column(column));
        }
        values[index] = value;
    }
    let [z, rate, error, statistical, metallicity] = values;
    if z > LARGEST_REDSHIFT {
        let message = format!("a redshift of {z}, expected at most {LARGEST_REDSHIFT}");
        return Err(ModuleError::bad_input(TABLE, message).line(line).column(1).hint(LAYOUT));
    }
    let shares = match fields {
        [_, _, _, first, second] => {
            Some(Shares { statistical, metallicity, rounding: [rounding(first), rounding(second)] })
        }
        _ => None,
    };
    Ok(Point { line, z, rate, error, shares })
}

/// Half a unit in the last digit of a decimal number; of an integer half a unit.
fn rounding(field: &str) -> f64 {
    let mantissa = field.split(['e', 'E']).next().unwrap_or_default();
    let digits = mantissa.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    let digits = i32::try_from(digits).unwrap_or(i32::MAX);
    let exponent = field.split_once(['e', 'E']).and_then(|(_, exponent)| exponent.parse::<i32>().ok());
    0.5 * 10_f64.powi(exponent.unwrap_or(0).saturating_sub(digits).clamp(-300, 300))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Point>, ModuleError> {
        read(&Input { role: TABLE, name: "table.txt", bytes: text.as_bytes() })
    }

    #[test]
    fn every_published_layout_is_read() {
        for text in
            ["0.1791 75 4", "0.1791,\t75,\t4\t\r\n\r\n", "0.1791,75,4", "# z H e\n\t0.1791\t75\t4 # d"]
        {
            let points = parse(text).unwrap();
            assert_eq!((points[0].z, points[0].rate, points[0].error), (0.1791, 75.0, 4.0), "{text:?}");
        }
        let shares = parse("0.3519 82.78 13.94843 13 4.8").unwrap()[0].shares.unwrap();
        assert_eq!((shares.statistical, shares.metallicity, shares.rounding), (13.0, 4.8, [0.5, 0.05]));
        for (field, expected) in [("12", 0.5), ("1.5", 0.05), ("1.25e2", 0.5), ("3e-1", 0.05)] {
            assert!((rounding(field) / expected - 1.0).abs() < 1e-15, "{field}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_field() {
        for (text, place) in [
            ("0.07 nan 19.6", "line 1, field 2: not a finite number"),
            ("0.07 69 -19.6", "line 1, field 3: found `-19.6`, expected its error above 0"),
            ("0.07 69 0", "line 1, field 3: found `0`"),
            ("0.07 69 19.6\n0.09 -69 12", "line 2, field 2: found `-69`"),
            ("0 69 19.6", "line 1, field 1"),
            ("69 0.07 19.6", "line 1, field 1: a redshift of 69"),
            ("z H err\n0.07 69 19.6", "line 1, field 1: not a number: found `z`"),
            ("0.07 69", "line 1: 2 fields in this line, expected 3 or 5"),
            ("0.07 69 19.6 1", "line 1: 4 fields"),
            ("0.07 69 19.6\n0.09 69", "line 2: 2 fields in this line, but 3 in line 1"),
            ("0.07 69 19.6\n0.07 69.0 19.60", "line 2: H(0.07) = 69 stands in line 1 already"),
            ("# nothing\n", "there is no point in it"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
        assert_eq!(parse("0.75 98.8 33.6\n0.75 105 10.76\n").unwrap().len(), 2);
    }
}
