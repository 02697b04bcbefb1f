//! `host trust list`.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::trust::keys::TrustedKey;

/// The key ring.
#[derive(Debug, Serialize)]
pub(super) struct Listing {
    file: PathBuf,
    keys: Vec<TrustedKey>,
}

/// Runs the verb.
pub(super) fn run(context: &Context) -> Result<Listing> {
    let file = context.trusted_keys_file()?.to_owned();
    Ok(Listing { keys: context.keys()?.keys().cloned().collect(), file })
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.trust-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.keys.is_empty() {
            writeln!(out, "no key is trusted: `{}` holds none", self.file.display())?;
            return writeln!(out, "to add one, run `host trust add FILE --name NAME`");
        }
        let rows = self
            .keys
            .iter()
            .map(|key| vec![key.name.clone(), key.key_id.clone(), key.scope(), key.added_at.clone()]);
        table::write(out, style, &["NAME", "KEY", "MAY SIGN", "ADDED"], rows)
    }
}
