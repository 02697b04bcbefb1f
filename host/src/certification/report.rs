//! The report: every line, the verdict, sealed.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use serde_json::{Value, json};

use super::Subject;
use super::line::{Line, Status};
use crate::clock;
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::registry::Registry;
use crate::registry::audit::Action;
use crate::registry::sealed;

/// Schema of a report.
pub const REPORT_SCHEMA: &str = "host.certification/1";

/// The folder of the reports, in that of the logs.
pub const FOLDER: &str = "certification";

/// What the names of reports begin with.
pub(super) const PREFIX: &str = "certification_report_";

/// What the action is called in the audit log.
pub(super) const ACTION: &str = "certify";

/// Whether the host may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize)]
pub enum Verdict {
    /// Every line is passed.
    #[serde(rename = "CERTIFIED")]
    Certified,
    /// Some line is not.
    #[serde(rename = "NOT_CERTIFIED")]
    NotCertified,
}

/// What was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// [`REPORT_SCHEMA`].
    pub schema: &'static str,
    /// Names the report, and its file.
    pub id: String,
    /// When it was made; RFC 3339, UTC.
    pub created: String,
    /// Version of the host.
    pub host: &'static str,
    /// The machine it ran on.
    pub machine: String,
    /// Who asked for it.
    pub operator: String,
    /// The data root it is about.
    pub data_root: PathBuf,
    /// The verdict.
    pub certification_status: Verdict,
    /// Until when it counts; RFC 3339, UTC. Nothing where nothing is certified.
    pub valid_until: Option<String>,
    /// Lines that are passed, failed and skipped.
    pub passed: usize,
    /// Lines that are failed.
    pub failed: usize,
    /// Lines that had nothing to look at.
    pub skipped: usize,
    /// Every line.
    pub lines: Vec<Line>,
}

impl Report {
    pub(super) fn new(lines: Vec<Line>, subject: &Subject) -> Self {
        let now = Timestamp::now();
        let created = clock::text(now);
        let count = |status| lines.iter().filter(|line| line.status == status).count();
        let (passed, failed, skipped) = (count(Status::Pass), count(Status::Fail), count(Status::Skip));
        let is_certified = passed == lines.len() && passed > 0;
        let until = now.checked_add((i64::from(subject.valid_days) * 24).hours()).ok().map(clock::text);
        let compact: String = created.chars().filter(char::is_ascii_alphanumeric).collect();
        Self {
            schema: REPORT_SCHEMA,
            id: format!("{PREFIX}{compact}"),
            created,
            host: env!("CARGO_PKG_VERSION"),
            machine: crate::platform::machine_name(),
            operator: subject.options.actor.clone(),
            data_root: subject.files.data_root.clone(),
            certification_status: if is_certified { Verdict::Certified } else { Verdict::NotCertified },
            valid_until: until.filter(|_| is_certified),
            passed,
            failed,
            skipped,
            lines,
        }
    }

    /// The lines that keep the host from being certified.
    pub fn open(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| !line.passed())
    }

    /// Has the audit log vouch for the report, and writes it into the logs, and before into a further folder if there is
    /// one; says where it is in the logs.
    /// Durable when it returns; killed before, there is no report, or one line of the audit log too many.
    ///
    /// # Errors
    /// The audit log or a folder cannot be written.
    pub fn publish(
        &self,
        registry: &Registry,
        log_directory: &Path,
        further: Option<&Path>,
    ) -> Result<PathBuf> {
        let document = sealed::seal(self);
        let told = registry.log(&Action {
            time: clock::now(),
            actor: self.operator.clone(),
            action: ACTION.to_owned(),
            subject: self.id.clone(),
            details: json!({
                "certification_status": self.certification_status,
                "valid_until": self.valid_until,
                "report_sha256": document.get("sha256"),
            }),
        });
        match told {
            // Where the log itself is what is broken there is nothing to vouch for.
            Err(error) if self.certification_status == Verdict::NotCertified => {
                tracing::warn!("the audit log does not tell of the report: {error}");
            }
            told => told?,
        }
        let bytes = sealed::pretty(&document);
        let own = log_directory.join(FOLDER);
        let mut file = PathBuf::new();
        for folder in further.into_iter().chain([own.as_path()]) {
            durable::create_directories(folder).storage("make the folder of the report")?;
            file = folder.join(format!("{}.json", self.id));
            durable::publish(&file, &bytes).storage("write the report")?;
        }
        Ok(file)
    }
}

/// Reads a report and says under which digest the audit log must know it.
pub(super) fn read(bytes: &[u8]) -> Result<(Value, Digest), String> {
    let document = sealed::unseal(bytes, sealed::pretty).map_err(|fault| fault.to_string())?;
    let schema = document.get("schema").and_then(Value::as_str).unwrap_or_default();
    if schema != REPORT_SCHEMA {
        return Err(format!("its schema is `{schema}`, this host reads `{REPORT_SCHEMA}`"));
    }
    let digest = document.get("sha256").and_then(Value::as_str).and_then(|digest| digest.parse().ok());
    Ok((document, digest.ok_or("it has no digest")?))
}

/// A report that is not what was asked for.
pub(super) fn unreadable(file: &Path, error: &std::io::Error) -> Error {
    Error::new(Kind::BadInput, format!("cannot read the report `{}`", file.display()))
        .cause(error.to_string())
        .hint(format!("name one of the folder `{FOLDER}` in the logs"))
}
