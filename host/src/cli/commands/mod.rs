//! One file for each verb: its flags, what it calls, what it reports.

pub mod audit;
pub mod check;
pub mod completions;
pub mod config;
pub mod dataset;
pub mod diff;
pub mod export;
pub mod fetch;
pub mod list;
pub mod man;
pub mod path;
pub mod plot;
pub mod plugin;
pub mod prepare;
pub mod registry;
pub mod report;
pub mod reproduce;
pub mod retire;
pub mod show;
mod table;
pub mod trust;
pub mod validate;

use crate::cli::output::Printer;
use crate::cli::{Command, Context};
use crate::error::Result;

/// Runs a verb and prints its report.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::Prepare(args) => match prepare::run(args, context)? {
            prepare::Outcome::Plan(report) => printer.report(&report),
            prepare::Outcome::Prepared(report) => printer.report(&report),
        },
        Command::Fetch(args) => printer.report(&fetch::run(args, context)?),
        Command::Dataset(command) => dataset::dispatch(command, context, printer),
        Command::Validate(args) => printer.report(&validate::run(args, context)?),
        Command::List(args) => printer.report(&list::run(args, context)?),
        Command::Show(args) => printer.report(&show::run(args, context)?),
        Command::Path(args) => printer.report(&path::run(args, context)?),
        Command::Export(args) => printer.report(&export::run(args, context)?),
        Command::Plot(args) => printer.report(&plot::run(args, context)?),
        Command::Report(args) => printer.report(&report::run(args, context)?),
        Command::Diff(args) => printer.report(&diff::run(args, context)?),
        Command::Retire(args) => printer.report(&retire::run(args, context)?),
        Command::Check(args) => printer.report(&check::run(args, context)?),
        Command::Reproduce(args) => printer.report(&reproduce::run(args, context)?),
        Command::Plugin(command) => plugin::dispatch(command, context, printer),
        Command::Trust(command) => trust::dispatch(command, context, printer),
        Command::Registry(registry::Command::Rebuild) => printer.report(&registry::rebuild(context)?),
        Command::Audit(audit::Command::Verify) => printer.report(&audit::verify(context)?),
        Command::Audit(audit::Command::List) => printer.report(&audit::list(context)?),
        Command::Config(config::Command::Show(args)) => printer.report(&config::show(args, context)),
        // Answered before there is a context.
        Command::Config(config::Command::Validate(_)) => Ok(0),
        Command::Config(config::Command::Schema) => printer.report(&config::Schema::new()),
        Command::Completions(args) => printer.report(&completions::run(args)),
        Command::Man(args) => printer.report(&man::run(args)?),
    }
}
