//! `host run resume`: the request of a run once more.

use std::ffi::OsString;

use clap::Parser;

use super::Which;
use crate::cli::commands::prepare;
use crate::cli::output::Printer;
use crate::cli::{Cli, Command, Context};
use crate::error::{Error, Kind, Result};
use crate::journal::State;

/// Runs the verb and prints the report of `prepare`.
pub(super) fn run(which: &Which, context: &Context, printer: &Printer) -> Result<u8> {
    let journal = context.journal();
    let id = journal.find(&which.id)?;
    let run = journal.read(&id)?;
    if run.summary.state == State::Running {
        return Err(Error::new(Kind::Usage, format!("run `{id}` is running"))
            .hint(format!("wait for it, or stop it with `host run cancel {id}`")));
    }
    run.request.demand_repeatable()?;
    let mut request = run.request;
    // What was derived before it ended is not derived once more.
    request.force = false;
    let context = context.searching_first(&std::mem::take(&mut request.plugin_directories));
    let unreadable = |why: String| {
        Error::new(Kind::Corrupt, format!("the request of run `{id}` cannot be asked again")).cause(why)
    };
    let line = std::iter::once(OsString::from("host")).chain(request.arguments());
    let cli = Cli::try_parse_from(line).map_err(|error| unreadable(error.to_string()))?;
    let Command::Prepare(mut args) = cli.command else {
        return Err(unreadable("it is none for `prepare`".to_owned()));
    };
    args.resumes = Some(id);
    match prepare::run(&args, &context, printer)? {
        prepare::Outcome::Plan(report) => printer.report(&report),
        prepare::Outcome::Prepared(report) => printer.report(&report),
    }
}
