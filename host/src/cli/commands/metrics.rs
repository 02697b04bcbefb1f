//! `host metrics`: what is measured, as text that Prometheus reads.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::metrics;

/// What is measured.
#[derive(Debug, Serialize)]
pub(super) struct Metrics {
    /// In the exposition format of Prometheus.
    text: String,
}

/// Runs the verb.
pub(super) fn run(context: &Context) -> Result<Metrics> {
    Ok(Metrics { text: metrics::once(context.health_place()?)? })
}

impl Report for Metrics {
    const SCHEMA: &'static str = "host.metrics/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }
}
