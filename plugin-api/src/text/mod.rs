//! Readers for text: what [`Input::table`](crate::Input::table) and [`Input::matrix`](crate::Input::matrix) are made
//! of, for modules whose files need something else.
//!
//! Readers keep numbers exactly (each field is parsed to the nearest 64-bit float, nothing is rounded, scaled or
//! guessed) and name the line and field of whatever they refuse. A line ends at LF or CRLF, a `#` starts a comment,
//! blank lines mean nothing wherever they stand, the last line needs no end.

mod column;
mod decimal;
mod heading;
mod lines;
mod matrix;
mod number;
mod record;
mod spelling;
mod table;

pub use self::column::TextColumn;
pub use self::lines::{Line, NumberLine, lines, number_lines};
pub use self::matrix::MatrixText;
pub use self::number::number;
pub use self::record::Separator;
pub use self::spelling::{nearest, similar};
pub use self::table::TextTable;

/// `1 row`, `12 rows`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// A field as it may stand in a message: control characters escaped, at most 40 characters.
#[must_use]
pub fn shortened(field: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown: String = field.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if field.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}
