//! Reads the vector of measurements: `z value [error [reference]] [quantity [tracer]]`, every line alike.

use plugin_api::ModuleError;

use super::quantity::Quantity;
use crate::text::{Line, counted, lines, number, shortened};

/// A line of the vector, as written.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Line in the file, from 1.
    pub line: u64,
    /// Redshift.
    pub z: f64,
    /// Measured value.
    pub value: f64,
    /// Its error.
    pub error: Option<f64>,
    /// Density of matter of the flat ΛCDM cosmology that the value was measured with.
    pub reference_omega_matter: Option<f64>,
    /// Label in the file, with the prefix it has there.
    pub label: Option<String>,
    /// What the label says, or later what parameter or release say.
    pub quantity: Option<Quantity>,
    /// Sample.
    pub tracer: Option<String>,
}

/// Which numbers a line may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Redshift, value, perhaps its error.
    Values,
    /// After the error perhaps the matter density of the reference cosmology.
    ValuesWithReference,
}

impl Layout {
    fn most_numbers(self) -> usize {
        match self {
            Self::Values => 3,
            Self::ValuesWithReference => 4,
        }
    }

    fn described(self) -> &'static str {
        match self {
            Self::Values => {
                "each line is `z value quantity` or `z value error quantity`, a tracer may follow"
            }
            Self::ValuesWithReference => {
                "each line is `z value error`, the reference density of matter and then quantity and tracer may follow"
            }
        }
    }
}

/// How many numbers and how many words each line has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shape {
    numbers: usize,
    words: usize,
}

/// More measurements than any vector has whose covariance is handled as one dense matrix.
const MOST_ROWS: usize = 5000;

/// Reads the vector of the input `role`.
///
/// # Errors
/// [`ModuleError::BadInput`] with line and field for everything that is no line of measurements.
pub fn read(role: &str, text: &str, layout: Layout) -> Result<Vec<Row>, ModuleError> {
    let mut shape: Option<(Shape, u64)> = None;
    let mut rows = Vec::new();
    for line in lines(text) {
        let found = shape_of(role, &line, layout)?;
        let (first, first_line) = *shape.get_or_insert((found, line.number));
        if found != first {
            let message =
                format!("{} in this line, but {} in line {first_line}", described(found), described(first));
            return Err(ModuleError::bad_input(role, message).line(line.number).hint(layout.described()));
        }
        if rows.len() == MOST_ROWS {
            let message = format!("more than {MOST_ROWS} measurements");
            return Err(ModuleError::bad_input(role, message).line(line.number).hint(layout.described()));
        }
        rows.push(row(role, &line, first)?);
    }
    if rows.is_empty() {
        return Err(ModuleError::bad_input(role, "there is no measurement in it").hint(layout.described()));
    }
    Ok(rows)
}

fn described(shape: Shape) -> String {
    format!("{} and {}", counted(shape.numbers, "number"), counted(shape.words, "word"))
}

/// What starts like a number is one, as far as the layout goes; the first two fields always are.
fn shape_of(role: &str, line: &Line<'_>, layout: Layout) -> Result<Shape, ModuleError> {
    let fields = line.fields.len();
    let is_number = |field: &&&str| {
        let unsigned = field.trim_start_matches(['+', '-']).to_ascii_lowercase();
        unsigned.starts_with(|character: char| character.is_ascii_digit() || character == '.')
            || matches!(unsigned.as_str(), "nan" | "inf" | "infinity")
    };
    let further = line.fields.iter().take(layout.most_numbers()).skip(2).take_while(is_number).count();
    let numbers = fields.min(2) + further;
    let shape = Shape { numbers, words: fields - numbers };
    if fields < 2 || shape.words > 2 {
        let error = ModuleError::bad_input(role, format!("{} in this line", counted(fields, "field")));
        let hint = if line.fields.iter().any(|field| field.contains([',', ';'])) {
            "separate fields by blanks: each line is `z value quantity` or `z value error quantity`"
        } else {
            layout.described()
        };
        return Err(error.line(line.number).hint(hint));
    }
    Ok(shape)
}

fn row(role: &str, line: &Line<'_>, shape: Shape) -> Result<Row, ModuleError> {
    let read = |index: usize, column: u64, expected: &str| {
        number(role, line.number, column, line.fields.get(index).copied().unwrap_or_default(), expected)
    };
    let refuse =
        |column: u64, message: String| ModuleError::bad_input(role, message).line(line.number).column(column);
    let z = read(0, 1, "a redshift")?;
    if z <= 0.0 || z > 1100.0 {
        return Err(refuse(1, format!("a redshift of {z}, expected more than 0 and at most 1100")));
    }
    let value = read(1, 2, "the measured value")?;
    if value <= 0.0 {
        return Err(refuse(2, format!("a value of {value}, but all these quantities are positive")));
    }
    let error = if shape.numbers >= 3 { Some(read(2, 3, "the error of the value")?) } else { None };
    if let Some(error) = error
        && error <= 0.0
    {
        return Err(refuse(3, format!("an error of {error}, expected a positive number")));
    }
    let reference_omega_matter = if shape.numbers == 4 {
        Some(read(3, 4, "the density of matter of the reference cosmology")?)
    } else {
        None
    };
    if let Some(omega) = reference_omega_matter
        && !(omega > 0.0 && omega <= 1.0)
    {
        let message = format!("a reference density of matter of {omega}, expected more than 0 and at most 1");
        return Err(refuse(4, message));
    }
    let label = line.fields.get(shape.numbers).map(|&label| label.to_owned());
    let quantity = match &label {
        None => None,
        Some(label) => Some(Quantity::from_label(label).ok_or_else(|| {
            refuse(shape.numbers as u64 + 1, format!("unknown quantity `{}`", shortened(label)))
                .hint(format!("did you mean `{}`?", Quantity::nearest(label)))
        })?),
    };
    let tracer = line.fields.get(shape.numbers + 1).map(|&tracer| tracer.to_owned());
    Ok(Row { line: line.number, z, value, error, reference_omega_matter, label, quantity, tracer })
}

/// What is the same measurement given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicate {
    /// The same quantity of the same tracer at the same redshift.
    SameQuantity,
    /// Also with the same value: compilations list several analyses of one sample.
    SameValue,
}

/// Refuses the same measurement given twice. Rows whose quantity is not known (yet) may be different measurements.
///
/// # Errors
/// [`ModuleError::BadInput`] at the second of the two.
pub fn refuse_duplicates(role: &str, rows: &[Row], duplicate: Duplicate) -> Result<(), ModuleError> {
    for (index, row) in rows.iter().enumerate() {
        let same = |earlier: &&Row| {
            earlier.z.to_bits() == row.z.to_bits()
                && earlier.quantity == row.quantity
                && earlier.tracer == row.tracer
                && (duplicate == Duplicate::SameQuantity || earlier.value.to_bits() == row.value.to_bits())
        };
        let Some(quantity) = row.quantity else { continue };
        if let Some(earlier) = rows.iter().take(index).find(same) {
            let message = format!("{quantity} at z = {} stands in line {} already", row.z, earlier.line);
            return Err(ModuleError::bad_input(role, message).line(row.line).hint(
                "remove one line, and its row and column of the covariance; for two samples at one redshift name the \
                 tracers in a last column, or with `--param tracer=…`",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<Row>, ModuleError> {
        read("mean", text, Layout::Values)
    }

    #[test]
    fn every_published_layout_is_read() {
        let rows = parse("# z value quantity\n0.38 81.2087  bao_Hz_rs\n").unwrap();
        assert_eq!(rows[0].quantity, Some(Quantity::HubbleTimesRuler));
        assert_eq!(rows[0].label.as_deref(), Some("bao_Hz_rs"));
        let rows = parse("0.106 0.336 0.015 rs_over_DV").unwrap();
        assert_eq!((rows[0].error, rows[0].quantity), (Some(0.015), Some(Quantity::InverseSphericalRatio)));
        let rows = parse("0.51 13.5 DM_over_rs LRG1\r\n0.51 21.8 DH_over_rs LRG1\r\n\r\n").unwrap();
        assert_eq!((rows.len(), rows[1].tracer.as_deref()), (2, Some("LRG1")));
        let rows = parse("# z_eff Dv (r_s^fid/r_s)\n  0.44  1716\n  0.60  2221\n").unwrap();
        assert_eq!((rows.len(), rows[0].quantity), (2, None));
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_field() {
        for (text, place) in [
            ("0.5 nan DM_over_rs", "line 1, field 2: not a finite number: found `nan`"),
            ("0.5 13.5 DM_over_rs\n0.7 1,5 DM_over_rs", "line 2, field 2: not a number: found `1,5`"),
            ("z value quantity\n0.5 13.5 DM_over_rs", "line 1, field 1: not a number: found `z`"),
            ("0.5 1e999 DM_over_rs", "line 1, field 2: too large"),
            ("0.5 13.5 inf DM_over_rs", "line 1, field 3: not a finite number"),
            ("0.5 13.5 DM_over_rd", "line 1, field 3: unknown quantity `DM_over_rd`"),
            ("0.5 13.5 1.0 DM", "line 1, field 4: unknown quantity `DM`"),
            ("0.5 -13.5 DM_over_rs", "line 1, field 2: a value of -13.5"),
            ("0 13.5 DM_over_rs", "line 1, field 1: a redshift of 0"),
            ("1101 13.5 DM_over_rs", "line 1, field 1: a redshift of 1101"),
            ("0.5 13.5 -1 DM_over_rs", "line 1, field 3: an error of -1"),
            (
                "0.5 13.5 DM_over_rs\n0.7 13.5",
                "line 2: 2 numbers and 0 words in this line, but 2 numbers and 1 word",
            ),
            ("0.5,13.5,DM_over_rs", "line 1: 1 field in this line"),
            ("0.5 13.5 DM_over_rs LRG 1", "line 1: 5 fields in this line"),
            ("# nothing\n", "there is no measurement in it"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(place), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_measurement_given_twice_is_refused_with_both_lines() {
        let rows = parse("# c\n0.5 13.5 DM_over_rs\n0.5 21 DH_over_rs\n0.50 13.5 DM_over_rs\n").unwrap();
        let error = refuse_duplicates("mean", &rows, Duplicate::SameQuantity).unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("line 2 already"), "{error}");
        let rows = parse("0.5 13.5 DM_over_rs LRG\n0.5 13.6 DM_over_rs ELG\n").unwrap();
        refuse_duplicates("mean", &rows, Duplicate::SameQuantity).unwrap();
    }

    #[test]
    fn a_reference_density_is_a_fourth_number_where_the_layout_has_one() {
        let text = "0.35 0.44 0.05 0.25\n0.77 0.49 0.18 0.25\n";
        let rows = read("table", text, Layout::ValuesWithReference).unwrap();
        assert_eq!((rows[1].error, rows[1].reference_omega_matter), (Some(0.18), Some(0.25)));
        assert!(parse(text).unwrap_err().to_string().contains("unknown quantity `0.25`"));
        let error = read("table", "0.35 0.44 0.05 2.5\n", Layout::ValuesWithReference).unwrap_err();
        assert!(
            error.to_string().contains("line 1, field 4: a reference density of matter of 2.5"),
            "{error}"
        );
    }

    #[test]
    fn a_compilation_may_list_a_redshift_twice_but_not_a_value() {
        let rows = read("table", "0.6 0.39 f_sigma8\n0.6 0.55 f_sigma8\n0.6 0.39 f_sigma8\n", Layout::Values)
            .unwrap();
        refuse_duplicates("table", &rows[..2], Duplicate::SameValue).unwrap();
        let error = refuse_duplicates("table", &rows, Duplicate::SameValue).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("line 1 already"), "{error}");
    }
}
