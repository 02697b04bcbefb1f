//! How much room there is, and how long it lasts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use super::activity::runs;
use super::document::DocumentTable;
use super::{Document, Period, Sources};
use crate::error::{Error, Kind, Result};
use crate::text;

/// Days on which something must have been registered before a forecast is made.
const ENOUGH_DAYS: usize = 3;

/// Days that these must span.
const ENOUGH_SPAN_SECONDS: f64 = 6.0 * SECONDS_OF_A_DAY;

const SECONDS_OF_A_DAY: f64 = 86_400.0;

/// Room and growth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capacity {
    /// The period of the growth.
    pub period: Period,
    /// Bytes of the files in each folder of the data root.
    pub folders: BTreeMap<String, u64>,
    /// Bytes of all of them.
    pub used_bytes: u64,
    /// Bytes of the file system.
    pub disk_bytes: u64,
    /// Bytes of it that this user may still write.
    pub free_bytes: u64,
    /// Bytes that were registered on each day that something was.
    pub registered_bytes: BTreeMap<String, u64>,
    /// Bytes registered a day, from the first such day to the end of the last run; absent where there is too little.
    pub bytes_per_day: Option<f64>,
    /// Days until the disk is full if that goes on; absent where there is too little to say.
    pub days_left: Option<f64>,
    /// What the forecast is worth.
    pub forecast: String,
}

impl Capacity {
    #[expect(clippy::cast_precision_loss, reason = "shown with three digits")]
    pub(super) fn of(period: Period, sources: &Sources<'_>) -> Result<Self> {
        let mut folders = BTreeMap::new();
        for entry in fs_err::read_dir(sources.data_root).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            folders.insert(name, size_of(&entry.path()));
        }
        let existing = sources.data_root.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
        let disk = rustix::fs::statvfs(existing).map_err(|errno| {
            Error::new(Kind::Storage, "cannot ask how full the disk is").cause(errno.to_string())
        })?;
        let mut registered: BTreeMap<String, u64> = BTreeMap::new();
        let mut times = Vec::new();
        for finished in runs(&period, sources)?.into_iter().flat_map(|run| run.finished) {
            if let Some(bytes) = finished.dataset.written_bytes.filter(|bytes| *bytes > 0) {
                let day = finished.finished_at.get(..10).unwrap_or_default().to_owned();
                *registered.entry(day).or_default() += bytes;
                times.push(finished.finished_at);
            }
        }
        times.sort();
        let span = match (times.first(), times.last()) {
            (Some(first), Some(last)) => crate::clock::seconds_between(first, last),
            _ => 0.0,
        };
        let days: BTreeSet<&String> = registered.keys().collect();
        let total: u64 = registered.values().sum();
        let bytes_per_day = (days.len() >= ENOUGH_DAYS && span >= ENOUGH_SPAN_SECONDS)
            .then(|| total as f64 / (span / SECONDS_OF_A_DAY));
        let free_bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
        let days_left = bytes_per_day.map(|rate| free_bytes as f64 / rate);
        let forecast = match days_left {
            None => format!(
                "none: it takes {ENOUGH_DAYS} days with registrations, a week apart, and the period has {}",
                days.len()
            ),
            Some(_) => format!(
                "from {} days with registrations; caches, logs and other users of the disk are not in it",
                days.len()
            ),
        };
        Ok(Self {
            used_bytes: folders.values().sum(),
            folders,
            disk_bytes: disk.f_blocks.saturating_mul(disk.f_frsize),
            free_bytes,
            registered_bytes: registered,
            bytes_per_day,
            days_left,
            forecast,
            period,
        })
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown with three digits")]
    pub(super) fn document(&self) -> Document {
        let mut facts = vec![
            ("data root", text::bytes(self.used_bytes)),
            (
                "free on its disk",
                format!("{} of {}", text::bytes(self.free_bytes), text::bytes(self.disk_bytes)),
            ),
        ];
        facts.extend(self.bytes_per_day.map(|rate| ("registered a day", text::bytes(rate as u64))));
        facts.extend(self.days_left.map(|days| ("full in", format!("about {days:.0} days"))));
        facts.push(("forecast", self.forecast.clone()));
        let rows = |sizes: &BTreeMap<String, u64>| {
            sizes.iter().map(|(name, bytes)| vec![name.clone(), text::bytes(*bytes)]).collect()
        };
        Document {
            title: format!("Capacity, {}", self.period.text()),
            facts,
            tables: vec![
                DocumentTable {
                    title: "Folders",
                    columns: vec!["folder", "size"],
                    rows: rows(&self.folders),
                },
                DocumentTable {
                    title: "Registered",
                    columns: vec!["day", "size"],
                    rows: rows(&self.registered_bytes),
                },
            ],
            notes: Vec::new(),
        }
    }
}

/// Bytes of the files at or below a path; what cannot be looked at, or goes away meanwhile, counts nothing.
fn size_of(path: &Path) -> u64 {
    let mut total: u64 = 0;
    let mut open = vec![path.to_owned()];
    while let Some(path) = open.pop() {
        let Ok(metadata) = fs_err::symlink_metadata(&path) else { continue };
        if metadata.is_dir() {
            open.extend(fs_err::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else {
            total = total.saturating_add(metadata.len());
        }
    }
    total
}
