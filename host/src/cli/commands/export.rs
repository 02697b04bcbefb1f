//! `host export`: files that other programs read.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::Result;
use crate::stages::export;

/// Flags of `export`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset.
    name: String,
    /// json, csv, parquet, npz, or a format that the dataset's module declares (`host show NAME` lists them).
    #[arg(long, value_name = "FORMAT")]
    format: String,
    /// Folder to write into; made if it is not there.
    #[arg(long, value_name = "DIR", default_value = ".")]
    output: PathBuf,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Exported {
    name: String,
    version: Digest,
    format: String,
    files: Vec<PathBuf>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Exported> {
    let (record, path) = context.current_version(&args.name)?;
    let (document, dataset) =
        crate::dataset::decode(&path, Some(&record.version), context.settings.chunk_rows())?;
    let files = export::export(
        &document,
        &dataset,
        record.name.as_str(),
        &record.version,
        &args.format,
        &args.output,
    )?;
    Ok(Exported { name: args.name.clone(), version: record.version, format: args.format.clone(), files })
}

impl Report for Exported {
    const SCHEMA: &'static str = "host.export/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        self.files.iter().try_for_each(|file| writeln!(out, "{}", file.display()))
    }
}
