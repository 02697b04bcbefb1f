//! What a run was asked for, in a form that can be asked again from any folder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};
use crate::stages::derive::Isolation;
use crate::trust::TrustLevel;

/// What stands in place of a value that looks like a secret.
const HIDDEN: &str = "(not recorded)";

/// What `host prepare` was asked for. Paths are absolute, so it means the same in every folder; settings are not part of
/// it, and neither are credentials, which the host takes from the environment alone.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// Datasets by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<String>,
    /// Id of the module, or the path of its library.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// Files and objects by role; a role may end in `?`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, String>,
    /// Months, such as `2010-07..2025-10`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<String>,
    /// Parameters of the module.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// Name to register under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// File with dataset names; `-` is standard input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<PathBuf>,
    /// Datasets manifest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manifest: Option<PathBuf>,
    /// Derive although the recipe is known.
    #[serde(skip_serializing_if = "is_false")]
    pub force: bool,
    /// Let warnings stop a dataset.
    #[serde(skip_serializing_if = "is_false")]
    pub strict: bool,
    /// Let only what makes the numbers unusable stop a dataset.
    #[serde(skip_serializing_if = "is_false")]
    pub lenient: bool,
    /// Datasets prepared at the same time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jobs: Option<u16>,
    /// Start no further dataset when one fails.
    #[serde(skip_serializing_if = "is_false")]
    pub fail_fast: bool,
    /// Where the module runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// Longest time of a derivation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<f64>,
    /// Most memory of a derivation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_memory_bytes: Option<u64>,
    /// How far a module must be vouched for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trust: Option<TrustLevel>,
    /// Run only modules that the lock file pins.
    #[serde(skip_serializing_if = "is_false")]
    pub locked: bool,
    /// Folders with modules that flags named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plugin_directories: Vec<PathBuf>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde demands a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl Request {
    /// What was asked for, in a few words.
    #[must_use]
    pub fn told(&self, command: &str) -> String {
        let module =
            self.plugin.as_ref().map(|module| module.rsplit('/').next().unwrap_or(module).to_owned());
        let mut words = vec![command.to_owned()];
        match (self.datasets.as_slice(), module, &self.name) {
            (_, _, Some(name)) => words.push(name.clone()),
            ([one], _, _) => words.push(one.clone()),
            ([first, others @ ..], _, _) => words.push(format!("{first} and {} more", others.len())),
            ([], Some(module), _) => words.push(module),
            ([], None, _) => {}
        }
        words.extend(self.partition.clone());
        words.join(" ")
    }

    /// The same with paths that mean the same in every folder, and without values of parameters whose names say that
    /// they are secret.
    #[must_use]
    pub fn recorded(mut self, folder: &Path) -> Self {
        let absolute = |path: PathBuf| if path == Path::new("-") { path } else { folder.join(path) };
        for place in self.inputs.values_mut().filter(|place| !place.contains("://")) {
            *place = folder.join(&*place).to_string_lossy().into_owned();
        }
        // As it is understood where it is looked up: an id holds no slash.
        self.plugin = self.plugin.map(|module| {
            if module.contains('/') { folder.join(module).to_string_lossy().into_owned() } else { module }
        });
        self.from = self.from.map(absolute);
        self.manifest = self.manifest.map(absolute);
        self.plugin_directories = self.plugin_directories.into_iter().map(absolute).collect();
        for (name, value) in &mut self.parameters {
            if crate::registry::audit::looks_secret(name) {
                HIDDEN.clone_into(value);
            }
        }
        self
    }

    /// Whether it can be asked again from what was recorded.
    ///
    /// # Errors
    /// [`Kind::Usage`] with the reason why it cannot.
    pub fn demand_repeatable(&self) -> Result<()> {
        let refuse = |why: String| {
            Err(Error::new(Kind::Usage, "the run cannot be resumed from what was recorded")
                .cause(why)
                .hint("type the command again: what is registered already is not derived again"))
        };
        if self.from.as_deref() == Some(Path::new("-")) {
            return refuse("its list of datasets came from standard input".to_owned());
        }
        match self.parameters.iter().find(|(_, value)| *value == HIDDEN) {
            Some((name, _)) => {
                refuse(format!("the value of parameter `{name}` looks like a secret and was not recorded"))
            }
            None => Ok(()),
        }
    }

    /// What follows `host` on a command line that asks for the same.
    #[must_use]
    pub fn arguments(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["prepare".into()];
        let mut flag = |name: &str, value: OsString| {
            let mut argument = OsString::from(format!("--{name}="));
            argument.push(value);
            arguments.push(argument);
        };
        for folder in &self.plugin_directories {
            flag("plugin-dir", folder.into());
        }
        for (role, path) in &self.inputs {
            flag("input", format!("{role}={path}").into());
        }
        for (name, value) in &self.parameters {
            flag("param", format!("{name}={value}").into());
        }
        let texts = [
            ("plugin", self.plugin.clone()),
            ("partition", self.partition.clone()),
            ("name", self.name.clone()),
            ("jobs", self.jobs.map(|jobs| jobs.to_string())),
            ("isolation", self.isolation.as_ref().map(word)),
            ("timeout", self.timeout_seconds.map(|seconds| seconds.to_string())),
            ("max-memory", self.max_memory_bytes.map(|bytes| bytes.to_string())),
            ("trust", self.trust.as_ref().map(word)),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                flag(name, value.into());
            }
        }
        for (name, path) in [("from", &self.from), ("manifest", &self.manifest)] {
            if let Some(path) = path {
                flag(name, path.into());
            }
        }
        let switches = [
            ("--force", self.force),
            ("--strict", self.strict),
            ("--lenient", self.lenient),
            ("--fail-fast", self.fail_fast),
            ("--locked", self.locked),
        ];
        arguments.extend(switches.iter().filter(|(_, on)| *on).map(|(name, _)| (*name).into()));
        if !self.datasets.is_empty() {
            // A name that begins like a flag is a name.
            arguments.push("--".into());
            arguments.extend(self.datasets.iter().map(Into::into));
        }
        arguments
    }
}

/// A value as the flags write it.
fn word(value: &impl clap::ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}
