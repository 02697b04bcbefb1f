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
    /// Only datasets whose module gave them a quality score below this, 0 to 1.
    #[arg(long, value_name = "SCORE", value_parser = score)]
    quality_below: Option<f64>,
}

fn score(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse().ok().filter(|score| (0.0..=1.0).contains(score));
    number.ok_or_else(|| format!("expected a number from 0 to 1, found `{text}`"))
}

/// The datasets.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    datasets: Vec<Row>,
    #[serde(skip)]
    filtered: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    let registry = context.open_registry()?;
    let mut datasets = index::list(registry.root())?;
    if let Some(module) = &args.plugin {
        datasets.retain(|row| row.module_id.as_ref() == Some(module));
    }
    if let Some(limit) = args.quality_below {
        datasets.retain(|row| row.quality_score.is_some_and(|score| score < limit));
    }
    Ok(Listing { datasets, filtered: args.plugin.is_some() || args.quality_below.is_some() })
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.datasets.is_empty() {
            let nothing = if self.filtered {
                "no such datasets; `host list` shows all"
            } else {
                "no datasets; `host prepare --plugin ID` makes one"
            };
            return writeln!(out, "{nothing}");
        }
        // A column that says nothing of any dataset only takes room.
        let scored = self.datasets.iter().any(|row| row.quality_score.is_some());
        let dash = || "-".to_owned();
        let rows = self.datasets.iter().map(|row| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(dash);
            let mut cells = vec![
                row.name.clone(),
                row.version.map_or_else(dash, |version| version.short()),
                text(&row.module_id),
                row.rows.map_or_else(dash, |rows| rows.to_string()),
            ];
            if scored {
                cells.push(row.quality_score.map_or_else(dash, |score| format!("{score:.3}")));
            }
            cells.extend([text(&row.registered_at), text(&row.title)]);
            cells
        });
        let quality: &[&str] = if scored { &["QUALITY"] } else { &[] };
        let head = [&["NAME", "VERSION", "MODULE", "ROWS"], quality, &["REGISTERED", "TITLE"]].concat();
        table::write(out, style, &head, rows)
    }
}
