//! Records: what was registered, in which order. Invariant: a record is published once and never changed; the one
//! with the highest sequence number names the current version of its dataset.

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::item::{Fault, ItemKind, read_document};
use super::name::DatasetName;
use super::root::DataRoot;
use super::sealed;
use crate::digest::Digest;
use crate::error::{Error, Kind};

/// The schema of records this host writes and reads.
pub const RECORD_SCHEMA: &str = "host.record/1";

/// Why a version is no longer given to whoever names its dataset alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retirement {
    /// What the user said.
    pub reason: String,
    /// RFC 3339.
    pub at: String,
    /// Who or what retired it.
    pub actor: String,
}

/// When a version was removed, whose record stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// RFC 3339.
    pub at: String,
    /// Who or what removed it.
    pub actor: String,
}

impl Removal {
    /// The refusal to give what is no longer there.
    pub(crate) fn error(&self, name: &DatasetName, version: &Digest) -> Error {
        let message = format!("version {} of `{name}` was removed", version.short());
        Error::new(Kind::Usage, message)
            .cause(format!("by {} on {}, as `host registry gc` was told to", self.actor, self.at))
            .hint("prepare it again from the same inputs, or look for it in a backup: `host backup list`")
    }
}

impl Retirement {
    /// The refusal to use a version.
    pub(crate) fn error(&self, name: &DatasetName, version: &Digest) -> Error {
        let message = format!("version {} of `{name}` is retired: {}", version.short(), self.reason);
        Error::new(Kind::Usage, message).cause(format!("by {} on {}", self.actor, self.at))
    }
}

/// One registration, re-selection or retirement. On disk it also carries `sha256`, the digest of everything else in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// [`RECORD_SCHEMA`].
    pub schema: String,
    /// Counts from 1 for each dataset; where one is missing, a record was lost.
    pub sequence: u64,
    /// Which dataset.
    pub name: DatasetName,
    /// Digest of the content.
    pub version: Digest,
    /// Digest of everything the content was made from.
    pub recipe: Digest,
    /// RFC 3339.
    pub registered_at: String,
    /// Who or what registered it.
    pub actor: String,
    /// The version that was current before.
    pub previous: Option<Digest>,
    /// What the content came from, as it stands in `provenance.json`.
    pub provenance: Value,
    /// How that run went: times, paths, process, machine.
    #[serde(default)]
    pub execution: Value,
    /// Digest of `provenance` as it stands in `provenance.json`.
    pub provenance_sha256: Digest,
    /// Every version of the dataset that is retired now.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub retired: BTreeMap<Digest, Retirement>,
    /// Every version of the dataset that was removed and did not come back.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub removed: BTreeMap<Digest, Removal>,
}

impl Record {
    /// The bytes of the record's file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        sealed::pretty(&sealed::seal(self))
    }
}

/// The bytes of `provenance.json`.
pub(super) fn provenance_bytes(provenance: &Value) -> Vec<u8> {
    sealed::pretty(provenance)
}

/// The bytes that a record had before somebody wrote the same values in another way; nothing if it is no JSON.
pub(super) fn respelt(bytes: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    Some(sealed::pretty(&sealed::seal(value)))
}

/// Reads one record and checks that it is what was written, and where it was written.
pub(super) fn read(root: &DataRoot, name: &DatasetName, sequence: u64) -> Result<Record, Fault> {
    let path = root.record(name, sequence);
    let bytes = read_document(ItemKind::RecordMissing, &path)?;
    parse(&bytes, name, sequence).map_err(|(kind, message)| Fault::new(kind, path, message))
}

/// The digest of the file of a record, whatever it holds; nothing if it cannot be read.
pub(super) fn digest_of(root: &DataRoot, name: &DatasetName, sequence: u64) -> Option<Digest> {
    let bytes = read_document(ItemKind::RecordMissing, &root.record(name, sequence));
    bytes.ok().map(|bytes| Digest::of(&bytes))
}

/// Reads the bytes of one record.
pub(super) fn parse(bytes: &[u8], name: &DatasetName, sequence: u64) -> Result<Record, (ItemKind, String)> {
    let value = sealed::unseal(bytes, sealed::pretty).map_err(|fault| match fault {
        sealed::Fault::Unparsable(_) => (ItemKind::RecordUnparsable, fault.to_string()),
        sealed::Fault::Edited => (ItemKind::RecordEdited, fault.to_string()),
    })?;
    match value.get("schema").and_then(Value::as_str) {
        Some(RECORD_SCHEMA) => {}
        schema => {
            let found = schema.map_or_else(|| "none".to_owned(), |schema| format!("`{schema}`"));
            let message = format!("its schema is {found}, this host reads `{RECORD_SCHEMA}`");
            return Err((ItemKind::RecordUnparsable, message));
        }
    }
    let record = Record::deserialize(value)
        .map_err(|error| (ItemKind::RecordUnparsable, format!("it cannot be parsed: {error}")))?;
    if record.name != *name || record.sequence != sequence {
        let message = format!("it is record {} of `{}`", record.sequence, record.name);
        return Err((ItemKind::RecordEdited, message));
    }
    if record.provenance_sha256 != Digest::of(&provenance_bytes(&record.provenance)) {
        return Err((ItemKind::RecordEdited, "its provenance does not have the digest it states".to_owned()));
    }
    Ok(record)
}

/// The sequence numbers of all records of a dataset, ascending; none if the dataset is unknown.
pub(super) fn sequences(root: &DataRoot, name: &DatasetName) -> io::Result<Vec<u64>> {
    let mut sequences = Vec::new();
    for entry in entries(&root.records_of(name))? {
        sequences.extend(sequence_of(&entry));
    }
    sequences.sort_unstable();
    Ok(sequences)
}

/// The sequence number in the name of a record's file.
pub(super) fn sequence_of(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".json")?;
    let sequence = digits.parse().ok().filter(|sequence| *sequence > 0)?;
    (format!("{sequence:08}") == digits).then_some(sequence)
}

/// The datasets that have a folder for records, in order.
pub(super) fn names(root: &DataRoot) -> io::Result<Vec<DatasetName>> {
    let entries = entries(&root.records())?;
    let names = entries.into_iter().filter_map(|name| DatasetName::new(name).ok());
    // A stray file is for `check` to name; it hides nothing.
    Ok(names.filter(|name| root.records_of(name).is_dir()).collect())
}

/// The names in a directory, sorted; none if it does not exist. Names that are not UTF-8 are shown with substitutes.
pub(super) fn entries(directory: &std::path::Path) -> io::Result<Vec<String>> {
    let entries = match fs_err::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

/// The readable ones among the given records that mention one of the digests, in the order given. The search for the
/// digits comes before parsing, so that a long history costs little more than its reading.
pub(super) fn mentioning<'a>(
    root: &'a DataRoot,
    name: &'a DatasetName,
    sequences: impl Iterator<Item = u64> + 'a,
    digests: &[Digest],
) -> impl Iterator<Item = Record> + 'a {
    let needles: Vec<String> = digests.iter().map(Digest::to_string).collect();
    sequences.filter_map(move |sequence| {
        let path = root.record(name, sequence);
        let record = read_document(ItemKind::RecordMissing, &path).and_then(|bytes| {
            let text = String::from_utf8_lossy(&bytes);
            if !needles.iter().any(|needle| text.contains(needle)) {
                return Ok(None);
            }
            let record = parse(&bytes, name, sequence);
            record.map(Some).map_err(|(kind, message)| Fault::new(kind, &path, message))
        });
        record.unwrap_or_else(|fault| {
            tracing::warn!(path = %fault.path.display(), "a damaged record is passed over: {}", fault.message);
            None
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_records_count() {
        assert_eq!(sequence_of("00000001.json"), Some(1));
        assert_eq!(sequence_of("123456789.json"), Some(123_456_789));
        for name in ["1.json", "00000000.json", "+0000001.json", "00000001.jsonx", "000000001.json", ".json"]
        {
            assert_eq!(sequence_of(name), None, "{name}");
        }
    }
}
