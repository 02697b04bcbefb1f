//! From files to memory, believing nothing.
//!
//! Invariant: no byte is parsed before its size and digest agree with the document, and no path comes from a
//! document: a file's name follows from the name of its table or matrix.

use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;

use super::document::is_plain_name;
use super::{DATASET_SCHEMA, DOCUMENT_FILE, Dataset, DatasetDocument, SquareMatrix, npy, parquet_file};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};

/// Largest document read; contracts and metadata, no data.
const DOCUMENT_LIMIT: u64 = 64 << 20;

#[derive(Deserialize)]
struct SchemaOnly {
    schema: String,
}

/// Reads and verifies a dataset; with `version`, also that it is that one. `rows_per_batch` bounds how
/// many rows of a table are decoded at a time.
///
/// # Errors
/// [`Kind::Corrupt`] with the file and what differs; [`Kind::Storage`] when a file cannot be read at all.
pub fn decode(
    directory: &Path,
    version: Option<&Digest>,
    rows_per_batch: usize,
) -> Result<(DatasetDocument, Dataset)> {
    let document = read_document(directory, version)?;
    let mut tables = Vec::with_capacity(document.tables.len());
    for table in &document.tables {
        let path = content_path(directory, &table.name, &table.file, "parquet")?;
        let bytes = verified(&path, table.bytes, &table.sha256)?;
        tables.push(
            parquet_file::read(&table.name, bytes, table.rows, rows_per_batch)
                .map_err(|cause| corrupt(&path, cause))?,
        );
    }
    let mut matrices = Vec::with_capacity(document.matrices.len());
    for matrix in &document.matrices {
        let path = content_path(directory, &matrix.name, &matrix.file, "npy")?;
        let bytes = verified(&path, matrix.bytes, &matrix.sha256)?;
        let values = npy::read_square(&bytes, matrix.size).map_err(|cause| corrupt(&path, cause))?;
        let size = usize::try_from(matrix.size).map_err(|error| corrupt(&path, error.to_string()))?;
        matrices.push(SquareMatrix { name: matrix.name.clone(), size, values });
    }
    let dataset = Dataset {
        output: document.output.clone(),
        contract: document.contract.clone(),
        tables,
        matrices,
        metadata: document.metadata.clone(),
        findings: document.findings.clone(),
        exports: document.exports.clone(),
        models: document.models.clone(),
        plots: document.plots.clone(),
    };
    Ok((document, dataset))
}

/// Reads the document alone; with `version`, verifies that it is the one that was registered.
///
/// # Errors
/// As [`decode`].
pub fn read_document(directory: &Path, version: Option<&Digest>) -> Result<DatasetDocument> {
    let path = directory.join(DOCUMENT_FILE);
    let mut bytes = Vec::new();
    open(&path)?.take(DOCUMENT_LIMIT + 1).read_to_end(&mut bytes).storage("read a dataset")?;
    if bytes.len() as u64 > DOCUMENT_LIMIT {
        return Err(corrupt(&path, format!("it is larger than {DOCUMENT_LIMIT} bytes")));
    }
    if let Some(version) = version.filter(|version| **version != Digest::of(&bytes)) {
        return Err(corrupt(&path, format!("its sha256 is not the version {version} it was registered as")));
    }
    let SchemaOnly { schema } =
        serde_json::from_slice(&bytes).map_err(|error| corrupt(&path, error.to_string()))?;
    if schema != DATASET_SCHEMA {
        return Err(corrupt(&path, format!("its schema is `{schema}`, this host reads `{DATASET_SCHEMA}`")));
    }
    serde_json::from_slice(&bytes).map_err(|error| corrupt(&path, error.to_string()))
}

fn content_path(directory: &Path, name: &str, file: &str, extension: &str) -> Result<std::path::PathBuf> {
    if !is_plain_name(name) || file != format!("{name}.{extension}") {
        let cause = format!("`{name}` cannot be in a file named `{file}`");
        return Err(corrupt(&directory.join(DOCUMENT_FILE), cause));
    }
    Ok(directory.join(file))
}

fn verified(path: &Path, expected_bytes: u64, expected: &Digest) -> Result<Vec<u8>> {
    let file = open(path)?;
    let found_bytes = file.metadata().storage("read a dataset")?.len();
    if found_bytes != expected_bytes {
        return Err(corrupt(path, format!("it has {found_bytes} bytes, the document says {expected_bytes}")));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected_bytes).unwrap_or(0));
    // One byte more than expected is enough to notice that the file is growing.
    file.take(expected_bytes.saturating_add(1)).read_to_end(&mut bytes).storage("read a dataset")?;
    let found = Digest::of(&bytes);
    if found != *expected {
        return Err(corrupt(path, format!("its sha256 is {found}, the document says {expected}")));
    }
    Ok(bytes)
}

/// Opens a regular file; a link could lead anywhere, a pipe would wait for ever.
fn open(path: &Path) -> Result<fs_err::File> {
    let metadata = match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(corrupt(path, "it is missing")),
        result => result.storage("read a dataset")?,
    };
    if !metadata.is_file() {
        return Err(corrupt(path, "it is not a regular file"));
    }
    fs_err::File::open(path).storage("read a dataset")
}

fn corrupt(path: &Path, cause: impl Into<String>) -> Error {
    Error::new(Kind::Corrupt, format!("`{}` is damaged", path.display()))
        .cause(cause)
        .hint("see everything that is damaged with `host check`; make the dataset again with `host prepare … --force`")
}
