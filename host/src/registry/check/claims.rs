//! What the registry claims: records, audit log and the intent of an interrupted writer, compared with each other.

use std::collections::BTreeMap;

use super::super::audit::{AuditLog, RecordLine};
use super::super::item::{Fault, ItemKind, read_document};
use super::super::name::DatasetName;
use super::super::record::{self, Record};
use super::super::recover::Intent;
use super::super::root::DataRoot;
use super::{Findings, Provenances};
use crate::digest::Digest;
use crate::error::{Result, StorageContext};

/// What the data root must therefore hold.
#[derive(Default)]
pub(super) struct Claims {
    pub(super) datasets: u64,
    pub(super) records: u64,
    pub(super) audit_lines: u64,
    pub(super) provenances: Provenances,
    lasts: BTreeMap<(DatasetName, Digest), Last>,
}

/// The highest records that say something of a version.
#[derive(Default)]
struct Last {
    named: u64,
    removed: u64,
}

/// The records that audit lines tell of, by dataset and sequence, with their digests.
type Logged = BTreeMap<(DatasetName, u64), Digest>;

impl Claims {
    /// Reads and compares. The caller keeps writers out.
    pub(super) fn read(root: &DataRoot, findings: &mut Findings<'_>) -> Result<Self> {
        let mut claims = Self::default();
        let mut logged = claims.read_audit(root, findings)?;
        let pending = read_intent(root, findings);
        for name in record::names(root).storage("list the datasets")? {
            let sequences = record::sequences(root, &name).storage("list the records")?;
            if sequences.is_empty() {
                let message = "it is empty: a registration was interrupted";
                findings.add(Fault::new(ItemKind::Leftover, root.records_of(&name), message), Some(&name));
            } else {
                claims.datasets += 1;
            }
            let mut before = Before { sequence: 0, record: None };
            for sequence in sequences {
                claims.records += 1;
                for missing in before.sequence + 1..sequence.min(before.sequence.saturating_add(LISTED_GAP)) {
                    // The audit log tells of it as well; both say the same of the same path.
                    logged.remove(&(name.clone(), missing));
                    findings.add(missing_record(root, &name, missing), Some(&name));
                }
                let log = logged.remove(&(name.clone(), sequence));
                let record = claims.read_record(root, &name, sequence, log, pending.as_ref(), findings);
                before.compare(root, sequence, record, findings);
            }
        }
        for (name, sequence) in logged.into_keys() {
            findings.add(missing_record(root, &name, sequence), Some(&name));
        }
        claims.forget_removed();
        Ok(claims)
    }

    fn read_audit(&mut self, root: &DataRoot, findings: &mut Findings<'_>) -> Result<Logged> {
        let log = AuditLog::new(&root.audit());
        let mut logged = Logged::new();
        let verification = log.verify_with(|entry| {
            if let Some(line) = RecordLine::of(&entry) {
                self.claim(&line.name, line.version, line.provenance, line.sequence);
                for version in &line.removed {
                    self.gone(&line.name, *version, line.sequence);
                }
                let other = logged.insert((line.name.clone(), line.sequence), line.record);
                if other.is_some_and(|other| other != line.record) {
                    let path = root.record(&line.name, line.sequence);
                    let message = "another record had this number and is lost";
                    findings.add(Fault::new(ItemKind::RecordMissing, path, message), Some(&line.name));
                }
            }
        })?;
        self.audit_lines = verification.lines;
        if let Some(broken) = verification.broken {
            let path = if broken.kind == super::super::audit::BreakKind::Head {
                log.head_path()
            } else {
                log.path()
            };
            findings.add(Fault::new(ItemKind::AuditBroken, path, broken.message), None);
        }
        if let Some(message) = verification.interrupted {
            findings.add(Fault::new(ItemKind::Interrupted, log.path(), message), None);
        }
        // The first break is told above; a damaged head is told even if a line is broken, too.
        if let Err(fault) = log.read_head() {
            findings.add(fault, None);
        }
        Ok(logged)
    }

    /// Checks one record and gives it back if it is what was written.
    fn read_record(
        &mut self,
        root: &DataRoot,
        name: &DatasetName,
        sequence: u64,
        logged: Option<Digest>,
        pending: Option<&Intent>,
        findings: &mut Findings<'_>,
    ) -> Option<Record> {
        let path = root.record(name, sequence);
        let bytes = match read_document(ItemKind::RecordMissing, &path) {
            Ok(bytes) => bytes,
            Err(fault) => {
                findings.add(fault, Some(name));
                return None;
            }
        };
        let record = match record::parse(&bytes, name, sequence) {
            Ok(record) => record,
            Err((kind, message)) => {
                findings.add(Fault::new(kind, path, message), Some(name));
                return None;
            }
        };
        let found = Digest::of(&bytes);
        match logged {
            Some(logged) if logged == found => {}
            Some(_) => {
                let message = "it is not the record that the audit log tells of";
                findings.add(Fault::new(ItemKind::RecordEdited, path, message), Some(name));
            }
            None if is_pending(pending, name, sequence, &found) => {}
            None => {
                let message = "the audit log does not tell of it";
                findings.add(Fault::new(ItemKind::RecordUnlogged, path, message), Some(name));
            }
        }
        self.claim(name, record.version, record.provenance_sha256, sequence);
        for version in record.removed.keys() {
            self.gone(name, *version, sequence);
        }
        Some(record)
    }

    /// Records and audit lines both tell which versions there are, so a damaged record makes no orphan of its version.
    fn claim(&mut self, name: &DatasetName, version: Digest, provenance: Digest, sequence: u64) {
        let versions = self.provenances.entry(name.clone()).or_default();
        versions.entry(version).or_default().insert(provenance);
        let last = self.lasts.entry((name.clone(), version)).or_default();
        last.named = last.named.max(sequence);
    }

    /// A version was removed, and is not missed unless it is named again.
    fn gone(&mut self, name: &DatasetName, version: Digest, sequence: u64) {
        let last = self.lasts.entry((name.clone(), version)).or_default();
        last.removed = last.removed.max(sequence);
    }

    /// Forgets what was removed.
    fn forget_removed(&mut self) {
        for ((name, version), last) in &self.lasts {
            if last.removed > last.named
                && let Some(versions) = self.provenances.get_mut(name)
            {
                versions.remove(version);
            }
        }
    }
}

/// How many numbers of one gap are named: a file with an absurd number must not fill the memory.
const LISTED_GAP: u64 = 1000;

/// The record before the one at hand.
struct Before {
    sequence: u64,
    record: Option<Record>,
}

impl Before {
    /// A record must name the version of the one before it; nothing can be said if that one cannot be read.
    fn compare(
        &mut self,
        root: &DataRoot,
        sequence: u64,
        record: Option<Record>,
        findings: &mut Findings<'_>,
    ) {
        if let Some(record) = &record {
            let expected = self.record.as_ref().map(|before| before.version);
            let comparable = sequence == 1 || (self.record.is_some() && sequence == self.sequence + 1);
            if comparable && record.previous != expected {
                let path = root.record(&record.name, sequence);
                let message = match record.previous {
                    Some(previous) => {
                        format!("it follows version {}, which is not the one before", previous.short())
                    }
                    None => "it follows no version although there is one before".to_owned(),
                };
                findings.add(Fault::new(ItemKind::DanglingPrevious, path, message), Some(&record.name));
            }
        }
        self.sequence = sequence;
        self.record = record;
    }
}

fn missing_record(root: &DataRoot, name: &DatasetName, sequence: u64) -> Fault {
    Fault::new(ItemKind::RecordMissing, root.record(name, sequence), "it was registered and is missing")
}

fn is_pending(pending: Option<&Intent>, name: &DatasetName, sequence: u64, found: &Digest) -> bool {
    pending.is_some_and(|intent| {
        intent.name == *name
            && intent.record.is_some_and(|planned| planned.sequence == sequence && planned.sha256 == *found)
    })
}

/// The intent of a writer that did not come to its end.
fn read_intent(root: &DataRoot, findings: &mut Findings<'_>) -> Option<Intent> {
    match Intent::read(root) {
        Ok(intent) => {
            let intent = intent?;
            let what = if intent.happened(root) { "finishes" } else { "drops" };
            let message = format!("`{}` was interrupted; the next writer {what} it", intent.action.action);
            findings.add(Fault::new(ItemKind::Interrupted, Intent::path(root), message), Some(&intent.name));
            Some(intent)
        }
        Err(fault) => {
            findings.add(fault, None);
            None
        }
    }
}
