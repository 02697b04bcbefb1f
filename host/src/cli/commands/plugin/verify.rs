//! `host plugin verify`: who vouches for the modules, and whether they do what they promise. The one verb of this group
//! that runs modules, in workers.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;

use crate::cli::arguments::TrustFlags;
use crate::cli::context::PrepareFlags;
use crate::cli::output::plain;
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::dataset::Spool;
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::discover::{self, Found, State};
use crate::stages::derive::Derived;
use crate::stages::ingest::Ingested;
use crate::stages::pipeline::Options;
use crate::stages::plan::{Job, Plan};
use crate::stages::register;
use crate::stages::validated::Validated;
use crate::trust::{Admitted, Policy};

/// Flags of `plugin verify`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the module; without one, every usable module.
    id: Option<String>,
    #[command(flatten)]
    trust: TrustFlags,
}

/// What each module is worth and what it did.
#[derive(Debug, Serialize)]
pub(super) struct Verification {
    modules: Vec<Row>,
}

#[derive(Debug, Default, Serialize)]
struct Row {
    id: String,
    /// The library, when it could be read safely.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<Admitted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lock: Option<Lock>,
    #[serde(skip_serializing_if = "Option::is_none")]
    derived: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Error>,
}

/// What the lock file says of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Lock {
    NoFile,
    NotListed,
    Pinned,
    Differs,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Verification> {
    let ids = match &args.id {
        Some(id) => vec![id.clone()],
        None => discover::scan(&context.search_path)
            .into_iter()
            .filter_map(|candidate| match candidate.state {
                State::Module { embedded, shadowed_by: None, .. } => Some(embedded.descriptor.id.clone()),
                // What it says of itself is not read: its place in the store names it, or its file does.
                State::Untrusted(_) => {
                    candidate.installed_id.or_else(|| Some(candidate.path.display().to_string()))
                }
                _ => None,
            })
            .collect(),
    };
    let options = context.pipeline_options(&PrepareFlags { trust: args.trust, ..PrepareFlags::default() })?;
    let modules = ids.into_iter().map(|id| {
        let mut row = Row { id, ..Row::default() };
        match row.look_and_run(&options) {
            Ok(derived) => Row { derived: Some(derived), ..row },
            Err(error) => Row { error: Some(error), ..row },
        }
    });
    Ok(Verification { modules: modules.collect() })
}

impl Row {
    /// Says who vouches for the module, as far as it comes; runs it only if that is enough.
    fn look_and_run(&mut self, options: &Options) -> Result<String> {
        let found = discover::find(&options.search_path, &self.id)?;
        self.file = Some(found.path.clone());
        self.sha256 = Some(found.sha256);
        self.lock = Some(lock_state(&options.policy, &found));
        self.trust = Some(options.policy.admit(&found)?);
        derive_twice(&self.id, options)
    }

    fn refused(&self) -> bool {
        self.error.as_ref().is_some_and(|error| error.kind == Kind::Untrusted)
    }
}

fn lock_state(policy: &Policy, found: &Found) -> Lock {
    let Some(lock) = &policy.lock else { return Lock::NoFile };
    let (descriptor, manifest) = (&found.embedded.descriptor, &found.embedded.manifest);
    match lock.modules.get(&descriptor.id) {
        None => Lock::NotListed,
        Some(locked) if locked.pins(&manifest.version, &manifest.target, &found.sha256) => Lock::Pinned,
        Some(_) => Lock::Differs,
    }
}

/// Derives the bundled dataset twice and compares.
fn derive_twice(id: &str, options: &Options) -> Result<String> {
    let mut versions = Vec::new();
    // A worker that has derived once may remember it.
    let derive = options.derive.with_fresh_workers();
    let mut name = String::new();
    for _ in 0..2 {
        let job = Job { module: id.to_owned(), ..Job::default() };
        let plan = Plan::new(&job, &options.search_path, &options.policy)?;
        name = plan.name().to_string();
        let ingested = Ingested::new(plan, &options.ingest)?;
        let derived = Derived::new(ingested, Spool::temporary(), &derive, &Progress::new(id, false))?;
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
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        for row in &self.modules {
            let (paint, word) = match &row.error {
                None => (style.good, "ok"),
                Some(_) if row.refused() => (style.bad, "refused"),
                Some(_) => (style.bad, "failed"),
            };
            writeln!(out, "{}{word:<8}{} {bold}{}{reset}", paint.render(), paint.render_reset(), row.id)?;
            if let Some(file) = &row.file {
                writeln!(out, "  file    {}", plain(&file.display().to_string()))?;
                writeln!(out, "  path    safe: nobody else may write the file or a folder above it")?;
            }
            if let Some(sha256) = &row.sha256 {
                writeln!(out, "  sha256  {sha256}")?;
            }
            if let Some(trust) = &row.trust {
                writeln!(out, "  trust   {}", plain(&trust.to_string()))?;
            }
            if let Some(lock) = row.lock {
                let said = match lock {
                    Lock::NoFile => "no lock file here",
                    Lock::NotListed => "not in the lock file",
                    Lock::Pinned => "pinned, and the same",
                    Lock::Differs => "pinned, and NOT the same",
                };
                writeln!(out, "  lock    {said}")?;
            }
            if let Some(name) = &row.derived {
                writeln!(out, "  ran     derived `{}` twice, the same bytes", plain(name))?;
            }
            if let Some(error) = &row.error {
                writeln!(out, "  why     {}", plain(&error.message))?;
                for cause in &error.causes {
                    writeln!(out, "          {}", plain(cause))?;
                }
                for hint in &error.hints {
                    writeln!(out, "          hint: {}", plain(hint))?;
                }
            }
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let failed: Vec<&Error> = self.modules.iter().filter_map(|row| row.error.as_ref()).collect();
        let (count, total) = (failed.len(), self.modules.len());
        // A refusal did not run; whatever ran and failed is the graver news.
        match failed.iter().find(|error| error.kind != Kind::Untrusted) {
            Some(ran) => Some(Error::new(ran.kind, format!("{count} of {total} modules failed"))),
            None if count > 0 => {
                Some(Error::new(Kind::Untrusted, format!("{count} of {total} modules are refused")))
            }
            None => None,
        }
    }
}
