//! From memory to the bytes of the files.

use std::collections::BTreeSet;

use plugin_api::Finding;

use super::document::is_plain_name;
use super::{
    DATASET_SCHEMA, DOCUMENT_FILE, Dataset, DatasetDocument, DocumentHeader, EncodedDataset, EncodedFile,
    MatrixFile, Rows, SquareMatrix, Table, TableFile, npy, parquet_file,
};
use crate::error::{Error, Kind, Result};

/// Makes the files of a dataset. Writes nothing.
///
/// # Errors
/// [`Kind::PluginCrashed`] when what the module returned cannot be stored: a name that cannot be a file name or
/// occurs twice, a table without columns, a matrix whose number of elements is not its size squared.
pub fn encode(dataset: &Dataset, header: DocumentHeader) -> Result<EncodedDataset> {
    let mut files = Vec::new();
    let mut tables = Vec::new();
    let mut seen = BTreeSet::new();
    for table in &dataset.tables {
        let (entry, file) = encode_table(table)?;
        unique(&mut seen, file.name(), "table", &table.name)?;
        tables.push(entry);
        files.push(file);
    }
    let mut matrices = Vec::new();
    for matrix in &dataset.matrices {
        let (mut entry, file) = encode_matrix(matrix)?;
        unique(&mut seen, file.name(), "matrix", &matrix.name)?;
        entry.rows_of = dataset
            .contract
            .matrices
            .iter()
            .find(|one| one.name == matrix.name)
            .map(|one| one.rows_of.clone());
        matrices.push(entry);
        files.push(file);
    }
    let document = DatasetDocument {
        schema: DATASET_SCHEMA.to_owned(),
        title: header.title,
        module: header.module,
        output: dataset.output.clone(),
        citations: header.citations,
        licence: header.licence,
        contract: dataset.contract.clone(),
        tables,
        matrices,
        metadata: dataset.metadata.clone(),
        findings: dataset.findings.iter().map(storable).collect(),
        exports: dataset.exports.clone(),
        models: dataset.models.clone(),
        plots: dataset.plots.clone(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| {
        Error::new(Kind::Internal, "cannot write the document of a dataset").cause(error.to_string())
    })?;
    bytes.push(b'\n');
    let file = EncodedFile::new(DOCUMENT_FILE.to_owned(), bytes);
    let version = file.sha256();
    files.push(file);
    Ok(EncodedDataset { document, files, version })
}

fn encode_table(table: &Table) -> Result<(TableFile, EncodedFile)> {
    let unusable = |cause: String| returned(format!("table `{}` cannot be stored", table.name)).cause(cause);
    check_name(&table.name).map_err(unusable)?;
    let name = parquet_file::name_of(&table.name);
    let file = match &table.content {
        Rows::Stored(stored) => EncodedFile::staged(name, stored.sha256(), stored.bytes()),
        Rows::Held(_) => {
            let bytes = parquet_file::write(table, parquet_file::ROWS_PER_GROUP).map_err(unusable)?;
            EncodedFile::new(name, bytes)
        }
    };
    let entry = TableFile {
        name: table.name.clone(),
        file: file.name().to_owned(),
        rows: table.rows() as u64,
        sha256: file.sha256(),
        bytes: file.length(),
    };
    Ok((entry, file))
}

fn encode_matrix(matrix: &SquareMatrix) -> Result<(MatrixFile, EncodedFile)> {
    let unusable =
        |cause: String| returned(format!("matrix `{}` cannot be stored", matrix.name)).cause(cause);
    check_name(&matrix.name).map_err(unusable)?;
    let size = matrix.size;
    if size.checked_mul(size) != Some(matrix.values.len()) {
        return Err(unusable(format!(
            "it says {size} rows and columns and has {} elements",
            matrix.values.len()
        )));
    }
    let (head, body) = npy::floats_in_parts(&[size, size], &matrix.values);
    let file = EncodedFile::with_body(format!("{}.npy", matrix.name), head, body);
    let entry = MatrixFile {
        name: matrix.name.clone(),
        file: file.name().to_owned(),
        size: size as u64,
        rows_of: None,
        sha256: file.sha256(),
        bytes: file.length(),
    };
    Ok((entry, file))
}

fn check_name(name: &str) -> Result<(), String> {
    if is_plain_name(name) {
        return Ok(());
    }
    Err("its name must be 1 to 100 of the characters a-z A-Z 0-9 `_` `-` `.` and start with none of the last two".to_owned())
}

/// Names that differ in case alone would be one file on some systems.
fn unique(seen: &mut BTreeSet<String>, file: &str, what: &str, name: &str) -> Result<()> {
    if seen.insert(file.to_ascii_lowercase()) {
        return Ok(());
    }
    Err(returned(format!("{what} `{name}` occurs twice")))
}

fn returned(message: String) -> Error {
    Error::new(Kind::PluginCrashed, message).hint("report this to the authors of the module")
}

/// JSON has no NaN: a number that is not finite stays only in the finding's words.
fn storable(finding: &Finding) -> Finding {
    let mut finding = finding.clone();
    finding.measured = finding.measured.filter(|value| value.is_finite());
    finding.limit = finding.limit.filter(|value| value.is_finite());
    finding
}
