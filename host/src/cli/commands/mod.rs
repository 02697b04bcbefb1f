//! One file for each verb: its flags, what it calls, what it reports.

pub mod alert;
pub mod audit;
pub mod backup;
pub mod certify;
pub mod check;
pub mod completions;
pub mod config;
pub mod dataset;
pub mod deploy;
pub mod diff;
pub mod doctor;
pub mod export;
pub mod fetch;
pub mod health;
pub mod list;
pub mod maintenance;
pub mod man;
mod manual;
mod metrics;
pub mod path;
pub mod plot;
pub mod plugin;
pub mod prepare;
pub mod registry;
pub mod report;
pub mod reproduce;
pub mod retire;
pub mod run;
pub mod schedule;
pub mod serve;
pub mod show;
mod status;
mod table;
pub mod trust;
pub mod validate;
mod writing;

use crate::cli::output::Printer;
use crate::cli::{Command, Context};
use crate::error::Result;

/// Runs a verb and prints its report.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    if writing::writes(command) {
        context.demand_writable()?;
    }
    if writing::tells_of_the_host(command) {
        context.demand_named_data_root()?;
    }
    match command {
        Command::Prepare(args) => match prepare::run(args, context, printer)? {
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
        Command::Report(args) => report::run(args, context, printer),
        Command::Diff(args) => printer.report(&diff::run(args, context)?),
        Command::Run(command) => run::dispatch(command, context, printer),
        Command::Retire(args) => printer.report(&retire::run(args, context)?),
        Command::Check(args) => printer.report(&check::run(args, context)?),
        Command::Certify(args) => certify::run(args, context, printer),
        Command::Health(args) => printer.report(&health::run(args, context)?),
        Command::Doctor(args) => printer.report(&doctor::run(args, context)),
        Command::Schedule(command) => schedule::dispatch(command, context, printer),
        Command::Alert(command) => alert::dispatch(command, context, printer),
        Command::Maintenance(command) => printer.report(&maintenance::run(command, context)?),
        Command::Halt(args) => printer.report(&maintenance::halt(args, context)?),
        Command::Resume => printer.report(&maintenance::resume(context)?),
        Command::Status => printer.report(&status::run(context)?),
        Command::Metrics => printer.report(&metrics::run(context)?),
        Command::Reproduce(args) => printer.report(&reproduce::run(args, context)?),
        Command::Serve(args) => serve::run(args, context, printer),
        Command::Plugin(command) => plugin::dispatch(command, context, printer),
        Command::Trust(command) => trust::dispatch(command, context, printer),
        Command::Registry(command) => registry::dispatch(command, context, printer),
        Command::Audit(audit::Command::Verify(args)) => printer.report(&audit::verify(args, context)?),
        Command::Audit(audit::Command::List) => printer.report(&audit::list(context)?),
        Command::Audit(audit::Command::Export(args)) => printer.report(&audit::export(args, context)?),
        Command::Backup(command) => backup::dispatch(command, context, printer),
        Command::Config(config::Command::Show(args)) => printer.report(&config::show(args, context)),
        // Answered before there is a context.
        Command::Config(config::Command::Validate(_)) => Ok(0),
        Command::Config(config::Command::Schema) => printer.report(&config::Schema::new()),
        Command::Deploy(deploy::Command::Print(args)) => printer.report(&deploy::print(args)),
        Command::Deploy(deploy::Command::Verify(args)) => printer.report(&deploy::verify(args, context)?),
        Command::Completions(args) => printer.report(&completions::run(args)),
        Command::Man(args) => printer.report(&man::run(args)?),
    }
}
