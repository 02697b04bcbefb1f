//! `host plugin test`: the conformance suite over a library, for its author and for whoever is to run it.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use plugin_api::conformance::CHECKS;
use serde::Serialize;

use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::modules::discover;
use crate::modules::suite::parent::{self, Checked};
use crate::modules::worker::parent::Terms;
use crate::packages::build::{Profile, library_of_crate};
use crate::platform::{Confinement, Limits};

/// Memory of a check, unless the configuration allows less: examples are small.
const MEMORY_BYTES: u64 = 4 << 30;

/// Flags of `plugin test`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A library, or the folder of a crate, which is built first.
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Time that each check may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 120.0, value_parser = seconds)]
    timeout: f64,
}

fn seconds(text: &str) -> std::result::Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && Duration::try_from_secs_f64(seconds).is_ok() => Ok(seconds),
        _ => Err("expected a number of seconds above 0".to_owned()),
    }
}

/// What the module was held against.
#[derive(Debug, Serialize)]
pub(super) struct Tested {
    id: String,
    version: String,
    library: PathBuf,
    sha256: Digest,
    examples: Vec<String>,
    /// The least that any check was confined by.
    confinement: Confinement,
    checks: Vec<Checked>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Tested> {
    let library = if args.path.is_dir() {
        library_of_crate(&args.path, Profile::Development)?
    } else {
        whole(&args.path)?
    };
    let found = discover::find(&[], &library.display().to_string())?;
    let limits = Limits {
        memory_bytes: MEMORY_BYTES.min(context.settings.max_memory_bytes()),
        timeout_milliseconds: u64::try_from(Duration::from_secs_f64(args.timeout).as_millis())
            .unwrap_or(u64::MAX),
    };
    let id = found.embedded.descriptor.id;
    let sha256 = found.sha256;
    let terms =
        Terms { library: sha256, limits, minimum_confinement: context.settings.minimum_confinement() };
    let checks: Vec<Checked> = CHECKS
        .iter()
        .map(|(name, _)| parent::check(&id, &found.library, terms, name))
        .collect::<Result<_>>()?;
    // A process that ended before it said anything had not loaded anything either.
    let said = checks.iter().map(|check| &check.confinement).filter(|said| **said != Confinement::default());
    let least = said.min_by_key(|confinement| confinement.level);
    let longest = checks.iter().map(|check| &check.examples).max_by_key(|examples| examples.len());
    Ok(Tested {
        id,
        version: found.embedded.manifest.version,
        library,
        sha256,
        examples: longest.cloned().unwrap_or_default(),
        confinement: least.cloned().unwrap_or_default(),
        checks,
    })
}

/// The path from the root: one without a folder would be taken for an id.
fn whole(path: &Path) -> Result<PathBuf> {
    fs_err::canonicalize(path).map_err(|error| {
        Error::new(Kind::Usage, format!("there is no library `{}`", path.display()))
            .cause(error.to_string())
            .hint("give the path of a library, or of the folder of a crate, as in `host plugin test .`")
    })
}

impl Report for Tested {
    const SCHEMA: &'static str = "host.plugin-test/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, dim) = (style.bold, style.dim);
        writeln!(out, "{bold}{}{bold:#} {}, tried on {}", self.id, plain(&self.version), self.tried_on())?;
        writeln!(out, "{dim}confined: {}{dim:#}\n", self.confined())?;
        for check in &self.checks {
            let (paint, verdict) = if check.passed { (style.good, "ok    ") } else { (style.bad, "FAILED") };
            let Checked { check: name, seconds, .. } = check;
            let seconds = format!("{seconds:.1} s");
            writeln!(out, "{paint}{verdict}{paint:#}  {name:<48} {dim}{seconds:>7}{dim:#}")?;
            check.faults.iter().try_for_each(|fault| writeln!(out, "        * {}", plain(fault)))?;
        }
        let failed = self.failed();
        writeln!(out, "\n{} checks, {} ok, {failed} failed", self.checks.len(), self.checks.len() - failed)
    }

    fn verdict(&self) -> Option<Error> {
        let failed = self.failed();
        let what = format!("module `{}` fails {failed} of {} checks", self.id, self.checks.len());
        let hint = "each line above says what is wrong; `cargo test` in the module's crate finds the same";
        (failed > 0).then(|| Error::new(Kind::CheckFailed, what).hint(hint))
    }
}

impl Tested {
    fn failed(&self) -> usize {
        self.checks.iter().filter(|check| !check.passed).count()
    }

    /// How well the checks were confined, and what was missing.
    fn confined(&self) -> String {
        let Confinement { level, missing, .. } = &self.confinement;
        let without =
            if missing.is_empty() { String::new() } else { format!(", without {}", missing.join(", ")) };
        plain(&format!("{}{without}", level.name()))
    }

    fn tried_on(&self) -> String {
        match self.examples.as_slice() {
            [] => "no example: it carries no dataset".to_owned(),
            examples => {
                examples.iter().map(|name| format!("`{}`", plain(name))).collect::<Vec<_>>().join(", ")
            }
        }
    }
}
