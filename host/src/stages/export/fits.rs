//! FITS files of a layout: an empty primary array, then binary tables (FITS standard 4.0, section 7.3).
//!
//! The bytes are written by `fits-well`, chosen over `fitsio` (a binding that compiles or wants cfitsio), `fitsrs`
//! (reads only) and `fitsio-pure` and `fitskit` (both put `é` and line feeds into a header as they are): it knows the standard's
//! cards, long texts and padding, and refuses what they cannot hold. It is young and one person's, so the tests read its
//! files byte by byte. This file decides which values go in, and refuses
//! with their place what the library would pass or say less well.
//!
//! Invariants: numbers keep their bits (NaN and infinity included, which FITS floats have); nothing is dropped,
//! shortened or replaced; no name or value of a module can add to or break the structure of the file.

use std::collections::{BTreeMap, BTreeSet};

use fits_well::header::{Header, Value as CardValue};
use fits_well::table::{Builder, ColumnData, WriteColumn};
use fits_well::{FitsError, FitsWriter};
use plugin_api::{ColumnKind, FitsColumn, FitsRows, FitsTable, FitsValues};
use serde_json::Value as Json;

use super::layouts::Layout;
use super::metadata;
use crate::dataset::{Cell, ColumnView};
use crate::error::{Error, Kind, Result};

/// Largest column of texts in bytes: each takes as much room as the longest.
const LARGEST_TEXT_COLUMN: usize = 1 << 30;

/// Keywords that describe the structure, which is not the module's to say; `T` begins those of columns (section 7.3).
const STRUCTURE: [&str; 15] = [
    "SIMPLE", "XTENSION", "BITPIX", "NAXIS", "PCOUNT", "GCOUNT", "EXTEND", "EXTNAME", "CHECKSUM", "DATASUM",
    "END", "COMMENT", "HISTORY", "CONTINUE", "T",
];

pub(super) fn file(
    layout: &Layout,
    header: &BTreeMap<String, Json>,
    tables: &[FitsTable],
) -> Result<Vec<u8>> {
    let mut writer = FitsWriter::new(Vec::new());
    let place = "the primary header of its FITS file";
    let mut primary = Header::new();
    // Section 4.4.1: the mandatory keywords, in their order.
    for (keyword, value) in
        [("SIMPLE", true.into()), ("BITPIX", 8.into()), ("NAXIS", 0.into()), ("EXTEND", true.into())]
    {
        set(layout, place, &mut primary, keyword, value)?;
    }
    cards(layout, place, &mut primary, header)?;
    writer.write_raw_hdu(&primary, &[]).map_err(|error| refused(layout, place, &error))?;
    for table in tables {
        let place = format!("table `{}` of its FITS file", table.name);
        let mut header = Header::new();
        set(layout, &place, &mut header, "EXTNAME", table.name.clone().into())?;
        cards(layout, &place, &mut header, &table.header)?;
        let known = if table.metadata { metadata::columns(layout.source) } else { Vec::new() };
        let rows = table.rows_of.as_ref().map(|rows| Rows::find(layout, &place, rows)).transpose()?;
        let all = [known.as_slice(), table.columns.as_slice()].concat();
        let builder = columns(layout, &place, &all, rows.as_ref())?;
        writer.write_table(&builder, Some(&header)).map_err(|error| refused(layout, &place, &error))?;
    }
    Ok(writer.into_inner())
}

/// Adds a module's header cards.
fn cards(layout: &Layout, place: &str, header: &mut Header, cards: &BTreeMap<String, Json>) -> Result<()> {
    for (keyword, value) in cards {
        // Section 4.1.2.1.
        let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        let structure = STRUCTURE.iter().any(|reserved| keyword.starts_with(reserved));
        if keyword.is_empty() || keyword.len() > 8 || !keyword.bytes().all(allowed) || structure {
            let message = format!("puts a keyword that is not allowed into {place}: `{}`", shown(keyword));
            return Err(layout.blame(&message));
        }
        let value = match value {
            Json::Bool(value) => (*value).into(),
            Json::String(text) => substituted(layout, text).into(),
            Json::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(integer), _) => integer.into(),
                (None, Some(float)) if !number.is_u64() => float.into(),
                _ => return Err(no_value(layout, place, keyword)),
            },
            _ => return Err(no_value(layout, place, keyword)),
        };
        set(layout, place, header, keyword, value)?;
    }
    Ok(())
}

fn set(layout: &Layout, place: &str, header: &mut Header, keyword: &str, value: CardValue) -> Result<()> {
    header.set(keyword, value).map(|_| ()).map_err(|error| refused(layout, place, &error))
}

fn columns(layout: &Layout, place: &str, columns: &[FitsColumn], rows: Option<&Rows>) -> Result<Builder> {
    let mut names = BTreeSet::new();
    for FitsColumn { name, .. } in columns {
        // Section 7.3.2.2: names of letters, digits and underscore, told apart without regard to case.
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if name.is_empty() || !name.bytes().all(plain) || !names.insert(name.to_ascii_lowercase()) {
            let message = format!(
                "gives {place} a column whose name is not plain, or not the only one: `{}`",
                shown(name)
            );
            return Err(layout.blame(&message));
        }
    }
    let mut length = None;
    for column in columns {
        length = length.map_or_else(|| length_of(layout, &column.values, rows), |found| Ok(Some(found)))?;
    }
    let length = length.unwrap_or(1);
    let mut builder = Builder::with_rows(length);
    for column in columns {
        let written = one_column(layout, place, column, rows, length)?;
        builder.push(written).map_err(|error| refused(layout, place, &error))?;
    }
    Ok(builder)
}

/// Rows of the dataset that a table speaks of.
struct Rows<'a> {
    table: &'a str,
    picked: Vec<usize>,
}

impl<'a> Rows<'a> {
    fn find(layout: &Layout, place: &str, rows: &'a FitsRows) -> Result<Self> {
        let FitsRows { table, rows } = rows;
        let unknown =
            || layout.blame(&format!("asks for rows of an unknown table in {place}: `{}`", shown(table)));
        let length = layout.source.dataset.table(table).ok_or_else(unknown)?.rows();
        let row = |asked: &u64| {
            let row = usize::try_from(*asked).ok().filter(|row| *row < length);
            row.ok_or_else(|| layout.blame(&format!("asks for row {asked} of {length} in {place}")))
        };
        let picked = match rows {
            Some(rows) => rows.iter().map(row).collect::<Result<_>>()?,
            None => (0..length).collect(),
        };
        Ok(Self { table, picked })
    }
}

/// How many rows a column has, where it knows that by itself.
fn length_of(layout: &Layout, values: &FitsValues, rows: Option<&Rows>) -> Result<Option<usize>> {
    Ok(match values {
        FitsValues::Column { .. } | FitsValues::RowNumbers => rows.map(|rows| rows.picked.len()),
        FitsValues::MatrixRows { matrix } => Some(layout.find_matrix(matrix)?.size),
        FitsValues::Values { values } => Some(values.len()),
        FitsValues::Constant { .. } => None,
    })
}

fn one_column(
    layout: &Layout,
    place: &str,
    column: &FitsColumn,
    rows: Option<&Rows>,
    length: usize,
) -> Result<WriteColumn> {
    let name = column.name.as_str();
    let rows = || rows.ok_or_else(|| layout.blame(&format!("does not say whose rows stand in {place}")));
    match &column.values {
        FitsValues::Column { column } => {
            let Rows { table, picked } = rows()?;
            let view = layout.find_column(table, column)?;
            dataset_column(layout, name, &Source { table, column, view: &view, picked })
        }
        FitsValues::RowNumbers => {
            let numbers: Vec<i64> =
                rows()?.picked.iter().filter_map(|row| i64::try_from(*row).ok()).collect();
            Ok(WriteColumn::scalar(name, numbers.into()))
        }
        FitsValues::MatrixRows { matrix } => {
            let matrix = layout.find_matrix(matrix)?;
            Ok(WriteColumn::fixed(name, matrix.values.to_vec().into(), matrix.size))
        }
        FitsValues::Values { values } => given(layout, place, name, values, 1),
        FitsValues::Constant { value } => given(layout, place, name, std::slice::from_ref(value), length),
    }
}

/// Some rows of a column of the dataset.
struct Source<'a> {
    table: &'a str,
    column: &'a str,
    view: &'a ColumnView<'a>,
    picked: &'a [usize],
}

/// The values as `read` takes them from the cells, which are of one kind; a null has no word in FITS here.
fn read<T>(layout: &Layout, source: &Source, read: impl Fn(Cell<'_>) -> Option<T>) -> Result<Vec<T>> {
    let value = |row: &usize| {
        let cell = source.view.cell(*row).and_then(&read);
        cell.ok_or_else(|| layout.unsayable_cell(source.table, source.column, *row, "it is null"))
    };
    source.picked.iter().map(value).collect()
}

fn dataset_column(layout: &Layout, name: &str, source: &Source) -> Result<WriteColumn> {
    macro_rules! values {
        ($kind:ident) => {
            read(layout, source, |cell| if let Cell::$kind(value) = cell { Some(value) } else { None })?
        };
    }
    let data: ColumnData = match source.view.kind() {
        ColumnKind::Float64 => values!(Float64).into(),
        ColumnKind::Float32 => values!(Float32).into(),
        ColumnKind::Int64 => values!(Int64).into(),
        ColumnKind::Int32 => values!(Int32).into(),
        ColumnKind::Boolean => ColumnData::Logical(values!(Boolean).into_iter().map(Some).collect()),
        ColumnKind::Utf8 | ColumnKind::TimestampNanosecondsUtc => {
            let texts = read(layout, source, |cell| match cell {
                Cell::Null => None,
                cell => Some(cell.to_string()),
            })?;
            for (text, row) in texts.iter().zip(source.picked) {
                if let Some(fault) = fault(text) {
                    return Err(layout.unsayable_cell(source.table, source.column, *row, fault));
                }
            }
            return characters(layout, name, &texts, 1);
        }
    };
    Ok(WriteColumn::scalar(name, data))
}

/// Values of the layout, each `times` times.
fn given(layout: &Layout, place: &str, name: &str, values: &[Json], times: usize) -> Result<WriteColumn> {
    let wrong = || no_value(layout, place, name);
    let all = |fits: fn(&Json) -> bool| values.iter().all(fits);
    let data: ColumnData = if all(Json::is_i64) {
        repeated(values.iter().filter_map(Json::as_i64), times).into()
    } else if all(|value| value.is_i64() || value.is_f64()) {
        repeated(values.iter().filter_map(Json::as_f64), times).into()
    } else if all(Json::is_boolean) {
        ColumnData::Logical(repeated(values.iter().map(Json::as_bool), times))
    } else {
        let texts: Option<Vec<String>> =
            values.iter().map(|value| Some(substituted(layout, value.as_str()?))).collect();
        let texts = texts.ok_or_else(wrong)?;
        if let Some((text, fault)) = texts.iter().find_map(|text| Some((text, fault(text)?))) {
            let message =
                format!("gives column `{name}` of {place} a text that FITS cannot hold: `{}`", shown(text));
            return Err(layout.blame(&message).cause(fault));
        }
        return characters(layout, name, &texts, times);
    };
    Ok(WriteColumn::scalar(name, data))
}

fn repeated<T: Clone>(values: impl Iterator<Item = T>, times: usize) -> Vec<T> {
    values.flat_map(|value| std::iter::repeat_n(value, times)).collect()
}

/// What keeps a text out of a column of characters (section 7.3.3.1), or would change it: readers drop blanks at its end.
fn fault(text: &str) -> Option<&'static str> {
    if !text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        Some("it has a character that is not printable ASCII")
    } else if text.ends_with(' ') {
        Some("it ends in a blank, which readers of FITS drop")
    } else {
        None
    }
}

fn characters(layout: &Layout, name: &str, texts: &[String], times: usize) -> Result<WriteColumn> {
    let width = texts.iter().map(String::len).max().unwrap_or(0).max(1);
    let bytes = width.saturating_mul(texts.len()).saturating_mul(times);
    if bytes > LARGEST_TEXT_COLUMN {
        let message = format!("column `{name}` of format `{}` is too large: {bytes} bytes", layout.format);
        return Err(Error::new(Kind::Limit, message).cause(format!(
            "each of its texts takes {width} bytes; {LARGEST_TEXT_COLUMN} are allowed in all"
        )));
    }
    let texts = texts.iter().flat_map(|text| std::iter::repeat_n(text, times));
    WriteColumn::characters(name, texts, width).map_err(|error| refused(layout, name, &error))
}

/// Neither a dataset's name nor its version has a brace, so one cannot bring in the other.
fn substituted(layout: &Layout, text: &str) -> String {
    text.replace("{name}", layout.source.name).replace("{version}", &layout.source.version.to_string())
}

/// A name as it can stand in a message.
fn shown(text: &str) -> String {
    text.escape_debug().take(80).collect()
}

fn no_value(layout: &Layout, place: &str, name: &str) -> Error {
    layout.blame(&format!(
        "gives `{}` of {place} a value that is neither text, number nor truth value",
        shown(name)
    ))
}

fn refused(layout: &Layout, place: &str, error: &FitsError) -> Error {
    layout.blame(&format!("does not fit {}", shown(place))).cause(error.to_string())
}
