//! `host show`: one dataset with everything a careful user asks.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use plugin_api::Plot;
use serde::Serialize;
use serde_json::Value;

use super::table::{self, plain};
use crate::catalogue::conflicts::{Claims, Clash};
use crate::catalogue::{Catalogue, Conflict};
use crate::cli::{Context, Report, Style};
use crate::dataset::{DatasetDocument, decode, kind_name, read_document};
use crate::error::Result;
use crate::picture::short_number;
use crate::registry::{Record, Retirement};
use crate::stages::comparison::{self, Comparison};
use crate::stages::export::{FormatInfo, formats};
use crate::trust::Admitted;

/// Flags of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Name of a registered dataset, or `NAME@VERSION`.
    name: String,
}

/// One dataset.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    path: PathBuf,
    document: DatasetDocument,
    record: Record,
    /// Why the version must not be used.
    retired: Option<Retirement>,
    formats: Vec<FormatInfo>,
    /// What must not be used together with it.
    conflicts: Vec<Conflict>,
    /// Registered datasets that are among those.
    conflicting_datasets: Vec<Clash>,
    /// How far it is from what stated models predict.
    models: Vec<Compared>,
}

/// How far the dataset is from what a model predicts.
#[derive(Debug, Serialize)]
struct Compared {
    model: String,
    #[serde(flatten)]
    comparison: Option<Comparison>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<String>,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Shown> {
    named(&args.name, context)
}

/// The dataset of that name, or `NAME@VERSION`.
pub(super) fn named(name: &str, context: &Context) -> Result<Shown> {
    let (record, path) = context.version(name)?;
    let document = read_document(&path, Some(&record.version))?;
    let retired = context.open_registry()?.retirement(&record.name, &record.version)?;
    let models = compared(&document, &path, &record, context)?;
    let formats = formats(&document);
    let catalogue = context.catalogue_if_readable();
    let claims = Claims::of_metadata(record.name.as_str(), &document.metadata, &catalogue);
    let conflicting_datasets = registered_conflicts(&claims, &catalogue, context)?;
    let conflicts = claims.conflicts();
    Ok(Shown { path, document, record, retired, formats, conflicts, conflicting_datasets, models })
}

/// The conflicts with every other dataset of the registry.
fn registered_conflicts(claims: &Claims, catalogue: &Catalogue, context: &Context) -> Result<Vec<Clash>> {
    let registry = context.open_registry()?;
    let mut clashes = Vec::new();
    for name in registry.names()? {
        // A damaged one is for `check` to name, and nobody is given a retired one.
        let Ok(record) = registry.require(&name) else { continue };
        let path = registry.version_directory(&name, &record.version);
        let Ok(document) = read_document(&path, Some(&record.version)) else { continue };
        let other = Claims::of_metadata(name.as_str(), &document.metadata, catalogue);
        if let Some(reason) = claims.shared_with(&other) {
            clashes.push(Clash { one: claims.name.clone(), other: other.name, reason });
        }
    }
    Ok(clashes)
}

/// Reads the numbers only where there is something to compare them with.
fn compared(
    document: &DatasetDocument,
    path: &Path,
    record: &Record,
    context: &Context,
) -> Result<Vec<Compared>> {
    if document.models.is_empty() {
        return Ok(Vec::new());
    }
    let (_, dataset) = decode(path, Some(&record.version), context.settings.chunk_rows())?;
    let compared = document.models.iter().map(|model| {
        let (comparison, problems) = match comparison::compare(&dataset, model) {
            Ok(comparison) => (Some(comparison), Vec::new()),
            Err(problems) => (None, problems),
        };
        Compared { model: model.name.clone(), comparison, problems }
    });
    Ok(compared.collect())
}

impl Report for Shown {
    const SCHEMA: &'static str = "host.show/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        let document = &self.document;
        writeln!(out, "{bold}{}{reset}: {}", self.record.name, plain(&document.title))?;
        writeln!(out, "version     {}", self.record.version)?;
        writeln!(out, "where       {}", self.path.display())?;
        writeln!(out, "registered  {} by {}", self.record.registered_at, plain(&self.record.actor))?;
        if let Some(retired) = &self.retired {
            let (reason, actor) = (plain(&retired.reason), plain(&retired.actor));
            writeln!(out, "retired     {} by {actor}: {bold}{reason}{reset}", retired.at)?;
        }
        writeln!(out, "module      {} {}", document.module.id, document.module.version)?;
        writeln!(out, "holds       {}", super::prepare::holds(document))?;
        if !document.licence.is_empty() {
            writeln!(out, "licence     {}", plain(&document.licence))?;
        }
        for citation in &document.citations {
            writeln!(out, "cite        {}", plain(&citation.text))?;
        }
        writeln!(out, "\n{bold}Columns{reset}")?;
        let present = |name: &str| document.tables.iter().any(|table| table.name == name);
        let columns =
            document.contract.tables.iter().filter(|table| present(&table.name)).flat_map(|table| {
                table.columns.iter().map(|column| {
                    let by_row = column.unit_column.as_ref().map(|column| format!("see `{column}`"));
                    vec![
                        table.name.clone(),
                        column.name.clone(),
                        kind_name(column.kind).to_owned(),
                        column.unit.clone().or(by_row).unwrap_or_default(),
                        column.meaning.clone(),
                    ]
                })
            });
        table::write(out, style, &["TABLE", "COLUMN", "TYPE", "UNIT", "MEANING"], columns)?;
        writeln!(out, "\n{bold}Conventions{reset}")?;
        // The conflicts have a part of their own.
        for (key, value) in document.metadata.iter().filter(|(key, _)| *key != "conflicts") {
            outline(out, key, value, 0)?;
        }
        if !self.conflicts.is_empty() || !self.conflicting_datasets.is_empty() {
            writeln!(out, "\n{bold}Not to be used together with{reset}")?;
        }
        for clash in &self.conflicting_datasets {
            let (other, reason) = (plain(&clash.other), plain(&clash.reason));
            writeln!(out, "{bold}{other}{reset} (registered): {reason}")?;
        }
        for conflict in &self.conflicts {
            writeln!(out, "{}: {}", plain(&conflict.with.join(", ")), plain(&conflict.reason))?;
        }
        self.render_models(out, style)?;
        writeln!(out, "\n{bold}Provenance{reset}")?;
        self.render_provenance(out)?;
        if !document.findings.is_empty() {
            writeln!(out, "\n{bold}Findings{reset}")?;
            for finding in &document.findings {
                writeln!(out, "{}: {}: {}", finding.code, plain(&finding.place), plain(&finding.message))?;
            }
        }
        if !document.plots.is_empty() {
            let name = &self.record.name;
            writeln!(out, "\n{bold}Plots{reset} (host plot {name} --plot … --output FILE.svg)")?;
            let rows = document.plots.iter().map(|(name, plot)| vec![name.clone(), title(plot).to_owned()]);
            table::write(out, style, &["PLOT", "TITLE"], rows)?;
        }
        writeln!(out, "\n{bold}Formats{reset} (host export {} --format …)", self.record.name)?;
        let rows = self.formats.iter().map(|format| vec![format.name.clone(), format.meaning.clone()]);
        table::write(out, style, &["FORMAT", "READ BY"], rows)
    }
}

impl Shown {
    fn render_models(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        if self.models.is_empty() {
            return Ok(());
        }
        let (bold, reset) = (style.bold.render(), style.bold.render_reset());
        writeln!(out, "\n{bold}Against stated models{reset} (nothing is fitted but an offset)")?;
        let rows = self.document.models.iter().zip(&self.models).map(|(model, compared)| {
            let parameters =
                model.parameters.iter().map(|(name, value)| format!("{name} = {}", shown(value)));
            let parameters = parameters.collect::<Vec<_>>().join(", ");
            let (chi_squared, degrees, offset) = match &compared.comparison {
                Some(found) => (
                    format!("{:.4}", found.chi_squared),
                    found.degrees_of_freedom.to_string(),
                    found.offset.map_or_else(|| "-".to_owned(), short_number),
                ),
                None => (compared.problems.join("; "), String::new(), String::new()),
            };
            vec![model.name.clone(), chi_squared, degrees, offset, parameters]
        });
        table::write(out, style, &["MODEL", "χ²", "DOF", "OFFSET", "PARAMETERS"], rows)
    }

    fn render_provenance(&self, out: &mut dyn Write) -> io::Result<()> {
        let text = |pointer: &str| {
            plain(&self.record.provenance.pointer(pointer).map_or_else(|| "unknown".to_owned(), shown))
        };
        writeln!(out, "recipe      {}", self.record.recipe)?;
        writeln!(out, "library     sha256 {}", text("/recipe/module/sha256"))?;
        writeln!(out, "trust       {}", plain(&Admitted::recorded_in(&self.record.execution)))?;
        let inputs = self.record.provenance.pointer("/recipe/inputs").and_then(Value::as_array);
        for input in inputs.into_iter().flatten() {
            let field = |key: &str| plain(&input.get(key).map(shown).unwrap_or_default());
            writeln!(out, "input       {}  {}", field("role"), field("file"))?;
            writeln!(out, "            sha256 {}", field("raw_sha256"))?;
        }
        writeln!(out, "parameters  {}", text("/recipe/parameters"))?;
        writeln!(out, "confined    {}", self.confinement())
    }
}

impl Shown {
    /// How well the worker was confined, and by what.
    fn confinement(&self) -> String {
        let part = |key: &str| self.record.execution.pointer(&format!("/derivation/confinement/{key}"));
        let list = |key: &str| -> Vec<&str> {
            part(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
        };
        let level = part("level").and_then(Value::as_str).unwrap_or("not recorded");
        let lists = [("by", list("applied")), ("without", list("missing"))];
        let parts = lists.iter().filter(|(_, names)| !names.is_empty());
        let parts: Vec<String> =
            parts.map(|(word, names)| format!(", {word} {}", names.join(", "))).collect();
        plain(&format!("{level}{}", parts.concat()))
    }
}

/// Writes a value as indented lines; what is null or an empty object is left out.
fn outline(out: &mut dyn Write, key: &str, value: &Value, depth: usize) -> io::Result<()> {
    let indent = "  ".repeat(depth);
    let is_leaf = |value: &Value| !value.is_object() && !value.is_array();
    match value {
        Value::Null => Ok(()),
        Value::Object(fields) if fields.is_empty() => Ok(()),
        Value::Object(fields) => {
            writeln!(out, "{indent}{key}:")?;
            fields.iter().try_for_each(|(key, value)| outline(out, key, value, depth + 1))
        }
        Value::Array(items) if items.is_empty() => writeln!(out, "{indent}{key}: none"),
        Value::Array(items) if items.iter().all(is_leaf) => {
            let items: Vec<String> = items.iter().map(|item| plain(&shown(item))).collect();
            writeln!(out, "{indent}{key}: {}", items.join(", "))
        }
        Value::Array(items) => (1..)
            .zip(items)
            .try_for_each(|(number, item)| outline(out, &format!("{key} {number}"), item, depth)),
        leaf => writeln!(out, "{indent}{key}: {}", plain(&shown(leaf))),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn title(plot: &Plot) -> &str {
    match plot {
        Plot::Points { title, .. } | Plot::Correlation { title, .. } | Plot::Ellipses { title, .. } => title,
    }
}
