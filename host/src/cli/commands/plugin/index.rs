//! `host plugin index`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::packages::source::{INDEX_FILE, Index, IndexEntry};
use crate::text;

/// Flags of `plugin index`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder with packages.
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// What is listed now.
#[derive(Debug, Serialize)]
pub(super) struct Indexed {
    file: PathBuf,
    packages: Vec<IndexEntry>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, _context: &Context) -> Result<Indexed> {
    let index = Index::of_folder(&args.folder)?;
    if index.packages.is_empty() {
        return Err(Error::new(
            Kind::BadInput,
            format!("there is no package in `{}`", args.folder.display()),
        )
        .hint("put packages there that `host plugin pack` made"));
    }
    let file = args.folder.join(INDEX_FILE);
    let text = serde_json::to_string_pretty(&index)
        .map_err(|error| Error::new(Kind::Internal, "cannot write the index").cause(error.to_string()))?;
    durable::publish(&file, format!("{text}\n").as_bytes()).storage("write the index")?;
    Ok(Indexed { file, packages: index.packages })
}

impl Report for Indexed {
    const SCHEMA: &'static str = "host.plugin-index-written/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.packages.iter().map(|package| {
            let signed = if package.signature.is_some() { "signed" } else { "UNSIGNED" };
            vec![
                package.id.clone(),
                package.version.to_string(),
                package.api.clone(),
                signed.to_owned(),
                text::bytes(package.bytes),
                package.file.clone(),
            ]
        });
        table::write(out, style, &["ID", "VERSION", "API", "SIGNATURE", "SIZE", "FILE"], rows)?;
        writeln!(out, "wrote {}", self.file.display())?;
        writeln!(out, "serve this folder; others type `host plugin install URL`")
    }
}
