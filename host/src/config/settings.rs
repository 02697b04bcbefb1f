//! Puts the layers on top of each other.
//!
//! Invariant: every key of the table has exactly one value, of the key's shape, with the origin it came from and what it
//! hides. Only keys with a default below a home directory that is not there have none.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::file::Assignment;
use super::keys::{DefaultValue, KEYS, Key};
use super::layers::{flag_layer, project_layer, user_layer, variable_layer};
use super::origin::{Origin, Problem};
use super::value::{Shape, Value, printable};
use crate::env_vars;
use crate::error::{Error, Kind, Result};

/// What the configuration depends on besides files and flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// The `PBUF_*` variables that are set.
    pub variables: BTreeMap<String, OsString>,
    /// Where the search for a project file begins.
    pub current_directory: PathBuf,
    /// The home directory, if there is one.
    pub home: Option<PathBuf>,
}

impl Environment {
    /// That of this process.
    ///
    /// # Errors
    /// [`Kind::Storage`] if the current directory does not exist any more.
    pub fn of_process() -> Result<Self> {
        let current_directory = std::env::current_dir()
            .map_err(|error| Error::storage("cannot find the current directory", &error))?;
        Ok(Self { variables: env_vars::own(), current_directory, home: env_vars::home() })
    }

    /// One without variables.
    #[must_use]
    pub fn bare(home: &Path, current_directory: &Path) -> Self {
        let (home, current_directory) = (Some(home.to_owned()), current_directory.to_owned());
        Self { variables: BTreeMap::new(), current_directory, home }
    }

    pub(super) fn variable(&self, name: &str) -> Option<&OsStr> {
        self.variables.get(name).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }
}

/// A setting given on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlagOverride {
    /// `section.key`, or [`CONFIG_FILE`](super::CONFIG_FILE).
    pub key: String,
    /// The value as text.
    pub value: OsString,
    /// The flag it came from, with the dashes, for messages and origins.
    pub flag: String,
}

impl FlagOverride {
    /// `flag` gives `key` the value.
    #[must_use]
    pub fn new(key: impl Into<String>, value: impl Into<OsString>, flag: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into(), flag: flag.into() }
    }

    /// Reads the `KEY=VALUE` of `--set`.
    ///
    /// # Errors
    /// [`Kind::Usage`] if there is no `=`.
    pub fn parse(assignment: &str, flag: &str) -> Result<Self> {
        let (key, value) = assignment.split_once('=').ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("`{flag}` needs `section.key=value`, found: `{}`", printable(assignment, 80)),
            )
            .hint(format!("for example `{flag} processing.workers=4`"))
        })?;
        Ok(Self::new(key.trim(), value, flag))
    }
}

/// A value that a layer gives.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Layered {
    /// The value.
    pub value: serde_json::Value,
    /// The layer.
    pub origin: Origin,
}

/// A setting as `config show` lists it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// `section.key`.
    pub key: &'static str,
    /// The value in force.
    pub value: serde_json::Value,
    /// What a number counts.
    pub unit: Option<&'static str>,
    /// Where the value comes from.
    pub origin: Origin,
    /// What it hides, the highest layer first.
    pub overridden: Vec<Layered>,
    /// For a list whose layers are joined: the lower layers' parts, in their order, which hide nothing.
    pub joined: Vec<Layered>,
    /// What the key means.
    pub meaning: &'static str,
}

/// A configuration file that was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConfigurationFile {
    /// `user` or `project`.
    pub layer: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is there.
    pub found: bool,
}

/// The settings in force.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(super) resolved: BTreeMap<&'static str, Resolved>,
    warnings: Vec<String>,
    files: Vec<ConfigurationFile>,
    home: Option<PathBuf>,
    current_directory: PathBuf,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Resolved {
    pub(super) value: Value,
    origin: Origin,
    lower: Vec<(Value, Origin)>,
}

impl Settings {
    /// Reads all layers: defaults, the user's file, the project's file, variables, flags.
    ///
    /// # Errors
    /// [`Kind::BadConfig`] with the place of the first problem, [`Kind::Usage`] if it is in a flag.
    pub fn load(environment: &Environment, flags: &[FlagOverride]) -> Result<Self> {
        let (settings, problems) = resolve(environment, flags);
        let count = problems.len();
        match problems.into_iter().next() {
            None => Ok(settings),
            Some(first) if count == 1 => Err(first.into()),
            Some(first) => Err(Error::from(first).hint(format!(
                "run `host config validate` to see all {count} problems of the configuration"
            ))),
        }
    }

    /// The built-in values, below a home directory that cannot exist: give a data root before anything is written.
    #[must_use]
    pub fn defaults() -> Self {
        let nowhere = Path::new("/dev/null/home");
        resolve(&Environment::bare(nowhere, nowhere), &[]).0
    }

    /// Every setting, in the order of the table.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        KEYS.iter().filter_map(|key| self.entry(key)).collect()
    }

    fn entry(&self, key: &'static Key) -> Option<Entry> {
        let resolved = self.resolved.get(key.path)?;
        let lower = resolved
            .lower
            .iter()
            .map(|(value, origin)| Layered { value: value.to_json(), origin: origin.clone() })
            .collect();
        let (overridden, joined) = match key.shape {
            Shape::PathList => (Vec::new(), lower),
            _ => (lower, Vec::new()),
        };
        let (value, origin) = (resolved.value.to_json(), resolved.origin.clone());
        Some(Entry { key: key.path, value, unit: key.unit, origin, overridden, joined, meaning: key.meaning })
    }

    /// Where the value of a key comes from.
    #[must_use]
    pub fn origin(&self, key: &str) -> Option<&Origin> {
        self.resolved.get(key).map(|resolved| &resolved.origin)
    }

    /// An origin as a person would type its path.
    #[must_use]
    pub fn show_origin(&self, origin: &Origin) -> String {
        origin.shortened(self.home.as_deref(), &self.current_directory)
    }

    /// What is odd but no error, such as variables nobody reads.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The files that were looked for, the lowest layer first.
    #[must_use]
    pub fn files(&self) -> &[ConfigurationFile] {
        &self.files
    }
}

/// All problems of all layers, not only the first.
#[must_use]
pub fn problems(environment: &Environment, flags: &[FlagOverride]) -> Vec<Problem> {
    resolve(environment, flags).1
}

fn resolve(environment: &Environment, flags: &[FlagOverride]) -> (Settings, Vec<Problem>) {
    let mut files = Vec::new();
    let mut warnings = Vec::new();
    let layers = [
        user_layer(environment, &mut files),
        project_layer(environment, flags, &mut files, &mut warnings),
        variable_layer(environment, &mut warnings),
        flag_layer(environment, flags),
    ];
    let mut problems = Vec::new();
    let mut given: BTreeMap<&'static str, Vec<(Value, Origin)>> = BTreeMap::new();
    for layer in layers {
        problems.extend(layer.problems);
        for Assignment { key, value, origin, .. } in layer.assignments {
            given.entry(key.path).or_default().push((value, origin));
        }
    }
    let mut resolved = BTreeMap::new();
    let mut data_root = None;
    // The table begins with the data root, which the defaults of other keys are below.
    for key in KEYS.iter().filter(|key| key.stands_for.is_none()) {
        let mut stack = given.remove(key.path).unwrap_or_default();
        let default = default_value(key.default, environment.home.as_deref(), data_root.as_deref());
        if let Some(default) = default {
            stack.insert(0, (default, Origin::Default));
        }
        stack.reverse();
        let Some(value) = settle(key, stack) else {
            if matches!(key.default, DefaultValue::BelowAnyHome(_)) {
                continue;
            }
            let message = format!("there is no home directory, so `{}` has no default", key.path);
            let hint = format!("pass `--data-root DIR` or set `{}`", key.variable);
            problems.push(Problem::of_variable("HOME", message).key(key.path).hint(Some(hint)));
            continue;
        };
        if let (Value::Path(path), DefaultValue::BelowHome(_)) = (&value.value, key.default) {
            data_root = Some(path.clone());
        }
        resolved.insert(key.path, value);
    }
    let (home, current_directory) = (environment.home.clone(), environment.current_directory.clone());
    let mut settings = Settings { resolved, warnings, files, home, current_directory };
    if problems.is_empty() {
        let oddities = settings.oddities();
        settings.warnings.extend(oddities);
    }
    (settings, problems)
}

/// The value in force from those given, the highest layer first.
fn settle(key: &Key, mut stack: Vec<(Value, Origin)>) -> Option<Resolved> {
    if key.shape == Shape::PathList && stack.len() > 1 {
        stack.retain(|(_, origin)| *origin != Origin::Default);
    }
    let all = stack.iter().filter_map(|(value, _)| match value {
        Value::Paths(paths) => Some(paths),
        _ => None,
    });
    let mut joined: Vec<PathBuf> = Vec::new();
    for path in all.flatten() {
        if !joined.contains(path) {
            joined.push(path.clone());
        }
    }
    let mut layers = stack.into_iter();
    let (value, origin) = layers.next()?;
    let value = if key.shape == Shape::PathList { Value::Paths(joined) } else { value };
    Some(Resolved { value, origin, lower: layers.collect() })
}

fn default_value(default: DefaultValue, home: Option<&Path>, data_root: Option<&Path>) -> Option<Value> {
    Some(match default {
        DefaultValue::Boolean(value) => Value::Boolean(value),
        DefaultValue::Integer(value) => Value::Integer(value),
        DefaultValue::Number(value) => Value::Number(value),
        DefaultValue::Word(word) => Value::Word(word),
        DefaultValue::BelowHome(rest) | DefaultValue::BelowAnyHome(rest) => Value::Path(home?.join(rest)),
        DefaultValue::BelowDataRoot(rest) => Value::Path(data_root?.join(rest)),
        DefaultValue::Processors => {
            let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
            Value::Integer(u64::try_from(processors).unwrap_or(1).min(1024))
        }
        DefaultValue::EmptyList => Value::Paths(Vec::new()),
        DefaultValue::Text(text) => Value::Text(text.to_owned()),
        DefaultValue::Nothing => Value::Nothing,
        DefaultValue::OfOther => return None,
    })
}
