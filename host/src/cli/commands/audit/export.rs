//! `host audit export`: the log for other programs, held against its chain while it is read.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::error::{Error, Result};
use crate::registry::audit::{Entry, Verification};

/// Flags of `audit export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Form of the entries.
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "jsonl")]
    format: Format,
    /// Only entries of then or later: a time such as `2026-01-31T08:00Z`, a date, or how long ago, such as `7d` or `12h`.
    #[arg(long, value_name = "TIME", value_parser = crate::clock::moment)]
    since: Option<Timestamp>,
    /// Only what they did.
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Only such actions, for example `register`.
    #[arg(long, value_name = "WORD")]
    action: Option<String>,
}

/// Form of the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines as they stand in the log, each with its own digest.
    Jsonl,
    /// A table for spreadsheets; nothing in it is read as a formula.
    Csv,
}

/// The entries that were asked for, and whether the chain of all of them holds.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Exported {
    entries: Vec<Entry>,
    verification: Verification,
    #[serde(skip)]
    format: Format,
}

/// Runs `audit export`.
pub(in crate::cli::commands) fn run(args: &Args, context: &Context) -> Result<Exported> {
    let mut entries = Vec::new();
    let verification = context.open_registry()?.verify_audit(|entry| {
        if args.wants(&entry) {
            entries.push(entry);
        }
    })?;
    Ok(Exported { entries, verification, format: args.format })
}

impl Args {
    fn wants(&self, entry: &Entry) -> bool {
        // A time that cannot be read was written by nobody who tells when.
        let time = || entry.time.parse::<Timestamp>().ok();
        self.since.is_none_or(|since| time().is_some_and(|time| time >= since))
            && self.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
            && self.action.as_ref().is_none_or(|action| *action == entry.action)
    }
}

/// A cell that no spreadsheet takes for a formula.
fn cell(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

fn table(entries: &[Entry], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    table.write_record([
        "sequence", "time", "actor", "machine", "process", "action", "subject", "details", "sha256",
    ])?;
    for entry in entries {
        table.write_record([
            entry.sequence.to_string(),
            cell(&entry.time),
            cell(&entry.actor),
            cell(&entry.machine),
            entry.process.to_string(),
            cell(&entry.action),
            cell(&entry.subject),
            cell(&entry.details.to_string()),
            entry.sha256.to_string(),
        ])?;
    }
    table.flush()
}

impl Report for Exported {
    const SCHEMA: &'static str = "host.audit-export/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        match self.format {
            Format::Csv => table(&self.entries, out),
            Format::Jsonl => self.entries.iter().try_for_each(|entry| out.write_all(&entry.line())),
        }
    }

    fn verdict(&self) -> Option<Error> {
        super::broken(&self.verification)
    }
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn nothing_is_read_as_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "star", "a=b", "2026-01-02T03:04:05Z", "{\"a\": 1}"] {
            assert_eq!(cell(text), text);
        }
    }
}
