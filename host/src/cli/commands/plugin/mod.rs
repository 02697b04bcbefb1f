//! `host plugin`: modules, for those who write them and for those who run them. `list` and `info` read files and run no
//! foreign code.

mod enabling;
mod index;
mod info;
mod install;
mod installer;
mod key;
mod list;
mod lock;
mod new;
mod newer;
mod outdated;
mod pack;
mod remove;
mod rollback;
mod test;
mod upgrade;
mod verify;

pub(super) use list::listed;
pub(super) use lock::drift;

use crate::cli::Context;
use crate::cli::output::Printer;
use crate::error::Result;

/// Verbs on modules.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List every module and every unusable file of the search path. Runs no foreign code.
    List(list::Args),
    /// Describe one module: inputs, parameters, contract, bundled data. Runs no foreign code.
    Info(info::Args),
    /// Load modules in a worker and derive their bundled datasets, twice, demanding the same bytes.
    Verify(verify::Args),
    /// Write a new module: a crate that builds, passes its tests and explains itself.
    New(new::Args),
    /// Hold a module against everything that is demanded of any module, each check in a process of its own.
    Test(test::Args),
    /// Pack a module for others, and sign it.
    Pack(pack::Args),
    /// Make a key pair to sign packages with.
    Key(key::Args),
    /// List the packages of a folder in its `index.json`, so that it can be served.
    Index(index::Args),
    /// Install a module from a package, a folder of packages or an address.
    Install(install::Args),
    /// Install the newest version from where a module came.
    Upgrade(upgrade::Args),
    /// Switch back to the version that was current before.
    Rollback(rollback::Args),
    /// Remove an installed module, or one version of it.
    Remove(remove::Args),
    /// Let an installed module be found again.
    Enable(enabling::Args),
    /// Keep an installed module from being found, without removing it.
    Disable(enabling::Args),
    /// Write `plugins.lock`: exactly which modules this project uses.
    Lock(lock::Args),
}

/// Runs a verb.
pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List(args) => printer.report(&list::run(args, context)?),
        Command::Info(args) => printer.report(&info::run(args, context)?),
        Command::Verify(args) => printer.report(&verify::run(args, context)?),
        Command::New(args) => printer.report(&new::run(args, context)?),
        Command::Test(args) => printer.report(&test::run(args, context)?),
        Command::Pack(args) => printer.report(&pack::run(args, context)?),
        Command::Key(args) => printer.report(&key::run(args, context)?),
        Command::Index(args) => printer.report(&index::run(args, context)?),
        Command::Install(args) => printer.report(&install::run(args, context)?),
        Command::Upgrade(args) => printer.report(&upgrade::run(args, context)?),
        Command::Rollback(args) => printer.report(&rollback::run(args, context)?),
        Command::Remove(args) => printer.report(&remove::run(args, context)?),
        Command::Enable(args) => printer.report(&enabling::run(args, true, context)?),
        Command::Disable(args) => printer.report(&enabling::run(args, false, context)?),
        Command::Lock(args) => printer.report(&lock::run(args, context)?),
    }
}
