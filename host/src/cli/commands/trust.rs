//! `host trust`: whose signatures count.

mod add;
mod list;
mod remove;

use std::path::Path;

use crate::cli::Context;
use crate::cli::output::Printer;
use crate::durable;
use crate::error::{Result, StorageContext};
use crate::registry::{DEFAULT_WAIT, Lock};
use crate::trust::keys::KeyRing;

/// Verbs on the key ring.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the keys and what each may sign.
    List,
    /// Let the signatures of a key count.
    Add(add::Args),
    /// Let the signatures of a key count no longer, from the next run on.
    Remove(remove::Args),
}

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List => printer.report(&list::run(context)?),
        Command::Add(args) => printer.report(&add::run(args, context)?),
        Command::Remove(args) => printer.report(&remove::run(args, context)?),
    }
}

/// Changes the key ring; no other process changes it at the same time.
fn change<T>(file: &Path, change: impl FnOnce(&mut KeyRing) -> Result<T>) -> Result<T> {
    let folder = file.parent().unwrap_or(Path::new("/"));
    durable::create_directories(folder).storage("make the folder of the key ring")?;
    let _lock = Lock::on_folder(folder, "the key ring", DEFAULT_WAIT)?;
    let mut ring = KeyRing::read(file)?;
    let changed = change(&mut ring)?;
    ring.publish(file)?;
    // A folder that others may write shows now and not at the next run.
    KeyRing::read(file)?;
    Ok(changed)
}
