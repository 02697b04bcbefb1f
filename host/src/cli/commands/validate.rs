//! `host validate`: holds a registered dataset, or a folder with one, against its contract again.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::context::PrepareFlags;
use crate::cli::target::Target;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::stages::validate::{Outcome, Verdict, validate};
use crate::stages::validated::line;

/// Flags of `validate`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, one of its versions, or a folder that holds a `dataset.json`.
    #[arg(value_name = "NAME[@VERSION]|PATH")]
    dataset: String,
    /// Let warnings fail as well.
    #[arg(long, conflicts_with = "lenient")]
    strict: bool,
    /// Let only findings that make the numbers unusable fail.
    #[arg(long)]
    lenient: bool,
}

/// What was checked.
#[derive(Debug, Serialize)]
pub(super) struct Validation {
    dataset: String,
    path: PathBuf,
    verdict: Verdict,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Validation> {
    let target = Target::find(&args.dataset, context)?;
    let flags = PrepareFlags { strict: args.strict, lenient: args.lenient, ..PrepareFlags::default() };
    let options = context.pipeline_options(&flags)?.validation;
    let (_, dataset) = target.read(context)?;
    Ok(Validation { dataset: target.label, path: target.path, verdict: validate(&dataset, &options) })
}

impl Report for Validation {
    const SCHEMA: &'static str = "host.validate/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.verdict.checks.iter().map(|check| {
            let state = match check.outcome {
                Outcome::Passed => "passed",
                Outcome::Failed => "FAILED",
                Outcome::NotRun => "not run",
            };
            let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.3e}"));
            vec![
                state.to_owned(),
                check.code.clone(),
                check.place.clone(),
                number(check.measured),
                number(check.limit),
            ]
        });
        super::table::write(out, style, &["STATE", "CHECK", "PLACE", "MEASURED", "LIMIT"], rows)?;
        let passed = self.verdict.count(Outcome::Passed);
        let failed = self.verdict.count(Outcome::Failed);
        writeln!(
            out,
            "{passed} passed, {failed} failed ({})",
            super::prepare::strictness_name(self.verdict.strictness)
        )
    }

    fn verdict(&self) -> Option<Error> {
        if self.verdict.accepted() {
            return None;
        }
        let mut error =
            Error::new(Kind::CheckFailed, format!("dataset `{}` does not hold its contract", self.dataset));
        error.causes.extend(self.verdict.blocking().map(line));
        Some(error)
    }
}
