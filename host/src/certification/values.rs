//! Values of a dataset, and of the files it was written to, in a form in which equal ones are equal: floats by their bits.

use plugin_api::ColumnKind;
use serde_json::Value as Json;

use crate::dataset::Cell;

/// A value as a file can say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// None, or one that the format has no word for.
    Absent,
    /// A number or a truth value.
    Bits(u64),
    /// Text.
    Text(String),
}

/// Which format says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// Arrays of NumPy.
    Npz,
    /// One JSON document.
    Json,
    /// Comma-separated text.
    Csv,
}

impl Format {
    /// As it is named on the command line.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Json => "json",
            Self::Csv => "csv",
        }
    }

    /// What a cell must read back as.
    pub(super) fn expected(self, cell: &Cell<'_>) -> Value {
        match *cell {
            Cell::Timestamp(time) if self == Self::Npz => Value::Bits(time.cast_unsigned()),
            Cell::Timestamp(_) => Value::Text(cell.to_string()),
            // A document of JSON has no word for them.
            _ if self == Self::Json && cell.is_not_finite() => Value::Absent,
            Cell::Null => Value::Absent,
            Cell::Float64(value) => float(value),
            Cell::Float32(value) => single(value),
            Cell::Int64(value) => Value::Bits(value.cast_unsigned()),
            Cell::Int32(value) => Value::Bits(i64::from(value).cast_unsigned()),
            Cell::Boolean(value) => Value::Bits(u64::from(value)),
            // A field of CSV cannot tell nothing from an empty text.
            Cell::Text("") if self == Self::Csv => Value::Absent,
            Cell::Text(text) => Value::Text(text.to_owned()),
        }
    }
}

/// Every value that is not a number is the same one: files keep no payload.
pub(super) fn float(value: f64) -> Value {
    Value::Bits(if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() })
}

fn single(value: f32) -> Value {
    Value::Bits(u64::from(if value.is_nan() { f32::NAN.to_bits() } else { value.to_bits() }))
}

/// A field of CSV; nothing if it is no value of that kind.
pub(super) fn of_field(kind: ColumnKind, field: &str) -> Option<Value> {
    if field.is_empty() {
        return Some(Value::Absent);
    }
    Some(match kind {
        ColumnKind::Float64 => float(field.parse().ok()?),
        ColumnKind::Float32 => single(field.parse().ok()?),
        ColumnKind::Int64 | ColumnKind::Int32 => Value::Bits(field.parse::<i64>().ok()?.cast_unsigned()),
        ColumnKind::Boolean => Value::Bits(u64::from(field.parse::<bool>().ok()?)),
        ColumnKind::Utf8 | ColumnKind::TimestampNanosecondsUtc => Value::Text(field.to_owned()),
    })
}

/// A value of JSON; nothing if it is none of that kind.
pub(super) fn of_json(kind: ColumnKind, json: &Json) -> Option<Value> {
    if json.is_null() {
        return Some(Value::Absent);
    }
    Some(match kind {
        ColumnKind::Float64 => float(json.as_f64()?),
        // Read as text, so that it is rounded once only.
        ColumnKind::Float32 => single(json.to_string().parse().ok()?),
        ColumnKind::Int64 | ColumnKind::Int32 => Value::Bits(json.as_i64()?.cast_unsigned()),
        ColumnKind::Boolean => Value::Bits(u64::from(json.as_bool()?)),
        ColumnKind::Utf8 | ColumnKind::TimestampNanosecondsUtc => Value::Text(json.as_str()?.to_owned()),
    })
}

/// The elements of an array of NumPy; nothing if they are none of that kind.
pub(super) fn of_array(kind: ColumnKind, descriptor: &str, data: &[u8]) -> Option<Vec<Value>> {
    fn each<const WIDTH: usize>(data: &[u8], value: impl Fn([u8; WIDTH]) -> Value) -> Vec<Value> {
        data.as_chunks::<WIDTH>().0.iter().map(|bytes| value(*bytes)).collect()
    }
    Some(match (kind, descriptor) {
        (ColumnKind::Float64, "<f8") => each(data, |bytes| float(f64::from_le_bytes(bytes))),
        (ColumnKind::Float32, "<f4") => each(data, |bytes| single(f32::from_le_bytes(bytes))),
        (ColumnKind::Int64, "<i8") | (ColumnKind::TimestampNanosecondsUtc, "<M8[ns]") => {
            each(data, |bytes| Value::Bits(u64::from_le_bytes(bytes)))
        }
        (ColumnKind::Int32, "<i4") => {
            each(data, |bytes| Value::Bits(i64::from(i32::from_le_bytes(bytes)).cast_unsigned()))
        }
        (ColumnKind::Boolean, "|b1") => each(data, |[byte]| Value::Bits(u64::from(byte))),
        (ColumnKind::Utf8, _) => {
            let width = descriptor.strip_prefix("<U")?.parse::<usize>().ok()?.checked_mul(4)?;
            data.chunks_exact(width.max(1)).map(text).collect::<Option<_>>()?
        }
        _ => return None,
    })
}

/// Text of four bytes a letter, filled up with nothing.
fn text(bytes: &[u8]) -> Option<Value> {
    let letters = bytes.as_chunks::<4>().0.iter().map(|letter| char::from_u32(u32::from_le_bytes(*letter)));
    let text: String = letters.collect::<Option<_>>()?;
    Some(Value::Text(text.trim_end_matches('\0').to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAN: Cell<'_> = Cell::Float64(f64::NAN);

    #[test]
    fn a_value_reads_back_equal_from_text_and_another_does_not() {
        for (kind, cell, field) in [
            (ColumnKind::Float64, Cell::Float64(-0.0), "-0.0"),
            (ColumnKind::Float64, Cell::Float64(f64::INFINITY), "inf"),
            (ColumnKind::Float64, NAN, "NaN"),
            (ColumnKind::Float32, Cell::Float32(0.1), "0.1"),
            (ColumnKind::Int64, Cell::Int64(i64::MIN), "-9223372036854775808"),
            (ColumnKind::Boolean, Cell::Boolean(true), "true"),
            (ColumnKind::Utf8, Cell::Text("a"), "a"),
            (ColumnKind::Int32, Cell::Null, ""),
        ] {
            assert_eq!(of_field(kind, field), Some(Format::Csv.expected(&cell)), "{field}");
        }
        assert_ne!(of_field(ColumnKind::Float64, "0"), Some(Format::Csv.expected(&Cell::Float64(-0.0))));
        assert_eq!(of_field(ColumnKind::Float64, "much"), None);
    }

    #[test]
    fn json_has_no_word_for_what_is_not_finite_and_arrays_have() {
        assert_eq!(Format::Json.expected(&NAN), Value::Absent);
        assert_eq!(of_json(ColumnKind::Float64, &Json::Null), Some(Value::Absent));
        assert_eq!(
            of_json(ColumnKind::Float64, &Json::from(0.1)),
            Some(Format::Json.expected(&Cell::Float64(0.1)))
        );
        assert_eq!(of_json(ColumnKind::Float64, &Json::from("0.1")), None);
        let of_array =
            |kind, descriptor, data: &[u8]| of_array(kind, descriptor, data).map(|values| values[0].clone());
        let nan = of_array(ColumnKind::Float64, "<f8", &f64::NAN.to_le_bytes());
        assert_eq!(nan, Some(Format::Npz.expected(&NAN)));
        let time = of_array(ColumnKind::TimestampNanosecondsUtc, "<M8[ns]", &7_i64.to_le_bytes());
        assert_eq!(time, Some(Format::Npz.expected(&Cell::Timestamp(7))));
        let text = of_array(ColumnKind::Utf8, "<U2", &[97, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(text, Some(Value::Text("a".to_owned())));
        assert_eq!(of_array(ColumnKind::Float64, "<f4", &[0; 8]), None);
    }
}
