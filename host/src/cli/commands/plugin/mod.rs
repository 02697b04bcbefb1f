//! `host plugin`: what modules there are. `list` and `info` read files and run no foreign code.

mod info;
mod list;
mod verify;

use crate::cli::Context;
use crate::cli::output::Printer;
use crate::error::Result;

/// Verbs on modules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every module and every unusable file of the search path. Runs no foreign code.
    List,
    /// Describe one module: inputs, parameters, contract, bundled data. Runs no foreign code.
    Info(info::Args),
    /// Load modules in a worker and derive their bundled datasets, twice, demanding the same bytes.
    Verify(verify::Args),
}

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List => printer.report(&list::run(context)),
        Command::Info(args) => printer.report(&info::run(args, context)?),
        Command::Verify(args) => printer.report(&verify::run(args, context)?),
    }
}
