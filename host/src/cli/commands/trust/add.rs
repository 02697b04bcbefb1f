//! `host trust add`.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::Serialize;

use crate::cli::output::plain;
use crate::cli::{Context, Report, Style};
use crate::clock::now;
use crate::error::{Error, Kind, Result};
use crate::packages::signature::{PublicKey, SIGNATURE_LIMIT_BYTES};
use crate::trust::keys::TrustedKey;

/// Flags of `trust add`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The public key: a `.pub` file, or its line of base64.
    #[arg(value_name = "FILE|BASE64")]
    key: String,
    /// What to call it here [default: the file's name].
    #[arg(long)]
    name: Option<String>,
    /// A module that it may sign; may be given several times. Without, it may sign every module.
    #[arg(long, value_name = "ID")]
    module: Vec<String>,
}

/// What was added.
#[derive(Debug, Serialize)]
pub(super) struct Added {
    file: PathBuf,
    key: TrustedKey,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Added> {
    let file = context.trusted_keys_file()?.to_owned();
    let named = Path::new(&args.key);
    let (public, stem) = if named.exists() {
        (read_key(named)?, named.file_stem().map(|stem| stem.to_string_lossy().into_owned()))
    } else {
        let key = PublicKey::parse(&args.key)
            .map_err(|error| error.cause(format!("and there is no file `{}`", args.key)))?;
        (key, None)
    };
    let mut modules = args.module.clone();
    modules.sort();
    modules.dedup();
    let key = TrustedKey {
        name: args.name.clone().or(stem).unwrap_or_else(|| format!("key-{}", public.id())),
        key_id: public.id(),
        public_key: public.text().to_owned(),
        modules,
        added_at: now(),
    };
    super::change(&file, |ring| ring.add(key.clone()))?;
    Ok(Added { file, key })
}

fn read_key(file: &Path) -> Result<PublicKey> {
    let unreadable = |error: io::Error| {
        Error::new(Kind::BadInput, format!("cannot read the key `{}`", file.display()))
            .cause(error.to_string())
            .hint("give a `.pub` file, or its line of base64")
    };
    if !file.is_file() {
        return Err(unreadable(io::Error::other("not a regular file")));
    }
    let mut text = String::new();
    let opened = fs::File::open(file).map_err(unreadable)?;
    opened.take(SIGNATURE_LIMIT_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    PublicKey::parse(&text).map_err(|error| error.cause(format!("it was read from `{}`", file.display())))
}

impl Report for Added {
    const SCHEMA: &'static str = "host.trust-add/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (good, reset) = (style.good.render(), style.good.render_reset());
        writeln!(out, "{good}trusted{reset}   {}", plain(&self.key.name))?;
        writeln!(out, "  key     {}", self.key.key_id)?;
        writeln!(out, "  signs   {}", self.key.scope())?;
        writeln!(out, "  in      {}", self.file.display())?;
        writeln!(
            out,
            "Compare the id with what its owner tells you by another way than the one the key came."
        )
    }
}
