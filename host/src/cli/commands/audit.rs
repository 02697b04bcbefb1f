//! `host audit`: the record of who did what.

mod export;

pub(super) use export::run as export;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::table::{self, plain};
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::registry::audit::{Entry, Verification};
use crate::trust::Admitted;

/// Verbs on the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the chain of digests and name the first broken line.
    Verify,
    /// List the entries.
    List,
    /// Print the entries for other programs, and say whether the chain holds.
    Export(export::Args),
}

/// Whether the chain holds.
#[derive(Debug, Serialize)]
pub(super) struct Verified {
    #[serde(flatten)]
    verification: Verification,
}

/// Runs `audit verify`.
pub(super) fn verify(context: &Context) -> Result<Verified> {
    Ok(Verified { verification: context.open_registry()?.audit().verify()? })
}

impl Report for Verified {
    const SCHEMA: &'static str = "host.audit-verify/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        if self.verification.intact() {
            writeln!(out, "the audit log is intact: {} lines", self.verification.lines)?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        broken(&self.verification)
    }
}

/// The failure of a chain that does not hold.
fn broken(verification: &Verification) -> Option<Error> {
    let broken = verification.broken.as_ref()?;
    let message = format!("the audit log is broken at line {}", broken.line);
    Some(
        Error::new(Kind::Corrupt, message)
            .cause(broken.message.clone())
            .hint("what follows that line cannot be trusted; compare with a backup"),
    )
}

/// What it was done to; of a retirement the version and the reason, too.
fn subject(entry: &Entry) -> String {
    let text = |field: &str| entry.details.get(field).and_then(Value::as_str);
    let Some(version) = text("concerns") else { return entry.subject.clone() };
    let version = format!("{}@{}", entry.subject, version.get(..12).unwrap_or(version));
    text("reason").map_or_else(|| version.clone(), |reason| format!("{version}: {}", plain(reason)))
}

/// The entries.
#[derive(Debug, Serialize)]
pub(super) struct Entries {
    entries: Vec<Entry>,
}

/// Runs `audit list`.
pub(super) fn list(context: &Context) -> Result<Entries> {
    let entries = context.open_registry()?.audit().entries()?.collect::<Result<Vec<_>>>()?;
    Ok(Entries { entries })
}

/// The entries after the one with that number, and no more than so many.
pub(super) fn part(context: &Context, after: u64, limit: u64) -> Result<Entries> {
    let log = context.open_registry()?.audit();
    let passed = |entry: &Result<Entry>| entry.as_ref().is_ok_and(|entry| entry.sequence <= after);
    let entries = log.entries()?.skip_while(passed).take(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(Entries { entries: entries.collect::<Result<Vec<_>>>()? })
}

impl Report for Entries {
    const SCHEMA: &'static str = "host.audit-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.entries.iter().map(|entry| {
            vec![
                entry.sequence.to_string(),
                table::moment(&entry.time),
                entry.actor.clone(),
                entry.action.clone(),
                subject(entry),
                entry.details.get("trust").map(|_| Admitted::recorded_in(&entry.details)).unwrap_or_default(),
            ]
        });
        table::write(out, style, &["#", "TIME", "ACTOR", "ACTION", "SUBJECT", "TRUST"], rows)
    }
}
