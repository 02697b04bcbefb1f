//! `host report daily` and the like.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Args, Format};
use crate::cli::{Context, Report, Style};
use crate::config::Settings;
use crate::durable;
use crate::error::{Error, Kind, Result, StorageContext};
use crate::modules::discover::{self, State};
use crate::operations::{self, Configuration, Deployment, Module, OperationsReport, ReportKind, Sources};

/// What was reported, and in which form.
#[derive(Debug, Serialize)]
pub(super) struct Reported {
    #[serde(flatten)]
    report: OperationsReport,
    /// The file it was written to.
    file: Option<PathBuf>,
    #[serde(skip)]
    text: String,
}

/// Runs the verb.
pub(super) fn run(kind: ReportKind, args: &Args, context: &Context) -> Result<Reported> {
    let settings = &context.settings;
    let registry = context.open_registry().ok();
    let configuration = configuration(settings);
    let modules = if kind == ReportKind::Deployment { modules(context)? } else { Vec::new() };
    let sources = Sources {
        journal: &context.journal(),
        registry: registry.as_ref(),
        data_root: settings.data_root(),
        modules: &modules,
        configuration: &configuration,
    };
    let date = args.date.unwrap_or_else(|| jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date());
    let report = operations::report(kind, date, &sources)?;
    let text = match args.format.unwrap_or_else(|| format_of(args.output.as_deref())) {
        Format::Md => report.document().markdown(),
        Format::Html => report.document().html()?,
        Format::Json => {
            let text = serde_json::to_string_pretty(&report);
            let fault = |error: serde_json::Error| {
                Error::new(Kind::Internal, "cannot write the report as JSON").cause(error.to_string())
            };
            format!("{}\n", text.map_err(fault)?)
        }
    };
    if let Some(file) = &args.output {
        durable::publish(file, text.as_bytes()).storage(&format!("write `{}`", file.display()))?;
    }
    Ok(Reported { report, file: args.output.clone(), text })
}

/// What is deployed.
pub(in crate::cli::commands) fn deployment(context: &Context) -> Result<Deployment> {
    let settings = &context.settings;
    Ok(Deployment::of(&Sources {
        journal: &context.journal(),
        registry: context.open_registry().ok().as_ref(),
        data_root: settings.data_root(),
        modules: &modules(context)?,
        configuration: &configuration(settings),
    }))
}

fn configuration(settings: &Settings) -> Configuration {
    Configuration {
        output_directory: settings.data_root().display().to_string(),
        cache_enabled: settings.reuses_known_recipes(),
        validation_enabled: true,
    }
}

/// The form that a file's name asks for.
fn format_of(file: Option<&Path>) -> Format {
    match file.and_then(Path::extension).and_then(|extension| extension.to_str()) {
        Some("html" | "htm") => Format::Html,
        Some("json") => Format::Json,
        _ => Format::Md,
    }
}

/// The modules that can run.
fn modules(context: &Context) -> Result<Vec<Module>> {
    let policy = context.policy()?;
    let mut modules = Vec::new();
    for candidate in discover::scan(&context.search_path) {
        let State::Module { embedded, shadowed_by: None } = &candidate.state else { continue };
        let admitted = candidate.take().is_ok_and(|found| policy.admit(&found).is_ok());
        if admitted {
            let version = embedded.manifest.version.clone();
            modules.push(Module { id: embedded.descriptor.id.clone(), version });
        }
    }
    Ok(modules)
}

impl Report for Reported {
    const SCHEMA: &'static str = "host.operations-report/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        match &self.file {
            Some(file) => writeln!(out, "{}", file.display()),
            None => out.write_all(self.text.as_bytes()),
        }
    }
}
