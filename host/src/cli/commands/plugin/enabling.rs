//! What `enable` and `disable` share.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use crate::cli::context::actor;
use crate::cli::{Context, Style};
use crate::error::Result;
use crate::packages::store::Change;

/// Whether a module is found now.
#[derive(Debug, Serialize)]
pub(super) struct Enabling {
    id: String,
    version: Option<Version>,
    enabled: bool,
    unchanged: bool,
}

/// Lets an installed module be found, or not.
pub(super) fn set(id: &str, enabled: bool, context: &Context) -> Result<Enabling> {
    let store = context.store()?;
    // Said without making a store that is not there.
    store.require(id)?;
    let switch = Change::begin(&store, &actor())?.set_enabled(id, enabled)?;
    Ok(Enabling { id: id.to_owned(), version: switch.to, enabled, unchanged: switch.unchanged })
}

impl Enabling {
    pub(super) fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let (id, state) = (&self.id, if self.enabled { "enabled" } else { "disabled" });
        let version = self.version.as_ref().map_or_else(String::new, Version::to_string);
        if self.unchanged {
            return writeln!(out, "{bold}{id}{reset} {version} was {state} already");
        }
        writeln!(out, "{state} {bold}{id}{reset} {version}")?;
        if self.enabled { Ok(()) } else { writeln!(out, "to use it again, type `host plugin enable {id}`") }
    }
}
