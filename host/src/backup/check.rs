//! Reads the repository and names each thing in it that is damaged, missing or extra. Changes nothing.

use std::collections::BTreeMap;
use std::io;
use std::str::FromStr;

use serde::Serialize;

use super::manifest::Manifest;
use super::objects::{self, Fault};
use super::repository::{self, Repository};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext, chain};
use crate::registry::ItemSeverity;

/// What was found. The names are stable: programs read them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A manifest is not what was written.
    ManifestDamaged,
    /// A snapshot was made and never forgotten, and its manifest is gone.
    ManifestMissing,
    /// An object that a manifest names is not there.
    ObjectMissing,
    /// An object does not hold what its name says.
    ObjectDamaged,
    /// The chain of the history is broken.
    HistoryBroken,
    /// Something that the host did not put there.
    Stranger,
    /// A snapshot holds what was damaged already when it was made.
    SavedDamaged,
    /// An object that no snapshot names: of a forgotten one, or of one that is being made.
    ObjectExtra,
    /// What a killed process left.
    Leftover,
}

impl FindingKind {
    /// How bad it is.
    #[must_use]
    pub fn severity(self) -> ItemSeverity {
        match self {
            Self::ManifestDamaged
            | Self::ManifestMissing
            | Self::ObjectMissing
            | Self::ObjectDamaged
            | Self::HistoryBroken => ItemSeverity::Damage,
            Self::Stranger | Self::SavedDamaged => ItemSeverity::Warning,
            Self::ObjectExtra | Self::Leftover => ItemSeverity::Note,
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: ItemSeverity,
    /// What it is.
    pub kind: FindingKind,
    /// Where, relative to the repository; of what was saved damaged, where in the snapshot.
    pub path: String,
    /// What was found there, and what it means.
    pub message: String,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
    /// Snapshots that are what was written.
    pub snapshots: u64,
    /// Objects that they name.
    pub objects: u64,
    /// Objects that were read.
    pub read_objects: u64,
    /// What they hold.
    pub read_bytes: u64,
}

impl Report {
    /// Whether something was lost or changed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == ItemSeverity::Damage)
    }

    fn add(&mut self, kind: FindingKind, path: impl Into<String>, message: impl Into<String>) {
        let finding = Finding { severity: kind.severity(), kind, path: path.into(), message: message.into() };
        self.findings.push(finding);
    }

    fn sorted(mut self) -> Self {
        self.findings.sort_by(|one, other| {
            (one.severity, &one.path, one.kind).cmp(&(other.severity, &other.path, other.kind))
        });
        self
    }
}

/// Some of the objects, always the same for the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subset {
    first: u64,
    count: u64,
    of: u64,
}

impl Subset {
    fn contains(self, digest: &Digest) -> bool {
        let number = digest.as_bytes().iter().take(7).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let place = number % self.of;
        // The last hundredths go on with the first.
        (place + self.of - self.first) % self.of < self.count
    }

    /// So many hundredths, others each day, so that with time all are read.
    fn percent(percent: u64, day: u64) -> Self {
        Self { first: (day * percent) % 100, count: percent, of: 100 }
    }
}

impl FromStr for Subset {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a part such as `2/7`, or `10%`, found `{text}`");
        if let Some(percent) = text.strip_suffix('%') {
            let percent = percent.parse().ok().filter(|percent| (1..=100).contains(percent));
            let day = jiff::Timestamp::now().as_second() / (24 * 60 * 60);
            return percent
                .map(|percent| Self::percent(percent, u64::try_from(day).unwrap_or_default()))
                .ok_or_else(wrong);
        }
        let (number, of) = text.split_once('/').ok_or_else(wrong)?;
        match (number.parse::<u64>(), of.parse::<u64>()) {
            (Ok(number), Ok(of)) if (1..=of).contains(&number) && of <= 1_000_000 => {
                Ok(Self { first: number - 1, count: 1, of })
            }
            _ => Err(wrong()),
        }
    }
}

/// Which objects are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// None: that they are there is enough.
    Nothing,
    /// Some.
    Some(Subset),
    /// All.
    All,
}

impl Reading {
    fn contains(self, digest: &Digest) -> bool {
        match self {
            Self::Nothing => false,
            Self::Some(subset) => subset.contains(digest),
            Self::All => true,
        }
    }
}

/// What an object is for.
struct Use {
    bytes: u64,
    snapshot: String,
    path: String,
    others: u64,
}

/// Checks the whole repository.
///
/// # Errors
/// It cannot be read, or is being pruned. Damage is no error: the report tells it.
pub fn check(repository: &Repository, reading: Reading) -> Result<Report> {
    if reading != Reading::Nothing {
        repository.demand_key()?;
    }
    let _shared = repository.share()?;
    let mut report = Report::default();
    let mut uses = BTreeMap::new();
    let lost = repository.lost()?;
    for id in &lost {
        let message = format!(
            "the history tells that it was made, none that it was forgotten: put it back from a copy, or type \
             `host backup forget {id}` to give it up"
        );
        report.add(FindingKind::ManifestMissing, format!("snapshots/{id}.json"), message);
    }
    for name in repository::names(&repository.snapshots()).storage("list the snapshots")? {
        let path = format!("snapshots/{name}");
        let Some(id) = repository::id_of(&name) else {
            outside(&mut report, &name, path);
            continue;
        };
        match repository.manifest(id) {
            Ok(manifest) => note(&mut report, &mut uses, &manifest),
            Err(error) => {
                report.add(
                    FindingKind::ManifestDamaged,
                    path,
                    error.causes.first().cloned().unwrap_or_default(),
                );
            }
        }
    }
    let extra = if lost.is_empty() {
        "no snapshot names it; `host backup prune` removes it"
    } else {
        "no snapshot that is there names it; one whose manifest is missing may need it"
    };
    list(repository, &mut report, &uses, extra)?;
    compare(repository, &mut report, &uses, reading);
    let verification = repository.history().verify()?;
    if let Some(broken) = verification.broken {
        let message = format!("line {}: {}", broken.line, broken.message);
        report.add(FindingKind::HistoryBroken, "history/history.jsonl", message);
    }
    Ok(report.sorted())
}

/// Reads every object of one snapshot.
///
/// # Errors
/// As [`check`]; [`Kind::Corrupt`](crate::error::Kind::Corrupt) if its manifest is damaged.
pub fn verify(repository: &Repository, id: &str) -> Result<Report> {
    repository.demand_key()?;
    let _shared = repository.share()?;
    let mut report = Report::default();
    let mut uses = BTreeMap::new();
    note(&mut report, &mut uses, &repository.manifest(id)?);
    compare(repository, &mut report, &uses, Reading::All);
    Ok(report.sorted())
}

/// Notes what a snapshot needs.
fn note(report: &mut Report, uses: &mut BTreeMap<Digest, Use>, manifest: &Manifest) {
    report.snapshots += 1;
    for damage in &manifest.damage {
        let message = format!("saved so by snapshot {}: {}", manifest.id, damage.message);
        report.add(FindingKind::SavedDamaged, damage.path.clone(), message);
    }
    for entry in &manifest.entries {
        let Some(content) = entry.file else { continue };
        uses.entry(content.sha256).and_modify(|found| found.others += 1).or_insert_with(|| Use {
            bytes: content.bytes,
            snapshot: manifest.id.clone(),
            path: entry.path.as_str().to_owned(),
            others: 0,
        });
    }
    report.objects = uses.len() as u64;
}

/// Looks for what no snapshot names.
fn list(
    repository: &Repository,
    report: &mut Report,
    uses: &BTreeMap<Digest, Use>,
    extra: &str,
) -> Result<()> {
    for shard in repository::names(&repository.objects()).storage("list the objects")? {
        let folder = repository.objects().join(&shard);
        if shard.len() != 2 || !folder.is_dir() {
            outside(report, &shard, format!("objects/{shard}"));
            continue;
        }
        for name in repository::names(&folder).storage("list the objects")? {
            let path = format!("objects/{shard}/{name}");
            match name.parse::<Digest>() {
                Ok(digest) if repository.object(&digest) != folder.join(&name) => {
                    report.add(FindingKind::Stranger, path, "it is in the wrong folder");
                }
                Ok(digest) if !uses.contains_key(&digest) => {
                    report.add(FindingKind::ObjectExtra, path, extra);
                }
                Ok(_) => {}
                Err(_) => outside(report, &name, path),
            }
        }
    }
    Ok(())
}

fn outside(report: &mut Report, name: &str, path: String) {
    if durable::is_leftover(name) {
        report.add(FindingKind::Leftover, path, "a process that was killed, or still runs, put it there");
    } else {
        report.add(FindingKind::Stranger, path, "the host did not put it there");
    }
}

fn compare(repository: &Repository, report: &mut Report, uses: &BTreeMap<Digest, Use>, reading: Reading) {
    for (digest, wanted) in uses {
        let fault = if reading.contains(digest) {
            report.read_objects += 1;
            report.read_bytes = report.read_bytes.saturating_add(wanted.bytes);
            objects::read(repository, digest, wanted.bytes, io::sink()).err()
        } else {
            let metadata = fs_err::symlink_metadata(repository.object(digest));
            match metadata {
                Ok(metadata) if metadata.is_file() && metadata.len() > 0 => None,
                Ok(_) => Some(Fault::Damaged("it is empty, or no file".to_owned())),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Fault::Missing),
                Err(error) => Some(Fault::Damaged(chain(&error))),
            }
        };
        let Some(fault) = fault else { continue };
        let others = match wanted.others {
            0 => String::new(),
            others => format!(", and {others} more"),
        };
        let loses = format!("`{}` of snapshot {}{others} cannot be restored", wanted.path, wanted.snapshot);
        let path = repository.object(digest);
        let path = path.strip_prefix(repository.path()).unwrap_or(&path).display().to_string();
        match fault {
            Fault::Missing => report.add(FindingKind::ObjectMissing, path, format!("it is missing: {loses}")),
            Fault::Damaged(why) => report.add(FindingKind::ObjectDamaged, path, format!("{why}: {loses}")),
            Fault::Writing(error) => report.add(FindingKind::ObjectDamaged, path, chain(&error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_disjoint_and_together_all() {
        let digests: Vec<Digest> = (0..500_u32).map(|number| Digest::of(&number.to_le_bytes())).collect();
        for of in [1_u64, 2, 7] {
            let parts: Vec<Subset> =
                (1..=of).map(|number| format!("{number}/{of}").parse().unwrap()).collect();
            for digest in &digests {
                assert_eq!(parts.iter().filter(|part| part.contains(digest)).count(), 1);
            }
        }
        for digest in &digests {
            let days = (0..10).filter(|day| Subset::percent(10, *day).contains(digest)).count();
            assert_eq!(days, 1, "ten days of a tenth read all");
        }
        for wrong in ["", "0/3", "4/3", "0%", "101%", "1/0", "x/2", "10", "-1/2"] {
            assert!(wrong.parse::<Subset>().unwrap_err().contains("such as"), "{wrong}");
        }
    }
}
