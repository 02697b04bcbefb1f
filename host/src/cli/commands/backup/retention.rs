//! `host backup forget` and `prune`.

use std::io::{self, Write};

use serde::Serialize;

use super::Place;
use crate::backup::{self, Keep};
use crate::cli::commands::table;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::text::bytes;

/// What is kept when nobody says what: daily backups for a week, weekly ones for a month, monthly ones for a year.
const USUAL: Keep = Keep { last: 0, daily: 7, weekly: 4, monthly: 12 };

/// Flags of `backup forget`.
#[derive(Debug, clap::Args)]
pub struct ForgetArgs {
    /// Ids of snapshots to give up whose manifests are missing or damaged; without, the rules say what is kept.
    #[arg(value_name = "SNAPSHOT", conflicts_with_all = ["keep_last", "keep_daily", "keep_weekly", "keep_monthly"])]
    lost: Vec<String>,
    /// Keep the newest N snapshots of each data root.
    #[arg(long, value_name = "N")]
    keep_last: Option<usize>,
    /// Keep the newest of each of N days [default of all: 7 daily, 4 weekly, 12 monthly].
    #[arg(long, value_name = "N")]
    keep_daily: Option<usize>,
    /// Keep the newest of each of N weeks.
    #[arg(long, value_name = "N")]
    keep_weekly: Option<usize>,
    /// Keep the newest of each of N months.
    #[arg(long, value_name = "N")]
    keep_monthly: Option<usize>,
    /// Say what would be forgotten, and forget nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// What became of the snapshots.
#[derive(Debug, Serialize)]
pub(super) struct Forgotten {
    #[serde(flatten)]
    forgotten: backup::Forgotten,
}

pub(super) fn forget(args: &ForgetArgs, context: &Context) -> Result<Forgotten> {
    let repository = args.place.open(context)?;
    if !args.lost.is_empty() {
        let forgotten = backup::give_up(&repository, &args.lost, args.dry_run, &actor())?;
        return Ok(Forgotten { forgotten });
    }
    let given = [args.keep_last, args.keep_daily, args.keep_weekly, args.keep_monthly];
    let keep = if given.iter().all(Option::is_none) {
        USUAL
    } else {
        let [last, daily, weekly, monthly] = given.map(Option::unwrap_or_default);
        Keep { last, daily, weekly, monthly }
    };
    Ok(Forgotten { forgotten: backup::forget(&repository, keep, args.dry_run, &actor())? })
}

impl Report for Forgotten {
    const SCHEMA: &'static str = "host.backup-forget/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let forgotten = &self.forgotten;
        let word = if forgotten.dry_run { "would be forgotten" } else { "forgotten" };
        let judged = forgotten.snapshots.iter().map(|judged| {
            let fate = if judged.reasons.is_empty() { word.to_owned() } else { "kept".to_owned() };
            vec![judged.id.clone(), fate, judged.reasons.join(", ")]
        });
        let unreadable = forgotten.unreadable.iter();
        let unreadable =
            unreadable.map(|id| vec![id.clone(), "left alone".to_owned(), "it cannot be read".to_owned()]);
        table::write(out, style, &["SNAPSHOT", "", "WHY"], judged.chain(unreadable))?;
        let gone = forgotten.snapshots.iter().filter(|judged| judged.reasons.is_empty()).count();
        writeln!(out, "{gone} {word}, {} kept", forgotten.snapshots.len() - gone)
    }
}

/// Flags of `backup prune`.
#[derive(Debug, clap::Args)]
pub struct PruneArgs {
    /// Say what would be freed, and free nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

/// What was freed.
#[derive(Debug, Serialize)]
pub(super) struct Pruned {
    #[serde(flatten)]
    pruned: backup::Pruned,
}

pub(super) fn prune(args: &PruneArgs, context: &Context) -> Result<Pruned> {
    let repository = args.place.open(context)?;
    Ok(Pruned { pruned: backup::prune(&repository, args.dry_run, &actor())? })
}

impl Report for Pruned {
    const SCHEMA: &'static str = "host.backup-prune/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let pruned = &self.pruned;
        let word = if pruned.dry_run { "would be freed" } else { "freed" };
        writeln!(
            out,
            "{} objects {word}, {}; {} kept",
            pruned.removed_objects,
            bytes(pruned.freed_bytes),
            pruned.kept_objects
        )
    }
}
