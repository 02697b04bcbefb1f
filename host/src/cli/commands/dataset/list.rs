//! `host dataset list`.

use std::io::{self, Write};

use serde::Serialize;

use crate::catalogue::Origin;
use crate::catalogue::state::{self, State};
use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::text;

/// Flags of `dataset list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only datasets of this module.
    #[arg(long, value_name = "ID")]
    plugin: Option<String>,
}

/// Every dataset that can be prepared.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    datasets: Vec<Row>,
    /// Catalogues that cannot be used.
    faults: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Row {
    name: String,
    module: String,
    origin: Origin,
    state: State,
    download_bytes: u64,
    title: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    let catalogue = context.catalogue(None, None)?;
    if let Some(module) = &args.plugin {
        context.demand_module(module, catalogue.datasets().iter().map(|dataset| dataset.module.as_str()))?;
    }
    let registry = super::registry(context)?;
    let raw = context.raw();
    let of_module = |module: &str| args.plugin.as_deref().is_none_or(|wanted| wanted == module);
    let mut datasets = Vec::new();
    for dataset in catalogue.datasets().iter().filter(|dataset| of_module(&dataset.module)) {
        let record = super::record(dataset, registry.as_ref())?;
        datasets.push(Row {
            name: dataset.name.clone(),
            module: dataset.module.clone(),
            origin: dataset.origin,
            state: state::of(dataset, &raw, record.as_ref()).0,
            download_bytes: super::to_download(dataset, context),
            title: dataset.title().to_owned(),
        });
    }
    Ok(Listing { datasets, faults: catalogue.faults().to_vec() })
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.dataset-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.datasets.is_empty() {
            return writeln!(
                out,
                "no datasets are known; `host plugin list` shows the modules that were found"
            );
        }
        let rows = self.datasets.iter().map(|row| {
            let download =
                if row.download_bytes == 0 { "-".to_owned() } else { text::bytes(row.download_bytes) };
            let Row { name, module, state, title, .. } = row;
            vec![name.clone(), module.clone(), state.word().to_owned(), download, title.clone()]
        });
        table::write(out, style, &["NAME", "MODULE", "STATE", "DOWNLOAD", "TITLE"], rows)
    }
}
