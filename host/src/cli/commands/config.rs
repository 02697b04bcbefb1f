//! `host config`: every setting, where its value comes from, and whether the files are right.

use std::io::{self, Write};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Value, json};

use super::table;
use crate::cli::arguments::Global;
use crate::cli::context::overrides;
use crate::cli::{Context, Report, Style};
use crate::config::{self, Environment, Problem};
use crate::error::{Error, Kind, Result};

/// Verbs on the configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show every setting.
    Show(ShowArgs),
    /// Check the configuration, or one file, and name every problem.
    Validate(ValidateArgs),
    /// Print the JSON Schema of a configuration file.
    Schema,
}

/// Flags of `config show`.
#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Say where each value comes from and what it overrides.
    #[arg(long)]
    origin: bool,
}

/// Flags of `config validate`.
#[derive(Debug, clap::Args)]
pub struct ValidateArgs {
    /// File to check [default: every layer].
    file: Option<PathBuf>,
}

/// Every setting.
#[derive(Debug, Serialize)]
pub(super) struct Shown {
    settings: Vec<Value>,
    #[serde(skip)]
    origin: bool,
}

/// Runs `config show`.
pub(super) fn show(args: &ShowArgs, context: &Context) -> Shown {
    let settings = context
        .settings
        .entries()
        .into_iter()
        .map(|entry| {
            let overridden: Vec<Value> = entry
                .overridden
                .iter()
                .map(|layer| {
                    json!({ "value": layer.value, "origin": context.settings.show_origin(&layer.origin) })
                })
                .collect();
            json!({
                "key": entry.key,
                "value": entry.value,
                "unit": entry.unit,
                "origin": context.settings.show_origin(&entry.origin),
                "overridden": overridden,
                "meaning": entry.meaning,
            })
        })
        .collect();
    Shown { settings, origin: args.origin }
}

impl Report for Shown {
    const SCHEMA: &'static str = "host.config-show/1";

    fn render(&self, out: &mut dyn Write, style: &Style) -> io::Result<()> {
        let text = |setting: &Value, key: &str| match setting.get(key) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => String::new(),
            Some(other) => other.to_string(),
        };
        let value = |setting: &Value| {
            format!("{} {}", text(setting, "value"), text(setting, "unit")).trim().to_owned()
        };
        if !self.origin {
            let rows = self
                .settings
                .iter()
                .map(|setting| vec![text(setting, "key"), value(setting), text(setting, "meaning")]);
            return table::write(out, style, &["KEY", "VALUE", "MEANING"], rows);
        }
        let rows = self.settings.iter().map(|setting| {
            let overridden: Vec<String> = setting
                .get("overridden")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|layer| format!("{} = {}", text(layer, "origin"), text(layer, "value")))
                .collect();
            vec![text(setting, "key"), value(setting), text(setting, "origin"), overridden.join("; ")]
        });
        table::write(out, style, &["KEY", "VALUE", "ORIGIN", "OVERRIDES"], rows)
    }
}

/// Every problem.
#[derive(Debug, Serialize)]
pub(in crate::cli) struct Problems {
    problems: Vec<Problem>,
}

/// Runs `config validate`.
pub(in crate::cli) fn validate(args: &ValidateArgs, global: &Global) -> Result<Problems> {
    let problems = match &args.file {
        Some(file) => config::validate_file(file),
        None => config::problems(&Environment::of_process()?, &overrides(global)),
    };
    Ok(Problems { problems })
}

impl Report for Problems {
    const SCHEMA: &'static str = "host.config-validate/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        if self.problems.is_empty() {
            return writeln!(out, "the configuration is valid");
        }
        for problem in &self.problems {
            writeln!(out, "{problem}")?;
            if let Some(hint) = &problem.hint {
                writeln!(out, "hint: {hint}")?;
            }
        }
        Ok(())
    }

    fn verdict(&self) -> Option<Error> {
        let count = self.problems.len();
        let found = match count {
            0 => return None,
            1 => "a problem".to_owned(),
            count => format!("{count} problems"),
        };
        Some(Error::new(Kind::BadConfig, format!("the configuration has {found}")))
    }
}

/// The JSON Schema of a configuration file.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Schema {
    schema: Value,
}

impl Schema {
    pub(super) fn new() -> Self {
        Self { schema: config::schema() }
    }
}

impl Report for Schema {
    const SCHEMA: &'static str = "host.config-schema/1";

    fn render(&self, out: &mut dyn Write, _style: &Style) -> io::Result<()> {
        writeln!(out, "{:#}", self.schema)
    }
}
