//! Which versions go, and why the others stay.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use serde_json::Value;

use super::super::super::Registry;
use super::super::super::content::digests_listed;
use super::super::super::item::{ItemKind, read_document};
use super::super::super::name::DatasetName;
use super::super::super::record::{self, Record};
use super::super::QUARANTINE_PREFIX;
use super::{Fate, Limits};
use crate::digest::Digest;
use crate::error::{Result, StorageContext};

impl Registry {
    /// What becomes of every version and of everything in quarantine. The caller keeps writers out.
    pub(super) fn fates(&self, limits: &Limits) -> Result<Vec<Fate>> {
        let mut histories = Vec::new();
        // Without its newest record, something older would pass for the current one.
        let mut damaged = self.evidence()?.incomplete(&self.root);
        for name in self.names()? {
            match self.history(&name) {
                Ok(history) if !damaged.contains(&name) => histories.push((name, history)),
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!("nothing is removed: {error}");
                    damaged.insert(name);
                }
            }
        }
        let mut fates: Vec<Fate> = damaged
            .iter()
            .map(|name| Fate {
                path: self.root.relative(&self.root.dataset(name)).display().to_string(),
                name: Some(name.clone()),
                version: None,
                bytes: 0,
                since: None,
                kept: Some("a record is missing or damaged: run `host check`".to_owned()),
            })
            .collect();
        let ingredients = Ingredients::of(&histories, damaged.pop_first());
        for (name, history) in &histories {
            self.judge(name, history, &ingredients, limits, &mut fates);
        }
        for folder in [self.root.derived(), self.root.registry()] {
            for entry in record::entries(&folder).storage("list what is in quarantine")? {
                if entry.starts_with(QUARANTINE_PREFIX) {
                    fates.push(self.judge_quarantined(&folder.join(entry), limits));
                }
            }
        }
        Ok(fates)
    }

    fn judge(
        &self,
        name: &DatasetName,
        history: &[Record],
        ingredients: &Ingredients,
        limits: &Limits,
        fates: &mut Vec<Fate>,
    ) {
        let Some(newest) = history.last() else { return };
        // The newest first, each once.
        let mut order: Vec<Digest> = Vec::new();
        let mut since: BTreeMap<Digest, &str> = BTreeMap::new();
        let mut next: Option<&Record> = None;
        for record in history.iter().rev() {
            if !order.contains(&record.version) {
                order.push(record.version);
                if let Some(next) = next {
                    since.insert(record.version, &next.registered_at);
                }
            }
            next = Some(record);
        }
        order.retain(|version| !newest.removed.contains_key(version));
        for (place, version) in order.iter().enumerate() {
            let path = self.root.version(name, version);
            let retired = newest.retired.get(version);
            let since = since.get(version).copied().map(str::to_owned);
            let young = |time: &str| time.parse::<Timestamp>().map_or(true, |time| time > limits.before);
            let kept = if *version == newest.version {
                Some("it is the current one".to_owned())
            } else if place < limits.keep_last {
                Some(format!("it is among the newest {}", limits.keep_last))
            } else if let Some(need) = ingredients.need_for(&path, name, version) {
                Some(need)
            } else if limits.retired && retired.is_some() {
                None
            } else if let Some(retirement) = retired.filter(|retirement| young(&retirement.at)) {
                Some(format!("it was retired on {}", retirement.at))
            } else {
                since
                    .as_deref()
                    .filter(|since| young(since))
                    .map(|since| format!("it was current until {since}"))
            };
            fates.push(Fate {
                name: Some(name.clone()),
                version: Some(*version),
                bytes: size(&path),
                path: self.root.relative(&path).display().to_string(),
                since,
                kept,
            });
        }
    }

    /// What lies in quarantine is there since its name was last changed.
    fn judge_quarantined(&self, path: &Path, limits: &Limits) -> Fate {
        use std::os::unix::fs::MetadataExt;
        let changed = path.symlink_metadata().ok().map(|metadata| metadata.ctime());
        let since = changed.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let young = since.is_none_or(|since| since > limits.before);
        Fate {
            name: None,
            version: None,
            path: self.root.relative(path).display().to_string(),
            bytes: size(path),
            since: since.map(crate::clock::text),
            kept: young.then(|| "it is not in quarantine for that long".to_owned()),
        }
    }
}

/// Size of a file, or of all files in a folder.
fn size(path: &Path) -> u64 {
    let Ok(metadata) = path.symlink_metadata() else { return 0 };
    if !metadata.is_dir() {
        return metadata.len();
    }
    let entries = fs_err::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| size(&entry.path())).fold(0, u64::saturating_add)
}

/// What every version that is there was made of.
struct Ingredients {
    /// What was made of the file with that digest.
    children: BTreeMap<Digest, BTreeSet<(DatasetName, Digest)>>,
    /// A dataset with a version that may have been made of anything.
    unknown: Option<DatasetName>,
}

impl Ingredients {
    fn of(histories: &[(DatasetName, Vec<Record>)], unknown: Option<DatasetName>) -> Self {
        let mut children: BTreeMap<Digest, BTreeSet<(DatasetName, Digest)>> = BTreeMap::new();
        for (name, history) in histories {
            let Some(newest) = history.last() else { continue };
            for record in history.iter().filter(|record| !newest.removed.contains_key(&record.version)) {
                let inputs = record.provenance.pointer("/recipe/inputs").and_then(Value::as_array);
                for input in inputs.into_iter().flatten() {
                    let digests =
                        ["sha256", "raw_sha256"].into_iter().filter_map(|key| input.get(key)?.as_str());
                    for digest in digests.filter_map(|digest| digest.parse().ok()) {
                        children.entry(digest).or_default().insert((name.clone(), record.version));
                    }
                }
            }
        }
        Self { children, unknown }
    }

    /// Why a version is needed: another one was made of a file of it, or nobody can say that none was.
    fn need_for(&self, folder: &Path, name: &DatasetName, version: &Digest) -> Option<String> {
        if let Some(unknown) = &self.unknown {
            return Some(format!("nobody knows what `{unknown}` was made of"));
        }
        let document = read_document(ItemKind::FileMissing, &folder.join("dataset.json")).ok();
        let Some(files) = document.as_deref().and_then(digests_listed) else {
            return Some("it is damaged, and nobody knows what was made of it".to_owned());
        };
        let own = |child: &&(DatasetName, Digest)| child.0 != *name || child.1 != *version;
        let mut children = files.values().filter_map(|digest| self.children.get(digest)).flatten();
        children.find(own).map(|(child, _)| format!("`{child}` was made of it"))
    }
}
