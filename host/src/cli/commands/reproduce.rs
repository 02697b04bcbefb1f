//! `host reproduce`: derives a registered dataset again and compares the bytes.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use serde_json::Value;

use crate::cli::arguments::TrustFlags;
use crate::cli::context::PrepareFlags;
use crate::cli::progress::Progress;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::{Error, Kind, Result};
use crate::objects::Place;
use crate::registry::Record;
use crate::stages::parameters::Given;
use crate::stages::pipeline::{self, Reproduced};
use crate::stages::plan::{Job, JobInput};

/// Flags of `reproduce`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, or `NAME@VERSION`.
    name: String,
    #[command(flatten)]
    trust: TrustFlags,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Reproduced> {
    let (record, _) = context.version(&args.name)?;
    let options = context.pipeline_options(&PrepareFlags { trust: args.trust, ..PrepareFlags::default() })?;
    let job = job(&record)?;
    pipeline::reproduce(&record, &job, &options, &Progress::new(&args.name, context.progress))
}

/// The job that the provenance describes.
fn job(record: &Record) -> Result<Job> {
    let damaged = |what: &str| {
        Error::new(Kind::Corrupt, format!("the provenance of `{}` does not say {what}", record.name))
            .hint("run `host check`")
    };
    let recipe = record.provenance.get("recipe").ok_or_else(|| damaged("its recipe"))?;
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let module =
        recipe.get("module").and_then(|module| text(module, "id")).ok_or_else(|| damaged("its module"))?;
    let mut inputs = BTreeMap::new();
    for input in recipe.get("inputs").and_then(Value::as_array).ok_or_else(|| damaged("its inputs"))? {
        let role = text(input, "role").ok_or_else(|| damaged("the role of an input"))?;
        let origin = origin(record, &role).ok_or_else(|| damaged("where an input was"))?;
        let sha256: Digest = text(input, "raw_sha256")
            .and_then(|digest| digest.parse().ok())
            .ok_or_else(|| damaged("a digest"))?;
        let bundled = origin.strip_prefix("bundled `").and_then(|rest| rest.strip_suffix('`'));
        let input = if let Some(file) = bundled {
            JobInput::Bundled { file: file.to_owned(), sha256: Some(sha256) }
        } else {
            let place = Place::of(Path::new(&origin)).and_then(|place| JobInput::at(place, Some(sha256)));
            place.map_err(|why| damaged("where an input was").cause(why))?
        };
        inputs.insert(role, input);
    }
    let parameters = recipe
        .get("parameters")
        .and_then(Value::as_object)
        .ok_or_else(|| damaged("its parameters"))?
        .iter()
        .map(|(name, value)| (name.clone(), Given::Json(value.clone())))
        .collect();
    let citations = recipe.get("citations").cloned().unwrap_or_default();
    Ok(Job {
        module,
        name: Some(record.name.to_string()),
        inputs,
        parameters,
        title: text(recipe, "title"),
        citations: serde_json::from_value(citations).map_err(|_| damaged("its citations"))?,
        licence: text(recipe, "licence"),
    })
}

/// Where the input of a role was.
fn origin(record: &Record, role: &str) -> Option<String> {
    let inputs = record.execution.get("inputs")?.as_array()?;
    let input = inputs.iter().find(|input| input.get("role").and_then(Value::as_str) == Some(role))?;
    input.get("origin")?.as_str().map(str::to_owned)
}

impl Report for Reproduced {
    const SCHEMA: &'static str = "host.reproduce/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.identical {
            let (good, reset) = (style.good.render(), style.good.render_reset());
            writeln!(
                out,
                "{good}reproduced{reset} {}: the same bytes, version {}",
                self.name, self.derived_version
            )?;
        }
        if !self.same_library {
            writeln!(out, "           by another build of the module than the one that registered it")?;
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        (!self.identical).then(|| {
            Error::new(Kind::CheckFailed, format!("dataset `{}` cannot be reproduced", self.name))
                .cause(format!("registered version {}", self.registered_version))
                .cause(format!("derived version    {}", self.derived_version))
        })
    }
}
