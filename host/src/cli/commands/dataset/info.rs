//! `host dataset info`.

use std::collections::BTreeMap;
use std::io::{self, Write};

use plugin_api::Citation;
use serde::Serialize;
use serde_json::Value;

use crate::catalogue::conflicts::Claims;
use crate::catalogue::state::{self, State};
use crate::catalogue::{Address, Conflict, Input, Origin};
use crate::cli::commands::table::plain;
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::Result;
use crate::text;

/// Flags of `dataset info`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a dataset (`host dataset list`).
    name: String,
}

/// Everything known of a dataset before it is prepared.
#[derive(Debug, Serialize)]
pub(super) struct Information {
    name: String,
    title: String,
    module: String,
    origin: Origin,
    state: State,
    /// What is different, when it is stale.
    differences: Vec<String>,
    download_bytes: u64,
    inputs: Vec<InputRow>,
    parameters: BTreeMap<String, Value>,
    citations: Vec<Citation>,
    licence: String,
    notes: Vec<String>,
    conflicts: Vec<Conflict>,
    /// What to type next.
    next: String,
}

#[derive(Debug, Serialize)]
struct InputRow {
    role: String,
    file: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addresses: Vec<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<Digest>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes: Option<u64>,
    present: bool,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Information> {
    let catalogue = context.catalogue(None, None)?;
    let dataset = catalogue.find(&args.name)?;
    let registry = super::registry(context)?;
    let record = super::record(dataset, registry.as_ref())?;
    let raw = context.raw();
    let (state, differences) = state::of(dataset, &raw, record.as_ref());
    let download_bytes = super::to_download(dataset, context);
    let inputs = dataset.inputs().map(|(role, input)| {
        let (file, addresses, bytes) = match input {
            Input::Path { path, bytes, .. } => (path.display().to_string(), Vec::new(), *bytes),
            Input::Remote(file) => (file.name.clone(), file.addresses.clone(), Some(file.bytes)),
            Input::Object(object) => (object.address.to_string(), Vec::new(), object.bytes),
            Input::Bundled { file, bytes, .. } => (format!("inside the module: {file}"), Vec::new(), *bytes),
        };
        let present = state::is_there(dataset, input, &raw);
        InputRow { role: role.to_owned(), file, addresses, sha256: input.sha256(), bytes, present }
    });
    let name = &dataset.name;
    let next = match state {
        State::Prepared => format!("host show {name}"),
        State::Retired => format!("host retire {name} --undo"),
        _ if download_bytes > 0 => format!("host fetch {name}"),
        _ => format!("host prepare {name}"),
    };
    Ok(Information {
        inputs: inputs.collect(),
        name: dataset.name.clone(),
        title: dataset.title().to_owned(),
        module: dataset.module.clone(),
        origin: dataset.origin,
        state,
        differences,
        download_bytes,
        parameters: dataset.parameters().map(|(name, value)| (name.to_owned(), value.clone())).collect(),
        citations: dataset.citations().to_vec(),
        licence: dataset.licence().to_owned(),
        notes: dataset.notes().to_vec(),
        conflicts: Claims::of_name(&dataset.name, &catalogue).conflicts(),
        next,
    })
}

impl Report for Information {
    const SCHEMA: &'static str = "host.dataset-info/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let title = if self.title.is_empty() { "no title" } else { &self.title };
        writeln!(out, "{bold}{}{reset}: {}", plain(&self.name), plain(title))?;
        writeln!(out, "module    {}", self.module)?;
        writeln!(out, "state     {}", self.state.word())?;
        for difference in &self.differences {
            writeln!(out, "          {}", plain(difference))?;
        }
        if self.download_bytes > 0 {
            writeln!(out, "download  {}", text::bytes(self.download_bytes))?;
        }
        for input in &self.inputs {
            let size = input.bytes.map(|bytes| format!("  {}", text::bytes(bytes))).unwrap_or_default();
            let there = if input.present { "" } else { "  (not here yet)" };
            writeln!(out, "input     {}  {}{size}{there}", input.role, plain(&input.file))?;
            if let Some(sha256) = input.sha256 {
                writeln!(out, "          sha256 {sha256}")?;
            }
            for address in &input.addresses {
                writeln!(out, "          {address}")?;
            }
        }
        for (name, value) in &self.parameters {
            writeln!(out, "with      {name} = {}", plain(&value.to_string()))?;
        }
        if !self.licence.is_empty() {
            writeln!(out, "licence   {}", plain(&self.licence))?;
        }
        for citation in &self.citations {
            writeln!(out, "cite      {}", plain(&citation.text))?;
        }
        for note in &self.notes {
            writeln!(out, "note      {}", plain(note))?;
        }
        for conflict in &self.conflicts {
            writeln!(out, "conflict  {}: {}", plain(&conflict.with.join(", ")), plain(&conflict.reason))?;
        }
        writeln!(out, "next      {bold}{}{reset}", self.next)
    }
}
