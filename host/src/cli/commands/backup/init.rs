//! `host backup init`: the folder that snapshots are kept in, and a key for encrypted ones.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use super::Place;
use crate::backup::{IDENTITY_SETTING, Repository, new_identity};
use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::durable;
use crate::error::{Error, Kind, Result};

/// Flags of `backup init`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    place: Place,
    /// Encrypt what files hold to this public key of age, `age1…`; may be given several times, for several keys of which
    /// each alone reads it.
    #[arg(long, value_name = "KEY")]
    recipient: Vec<String>,
}

/// Flags of `backup key`.
#[derive(Debug, clap::Args)]
pub struct KeyArgs {
    /// File to write the key to, with mode 0600; keep it elsewhere than the snapshots.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

/// What was made.
#[derive(Debug, Serialize)]
pub(super) struct Initialised {
    path: PathBuf,
    /// Whether there was none.
    made: bool,
    /// The public keys that objects are encrypted to.
    recipients: Vec<String>,
}

/// A new key.
#[derive(Debug, Serialize)]
pub(super) struct Key {
    path: PathBuf,
    recipient: String,
}

/// Runs `backup init`.
pub(super) fn run(args: &Args, context: &Context) -> Result<Initialised> {
    let (repository, made) = Repository::init(&args.place.folder(context)?, &args.recipient)?;
    Ok(Initialised { path: repository.path().to_owned(), made, recipients: repository.recipients() })
}

/// Runs `backup key`.
pub(super) fn key(args: &KeyArgs) -> Result<Key> {
    let (identity, recipient) = new_identity();
    let shown = args.output.display();
    durable::publish_new_private(&args.output, format!("{identity}\n").as_bytes()).map_err(|error| {
        match error.kind() {
            io::ErrorKind::AlreadyExists => Error::new(Kind::Usage, format!("`{shown}` is there already"))
                .hint("name another file: what a lost key encrypted is lost"),
            _ => Error::storage(format!("cannot write `{shown}`"), &error),
        }
    })?;
    Ok(Key { path: args.output.clone(), recipient })
}

impl Report for Initialised {
    const SCHEMA: &'static str = "host.backup-init/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        let path = plain(&self.path.display().to_string());
        if self.made {
            writeln!(out, "made      {path}")?;
            for recipient in &self.recipients {
                writeln!(out, "          encrypted to {recipient}")?;
            }
            writeln!(out, "          `host backup create` makes the first snapshot")
        } else {
            writeln!(out, "unchanged {path}: it is a backup repository already")
        }
    }
}

impl Report for Key {
    const SCHEMA: &'static str = "host.backup-key/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "made      {}", plain(&self.path.display().to_string()))?;
        writeln!(out, "          without it nothing comes back; keep a copy where the snapshots are not")?;
        writeln!(out, "          name it in the setting `{IDENTITY_SETTING}` where snapshots are read")?;
        writeln!(out, "          host backup init --recipient {}", self.recipient)
    }
}
