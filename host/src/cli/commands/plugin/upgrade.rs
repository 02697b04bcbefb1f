//! `host plugin upgrade`.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use super::install;
use super::installer::{Done, Installer};
use super::newer::{self, Newest};
use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::install::Rules;
use crate::packages::store::Receipt;

/// Flags of `plugin upgrade`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
#[command(group = clap::ArgGroup::new("what").required(true).args(["ids", "all"]))]
pub struct Args {
    /// Ids of installed modules.
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// Every installed module.
    #[arg(long)]
    all: bool,
    /// Go over to a package that no trusted key signed.
    #[arg(long)]
    allow_unsigned: bool,
    /// Go over to a package that another trusted key signed than the installed one.
    #[arg(long)]
    allow_other_key: bool,
    /// Install only what the project's `plugins.lock` lists.
    #[arg(long)]
    locked: bool,
    /// Look at everything, run the modules in workers, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What became of each module.
#[derive(Debug, Serialize)]
pub(super) struct Upgrades {
    dry_run: bool,
    upgraded: Vec<Done>,
    up_to_date: Vec<UpToDate>,
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct UpToDate {
    id: String,
    version: Version,
}

#[derive(Debug, Serialize)]
struct Failure {
    id: String,
    error: Error,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Upgrades> {
    let installer = Installer::new(context, args.locked)?;
    let receipts: Vec<(String, Result<Receipt>)> = if args.all {
        installer.store.modules().storage("list the installed modules")?
    } else {
        args.ids.iter().map(|id| (id.clone(), context.installed(&installer.store, id))).collect()
    };
    let only_one = receipts.len() == 1;
    let mut upgrades =
        Upgrades { dry_run: args.dry_run, upgraded: Vec::new(), up_to_date: Vec::new(), failed: Vec::new() };
    for (id, receipt) in receipts {
        let done = receipt.and_then(|receipt| Ok((upgrade(args, &installer, &receipt)?, receipt.current)));
        match done {
            Ok((Some(done), _)) => upgrades.upgraded.push(done),
            Ok((None, version)) => upgrades.up_to_date.push(UpToDate { id, version }),
            Err(error) if only_one => return Err(error),
            Err(error) => upgrades.failed.push(Failure { id, error }),
        }
    }
    Ok(upgrades)
}

/// Installs the newest version from where the module came; nothing when there is no newer one.
fn upgrade(args: &Args, installer: &Installer, receipt: &Receipt) -> Result<Option<Done>> {
    let Newest { offer, unknown, .. } = newer::ask(&installer.fetcher, receipt)?;
    if let Some(why) = unknown {
        let id = &receipt.id;
        return Err(Error::new(Kind::BadInput, format!("nobody knows whether there is a newer `{id}`"))
            .cause(why)
            .hint("type `host plugin install FILE|DIR|URL` with the place of newer packages"));
    }
    let Some(offer) = offer else { return Ok(None) };
    let rules = Rules {
        allow_other_key: args.allow_other_key,
        successor_of: receipt.installed(),
        ..installer.rules(args.allow_unsigned)
    };
    installer.install(&offer, &rules, args.dry_run).map(Some)
}

impl Report for Upgrades {
    const SCHEMA: &'static str = "host.plugin-upgrade/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        self.upgraded.iter().try_for_each(|done| install::render(done, out, style))?;
        for UpToDate { id, version } in &self.up_to_date {
            writeln!(
                out,
                "{}{id}{} {version} is the newest",
                style.bold.render(),
                style.bold.render_reset()
            )?;
        }
        let nothing = self.upgraded.is_empty() && self.up_to_date.is_empty() && self.failed.is_empty();
        if nothing {
            writeln!(out, "nothing is installed")?;
        }
        for Failure { id, error } in &self.failed {
            let (bad, reset) = (style.bad.render(), style.bad.render_reset());
            writeln!(out, "{bad}failed{reset} {id}: {}", plain(&error.to_string()))?;
            error.hints.iter().try_for_each(|hint| writeln!(out, "  hint: {}", plain(hint)))?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let all = self.upgraded.len() + self.up_to_date.len() + self.failed.len();
        install::partial(self.failed.len(), all, self.failed.first().map(|failure| &failure.error))
    }
}
