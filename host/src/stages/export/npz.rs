//! `npz`: NumPy arrays in a zip archive, readable without pickle.
//!
//! Invariant: stored without compression, in a fixed order, with a fixed time, so that equal datasets give equal
//! bytes.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use plugin_api::ColumnKind;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::identity::Identity;
use super::{OutputFile, Source, typed_column, unsayable};
use crate::dataset::{Cell, ColumnView, npy};
use crate::error::{Error, Kind, Result};

/// Name of the array that holds identity, units and citations as JSON text.
const METADATA: &str = "metadata_json";

/// Ends the name of the truth values that say where a column is not null.
const VALID: &str = "__valid";

/// Above it the archive needs the fields of the ZIP64 extension.
const LARGE: usize = (u32::MAX as usize) / 2;

struct Archive {
    zip: ZipWriter<Cursor<Vec<u8>>>,
    names: BTreeSet<String>,
}

pub(super) fn file(source: &Source) -> Result<OutputFile> {
    let mut archive = Archive { zip: ZipWriter::new(Cursor::new(Vec::new())), names: BTreeSet::new() };
    let mut notes = Vec::new();
    for (position, table) in source.dataset.tables.iter().enumerate() {
        for field in table.schema.fields() {
            let column = field.name();
            let view = typed_column(table, column)?;
            let array = if position == 0 { column.clone() } else { format!("{}.{column}", table.name) };
            archive.add(&array, &column_array(&view, &array)?)?;
            if view.nulls() > 0 {
                let valid: Vec<u8> = view.cells().map(|cell| u8::from(cell != Cell::Null)).collect();
                archive.add(&format!("{array}{VALID}"), &npy::array("|b1", &[valid.len()], &valid))?;
                notes.push(format!("`{array}` has {} nulls: `{array}{VALID}` is false there", view.nulls()));
            }
        }
    }
    for matrix in &source.dataset.matrices {
        archive.add(&matrix.name, &npy::floats(&[matrix.size, matrix.size], &matrix.values))?;
    }
    let metadata = Identity::of(source, notes).compact()?;
    let metadata = npy::texts(&[], std::iter::once(&*metadata)).ok_or_else(|| too_large(METADATA))?;
    archive.add(METADATA, &metadata)?;
    let bytes = archive.zip.finish().map_err(|error| unwritable(&error))?.into_inner();
    Ok(OutputFile { name: format!("{}.npz", source.name), bytes })
}

fn too_large(array: &str) -> Error {
    Error::new(Kind::Limit, format!("array `{array}` would take more than 4 GiB in this format"))
        .cause("every text takes the room of the longest")
        .hint("export as `parquet`")
}

impl Archive {
    fn add(&mut self, name: &str, array: &[u8]) -> Result<()> {
        let allowed = |character: char| !character.is_control() && !matches!(character, '/' | '\\');
        if name.is_empty() || name.contains("..") || !name.chars().all(allowed) {
            return Err(unsayable(
                "npz",
                &format!("an array named `{name}`"),
                "the name cannot be a file name",
            ));
        }
        if !self.names.insert(name.to_owned()) {
            let cause =
                "two columns or matrices have that name, or it is one that the format keeps for itself";
            return Err(unsayable("npz", &format!("two arrays named `{name}`"), cause));
        }
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(0o644)
            .large_file(array.len() > LARGE);
        self.zip.start_file(format!("{name}.npy"), options).map_err(|error| unwritable(&error))?;
        self.zip.write_all(array).map_err(|error| unwritable(&error))
    }
}

/// A null is NaN, 0, false, not-a-time or empty; the array of valid places tells it from such a value.
fn column_array(view: &ColumnView, name: &str) -> Result<Vec<u8>> {
    let shape = [view.len()];
    let descriptor = match view.kind() {
        ColumnKind::Float64 => "<f8",
        ColumnKind::Float32 => "<f4",
        ColumnKind::Int64 => "<i8",
        ColumnKind::Int32 => "<i4",
        ColumnKind::Boolean => "|b1",
        ColumnKind::TimestampNanosecondsUtc => "<M8[ns]",
        ColumnKind::Utf8 => {
            let texts: Vec<&str> =
                view.cells().map(|cell| if let Cell::Text(text) = cell { text } else { "" }).collect();
            if let Some(row) = texts.iter().position(|text| text.ends_with('\0')) {
                let place = format!("array `{name}`, row {}", row + 1);
                return Err(unsayable("npz", &place, "the text ends in a NUL character, which NumPy drops"));
            }
            return npy::texts(&shape, texts.into_iter()).ok_or_else(|| too_large(name));
        }
    };
    let mut data = Vec::with_capacity(8 * view.len());
    for cell in view.cells() {
        match cell {
            Cell::Float64(value) => data.extend_from_slice(&value.to_le_bytes()),
            Cell::Float32(value) => data.extend_from_slice(&value.to_le_bytes()),
            Cell::Int64(value) | Cell::Timestamp(value) => data.extend_from_slice(&value.to_le_bytes()),
            Cell::Int32(value) => data.extend_from_slice(&value.to_le_bytes()),
            Cell::Boolean(value) => data.push(u8::from(value)),
            Cell::Null | Cell::Text(_) => match view.kind() {
                ColumnKind::Float64 => data.extend_from_slice(&f64::NAN.to_le_bytes()),
                ColumnKind::Float32 => data.extend_from_slice(&f32::NAN.to_le_bytes()),
                ColumnKind::TimestampNanosecondsUtc => data.extend_from_slice(&i64::MIN.to_le_bytes()),
                ColumnKind::Int64 => data.extend_from_slice(&[0; 8]),
                ColumnKind::Int32 => data.extend_from_slice(&[0; 4]),
                ColumnKind::Boolean | ColumnKind::Utf8 => data.push(0),
            },
        }
    }
    Ok(npy::array(descriptor, &shape, &data))
}

fn unwritable(error: &dyn std::error::Error) -> Error {
    Error::new(Kind::Internal, "cannot write an npz file").cause(error.to_string())
}
