//! `host list`: every dataset with its current version.

use std::io::{self, Write};

use serde::Serialize;

use super::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::registry::index::{self, Row};

/// Flags of `list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only datasets of this module.
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,
}

/// The datasets.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    datasets: Vec<Row>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    let registry = context.open_registry()?;
    let mut datasets = index::list(registry.root())?;
    if let Some(module) = &args.plugin {
        datasets.retain(|row| row.module_id.as_ref() == Some(module));
    }
    Ok(Listing { datasets })
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.datasets.is_empty() {
            return writeln!(out, "no datasets; `host prepare --plugin ID` makes one");
        }
        let rows = self.datasets.iter().map(|row| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            vec![
                row.name.clone(),
                row.version.map_or_else(|| "-".to_owned(), |version| version.short()),
                text(&row.module_id),
                row.rows.map_or_else(|| "-".to_owned(), |rows| rows.to_string()),
                text(&row.registered_at),
                text(&row.title),
            ]
        });
        table::write(out, style, &["NAME", "VERSION", "MODULE", "ROWS", "REGISTERED", "TITLE"], rows)
    }
}
