//! `host registry repair`.

use std::io::{self, Write};

use serde::Serialize;

use crate::backup::{Repository, Saved};
use crate::cli::commands::table;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::clock::now;
use crate::error::{Error, Kind, Result};
use crate::registry::By;
use crate::repair::{self, Deed, Step};

/// Stands for every snapshot.
const ANY: &str = "any";

/// Flags of `registry repair`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Take what is damaged from a snapshot: this one, or without a name the newest that has it.
    #[arg(long, value_name = "SNAPSHOT", num_args = 0..=1, default_missing_value = ANY)]
    from_backup: Option<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Do it without asking.
    #[arg(short, long)]
    yes: bool,
}

impl Args {
    pub(super) fn only_plans(&self) -> bool {
        self.dry_run || !self.yes
    }
}

/// What was done, or would be.
#[derive(Debug, Serialize)]
pub(super) struct Repaired {
    /// Whether anything was to be done.
    carried_out: bool,
    /// Whether nobody said that it may be.
    #[serde(skip)]
    refused: bool,
    steps: Vec<Step>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Repaired> {
    let registry = context.open_registry()?;
    let saved = match args.from_backup.as_deref() {
        None => None,
        Some(snapshot) => {
            let repository = Repository::open(context.backup_repository()?)?
                .unlocked_by(context.settings.backup_identity())?;
            let named = Some(snapshot).filter(|name| *name != ANY);
            let id =
                named.map(|typed| repository.resolve(typed, context.settings.data_root())).transpose()?;
            Some(Saved::open(&repository, id.as_deref())?)
        }
    };
    let mut steps = repair::plan(&registry, saved.as_ref())?;
    let carried_out = !args.only_plans();
    if carried_out {
        repair::carry_out(&registry, saved.as_ref(), &mut steps, By { actor: &actor(), now: &now() });
    }
    let refused = !args.dry_run && !args.yes && steps.iter().any(|step| step.deed != Deed::Nothing);
    Ok(Repaired { carried_out, refused, steps })
}

impl Repaired {
    fn count(&self, counts: impl Fn(&Step) -> bool) -> usize {
        self.steps.iter().filter(|step| counts(step)).count()
    }
}

impl Report for Repaired {
    const SCHEMA: &'static str = "host.registry-repair/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.steps.is_empty() {
            return writeln!(out, "nothing to repair");
        }
        let rows = self.steps.iter().map(|step| {
            let fate = match (step.deed, step.done) {
                (Deed::Nothing, _) => "left".to_owned(),
                (_, None) => "would be done".to_owned(),
                (_, Some(true)) => "done".to_owned(),
                (_, Some(false)) => "failed".to_owned(),
            };
            let after = step.error.as_ref().map_or_else(|| step.after.clone(), ToString::to_string);
            vec![fate, table::word(step.deed), step.path.clone(), step.before.clone(), after]
        });
        table::write(out, style, &["", "WHAT", "PATH", "BEFORE", "AFTER"], rows)?;
        let (left, failed) =
            (self.count(|step| step.deed == Deed::Nothing), self.count(|step| step.done == Some(false)));
        let rest = self.steps.len() - left - failed;
        let word = if self.carried_out { "repaired" } else { "would be repaired" };
        writeln!(out, "{rest} {word}, {failed} failed, {left} left as they are")
    }

    fn verdict(&self) -> Option<Error> {
        if self.refused {
            return Some(
                Error::new(Kind::Usage, "nothing was done, because nobody said that it may be")
                    .hint("look at the plan above and type the same with `--yes`"),
            );
        }
        if !self.carried_out {
            return None;
        }
        let left = self.count(Step::leaves_damage);
        let first = self.steps.iter().find(|step| step.leaves_damage())?;
        let why = first.error.as_ref().map_or_else(|| first.after.clone(), ToString::to_string);
        Some(
            Error::new(Kind::Corrupt, format!("{left} damaged things are as they were"))
                .cause(format!("`{}`: {}", first.path, first.before))
                .hint(why),
        )
    }
}
