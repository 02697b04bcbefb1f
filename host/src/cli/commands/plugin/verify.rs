//! `host plugin verify`: the one verb of this group that runs modules, in workers.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::commands::table;
use crate::cli::context::PrepareFlags;
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::error::{Error, Kind, Result};
use crate::modules::discover::{self, State};
use crate::stages::derive::Derived;
use crate::stages::ingest::Ingested;
use crate::stages::pipeline::Options;
use crate::stages::plan::{Job, Plan};
use crate::stages::register;
use crate::stages::validated::Validated;

/// Flags of `plugin verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the module; without one, every usable module.
    id: Option<String>,
}

/// What each module did.
#[derive(Debug, Serialize)]
pub(super) struct Verification {
    modules: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Row {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    derived: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Verification> {
    let ids = match &args.id {
        Some(id) => vec![id.clone()],
        None => discover::scan(&context.search_path)
            .into_iter()
            .filter_map(|candidate| match candidate.state {
                State::Module { embedded, shadowed_by: None, .. } => Some(embedded.descriptor.id.clone()),
                _ => None,
            })
            .collect(),
    };
    let options = context.pipeline_options(&PrepareFlags::default())?;
    let modules = ids
        .into_iter()
        .map(|id| match verify(&id, &options) {
            Ok(derived) => Row { id, derived: Some(derived), error: None },
            Err(error) => Row { id, derived: None, error: Some(error) },
        })
        .collect();
    Ok(Verification { modules })
}

/// Derives the bundled dataset twice and compares.
fn verify(id: &str, options: &Options) -> Result<String> {
    let mut versions = Vec::new();
    let mut name = String::new();
    for _ in 0..2 {
        let job = Job { module: id.to_owned(), ..Job::default() };
        let plan = Plan::new(&job, &options.search_path)?;
        name = plan.name().to_string();
        let ingested = Ingested::new(plan, &options.ingest)?;
        let derived = Derived::new(ingested, options.derive, &Progress::new(id, false))?;
        versions.push(register::version_of(&Validated::new(derived, &options.validation)?)?);
    }
    if versions.windows(2).all(|pair| pair[0] == pair[1]) {
        Ok(name)
    } else {
        Err(Error::new(Kind::CheckFailed, format!("module `{id}` gives other bytes for the same inputs"))
            .hint("report this to the module's author"))
    }
}

impl Report for Verification {
    const SCHEMA: &'static str = "host.plugin-verify/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let rows = self.modules.iter().map(|row| match (&row.derived, &row.error) {
            (Some(name), _) => {
                vec![row.id.clone(), "ok".to_owned(), format!("derived `{name}` twice, the same bytes")]
            }
            (None, Some(error)) => vec![row.id.clone(), "FAILED".to_owned(), error.to_string()],
            (None, None) => vec![row.id.clone(), "not run".to_owned(), String::new()],
        });
        table::write(out, style, &["ID", "STATE", ""], rows)
    }

    fn verdict(&self) -> Option<Error> {
        let failed: Vec<&Error> = self.modules.iter().filter_map(|row| row.error.as_ref()).collect();
        let first = failed.first()?;
        Some(Error::new(first.kind, format!("{} of {} modules failed", failed.len(), self.modules.len())))
    }
}
