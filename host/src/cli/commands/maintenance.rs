//! `host maintenance`, `host halt` and `host resume`: a data root that is read and not written for a while.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;

use super::table::plain;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::clock::now;
use crate::error::{Error, Kind, Result};
use crate::journal::{Ending, Filter, RunId, State};
use crate::registry::Maintenance;

/// Verbs on maintenance.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Let nothing be written from now on. Reading goes on, in the service too; what runs cannot register any more.
    On {
        /// Why; whoever wants to write is told.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Let things be written again.
    Off,
    /// Say whether something may be written, and if not, who said so, when and why.
    Status,
}

/// Flags of `halt`.
#[derive(Debug, clap::Args)]
pub struct HaltArgs {
    /// Why; whoever wants to write is told.
    #[arg(long, value_name = "TEXT", default_value = "halted by hand")]
    reason: String,
    /// Kill what runs, in place of telling it to end.
    #[arg(long)]
    now: bool,
    /// How long to wait for the end of each run.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    timeout: u32,
}

/// How things are now.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    /// Why nothing may be written, if so.
    maintenance: Option<Maintenance>,
    /// What ended by this verb.
    ended: Option<Maintenance>,
    /// Runs that were told to end, and how they stand.
    runs: Vec<Stopped>,
}

/// A run that was told to end.
#[derive(Debug, Serialize)]
struct Stopped {
    id: RunId,
    /// How it ended.
    state: Option<State>,
    /// Why it could not be stopped.
    error: Option<Error>,
}

/// Runs `maintenance on`, `off` and `status`.
pub(super) fn run(command: &Command, context: &Context) -> Result<Standing> {
    let registry = context.open_registry()?;
    match command {
        Command::Status => standing(registry.maintenance()?, None),
        Command::On { reason } => {
            if let Some(state) = registry.maintenance()?.filter(|state| state.halted) {
                return Err(halted(&state).hint("type `host resume` first"));
            }
            let state = Maintenance::new(false, reason, actor(), now())?;
            registry.begin_maintenance(&state)?;
            standing(Some(state), None)
        }
        Command::Off => {
            // A damaged state is ended as well.
            if let Ok(Some(state)) = registry.maintenance()
                && state.halted
            {
                return Err(halted(&state).hint("type `host resume` to end it"));
            }
            standing(None, registry.end_maintenance(&actor(), &now())?)
        }
    }
}

fn halted(state: &Maintenance) -> Error {
    Error::new(Kind::Usage, "the data root is halted, which is more than maintenance").cause(state.told())
}

/// Runs `halt`: first nothing new may be written, then what runs is ended.
pub(super) fn halt(args: &HaltArgs, context: &Context) -> Result<Standing> {
    let registry = context.open_registry()?;
    let state = Maintenance::new(true, &args.reason, actor(), now())?;
    registry.begin_maintenance(&state)?;
    let journal = context.journal();
    let ending = if args.now { Ending::Killed } else { Ending::Told };
    let patience = Duration::from_secs(args.timeout.into());
    let going = journal.list(&Filter { states: vec![State::Running], ..Filter::default() })?;
    let stop = |id: RunId| match journal.stop(&id, &actor(), ending, patience) {
        Ok(stopped) => Stopped { id, state: Some(stopped.run.state), error: None },
        // It ended meanwhile.
        Err(error) if error.kind == Kind::Usage => Stopped { id, state: None, error: None },
        Err(error) => Stopped { id, state: None, error: Some(error) },
    };
    let runs = going.into_iter().map(|run| stop(run.id)).collect();
    Ok(Standing { maintenance: Some(state), ended: None, runs })
}

/// Runs `resume`.
pub(super) fn resume(context: &Context) -> Result<Standing> {
    let registry = context.open_registry()?;
    if let Ok(Some(state)) = registry.maintenance()
        && !state.halted
    {
        return Err(Error::new(Kind::Usage, "the data root is not halted, but in maintenance")
            .cause(state.told())
            .hint("type `host maintenance off` to end it"));
    }
    standing(None, registry.end_maintenance(&actor(), &now())?)
}

#[expect(clippy::unnecessary_wraps, reason = "the last step of verbs that can fail")]
fn standing(maintenance: Option<Maintenance>, ended: Option<Maintenance>) -> Result<Standing> {
    Ok(Standing { maintenance, ended, runs: Vec::new() })
}

impl Report for Standing {
    const SCHEMA: &'static str = "host.maintenance-status/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        for run in &self.runs {
            let word = run.state.map_or("over", State::word);
            let word = if run.error.is_some() { "running" } else { word };
            writeln!(out, "{word:<9} {}", run.id)?;
        }
        match (&self.maintenance, &self.ended) {
            (Some(state), _) => {
                writeln!(out, "{}", plain(&state.told()))?;
                writeln!(out, "nothing is written until `{}`; reading goes on", state.way_out())
            }
            (None, Some(ended)) => writeln!(out, "over: it was {}", plain(&ended.told())),
            (None, None) => writeln!(out, "not in maintenance: everything may be written"),
        }
    }

    fn verdict(&self) -> Option<Error> {
        let failed: Vec<&Error> = self.runs.iter().filter_map(|run| run.error.as_ref()).collect();
        let first = failed.first()?;
        let mut error = Error::new(first.kind, format!("{} runs could not be ended", failed.len()));
        for one in failed {
            error = error.cause(one.to_string());
            error.hints.extend(one.hints.iter().cloned());
        }
        Some(error.hint("type `host halt --now` to kill what runs"))
    }
}
