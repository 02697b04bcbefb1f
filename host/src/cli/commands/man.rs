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

/// A page in roff; on a terminal, the same as plain text.
#[derive(Debug, Serialize)]
pub(super) struct Page {
    page: String,
    #[serde(skip)]
    plain: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args) -> Result<Page> {
    if args.verb.as_deref() == Some(manual::NAME) {
        return Ok(Page { page: manual::page(), plain: manual::OPERATING.to_owned() });
    }
    let mut command = Cli::command();
    command.build();
    let mut described = match &args.verb {
        None => command,
        Some(verb) => command.find_subcommand(verb).cloned().ok_or_else(|| {
            let error = Error::new(Kind::Usage, format!("no verb `{verb}`"));
            match crate::text::nearest(verb, command.get_subcommands().map(clap::Command::get_name)) {
                Some(near) => error.hint(format!("did you mean `host man {near}`?")),
                None => error,
            }
        })?,
    };
    let plain = format!("{}\n", described.render_long_help());
    let mut page = Vec::new();
    clap_mangen::Man::new(described).render(&mut page).map_err(|error| {
        Error::new(Kind::Internal, "cannot write the manual page").cause(error.to_string())
    })?;
    Ok(Page { page: String::from_utf8_lossy(&page).into_owned(), plain })
}

impl Report for Page {
    const SCHEMA: &'static str = "host.man/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        // Roff is for `man -l -` and for files.
        let text = if style.is_terminal { &self.plain } else { &self.page };
        out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `host man operating` threw roff at a terminal.
    #[test]
    fn roff_is_for_files_and_text_for_a_terminal() {
        let shown = |verb: &str, is_terminal| {
            let mut out = Vec::new();
            let page = run(&Args { verb: Some(verb.to_owned()) }).unwrap();
            page.render(&mut out, &Style { is_terminal, ..Style::default() }).unwrap();
            String::from_utf8(out).unwrap()
        };
        for (verb, text) in [(manual::NAME, "host health"), ("prepare", "--dry-run")] {
            assert!(shown(verb, false).lines().any(|line| line.starts_with(".TH ")));
            let plain = shown(verb, true);
            assert!(!plain.lines().any(|line| line.starts_with('.')) && plain.contains(text), "{plain}");
        }
    }
}
