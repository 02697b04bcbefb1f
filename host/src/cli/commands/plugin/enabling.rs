//! `host plugin enable` and `host plugin disable`.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::packages::store::Change;

/// Flags of `plugin enable` and `plugin disable`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of an installed module.
    id: String,
}

/// Whether a module is found now.
#[derive(Debug, Serialize)]
pub(super) struct Enabling {
    id: String,
    version: Option<Version>,
    enabled: bool,
    unchanged: bool,
}

/// Runs one of the verbs: lets an installed module be found, or not.
pub(super) fn run(args: &Args, enabled: bool, context: &Context) -> Result<Enabling> {
    let id = &args.id;
    let store = context.store()?;
    // Said without making a store that is not there.
    context.installed(&store, id)?;
    let switch = Change::begin(&store, &actor())?.set_enabled(id, enabled)?;
    Ok(Enabling { id: id.clone(), version: switch.to, enabled, unchanged: switch.unchanged })
}

impl Report for Enabling {
    const SCHEMA: &'static str = "host.plugin-enabling/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let (id, state) = (&self.id, if self.enabled { "enabled" } else { "disabled" });
        let version = self.version.as_ref().map_or_else(String::new, Version::to_string);
        if self.unchanged {
            return writeln!(out, "{bold}{id}{reset} {version} was {state} already");
        }
        writeln!(out, "{state} {bold}{id}{reset} {version}")?;
        if self.enabled { Ok(()) } else { writeln!(out, "to use it again, type `host plugin enable {id}`") }
    }
}
