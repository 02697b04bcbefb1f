//! What people are told.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::clock::now;
use crate::health::{Alert, CheckStatus};
use crate::platform::machine_name;
use crate::schedule::{Done, Period};
use crate::text::plain;

/// What people are told: a line, the whole, and the whole for programs.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// A few lines.
    pub text: String,
    body: Value,
}

impl Message {
    fn new(subject: &str, text: String, details: &Value) -> Self {
        let subject = format!("host on {}: {subject}", machine_name());
        let body = json!({
            "schema": "host.alert/1",
            // What chat programs show.
            "text": format!("{subject}\n{text}"),
            "subject": subject,
            "machine": machine_name(),
            "timestamp": now(),
            "details": details,
        });
        Self { subject, text, body }
    }

    /// Alerts that are new, and checks that are well again.
    pub(super) fn of_alerts(new: &[Alert], over: &[String]) -> Self {
        let critical = new.iter().filter(|alert| alert.severity == CheckStatus::Critical).count();
        let counts = [(critical, "critical"), (new.len() - critical, "warning"), (over.len(), "over")];
        let counts: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        let mut text = String::new();
        for alert in new {
            let (check, cause, action) = (&alert.check, plain(&alert.cause), plain(&alert.action));
            let _ = writeln!(text, "{}: {check}: {cause}\n  {action}", alert.severity);
        }
        for check in over {
            let _ = writeln!(text, "over: {check}");
        }
        Self::new(&counts.join(", "), text, &json!({ "alerts": new, "over": over }))
    }

    /// A job of which something failed.
    #[must_use]
    pub fn of_job(job: Period, done: &Done) -> Self {
        let mut text = String::new();
        for step in done.failed() {
            let why = plain(step.error.as_deref().unwrap_or_default());
            let _ = writeln!(text, "failed: host {}: {why}", plain(&step.command));
        }
        let _ = writeln!(text, "  type `host schedule run {}` when it is put right", job.word());
        let details = json!({ "job": job, "done": done });
        Self::new(&format!("the {} job failed", job.word()), text, &details)
    }

    /// One that tells nothing but that messages arrive.
    #[must_use]
    pub fn of_test() -> Self {
        let text = "Nothing is wrong: somebody typed `host alert test`.\n".to_owned();
        Self::new("a test", text, &Value::Null)
    }

    /// For programs.
    #[must_use]
    pub fn json(&self) -> String {
        self.body.to_string()
    }
}
