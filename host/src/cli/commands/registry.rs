//! `host registry`: maintenance of what can be made again from the files.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::registry::index;

/// Verbs on the registry.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the index again from the records.
    Rebuild,
}

/// What was rebuilt.
#[derive(Debug, Serialize)]
pub(super) struct Rebuilt {
    #[serde(flatten)]
    rebuilt: index::Rebuilt,
}

/// Runs `registry rebuild`.
pub(super) fn rebuild(context: &Context) -> Result<Rebuilt> {
    let registry = context.open_registry()?;
    Ok(Rebuilt { rebuilt: index::rebuild(registry.root())? })
}

impl Report for Rebuilt {
    const SCHEMA: &'static str = "host.registry-rebuild/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "index rebuilt: {} datasets", self.rebuilt.datasets)
    }
}
