//! What lies where: folders that must be there, things that must not, and who may write to them.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::super::commit::QUARANTINE_PREFIX;
use super::super::content;
use super::super::index;
use super::super::item::{Fault, ItemKind};
use super::super::maintenance;
use super::super::name::DatasetName;
use super::super::record;
use super::super::root::DataRoot;
use super::Findings;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext};

/// Files that may stand beside the folders of `registry`.
const REGISTRY_ENTRIES: [&str; 5] = [".lock", "format.json", "derived", "audit", maintenance::FILE];
/// Files of the audit log.
const AUDIT_ENTRIES: [&str; 3] = ["audit.jsonl", "head.json", "pending.json"];

/// The folders of versions, registered or not.
pub(super) struct Tree {
    pub(super) versions: BTreeMap<DatasetName, BTreeSet<Digest>>,
}

impl Tree {
    /// Lists everything. The caller keeps writers out.
    pub(super) fn read(root: &DataRoot, findings: &mut Findings<'_>) -> Result<Self> {
        let mut tree = Self { versions: BTreeMap::new() };
        tree.derived(root, findings).storage("list the versions")?;
        registry(root, findings).storage("list the registry")?;
        Ok(tree)
    }

    fn derived(&mut self, root: &DataRoot, findings: &mut Findings<'_>) -> io::Result<()> {
        let derived = root.derived();
        for entry in record::entries(&derived)? {
            let path = derived.join(&entry);
            if entry.starts_with(QUARANTINE_PREFIX) {
                let message = "it was set aside";
                findings.add(Fault::new(ItemKind::Quarantined, path, message), None);
                continue;
            }
            let name = DatasetName::new(entry.as_str()).ok().filter(|_| is_directory(&path));
            let Some(name) = name else {
                findings.add(content::extra(&derived, &entry), None);
                continue;
            };
            let versions = self.versions.entry(name.clone()).or_default();
            let entries = record::entries(&path)?;
            if entries.is_empty() {
                let message = "it is empty: a registration was interrupted";
                findings.add(Fault::new(ItemKind::Leftover, &path, message), Some(&name));
            }
            for entry in entries {
                match entry.parse::<Digest>() {
                    Ok(version) => drop(versions.insert(version)),
                    Err(_) => findings.add(content::extra(&path, &entry), Some(&name)),
                }
            }
            check_mode(&path, Some(&name), findings);
        }
        Ok(())
    }

    /// Adds the versions that records name, so that a missing folder is found.
    pub(super) fn expect(&mut self, name: &DatasetName, version: Digest) {
        self.versions.entry(name.clone()).or_default().insert(version);
    }
}

/// Looks for what does not belong into `registry`.
fn registry(root: &DataRoot, findings: &mut Findings<'_>) -> io::Result<()> {
    let directory = root.registry();
    for entry in record::entries(&directory)? {
        if entry.starts_with(QUARANTINE_PREFIX) {
            let message = "it was set aside";
            findings.add(Fault::new(ItemKind::Quarantined, directory.join(entry), message), None);
        } else if !REGISTRY_ENTRIES.contains(&entry.as_str()) && !index::is_index_file(root, &entry) {
            findings.add(content::extra(&directory, &entry), None);
        }
    }
    let directory = root.audit();
    for entry in record::entries(&directory)? {
        if AUDIT_ENTRIES.contains(&entry.as_str()) {
            check_mode(&directory.join(entry), None, findings);
        } else {
            findings.add(content::extra(&directory, &entry), None);
        }
    }
    let records = root.records();
    for entry in record::entries(&records)? {
        let path = records.join(&entry);
        let name = DatasetName::new(entry.as_str()).ok().filter(|_| is_directory(&path));
        let Some(name) = name else {
            findings.add(content::extra(&records, &entry), None);
            continue;
        };
        for entry in record::entries(&path)? {
            if record::sequence_of(&entry).is_none() {
                findings.add(content::extra(&path, &entry), Some(&name));
            }
        }
        check_modes(&path, Some(&name), findings);
    }
    for path in [root.registry(), root.audit(), root.records(), root.derived(), root.format()] {
        check_mode(&path, None, findings);
    }
    Ok(())
}

fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Checks a folder and the files in it; what is missing or unreadable is told elsewhere.
pub(super) fn check_modes(directory: &Path, name: Option<&DatasetName>, findings: &mut Findings<'_>) {
    check_mode(directory, name, findings);
    for entry in record::entries(directory).unwrap_or_default() {
        if !durable::is_leftover(&entry) {
            check_mode(&directory.join(entry), name, findings);
        }
    }
}

/// Others must not be able to write, and the owner must be able to read.
fn check_mode(path: &Path, name: Option<&DatasetName>, findings: &mut Findings<'_>) {
    let Ok(metadata) = path.symlink_metadata() else { return };
    let mode = metadata.permissions().mode() & 0o7777;
    let needed = if metadata.is_dir() { 0o500 } else { 0o400 };
    if metadata.is_symlink() || (mode & 0o022 == 0 && mode & needed == needed) {
        return;
    }
    let message = format!("its mode is {mode:04o}");
    findings.add(Fault::new(ItemKind::Mode, path, message), name);
}
