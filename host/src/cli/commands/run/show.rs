//! `host run show`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Which, command_line, outcome_name};
use crate::cli::output::plain;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::journal::{FinishedDataset, RunRecord, State};
use crate::text;

/// The run.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    #[serde(flatten)]
    run: RunRecord,
}

/// Runs the verb.
pub(super) fn run(which: &Which, context: &Context) -> Result<Shown> {
    let journal = context.journal();
    Ok(Shown { run: journal.read(&journal.find(&which.id)?)? })
}

impl Report for Shown {
    const SCHEMA: &'static str = "host.run-show/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let run = &self.run;
        let summary = &run.summary;
        writeln!(out, "{}{}{}", style.bold.render(), summary.id, style.bold.render_reset())?;
        let code = summary.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
        writeln!(out, "  state     {}{code}", summary.state.word())?;
        writeln!(out, "  started   {} by {}", summary.started_at, plain(&summary.actor))?;
        match (&summary.ended_at, summary.state) {
            (Some(time), State::Interrupted | State::Cancelled) => writeln!(out, "  last seen {time}")?,
            (Some(time), _) => writeln!(out, "  ended     {time}")?,
            (None, _) => {}
        }
        writeln!(out, "  took      {}", text::duration(summary.seconds))?;
        if let Some(resumed) = &summary.resumes {
            writeln!(out, "  resumes   {resumed}")?;
        }
        writeln!(out, "  asked     {}", plain(&command_line(&run.request)))?;
        for current in &run.current {
            let fraction = current.fraction.map(|fraction| format!(", {:.0} %", fraction * 100.0));
            let stage = current.last_stage.as_deref().map(|stage| format!(", {stage} done"));
            let verb = if summary.state == State::Running { "running" } else { "cut off" };
            let (stage, fraction) = (stage.unwrap_or_default(), fraction.unwrap_or_default());
            writeln!(out, "  {verb}   {}{stage}{fraction}", plain(&current.dataset))?;
        }
        for finished in &run.finished {
            render_dataset(out, style, finished)?;
        }
        if let Some(error) = &summary.error {
            writeln!(out, "  error     {}", plain(&error.message))?;
        }
        if run.damaged_lines > 0 {
            writeln!(out, "  {} lines of the journal cannot be read", run.damaged_lines)?;
        }
        if matches!(
            summary.state,
            State::Interrupted | State::Cancelled | State::PartlyFailed | State::Failed
        ) {
            writeln!(out, "\n`host run resume {}` asks for the same again", summary.id)?;
        }
        Ok(())
    }
}

fn render_dataset(out: &mut dyn Write, style: &Style, finished: &FinishedDataset) -> io::Result<()> {
    let dataset = &finished.dataset;
    let name = plain(dataset.name.as_deref().unwrap_or(&dataset.dataset));
    let (verb, paint) =
        (outcome_name(dataset.outcome), if dataset.error.is_some() { style.bad } else { style.good });
    let mut remarks = vec![text::duration(dataset.seconds)];
    remarks.extend(dataset.rows.map(|rows| format!("{rows} rows")));
    remarks.extend(dataset.worker_peak_memory_bytes.map(|bytes| format!("worker {}", text::bytes(bytes))));
    remarks.extend(dataset.findings.filter(|count| *count > 0).map(|count| format!("{count} findings")));
    let remarks = remarks.join(", ");
    writeln!(out, "  {}{verb:<9}{} {name}  {remarks}", paint.render(), paint.render_reset())?;
    match &dataset.error {
        Some(error) => writeln!(out, "            {}: {}", error.code, plain(&error.message)),
        None => Ok(()),
    }
}
