//! Finds the heading of a table, and what it says.

use std::borrow::Cow;

use super::record::{Records, Separator};

/// `flux [mJy]` is a flux in mJy.
pub(super) fn name_and_unit(column: &str) -> (&str, Option<&str>) {
    let inside = column.strip_suffix(']').and_then(|inside| inside.split_once('['));
    let inside = inside.or_else(|| column.strip_suffix(')').and_then(|inside| inside.split_once('(')));
    match inside {
        Some((name, unit)) if !name.trim().is_empty() => (name.trim(), Some(unit.trim())),
        _ => (column, None),
    }
}

/// Names, separator and line of the heading.
pub(super) fn heading(text: &str) -> Option<(Vec<Cow<'_, str>>, Separator, u64)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut above: Vec<(u64, &str)> = Vec::new();
    let mut rows = (1..).zip(text.split('\n')).filter_map(|(line, content)| {
        let content = content.trim_end_matches('\r');
        if let Some(comment) = content.trim_start().strip_prefix('#') {
            above.push((line, comment));
            return None;
        }
        (!content.trim().is_empty()).then_some((line, content))
    });
    let (line, first) = rows.next()?;
    let second = rows.next().map(|(_, content)| content);
    drop(rows);
    let separator = separator_of(first, second);
    let names = fields_of(first, separator);
    let holds_number = |fields: &[Cow<'_, str>]| fields.iter().any(|field| field.parse::<f64>().is_ok());
    let is_heading = !holds_number(&names) && names.iter().all(|name| !name.is_empty());
    let rows_hold_numbers = second.is_some_and(|row| holds_number(&fields_of(row, separator)));
    if is_heading && rows_hold_numbers {
        return Some((names, separator, line));
    }
    let commented = above.iter().rev().filter(|(at, _)| *at < line).find_map(|&(line, comment)| {
        let separator = separator_of(comment, Some(first));
        let words = fields_of(comment, separator);
        let fits = words.len() == fields_of(first, separator).len() && !holds_number(&words);
        (fits && words.iter().all(|word| !word.is_empty())).then_some((words, separator, line))
    });
    commented.or_else(|| is_heading.then_some((names, separator, line)))
}

/// The separator that a heading has; tabs count as blanks where that makes it fit the row below.
fn separator_of(heading: &str, row: Option<&str>) -> Separator {
    if heading.contains(',') {
        return Separator::Comma;
    }
    if heading.contains(';') {
        return Separator::Semicolon;
    }
    let count = |text: &str, separator| fields_of(text, separator).len();
    let of_tabs = |row: &str| count(heading, Separator::Tab) == count(row, Separator::Tab);
    let of_blanks = |row: &str| count(heading, Separator::Blanks) == count(row, Separator::Blanks);
    let has_tab = heading.contains('\t') && row.is_none_or(|row| of_tabs(row) || !of_blanks(row));
    if has_tab { Separator::Tab } else { Separator::Blanks }
}

fn fields_of(line: &str, separator: Separator) -> Vec<Cow<'_, str>> {
    let mut fields = Vec::new();
    // A quote that is wrong is found again, with its place, when the rows are read.
    let _ = Records::new("", line, separator).read(&mut fields);
    fields
}
