//! Numbers as text: the fewest digits that read back to the same bits.
//!
//! Invariant: a float always shows that it is one, by a point (`13.0`, `1.0e-7`), so that a reader that guesses types
//! (YAML, say) does not take it for an integer or a text.

use std::fmt;
use std::io::Write as _;

use serde::Serialize;

use crate::dataset::Cell;

/// Appends a float; `NaN`, `inf` and `-inf` where it is not finite.
pub(super) fn push_float(out: &mut Vec<u8>, value: f64) {
    if value.is_finite() { push_digits(out, &value) } else { push_display(out, &value) }
}

/// Appends a value as it stands in a text file; a null is empty.
pub(super) fn push_cell(out: &mut Vec<u8>, cell: &Cell) {
    match *cell {
        Cell::Null => {}
        Cell::Text(text) => out.extend_from_slice(text.as_bytes()),
        Cell::Float64(value) => push_float(out, value),
        Cell::Float32(value) if value.is_finite() => push_digits(out, &value),
        other => push_display(out, &other),
    }
}

/// A value as it stands in a text file.
pub(super) fn cell_text(cell: &Cell) -> String {
    let mut out = Vec::new();
    push_cell(&mut out, cell);
    String::from_utf8(out).expect("texts and digits are UTF-8")
}

/// serde_json's digits are the shortest and come several times faster than those of the standard library.
fn push_digits(out: &mut Vec<u8>, value: &impl Serialize) {
    let start = out.len();
    serde_json::to_writer(&mut *out, value).expect("memory takes every write");
    if let Some(exponent) = out[start..].iter().position(|byte| *byte == b'e') {
        let text = out.split_off(start);
        let (digits, exponent) = (&text[..exponent], &text[exponent + 1..]);
        out.extend_from_slice(digits);
        if !digits.contains(&b'.') {
            out.extend_from_slice(b".0");
        }
        out.push(b'e');
        if !exponent.starts_with(b"-") && !exponent.starts_with(b"+") {
            out.push(b'+');
        }
        out.extend_from_slice(exponent);
    }
}

fn push_display(out: &mut Vec<u8>, value: &impl fmt::Display) {
    write!(out, "{value}").expect("memory takes every write");
}
