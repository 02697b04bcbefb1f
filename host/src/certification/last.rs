//! The newest report, for whoever watches the host.

use std::path::Path;

use super::report::{FOLDER, PREFIX, Verdict, read};
use crate::clock::seconds_between;

/// What the newest report says.
#[derive(Debug, Clone, PartialEq)]
pub struct Certification {
    /// Its verdict; nothing if it is not what was written.
    pub verdict: Option<Verdict>,
    /// Until when it counts; RFC 3339, UTC.
    pub valid_until: Option<String>,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl Certification {
    /// The newest report below a folder of logs; nothing if the host was never certified there.
    #[must_use]
    pub fn newest(log_directory: &Path) -> Option<Self> {
        let entries = fs_err::read_dir(log_directory.join(FOLDER)).ok()?;
        let reports = entries.flatten().filter(|entry| {
            let name = entry.file_name();
            name.to_str()
                .is_some_and(|name| name.strip_suffix(".json").is_some_and(|id| id.starts_with(PREFIX)))
        });
        let newest = reports.max_by_key(fs_err::DirEntry::file_name)?;
        let bytes = fs_err::read(newest.path()).map_err(|error| error.to_string());
        Some(match bytes.and_then(|bytes| read(&bytes)) {
            Err(problem) => Self { verdict: None, valid_until: None, problem: Some(problem) },
            Ok((document, _)) => {
                let of = |key: &str| document.get(key).cloned().unwrap_or_default();
                Self {
                    verdict: serde_json::from_value(of("certification_status")).ok(),
                    valid_until: serde_json::from_value(of("valid_until")).ok(),
                    problem: None,
                }
            }
        })
    }

    /// Whether the host is certified at a time; RFC 3339, UTC.
    #[must_use]
    pub fn is_valid(&self, now: &str) -> bool {
        let counts = self.valid_until.as_deref().is_some_and(|until| seconds_between(now, until) > 0.0);
        self.verdict == Some(Verdict::Certified) && counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-01-02T00:00:00.000Z";

    #[test]
    fn only_a_certificate_that_is_not_over_counts() {
        let of = |verdict, until: Option<&str>| {
            Certification { verdict, valid_until: until.map(str::to_owned), problem: None }.is_valid(NOW)
        };
        assert!(of(Some(Verdict::Certified), Some("2026-01-02T00:00:00.001Z")));
        assert!(!of(Some(Verdict::Certified), Some(NOW)));
        assert!(!of(Some(Verdict::Certified), None));
        assert!(!of(Some(Verdict::NotCertified), Some("2027-01-01T00:00:00.000Z")));
        assert!(!of(None, Some("2027-01-01T00:00:00.000Z")));
    }

    #[test]
    fn a_report_that_was_edited_is_said_to_be() {
        let logs = tempfile::tempdir().unwrap();
        assert_eq!(Certification::newest(logs.path()), None);
        let folder = logs.path().join(FOLDER);
        crate::durable::create_directories(&folder).unwrap();
        let file = folder.join(format!("{PREFIX}1.json"));
        crate::durable::publish(&file, b"{\"certification_status\": \"CERTIFIED\"}\n").unwrap();
        let newest = Certification::newest(logs.path()).unwrap();
        assert!(newest.problem.as_deref().is_some_and(|problem| problem.contains("edited")), "{newest:?}");
        assert!(!newest.is_valid(NOW));
    }
}
