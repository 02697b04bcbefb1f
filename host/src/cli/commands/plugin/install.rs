//! `host plugin install`.

use std::io::{self, Write};

use serde::Serialize;

use super::installer::{Done, Installer, Outcome};
use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};

/// Flags of `plugin install`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A package, a folder of packages (the newest version of each module), or the address of one.
    #[arg(value_name = "FILE|DIR|URL")]
    source: String,
    /// Install only what the project's `plugins.lock` lists.
    #[arg(long)]
    locked: bool,
    /// Vouch yourself for a package that no trusted key signed.
    #[arg(long)]
    allow_unsigned: bool,
    /// Look at everything, run the module in a worker, and change nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What became of each package.
#[derive(Debug, Serialize)]
pub(super) struct Installation {
    dry_run: bool,
    modules: Vec<Done>,
    failed: Vec<Failure>,
}

#[derive(Debug, Serialize)]
struct Failure {
    source: String,
    error: Error,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Installation> {
    let installer = Installer::new(context, args.locked)?;
    let rules = installer.rules(args.allow_unsigned);
    let offers = installer.fetcher.offers(&args.source)?;
    let mut installation = Installation { dry_run: args.dry_run, modules: Vec::new(), failed: Vec::new() };
    for offer in &offers {
        match installer.install(offer, &rules, args.dry_run) {
            Ok(done) => installation.modules.push(done),
            Err(error) if offers.len() == 1 => return Err(error),
            Err(error) => installation.failed.push(Failure { source: offer.place.to_string(), error }),
        }
    }
    Ok(installation)
}

/// Tells of one package.
pub(super) fn render(done: &Done, out: &mut dyn Write, style: &Style) -> io::Result<()> {
    let Done { id, version, before, installed, .. } = done;
    let (bold, good, warning, dim, reset) = (
        style.bold.render(),
        style.good.render(),
        style.warning.render(),
        style.dim.render(),
        style.bold.render_reset(),
    );
    let was = before.as_ref().map_or_else(String::new, |before| format!("{before}"));
    match done.outcome {
        Outcome::Installed => writeln!(out, "{good}installed{reset} {bold}{id}{reset} {version}")?,
        Outcome::Upgrade => writeln!(out, "{good}upgraded{reset} {bold}{id}{reset} {was} -> {version}")?,
        Outcome::Downgrade => {
            writeln!(out, "{warning}downgrade{reset}: {bold}{id}{reset} {was} -> {version}, which is older")?;
        }
        Outcome::Renewed => writeln!(out, "{good}renewed{reset} {bold}{id}{reset} {version}")?,
        Outcome::AlreadyInstalled => {
            writeln!(out, "{bold}{id}{reset} {version} is already installed and current")?;
        }
        Outcome::DryRun if was == version.to_string() => {
            writeln!(out, "{bold}{id}{reset} {version} would stay current")?;
        }
        Outcome::DryRun if was.is_empty() => writeln!(out, "would install {bold}{id}{reset} {version}")?,
        Outcome::DryRun => writeln!(out, "would switch {bold}{id}{reset} {was} -> {version}")?,
    }
    let mut line = |label: &str, text: &str| writeln!(out, "  {dim}{label:<7}{reset} {}", plain(text));
    line("from", &installed.source)?;
    match &installed.signer {
        Some(signer) => {
            // The rest of the comment repeats what stands here anyway.
            let usual = format!("{id} {version} sha256:{}", installed.package_sha256);
            let comment =
                signer.trusted_comment.strip_prefix(&usual).unwrap_or(&signer.trusted_comment).trim();
            let said = if comment.is_empty() { String::new() } else { format!(": {comment}") };
            line("signed", &format!("by {} ({}){said}", signer.name, signer.key_id))?;
        }
        None => line("signed", "by nobody; you vouch for it (--allow-unsigned)")?,
    }
    line("sha256", &installed.package_sha256.to_string())?;
    if done.tried.is_empty() {
        line("tried", "loaded in a worker; it brings no dataset of its own")?;
    } else {
        line("tried", &format!("derived {} in a worker", done.tried.join(", ")))?;
    }
    if !done.enabled {
        writeln!(out, "it is disabled; to use it, type `host plugin enable {id}`")?;
    } else if done.outcome == Outcome::Downgrade {
        writeln!(out, "to take it back, type `host plugin rollback {id}`")?;
    }
    Ok(())
}

/// The failure of some of several modules.
pub(super) fn partial(failed: usize, all: usize, first: Option<&Error>) -> Option<Error> {
    let first = first?;
    let kind = if failed == all { first.kind } else { Kind::Partial };
    Some(Error::new(kind, format!("{failed} of {all} modules failed")).cause(first.to_string()))
}

impl Report for Installation {
    const SCHEMA: &'static str = "host.plugin-install/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        self.modules.iter().try_for_each(|done| render(done, out, style))?;
        for Failure { source, error } in &self.failed {
            writeln!(
                out,
                "{}failed{} {}: {}",
                style.bad.render(),
                style.bad.render_reset(),
                plain(source),
                plain(&error.to_string())
            )?;
            error.hints.iter().try_for_each(|hint| writeln!(out, "  hint: {}", plain(hint)))?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let all = self.modules.len() + self.failed.len();
        partial(self.failed.len(), all, self.failed.first().map(|failure| &failure.error))
    }
}
