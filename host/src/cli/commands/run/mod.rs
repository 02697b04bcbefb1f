//! `host run`: what ran, what runs, and how it ended.

mod cancel;
mod list;
mod logs;
mod resume;
mod show;

use crate::cli::Context;
use crate::cli::output::Printer;
use crate::error::Result;
use crate::journal::{DatasetOutcome, Request};

/// Verbs on runs.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List runs, the newest first.
    List(list::Args),
    /// Show one run: what was asked for, what came of each dataset, what it took.
    Show(Which),
    /// Print what happened in a run, line by line.
    Logs(Which),
    /// Stop a run that is going on, or give up one that was interrupted. What it registered stays; `resume` goes on from
    /// there.
    Cancel(cancel::Args),
    /// Ask for the same again, with the settings of now. What is registered already is not derived again.
    Resume(Which),
}

/// Which run.
#[derive(Debug, clap::Args)]
pub struct Which {
    /// Id of the run, the beginning of it or of its last digits, or `last`.
    #[arg(value_name = "ID")]
    id: String,
}

pub(super) fn dispatch(command: &Command, context: &Context, printer: &Printer) -> Result<u8> {
    match command {
        Command::List(args) => printer.report(&list::run(args, context)?),
        Command::Show(which) => printer.report(&show::run(which, context)?),
        Command::Logs(which) => printer.report(&logs::run(which, context)?),
        Command::Cancel(args) => printer.report(&cancel::run(args, context)?),
        Command::Resume(which) => resume::run(which, context, printer),
    }
}

/// The word for what became of a dataset.
fn outcome_name(outcome: DatasetOutcome) -> &'static str {
    match outcome {
        DatasetOutcome::Prepared => "prepared",
        DatasetOutcome::Cached => "cached",
        DatasetOutcome::Failed => "failed",
        DatasetOutcome::NotStarted => "not started",
    }
}

/// The command line that asks for the same.
fn command_line(request: &Request) -> String {
    let quoted = request.arguments().into_iter().map(|argument| {
        let text = argument.to_string_lossy().into_owned();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=./,:+@".contains(&byte);
        if text.bytes().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
    });
    std::iter::once("host".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}
