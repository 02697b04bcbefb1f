//! `host backup`: save what cannot be made again, and see that it comes back.

mod check;
mod create;
mod drill;
mod init;
mod list;
mod restore;
mod retention;

use std::io::{self, Write};
use std::path::PathBuf;

use super::table;
use crate::backup::{Damage, Repository};
use crate::cli::output::Printer;
use crate::cli::{Context, Style};
use crate::error::{Kind, Result};

/// Verbs on snapshots.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make the folder that snapshots are kept in.
    Init(init::Args),
    /// Make a key for encrypted snapshots, and print the public key that belongs to it.
    Key(init::KeyArgs),
    /// Save datasets, registry, configuration, modules, keys and logs as they are now. Others may go on preparing.
    Create(create::Args),
    /// List snapshots, the newest first.
    List(Place),
    /// Show one snapshot: what it holds, and what was damaged when it was made.
    Show(list::ShowArgs),
    /// Read the snapshots and name each that is damaged or cannot be restored.
    Check(check::CheckArgs),
    /// Read everything that one snapshot needs.
    Verify(Which),
    /// Restore a snapshot where nobody needs it, check it there, and note how long that took.
    Drill(Which),
    /// Bring a snapshot back.
    Restore(restore::Args),
    /// Forget old snapshots; never the newest of a data root, and none for one that holds less. `prune` frees what they held.
    Forget(retention::ForgetArgs),
    /// Free what no snapshot needs.
    Prune(retention::PruneArgs),
}

/// Which repository.
#[derive(Debug, clap::Args)]
pub struct Place {
    /// Folder of the snapshots, in place of the setting `backup.repository`.
    #[arg(long, value_name = "DIR")]
    repository: Option<PathBuf>,
}

/// Which snapshot.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Id of the snapshot, the beginning of it, or `latest`: the newest with the datasets of this data root.
    #[arg(value_name = "SNAPSHOT", default_value = "latest")]
    snapshot: String,
    #[command(flatten)]
    place: Place,
}

impl Place {
    fn folder(&self, context: &Context) -> Result<PathBuf> {
        self.repository.clone().map_or_else(|| context.backup_repository().map(PathBuf::from), Ok)
    }

    fn open(&self, context: &Context) -> Result<Repository> {
        let repository = Repository::open(&self.folder(context)?)?;
        repository.unlocked_by(context.settings.backup_identity())
    }
}

impl Which {
    /// The repository and the id.
    fn open(&self, context: &Context) -> Result<(Repository, String)> {
        let repository = self.place.open(context)?;
        let id = repository.resolve(&self.snapshot, context.settings.data_root())?;
        Ok((repository, id))
    }
}

pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::Init(args) => printer.report(&init::run(args, context)?),
        Command::Key(args) => printer.report(&init::key(args)?),
        Command::Create(args) => printer.report(&create::run(args, context)?),
        Command::List(place) => printer.report(&list::run(place, context)?),
        Command::Show(args) => printer.report(&list::show(args, context)?),
        Command::Check(args) => printer.report(&check::run(args, context)?),
        Command::Verify(which) => printer.report(&check::verify(which, context)?),
        Command::Drill(which) => printer.report(&drill::run(which, context)?),
        Command::Restore(args) => printer.report(&restore::run(args, context)?),
        Command::Forget(args) => printer.report(&retention::forget(args, context)?),
        Command::Prune(args) => printer.report(&retention::prune(args, context)?),
    }
}

/// Writes what is damaged.
fn write_damage(out: &mut dyn Write, style: &Style, damage: &[Damage]) -> io::Result<()> {
    if damage.is_empty() {
        return Ok(());
    }
    let rows = damage.iter().map(|item| vec!["damage".to_owned(), item.path.clone(), item.message.clone()]);
    table::write(out, style, &["", "PATH", "WHY"], rows)
}

/// The verdict on something that holds damage.
fn damaged(damage: &[Damage], message: &str) -> Option<crate::error::Error> {
    let first = damage.first()?;
    let more = match damage.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let error = crate::error::Error::new(Kind::Corrupt, message);
    Some(error.cause(format!("`{}`: {}{more}", first.path, first.message)))
}
