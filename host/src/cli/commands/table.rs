//! Aligned tables without borders.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ColumnConstraint, ContentArrangement, Table};
use serde::Serialize;

use crate::cli::Style;
pub(super) use crate::cli::output::plain;

/// The word that stands for a value in JSON.
pub(super) fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

/// The least width of a column of sentences. With less they would be a word a line.
const NARROWEST: usize = 16;

/// Width between two columns, and at both ends of a line.
const GAP: usize = 2;

/// A time, RFC 3339, without what no person reads: the part of a second.
pub(super) fn moment(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

/// Writes rows under headings. Only sentences are broken into lines: who wants to copy a name, an id or a path finds it
/// whole, and where that leaves no room for sentences nothing is broken.
pub(super) fn write(
    out: &mut dyn Write,
    style: &Style,
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    // What comes from files and modules must not move the cursor.
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(headings).add_rows(&rows);
    // Whoever reads a pipe wants one line for each row.
    if let Some(width) = style.width {
        let is_prose =
            |column: usize| rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.contains(' ')));
        let widths = table.column_max_content_widths();
        let needed: usize = (widths.iter().enumerate())
            .map(|(column, width)| {
                let width = usize::from(*width);
                GAP + if is_prose(column) { width.min(NARROWEST) } else { width }
            })
            .sum();
        if needed <= usize::from(width) {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
            for (column, shown) in table.column_iter_mut().enumerate() {
                if !is_prose(column) {
                    shown.set_constraint(ColumnConstraint::ContentWidth);
                }
            }
        }
    }
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        if index == 0 {
            writeln!(out, "{}{line}{}", style.dim.render(), style.dim.render_reset())?;
        } else {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{moment, write};
    use crate::cli::Style;

    fn written(width: u16) -> Vec<String> {
        let style = Style { width: Some(width), ..Style::default() };
        let row = [
            "growth_gold2018_fs8",
            "2026-11-22T09:34:07Z",
            "Growth of structure from many surveys of galaxies",
        ];
        let mut out = Vec::new();
        write(&mut out, &style, &["NAME", "REGISTERED", "TITLE"], [row.map(str::to_owned).to_vec()]).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn names_and_times_are_never_broken_and_sentences_only_where_there_is_room() {
        for width in [30, 60, 61, 80, 200] {
            let lines = written(width);
            assert!(lines[1].starts_with(" growth_gold2018_fs8  2026-11-22T09:34:07Z  Growth"), "{lines:?}");
            let is_broken = lines.len() > 2;
            assert_eq!(is_broken, (61..=80).contains(&width), "{width}: {lines:?}");
            assert!(
                !is_broken || lines.iter().all(|line| line.chars().count() <= usize::from(width)),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn a_time_is_shown_to_the_second() {
        assert_eq!(moment("2026-11-22T09:34:07.686Z"), "2026-11-22T09:34:07Z");
        assert_eq!(moment("-"), "-");
    }
}
