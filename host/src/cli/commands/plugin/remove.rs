//! `host plugin remove`.

use std::io::{self, Write};

use semver::Version;
use serde::Serialize;

use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::packages::store::Change;

/// Flags of `plugin remove`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of an installed module, or one of its versions.
    #[arg(value_name = "ID[@VERSION]")]
    module: String,
}

/// What was removed, and what is left.
#[derive(Debug, Serialize)]
pub(super) struct Removed {
    id: String,
    versions: Vec<Version>,
    /// The version that is current now; nothing when the module is gone.
    current: Option<Version>,
    /// Whether another version was current before.
    switched: bool,
    /// Every version that is left, newest first.
    left: Vec<Version>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Removed> {
    let store = context.store()?;
    let (id, version) = match args.module.split_once('@') {
        Some((id, version)) => (id, Some(version)),
        None => (args.module.as_str(), None),
    };
    let version = version.map(|text| {
        text.parse::<Version>().map_err(|error| {
            Error::new(Kind::Usage, format!("`{}` is no version", text.escape_debug()))
                .cause(error.to_string())
                .hint("versions look like `1.2.0`; run `host plugin list` to see those that are installed")
        })
    });
    let version = version.transpose()?;
    let actor = actor();
    // Said without making a store that is not there. What is damaged can be removed.
    if let Err(error) = context.installed(&store, id)
        && error.kind == Kind::Usage
    {
        return Err(error);
    }
    let change = Change::begin(&store, &actor)?;
    let before = store.receipt(id).ok().flatten();
    let switch = match &version {
        Some(version) => change.remove_version(id, version)?,
        None => change.remove(id)?,
    };
    let after = store.receipt(id)?;
    let versions = |receipt: Option<crate::packages::store::Receipt>| {
        receipt.map(|receipt| receipt.versions.into_keys().rev().collect::<Vec<_>>()).unwrap_or_default()
    };
    let left = versions(after);
    let mut removed = versions(before);
    removed.retain(|version| !left.contains(version));
    let switched = switch.to.is_some() && switch.from != switch.to;
    Ok(Removed { id: id.to_owned(), versions: removed, current: switch.to, switched, left })
}

impl Report for Removed {
    const SCHEMA: &'static str = "host.plugin-remove/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let list =
            |versions: &[Version]| versions.iter().map(Version::to_string).collect::<Vec<_>>().join(", ");
        let removed = list(&self.versions);
        writeln!(out, "removed {bold}{}{reset} {removed}", self.id)?;
        match &self.current {
            Some(current) if self.switched => {
                writeln!(out, "{current} is current now; installed: {}", list(&self.left))
            }
            Some(current) => writeln!(out, "{current} stays current; installed: {}", list(&self.left)),
            None => writeln!(out, "no version of it is left"),
        }
    }
}
