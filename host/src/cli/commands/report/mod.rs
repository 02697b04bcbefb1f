//! `host report`: one page with everything about a dataset, or a report on the work of the host.

mod dataset;
mod operations;

pub(super) use dataset::page_of;
pub(super) use operations::deployment;

use std::path::PathBuf;

use clap::ValueEnum;

use crate::cli::output::Printer;
use crate::cli::{Context, Report};
use crate::error::{Error, Kind, Result};
use crate::operations::ReportKind;

/// Flags of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, one of its versions, or a folder that holds a `dataset.json`; or one of `daily`,
    /// `weekly`, `monthly`, `performance`, `quality`, `capacity`, `deployment`, which tell what the host did. A dataset
    /// of such a name is `NAME@VERSION`.
    #[arg(value_name = "NAME[@VERSION]|PATH|REPORT")]
    what: String,
    /// File to write [default: NAME.html; standard output for reports on the host].
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Day that a report on the host is about, or that its week, month or thirty days hold, UTC [default: today].
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
    date: Option<jiff::civil::Date>,
    /// Form of a report on the host [default: that of the file's name, else md].
    #[arg(long, value_enum, value_name = "FORMAT")]
    format: Option<Format>,
}

impl Args {
    /// Whether it is a report on what was done. What is deployed is told also where nothing is.
    pub(super) fn tells_of_runs(&self) -> bool {
        ReportKind::from_str(&self.what, false).is_ok_and(|kind| kind != ReportKind::Deployment)
    }
}

/// Form of a report on the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For programs.
    Json,
    /// For people, as text.
    Md,
    /// For people, as a page.
    Html,
}

/// A day and nothing else.
fn date(text: &str) -> std::result::Result<jiff::civil::Date, String> {
    let parsed = if text.len() == "2026-01-31".len() { text.parse().ok() } else { None };
    parsed.ok_or_else(|| format!("expected a day such as `2026-01-31`, found `{text}`"))
}

/// What `host report KIND` says today, if there is such a kind.
pub(super) fn of_the_host(kind: &str, context: &Context) -> Option<Result<impl Report + use<>>> {
    let kind = ReportKind::from_str(kind, false).ok()?;
    let args = Args { what: String::new(), output: None, date: None, format: None };
    Some(operations::run(kind, &args, context))
}

/// Runs the verb and prints what it says.
pub(super) fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8> {
    if let Ok(kind) = ReportKind::from_str(&args.what, false) {
        return printer.report(&operations::run(kind, args, context)?);
    }
    if args.date.is_some() || args.format.is_some() {
        let kinds = ReportKind::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let kinds: Vec<String> = kinds.map(|kind| kind.get_name().to_owned()).collect();
        return Err(Error::new(
            Kind::Usage,
            "`--date` and `--format` are for reports on the work of the host",
        )
        .hint(format!("these are {}", kinds.join(", "))));
    }
    printer.report(&dataset::run(&args.what, args.output.as_deref(), context)?)
}
