//! `host audit`: the record of who did what.

mod export;

pub(super) use export::run as export;

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::table::{self, plain};
use crate::backup::{Repository, Saved};
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::registry::audit::{Entry, Verification};
use crate::trust::Admitted;

/// Verbs on the audit log.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Check the chain of digests and name the first broken line.
    ///
    /// Each line carries the digest of the line before, `head.json` that of the last, and each dataset that is registered has
    /// a line: what was edited, removed or put elsewhere by accident, or by hand in a line, shows. No key is involved. Whoever
    /// may write the folder of the registry can write another chain, with a head that fits it. That shows only beside a
    /// digest that was kept elsewhere: snapshots, certification reports and exports carry it, and so does
    /// `host audit verify --json`. With `--against` such a line must still be there; as it carries the digest of all
    /// before it, nothing before it was rewritten then.
    Verify(VerifyArgs),
    /// List the entries.
    List,
    /// Print the entries for other programs, and say whether the chain holds.
    Export(export::Args),
}

/// Flags of `audit verify`.
#[derive(Debug, clap::Args)]
pub struct VerifyArgs {
    /// Demand a line that is known from elsewhere: its sha256, or a snapshot, whose last line counts.
    #[arg(long, value_name = "DIGEST|SNAPSHOT")]
    against: Option<String>,
}

/// Whether the chain holds.
#[derive(Debug, Serialize)]
pub(super) struct Verified {
    #[serde(flatten)]
    verification: Verification,
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<Against>,
}

/// A line that must be there.
#[derive(Debug, Serialize)]
struct Against {
    sha256: Digest,
    /// Its number; nothing if it is not there.
    line: Option<u64>,
    /// The line that tells that a restore replaced the log that ended with it.
    replaced_at_line: Option<u64>,
}

/// Runs `audit verify`.
pub(super) fn verify(args: &VerifyArgs, context: &Context) -> Result<Verified> {
    let known = args.against.as_deref().map(|text| known(text, context)).transpose()?;
    let mut against = known.map(|sha256| Against { sha256, line: None, replaced_at_line: None });
    let verification = context.open_registry()?.verify_audit(|entry| {
        if let Some(against) = &mut against {
            against.look(&entry);
        }
    })?;
    Ok(Verified { verification, against })
}

/// The digest that somebody typed, or the one of the last line of a snapshot.
fn known(text: &str, context: &Context) -> Result<Digest> {
    if let Ok(digest) = text.parse() {
        return Ok(digest);
    }
    let repository = Repository::open(context.backup_repository()?)?;
    let repository = repository.unlocked_by(context.settings.backup_identity())?;
    let id = repository.resolve(text, context.settings.data_root())?;
    let head = Saved::open(&repository, Some(&id))?.audit_head()?;
    head.map(|head| head.line_sha256).ok_or_else(|| {
        Error::new(Kind::Usage, format!("snapshot `{id}` holds no audit log"))
            .hint("name another: `host backup list`, or the sha256 of a line")
    })
}

impl Against {
    fn look(&mut self, entry: &Entry) {
        if entry.sha256 == self.sha256 {
            self.line = Some(entry.sequence);
        }
        let replaced = entry.details.pointer("/before/head/line_sha256").and_then(Value::as_str);
        if replaced.is_some_and(|digest| digest.parse() == Ok(self.sha256)) {
            self.replaced_at_line = Some(entry.sequence);
        }
    }

    /// The failure of a line that is not there.
    fn verdict(&self) -> Option<Error> {
        if self.line.is_some() {
            return None;
        }
        let told = self
            .replaced_at_line
            .map(|line| format!("line {line} tells that a restore replaced the log that ended with it"));
        let rewritten = "the log was rewritten, or cut and continued, since that line was known";
        Some(
            Error::new(Kind::Corrupt, format!("the audit log has no line {}", self.sha256))
                .cause(told.unwrap_or_else(|| rewritten.to_owned()))
                .hint("compare with a snapshot of that time: `host backup restore SNAPSHOT --only registry --target DIR`"),
        )
    }
}

impl Report for Verified {
    const SCHEMA: &'static str = "host.audit-verify/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        if self.verification.intact() {
            writeln!(out, "the audit log is intact: {} lines", self.verification.lines)?;
        }
        if let Some((sha256, line)) =
            self.against.as_ref().and_then(|known| Some((known.sha256, known.line?)))
        {
            writeln!(out, "line {line} is {sha256}: nothing up to it was rewritten")?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        broken(&self.verification).or_else(|| self.against.as_ref()?.verdict())
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
