//! What `prepare` tells: what was made, where it is, how it was checked.

use std::io::{self, Write};

use serde::Serialize;

use super::batch::Item;
use crate::catalogue::conflicts::Clash;
use crate::cli::output::plain;
use crate::cli::{Report, Style};
use crate::dataset::DatasetDocument;
use crate::error::{Error, Kind};
use crate::stages::pipeline::{Origin, PlanReport, Prepared, Replaced};
use crate::stages::validate::{Outcome as CheckOutcome, Strictness};
use crate::stages::validated::line;

/// Everything that was prepared.
#[derive(Debug, Serialize)]
pub(in crate::cli::commands) struct Batch {
    pub(super) datasets: Vec<Item>,
    /// Datasets that must not be used together.
    pub(super) conflicts: Vec<Clash>,
}

impl Report for Batch {
    const SCHEMA: &'static str = "host.prepare/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for item in &self.datasets {
            match &item.result {
                Ok(prepared) => render_prepared(out, style, prepared, item.seconds)?,
                Err(error) => {
                    let (bad, reset) = (style.bad.render(), style.bad.render_reset());
                    writeln!(out, "{bad}failed{reset}    {}: {}", item.name, error.message)?;
                    for cause in &error.causes {
                        writeln!(out, "          {cause}")?;
                    }
                    for hint in &error.hints {
                        writeln!(out, "          hint: {hint}")?;
                    }
                }
            }
        }
        if self.datasets.is_empty() {
            writeln!(out, "nothing to prepare")?;
        }
        if self.datasets.len() > 1 {
            let failed = self.failed();
            writeln!(out, "{} prepared, {failed} failed", self.datasets.len() - failed)?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let failed = self.failed();
        let total = self.datasets.len();
        // What was not started did not fail for a reason of its own.
        let errors = self.datasets.iter().filter_map(|item| item.result.as_ref().err());
        let first = errors.map(|error| error.kind).find(|kind| *kind != Kind::Interrupted);
        match (failed, first) {
            (0, _) => None,
            (_, Some(kind)) if failed == total => {
                Some(Error::new(kind, format!("all {total} datasets failed")))
            }
            _ => Some(Error::new(Kind::Partial, format!("{failed} of {total} datasets failed"))),
        }
    }
}

impl Batch {
    fn failed(&self) -> usize {
        self.datasets.iter().filter(|item| item.result.is_err()).count()
    }
}

fn render_prepared(out: &mut dyn Write, style: &Style, prepared: &Prepared, seconds: f64) -> io::Result<()> {
    let registered = &prepared.registered;
    let document = &registered.document;
    let (verb, remark) = match prepared.origin {
        Origin::Derived if registered.unchanged => ("prepared", " (the same bytes as before)"),
        Origin::Derived => ("prepared", ""),
        Origin::Cache => ("cached", " (the recipe is known; nothing was derived)"),
    };
    writeln!(
        out,
        "{}{verb:<9}{} {}{}{}{remark}",
        style.good.render(),
        style.good.render_reset(),
        style.bold.render(),
        registered.name,
        style.bold.render_reset()
    )?;
    writeln!(out, "  what    {}", plain(&document.title))?;
    writeln!(out, "  module  {} {}", document.module.id, document.module.version)?;
    writeln!(out, "  holds   {}", holds(document))?;
    writeln!(out, "  version {}", registered.version)?;
    writeln!(out, "  where   {}", registered.path.display())?;
    let verdict = &prepared.verdict;
    let passed = verdict.count(CheckOutcome::Passed);
    let failed: Vec<_> = verdict.failed().collect();
    let not_run = verdict.count(CheckOutcome::NotRun);
    let not_run = if not_run == 0 { String::new() } else { format!(", {not_run} not run") };
    let findings =
        if failed.len() == 1 { "1 finding".to_owned() } else { format!("{} findings", failed.len()) };
    writeln!(
        out,
        "  checked {passed} checks passed, {findings}{not_run} ({})",
        strictness_name(verdict.strictness)
    )?;
    for matrix in &document.matrices {
        let place = format!("matrix `{}`", matrix.name);
        let held = verdict.checks.iter().filter(|check| check.passed() && check.place.starts_with(&place));
        let held: Vec<&str> = held.map(|check| check.code.trim_start_matches("matrix.")).collect();
        writeln!(out, "          `{}`: {}", matrix.name, held.join(", "))?;
    }
    for check in failed {
        let paint = style.warning;
        writeln!(out, "          {}{}{}", paint.render(), plain(&line(check)), paint.render_reset())?;
    }
    for citation in &document.citations {
        writeln!(out, "  cite    {}", plain(&citation.text))?;
    }
    writeln!(out, "  took    {:.0} ms", seconds * 1000.0)
}

/// That a name changes its meaning.
pub(super) fn replacing(name: &str, Replaced { version, module }: &Replaced) -> String {
    let short = version.short();
    format!("`{name}` replaces {short} of module `{module}`, which stays as `{name}@{short}`")
}

/// The word that the flags use.
pub(in crate::cli::commands) fn strictness_name(strictness: Strictness) -> &'static str {
    match strictness {
        Strictness::Strict => "strict",
        Strictness::Standard => "standard",
        Strictness::Lenient => "lenient",
    }
}

/// `13 rows of data, covariance 13 × 13`.
pub(in crate::cli::commands) fn holds(document: &DatasetDocument) -> String {
    let tables = document.tables.iter().map(|table| format!("{} rows of `{}`", table.rows, table.name));
    let matrices =
        document.matrices.iter().map(|matrix| format!("`{}` {} × {}", matrix.name, matrix.size, matrix.size));
    tables.chain(matrices).collect::<Vec<_>>().join(", ")
}

/// What would run.
#[derive(Debug, Serialize)]
pub(in crate::cli::commands) struct Plans {
    pub(super) plans: Vec<PlanReport>,
}

impl Report for Plans {
    const SCHEMA: &'static str = "host.plan/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        for plan in &self.plans {
            writeln!(out, "{}{}{}", style.bold.render(), plan.name, style.bold.render_reset())?;
            writeln!(out, "  module  {} {}  {}", plan.module.id, plan.module.version, plan.module.path)?;
            writeln!(out, "          sha256 {}", plan.module.sha256)?;
            writeln!(out, "  trust   {}", plain(&plan.module.trust.to_string()))?;
            for input in &plan.inputs {
                writeln!(out, "  input   {}  {}  {} bytes", input.role, input.origin, input.bytes)?;
                writeln!(out, "          sha256 {}", input.sha256)?;
            }
            writeln!(out, "  with    {}", plan.parameters)?;
            writeln!(out, "  recipe  {}", plan.recipe)?;
            match plan.known_version {
                Some(version) => writeln!(out, "  would   answer from the registry: version {version}")?,
                None => writeln!(out, "  would   derive, validate, register")?,
            }
            if let Some(replaced) = &plan.replaces {
                let (paint, reset) = (style.warning.render(), style.warning.render_reset());
                writeln!(out, "  {paint}warning {}{reset}", replacing(&plan.name, replaced))?;
            }
        }
        Ok(())
    }
}
