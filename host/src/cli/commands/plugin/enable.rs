//! `host plugin enable`.

use std::io::{self, Write};

use serde::Serialize;

use super::enabling::{self, Enabling};
use crate::cli::{Context, Report, Style};
use crate::error::Result;

/// Flags of `plugin enable`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of an installed module.
    id: String,
}

/// Whether it is found now.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Done(Enabling);

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Done> {
    enabling::set(&args.id, true, context).map(Done)
}

impl Report for Done {
    const SCHEMA: &'static str = "host.plugin-enable/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        self.0.render(out, style)
    }
}
