//! `host plot`: a picture of a dataset.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::cli::target::Target;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::picture::{Picture, choose};

/// Flags of `plot`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, one of its versions, or a folder that holds a `dataset.json`.
    #[arg(value_name = "NAME[@VERSION]|PATH")]
    dataset: String,
    /// Which of its pictures (`host show NAME` lists them) [default: the first that is no correlation].
    #[arg(long, value_name = "WHICH")]
    plot: Option<String>,
    /// File to write; `.svg` or `.png` says which of both.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// What was drawn.
#[derive(Debug, Serialize)]
pub(super) struct Plotted {
    dataset: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<Digest>,
    plot: String,
    file: PathBuf,
    bytes: usize,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Plotted> {
    // Before the work, so that a typing error costs nothing.
    let is_png = is_png(&args.output)?;
    let target = Target::find(&args.dataset, context)?;
    let (_, dataset) = target.read(context)?;
    let (name, plot) = choose(&dataset.plots, args.plot.as_deref())?;
    let picture = Picture::new(&dataset, plot);
    let bytes = if is_png { picture.png()? } else { picture.svg().into_bytes() };
    durable::publish(&args.output, &bytes).storage(&format!("write `{}`", args.output.display()))?;
    Ok(Plotted {
        version: target.version().copied(),
        dataset: target.label,
        plot: name.to_owned(),
        file: args.output.clone(),
        bytes: bytes.len(),
    })
}

fn is_png(file: &Path) -> Result<bool> {
    match file.extension().and_then(OsStr::to_str).map(str::to_ascii_lowercase).as_deref() {
        Some("png") => Ok(true),
        Some("svg") => Ok(false),
        _ => Err(Error::new(Kind::Usage, format!("`{}` is neither SVG nor PNG", file.display()))
            .hint("end the name with `.svg` or `.png`")),
    }
}

impl Report for Plotted {
    const SCHEMA: &'static str = "host.plot/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{}", self.file.display())
    }
}
