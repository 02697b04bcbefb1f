//! `host plugin info`.

use std::io::{self, Write};
use std::path::PathBuf;

use plugin_api::Descriptor;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cli::commands::table::{self, plain};
use crate::cli::{Context, Report, Style};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::modules::discover;
use crate::modules::manifest::Manifest;
use crate::stages::parameters::expectation;
use crate::trust::Admitted;

/// Flags of `plugin info`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the module, one of its installed versions, or path of its library.
    #[arg(value_name = "ID[@VERSION]|PATH")]
    id: String,
}

/// Everything known of a module without running it.
#[derive(Debug, Serialize)]
pub(super) struct Information {
    path: PathBuf,
    sha256: Digest,
    /// How it was installed, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    installed: Option<Origin>,
    /// How far it is vouched for, if that is enough to run it.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<Admitted>,
    /// Why it may not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Error>,
    manifest: Manifest,
    descriptor: Descriptor,
    parameters_schema: Value,
}

/// Where an installed module came from.
#[derive(Debug, Serialize)]
struct Origin {
    source: String,
    package_sha256: Digest,
}

/// Runs the verb.
pub(super) fn run(args: &Args, context: &Context) -> Result<Information> {
    let found = discover::find(&context.search_path, &args.id)?;
    let (trust, refused) = match context.policy()?.admit(&found) {
        Ok(admitted) => (Some(admitted), None),
        Err(error) => (None, Some(error)),
    };
    let installed = found.installed.as_ref().map(|installed| Origin {
        source: installed.source.clone(),
        package_sha256: installed.package_sha256,
    });
    Ok(Information {
        sha256: found.sha256,
        installed,
        trust,
        refused,
        path: found.path,
        parameters_schema: parameters_schema(&found.embedded.descriptor),
        manifest: found.embedded.manifest,
        descriptor: found.embedded.descriptor,
    })
}

/// The parameters as JSON Schema, for editors and forms.
fn parameters_schema(descriptor: &Descriptor) -> Value {
    let properties: Map<String, Value> = descriptor
        .parameters
        .iter()
        .map(|parameter| {
            let mut property = json!({ "type": parameter.kind, "description": parameter.meaning });
            let optional = [
                ("default", parameter.default.clone()),
                ("minimum", parameter.minimum.map(Value::from)),
                ("maximum", parameter.maximum.map(Value::from)),
                ("enum", (!parameter.allowed.is_empty()).then(|| json!(parameter.allowed))),
            ];
            for (key, value) in optional {
                if let (Some(value), Some(object)) = (value, property.as_object_mut()) {
                    object.insert(key.to_owned(), value);
                }
            }
            (parameter.name.clone(), property)
        })
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

impl Report for Information {
    const SCHEMA: &'static str = "host.plugin-info/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let descriptor = &self.descriptor;
        let heading = |out: &mut dyn Write, text: &str| {
            writeln!(out, "\n{}{text}{}", style.bold.render(), style.bold.render_reset())
        };
        writeln!(
            out,
            "{}{}{} {}: {}",
            style.bold.render(),
            descriptor.id,
            style.bold.render_reset(),
            self.manifest.version,
            plain(&descriptor.title)
        )?;
        if !descriptor.description.is_empty() {
            writeln!(out, "{}", plain(&descriptor.description))?;
        }
        writeln!(out, "file     {}", self.path.display())?;
        writeln!(out, "sha256   {}", self.sha256)?;
        if let Some(installed) = &self.installed {
            writeln!(out, "from     {}", plain(&installed.source))?;
        }
        if let Some(trust) = &self.trust {
            writeln!(out, "trust    {}", plain(&trust.to_string()))?;
        }
        if let Some(refused) = &self.refused {
            let (bad, reset) = (style.bad.render(), style.bad.render_reset());
            writeln!(out, "trust    {bad}may not run{reset}: {}", plain(&refused.to_string()))?;
        }
        let manifest = &self.manifest;
        writeln!(
            out,
            "built    plugin-api {}, {}, {}",
            manifest.api,
            manifest.target,
            plain(&manifest.rustc)
        )?;
        heading(out, "Inputs")?;
        let rows = descriptor.inputs.iter().map(|input| {
            let need = if input.required { "required" } else { "optional" };
            vec![input.role.clone(), need.to_owned(), input.meaning.clone()]
        });
        table::write(out, style, &["ROLE", "", "MEANING"], rows)?;
        heading(out, "Parameters")?;
        let rows = descriptor.parameters.iter().map(|parameter| {
            let default = parameter.default.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
            vec![parameter.name.clone(), expectation(parameter), default, parameter.meaning.clone()]
        });
        table::write(out, style, &["NAME", "TAKES", "DEFAULT", "MEANING"], rows)?;
        for (name, contract) in &descriptor.outputs {
            heading(out, &format!("Output `{name}`: {}", plain(&contract.meaning)))?;
            let rows = contract.tables.iter().flat_map(|table| {
                table.columns.iter().map(|column| {
                    let unit = column.unit.clone().or_else(|| {
                        column.unit_column.as_ref().map(|unit_column| format!("see `{unit_column}`"))
                    });
                    vec![
                        table.name.clone(),
                        column.name.clone(),
                        crate::dataset::kind_name(column.kind).to_owned(),
                        unit.unwrap_or_default(),
                        column.meaning.clone(),
                    ]
                })
            });
            table::write(out, style, &["TABLE", "COLUMN", "TYPE", "UNIT", "MEANING"], rows)?;
            for matrix in &contract.matrices {
                writeln!(
                    out,
                    "matrix `{}` over the rows of `{}`: {}",
                    matrix.name,
                    matrix.rows_of,
                    plain(&matrix.meaning)
                )?;
            }
        }
        if !descriptor.bundled.is_empty() {
            heading(out, "Bundled datasets")?;
            let rows =
                descriptor.bundled.iter().map(|dataset| vec![dataset.name.clone(), dataset.title.clone()]);
            table::write(out, style, &["NAME", "TITLE"], rows)?;
        }
        heading(out, "Cite")?;
        descriptor.citations.iter().try_for_each(|citation| writeln!(out, "{}", plain(&citation.text)))
    }
}
