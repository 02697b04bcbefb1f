//! `host man`: the manual pages, made from the same definition as the help, and the manual for operators.

use std::io::{self, Write};

use clap::CommandFactory;
use serde::Serialize;

use super::manual;
use crate::cli::{Cli, Report, Style};
use crate::error::{Error, Kind, Result};

/// Flags of `man`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Verb to describe; without one, the host itself; `operating` is the manual for operators.
    verb: Option<String>,
}

/// A page in roff.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    page: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args) -> Result<Page> {
    if args.verb.as_deref() == Some(manual::NAME) {
        return Ok(Page { page: manual::page() });
    }
    let mut command = Cli::command();
    command.build();
    let described = match &args.verb {
        None => command,
        Some(verb) => command.find_subcommand(verb).cloned().ok_or_else(|| {
            let error = Error::new(Kind::Usage, format!("no verb `{verb}`"));
            match crate::text::nearest(verb, command.get_subcommands().map(clap::Command::get_name)) {
                Some(near) => error.hint(format!("did you mean `host man {near}`?")),
                None => error,
            }
        })?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(described).render(&mut page).map_err(|error| {
        Error::new(Kind::Internal, "cannot write the manual page").cause(error.to_string())
    })?;
    Ok(Page { page: String::from_utf8_lossy(&page).into_owned() })
}

impl Report for Page {
    const SCHEMA: &'static str = "host.man/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        out.write_all(self.page.as_bytes())
    }
}
