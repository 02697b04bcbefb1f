//! `host run logs`.

use std::io::{self, Write};

use serde::Serialize;

use super::{Which, outcome_name};
use crate::cli::output::plain;
use crate::cli::{Context, Report, Style};
use crate::error::Result;
use crate::journal::{Event, Line, RunId};
use crate::text;

/// The lines of a run.
#[derive(Debug, Serialize)]
pub(super) struct Logs {
    id: RunId,
    lines: Vec<Line>,
}

/// Runs the verb.
pub(super) fn run(which: &Which, context: &Context) -> Result<Logs> {
    let journal = context.journal();
    let id = journal.find(&which.id)?;
    // One that was killed gets its END before it is shown.
    journal.read(&id)?;
    let mut lines = Vec::new();
    journal.for_each_line(&id, |line| lines.extend(line))?;
    Ok(Logs { id, lines })
}

impl Report for Logs {
    const SCHEMA: &'static str = "host.run-logs/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        self.lines
            .iter()
            .try_for_each(|line| writeln!(out, "{} {}", line.time, plain(&sentence(&line.event))))
    }
}

/// What happened, for people.
fn sentence(event: &Event) -> String {
    match event {
        Event::Start(start) => {
            format!(
                "START {} by {}, process {}, host {}",
                start.command, start.actor, start.process, start.host
            )
        }
        Event::Planned { datasets } => format!("{datasets} planned"),
        Event::DatasetStarted { dataset } => format!("{dataset}: started"),
        Event::Stage { dataset, stage, seconds } => {
            format!("{dataset}: {stage} done, {}", text::duration(*seconds))
        }
        Event::Progress { dataset, fraction, doing } => {
            format!("{dataset}: {:.0} % {doing}", fraction * 100.0)
        }
        Event::Log { level, dataset: Some(dataset), message } => format!("{dataset}: {level}: {message}"),
        Event::Log { level, dataset: None, message } => format!("{level}: {message}"),
        Event::DatasetFinished(finished) => {
            let outcome = outcome_name(finished.outcome);
            let error = finished.error.as_ref().map(|error| format!(": {}: {}", error.code, error.message));
            format!("{}: {outcome}{}", finished.dataset, error.unwrap_or_default())
        }
        Event::CancelRequested { actor } => format!("{actor} asks to stop"),
        Event::End(end) => {
            let code = end.exit_code.map(|code| format!(", exit code {code}")).unwrap_or_default();
            format!("END {}{code}", end.state.word())
        }
        Event::Unknown => "something that a newer host wrote".to_owned(),
    }
}
