//! Where a value comes from, and what is wrong with one.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::json::Position;
use super::value::printable;
use crate::error::{Error, Kind};

/// Where the value of a setting comes from; later variants win over earlier ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "layer", rename_all = "lowercase")]
pub enum Origin {
    /// Built in.
    Default,
    /// The user's file.
    User {
        /// The file.
        path: PathBuf,
        /// The line of the value, counted from 1.
        line: usize,
    },
    /// The project's file, or the one named with `--config`.
    Project {
        /// The file.
        path: PathBuf,
        /// The line of the value, counted from 1.
        line: usize,
    },
    /// An environment variable.
    Environment {
        /// Its name.
        variable: String,
    },
    /// A flag of the command line.
    Flag {
        /// Its name, with the dashes.
        name: String,
    },
}

impl Origin {
    /// As [`Display`](fmt::Display), with paths as a person would type them.
    #[must_use]
    pub fn shortened(&self, home: Option<&Path>, current_directory: &Path) -> String {
        let (layer, path, line) = match self {
            Self::User { path, line } => ("user", path, line),
            Self::Project { path, line } => ("project", path, line),
            _ => return self.to_string(),
        };
        let here = path.strip_prefix(current_directory).ok().map(|rest| Path::new(".").join(rest));
        let below_home =
            || home.and_then(|home| path.strip_prefix(home).ok()).map(|rest| Path::new("~").join(rest));
        let path = here.or_else(below_home).unwrap_or_else(|| path.clone());
        format!("{layer} {}:{line}", path.display())
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => formatter.write_str("default"),
            Self::User { path, line } => write!(formatter, "user {}:{line}", path.display()),
            Self::Project { path, line } => write!(formatter, "project {}:{line}", path.display()),
            Self::Environment { variable } => write!(formatter, "env {variable}"),
            Self::Flag { name } => write!(formatter, "flag {name}"),
        }
    }
}

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// `file:line:column`, the variable, or the flag.
    pub place: String,
    /// The line in the file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in the line, counted from 1 in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The key as it was written, with its section.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The line of the file with a caret below the place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    #[serde(skip)]
    on_command_line: bool,
}

impl Problem {
    /// A problem of a file as a whole.
    pub(super) fn of_file(path: &Path, message: impl Into<String>) -> Self {
        Self::new(path.display().to_string(), message)
    }

    /// A problem at a place of a file.
    pub(super) fn at(path: &Path, text: &str, position: Position, message: impl Into<String>) -> Self {
        let Position { line, column } = position;
        let mut problem = Self::new(format!("{}:{line}:{column}", path.display()), message);
        problem.line = Some(line);
        problem.column = Some(column);
        problem.excerpt = Some(excerpt(text, position));
        problem
    }

    /// A problem of an environment variable.
    pub(super) fn of_variable(name: &str, message: impl Into<String>) -> Self {
        Self::new(format!("environment variable `{name}`"), message)
    }

    /// A problem of a flag.
    pub(super) fn of_flag(name: &str, message: impl Into<String>) -> Self {
        let mut problem = Self::new(format!("flag `{}`", printable(name, 60)), message);
        problem.on_command_line = true;
        problem
    }

    fn new(place: String, message: impl Into<String>) -> Self {
        Self {
            place,
            line: None,
            column: None,
            key: None,
            message: message.into(),
            hint: None,
            excerpt: None,
            on_command_line: false,
        }
    }

    pub(super) fn key(mut self, key: &str) -> Self {
        self.key = Some(printable(key, 80).into_owned());
        self
    }

    pub(super) fn hint(mut self, hint: Option<impl Into<String>>) -> Self {
        self.hint = hint.map(Into::into);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.message)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        let kind = if problem.on_command_line { Kind::Usage } else { Kind::BadConfig };
        let mut error = Self::new(kind, problem.to_string());
        if let (Some(line), Some(excerpt)) = (problem.line, problem.excerpt) {
            error = error.cause(format!("line {line} reads:\n{excerpt}"));
        }
        match problem.hint {
            Some(hint) => error.hint(hint),
            None => error,
        }
    }
}

/// The line with a caret below the column; a long line is cut around it.
fn excerpt(text: &str, Position { line, column }: Position) -> String {
    const BEFORE: usize = 60;
    const WIDTH: usize = 100;
    let content = text.split('\n').nth(line.saturating_sub(1)).unwrap_or_default();
    let skipped = column.saturating_sub(1).saturating_sub(BEFORE);
    let clean = |character: char| if character.is_control() { ' ' } else { character };
    let shown: String = content.chars().skip(skipped).take(WIDTH).map(clean).collect();
    let caret = column.saturating_sub(skipped);
    let gutter = " ".repeat(line.to_string().len());
    format!("  {line} | {}\n  {gutter} | {:>caret$}", printable(shown.trim_end(), WIDTH), "^")
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Origin, Problem, excerpt};
    use crate::config::json::Position;
    use crate::error::{Error, Kind};

    #[test]
    fn origins_read_well() {
        let user = Origin::User { path: PathBuf::from("/home/a/.pbuf/c.json"), line: 4 };
        let project = Origin::Project { path: PathBuf::from("/home/a/work/pbuf.json"), line: 12 };
        assert_eq!(user.to_string(), "user /home/a/.pbuf/c.json:4");
        let (home, here) = (Path::new("/home/a"), Path::new("/home/a/work"));
        assert_eq!(user.shortened(Some(home), here), "user ~/.pbuf/c.json:4");
        assert_eq!(project.shortened(Some(home), here), "project ./pbuf.json:12");
        assert_eq!(Origin::Flag { name: "--jobs".into() }.shortened(None, here), "flag --jobs");
        assert!(Origin::Default < user && user < project);
    }

    #[test]
    fn the_caret_stands_below_the_column() {
        let at = |column| excerpt("{\n\t\"é\": nope,\r\n}", Position { line: 2, column });
        assert_eq!(at(7), "  2 |  \"é\": nope,\n    |       ^");
        let long = format!("{}X", "a".repeat(100_000));
        let shown = excerpt(&long, Position { line: 1, column: 100_001 });
        let caret = shown.lines().nth(1).and_then(|line| line.find('^'));
        assert_eq!(shown.find('X'), caret);
    }

    #[test]
    fn a_problem_of_the_command_line_is_an_error_of_usage() {
        assert_eq!(Error::from(Problem::of_flag("--jobs", "no")).kind, Kind::Usage);
        assert_eq!(Error::from(Problem::of_variable("PBUF_CONFIG", "no")).kind, Kind::BadConfig);
    }
}
