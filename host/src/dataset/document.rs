//! `dataset.json`: what a dataset is, which files hold it, and their digests.
//!
//! Invariant: the document is the last file written and lists every other content file, so its digest addresses the
//! whole content.

use std::collections::BTreeMap;

use arrow_buffer::Buffer;
use plugin_api::{Citation, ExportFormat, Finding, OutputContract, Plot, ReferenceModel};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::digest::Digest;

/// Value of [`DatasetDocument::schema`].
pub const DATASET_SCHEMA: &str = "host.dataset/1";

/// Name of the document's file.
pub const DOCUMENT_FILE: &str = "dataset.json";

/// The module that made a dataset. Its library's digest is provenance, not content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleIdentity {
    /// Name the user types after `--plugin`.
    pub id: String,
    /// Version of the module.
    pub version: String,
}

/// What a document says that the derivation itself does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentHeader {
    /// One line.
    pub title: String,
    /// Who made it.
    pub module: ModuleIdentity,
    /// Papers to cite when using it.
    pub citations: Vec<Citation>,
    /// Licence of the data.
    pub licence: String,
}

/// Everything a reader must know of a dataset besides its numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DatasetDocument {
    /// Always [`DATASET_SCHEMA`].
    pub schema: String,
    /// One line.
    pub title: String,
    /// Who made it.
    pub module: ModuleIdentity,
    /// Which of the module's outputs this is.
    pub output: String,
    /// Papers to cite when using it.
    pub citations: Vec<Citation>,
    /// Licence of the data.
    pub licence: String,
    /// Columns with units and meanings, matrices with their promises.
    pub contract: OutputContract,
    /// One entry for each table, the principal one first.
    pub tables: Vec<TableFile>,
    /// One entry for each matrix.
    pub matrices: Vec<MatrixFile>,
    /// What is true of the whole dataset.
    pub metadata: BTreeMap<String, Json>,
    /// What the module noticed.
    pub findings: Vec<Finding>,
    /// Layouts of other programs, by format name.
    pub exports: BTreeMap<String, ExportFormat>,
    /// What stated models predict for the rows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ReferenceModel>,
    /// Pictures, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plots: BTreeMap<String, Plot>,
}

impl DatasetDocument {
    /// Size of the tables and matrices as they lie in files, without the document itself.
    #[must_use]
    pub fn data_bytes(&self) -> u64 {
        let tables = self.tables.iter().map(|table| table.bytes);
        tables.chain(self.matrices.iter().map(|matrix| matrix.bytes)).fold(0, u64::saturating_add)
    }

    /// The module's own judgement, 0 to 1, where it gave one.
    #[must_use]
    pub fn quality_score(&self) -> Option<f64> {
        self.metadata.get("quality_score").and_then(Json::as_f64)
    }
}

/// The file of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFile {
    /// Name in the contract.
    pub name: String,
    /// `NAME.parquet`, beside the document.
    pub file: String,
    /// Number of rows.
    pub rows: u64,
    /// Digest of the file.
    pub sha256: Digest,
    /// Size of the file.
    pub bytes: u64,
}

/// The file of a matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatrixFile {
    /// Name in the contract.
    pub name: String,
    /// `NAME.npy`, beside the document.
    pub file: String,
    /// Number of rows and of columns.
    pub size: u64,
    /// Table whose rows index the matrix; absent for a matrix that the contract does not name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_of: Option<String>,
    /// Digest of the file.
    pub sha256: Digest,
    /// Size of the file.
    pub bytes: u64,
}

/// A dataset as the files that hold it.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedDataset {
    /// The document, also among the files.
    pub document: DatasetDocument,
    /// Content files; the document is the last.
    pub files: Vec<EncodedFile>,
    /// Digest of the document's file.
    pub version: Digest,
}

/// One content file, hashed once when it is made. The elements of a matrix stay where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedFile {
    name: String,
    content: Content,
    sha256: Digest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    /// Two parts, one after the other.
    InMemory(Vec<u8>, Buffer),
    /// So many bytes, which stand in the version's folder to be.
    Staged(u64),
}

impl EncodedFile {
    /// A file of the given plain name.
    #[must_use]
    pub fn new(name: String, bytes: Vec<u8>) -> Self {
        Self::with_body(name, bytes, Buffer::default())
    }

    /// A file in two parts, the second of which is shared.
    pub(super) fn with_body(name: String, head: Vec<u8>, body: Buffer) -> Self {
        let sha256 = Digest::of_parts(&[&head, &body]);
        Self { name, content: Content::InMemory(head, body), sha256 }
    }

    /// A file that stands in the folder of the dataset's [`Spool`](super::Spool).
    pub(super) fn staged(name: String, sha256: Digest, bytes: u64) -> Self {
        Self { name, content: Content::Staged(bytes), sha256 }
    }

    /// Plain file name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Digest of all bytes.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.sha256
    }

    /// Number of bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.content {
            Content::InMemory(head, body) => head.len() as u64 + body.len() as u64,
            Content::Staged(bytes) => *bytes,
        }
    }

    /// The bytes, part after part; nothing when they stand in a file already.
    #[must_use]
    pub fn parts(&self) -> Option<[&[u8]; 2]> {
        match &self.content {
            Content::InMemory(head, body) => Some([head, body]),
            Content::Staged(_) => None,
        }
    }

    /// The bytes in memory.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.parts().unwrap_or_default().concat()
    }
}

/// Whether a table's or matrix's name can be a file name on every system: it cannot leave the folder, hide, or
/// collide by what follows it.
pub(crate) fn is_plain_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    (1..=100).contains(&name.len())
        && name.bytes().all(allowed)
        && !name.starts_with(['.', '-'])
        && !name.contains("..")
}
