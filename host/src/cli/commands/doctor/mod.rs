//! `host doctor`: everything an operator can have wrong, why it matters and what to type.

mod areas;

pub(super) use areas::{files, modes};

use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;

use super::table::plain;
use crate::cli::context::actor;
use crate::cli::{Context, Report, Style};
use crate::clock::now;
use crate::doctor::{self, Finding};
use crate::error::{Error, Kind};
use crate::registry::audit::Action;
use crate::registry::{DataRoot, Registry};

/// Flags of `doctor`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Put right what needs nobody's decision: modes, missing folders, leftovers of killed processes.
    #[arg(long)]
    fix: bool,
}

/// What was looked at, found and done.
#[derive(Debug, Default, Serialize)]
pub(in crate::cli) struct Examined {
    /// Everything that was looked at, in a word each.
    areas: Vec<&'static str>,
    /// What was put right.
    fixed: Vec<String>,
    /// What could not be put right although it should have been.
    failed: Vec<Error>,
    /// What is wrong now.
    findings: Vec<Finding>,
    /// What is only to be known.
    notices: Vec<Finding>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Examined {
    let mut examined = Examined { areas: areas::ALL.to_vec(), ..Examined::default() };
    examined.look(context);
    if args.fix {
        examined.fix(context);
        // Whether something is right is not for the one to say who put it right.
        examined.look(context);
    }
    examined
}

/// What there is to say when the configuration lets nothing else be looked at.
pub(in crate::cli) fn of_broken_configuration(error: &Error) -> Examined {
    let why = "no verb runs before it can be read";
    let causes = error.causes.iter().map(String::as_str);
    let found = std::iter::once(error.message.as_str()).chain(causes).collect::<Vec<_>>().join(": ");
    let action = error.hints.first().map_or("type `host config validate`", String::as_str).to_owned();
    let findings = vec![Finding::new("configuration", found, why, action)];
    Examined { areas: vec!["configuration"], findings, ..Examined::default() }
}

impl Examined {
    fn look(&mut self, context: &Context) {
        (self.notices, self.findings) = areas::look(context).into_iter().partition(|finding| finding.notice);
    }

    fn fix(&mut self, context: &Context) {
        let settings = &context.settings;
        let root = DataRoot::unopened(settings.data_root(), settings.registry_directory());
        let registry = Registry::open(root);
        for repair in self.findings.iter().filter_map(|finding| finding.repair.as_ref()) {
            match doctor::repair(repair, &registry) {
                Ok(done) if self.fixed.contains(&done) => {}
                Ok(done) => self.fixed.push(done),
                Err(error) => self.failed.push(error),
            }
        }
        if self.fixed.is_empty() || context.open_registry().is_err() {
            return;
        }
        let action = Action {
            time: now(),
            actor: actor(),
            action: "repair".to_owned(),
            subject: "data root".to_owned(),
            details: json!({ "fixed": self.fixed }),
        };
        if let Err(error) = registry.log(&action) {
            self.failed.push(error);
        }
    }
}

impl Report for Examined {
    const SCHEMA: &'static str = "host.doctor/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (good, bad, off) = (style.good.render(), style.bad.render(), style.good.render_reset());
        for done in &self.fixed {
            writeln!(out, "{good}fixed{off}   {}", plain(done))?;
        }
        for error in &self.failed {
            writeln!(out, "{bad}failed{off}  {}", plain(&error.to_string()))?;
        }
        for finding in &self.findings {
            writeln!(out, "{bad}wrong{off}   {}: {}", finding.area, plain(&finding.found))?;
            writeln!(out, "        why     {}", plain(&finding.why))?;
            writeln!(out, "        do      {}", plain(&finding.action))?;
        }
        for finding in &self.notices {
            writeln!(out, "notice  {}: {}", finding.area, plain(&finding.found))?;
            writeln!(out, "        do      {}", plain(&finding.action))?;
        }
        for area in &self.areas {
            if !self.findings.iter().any(|finding| finding.area == *area) {
                writeln!(out, "{good}well{off}    {area}")?;
            }
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let message = match (self.findings.len(), self.failed.len()) {
            (0, 0) => return None,
            (0, failed) => format!("{failed} things could not be put right"),
            (1, _) => "1 thing is wrong".to_owned(),
            (count, _) => format!("{count} things are wrong"),
        };
        let error = Error::new(Kind::CheckFailed, message);
        let fixable = self.findings.iter().filter(|finding| finding.fixable).count();
        Some(match fixable {
            0 => error,
            _ => error.hint(format!("`host doctor --fix` puts {fixable} of them right")),
        })
    }
}
