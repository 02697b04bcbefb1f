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
    /// Also datasets whose current version is retired.
    #[arg(long)]
    all: bool,
}

fn score(text: &str) -> std::result::Result<f64, String> {
    let number = text.parse().ok().filter(|score| (0.0..=1.0).contains(score));
    number.ok_or_else(|| format!("expected a number from 0 to 1, found `{text}`"))
}

/// The datasets.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    datasets: Vec<Row>,
    /// How many are not shown because they are retired.
    hidden: usize,
    #[serde(skip)]
    filtered: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    let registry = context.open_registry()?;
    let mut datasets = index::list(registry.root())?;
    if let Some(module) = &args.plugin {
        context.demand_module(module, datasets.iter().filter_map(|row| row.module_id.as_deref()))?;
        datasets.retain(|row| row.module_id.as_ref() == Some(module));
    }
    if let Some(limit) = args.quality_below {
        datasets.retain(|row| row.quality_score.is_some_and(|score| score < limit));
    }
    let found = datasets.len();
    datasets.retain(|row| args.all || row.retired.is_none());
    let hidden = found - datasets.len();
    Ok(Listing { datasets, hidden, filtered: args.plugin.is_some() || args.quality_below.is_some() })
}

/// Every dataset, retired ones too.
pub(super) fn all(context: &Context) -> Result<Listing> {
    run(&Args { plugin: None, quality_below: None, all: true }, context)
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.datasets.is_empty() && self.hidden == 0 {
            let nothing = if self.filtered {
                "no such datasets; `host list` shows all"
            } else {
                "no datasets; `host prepare --plugin ID` makes one"
            };
            return writeln!(out, "{nothing}");
        }
        // A column that says nothing of any dataset only takes room.
        let scored = self.datasets.iter().any(|row| row.quality_score.is_some());
        let some_retired = self.datasets.iter().any(|row| row.retired.is_some());
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
            if some_retired {
                cells.push(text(&row.retired));
            }
            cells.extend([table::moment(&text(&row.registered_at)), text(&row.title)]);
            cells
        });
        let quality: &[&str] = if scored { &["QUALITY"] } else { &[] };
        let retired: &[&str] = if some_retired { &["RETIRED"] } else { &[] };
        let head =
            [&["NAME", "VERSION", "MODULE", "ROWS"], quality, retired, &["REGISTERED", "TITLE"]].concat();
        if !self.datasets.is_empty() {
            table::write(out, style, &head, rows)?;
        }
        match self.hidden {
            0 => Ok(()),
            1 => writeln!(out, "1 retired dataset is not shown; `host list --all` shows it"),
            hidden => writeln!(out, "{hidden} retired datasets are not shown; `host list --all` shows them"),
        }
    }
}
