//! `host backup restore`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Which, damaged, write_damage};
use crate::backup::{self, Part, RestoreOptions};
use crate::cli::commands::table::plain;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::text::{bytes, duration};

/// Flags of `backup restore`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    which: Which,
    /// Folder to restore to; it becomes a data root, with `config`, `plugins` and `trust` beside its usual folders.
    #[arg(long, value_name = "DIR")]
    target: PathBuf,
    /// Restore these parts alone: config, derived, logs, plugins, raw, registry, trust.
    #[arg(long, value_name = "PART", value_delimiter = ',')]
    only: Vec<Part>,
    /// Take files that the target has already from there.
    #[arg(long)]
    delta: bool,
    /// Replace the same parts of a target that is not empty; what is there of them is removed.
    #[arg(short, long)]
    yes: bool,
}

/// What was brought back.
#[derive(Debug, Serialize)]
pub(super) struct Restored {
    #[serde(flatten)]
    restored: backup::Restored,
}

pub(super) fn run(args: &Args, context: &Context) -> Result<Restored> {
    refuse_halves(args, context)?;
    let (repository, id) = args.which.open(context)?;
    let options = RestoreOptions {
        target: &args.target,
        only: (!args.only.is_empty()).then(|| args.only.iter().copied().collect()),
        delta: args.delta,
        replace: args.yes,
        actor: &actor(),
    };
    Ok(Restored { restored: backup::restore(&repository, &id, &options)? })
}

/// Datasets and records come back into one folder. Where the settings look for the records elsewhere, one of both halves
/// would not be seen.
fn refuse_halves(args: &Args, context: &Context) -> Result<()> {
    let (root, registry) = (context.settings.data_root(), context.settings.registry_directory());
    let is_half = |part: &Part| matches!(part, Part::Derived | Part::Registry);
    let has_half = args.only.is_empty() || args.only.iter().any(is_half);
    if !has_half || registry == root.join("registry") || !is_same(&args.target, root) {
        return Ok(());
    }
    let message = format!("the registry of `{}` lies elsewhere", root.display());
    Err(Error::new(Kind::Usage, message)
        .cause(format!("`registry.base_directory` is `{}`", registry.display()))
        .hint("restore to a folder that is not there, then put its `registry` in the place of that one")
        .hint("other parts alone can be restored here: `--only config,logs,plugins,trust`"))
}

fn is_same(one: &Path, other: &Path) -> bool {
    let place = |path: &Path| fs_err::canonicalize(path).or_else(|_| std::path::absolute(path)).ok();
    place(one).is_some_and(|one| place(other) == Some(one))
}

impl Report for Restored {
    const SCHEMA: &'static str = "host.backup-restore/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let restored = &self.restored;
        write_damage(out, style, &restored.damage)?;
        let target = plain(&restored.target.display().to_string());
        writeln!(
            out,
            "restored  {}  {} files, {}, in {} ({} were there)",
            restored.id,
            restored.counts.files,
            bytes(restored.counts.bytes),
            duration(restored.seconds),
            restored.kept_files
        )?;
        writeln!(out, "          to {target}")?;
        if restored.parts.contains(&Part::Registry) {
            writeln!(out, "          look at it with `host --data-root {target} check`")?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let message = "the snapshot is restored, and it holds what was damaged when it was made";
        damaged(&self.restored.damage, message)
            .map(|error| error.hint("run `host check` on the target to see how to put it right"))
    }
}
