//! `host backup drill`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Which, write_damage};
use crate::backup;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::text::{bytes, duration};

/// How it went.
#[derive(Debug, Serialize)]
pub(super) struct Drilled {
    #[serde(flatten)]
    drilled: backup::Drilled,
}

pub(super) fn run(which: &Which, context: &Context) -> Result<Drilled> {
    let (repository, id) = which.open(context)?;
    let scratch = context.settings.cache_directory().join("drills");
    Ok(Drilled { drilled: backup::drill(&repository, &id, &scratch, &actor())? })
}

impl Report for Drilled {
    const SCHEMA: &'static str = "host.backup-drill/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let drilled = &self.drilled;
        write_damage(out, style, &drilled.failures)?;
        writeln!(
            out,
            "drilled   {}  {} files, {} restored in {}, checked in {}",
            drilled.id,
            drilled.counts.files,
            bytes(drilled.counts.bytes),
            duration(drilled.restore_seconds),
            duration(drilled.check_seconds)
        )?;
        writeln!(
            out,
            "          {} datasets, {} audit lines; what came after it, {}, would be lost",
            drilled.datasets,
            drilled.audit_lines,
            duration(drilled.snapshot_age_seconds.max(0.0))
        )
    }

    fn verdict(&self) -> Option<Error> {
        if self.drilled.failures.is_empty() {
            return None;
        }
        Some(
            Error::new(Kind::CheckFailed, "the drill failed: this snapshot does not come back whole")
                .hint("drill an older one: `host backup list`")
                .hint("run `host check`, then `host backup create --full`, while the data root is there"),
        )
    }
}
