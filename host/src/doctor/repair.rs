//! Putting right what needs nobody's decision.

use std::path::{Path, PathBuf};

use crate::durable;
use crate::error::{Result, StorageContext};
use crate::registry::Registry;

/// What puts something right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Gives a file or folder a mode.
    Mode {
        /// The file or folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// Makes a folder.
    Folder(PathBuf),
    /// Removes what a dead process left.
    Leftover(PathBuf),
    /// Finishes or drops what a killed writer of the registry began, and removes what it left here.
    Tidy(PathBuf),
}

/// Carries one out and says what was done.
///
/// # Errors
/// [`Kind::Locked`](crate::error::Kind::Locked) or [`Kind::Storage`](crate::error::Kind::Storage); it is as it was then.
pub fn repair(repair: &Repair, registry: &Registry) -> Result<String> {
    match repair {
        Repair::Mode { path, mode } => {
            durable::set_mode(path, *mode).storage("change a mode")?;
            Ok(format!("gave `{}` the mode {mode:04o}", path.display()))
        }
        Repair::Folder(path) => {
            durable::create_directories(path).storage("make a folder")?;
            Ok(format!("made `{}`", path.display()))
        }
        Repair::Leftover(path) => {
            let bin = path.parent().unwrap_or(Path::new("."));
            durable::discard(path, bin).storage("remove what a killed process left")?;
            Ok(format!("removed `{}`", path.display()))
        }
        Repair::Tidy(path) => {
            registry.tidy(path)?;
            Ok(format!("put in order what a killed process left at `{}`", path.display()))
        }
    }
}
