//! `host certify`: whether the host may be relied on, with evidence for each line.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{doctor, table};
use crate::certification::{self, Line, Proof, Subject, Verdict};
use crate::cli::context::PrepareFlags;
use crate::cli::output::Printer;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::modules::discover::SearchOrigin;
use crate::registry::Registry;
use crate::text::duration;

/// Flags of `certify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Certify nothing, but see whether a report still holds: its digest, the audit log, its evidence, its time.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["output", "valid_days"])]
    check: Option<PathBuf>,
    /// A further folder to write the report into.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How long the certification counts: a month, the days in which somebody is warned, and what a job may be late.
    #[arg(long, value_name = "DAYS", default_value_t = certification::VALID_DAYS, value_parser = clap::value_parser!(u32).range(1..=366))]
    valid_days: u32,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context, printer: &Printer) -> Result<u8> {
    match &args.check {
        Some(file) => printer.report(&check(file, context)?),
        None => printer.report(&certify(args, context)?),
    }
}

/// What was certified, and where the report is.
#[derive(Debug, Serialize)]
struct Certified {
    #[serde(flatten)]
    report: certification::Report,
    file: PathBuf,
}

fn certify(args: &Args, context: &Context) -> Result<Certified> {
    let subject = subject(context.open_registry()?, args.valid_days, context)?;
    let report = certification::certify(&subject)?;
    let file = report.publish(&subject.registry, context.settings.log_directory(), args.output.as_deref())?;
    Ok(Certified { report, file })
}

/// What is looked at.
pub(super) fn subject(registry: Registry, valid_days: u32, context: &Context) -> Result<Subject> {
    let settings = &context.settings;
    let files = doctor::files(context);
    let read = settings.files().iter().filter(|file| file.path.exists());
    let configuration_files = read.map(|file| file.path.clone()).collect();
    Ok(Subject {
        registry,
        options: context.pipeline_options(&PrepareFlags::default())?,
        place: context.health_place()?,
        warnings: settings.warnings().to_vec(),
        configuration_files,
        modes: doctor::modes(context, &files),
        files,
        flags: flags(context),
        valid_days,
    })
}

/// The flags of this command that a further process needs to find the same settings and modules.
fn flags(context: &Context) -> Vec<OsString> {
    let settings =
        context.flags.chunks(2).filter(|flag| flag.first().is_some_and(|flag| flag != "--data-root"));
    let folders = context.search_path.iter().filter(|folder| folder.origin == SearchOrigin::Flag);
    let folders = folders.flat_map(|folder| ["--plugin-dir".into(), folder.path.clone().into()]);
    settings.flatten().cloned().chain(folders).collect()
}

/// The table of what was looked at.
pub(super) fn write_lines(out: &mut dyn Write, style: &Style, lines: &[Line]) -> io::Result<()> {
    let rows = lines.iter().map(|line| {
        vec![
            line.id.to_owned(),
            table::word(line.status),
            line.found().to_owned(),
            line.limit.clone(),
            evidence(line),
            duration(line.seconds),
        ]
    });
    table::write(out, style, &["LINE", "STATUS", "MEASURED", "LIMIT", "EVIDENCE", "TOOK"], rows)
}

/// The first piece of evidence, and how many there are.
fn evidence(line: &Line) -> String {
    let Some(first) = line.evidence.first() else { return String::new() };
    let digest = first.sha256.map(|digest| format!(" {}", digest.short())).unwrap_or_default();
    match line.evidence.len() {
        1 => format!("{}{digest}", first.what),
        count => format!("{}{digest}, and {} more", first.what, count - 1),
    }
}

/// An error that names every line that is not passed, and says what to type.
pub(super) fn refusal<'l>(message: &str, lines: impl Iterator<Item = &'l Line>) -> Error {
    let mut error = Error::new(Kind::CheckFailed, message);
    for line in lines {
        let status = table::word(line.status);
        error = error.cause(format!("{}: {status}: {} (limit: {})", line.id, line.found(), line.limit));
        if !error.hints.iter().any(|hint| hint == line.action) {
            error = error.hint(line.action);
        }
    }
    error
}

impl Report for Certified {
    const SCHEMA: &'static str = "host.certify/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let report = &self.report;
        write_lines(out, style, &report.lines)?;
        let (passed, failed, skipped) = (report.passed, report.failed, report.skipped);
        writeln!(out, "\n{passed} passed, {failed} failed, {skipped} skipped: {}", self.file.display())?;
        match &report.valid_until {
            Some(until) => {
                let (on, off) = (style.good.render(), style.good.render_reset());
                writeln!(out, "{on}CERTIFIED{off} until {until}")
            }
            None => writeln!(out, "{}NOT_CERTIFIED{}", style.bad.render(), style.bad.render_reset()),
        }
    }

    fn verdict(&self) -> Option<Error> {
        let not_certified = self.report.certification_status == Verdict::NotCertified;
        not_certified.then(|| refusal("the host is not certified", self.report.open()))
    }
}

/// What became of a report.
#[derive(Debug, Serialize)]
struct Checked {
    #[serde(flatten)]
    proof: Proof,
    holds: bool,
}

fn check(file: &Path, context: &Context) -> Result<Checked> {
    let proof = certification::prove(file, &context.open_registry()?)?;
    Ok(Checked { holds: proof.holds(), proof })
}

impl Report for Checked {
    const SCHEMA: &'static str = "host.certify-check/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        write_lines(out, style, &self.proof.lines)?;
        writeln!(out, "\n{}", if self.holds { "the report holds" } else { "the report does not hold" })
    }

    fn verdict(&self) -> Option<Error> {
        let open = self.proof.lines.iter().filter(|line| !line.passed());
        (!self.holds).then(|| refusal("the report does not hold", open))
    }
}
