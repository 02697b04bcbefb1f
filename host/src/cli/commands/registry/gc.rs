//! `host registry gc`.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::clock::{self, now};
use crate::error::Result;
use crate::registry::{By, Fate, Limits};
use crate::stages::ingest::Cleaned;
use crate::text::bytes;

/// Flags of `registry gc`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Remove what is out of use for so long, such as `30d` or `12h`, or since before a date.
    #[arg(long, value_name = "AGE", value_parser = clock::moment)]
    older_than: Timestamp,
    /// Keep the newest N versions of each dataset whatever their age.
    #[arg(long, value_name = "N", default_value_t = 1)]
    keep_last: usize,
    /// Remove retired versions whatever their age.
    #[arg(long)]
    retired: bool,
    /// Say what would be removed, and remove nothing.
    #[arg(long)]
    dry_run: bool,
}

impl Args {
    pub(super) fn only_plans(&self) -> bool {
        self.dry_run
    }
}

/// What was removed, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Collected {
    dry_run: bool,
    /// Before when something must be out of use.
    before: String,
    items: Vec<Fate>,
    /// What went from the cache of unpacked inputs; nothing with `--dry-run`.
    cache: Option<Cleaned>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Collected> {
    let registry = if args.dry_run { context.open_registry()? } else { context.create_registry()? };
    let limits = Limits { before: args.older_than, keep_last: args.keep_last, retired: args.retired };
    let items = registry.collect(&limits, args.dry_run, By { actor: &actor(), now: &now() })?;
    let cache = if args.dry_run { None } else { Some(context.input_cache().clean()) };
    Ok(Collected { dry_run: args.dry_run, before: clock::text(args.older_than), items, cache })
}

impl Report for Collected {
    const SCHEMA: &'static str = "host.registry-gc/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let word = if self.dry_run { "would be removed" } else { "removed" };
        if !self.items.is_empty() {
            let rows = self.items.iter().map(|item| {
                let fate = if item.kept.is_none() { word } else { "kept" };
                let why =
                    item.kept.clone().or_else(|| Some(format!("out of use since {}", item.since.clone()?)));
                vec![fate.to_owned(), item.path.clone(), bytes(item.bytes), why.unwrap_or_default()]
            });
            table::write(out, style, &["", "PATH", "SIZE", "WHY"], rows)?;
        }
        let gone: Vec<&Fate> = self.items.iter().filter(|item| item.kept.is_none()).collect();
        let freed = gone.iter().map(|item| item.bytes).fold(0, u64::saturating_add);
        let kept = self.items.len() - gone.len();
        writeln!(out, "{} {word}, {}; {kept} kept", gone.len(), bytes(freed))?;
        match &self.cache {
            Some(cleaned) if cleaned.files > 0 => {
                writeln!(out, "{} files removed from the cache, {}", cleaned.files, bytes(cleaned.bytes))
            }
            _ => Ok(()),
        }
    }
}
