//! Names inside a snapshot: `PART/…`, plain, and the same on every system.

use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest path in bytes; every system takes it below a folder of reasonable depth.
const LONGEST_PATH: usize = 2048;

/// What a snapshot may hold. The first part of every path in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Configuration files, the datasets manifest and the modules' lock file.
    Config,
    /// The versions of all datasets.
    Derived,
    /// Logs and the journal of runs, of the last days.
    Logs,
    /// Installed modules.
    Plugins,
    /// Fetched files. They can be fetched again, so they are saved only when asked for.
    Raw,
    /// Records and audit log.
    Registry,
    /// The keys whose signatures count.
    Trust,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 7] =
        [Self::Config, Self::Derived, Self::Logs, Self::Plugins, Self::Raw, Self::Registry, Self::Trust];

    /// What is saved when nobody says what.
    pub const USUAL: [Self; 6] =
        [Self::Config, Self::Derived, Self::Logs, Self::Plugins, Self::Registry, Self::Trust];

    /// Its folder in a snapshot and below a restored target.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Derived => "derived",
            Self::Logs => "logs",
            Self::Plugins => "plugins",
            Self::Raw => "raw",
            Self::Registry => "registry",
            Self::Trust => "trust",
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = || Self::ALL.into_iter();
        known().find(|part| part.name() == text).ok_or_else(|| {
            let names: Vec<&str> = known().map(Self::name).collect();
            format!("expected one of {}, found `{text}`", names.join(", "))
        })
    }
}

/// A path in a snapshot that leads nowhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SavedPath(String);

impl SavedPath {
    /// The path of a part itself.
    pub(super) fn of(part: Part) -> Self {
        Self(part.name().to_owned())
    }

    /// Something in a folder of that path.
    pub(super) fn join(&self, name: &str) -> Result<Self, String> {
        Self::try_from(format!("{}/{name}", self.0))
    }

    /// Which part it belongs to.
    #[must_use]
    pub fn part(&self) -> Part {
        let first = self.0.split('/').next().unwrap_or_default();
        first.parse().expect("a path begins with a part, or it could not have been made")
    }

    /// The folder above; nothing for a part itself.
    pub(super) fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// As a relative path.
    pub(super) fn to_path(&self) -> PathBuf {
        PathBuf::from(&self.0)
    }
}

impl From<SavedPath> for String {
    fn from(path: SavedPath) -> Self {
        path.0
    }
}

impl TryFrom<String> for SavedPath {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let refuse = |why: &str| Err(format!("`{}` is no path of a snapshot: {why}", text.escape_debug()));
        if text.len() > LONGEST_PATH {
            return Err(format!("a path has {} bytes, the limit is {LONGEST_PATH}", text.len()));
        }
        let mut names = text.split('/');
        if names.next().is_none_or(|first| first.parse::<Part>().is_err()) {
            return refuse("it does not begin with a part");
        }
        if text.contains(['\\', '\0']) {
            return refuse("it has a character that no name may have");
        }
        if names.any(|name| name.is_empty() || name == "." || name == "..") {
            return refuse("it leads elsewhere");
        }
        Ok(Self(text))
    }
}
