//! Exports of the examples, read back as other programs read them and compared with the dataset value by value.

use std::io::Read;
use std::path::Path;

use serde_json::Value as Json;

use super::bench::{Bench, Golden, NO_EXAMPLE};
use super::line::{Evidence, Outcome};
use super::values::{self, Format, Value};
use crate::dataset::{Cell, ColumnView, Dataset, decode, npy};
use crate::error::{Result, StorageContext};
use crate::stages::export;

/// Larger examples are left out, but for the smallest one: reading text back takes a hundred times the room.
const LARGE_BYTES: u64 = 2 << 20;

/// What a file says, or why it cannot be read.
type Said<T> = std::result::Result<T, String>;

/// Writes every example that is not large in every format and reads it back.
pub(super) fn read_back(bench: &mut Bench<'_>) -> Result<Outcome> {
    if bench.golden.is_empty() {
        return Ok(Outcome::skipped(NO_EXAMPLE));
    }
    let (mut exports, mut compared, mut failures) = (0, 0, Vec::new());
    let mut sized = Vec::new();
    for golden in &bench.golden {
        sized.push((stored_bytes(bench, golden)?, golden));
    }
    sized.sort_by_key(|(bytes, _)| *bytes);
    let small = sized.iter().enumerate().filter(|(place, (bytes, _))| *place == 0 || *bytes <= LARGE_BYTES);
    let small: Vec<&Golden> = small.map(|(_, (_, golden))| *golden).collect();
    for golden in &small {
        for format in [Format::Npz, Format::Json, Format::Csv] {
            exports += 1;
            match one(bench, golden, format)? {
                Ok(values) => compared += values,
                Err(why) => failures.push(format!("`{}` as {}: {why}", golden.name, format.name())),
            }
        }
    }
    let equal = exports - failures.len();
    let measured = format!("{equal} of {exports} exports, {compared} values");
    let left_out = sized.len() - small.len();
    Ok(Outcome::of(failures.is_empty() && compared > 0, measured)
        .noting((left_out > 0).then(|| format!("{left_out} large examples left out")))
        .noting(failures.first())
        .shown_by(failures.iter().map(Evidence::fact)))
}

fn stored_bytes(bench: &Bench<'_>, golden: &Golden) -> Result<u64> {
    let folder = bench.registry("first")?.version_directory(&golden.name, &golden.version);
    let mut bytes = 0_u64;
    for entry in fs_err::read_dir(folder).storage("list a version")? {
        let metadata = entry.and_then(|entry| entry.metadata()).storage("list a version")?;
        bytes = bytes.saturating_add(metadata.len());
    }
    Ok(bytes)
}

fn one(bench: &Bench<'_>, golden: &Golden, format: Format) -> Result<Said<usize>> {
    let (name, version) = (golden.name.as_str(), &golden.version);
    let stored = bench.registry("first")?.version_directory(&golden.name, version);
    let (document, dataset) = decode(&stored, Some(version), bench.subject.options.rows_per_batch)?;
    let folder = bench.path("exports");
    export::export(&document, &dataset, name, version, format.name(), &folder)?;
    Ok(match format {
        Format::Npz => arrays(&dataset, &folder.join(format!("{name}.npz"))),
        Format::Json => document_of(&dataset, &folder.join(format!("{name}.json"))),
        Format::Csv => fields(&dataset, &folder, name),
    })
}

/// Compares a column with what was read of it; says how many values there are.
fn compare(format: Format, place: &str, view: &ColumnView<'_>, read: &[Value]) -> Said<usize> {
    if view.len() != read.len() {
        return Err(format!("{place} has {} values, {} were written", read.len(), view.len()));
    }
    for (row, (cell, value)) in view.cells().zip(read).enumerate() {
        // An array holds something where there is nothing; `valid` tells.
        let is_equal = (format == Format::Npz && cell == Cell::Null) || format.expected(&cell) == *value;
        if !is_equal {
            return Err(format!("{place}, row {}: {value:?} in place of {cell}", row + 1));
        }
    }
    Ok(read.len())
}

fn compare_matrix(name: &str, elements: &[f64], read: &[Value]) -> Said<usize> {
    let equal = elements.len() == read.len()
        && elements.iter().zip(read).all(|(one, other)| values::float(*one) == *other);
    if equal { Ok(read.len()) } else { Err(format!("matrix `{name}` is another")) }
}

fn column<'d>(dataset: &'d Dataset, table: usize, name: &str) -> Said<ColumnView<'d>> {
    let column = dataset.tables.get(table).and_then(|table| table.column(name));
    column.ok_or_else(|| format!("column `{name}` is of no kind that a file can hold"))
}

fn arrays(dataset: &Dataset, file: &Path) -> Said<usize> {
    let file = fs_err::File::open(file).map_err(|error| error.to_string())?;
    let mut archive = zip::ZipArchive::new(file).map_err(|error| error.to_string())?;
    let mut array = |name: &str| -> Said<Vec<u8>> {
        let mut file =
            archive.by_name(&format!("{name}.npy")).map_err(|error| format!("`{name}`: {error}"))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    };
    let mut compared = 0;
    for (position, table) in dataset.tables.iter().enumerate() {
        for field in table.schema.fields() {
            let view = column(dataset, position, field.name())?;
            let name = match position {
                0 => field.name().clone(),
                _ => format!("{}.{}", table.name, field.name()),
            };
            let bytes = array(&name)?;
            let read = npy::read(&bytes).map_err(|why| format!("`{name}`: {why}"))?;
            let values = values::of_array(view.kind(), read.descriptor, read.data)
                .ok_or_else(|| format!("`{name}` has the type `{}`", read.descriptor))?;
            compared += compare(Format::Npz, &format!("`{name}`"), &view, &values)?;
        }
    }
    for matrix in &dataset.matrices {
        let bytes = array(&matrix.name)?;
        let size = u64::try_from(matrix.size).unwrap_or(u64::MAX);
        let read = npy::read_square(&bytes, size).map_err(|why| format!("`{}`: {why}", matrix.name))?;
        let read: Vec<Value> = read.iter().map(|element| values::float(*element)).collect();
        compared += compare_matrix(&matrix.name, &matrix.values, &read)?;
    }
    Ok(compared)
}

fn document_of(dataset: &Dataset, file: &Path) -> Said<usize> {
    let bytes = fs_err::read(file).map_err(|error| error.to_string())?;
    let document: Json = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
    let list = |value: Option<&Json>, place: &str| -> Said<Vec<Json>> {
        value.and_then(Json::as_array).cloned().ok_or_else(|| format!("{place} is not there"))
    };
    let mut compared = 0;
    for (position, table) in dataset.tables.iter().enumerate() {
        for field in table.schema.fields() {
            let place = format!("column `{}` of `{}`", field.name(), table.name);
            let view = column(dataset, position, field.name())?;
            let said = document.get("tables").and_then(|tables| tables.get(&table.name)?.get(field.name()));
            let values = list(said, &place)?;
            let values = values.iter().map(|value| values::of_json(view.kind(), value));
            let values: Vec<Value> =
                values.collect::<Option<_>>().ok_or_else(|| format!("{place} holds another kind"))?;
            compared += compare(Format::Json, &place, &view, &values)?;
        }
    }
    for matrix in &dataset.matrices {
        let place = format!("matrix `{}`", matrix.name);
        let rows = list(document.get("matrices").and_then(|matrices| matrices.get(&matrix.name)), &place)?;
        let elements = rows.iter().flat_map(|row| row.as_array().into_iter().flatten());
        let read: Vec<Value> = elements.filter_map(Json::as_f64).map(values::float).collect();
        compared += compare_matrix(&matrix.name, &matrix.values, &read)?;
    }
    Ok(compared)
}

fn fields(dataset: &Dataset, folder: &Path, name: &str) -> Said<usize> {
    let rows = |part: &str| -> Said<(Vec<String>, Vec<csv::StringRecord>)> {
        let file = folder.join(format!("{name}_{part}.csv"));
        let reader = csv::Reader::from_path(file);
        let mut reader = reader.map_err(|error| error.to_string())?;
        let headings = reader.headers().map_err(|error| error.to_string())?.clone();
        let rows =
            reader.records().collect::<std::result::Result<_, _>>().map_err(|error| error.to_string())?;
        Ok((headings.iter().map(str::to_owned).collect(), rows))
    };
    let mut compared = 0;
    for (position, table) in dataset.tables.iter().enumerate() {
        let (headings, rows) = rows(&table.name)?;
        for field in table.schema.fields() {
            let place = format!("column `{}` of `{}`", field.name(), table.name);
            let view = column(dataset, position, field.name())?;
            let index = headings.iter().position(|heading| heading == field.name());
            let index = index.ok_or_else(|| format!("{place} is not there"))?;
            let values = rows.iter().map(|row| values::of_field(view.kind(), row.get(index)?));
            let values: Vec<Value> =
                values.collect::<Option<_>>().ok_or_else(|| format!("{place} holds another kind"))?;
            compared += compare(Format::Csv, &place, &view, &values)?;
        }
    }
    for matrix in &dataset.matrices {
        let (_, rows) = rows(&matrix.name)?;
        let elements = rows.iter().flat_map(|row| row.iter().skip(1));
        let read: Vec<Value> = elements.filter_map(|field| field.parse().ok()).map(values::float).collect();
        compared += compare_matrix(&matrix.name, &matrix.values, &read)?;
    }
    Ok(compared)
}
