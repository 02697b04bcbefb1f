//! What an interrupted writer left, put in order by the next one. Runs under the lock; doing it twice, or being
//! killed in between, does no harm.
//!
//! The intent (`registry/audit/pending.json`) is written before anything else of a registration. Whether its record is
//! there decides: if it is, the registration happened and its audit line is added; if not, it did not happen, and what
//! it left is removed, except for the content folder, which is complete and found again by the next attempt. A repair has
//! no record: whether the version is whole decides.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::{Action, AuditLog, Tail};
use super::commit::discard;
use super::content::{self, Depth};
use super::item::{Fault, ItemKind, read_document};
use super::name::DatasetName;
use super::record;
use super::root::DataRoot;
use super::sealed;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext};

/// The schema of intents this host writes and reads.
const INTENT_SCHEMA: &str = "host.intent/1";

/// What a writer is about to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Intent {
    schema: String,
    /// The audit line to come.
    pub(super) action: Action,
    /// Which dataset.
    pub(super) name: DatasetName,
    /// Which version.
    pub(super) version: Digest,
    /// The record to come, if there will be one.
    pub(super) record: Option<Planned>,
    /// The provenance of the version that is put back, if one is; earlier hosts did not note it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<Digest>,
    /// Versions whose folders go once the record is there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) removes: Vec<Digest>,
}

/// A record that is about to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Planned {
    pub(super) sequence: u64,
    pub(super) sha256: Digest,
}

impl Intent {
    pub(super) fn new(action: Action, name: DatasetName, version: Digest, record: Option<Planned>) -> Self {
        Self {
            schema: INTENT_SCHEMA.to_owned(),
            action,
            name,
            version,
            record,
            provenance: None,
            removes: Vec::new(),
        }
    }

    pub(super) fn path(root: &DataRoot) -> PathBuf {
        root.audit().join("pending.json")
    }

    /// The intent that is there, if any.
    pub(super) fn read(root: &DataRoot) -> Result<Option<Self>, Fault> {
        let path = Self::path(root);
        let bytes = match read_document(ItemKind::FileMissing, &path) {
            Err(fault) if fault.kind == ItemKind::FileMissing => return Ok(None),
            bytes => bytes?,
        };
        let fault = |message: String| Fault::new(ItemKind::AuditBroken, path, message);
        match sealed::unseal(&bytes, sealed::pretty) {
            Err(error) => Err(fault(error.to_string())),
            Ok(value) => match Self::deserialize(value) {
                Ok(intent) if intent.schema == INTENT_SCHEMA => Ok(Some(intent)),
                Ok(intent) => Err(fault(format!("its schema is `{}`", intent.schema))),
                Err(error) => Err(fault(format!("it cannot be parsed: {error}"))),
            },
        }
    }

    pub(super) fn publish(&self, root: &DataRoot) -> Result<()> {
        let bytes = sealed::pretty(&sealed::seal(self));
        durable::publish(&Self::path(root), &bytes).storage("note what is about to be registered")
    }

    /// Whether the planned record is there, or the version that was to be put back.
    pub(super) fn happened(&self, root: &DataRoot) -> bool {
        if let Some(planned) = self.record {
            return record::digest_of(root, &self.name, planned.sequence) == Some(planned.sha256);
        }
        self.provenance.is_some_and(|provenance| {
            let folder = root.version(&self.name, &self.version);
            let inspection = content::inspect(&folder, &self.version, Depth::Digests);
            inspection.provenance == Some(provenance) && inspection.content_intact()
        })
    }

    /// What is to be logged of a damaged version that was set aside for something that did not happen.
    fn quarantine(&self, root: &DataRoot) -> Option<Action> {
        let place = self.action.details.get("quarantined")?.as_str()?;
        root.path().join(place).symlink_metadata().ok()?;
        let version = root.version(&self.name, &self.version);
        let from = root.relative(&version).display().to_string();
        let reason = format!("`{}` was interrupted", self.action.action);
        Some(Action {
            action: "quarantine".to_owned(),
            details: json!({"reason": reason, "before": from, "after": place}),
            subject: from,
            ..self.action.clone()
        })
    }
}

/// Puts everything in order and says where the audit log ends.
pub(super) fn recover(root: &DataRoot, log: &AuditLog) -> Result<Tail> {
    let mut tail = log.recover()?;
    match Intent::read(root) {
        Ok(None) => {}
        Ok(Some(intent)) => {
            settle(root, log, &mut tail, &intent)?;
            durable::remove(&Intent::path(root)).storage("settle an interrupted registration")?;
        }
        Err(fault) => {
            // Nobody can say which dataset it was about, so leftovers are looked for everywhere.
            tracing::warn!(path = %fault.path.display(), "an interrupted action cannot be read: {}", fault.message);
            for name in record::names(root).storage("list the datasets")? {
                durable::sweep(&root.records_of(&name)).storage("remove leftovers")?;
            }
            durable::remove(&fault.path).storage("settle an interrupted registration")?;
        }
    }
    log.publish_head(&mut tail)?;
    for directory in [root.registry(), root.audit(), root.derived()] {
        durable::sweep(&directory).storage("remove leftovers")?;
    }
    Ok(tail)
}

/// Adds a line, unless it is the last one already.
fn log_once(log: &AuditLog, tail: &mut Tail, action: &Action) -> Result<()> {
    let last = tail.last.as_ref().map(|entry| &entry.details);
    if last == Some(&action.details) { Ok(()) } else { log.append(tail, action) }
}

/// Finishes what happened and removes what did not.
fn settle(root: &DataRoot, log: &AuditLog, tail: &mut Tail, intent: &Intent) -> Result<()> {
    let records = root.records_of(&intent.name);
    if intent.happened(root) {
        // Its writer may have died before this very fsync.
        durable::sync_directory(&records).storage("settle an interrupted registration")?;
        for version in &intent.removes {
            discard(&root.version(&intent.name, version), &root.derived())?;
        }
        log_once(log, tail, &intent.action)?;
        tracing::info!(name = %intent.name, "finished an interrupted registration");
    } else {
        if let Some(quarantine) = intent.quarantine(root) {
            log_once(log, tail, &quarantine)?;
        }
        tracing::info!(name = %intent.name, "dropped an interrupted registration");
    }
    for directory in [records, root.version(&intent.name, &intent.version)] {
        durable::sweep(&directory).storage("remove leftovers")?;
    }
    for directory in [root.records_of(&intent.name), root.dataset(&intent.name)] {
        // Only an empty one can be removed; that a full one cannot is what is wanted.
        drop(fs_err::remove_dir(directory));
    }
    Ok(())
}
