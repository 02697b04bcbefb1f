//! `host plugin rollback`.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::modules::compatibility::{self, ApiVersion};
use crate::modules::discover;
use crate::packages::store::Change;

/// Flags of `plugin rollback`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of an installed module.
    id: String,
}

/// What is current now.
#[derive(Debug, Serialize)]
pub(super) struct RolledBack {
    id: String,
    from: Version,
    to: Version,
    /// Versions that one can still roll back to, newest last.
    earlier: Vec<Version>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<RolledBack> {
    let store = context.store()?;
    let receipt = context.installed(&store, &args.id)?;
    let id = &receipt.id;
    let Some(to) = receipt.previous.last() else {
        let others: Vec<String> = receipt
            .versions
            .keys()
            .filter(|version| **version != receipt.current)
            .map(Version::to_string)
            .collect();
        let error =
            Error::new(Kind::Usage, format!("no version of `{id}` was current before {}", receipt.current));
        return Err(if others.is_empty() {
            error.hint("to install another one, type `host plugin install FILE|DIR|URL`")
        } else {
            error.cause(format!("installed are also: {}", others.join(", "))).hint(format!(
                "to use one of them once, give `--plugin {id}@VERSION`; to make it current, install it again"
            ))
        });
    };
    // What could not run is not switched to.
    let found = discover::take_installed(&store.library(&receipt, to)?)?;
    context.policy()?.admit(&found)?;
    compatibility::check(id, &found.embedded.manifest, ApiVersion::of_host())?;
    Change::begin(&store, &actor())?.roll_back(id, to)?;
    let earlier = receipt.previous.iter().filter(|version| *version != to).cloned().collect();
    Ok(RolledBack { id: id.clone(), from: receipt.current.clone(), to: to.clone(), earlier })
}

impl Report for RolledBack {
    const SCHEMA: &'static str = "host.plugin-rollback/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, good, reset) = (style.bold.render(), style.good.render(), style.bold.render_reset());
        writeln!(out, "{good}rolled back{reset} {bold}{}{reset} {} -> {}", self.id, self.from, self.to)?;
        writeln!(
            out,
            "{} stays installed: to use it once, give `--plugin {}@{}`",
            self.from, self.id, self.from
        )
    }
}
