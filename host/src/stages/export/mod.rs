//! Writes a dataset in formats that other programs read.
//!
//! Four formats exist for every dataset, since they follow from its contract alone: `json`, `csv`, `parquet` and
//! `npz`. Any further one is a layout that the module declared and the dataset carries along
//! ([`ExportFormat`](plugin_api::ExportFormat)); a layout with the name of one of the four is never reached.
//!
//! | format | files |
//! |---|---|
//! | `json` | `NAME.json`: everything. NaN and infinity become null and are listed under `not_finite` |
//! | `csv` | `NAME_TABLE.csv` with a header line, `NAME_MATRIX.csv` with the rows' names as first line and column, `NAME_metadata.json`. NaN and infinity are written as `NaN`, `inf`, `-inf`; a null is an empty field |
//! | `parquet` | `NAME_TABLE.parquet` and `NAME_MATRIX.npy`, the very bytes that are stored (a matrix of n rows would be n Parquet columns, which no reader likes), `NAME_metadata.json` |
//! | `npz` | `NAME.npz`: an array for each column of the principal table and for each matrix, under its own name, `TABLE.COLUMN` for further tables, and `metadata_json`. For `numpy.load(..., allow_pickle=False)`. Where a column has nulls, `COLUMN__valid` is false |
//!
//! Invariants: numbers read back to the same bits in every format; the same dataset gives the same bytes, except
//! where a layout asks for the folder's path; no file is written before all of them are complete in memory; none is
//! written outside the folder.

mod csv_files;
mod fits;
mod identity;
mod json;
mod layouts;
mod metadata;
mod npz;
mod numbers;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::dataset::{Dataset, DatasetDocument, npy, parquet_file};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::objects::{ObjectAddress, Objects};
use crate::registry::{DEFAULT_WAIT, Lock};
use crate::text;

const BUILT_IN: [(&str, &str); 4] = [
    ("json", "everything in one JSON file"),
    ("csv", "a CSV file for each table and each matrix"),
    ("parquet", "tables as Parquet files and matrices as npy files, as they are stored"),
    ("npz", "NumPy arrays: columns, matrices and `metadata_json` in one file"),
];

/// A format in which a dataset can be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FormatInfo {
    /// What the user types after `--format`.
    pub name: String,
    /// Which program reads it and how.
    pub meaning: String,
}

/// The formats of a dataset: those of every dataset first, then those its module declared.
#[must_use]
pub fn formats(document: &DatasetDocument) -> Vec<FormatInfo> {
    let built_in = BUILT_IN.iter().map(|(name, meaning)| ((*name).to_owned(), (*meaning).to_owned()));
    let declared = document.exports.iter().filter(|(name, _)| !is_built_in(name));
    let declared = declared.map(|(name, format)| (name.clone(), format.meaning.clone()));
    built_in.chain(declared).map(|(name, meaning)| FormatInfo { name, meaning }).collect()
}

fn is_built_in(name: &str) -> bool {
    BUILT_IN.iter().any(|(built_in, _)| *built_in == name)
}

/// What a format is made from.
struct Source<'a> {
    document: &'a DatasetDocument,
    dataset: &'a Dataset,
    name: &'a str,
    version: &'a Digest,
    /// The folder that the files go to; none where they become objects.
    directory: Option<&'a Path>,
}

/// A file of a format, complete.
struct OutputFile {
    name: String,
    bytes: Vec<u8>,
}

/// Writes a dataset into `directory`, which is made if need be, and returns the files in the order written. Files of
/// the same names are replaced.
///
/// # Errors
/// [`Kind::Usage`] when the dataset has no such format; [`Kind::CheckFailed`] when the format cannot hold a value of
/// the dataset; [`Kind::PluginCrashed`] when the module declared a layout that makes no sense; [`Kind::Storage`] when
/// the folder cannot be written.
pub fn export(
    document: &DatasetDocument,
    dataset: &Dataset,
    name: &str,
    version: &Digest,
    format: &str,
    directory: &Path,
) -> Result<Vec<PathBuf>> {
    let source = Source { document, dataset, name, version, directory: Some(directory) };
    let files = files(&source, format)?;
    durable::create_directories(directory).storage("make the folder of an export")?;
    // One at a time, so that what is left of a killed one can be told from what another is about to publish.
    let _lock = Lock::on_folder(directory, "the folder of the export", DEFAULT_WAIT)?;
    let mut written = Vec::with_capacity(files.len());
    for file in files {
        let path = directory.join(&file.name);
        durable::sweep_file(&path).storage(&format!("tidy up beside `{}`", path.display()))?;
        durable::publish(&path, &file.bytes).storage(&format!("write `{}`", path.display()))?;
        written.push(path);
    }
    Ok(written)
}

/// The same as objects whose addresses begin with `folder`. Each is there whole or not at all.
///
/// # Errors
/// As [`export`] and [`Objects::put`].
pub fn export_as_objects(
    document: &DatasetDocument,
    dataset: &Dataset,
    name: &str,
    version: &Digest,
    format: &str,
    (objects, folder): (&Objects, &ObjectAddress),
) -> Result<Vec<ObjectAddress>> {
    let source = Source { document, dataset, name, version, directory: None };
    let mut written = Vec::new();
    for file in files(&source, format)? {
        let address = folder.join(&file.name).map_err(|why| Error::new(Kind::Usage, why))?;
        objects.put(&address, file.bytes, &format!("cannot write `{}`", file.name))?;
        written.push(address);
    }
    Ok(written)
}

/// Makes all of them before any is written.
fn files(source: &Source, format: &str) -> Result<Vec<OutputFile>> {
    let files = match format {
        "json" => vec![json::whole(source)?],
        "csv" => csv_files::files(source)?,
        "parquet" => stored_files(source)?,
        "npz" => vec![npz::file(source)?],
        _ => match source.document.exports.get(format) {
            Some(layout) => layouts::files(source, format, layout)?,
            None => return Err(unknown_format(source.document, format)),
        },
    };
    check_names(&files)?;
    Ok(files)
}

fn stored_files(source: &Source) -> Result<Vec<OutputFile>> {
    let mut files = Vec::new();
    for table in &source.dataset.tables {
        let bytes = parquet_file::write(table, parquet_file::ROWS_PER_GROUP).map_err(|cause| {
            Error::new(Kind::Internal, format!("cannot write table `{}`", table.name)).cause(cause)
        })?;
        files.push(OutputFile { name: format!("{}_{}.parquet", source.name, table.name), bytes });
    }
    for matrix in &source.dataset.matrices {
        let bytes = npy::floats(&[matrix.size, matrix.size], &matrix.values);
        files.push(OutputFile { name: format!("{}_{}.npy", source.name, matrix.name), bytes });
    }
    files.push(identity::file(source)?);
    Ok(files)
}

fn unknown_format(document: &DatasetDocument, format: &str) -> Error {
    let formats = formats(document);
    let nearest = text::nearest(format, formats.iter().map(|known| known.name.as_str()));
    let names: Vec<_> = formats.iter().map(|known| format!("`{}`", known.name)).collect();
    let error = Error::new(Kind::Usage, format!("this dataset cannot be written in the format: `{format}`"));
    match nearest {
        Some(known) => error.hint(format!("did you mean `--format {known}`?")),
        None => error,
    }
    .hint(format!("its formats are {}", names.join(", ")))
}

/// Names come from the user, the contract and the module: none may leave the folder, hide, or hit another.
fn check_names(files: &[OutputFile]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for OutputFile { name, .. } in files {
        let allowed = |character: char| !character.is_control() && !r#"/\:*?"<>|"#.contains(character);
        if name.len() > 255 || !name.chars().all(allowed) || name.starts_with('.') || name.contains("..") {
            return Err(Error::new(
                Kind::PluginCrashed,
                format!("a file of an export cannot have the name: `{name}`"),
            )
            .hint("report this to the authors of the module"));
        }
        if !seen.insert(name.to_lowercase()) {
            return Err(Error::new(
                Kind::PluginCrashed,
                format!("two files of an export have the name: `{name}`"),
            )
            .hint("report this to the authors of the module"));
        }
    }
    Ok(())
}

/// The format has no way to say a value.
fn unsayable(format: &str, place: &str, message: &str) -> Error {
    Error::new(Kind::CheckFailed, format!("format `{format}` cannot hold {place}"))
        .cause(message)
        .hint("use `--format json`, `--format csv` or `--format parquet`, which can")
}

/// A table whose columns all have types of the contract.
fn typed_column<'a>(
    table: &'a crate::dataset::Table,
    column: &str,
) -> Result<crate::dataset::ColumnView<'a>> {
    table.column(column).ok_or_else(|| {
        Error::new(Kind::CheckFailed, format!("cannot write table `{}`, column `{column}`", table.name))
            .cause("it is not there, or its type is none that a contract can promise")
            .hint("use `--format parquet`, which holds every type")
    })
}
