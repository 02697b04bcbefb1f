//! Reports on the work of the host: what ran in a day, a week or a month, how fast, how good, how full the disk gets,
//! and what is deployed. Made from the journal and the registry alone.
//!
//! Invariants: a number that the records do not hold is absent, never estimated silently; a trend or forecast from too
//! little says so; the JSON form holds everything that the page and the text show.

mod activity;
mod capacity;
mod deployment;
mod document;
mod performance;
mod period;
mod quality;
mod statistics;

use std::path::Path;

use jiff::civil::Date;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::journal::Journal;
use crate::registry::Registry;

pub use activity::Activity;
pub use capacity::Capacity;
pub use deployment::{Configuration, Deployment, Module};
pub use document::Document;
pub use performance::Performance;
pub use period::Period;
pub use quality::Quality;
pub use statistics::Statistics;

/// The reports there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ReportKind {
    /// What ran on one day.
    Daily,
    /// What ran in one week, Monday to Sunday.
    Weekly,
    /// What ran in one month.
    Monthly,
    /// How long datasets of each module took in 30 days, and how much memory.
    Performance,
    /// How good the registered datasets are, and what was refused in 30 days.
    Quality,
    /// How much room there is, and how long it lasts.
    Capacity,
    /// What is installed and how it is set up.
    Deployment,
}

/// Where reports take their numbers from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'s> {
    /// What ran.
    pub journal: &'s Journal,
    /// What is registered; absent where there is no data root.
    pub registry: Option<&'s Registry>,
    /// The data root, which need not exist.
    pub data_root: &'s Path,
    /// The modules that can run.
    pub modules: &'s [Module],
    /// How it is set up.
    pub configuration: &'s Configuration,
}

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationsReport {
    /// Which it is.
    pub report: ReportKind,
    /// When it was made, RFC 3339 UTC.
    pub generated_at: String,
    /// Version of the host.
    pub host: String,
    /// What it says.
    pub content: Content,
}

/// What a report says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Content {
    /// Of a day, a week or a month.
    Activity(Box<Activity>),
    /// Times and memory.
    Performance(Performance),
    /// Scores and refusals.
    Quality(Quality),
    /// Room.
    Capacity(Capacity),
    /// What is installed.
    Deployment(Deployment),
}

/// Makes the report for the period that a day lies in or that ends with it.
///
/// # Errors
/// When journal or registry cannot be read.
pub fn report(kind: ReportKind, date: Date, sources: &Sources<'_>) -> Result<OperationsReport> {
    let activity =
        |period: &Period| Ok::<_, Error>(Content::Activity(Box::new(Activity::of(period, sources)?)));
    let content = match kind {
        ReportKind::Daily => activity(&Period::day(date)?)?,
        ReportKind::Weekly => activity(&Period::week(date)?)?,
        ReportKind::Monthly => activity(&Period::month(date)?)?,
        ReportKind::Performance => {
            Content::Performance(Performance::of(Period::thirty_days(date)?, sources)?)
        }
        ReportKind::Quality => Content::Quality(Quality::of(Period::thirty_days(date)?, sources)?),
        ReportKind::Capacity => Content::Capacity(Capacity::of(Period::thirty_days(date)?, sources)?),
        ReportKind::Deployment => Content::Deployment(Deployment::of(sources)),
    };
    let (generated_at, host) = (crate::clock::now(), env!("CARGO_PKG_VERSION").to_owned());
    Ok(OperationsReport { report: kind, generated_at, host, content })
}

impl OperationsReport {
    /// The report for people.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = match &self.content {
            Content::Activity(activity) => activity.document(),
            Content::Performance(performance) => performance.document(),
            Content::Quality(quality) => quality.document(),
            Content::Capacity(capacity) => capacity.document(),
            Content::Deployment(deployment) => deployment.document(),
        };
        document.notes.push(format!("made {} by host {}", self.generated_at, self.host));
        document
    }
}

#[cfg(test)]
mod tests;
