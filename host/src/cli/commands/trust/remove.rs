//! `host trust remove`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::output::plain;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::trust::keys::TrustedKey;

/// Flags of `trust remove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name or id of the key.
    #[arg(value_name = "NAME|KEYID")]
    key: String,
}

/// What was removed.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    file: PathBuf,
    key: TrustedKey,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Removed> {
    let file = context.trusted_keys_file()?.to_owned();
    let key = super::change(&file, |ring| ring.remove(&args.key))?;
    Ok(Removed { file, key })
}

impl Report for Removed {
    const SCHEMA: &'static str = "host.trust-remove/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "removed {} ({})", plain(&self.key.name), self.key.key_id)?;
        writeln!(out, "modules that it signed are refused from now on")
    }
}
