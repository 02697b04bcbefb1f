//! `host run cancel`.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::Which;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::journal;

/// Flags of `run cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// How long to wait for its end.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u32,
}

/// What became of it.
#[derive(Debug, Serialize)]
pub(super) struct Cancelled {
    #[serde(flatten)]
    cancelled: journal::Cancelled,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Cancelled> {
    let journal = context.journal();
    let id = journal.find(&args.which.id)?;
    let patience = Duration::from_secs(args.timeout.into());
    Ok(Cancelled { cancelled: journal.cancel(&id, &actor(), patience)? })
}

impl Report for Cancelled {
    const SCHEMA: &'static str = "host.run-cancel/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let run = &self.cancelled.run;
        writeln!(out, "{:<9} {}", run.state.word(), run.id)
    }
}
