//! The vocabulary of damage: what can be wrong with something stored, and how bad that is.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::durable;
use crate::error::{Error, Kind, chain};

/// No JSON document of a data root is larger; a larger file is damage and is not read into memory.
pub(super) const LARGEST_DOCUMENT: u64 = 64 * 1024 * 1024;

/// What is wrong. The names are stable: programs read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemKind {
    /// `registry/format.json` is missing, damaged or of another format.
    Format,
    /// A line of the audit log is missing, edited or out of order, or the log does not fit its head.
    AuditBroken,
    /// A record that the audit log or the numbering tells of is not there.
    RecordMissing,
    /// A record cannot be parsed.
    RecordUnparsable,
    /// A record is not what was written.
    RecordEdited,
    /// The audit log does not know a record.
    RecordUnlogged,
    /// A record follows a version that is not the one before it.
    DanglingPrevious,
    /// The folder of a registered version is not there.
    VersionMissing,
    /// A file of a version is not there.
    FileMissing,
    /// There is something nobody registered.
    FileExtra,
    /// A file is shorter than it was.
    FileTruncated,
    /// A file has other content than it had.
    DigestMismatch,
    /// `dataset.json` does not have the digest its folder is named after.
    DocumentEdited,
    /// `provenance.json` is not the one of any registration of this version.
    ProvenanceEdited,
    /// A file cannot be read.
    Unreadable,
    /// A complete version that no record names, as an interrupted registration leaves it.
    Orphan,
    /// Others may write to it, or its owner may not read it.
    Mode,
    /// A damaged version that was set aside when its content was derived again.
    Quarantined,
    /// An interrupted action that the next writer finishes or drops.
    Interrupted,
    /// What a killed process left; the next writer removes it.
    Leftover,
    /// The index does not show what is registered.
    IndexStale,
}

/// How bad an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemSeverity {
    /// Something was lost or changed.
    Damage,
    /// Nothing was lost, but somebody should look.
    Warning,
    /// Harmless, and gone after the next write.
    Note,
}

impl ItemKind {
    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> ItemSeverity {
        match self {
            Self::Orphan | Self::Mode | Self::Quarantined => ItemSeverity::Warning,
            Self::Interrupted | Self::Leftover | Self::IndexStale => ItemSeverity::Note,
            _ => ItemSeverity::Damage,
        }
    }

    /// What to type or do, given the dataset's name.
    pub(super) fn hint(self, name: Option<&str>) -> Option<String> {
        let name = name.unwrap_or("NAME");
        match self {
            Self::VersionMissing
            | Self::FileMissing
            | Self::FileTruncated
            | Self::DigestMismatch
            | Self::DocumentEdited
            | Self::ProvenanceEdited => Some(
                "put the same bytes back: `host check --json | host prepare --from -` derives them again, `host registry \
                 repair --from-backup` takes them from a snapshot; what is damaged is set aside"
                    .to_owned(),
            ),
            Self::Format
            | Self::RecordMissing
            | Self::RecordUnparsable
            | Self::RecordEdited
            | Self::RecordUnlogged
            | Self::DanglingPrevious
            | Self::AuditBroken => Some(
                "`host registry repair --from-backup --dry-run` says what can be put back; the audit log comes back with a \
                 whole snapshot alone"
                    .to_owned(),
            ),
            Self::FileExtra => Some(
                "move it out of the data root, or let `host registry repair --yes` put it into quarantine".to_owned(),
            ),
            Self::Unreadable => Some("check the permissions and the disk".to_owned()),
            Self::Mode => Some("`chmod 644` the file, `chmod 755` the folder".to_owned()),
            Self::Orphan => {
                Some(format!("prepare `{name}` again to register it, or adopt it with `host registry repair --yes`"))
            }
            Self::Quarantined => Some(
                "`host registry gc --older-than 30d` removes it when it is old enough".to_owned(),
            ),
            Self::IndexStale => {
                Some("it renews itself with `host list`, or run `host registry rebuild`".to_owned())
            }
            Self::Interrupted | Self::Leftover => None,
        }
    }
}

/// One thing that is wrong, where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) kind: ItemKind,
    pub(super) path: PathBuf,
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(kind: ItemKind, path: impl Into<PathBuf>, message: impl Into<String>) -> Self {
        Self { kind, path: path.into(), message: message.into() }
    }

    /// For what could not be read: missing is said by the given kind, everything else is [`ItemKind::Unreadable`].
    pub(super) fn reading(missing: ItemKind, path: &Path, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::new(missing, path, "it is missing"),
            _ => Self::new(ItemKind::Unreadable, path, format!("it cannot be read: {}", chain(error))),
        }
    }

    /// Whether something is gone, rather than too much.
    pub(super) fn is_loss(&self) -> bool {
        !matches!(self.kind, ItemKind::FileExtra | ItemKind::Leftover)
    }

    /// The fault as the reason why something else cannot be done.
    pub(super) fn into_error(self, message: impl Into<String>) -> Error {
        let kind = if self.kind == ItemKind::Unreadable { Kind::Storage } else { Kind::Corrupt };
        let error = Error::new(kind, message).cause(format!("`{}`: {}", self.path.display(), self.message));
        error.hint("run `host check` to see everything that is damaged")
    }
}

/// Reads a JSON document of the data root.
pub(super) fn read_document(missing: ItemKind, path: &Path) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = durable::open(path).and_then(|file| file.take(LARGEST_DOCUMENT + 1).read_to_end(&mut bytes));
    match read {
        Err(error) => Err(Fault::reading(missing, path, &error)),
        Ok(count) if u64::try_from(count).is_ok_and(|count| count <= LARGEST_DOCUMENT) => Ok(bytes),
        Ok(_) => {
            Err(Fault::new(ItemKind::Unreadable, path, format!("it has more than {LARGEST_DOCUMENT} bytes")))
        }
    }
}
