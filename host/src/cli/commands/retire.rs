//! `host retire`: a version that must no longer be used, and why. Nothing is removed.

use std::io::{self, Write};

use serde::Serialize;

use super::table::plain;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::clock::now;
use crate::digest::Digest;
use crate::error::Result;
use crate::registry::Retiring;

/// Flags of `retire`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, for its current version, or `NAME@VERSION`.
    dataset: String,
    /// Why it must not be used; whoever names the dataset is told.
    #[arg(long, value_name = "TEXT", required_unless_present = "undo", conflicts_with = "undo")]
    reason: Option<String>,
    /// Take the retirement back.
    #[arg(long)]
    undo: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
pub(super) struct Done {
    name: String,
    version: Digest,
    /// Whether it is retired now.
    retired: bool,
    reason: Option<String>,
    /// Whether it was not so before.
    changed: bool,
    /// Whether it is what `NAME` alone stands for.
    current: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Done> {
    let registry = context.create_registry()?;
    let record = registry.named(&args.dataset)?;
    let (name, version) = (&record.name, record.version);
    let reason = args.reason.as_deref();
    let changed = registry.retire(&Retiring { name, version, reason, actor: &actor(), now: now() })?;
    let current = registry.require_even_retired(name)?.version == version;
    Ok(Done {
        name: name.to_string(),
        version,
        retired: !args.undo,
        reason: args.reason.clone(),
        changed,
        current,
    })
}

impl Report for Done {
    const SCHEMA: &'static str = "host.retire/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let (name, version) = (plain(&self.name), self.version.short());
        match (self.retired, self.changed) {
            (true, true) => writeln!(out, "retired   {name}@{version}")?,
            (true, false) => writeln!(out, "retired   {name}@{version}, as it was before")?,
            (false, true) => writeln!(out, "restored  {name}@{version}")?,
            (false, false) => writeln!(out, "unchanged {name}@{version}: it is not retired")?,
        }
        if self.retired && self.current {
            writeln!(
                out,
                "          `{name}` alone is refused from now on; `{name}@{version}` is still given"
            )?;
            writeln!(out, "          take it back with `host retire {name} --undo`")?;
        }
        Ok(())
    }
}
