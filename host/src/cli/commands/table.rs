//! Aligned tables without borders.

use std::io::{self, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{ContentArrangement, Table};
use serde::Serialize;

use crate::cli::Style;
pub(super) use crate::cli::output::plain;

/// The word that stands for a value in JSON.
pub(super) fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

/// Writes rows under headings.
pub(super) fn write(
    out: &mut dyn Write,
    style: &Style,
    headings: &[&str],
    rows: impl IntoIterator<Item = Vec<String>>,
) -> io::Result<()> {
    let mut table = Table::new();
    // Whoever reads a pipe wants one line for each row.
    match style.width {
        Some(width) => table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic),
        None => table.set_content_arrangement(ContentArrangement::Disabled),
    };
    table.load_style(NOTHING);
    table.set_header(headings);
    for row in rows {
        // What comes from files and modules must not move the cursor.
        table.add_row(row.iter().map(|cell| plain(cell)));
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
