//! The command line: parse, call, render. No logic of the stages lives here.

mod arguments;
pub mod commands;
mod context;
mod logging;
mod modules;
mod output;
mod progress;
mod target;

use std::process::ExitCode;

use clap::Parser;

pub use arguments::{Cli, Command};
pub use context::Context;
pub use output::{Report, Style};

use crate::error::{Error, Kind, Result};
use crate::modules::{suite, worker};
use output::Printer;

/// Runs the program and returns its exit code.
#[must_use]
pub fn main() -> ExitCode {
    // The hidden verb is not part of the command line that people see.
    if std::env::args_os().nth(1).is_some_and(|verb| verb == worker::VERB) {
        let checks = std::env::args_os().nth(2).is_some_and(|verb| verb == suite::VERB);
        return match if checks { suite::child::run() } else { worker::child::run() } {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let error = Error::new(Kind::Usage, "`worker` is the host's own verb, it takes no commands")
                    .cause(error.to_string())
                    .hint("run `host --help` to see the verbs");
                ExitCode::from(Printer::new(false).error(&error))
            }
        };
    }
    crate::platform::report_file_size_as_error();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let wants_json = std::env::args_os().any(|argument| argument == "--json");
            if wants_json && error.use_stderr() {
                let text = error.to_string();
                let message = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
                let usage = Error::new(Kind::Usage, message).hint("run `host --help`");
                return ExitCode::from(Printer::new(true).error(&usage));
            }
            // Help and version are no errors; clap knows which stream each belongs to.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let printer = Printer::new(cli.global.json);
    match run(&cli, &printer) {
        Ok(code) => ExitCode::from(code),
        Err(error) => ExitCode::from(printer.error(&error)),
    }
}

fn run(cli: &Cli, printer: &Printer) -> Result<u8, Error> {
    if let Command::Config(commands::config::Command::Validate(args)) = &cli.command {
        // A broken configuration must not keep its own check from running.
        return printer.report(&commands::config::validate(args, &cli.global)?);
    }
    let context = match Context::new(&cli.global) {
        // What it says names what is wrong and what to type.
        Err(error) if matches!(cli.command, Command::Doctor(_)) => {
            return printer.report(&commands::doctor::of_broken_configuration(&error));
        }
        context => context?,
    };
    logging::start(&cli.global, &context);
    for warning in context.settings.warnings() {
        tracing::warn!("{warning}");
    }
    for folder in context.missing_plugin_directories() {
        tracing::warn!("no modules are looked for in `{}`: there is no such folder", folder.display());
    }
    commands::dispatch(&cli.command, &context, printer).inspect_err(|error| {
        tracing::error!(target: logging::FILES_ONLY, exit_code = error.kind.exit_code(), "{error}");
    })
}
