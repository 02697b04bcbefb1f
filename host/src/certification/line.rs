//! One thing that was looked at.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::digest::Digest;
use crate::error::Result;

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// What was measured is within the limit.
    Pass,
    /// It is not, or it could not be measured.
    Fail,
    /// There was nothing to measure; says nothing for the host.
    Skip,
}

/// What shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// What it is.
    pub what: String,
    /// The file, where it is one that stays and does not change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathBuf>,
    /// Digest of the file, or of what is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
}

impl Evidence {
    /// A fact.
    pub fn fact(what: impl Into<String>) -> Self {
        Self { what: what.into(), path: None, sha256: None }
    }

    /// Something that is known by a digest and is no file that stays.
    pub fn digest(what: impl Into<String>, sha256: Digest) -> Self {
        Self { what: what.into(), path: None, sha256: Some(sha256) }
    }

    /// A file; without a digest if it cannot be read.
    pub fn file(what: impl Into<String>, path: &Path) -> Self {
        let sha256 = Digest::of_file(path).ok().map(|(sha256, _)| sha256);
        Self { what: what.into(), path: Some(path.to_owned()), sha256 }
    }
}

/// What looking came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    status: Status,
    measured: String,
    evidence: Vec<Evidence>,
}

impl Outcome {
    /// What was measured, and whether it is within the limit.
    pub fn of(within: bool, measured: impl Into<String>) -> Self {
        let status = if within { Status::Pass } else { Status::Fail };
        Self { status, measured: measured.into(), evidence: Vec::new() }
    }

    /// Nothing could be measured, and why.
    pub fn skipped(reason: impl Into<String>) -> Self {
        Self { status: Status::Skip, measured: reason.into(), evidence: Vec::new() }
    }

    /// The same with a further word on what was measured, if there is one.
    #[must_use]
    pub fn noting(mut self, remark: Option<impl Display>) -> Self {
        if let Some(remark) = remark {
            self.measured = format!("{}; {remark}", self.measured);
        }
        self
    }

    /// The same with what shows it.
    #[must_use]
    pub fn shown_by(mut self, evidence: impl IntoIterator<Item = Evidence>) -> Self {
        self.evidence.extend(evidence);
        self
    }
}

/// One line of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// `SECTION.NAME`.
    pub id: &'static str,
    /// What it belongs to.
    pub section: &'static str,
    /// How it went.
    pub status: Status,
    /// Why nothing was measured, for lines that were skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was found, in words.
    pub measured: String,
    /// What would be well, in words.
    pub limit: String,
    /// What shows it.
    pub evidence: Vec<Evidence>,
    /// How long it took.
    pub seconds: f64,
    /// What to type where it is not passed.
    #[serde(skip)]
    pub action: &'static str,
}

impl Line {
    /// Looks, and takes the time. A failure to look is a failure.
    pub fn examine(
        id: &'static str,
        limit: impl Into<String>,
        action: &'static str,
        look: impl FnOnce() -> Result<Outcome>,
    ) -> Self {
        let started = Instant::now();
        let outcome = look().unwrap_or_else(|error| Outcome::of(false, error.to_string()));
        let Outcome { status, measured, evidence } = outcome;
        let (reason, measured) = match status {
            Status::Skip => (Some(measured), "nothing".to_owned()),
            _ => (None, measured),
        };
        Self {
            id,
            section: id.split_once('.').map_or(id, |(section, _)| section),
            status,
            reason,
            measured,
            limit: limit.into(),
            evidence,
            seconds: started.elapsed().as_secs_f64(),
            action,
        }
    }

    /// Whether it speaks for the host.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.status == Status::Pass
    }

    /// What was found, or why nothing was.
    #[must_use]
    pub fn found(&self) -> &str {
        self.reason.as_deref().unwrap_or(&self.measured)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, Kind};

    #[test]
    fn only_what_was_measured_and_is_within_the_limit_is_passed() {
        let line = |look: fn() -> Result<Outcome>| Line::examine("part.thing", "0", "type `x`", look);
        let passed = line(|| Ok(Outcome::of(true, "0 found")));
        assert!(passed.passed() && passed.section == "part" && passed.found() == "0 found");
        assert!(!line(|| Ok(Outcome::of(false, "1 found"))).passed());
        let skipped = line(|| Ok(Outcome::skipped("there is none")));
        assert_eq!((skipped.status, skipped.found()), (Status::Skip, "there is none"));
        let failed = line(|| Err(Error::new(Kind::Storage, "it cannot be read")));
        assert_eq!((failed.status, failed.found()), (Status::Fail, "it cannot be read"));
    }
}
