//! Whether a report still holds: what it says of itself, what the audit log says of it, what it was made from.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::line::{Evidence, Line, Outcome};
use super::report::{ACTION, read, unreadable};
use crate::digest::Digest;
use crate::error::Result;
use crate::registry::Registry;

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Proof {
    /// The report.
    pub file: PathBuf,
    /// What was looked at.
    pub lines: Vec<Line>,
}

impl Proof {
    /// Whether the report holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.lines.iter().all(Line::passed)
    }
}

/// Holds a report against the host as it is now. Changes nothing.
///
/// # Errors
/// The file cannot be read. What is wrong with it is no error: the proof tells it.
pub fn prove(file: &Path, registry: &Registry) -> Result<Proof> {
    let bytes = fs_err::read(file).map_err(|error| unreadable(file, &error))?;
    let report = read(&bytes);
    let again = "type `host certify` to certify the host again";
    let digest = report.as_ref().ok().map(|(_, digest)| *digest);
    let document = report.as_ref().map_or(&Value::Null, |(document, _)| document);
    let lines = vec![
        Line::examine("report.sealed", "as it was written", again, || {
            Ok(match &report {
                Ok((_, digest)) => Outcome::of(true, digest.to_string()),
                Err(why) => Outcome::of(false, why),
            })
        }),
        Line::examine("report.status", "CERTIFIED", again, || Ok(status(document))),
        Line::examine("report.validity", "not over", again, || Ok(validity(document))),
        Line::examine("report.audited", "the audit log knows it", "type `host audit verify`", || {
            audited(document, digest, registry)
        }),
        Line::examine("report.evidence", "every file as it was", again, || Ok(evidence(document))),
    ];
    Ok(Proof { file: file.to_owned(), lines })
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn status(document: &Value) -> Outcome {
    let status = text(document, "certification_status");
    Outcome::of(status == "CERTIFIED", if status.is_empty() { "none" } else { status })
}

fn validity(document: &Value) -> Outcome {
    let until = text(document, "valid_until");
    match until.parse::<Timestamp>() {
        Ok(time) => Outcome::of(Timestamp::now() < time, format!("until {until}")),
        Err(_) => Outcome::of(false, "it says of no time that it counts"),
    }
}

/// Follows the chain of the log up to the line that tells of the report.
fn audited(document: &Value, digest: Option<Digest>, registry: &Registry) -> Result<Outcome> {
    let (id, digest) = (text(document, "id"), digest.map(|digest| digest.to_string()));
    let mut told = None;
    let verification = registry.audit().verify_with(|entry| {
        if entry.action == ACTION && entry.subject == id && !id.is_empty() {
            let is_same = Some(text(&entry.details, "report_sha256")) == digest.as_deref();
            told = Some((entry.sequence, entry.sha256, is_same));
        }
    })?;
    Ok(match (verification.broken, told) {
        (Some(broken), _) => Outcome::of(false, format!("line {}: {}", broken.line, broken.message)),
        (None, None) => Outcome::of(false, "no line tells of it"),
        (None, Some((line, _, false))) => Outcome::of(false, format!("line {line} tells of another report")),
        (None, Some((line, sha256, true))) => Outcome::of(true, format!("line {line}"))
            .shown_by([Evidence::digest(format!("line {line}"), sha256)]),
    })
}

/// Reads every file that the report names again.
fn evidence(document: &Value) -> Outcome {
    let lines = document.get("lines").and_then(Value::as_array).into_iter().flatten();
    let all = lines.flat_map(|line| line.get("evidence").and_then(Value::as_array).into_iter().flatten());
    let (mut same, mut files, mut first) = (0, 0, None);
    for item in all.filter(|item| item.get("path").is_some()) {
        files += 1;
        let path = Path::new(text(item, "path"));
        match Digest::of_file(path) {
            Ok((digest, _)) if digest.to_string() == text(item, "sha256") => same += 1,
            Ok(_) => first = first.or_else(|| Some(format!("`{}` is another file now", path.display()))),
            Err(error) => first = first.or_else(|| Some(error.to_string())),
        }
    }
    let told = format!("{same} of {files} files");
    let measured = first.map_or_else(|| told.clone(), |first| format!("{told}; {first}"));
    Outcome::of(same == files && files > 0, measured)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::line::Status;
    use super::*;

    fn status(outcome: Outcome) -> Status {
        Line::examine("report.x", "", "", || Ok(outcome)).status
    }

    #[test]
    fn a_report_whose_time_is_over_or_unknown_does_not_hold() {
        assert_eq!(status(validity(&json!({ "valid_until": "9000-01-01T00:00:00.000Z" }))), Status::Pass);
        assert_eq!(status(validity(&json!({ "valid_until": "2020-01-01T00:00:00.000Z" }))), Status::Fail);
        assert_eq!(status(validity(&json!({ "valid_until": null }))), Status::Fail);
    }

    #[test]
    fn every_file_that_is_named_must_be_what_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("library");
        crate::durable::publish(&file, b"code").unwrap();
        let report =
            json!({ "lines": [{ "evidence": [Evidence::file("module", &file), Evidence::fact("well")] }] });
        assert_eq!(status(evidence(&report)), Status::Pass);
        crate::durable::publish(&file, b"other code").unwrap();
        assert_eq!(status(evidence(&report)), Status::Fail);
        crate::durable::remove(&file).unwrap();
        assert_eq!(status(evidence(&report)), Status::Fail);
        // A report that no file shows anything for certifies nothing.
        assert_eq!(status(evidence(&json!({ "lines": [] }))), Status::Fail);
    }
}
