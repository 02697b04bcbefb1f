//! `host run list`.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::journal::{Filter, RunSummary, State};
use crate::text;

/// Flags of `run list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only runs that began then or later: a time such as `2026-01-31T08:00Z`, a date, or how long ago, such as `7d` or
    /// `12h`.
    #[arg(long, value_name = "TIME", value_parser = crate::clock::moment)]
    since: Option<Timestamp>,
    /// Only runs in this state; may be given several times.
    #[arg(long, value_enum, value_name = "STATE")]
    state: Vec<State>,
    /// No more than so many.
    #[arg(long, value_name = "N", default_value = "20", value_parser = positive)]
    limit: usize,
}

fn positive(text: &str) -> std::result::Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| format!("expected a number from 1, found `{text}`"))
}

/// The runs.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    runs: Vec<RunSummary>,
    /// What each was asked for.
    #[serde(skip)]
    asked: Vec<String>,
    #[serde(skip)]
    filtered: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    let filter = Filter {
        since: args.since.map(crate::clock::text),
        before: None,
        states: args.state.clone(),
        limit: Some(args.limit),
    };
    let filtered = args.since.is_some() || !args.state.is_empty();
    let (mut runs, mut asked) = (Vec::new(), Vec::new());
    context.journal().for_each(&filter, |run| {
        asked.push(run.request.told(&run.summary.command));
        runs.push(run.summary);
    })?;
    Ok(Listing { runs, asked, filtered })
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.run-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.runs.is_empty() {
            let nothing = if self.filtered { "no such runs" } else { "no runs; `host prepare` makes one" };
            return writeln!(out, "{nothing}");
        }
        let rows = self.runs.iter().zip(&self.asked).map(|(run, asked)| {
            let datasets = run.datasets;
            let done = datasets.prepared + datasets.cached;
            let failed =
                if datasets.failed > 0 { format!(", {} failed", datasets.failed) } else { String::new() };
            vec![
                run.id.to_string(),
                run.state.word().to_owned(),
                asked.clone(),
                text::duration(run.seconds),
                format!("{done} of {}{failed}", datasets.planned),
                run.actor.clone(),
            ]
        });
        table::write(out, style, &["RUN", "STATE", "WHAT", "TOOK", "DATASETS", "ACTOR"], rows)
    }
}
