//! Reads everything again and names each item that is damaged, missing, extra or edited. Changes nothing.
//!
//! What the registry says is read at once, under a shared lock, so that a registration in progress is not taken for
//! damage; the content, which can be large and never changes, is read after the lock is free again.

mod claims;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::Registry;
use super::content::{self, Depth};
use super::index;
use super::item::{Fault, ItemKind, ItemSeverity};
use super::lock::Lock;
use super::name::DatasetName;
use super::root::{DataRoot, Format};
use crate::digest::Digest;
use crate::error::Result;

use claims::Claims;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// What is wrong.
    pub kind: ItemKind,
    /// How bad it is.
    pub severity: ItemSeverity,
    /// Where, relative to the data root.
    pub path: String,
    /// The dataset concerned.
    pub name: Option<String>,
    /// The version of it, where the item lies in the folder of one.
    pub version: Option<Digest>,
    /// What was found there.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether the digest of every file was computed, or only of the documents.
    pub read_data: bool,
    /// What is wrong, in the order of severity, path and kind.
    pub items: Vec<Item>,
    /// Datasets that are registered.
    pub datasets: u64,
    /// Records they have.
    pub records: u64,
    /// Lines of the audit log.
    pub audit_lines: u64,
    /// Content files that are what they were.
    pub files: u64,
    /// Their size.
    pub bytes: u64,
}

impl Report {
    /// Whether something was lost or changed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.items.iter().any(|item| item.severity == ItemSeverity::Damage)
    }

    /// How many items have a severity.
    #[must_use]
    pub fn count(&self, severity: ItemSeverity) -> usize {
        self.items.iter().filter(|item| item.severity == severity).count()
    }
}

/// Checks a data root. With `read_data` every byte is read; without, presence and size of the data files are enough.
///
/// # Errors
/// The data root as a whole cannot be read, or a writer holds the lock for too long. Damage is no error: the report
/// tells it.
pub fn check(root: &DataRoot, read_data: bool) -> Result<Report> {
    check_with_wait(root, read_data, super::DEFAULT_WAIT)
}

/// The same with another longest wait for writers.
///
/// # Errors
/// As [`check`].
pub fn check_with_wait(root: &DataRoot, read_data: bool, wait: Duration) -> Result<Report> {
    let mut findings = Findings::new(root);
    let (claims, tree) = {
        let _lock = Lock::shared(root, wait)?;
        let claims = Claims::read(root, &mut findings)?;
        let mut tree = tree::Tree::read(root, &mut findings)?;
        for (name, versions) in &claims.provenances {
            for version in versions.keys() {
                tree.expect(name, *version);
            }
        }
        (claims, tree)
    };
    let depth = if read_data { Depth::Digests } else { Depth::Sizes };
    let mut report = Report {
        read_data,
        datasets: claims.datasets,
        records: claims.records,
        audit_lines: claims.audit_lines,
        ..Report::default()
    };
    for (name, versions) in tree.versions {
        let known = claims.provenances.get(&name);
        for version in versions {
            let provenances = known.and_then(|known| known.get(&version));
            let (files, bytes) = check_version(root, &name, &version, provenances, depth, &mut findings);
            report.files += files;
            report.bytes = report.bytes.saturating_add(bytes);
        }
    }
    check_format(root, &report, &mut findings);
    if let Some(difference) = index::difference(root)? {
        findings.add(Fault::new(ItemKind::IndexStale, root.index(), difference), None);
    }
    report.items = findings.sorted();
    Ok(report)
}

/// Checks the mark that ends the making of a data root. Without it there can be nothing in the registry yet.
fn check_format(root: &DataRoot, report: &Report, findings: &mut Findings<'_>) {
    let empty = report.records == 0 && report.audit_lines == 0;
    let (kind, message) = match root.read_format() {
        Ok(Format::Current) => return,
        Ok(Format::Missing) if empty => {
            let message =
                "it is missing: the making of the data root was interrupted, the next writer finishes it";
            (ItemKind::Interrupted, message.to_owned())
        }
        Ok(Format::Missing) => (ItemKind::Format, "it is missing".to_owned()),
        Ok(Format::Damaged) => (ItemKind::Format, "it was edited".to_owned()),
        Err(error) => (ItemKind::Format, error.to_string()),
    };
    findings.add(Fault::new(kind, root.format(), message), None);
}

/// Checks one folder of content and says how much of it is right.
fn check_version(
    root: &DataRoot,
    name: &DatasetName,
    version: &Digest,
    provenances: Option<&BTreeSet<Digest>>,
    depth: Depth,
    findings: &mut Findings<'_>,
) -> (u64, u64) {
    let directory = root.version(name, version);
    // An unregistered version must vouch for itself, so it is read as a whole.
    let depth = if provenances.is_some() { depth } else { Depth::Digests };
    let inspection = content::inspect(&directory, version, depth);
    let damaged = inspection.faults.iter().any(|fault| fault.kind.severity() == ItemSeverity::Damage);
    if damaged && !directory.exists() && was_removed(root, name, version) {
        return (0, 0);
    }
    match (provenances, inspection.provenance) {
        (Some(known), Some(found)) if !known.contains(&found) => {
            let message = "it is not the one of any registration of this version";
            let path = directory.join(content::PROVENANCE);
            findings.add(Fault::new(ItemKind::ProvenanceEdited, path, message), Some(name));
        }
        (None, _) if !damaged => {
            let message = "it is complete, but no record names it";
            findings.add(Fault::new(ItemKind::Orphan, &directory, message), Some(name));
        }
        _ => {}
    }
    for fault in inspection.faults {
        findings.add(fault, Some(name));
    }
    tree::check_modes(&directory, Some(name), findings);
    (inspection.files, inspection.bytes)
}

/// Whether a version was removed since it was listed.
fn was_removed(root: &DataRoot, name: &DatasetName, version: &Digest) -> bool {
    let removal = Registry::open(root.clone()).removal(name, version);
    removal.is_ok_and(|removal| removal.is_some())
}

/// Collects items.
struct Findings<'a> {
    root: &'a DataRoot,
    items: Vec<Item>,
}

impl<'a> Findings<'a> {
    fn new(root: &'a DataRoot) -> Self {
        Self { root, items: Vec::new() }
    }

    fn add(&mut self, fault: Fault, name: Option<&DatasetName>) {
        let Fault { kind, path, message } = fault;
        let below = name.and_then(|name| path.strip_prefix(self.root.dataset(name)).ok());
        let version = below.and_then(|below| below.components().next()?.as_os_str().to_str()?.parse().ok());
        self.items.push(Item {
            kind,
            severity: kind.severity(),
            path: self.root.relative(Path::new(&path)).display().to_string(),
            name: name.map(ToString::to_string),
            version,
            message,
            hint: kind.hint(name.map(DatasetName::as_str)),
        });
    }

    fn sorted(mut self) -> Vec<Item> {
        self.items.sort_by(|one, other| {
            (one.severity, &one.path, one.kind, &one.message).cmp(&(
                other.severity,
                &other.path,
                other.kind,
                &other.message,
            ))
        });
        self.items.dedup();
        self.items
    }
}

/// For each dataset and version the digests that its `provenance.json` may have.
type Provenances = BTreeMap<DatasetName, BTreeMap<Digest, BTreeSet<Digest>>>;

#[cfg(test)]
mod tests;
