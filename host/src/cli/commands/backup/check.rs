//! `host backup check` and `verify`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Place, Which};
use crate::backup::{self, Reading, Subset};
use crate::cli::commands::table;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::registry::ItemSeverity;

/// Flags of `backup check`.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Look whether everything is there, do not read it.
    #[arg(long, conflicts_with = "read_data_subset")]
    quick: bool,
    /// Read a part of the data: `2/7` the second seventh, `10%` a tenth, another one each day.
    #[arg(long, value_name = "PART")]
    read_data_subset: Option<Subset>,
    #[command(flatten)]
    place: Place,
}

/// What was found.
#[derive(Debug, Serialize)]
pub(super) struct Checked {
    #[serde(flatten)]
    report: backup::Report,
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<Checked> {
    let reading = match (args.quick, args.read_data_subset) {
        (true, _) => Reading::Nothing,
        (false, Some(subset)) => Reading::Some(subset),
        (false, None) => Reading::All,
    };
    Ok(Checked { report: backup::check(&args.place.open(context)?, reading)? })
}

pub(super) fn verify(which: &Which, context: &Context) -> Result<Checked> {
    let (repository, id) = which.open(context)?;
    Ok(Checked { report: backup::verify(&repository, &id)? })
}

impl Report for Checked {
    const SCHEMA: &'static str = "host.backup-check/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let report = &self.report;
        if !report.findings.is_empty() {
            let rows = report.findings.iter().map(|finding| {
                vec![
                    table::word(finding.severity),
                    table::word(finding.kind),
                    finding.path.clone(),
                    finding.message.clone(),
                ]
            });
            table::write(out, style, &["", "WHAT", "PATH", "WHY"], rows)?;
        }
        let damaged =
            report.findings.iter().filter(|finding| finding.severity == ItemSeverity::Damage).count();
        writeln!(
            out,
            "{} snapshots, {} objects, {} of them read, {}: {damaged} damaged",
            report.snapshots,
            report.objects,
            report.read_objects,
            crate::text::bytes(report.read_bytes),
        )
    }

    fn verdict(&self) -> Option<Error> {
        self.report.failed().then(|| {
            Error::new(Kind::Corrupt, "the backup is not as it was written")
                .hint("while the data root is whole, `host backup create --full` puts its objects back")
                .hint("run `host backup verify SNAPSHOT` to see which snapshots are whole")
        })
    }
}
