//! `host dataset`: what can be prepared, and how far it is. Runs no code of a module and needs no data root.

mod info;
mod list;

use crate::catalogue::Dataset;
use crate::cli::Context;
use crate::cli::output::Printer;
use crate::error::{Kind, Result};
use crate::registry::{DatasetName, Record, Registry};

/// Verbs on datasets that can be prepared.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every dataset of the datasets manifest, of the modules' catalogues, and those that modules bring along.
    List(list::Args),
    /// Describe one of them: files, parameters, papers, licence, notes, conflicts, and what to type next.
    Info(info::Args),
}

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List(args) => printer.report(&list::run(args, context)?),
        Command::Info(args) => printer.report(&info::run(args, context)?),
    }
}

/// The registry, if there is a data root.
fn registry(context: &Context) -> Result<Option<Registry>> {
    match context.open_registry() {
        Err(error) if error.kind == Kind::NoDataRoot => Ok(None),
        registry => registry.map(Some),
    }
}

/// The current record of a dataset, if it is registered.
fn record(dataset: &Dataset, registry: Option<&Registry>) -> Result<Option<Record>> {
    match (DatasetName::new(dataset.name.as_str()), registry) {
        (Ok(name), Some(registry)) => registry.current(&name),
        _ => Ok(None),
    }
}

/// Bytes of the files that are still to be fetched.
fn to_download(dataset: &Dataset, context: &Context) -> u64 {
    let raw = context.raw();
    dataset.remote_files().filter(|(_, file)| !raw.has(file)).map(|(_, file)| file.bytes).sum()
}
