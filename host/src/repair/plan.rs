//! What is done about each thing that `check` found. Changes nothing.

use std::collections::BTreeSet;

use super::{Deed, Step};
use crate::backup::Saved;
use crate::error::Result;
use crate::registry::check::{self, Item};
use crate::registry::{DatasetName, Evidence, ItemKind, ItemSeverity, Registry};

/// What to type where content can be derived again.
const DERIVE: &str = "derive it again: `host check --json | host prepare --from -`";

/// Reads everything again and says what is done about each thing that is wrong, in the order in which it is done.
///
/// # Errors
/// The data root cannot be read, or a writer holds the lock for too long.
pub fn plan(registry: &Registry, saved: Option<&Saved>) -> Result<Vec<Step>> {
    let report = check::check(registry.root(), true)?;
    let planner = Planner { registry, saved, evidence: registry.evidence()? };
    let mut steps = Vec::new();
    let mut versions = BTreeSet::new();
    for item in &report.items {
        // A version is put back as a whole, whatever is wrong with it.
        let whole = item.name.as_ref().zip(item.version).filter(|_| is_of_content(item.kind));
        if whole.is_none_or(|version| versions.insert((version.0.clone(), version.1))) {
            steps.extend(planner.step(item)?);
        }
    }
    for name in registry.names()? {
        if let Ok(Some(before)) = registry.half_adopted(&name) {
            steps.push(Step {
                deed: Deed::FinishAdoption,
                kind: ItemKind::Interrupted,
                severity: ItemSeverity::Note,
                path: registry.root().relative(&registry.root().records_of(&name)).display().to_string(),
                before: "an adoption was interrupted".to_owned(),
                after: format!("version {} is current, as it was", before.short()),
                version: Some(before),
                name: Some(name),
                done: None,
                error: None,
            });
        }
    }
    steps.sort_by_key(|step| step.deed);
    Ok(steps)
}

/// The number of a record, from the name of its file.
pub(super) fn sequence(path: &str) -> Option<u64> {
    path.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}

/// Where a snapshot has a record.
pub(super) fn saved_record(name: &DatasetName, sequence: u64) -> String {
    format!("registry/derived/{name}/{sequence:08}.json")
}

fn is_of_content(kind: ItemKind) -> bool {
    use ItemKind as Is;
    matches!(
        kind,
        Is::VersionMissing
            | Is::FileMissing
            | Is::FileTruncated
            | Is::DigestMismatch
            | Is::DocumentEdited
            | Is::ProvenanceEdited
            | Is::Unreadable
    )
}

struct Planner<'a> {
    registry: &'a Registry,
    saved: Option<&'a Saved>,
    evidence: Evidence,
}

impl Planner<'_> {
    /// What is done about an item; nothing for what needs nothing.
    fn step(&self, item: &Item) -> Result<Option<Step>> {
        let name = item.name.as_deref().and_then(|name| DatasetName::new(name).ok());
        let (deed, after) = match item.kind {
            ItemKind::Quarantined => return Ok(None),
            kind if is_of_content(kind) && item.version.is_some() => self.content(item, name.as_ref())?,
            ItemKind::Format => (Deed::Format, "as a host makes it".to_owned()),
            ItemKind::RecordMissing | ItemKind::RecordUnparsable | ItemKind::RecordEdited => {
                self.record(item, name.as_ref())?
            }
            ItemKind::Orphan => self.orphan(item, name.as_ref()),
            ItemKind::FileExtra => (Deed::Quarantine, "in quarantine".to_owned()),
            ItemKind::Mode => (Deed::Mode, "its usual mode".to_owned()),
            ItemKind::IndexStale => (Deed::Index, "made again from the records".to_owned()),
            ItemKind::Interrupted | ItemKind::Leftover => (Deed::Settle, "finished or dropped".to_owned()),
            ItemKind::AuditBroken => nothing(
                "the log is evidence and stays as it is; a snapshot made before has it whole: `host backup restore`",
            ),
            ItemKind::RecordUnlogged => nothing(
                "nobody vouches for it; look at it, and move it out of the data root if it is not yours",
            ),
            ItemKind::DanglingPrevious => nothing("put the record before it back: `--from-backup`"),
            _ => nothing("check the permissions and the disk"),
        };
        let whole =
            name.as_ref().zip(item.version).filter(|_| is_of_content(item.kind) && deed == Deed::Quarantine);
        let path = whole.map_or_else(
            || item.path.clone(),
            |(name, version)| {
                let root = self.registry.root();
                root.relative(&root.version(name, &version)).display().to_string()
            },
        );
        Ok(Some(Step {
            deed,
            kind: item.kind,
            severity: item.severity,
            path,
            name,
            version: item.version,
            before: item.message.clone(),
            after,
            done: None,
            error: None,
        }))
    }

    fn content(&self, item: &Item, name: Option<&DatasetName>) -> Result<(Deed, String)> {
        let Some((name, version)) = name.zip(item.version) else {
            return Ok(nothing("nobody says which version it is"));
        };
        let record = self.registry.newest_of(name, &version)?;
        let logged = self.evidence.versions.contains(&(name.clone(), version));
        let snapshot = self.saved.and_then(|saved| saved.has_version(name, &version));
        Ok(match (record, snapshot) {
            (None, _) if !logged => {
                (Deed::Quarantine, "in quarantine: it is damaged and no record names it".to_owned())
            }
            (None, _) => {
                nothing("no readable record names it: put that back first, then type the same again")
            }
            (Some(_), _) if self.registry.has_content(name, &version) => {
                (Deed::Provenance, "the provenance that its record holds".to_owned())
            }
            (Some(_), Some(id)) => (Deed::Content, format!("the content of snapshot {id}")),
            (Some(_), None) if self.saved.is_some() => nothing(&format!("no snapshot has it; {DERIVE}")),
            (Some(_), None) => nothing(&format!("{DERIVE}, or take it from a snapshot: `--from-backup`")),
        })
    }

    fn record(&self, item: &Item, name: Option<&DatasetName>) -> Result<(Deed, String)> {
        let Some((name, sequence)) = name.zip(sequence(&item.path)) else {
            return Ok(nothing("nobody says which record it is"));
        };
        let Some(sha256) = self.evidence.record(name, sequence) else {
            return Ok(nothing("the audit log does not tell what it was"));
        };
        if item.kind == ItemKind::RecordMissing && self.registry.record(name, sequence).is_ok() {
            return Ok(nothing(
                "its number is taken; a snapshot made before tells what it said: `host backup restore --target DIR`",
            ));
        }
        if self.registry.respelt_record(name, sequence)?.is_some() {
            return Ok((Deed::Record, "the same values, as they were written".to_owned()));
        }
        let snapshot = self.saved.and_then(|saved| saved.has(&saved_record(name, sequence), &sha256));
        Ok(match snapshot {
            Some(id) => (Deed::Record, format!("the record of snapshot {id}")),
            None if self.saved.is_some() => nothing("no snapshot has it"),
            None => nothing("take it from a snapshot: `--from-backup`"),
        })
    }

    fn orphan(&self, item: &Item, name: Option<&DatasetName>) -> (Deed, String) {
        let Some((name, version)) = name.zip(item.version) else {
            return (Deed::Quarantine, "in quarantine".to_owned());
        };
        match self.registry.adoptable(name, &version) {
            Ok(_) => (Deed::Adopt, "registered; what is current stays so".to_owned()),
            Err(error) => (Deed::Quarantine, format!("in quarantine: {error}")),
        }
    }
}

fn nothing(why: &str) -> (Deed, String) {
    (Deed::Nothing, why.to_owned())
}
