//! `host plugin list`.

use std::io::{self, Write};

use serde::Serialize;

use super::outdated::{self, Age};
use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::modules::discover::SearchOrigin;
use crate::modules::standing::{self, Standing};

/// Flags of `plugin list`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Ask the places where modules were installed from whether they have newer versions.
    #[arg(long)]
    outdated: bool,
}

/// Every file of the search path, or every installed module.
#[derive(Debug, Serialize)]
pub(in crate::cli::commands) struct Listing {
    modules: Vec<Standing>,
    /// With `--outdated`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outdated: Option<Vec<Age>>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Listing> {
    if args.outdated {
        return Ok(Listing { modules: Vec::new(), outdated: Some(outdated::ask_all(context)?) });
    }
    let modules = standing::of_all(&context.search_path, &context.policy()?);
    Ok(Listing { modules, outdated: None })
}

/// Every file of the search path.
pub(in crate::cli::commands) fn listed(context: &Context) -> Result<Listing> {
    run(&Args { outdated: false }, context)
}

impl Report for Listing {
    const SCHEMA: &'static str = "host.plugin-list/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if let Some(outdated) = &self.outdated {
            return outdated::render(outdated, out, style);
        }
        if self.modules.is_empty() {
            writeln!(out, "no modules in the search path")?;
            return writeln!(
                out,
                "to install one, type `host plugin install FILE|DIR|URL`; to add a directory, give `--plugin-dir DIR`"
            );
        }
        let rows = self.modules.iter().map(|row| {
            let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            let about = row.reason.clone().or_else(|| row.title.clone()).unwrap_or_default();
            let others: Vec<String> = row.other_versions.iter().map(|other| format!("+{other}")).collect();
            let version = match (&row.version, others.is_empty()) {
                (Some(version), false) => format!("{version} {}", others.join(" ")),
                (version, _) => text(version),
            };
            let place = match row.origin {
                SearchOrigin::Installed => "installed".to_owned(),
                _ => row.path.display().to_string(),
            };
            let trust = match (row.trust, &row.signer) {
                (Some(level), Some(signer)) => format!("{level} by {}", signer.name),
                (Some(level), None) => level.to_string(),
                (None, _) => "-".to_owned(),
            };
            vec![text(&row.id), version, text(&row.api), row.status.to_string(), trust, place, about]
        });
        table::write(out, style, &["ID", "VERSION", "API", "STATUS", "TRUST", "FILE", "ABOUT"], rows)
    }
}
