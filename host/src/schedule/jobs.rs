//! The verbs of each job.

use std::path::PathBuf;

use jiff::civil::Date;

use super::Period;

/// What the verbs of a job depend on.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Where reports are written.
    pub reports: PathBuf,
    /// Whether there is a place for snapshots.
    pub has_backup: bool,
    /// The day of the job.
    pub date: Date,
}

/// A verb of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The verb and its arguments.
    pub arguments: Vec<String>,
    /// Why it is left out.
    pub left_out: Option<&'static str>,
}

impl Step {
    /// As it is typed after `host`.
    #[must_use]
    pub fn command(&self) -> String {
        self.arguments.join(" ")
    }
}

impl Period {
    /// What the job is called.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
            Self::Quarterly => "quarterly",
        }
    }

    /// The verbs of the job, in the order they are done: what saves comes first, what reports last.
    #[must_use]
    pub fn steps(self, surroundings: &Surroundings) -> Vec<Step> {
        let (verbs, reports): (&[&str], &[&str]) = match self {
            Self::Daily => {
                (&["backup create", "check --quick", "audit verify"], &["quality", "performance", "daily"])
            }
            Self::Weekly => (
                &[
                    "check",
                    "backup check",
                    "backup drill",
                    "backup forget",
                    "backup prune",
                    "registry gc --older-than 30d",
                ],
                &["weekly"],
            ),
            Self::Monthly => (&["doctor", "certify"], &["monthly", "capacity"]),
            Self::Quarterly => (&["backup create --full", "backup drill"], &["deployment"]),
        };
        let verbs = verbs.iter().map(|verb| {
            let arguments = verb.split(' ').map(str::to_owned).collect();
            let saves = verb.starts_with("backup ");
            let left_out = (saves && !surroundings.has_backup)
                .then_some("there is no backup repository: `host backup init` makes one");
            Step { arguments, left_out }
        });
        let reports = reports.iter().map(|report| {
            let file = surroundings.reports.join(format!("{report}-{}.html", surroundings.date));
            let file = file.to_string_lossy().into_owned();
            let arguments = ["report".to_owned(), (*report).to_owned(), "--output".to_owned(), file];
            Step { arguments: arguments.to_vec(), left_out: None }
        });
        verbs.chain(reports).collect()
    }
}
