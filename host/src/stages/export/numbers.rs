//! Numbers as text: the fewest digits that read back to the same bits.
//!
//! Invariant: a float always shows that it is one, by a point (`13.0`, `1.0e-7`), so that a reader that guesses types
//! (YAML, say) does not take it for an integer or a text.

use std::borrow::Cow;

use crate::dataset::Cell;

/// A float; `NaN`, `inf` and `-inf` where it is not finite.
pub(super) fn float(value: f64) -> String {
    with_point(format!("{value:?}"))
}

/// A value in a text file; a null is empty.
pub(super) fn text<'a>(cell: &Cell<'a>) -> Cow<'a, str> {
    match *cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Text(text) => Cow::Borrowed(text),
        Cell::Float64(value) => Cow::Owned(float(value)),
        Cell::Float32(value) => Cow::Owned(with_point(format!("{value:?}"))),
        other => Cow::Owned(other.to_string()),
    }
}

/// `1e-7` becomes `1.0e-7` and `2.5e16` becomes `2.5e+16`; everything else has its point and stays.
fn with_point(text: String) -> String {
    let Some((digits, exponent)) = text.split_once('e') else { return text };
    let point = if digits.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    format!("{digits}{point}e{sign}{exponent}")
}
