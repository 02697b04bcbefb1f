//! `host report`: one page with everything about a dataset.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::target::Target;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Result, StorageContext};
use crate::report::{Subject, page};

/// Flags of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, one of its versions, or a folder that holds a `dataset.json`.
    #[arg(value_name = "NAME[@VERSION]|PATH")]
    dataset: String,
    /// File to write [default: NAME.html].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// What was written.
#[derive(Debug, Serialize)]
pub(super) struct Reported {
    dataset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Digest>,
    file: PathBuf,
    bytes: usize,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Reported> {
    let target = Target::find(&args.dataset, context)?;
    let (document, dataset) = target.read(context)?;
    let name = target.name();
    let subject =
        Subject { name: &name, document: &document, dataset: &dataset, record: target.record.as_ref() };
    let page = page(&subject)?;
    let file = args.output.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.html")));
    durable::publish(&file, page.as_bytes()).storage(&format!("write `{}`", file.display()))?;
    Ok(Reported { version: target.version().copied(), dataset: target.label, file, bytes: page.len() })
}

impl Report for Reported {
    const SCHEMA: &'static str = "host.report/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{}", self.file.display())
    }
}
