//! `host path`: the folder of a dataset's current version, for scripts.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::Result;

/// Flags of `path`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, or `NAME@VERSION`.
    name: String,
}

/// Where a dataset is.
#[derive(Debug, Serialize)]
pub(super) struct Place {
    name: String,
    version: Digest,
    path: PathBuf,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Place> {
    let (record, path) = context.version(&args.name)?;
    Ok(Place { name: record.name.to_string(), version: record.version, path })
}

impl Report for Place {
    const SCHEMA: &'static str = "host.path/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{}", self.path.display())
    }
}
