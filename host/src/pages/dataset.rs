//! The page of one dataset.

use std::sync::Arc;

use askama::Template;
use plugin_api::Finding;

use super::frame::{Frame, Level, Mark, Score};
use super::kept::{Kept, LARGEST_DRAWN};
use super::lineage;
use super::shown::Moment;
use crate::catalogue::Catalogue;
use crate::catalogue::conflicts::Claims;
use crate::dataset::{decode, read_document};
use crate::error::{Error, Kind, Result};
use crate::health::Seen;
use crate::registry::{DatasetName, Record, Registry};
use crate::report::{self, Drawn, Subject};

/// More versions are not listed.
const MOST_VERSIONS: usize = 20;

#[derive(Template)]
#[template(path = "pages/dataset.html")]
pub(super) struct DatasetPage {
    frame: Frame,
    name: String,
    title: String,
    holds: String,
    state: Mark,
    /// Why it must not be used.
    reason: String,
    registered: Moment,
    quality: Option<Score>,
    lineage: String,
    versions: Vec<VersionLine>,
    /// Whether it is the version that the name alone stands for.
    is_current: bool,
    findings: Vec<Finding>,
    body: Arc<str>,
}

struct VersionLine {
    version: String,
    state: Mark,
    registered: Moment,
    actor: String,
}

/// The page of a dataset or of one of its versions, retired or not.
pub(super) fn page(
    seen: &Seen,
    registry: &Registry,
    named: &str,
    kept: &Kept,
    catalogue: impl FnOnce() -> Catalogue,
    rows_per_batch: usize,
) -> Result<DatasetPage> {
    let now = &seen.health.timestamp;
    let record = registry.named(named).map_err(|error| match error.kind {
        Kind::Usage => Error::new(Kind::Usage, error.message).hint("the overview lists what there is"),
        _ => error,
    })?;
    let name = record.name.clone();
    let current = registry.require_even_retired(&name)?;
    let folder = registry.version_directory(&name, &record.version);
    let document = read_document(&folder, Some(&record.version))?;
    let body = kept.body(name.as_str(), record.sequence, || {
        if document.data_bytes() > LARGEST_DRAWN {
            return Ok(too_large(&name));
        }
        let (document, dataset) = decode(&folder, Some(&record.version), rows_per_batch)?;
        let conflicts = Claims::of_metadata(name.as_str(), &document.metadata, &catalogue()).conflicts();
        let subject = Subject {
            name: name.as_str(),
            document: &document,
            dataset: &dataset,
            record: Some(&record),
            conflicts: &conflicts,
        };
        report::body(&subject, Drawn::Part)
    })?;
    let retired = current.retired.get(&record.version);
    Ok(DatasetPage {
        frame: Frame::new(name.to_string(), "/datasets", &seen.health),
        title: document.title.clone(),
        holds: report::holds(&document),
        state: standing(&record, &current),
        reason: retired.map_or_else(String::new, |retired| format!("Retired: {}", retired.reason)),
        registered: Moment::new(&record.registered_at, now),
        quality: document.quality_score().map(Score::new),
        lineage: lineage::picture(&record),
        versions: versions(registry, &current, now),
        is_current: record.version == current.version,
        findings: document.findings.clone(),
        body,
        name: name.to_string(),
    })
}

fn state(record: &Record) -> Mark {
    if record.retired.contains_key(&record.version) {
        Mark::new(Level::Idle, "retired")
    } else {
        Mark::new(Level::Good, "current")
    }
}

fn too_large(name: &DatasetName) -> String {
    format!(
        "<section><h2>Columns, pictures, provenance</h2><p>This dataset is too large to be read for a page. \
         <code>host report {name}</code> writes a page about it, <code>host show {name}</code> tells the rest.</p></section>\n"
    )
}

/// What a registration is beside the newest one.
fn standing(record: &Record, current: &Record) -> Mark {
    if record.sequence == current.sequence {
        state(current)
    } else if current.retired.contains_key(&record.version) {
        Mark::new(Level::Idle, "retired")
    } else if record.version == current.version {
        // Derived again, by a module that was built anew for instance, with the same result.
        Mark::new(Level::Idle, "the same")
    } else {
        Mark::new(Level::Idle, "earlier")
    }
}

/// The registrations, the newest first. A damaged one ends the list: `check` names it.
fn versions(registry: &Registry, current: &Record, now: &str) -> Vec<VersionLine> {
    let records = (1..=current.sequence).rev().take(MOST_VERSIONS);
    let records = records.map_while(|sequence| registry.record(&current.name, sequence).ok());
    let line = |record: Record| VersionLine {
        state: standing(&record, current),
        version: record.version.short(),
        registered: Moment::new(&record.registered_at, now),
        actor: record.actor,
    };
    records.map(line).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::digest::Digest;

    fn record(sequence: u64, content: &[u8], previous: Option<&[u8]>) -> Record {
        let digest = Digest::of(content);
        let record = json!({
            "schema": "", "sequence": sequence, "name": "name", "version": digest, "recipe": digest,
            "registered_at": "2026-11-21T20:00:00Z", "actor": "", "previous": previous.map(Digest::of),
            "provenance": {}, "provenance_sha256": digest,
        });
        serde_json::from_value(record).unwrap()
    }

    /// A dataset that a rebuilt module had derived again was shown as its own predecessor.
    #[test]
    fn the_same_content_derived_again_is_no_earlier_version() {
        let current = record(3, b"new", Some(b"new"));
        let words = [record(3, b"new", None), record(2, b"new", None), record(1, b"old", None)]
            .map(|record| standing(&record, &current).to_string());
        for (mark, word) in words.iter().zip(["current", "the same", "earlier"]) {
            assert!(mark.contains(word), "{mark}");
        }
        assert!(!lineage::picture(&current).contains("was current before"));
        assert!(lineage::picture(&record(2, b"new", Some(b"old"))).contains("was current before"));
    }
}
