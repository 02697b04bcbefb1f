//! Layered settings: each value with the place it comes from.
//!
//! Layers, the highest first: flags, `PBUF_*` variables, the project file (`pbuf.json` in the current directory or the
//! nearest folder above that has one; `--config` names another), the user's file
//! (`~/.pbuf/data_preparation_config.json`; `PBUF_CONFIG` names another), built-in values.
//!
//! Invariants: an unknown, repeated or badly typed key in a file is an error with file, line and column, never a silent
//! default; a relative path counts from the file it is written in; a project file that was merely found cannot decide
//! which code runs; the table in [`keys`] is the only list of settings.

mod accessors;
mod file;
mod json;
pub mod keys;
mod layers;
mod origin;
mod schema;
mod settings;
mod table;
mod value;

use std::path::{Path, PathBuf};

pub use accessors::{Isolation, Level, LogFormat};
pub use origin::{Origin, Problem};
pub use schema::{reference, schema};
pub use settings::{ConfigurationFile, Entry, Environment, FlagOverride, Layered, Settings, problems};
pub use value::Shape;

use crate::env_vars;

/// The name of a project file.
pub const PROJECT_FILE: &str = "pbuf.json";

/// The user's file, below the home directory.
pub const USER_FILE: &str = ".pbuf/data_preparation_config.json";

/// The key of the [`FlagOverride`] for `--config FILE`, which names a file in place of the project's.
pub const CONFIG_FILE: &str = "config";

/// All problems of one file. One called [`PROJECT_FILE`] is held to the rules for project files.
#[must_use]
pub fn validate_file(path: &Path) -> Vec<Problem> {
    let role = match path.file_name() {
        Some(name) if name == PROJECT_FILE => file::Role::FoundProject,
        _ => file::Role::User,
    };
    // Only to expand `~`; a relative path need not be absolute to be judged.
    let home: Option<PathBuf> = env_vars::home();
    match file::read(path, role, home.as_deref()) {
        Some(layer) => layer.problems,
        None => vec![Problem::of_file(path, "there is no such file")],
    }
}

#[cfg(test)]
mod tests;
