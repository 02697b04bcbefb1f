//! `host completions`: for the shell that asks.

use std::io::{self, Write};

use clap::CommandFactory;
use serde::Serialize;

use crate::cli::{Cli, Report, Style};

/// Flags of `completions`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell.
    shell: clap_complete::Shell,
}

/// A script.
#[derive(Debug, Serialize)]
pub(super) struct Script {
    script: String,
}

/// Runs the verb.
pub(super) fn run(args: &Args) -> Script {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "host", &mut script);
    Script { script: String::from_utf8_lossy(&script).into_owned() }
}

impl Report for Script {
    const SCHEMA: &'static str = "host.completions/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        out.write_all(self.script.as_bytes())
    }
}
