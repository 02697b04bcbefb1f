//! The audit log: one line of JSON per action, each carrying the digest of the line before it.
//!
//! Invariants:
//! * a line is appended with one write and an fsync, then `head.json` gets its number and digest, so a removed end
//!   shows: the head is never ahead of an intact log, and at most one line behind it;
//! * only an end that was never complete is ever cut off; a damaged line stays where it is, as evidence;
//! * what looks like a secret is not written.

mod tail;
mod verify;

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) use tail::Tail;
pub use verify::{Break, BreakKind, Verification};

use super::item::{Fault, ItemKind, read_document};
use super::name::DatasetName;
use super::sealed;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::platform;

/// Longest line in bytes; longer details are refused, a longer line is damage.
const LONGEST_LINE: u64 = 1024 * 1024;

/// Parts of field names whose values are never written.
const SECRETS: [&str; 6] = ["password", "passphrase", "secret", "token", "credential", "api_key"];

/// What is about to be logged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Action {
    /// RFC 3339.
    pub time: String,
    /// Who or what did it.
    pub actor: String,
    /// One word, such as `register`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// Everything else.
    pub details: Value,
}

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts from 1.
    pub sequence: u64,
    /// RFC 3339.
    pub time: String,
    /// Who or what did it.
    pub actor: String,
    /// The machine it was done on; empty in lines of hosts that did not note it, and not written then.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub machine: String,
    /// Process id, there.
    pub process: u32,
    /// One word, such as `register`.
    pub action: String,
    /// What it was done to.
    pub subject: String,
    /// Everything else.
    pub details: Value,
    /// Digest of the line before; zeros for the first.
    pub previous_sha256: Digest,
    /// Digest of the line's canonical JSON without this field.
    pub sha256: Digest,
}

impl Entry {
    /// The line of the log, byte for byte, with its end: whoever has it can check its digest.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        let mut line = sealed::compact(&sealed::seal(self));
        line.push(b'\n');
        line
    }

    fn tells_of(&self, action: &Action) -> bool {
        let mut details = action.details.clone();
        redact(&mut details);
        let told = (&self.time, &self.actor, &self.action, &self.subject, &self.details);
        told == (&action.time, &action.actor, &action.action, &action.subject, &details)
    }
}

/// What an audit line tells of a record.
#[derive(Debug)]
pub(super) struct RecordLine {
    pub(super) name: DatasetName,
    pub(super) sequence: u64,
    pub(super) version: Digest,
    pub(super) record: Digest,
    pub(super) provenance: Digest,
    pub(super) removed: Vec<Digest>,
}

impl RecordLine {
    /// Nothing if the line is about something else.
    pub(super) fn of(entry: &Entry) -> Option<Self> {
        let digest = |field: &str| entry.details.get(field)?.as_str()?.parse().ok();
        let removed = entry.details.get("removed").and_then(Value::as_array).into_iter().flatten();
        Some(Self {
            name: DatasetName::new(entry.subject.as_str()).ok()?,
            sequence: entry.details.get("sequence")?.as_u64()?,
            version: digest("version")?,
            record: digest("record_sha256")?,
            provenance: digest("provenance_sha256")?,
            removed: removed.filter_map(|digest| digest.as_str()?.parse().ok()).collect(),
        })
    }
}

/// Number and digest of the last line, as kept beside the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// How many lines there are.
    pub sequence: u64,
    /// Digest of the last one.
    pub line_sha256: Digest,
}

impl Head {
    /// What an empty log has.
    const NONE: Self = Self { sequence: 0, line_sha256: Digest::ZERO };

    /// Reads `head.json`.
    ///
    /// # Errors
    /// It is not what was written, and why.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let value = sealed::unseal(bytes, sealed::pretty).map_err(|fault| fault.to_string())?;
        Self::deserialize(value).map_err(|error| format!("it cannot be parsed: {error}"))
    }

    /// The head after a line.
    fn after(entry: &Entry) -> Self {
        Self { sequence: entry.sequence, line_sha256: entry.sha256 }
    }
}

/// The log of one data root, or of any other folder with one writer at a time.
#[derive(Debug, Clone)]
pub struct AuditLog {
    log: PathBuf,
    head: PathBuf,
}

impl AuditLog {
    /// The log in the folder `audit` of a registry.
    pub(crate) fn new(directory: &Path) -> Self {
        Self::of_files(directory.join("audit.jsonl"), directory.join("head.json"))
    }

    /// A log in these two files.
    pub(crate) fn of_files(log: PathBuf, head: PathBuf) -> Self {
        Self { log, head }
    }

    /// The file with the lines.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.log.clone()
    }

    /// The file with number and digest of the last line.
    #[must_use]
    pub fn head_path(&self) -> PathBuf {
        self.head.clone()
    }

    /// The lines in order. A line that is not what was written is an error; those after it still come.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub fn entries(&self) -> Result<impl Iterator<Item = Result<Entry>>> {
        let path = self.path();
        let lines = self.lines().storage("read the audit log")?;
        Ok(lines.enumerate().filter_map(move |(index, line)| {
            let number = index + 1;
            match line {
                Err(error) => Some(Err(Error::storage("cannot read the audit log", &error))),
                // An append that was interrupted; `verify` tells it from a removed end.
                Ok(line) if !line.complete => None,
                Ok(line) => Some(parse(&line.bytes).map_err(|message| {
                    Error::new(Kind::Corrupt, format!("line {number} of the audit log is damaged"))
                        .cause(format!("`{}`: {message}", path.display()))
                        .hint("run `host audit verify`")
                })),
            }
        }))
    }

    /// Follows the chain from its beginning to the head.
    ///
    /// # Errors
    /// The log cannot be read. Damage is no error: the result tells it.
    pub fn verify(&self) -> Result<Verification> {
        self.verify_with(|_| {})
    }

    /// The same, showing every line that is what was written.
    ///
    /// # Errors
    /// As [`AuditLog::verify`].
    pub fn verify_with(&self, mut each: impl FnMut(Entry)) -> Result<Verification> {
        // Read before the log: a line appended in between is no more than the one the log may be ahead.
        let head = self.read_head();
        let mut verifier = verify::Verifier::default();
        for line in self.lines().storage("read the audit log")? {
            if let Some(entry) = verifier.line(&line.storage("read the audit log")?) {
                each(entry);
            }
        }
        Ok(verifier.finish(head))
    }

    /// Appends a line, unless the last one tells of this very action: an interrupted writer may have come that far. The
    /// caller holds the lock of the folder.
    pub(crate) fn append_once(&self, action: &Action) -> Result<()> {
        let mut tail = self.recover()?;
        if !tail.last.as_ref().is_some_and(|last| last.tells_of(action)) {
            self.append(&mut tail, action)?;
        }
        self.publish_head(&mut tail)
    }

    /// The head; nothing if the file is missing.
    pub(super) fn read_head(&self) -> Result<Option<Head>, Fault> {
        let path = self.head_path();
        let bytes = match read_document(ItemKind::FileMissing, &path) {
            Err(fault) if fault.kind == ItemKind::FileMissing => return Ok(None),
            bytes => bytes?,
        };
        // It carries a digest of its own, so that a damaged head is not taken for a damaged log.
        let fault = |message: String| Fault::new(ItemKind::AuditBroken, path, message);
        Head::parse(&bytes).map(Some).map_err(fault)
    }

    fn lines(&self) -> io::Result<Lines> {
        match fs_err::File::open(self.path()) {
            Ok(file) => Ok(Lines { reader: Some(BufReader::new(file)) }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Lines { reader: None }),
            Err(error) => Err(error),
        }
    }
}

/// One line as it stands in the file, without its line end.
#[derive(Debug)]
struct Line {
    bytes: Vec<u8>,
    complete: bool,
}

/// The lines of a file, none longer in memory than [`LONGEST_LINE`].
struct Lines {
    reader: Option<BufReader<fs_err::File>>,
}

impl Iterator for Lines {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut()?;
        let mut bytes = Vec::new();
        match reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
            Ok(0) => None,
            Ok(_) => {
                let complete = bytes.last() == Some(&b'\n');
                if complete {
                    bytes.pop();
                } else if !matches!(reader.fill_buf(), Ok([])) {
                    // Too long to be one of ours: shown in pieces, each of them a damaged line.
                    return Some(Ok(Line { bytes, complete: true }));
                }
                Some(Ok(Line { bytes, complete }))
            }
            Err(error) => {
                self.reader = None;
                Some(Err(error))
            }
        }
    }
}

/// Reads a line and checks that it has the digest it states.
fn parse(line: &[u8]) -> Result<Entry, String> {
    let value = sealed::unseal(line, sealed::compact).map_err(|fault| fault.to_string())?;
    Entry::deserialize(value).map_err(|error| format!("it cannot be parsed: {error}"))
}

/// The line for an action.
fn entry(action: &Action, after: &Head) -> Result<(Vec<u8>, Head)> {
    let mut details = action.details.clone();
    redact(&mut details);
    let entry = Entry {
        sequence: after.sequence.saturating_add(1),
        time: action.time.clone(),
        actor: action.actor.clone(),
        machine: platform::machine_name(),
        process: std::process::id(),
        action: action.action.clone(),
        subject: action.subject.clone(),
        details,
        previous_sha256: after.line_sha256,
        sha256: Digest::ZERO,
    };
    let mut line = sealed::compact(&sealed::seal(&entry));
    let sealed = parse(&line)
        .map_err(|message| Error::new(Kind::Internal, "an audit line does not read back").cause(message))?;
    line.push(b'\n');
    if u64::try_from(line.len()).is_ok_and(|length| length <= LONGEST_LINE) {
        Ok((line, Head::after(&sealed)))
    } else {
        let message = format!("an audit line would have {} bytes", line.len());
        Err(Error::new(Kind::Limit, message).cause(format!("the limit is {LONGEST_LINE}")))
    }
}

/// Whether a value of that name must not be written down.
pub(crate) fn looks_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRETS.iter().any(|secret| name.contains(secret))
}

/// Takes out what looks like a secret.
fn redact(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields.iter_mut() {
                if looks_secret(key) {
                    *value = Value::String("[not logged]".to_owned());
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
