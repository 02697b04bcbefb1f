//! `host check`: reads every registered file again and names each that is not as it was registered.

use std::io::{self, Write};

use serde::Serialize;

use super::table;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::health::Found;
use crate::registry::ItemSeverity;
use crate::registry::check::{self, Report as Findings};

/// Flags of `check`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Compare sizes only, do not read the files.
    #[arg(long)]
    quick: bool,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    #[serde(flatten)]
    findings: Findings,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Checked> {
    let registry = context.open_registry()?;
    let findings = check::check(registry.root(), !args.quick)?;
    let settings = &context.settings;
    if let Err(error) = Found::note(settings.log_directory(), settings.data_root(), &findings) {
        tracing::warn!("`host health` will not tell of this check: {error}");
    }
    Ok(Checked { findings })
}

impl Report for Checked {
    const SCHEMA: &'static str = "host.check/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let findings = &self.findings;
        if !findings.items.is_empty() {
            let rows = findings.items.iter().map(|item| {
                vec![
                    table::word(item.severity),
                    table::word(item.kind),
                    item.path.clone(),
                    item.message.clone(),
                ]
            });
            table::write(out, style, &["", "WHAT", "PATH", "WHY"], rows)?;
        }
        writeln!(
            out,
            "{} datasets, {} files, {}: {} damaged",
            findings.datasets,
            findings.files,
            crate::text::bytes(findings.bytes),
            findings.count(ItemSeverity::Damage)
        )
    }

    fn verdict(&self) -> Option<Error> {
        if !self.findings.failed() {
            return None;
        }
        let mut error = Error::new(Kind::Corrupt, "the registry is not as it was registered");
        for item in &self.findings.items {
            if let Some(hint) = item.hint.as_ref().filter(|hint| !error.hints.contains(hint)) {
                error.hints.push(hint.clone());
            }
        }
        Some(error)
    }
}
