//! `host registry`: maintenance of what is registered.

mod gc;
mod repair;

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::output::Printer;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::registry::index;

/// Verbs on the registry.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the index again from the records.
    Rebuild,
    /// Put right what `check` names: from a snapshot where one has it, from the records where they say it. Nothing is
    /// deleted; what is damaged is moved into quarantine.
    Repair(repair::Args),
    /// Remove old versions, and what lies in quarantine and in the cache for too long; never a current version, nor one that
    /// another was made of.
    Gc(gc::Args),
}

impl Command {
    /// Whether nothing is to be done but to say what would be.
    pub(super) fn only_plans(&self) -> bool {
        match self {
            Self::Rebuild => false,
            Self::Repair(args) => args.only_plans(),
            Self::Gc(args) => args.only_plans(),
        }
    }
}

pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::Rebuild => printer.report(&rebuild(context)?),
        Command::Repair(args) => printer.report(&repair::run(args, context)?),
        Command::Gc(args) => printer.report(&gc::run(args, context)?),
    }
}

/// What was rebuilt.
#[derive(Debug, Serialize)]
struct Rebuilt {
    #[serde(flatten)]
    rebuilt: index::Rebuilt,
}

/// Runs `registry rebuild`.
fn rebuild(context: &Context) -> Result<Rebuilt> {
    let registry = context.open_registry()?;
    Ok(Rebuilt { rebuilt: index::rebuild(registry.root())? })
}

impl Report for Rebuilt {
    const SCHEMA: &'static str = "host.registry-rebuild/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "index rebuilt: {} datasets", self.rebuilt.datasets)
    }
}
