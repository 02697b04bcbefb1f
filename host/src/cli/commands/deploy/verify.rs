//! `host deploy verify`: whether this host is ready, and for what.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::certification::{self, Demands, Line, Phase};
use crate::cli::commands::{certify, prepare, report};
use crate::cli::{Context, Report, Style};
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::operations::Deployment;
use crate::registry::sealed;

/// The file of the report, in the folder of the logs.
const FILE: &str = "deployment_report.json";

/// Flags of `deploy verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How far to look: `preflight` is the machine, folders, configuration and modules; `canary` derives one example as
    /// well, and both make the data root where there is none; `production` looks at health, certification, backups, quality and failures, too.
    #[arg(long, value_enum, value_name = "PHASE", default_value = "production")]
    phase: Phase,
    /// Memory that the machine must have; 16GiB for large inputs.
    #[arg(long, value_name = "SIZE", default_value = "4GiB", value_parser = prepare::size)]
    min_memory: u64,
    /// Room that must be left where the data root is; 100GiB and more for long series.
    #[arg(long, value_name = "SIZE", default_value = "10GiB", value_parser = prepare::size)]
    min_disk: u64,
    /// Address of a service that must answer, such as `http://127.0.0.1:8080`.
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

/// What was looked at, and what is deployed.
#[derive(Debug, Serialize)]
pub(in crate::cli::commands) struct Verified {
    schema: &'static str,
    phase: Phase,
    #[serde(flatten)]
    deployment: Deployment,
    lines: Vec<Line>,
    #[serde(skip)]
    file: PathBuf,
}

/// Runs the verb.
pub(in crate::cli::commands) fn run(args: &Args, context: &Context) -> Result<Verified> {
    // A new host has no data root yet, and whether one can be made is part of the question.
    let registry = match context.open_registry() {
        Err(error) if error.kind == Kind::NoDataRoot && args.phase < Phase::Production => {
            context.create_registry()?
        }
        registry => registry?,
    };
    let subject = certify::subject(registry, 1, context)?;
    let (memory_bytes, disk_bytes) = (args.min_memory, args.min_disk);
    let demands = Demands { memory_bytes, disk_bytes, url: args.url.clone() };
    let lines = certification::verify(&subject, args.phase, &demands)?;
    let mut deployment = report::deployment(context)?;
    deployment.refuse(
        lines.iter().filter(|line| !line.passed()).map(|line| format!("{}: {}", line.id, line.found())),
    );
    let folder = context.settings.log_directory();
    let file = folder.join(FILE);
    let verified =
        Verified { schema: "host.deployment-report/1", phase: args.phase, deployment, lines, file };
    durable::create_directories(folder).storage("make the folder of the logs")?;
    durable::publish(&verified.file, &sealed::pretty(&sealed::seal(&verified)))
        .storage("write the report")?;
    Ok(verified)
}

impl Report for Verified {
    const SCHEMA: &'static str = "host.deploy-verify/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        certify::write_lines(out, style, &self.lines)?;
        writeln!(out, "\n{}", self.file.display())?;
        if self.verdict().is_some() {
            return Ok(());
        }
        let (on, off) = (style.good.render(), style.good.render_reset());
        match self.phase {
            Phase::Preflight => writeln!(out, "{on}READY FOR CANARY{off}"),
            Phase::Canary => writeln!(out, "{on}READY FOR THE CHECKS OF PRODUCTION{off}"),
            Phase::Production => writeln!(out, "{on}READY FOR PRODUCTION{off}"),
        }
    }

    fn verdict(&self) -> Option<Error> {
        let open = self.lines.iter().filter(|line| !line.passed());
        let is_ready = self.lines.iter().all(Line::passed);
        (!is_ready).then(|| certify::refusal("the host is not ready", open))
    }
}
